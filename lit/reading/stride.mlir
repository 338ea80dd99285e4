// RUN: %apply %S/../Inputs/conv.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/conv_strided.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// A stride is part of a workload.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK-NOT: digest [[DIGEST]]
// CHECK: digest {{[0-9a-f]+}}
