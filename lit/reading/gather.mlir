// RUN: %apply %S/../Inputs/gather.mlir --emit=workload | FileCheck %s

// What is looked up by an index: the table is no operand, and its type is part of the body.

// CHECK: main_dispatch_0_{{.*}}: extents [96, 64]
// CHECK-NEXT: root generic [d0:parallel d1:parallel] index_cast[index](a0); index[1](); extract(c:tensor<512x64xf32>,v0,v1); yield(v2)
// CHECK-NEXT: digest
