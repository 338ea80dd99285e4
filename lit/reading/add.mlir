// RUN: %apply %S/../Inputs/add.mlir --emit=workload | FileCheck %s

// Loops over adjacent dims are one loop by then.

// CHECK: main_dispatch_0_{{.*}}: extents [98304]
// CHECK-NEXT: root generic [d0:parallel] addf(a0,a1); yield(v0)
// CHECK-NEXT: digest
