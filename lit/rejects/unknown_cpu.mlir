// RUN: not tlm-opt %S/../Inputs/matmul.mlir --cpu z80 --emit=workload 2>&1 | FileCheck %s

// IREE knows the CPU.

// CHECK: tlm-mlir: error: unknown CPU 'z80' for x86_64; give host (for this machine's architecture alone) or a name that LLVM knows, such as x86-64-v3, znver4 or generic
