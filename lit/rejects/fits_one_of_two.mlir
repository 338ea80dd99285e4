// RUN: not %apply %S/../Inputs/two.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 64 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A schedule without a name is for every dispatch, and fits each.

// CHECK: tlm-mlir: error: distribute size 64 of dim 0 is outside of 8..47
