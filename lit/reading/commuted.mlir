// RUN: %apply %S/../Inputs/add.mlir --emit=workload > %t.first
// RUN: %apply %S/../Inputs/add_swapped.mlir --emit=workload > %t.second
// RUN: cat %t.first %t.second | FileCheck %s

// A sum is the same in whichever order its terms stand.

// CHECK: digest [[DIGEST:[0-9a-f]+]]
// CHECK: digest [[DIGEST]]
