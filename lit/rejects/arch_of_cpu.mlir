// RUN: not %apply %S/../Inputs/matmul.mlir --arch sm_80 --emit=workload 2>&1 | FileCheck %s

// An architecture is that of a GPU.

// CHECK: tlm-mlir: error: --arch sm_80 is for GPUs; give --cpu for llvm-cpu
