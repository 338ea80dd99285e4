// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'matmul' 2>&1 | FileCheck %s

// A name is no schedule.

// CHECK: tlm-mlir: error: '' is no choice of pipeline; one of ('pipeline:default', 'pipeline:tile') is
