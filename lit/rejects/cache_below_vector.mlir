// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:yes 4 0 0 order:plain <end>' 2>&1 | FileCheck %s

// A cache tile has whole vectors.

// CHECK: tlm-mlir: error: cache size 4 of dim 0 is outside of 8..31
