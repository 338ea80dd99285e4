// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:panel @vector @reduce 4 @distribute <end>' 2>&1 | FileCheck %s

// A matmul whose weights are not packed has no panels.

// CHECK: tlm-mlir: error: 'pipeline:panel' is no choice of pipeline; one of ('pipeline:default', 'pipeline:tile') is
