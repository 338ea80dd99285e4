// RUN: %apply %S/../matmul.mlir --emit=script > %t.script.mlir
// RUN: not %apply %s --script %t.script.mlir --emit=scheduled 2>&1 | FileCheck %s
// RUN: not %stock %s --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.vmfb 2>&1 | FileCheck %s --check-prefix=STOCK

// The script is for a matmul with an epilogue; here a function of the same name has none. It fails,
// here and in stock iree-compile, instead of putting the epilogue's configuration somewhere else.

// CHECK: error: the script does not fit the module: {{.*}} expected to contain 2 payloads but it contains 1 payloads
// CHECK-NOT: lowering_config
// STOCK: error: {{.*}} expected to contain 2 payloads but it contains 1 payloads

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
