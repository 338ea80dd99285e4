// RUN: %apply %S/../Inputs/pooling.mlir --emit=workload | FileCheck %s

// The shape of a window is no element of the maximum.

// CHECK: main_dispatch_0_{{.*}}: extents [1, 8, 8, 32, 2, 2]
// CHECK-NEXT: root generic [d0:parallel d1:parallel d2:parallel d3:parallel d4:reduction d5:reduction] maximumf(a0,a2); yield(v0)
// CHECK-NEXT: digest
