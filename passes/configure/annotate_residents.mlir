// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells NVIDIA's assembler how many workgroups it must make room for in a multiprocessor. With one
// a kernel has all the registers that it needs; without the attribute some are spilled for others.
//
// before: func.func @dispatch()
// after:  func.func @dispatch() attributes {nvvm.minctasm = 1 : i32}
//
// %function: a dispatch's function.
// %count: the value, a 32-bit integer.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @annotate_residents(%function: !transform.any_op {transform.readonly}, %count: !transform.any_param {transform.readonly}) {
    transform.annotate %function "nvvm.minctasm" = %count : !transform.any_op, !transform.any_param
    transform.yield
  }
}
