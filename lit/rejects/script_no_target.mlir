// RUN: not %tlm script %S/../Inputs/matmul.mlir %flags --from %S/../Inputs/script_by_hand.mlir -o %t.mlir 2>&1 | FileCheck %s

// What was written by hand does not say which target it is for, and holds no tokens.

// CHECK: tlm-mlir: error: the script does not say which target it is for; write it anew
