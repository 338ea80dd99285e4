// RUN: not %apply %S/../Inputs/matmul_large.mlir --schedule 'pipeline:tile peel:no @vector 1 1 @reduce 1 @distribute 1 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// There are at most 4096 workgroups.

// CHECK: tlm-mlir: error: distribute size 1 of dim 0 is outside of 2..8191
