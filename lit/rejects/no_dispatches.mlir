// RUN: not %apply %S/../Inputs/nothing.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// A program of scalars has nothing to schedule.

// CHECK: tlm-mlir: error: the module has no dispatches; give one with something to schedule
