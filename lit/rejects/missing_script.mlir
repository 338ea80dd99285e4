// RUN: not %apply %S/../Inputs/matmul.mlir --script %t.missing.mlir 2>&1 | FileCheck %s

// The script is there.

// CHECK: tlm-mlir: error: {{.*}}missing.mlir cannot be read: No such file or directory; give the path of a file
