// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:conv peel:no @vector 32 8 @reduce 4 @distribute 32 0 <end>' 2>&1 | FileCheck %s

// A matmul has no window.

// CHECK: tlm-mlir: error: 'pipeline:conv' is no choice of pipeline; one of ('pipeline:default', 'pipeline:tile') is
