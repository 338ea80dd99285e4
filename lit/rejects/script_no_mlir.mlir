// RUN: not %apply %S/../Inputs/matmul.mlir --script %s 2>&1 | FileCheck %s

// This file is no script.

// CHECK: tlm-mlir: error: {{.*}}script_no_mlir.mlir is not MLIR that IREE reads: custom op 'This' is unknown (tried 'builtin.This' as well)

This is a letter, not a module.
