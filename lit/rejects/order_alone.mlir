// RUN: not %apply %S/../Inputs/row_sum.mlir --schedule 'pipeline:tile peel:no @vector 8 @reduce 16 @distribute 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A single loop has no order.

// CHECK: tlm-mlir: error: a schedule must close with '<end>' but 'order:plain <end>' follows it
