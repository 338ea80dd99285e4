// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fused multiply-adds in registers: what a core can do where nothing waits for memory.
#define LANES (VECTOR_BYTES / 4)
// Independent chains, more than two units with a latency of five cycles need. Each is a variable of
// its own: compilers keep an array in memory.
#define CHAINS(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h) DO(i) DO(j) DO(k) DO(l)
#define COUNT 12

typedef float vector __attribute__((vector_size(VECTOR_BYTES)));

// Returns the operations of `steps` steps: a multiplication and an addition for each lane of each
// chain. The sums go to `sink`, so that they are computed. Twelve equal chains would be one chain:
// each starts from a number of its own.
double peak_run(long steps, float *sink) {
  vector by, add;
  for (int lane = 0; lane < LANES; ++lane) by[lane] = sink[0], add[lane] = sink[1];
#define START(x) vector x = add * sink[#x[0] - 'a' + 3];
  CHAINS(START)
  for (long step = 0; step < steps; ++step) {
#define STEP(x) x = x * by + add;
    CHAINS(STEP)
  }
#define SUM(x) sink[2] += x[0];
  CHAINS(SUM)
  return 2.0 * LANES * COUNT * (double)steps;
}
