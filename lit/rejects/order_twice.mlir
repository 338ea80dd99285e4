// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:chosen d0 d0 <end>' 2>&1 | FileCheck %s

// An order names each loop once.

// CHECK: tlm-mlir: error: 'd0 d0' is no order of the dims (0, 1)
