// RUN: not %tlm script %s -o %t.script.mlir 2>&1 | FileCheck %s
// RUN: not %tlm script %t.missing.mlir -o %t.script.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not cat %t.script.mlir

// Neither input leaves an output behind.

// CHECK: tlm-mlir: error: {{.*}}text.mlir is not MLIR that IREE reads:
// MISSING: tlm-mlir: error: {{.*}}missing.mlir does not exist; give the path of a .mlir file

This is a letter, not a module.
