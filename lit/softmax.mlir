// RUN: %apply %s --emit=workload | FileCheck %s --check-prefix=READ
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: softmax pipeline:tile peel:no @vector 4 @reduce 16 @inner 20 @distribute 12 cache:no <end>

// Softmax is decomposed as IREE does it. The last of its three ops runs in parallel over the columns
// that the root, the sum, reduces: they have a size of their own there.

// READ: op generic [d0:parallel d1:reduction] maxnumf
// READ-NEXT: root generic [d0:parallel d1:reduction] subf(a0,a1); exp(v0); addf(a2,v1)
// READ-NEXT: op generic [d0:parallel d1:parallel] subf(a0,a1); exp(v0); divf(v1,a2)

// CHECK: pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<vector_common_parallel = [4, 0], vector_reduction = [0, 16]>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [12, 0], vector_common_parallel = [4, 0], vector_reduction = [0, 16]>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<vector_common_parallel = [4, 0], vector_inner_parallel = [0, 20], vector_reduction = [0, 0]>

func.func @main(%x: tensor<48x100xf32>) -> tensor<48x100xf32> {
  %empty = tensor.empty() : tensor<48x100xf32>
  %r = linalg.softmax dimension(1) ins(%x : tensor<48x100xf32>) outs(%empty : tensor<48x100xf32>) -> tensor<48x100xf32>
  return %r : tensor<48x100xf32>
}
