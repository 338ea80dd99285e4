// RUN: %apply %S/../Inputs/matmul_i8.mlir --emit=workload | FileCheck %s

// Integers are widened in the body, as IREE does it.

// CHECK: main_dispatch_0_{{.*}}: extents [96, 64, 200]
// CHECK-NEXT: root generic [d0:parallel d1:parallel d2:reduction] extsi[i32](a0); extsi[i32](a1); muli(v0,v1); addi(a2,v2); yield(v3)
// CHECK-NEXT: digest
