// RUN: not %apply %S/../Inputs/conv.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A window is not tiled like a matmul.

// CHECK: tlm-mlir: error: 'pipeline:tile' is no choice of pipeline; one of ('pipeline:default', 'pipeline:conv') is
