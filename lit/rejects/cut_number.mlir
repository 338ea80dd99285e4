// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce m5 z1 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A number that is spelled in tokens has all its digits.

// CHECK: tlm-mlir: error: the token '@distribute' is not a digit; the text is damaged
