// RUN: %apply %S/../Inputs/matmul.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/matmul_transposed.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// Columns that lie in rows are read otherwise.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
