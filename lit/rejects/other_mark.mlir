// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @inner 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// Marks stand where they belong.

// CHECK: tlm-mlir: error: '@inner' stands where '@reduce' belongs; the text is damaged
