// A dispatch that cannot be scheduled comes back from a filter without a configuration, and stock
// configures it. PATH is where iree-compile looks for filters.
// RUN: env XDG_RUNTIME_DIR=%t.run PATH=%bin %stock %s --compile-to=executable-configurations \
// RUN:   --iree-hal-preprocess-executables-with=tlm-schedule | FileCheck %s
// RUN: env XDG_RUNTIME_DIR=%t.run %filter --stop

// CHECK: func.func @main_dispatch_0
// CHECK-SAME: translation_info
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %r = math.absf %x : tensor<?xf32>
  return %r : tensor<?xf32>
}
