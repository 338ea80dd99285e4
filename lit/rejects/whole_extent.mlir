// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 96 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// All of a loop is written as 0, so that a schedule has one text.

// CHECK: tlm-mlir: error: distribute size 96 of dim 0 is outside of 8..95
