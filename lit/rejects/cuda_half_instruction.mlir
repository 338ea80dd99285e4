// RUN: not %cuda %S/../Inputs/matmul_odd.mlir --schedule 'pipeline:promote @thread 1 1 @group 1 97 @reduce 1 <end>' 2>&1 | FileCheck %s

// Tiles of an odd matmul fill no warps.

// CHECK: tlm-mlir: error: 'pipeline:promote' is no choice of pipeline; one of ('pipeline:default', 'pipeline:vector') is
