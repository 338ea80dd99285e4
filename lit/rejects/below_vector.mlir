// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 4 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A workgroup has whole vectors.

// CHECK: tlm-mlir: error: distribute size 4 of dim 0 is outside of 8..95
