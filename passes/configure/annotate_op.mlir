// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells IREE how an op is tiled.
//
// before: linalg.matmul ins(%a, %b) outs(%c)
// after:  linalg.matmul {lowering_config = #iree_cpu.lowering_config<distribution = [32, 0, 0]>} ...
//
// %op: ops of a dispatch that is not configured yet.
// %config: the value, one of IREE's `lowering_config` attributes.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @annotate_op(%op: !transform.any_op {transform.readonly}, %config: !transform.any_param {transform.readonly}) {
    transform.annotate %op "lowering_config" = %config : !transform.any_op, !transform.any_param
    transform.yield
  }
}
