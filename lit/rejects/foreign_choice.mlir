// RUN: not %apply %S/../Inputs/matmul.mlir --schedule 'pipeline:tile banks:padded @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' 2>&1 | FileCheck %s

// An option of a GPU is none of a CPU.

// CHECK: tlm-mlir: error: 'banks:padded' is no choice of peel; one of ('peel:no', 'peel:yes') is
