// RUN: %apply %S/Inputs/matmul.mlir --schedule 'pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 32 0 cache:no order:plain <end>' --emit=script > %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: %tlm check %S/Inputs/matmul.mlir %flags --script %t.mlir | FileCheck %s --check-prefix=FOUND
// RUN: sed -e 's/@main/@other/' %S/Inputs/matmul.mlir > %t.renamed.mlir
// RUN: not %tlm check %t.renamed.mlir %flags --script %t.mlir | FileCheck %s --check-prefix=RENAMED
// RUN: %tlm script %t.renamed.mlir %flags --from %t.mlir -o %t.carried.mlir
// RUN: %tlm check %t.renamed.mlir %flags --script %t.carried.mlir | FileCheck %s --check-prefix=CARRIED

// A script says what it is for, is checked against a module, and carried over to a renamed one.

// CHECK: module attributes {tlm.iree = "3.13.0", tlm.source = "matmul.mlir", tlm.target = "{{.*}}vector_bits\22:512}", tlm.version = "{{[0-9.]+}}"
// CHECK: @schedule_0{{.*}}tlm.op = "matmul 96x64x200 f32", tlm.ops = "linalg.matmul", tlm.schedule = "pipeline:tile {{.*}} <end>", tlm.workload = "be7ecf9d19e6c7f2"
// FOUND: @schedule_0 (matmul 96x64x200 f32) matches main_dispatch_0_matmul_96x64x200_f32
// FOUND: 1 of 1 sequences match
// RENAMED: @schedule_0 (matmul 96x64x200 f32) is for main_dispatch_0_matmul_96x64x200_f32, and what it is for is called other_dispatch_0_matmul_96x64x200_f32 here
// RENAMED: 0 of 1 sequences match, 1 under another name
// CARRIED: @schedule_0 (matmul 96x64x200 f32) matches other_dispatch_0_matmul_96x64x200_f32
