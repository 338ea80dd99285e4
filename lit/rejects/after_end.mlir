// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end> peel:no' 2>&1 | FileCheck %s

// Nothing follows the end.

// CHECK: tlm-mlir: error: a schedule must close with '<end>' but '<end> peel:no' follows it
