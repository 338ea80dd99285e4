// RUN: not tlm-mlir explain %S/../Inputs/report_damaged.json 2>&1 | FileCheck %s

// A report has all that its schema has.

// CHECK: tlm-mlir: error: {{.*}}report_damaged.json is a damaged report ('roof'); write it anew with `--report-out`
