// RUN: not tlm-mlir check %S/../Inputs/matmul.mlir --script %S/../Inputs/script_by_hand.mlir 2>&1 | FileCheck %s

// What was written by hand does not say which target it is for.

// CHECK: tlm-mlir: error: the script does not say which target it is for; write it anew
