// RUN: not %apply %S/../Inputs/attention_wide.mlir --schedule 'pipeline:default <end>' 2>&1 | FileCheck %s

// IREE's default of an attention with a head of more than 128 gives wrong values, and is no choice.

// CHECK: tlm-mlir: error: 'pipeline:default' is no choice of pipeline; one of ('pipeline:ext',) is
