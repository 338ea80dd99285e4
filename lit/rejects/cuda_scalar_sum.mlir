// RUN: not %cuda %S/../Inputs/full_sum.mlir --schedule 'pipeline:vector @thread @group @reduce 1 <end>' 2>&1 | FileCheck %s

// A sum over everything is left to IREE.

// CHECK: tlm-mlir: error: 'pipeline:vector' is no choice of pipeline; one of ('pipeline:default',) is
