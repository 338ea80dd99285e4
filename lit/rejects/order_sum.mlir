// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:chosen d2 d0 <end>' 2>&1 | FileCheck %s

// The loop of the sum is not ordered.

// CHECK: tlm-mlir: error: 'd2 d0' is no order of the dims (0, 1)
