// RUN: %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' --emit=script > %t.mlir
// RUN: sed -e 's/vector_reduction = \[0, 0, 4\]/vector_reduction = [0, 0, 5]/' %t.mlir > %t.edited.mlir
// RUN: not diff %t.mlir %t.edited.mlir
// RUN: not %tlm script %S/../Inputs/matmul.mlir %flags --from %t.edited.mlir -o %t.out.mlir 2>&1 | FileCheck %s
// RUN: not cat %t.out.mlir

// A sequence that was edited is not taken for what its tokens say.

// CHECK: error: the script's @schedule_0 does not do what its tokens say, as after an edit; apply it with stock `iree-compile`, or write it anew
