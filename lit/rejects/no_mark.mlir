// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A mark stands before the sizes that belong to it.

// CHECK: tlm-mlir: error: 'm5' stands where '@vector' belongs; the text is damaged
