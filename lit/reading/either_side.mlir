// RUN: %apply %S/../Inputs/matvec.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/vecmat.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// A matrix by a vector and a vector by a matrix read it in two directions.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
