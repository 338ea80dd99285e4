// RUN: not %apply %S/../grouped.mlir --schedule 'pipeline:panel @vector 2 7 2 @reduce 4 @distribute 2 1 <end>' 2>&1 | FileCheck %s

// A kernel has no rows of two groups: they multiply weights of their own.

// CHECK: tlm-mlir: error: 'm1' stands where '@reduce' belongs
