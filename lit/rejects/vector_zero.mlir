// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 0 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A vector holds something.

// CHECK: tlm-mlir: error: vector size 0 of dim 1 is outside of 1..64
