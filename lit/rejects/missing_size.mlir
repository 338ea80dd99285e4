// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// Each loop has a size.

// CHECK: tlm-mlir: error: '@reduce m2' do not begin a number; the text is damaged
