// RUN: not %vulkan %S/../Inputs/matmul.mlir --schedule 'pipeline:promote store:0 depth:4 @thread 4 4 @group 8 8 @reduce 4 <end>' 2>&1 | FileCheck %s

// At most two steps are loaded ahead.

// CHECK: tlm-mlir: error: 'depth:4' is no choice of depth; one of ('depth:1', 'depth:2', 'depth:3') is
