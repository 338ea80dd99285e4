// RUN: %apply %S/../Inputs/dynamic.mlir --emit=workload | FileCheck %s

// An extent that is not known is read, and told.

// CHECK: main_dispatch_0_{{.*}}: extents [-1]
// CHECK-NEXT: root generic [d0:parallel] addf(a0,a1); yield(v0)
// CHECK-NEXT: digest
