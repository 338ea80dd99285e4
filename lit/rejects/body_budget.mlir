// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 64 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// Steps of the sum are unrolled within the registers.

// CHECK: tlm-mlir: error: reduce size 64 of dim 2 is outside of 1..6
