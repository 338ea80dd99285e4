// RUN: %apply %S/../Inputs/row_sum.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/column_sum.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// So is the direction in which elements lie.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
