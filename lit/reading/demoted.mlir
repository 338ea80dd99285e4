// RUN: %apply %S/../Inputs/matmul.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/matmul_f64.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// IREE makes floats of 64 bits shorter before anything is read.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK: digest [[DIGEST]]
