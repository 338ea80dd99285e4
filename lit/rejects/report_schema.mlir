// RUN: not tlm-mlir explain %S/../Inputs/report_of_schema_0.json 2>&1 | FileCheck %s

// A report of another schema is not read.

// CHECK: tlm-mlir: error: {{.*}}report_of_schema_0.json is a report of schema 0 and this version reads schema 1; write it anew with `--report-out`
