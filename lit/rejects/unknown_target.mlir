// RUN: not tlm-opt %S/../Inputs/matmul.mlir --target webgpu --emit=workload 2>&1 | FileCheck %s

// There are three targets.

// CHECK: tlm-mlir: error: unknown target 'webgpu'; give one of llvm-cpu, cuda, vulkan
