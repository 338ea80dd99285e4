// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:copy @vector 32 8 @distribute 32 0 <end>' 2>&1 | FileCheck %s

// A matmul is no copy of buffers.

// CHECK: tlm-mlir: error: 'pipeline:copy' is no choice of pipeline; one of ('pipeline:default', 'pipeline:tile') is
