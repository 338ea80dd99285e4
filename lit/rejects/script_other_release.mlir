// RUN: not tlm-mlir check %S/../Inputs/matmul.mlir --script %S/../Inputs/script_of_3_12.mlir 2>&1 | FileCheck %s

// A script of another release of IREE's is written anew.

// CHECK: tlm-mlir: error: the script was written for IREE 3.12.0 and this is 3.13.0; write it anew with `tlm-mlir script`
