// RUN: not %apply %S/../Inputs/gather.mlir --schedule 'pipeline:tile peel:no @vector 64 16 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// What is gathered element by element has a shorter vector.

// CHECK: tlm-mlir: error: vector size 16 of dim 0 is outside of 1..2
