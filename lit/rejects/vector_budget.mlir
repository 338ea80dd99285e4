// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 64 64 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A result stays within the registers: 64 columns leave no room for 64 rows.

// CHECK: tlm-mlir: error: vector size 64 of dim 0 is outside of 1..8
