// RUN: %apply %S/../Inputs/conv.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/conv_dilated.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// So is a dilation.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
