// A filter that is given anything but one executable passes it through, and says why.
// RUN: env XDG_RUNTIME_DIR=%t.run %filter < %s 2>&1 | FileCheck %s
// RUN: env XDG_RUNTIME_DIR=%t.run %filter --stop

// CHECK: tlm-schedule: the input is not one executable; let iree-compile call the filter; the executable stays as it is
// CHECK: func.func @main
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
