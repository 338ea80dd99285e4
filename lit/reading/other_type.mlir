// RUN: %apply %S/../Inputs/matmul_f16.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/matmul_bf16.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// Types are part of a workload.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
