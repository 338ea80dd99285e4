// RUN: not %cuda %S/../Inputs/matmul.mlir --schedule 'pipeline:matrix banks:plain @subgroup 1 1 @group 1 1 @reduce 1 <end>' 2>&1 | FileCheck %s

// Tensor cores multiply no floats of 32 bits.

// CHECK: tlm-mlir: error: 'pipeline:matrix' is no choice of pipeline; one of ('pipeline:default', 'pipeline:vector', 'pipeline:promote') is
