// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'softmax pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A schedule names a part of a dispatch's name.

// CHECK: tlm-mlir: error: no dispatch is called 'softmax'; correct the name
