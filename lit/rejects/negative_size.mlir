// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce - m2 z2 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A size is no negative number.

// CHECK: tlm-mlir: error: '- m2' do not begin a number; the text is damaged
