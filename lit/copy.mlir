// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: slow_memcpy pipeline:copy @vector 30 4 @distribute 20 n0 <end>

// A copy works on buffers, not on tensors, and has a pipeline of its own.

// CHECK: main_dispatch_0_slow_memcpy: {{.*}}pipeline<BufferOpsTileAndVectorize>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [20, 0], vector_common_parallel = [4, 30]>

func.func @main(%x: tensor<48x100xf32>) -> tensor<40x60xf32> {
  %r = tensor.extract_slice %x[3, 5] [40, 60] [1, 1] : tensor<48x100xf32> to tensor<40x60xf32>
  return %r : tensor<40x60xf32>
}
