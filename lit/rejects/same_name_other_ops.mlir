// RUN: %apply %S/../matmul.mlir --emit=script > %t.mlir
// RUN: not %apply %S/../Inputs/matmul.mlir --script %t.mlir 2>&1 | FileCheck %s

// A function of the same name with other ops, here without the bias, is not scheduled by halves.

// CHECK: error: the script does not fit the module:
// CHECK-NOT: lowering_config
