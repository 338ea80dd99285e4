// RUN: not %vulkan %S/../Inputs/matmul.mlir --schedule 'pipeline:vector @thread 1 1 @group 64 96 @reduce 4 <end>' 2>&1 | FileCheck %s

// A workgroup of Vulkan has so many invocations.

// CHECK: tlm-mlir: error: group size 96 of dim 0 is none of (1, 2, 3, 4, 6, 8, 12, 16)
