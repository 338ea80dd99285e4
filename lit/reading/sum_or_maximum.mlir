// RUN: %apply %S/../Inputs/row_sum.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/row_max.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// What is reduced to is part of a workload.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
