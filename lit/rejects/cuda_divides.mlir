// RUN: not %cuda %S/../Inputs/matmul.mlir --schedule 'pipeline:vector @thread 5 1 @group 8 8 @reduce 4 <end>' 2>&1 | FileCheck %s

// On a GPU a tile divides its loop.

// CHECK: tlm-mlir: error: thread size 5 of dim 1 is none of (1, 2, 4, 8, 16, 32, 64)
