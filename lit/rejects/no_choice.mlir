// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A choice is not left out.

// CHECK: tlm-mlir: error: '@vector' is no choice of peel; one of ('peel:no', 'peel:yes') is
