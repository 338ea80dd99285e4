// RUN: not tlm-opt %S/../Inputs/matmul.mlir --target cuda --arch sm_1 --emit=workload 2>&1 | FileCheck %s

// IREE knows the architecture.

// CHECK: tlm-mlir: error: unknown cuda architecture 'sm_1'; give one that IREE knows, such as sm_80, sm_86, sm_89 or sm_90
