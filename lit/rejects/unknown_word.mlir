// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:maybe @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A word of no vocabulary.

// CHECK: tlm-mlir: error: 'peel:maybe' is no choice of peel; one of ('peel:no', 'peel:yes') is
