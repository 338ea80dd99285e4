// RUN: %apply %S/Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' --emit=script > %t.plain
// RUN: %apply %S/Inputs/matmul.mlir --schedule 'matmul pipeline:tile peel:no @vector m5 z5 m3 z3 @reduce m2 z2 @distribute m5 z5 n0 cache:no order:plain <end>' --emit=script > %t.tokens
// RUN: diff %t.plain %t.tokens
// RUN: FileCheck %s --input-file=%t.plain

// A number and its tokens are the same schedule. Scripts spell the tokens.

// CHECK: tlm.schedule = "pipeline:tile peel:no @vector m5 z5 m3 z3 @reduce m2 z2 @distribute m5 z5 n0 cache:no order:plain <end>"
