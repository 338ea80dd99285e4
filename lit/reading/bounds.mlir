// RUN: %apply %s --emit=workload | FileCheck %s

// What bounds an extent that is not known is read with it.

// CHECK: main_dispatch_0_{{.*}}: extents [-1], d0 from 2 to 512
// CHECK-NEXT: root generic [d0:parallel]
util.func public @main(%view: !hal.buffer_view) -> !hal.buffer_view {
  %size = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
  %n = util.assume.int %size<umin = 2, umax = 512, udiv = 2> : index
  %a = hal.tensor.import %view : !hal.buffer_view -> tensor<?xf32>{%n}
  %r = math.exp %a : tensor<?xf32>
  %result = hal.tensor.export %r : tensor<?xf32>{%n} -> !hal.buffer_view
  util.return %result : !hal.buffer_view
}
