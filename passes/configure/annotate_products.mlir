// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells IREE how the two products are lowered which it takes an attention apart into.
//
// before: iree_linalg_ext.online_attention ins(%queries, %keys, %values, %scale) ...
// after:  iree_linalg_ext.online_attention {decomposition_config = {qk_attrs = {...}, pv_attrs = {...}}} ...
//
// %op: attentions of a dispatch that is not configured yet.
// %config: the value, a dictionary with the attributes of queries by keys and scores by values.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @annotate_products(%op: !transform.any_op {transform.readonly}, %config: !transform.any_param {transform.readonly}) {
    transform.annotate %op "decomposition_config" = %config : !transform.any_op, !transform.any_param
    transform.yield
  }
}
