// RUN: %apply %S/../Inputs/add.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/subtract.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// Another operation is another workload, of the same extents.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
