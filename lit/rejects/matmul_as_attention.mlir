// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:ext @vector 32 8 @reduce 4 @distribute 32 0 <end>' 2>&1 | FileCheck %s

// A matmul is no attention.

// CHECK: tlm-mlir: error: 'pipeline:ext' is no choice of pipeline; one of ('pipeline:default', 'pipeline:tile') is
