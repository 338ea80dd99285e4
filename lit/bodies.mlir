// RUN: iree-opt --transform-interpreter %s | FileCheck %s

// Why scripts match functions by name: what `transform.structured.match` compares of an op, which is
// its name, its types and its attributes, does not tell a sum from a sum of gathered elements. Of
// these a vector must be a sixth as long, or LLVM takes minutes.

// CHECK-LABEL: func.func @sums
// CHECK: attrs =  {matched}
// CHECK: arith.addf
// CHECK-LABEL: func.func @gathers
// CHECK: attrs =  {matched}
// CHECK: tensor.extract

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
module attributes {transform.with_named_sequence} {
  func.func @sums(%x: tensor<8x64xf32>, %o: tensor<8xf32>) -> tensor<8xf32> {
    %r = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x64xf32>) outs(%o : tensor<8xf32>) {
    ^body(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    return %r : tensor<8xf32>
  }
  func.func @gathers(%x: tensor<8x64xf32>, %o: tensor<8xf32>, %t: tensor<8x64xf32>) -> tensor<8xf32> {
    %r = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x64xf32>) outs(%o : tensor<8xf32>) {
    ^body(%a: f32, %b: f32):
      %i = linalg.index 0 : index
      %k = arith.fptosi %a : f32 to i32
      %j = arith.index_cast %k : i32 to index
      %g = tensor.extract %t[%i, %j] : tensor<8x64xf32>
      %s = arith.addf %g, %b : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    return %r : tensor<8xf32>
  }
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.consumed}) {
    %found = transform.structured.match ops{["linalg.generic"]} attributes {indexing_maps = [#id, #row], iterator_types = [#linalg.iterator_type<parallel>, #linalg.iterator_type<reduction>]} filter_result_type = tensor<8xf32> filter_operand_types = [tensor<8x64xf32>, tensor<8xf32>] in %m : (!transform.any_op) -> !transform.any_op
    transform.annotate %found "matched" : !transform.any_op
    transform.yield
  }
}
