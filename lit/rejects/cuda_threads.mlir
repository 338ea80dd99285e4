// RUN: not %cuda %S/../Inputs/matmul_large.mlir --schedule 'pipeline:vector @thread 1 1 @group 1024 2 @reduce 4 <end>' 2>&1 | FileCheck %s

// A workgroup has at most 1024 threads.

// CHECK: tlm-mlir: error: group size 2 of dim 0 is none of (1,)
