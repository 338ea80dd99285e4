// RUN: not %apply %S/../Inputs/matmul.mlir --iree-arg=--iree-no-such-flag --emit=workload 2>&1 | FileCheck %s

// IREE knows its flags.

// CHECK: tlm-mlir: error: IREE does not take --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-no-such-flag: Unknown command line argument '--iree-no-such-flag'; correct what is handed to IREE
