// RUN: not %cuda %S/../Inputs/matmul.mlir --cpu znver3 --emit=workload 2>&1 | FileCheck %s

// A GPU has no CPU.

// CHECK: tlm-mlir: error: --cpu znver3 is for llvm-cpu; give --arch for cuda
