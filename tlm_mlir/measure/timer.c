// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens an executable that IREE compiled (its embedded ELF, read by dlopen), runs all workgroups of
// one export on pinned threads, and times each whole run. The structures below restate the layout
// of version 0.6 of IREE's executable library, as documented in IREE's header
// runtime/src/iree/hal/local/executable_library.h; `tlm_open` refuses any other version.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIBRARY_VERSION 6u
#define PAGE 4096u
#define CACHE_LINE 64
#define MAX_THREADS 256
#define SPINS_BEFORE_YIELD 4096

typedef struct {
  uint32_t version;
  const char *name;
  uint32_t features;
  uint32_t sanitizer;
} header_t;

typedef struct {
  const uint32_t *constants;
  int (*import_thunk)(void *, void *, void *, void *);
  void *const *import_functions;
  const void *const *import_contexts;
  uint64_t processor[8];
} environment_t;

typedef struct {
  uint32_t size_x, size_y;
  uint16_t size_z, constant_count;
  uint32_t count_x, count_y;
  uint16_t count_z;
  uint8_t max_concurrency, binding_count;
  const uint32_t *constants;
  void *const *bindings;
  const size_t *lengths;
} dispatch_t;

typedef struct {
  uint32_t id_x, id_y;
  uint16_t id_z, reserved;
  uint32_t processor_id;
  void *local_memory;
  uint32_t local_memory_size;
} workgroup_t;

typedef int (*function_t)(const environment_t *, const dispatch_t *, const workgroup_t *);

typedef struct {
  uint64_t flags;
  uint16_t local_memory_pages;
  uint8_t constant_count, binding_count;
  uint32_t size_x, size_y;
  uint16_t size_z, parameter_count;
  uint64_t reserved[5];
} attributes_t;

typedef struct {
  const header_t *header;
  uint32_t import_count;
  const char *const *import_symbols;
  uint32_t export_count;
  const function_t *functions;
  const attributes_t *attributes;
  // Further fields exist; nothing here needs them.
} library_t;

typedef struct {
  void *handle;
  const library_t *library;
  environment_t environment;
} executable_t;

// What all threads of the pool run: one export, its workgroups handed out by a counter.
typedef struct {
  const executable_t *executable;
  function_t function;
  dispatch_t dispatch;
  uint64_t workgroups;
  uint32_t local_memory_bytes;
} work_t;

typedef struct {
  int threads, started;
  int cores[MAX_THREADS];
  pthread_t handles[MAX_THREADS];
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  int awake, quit;  // guarded by mutex
  work_t work;
  _Alignas(CACHE_LINE) atomic_uint generation;
  _Alignas(CACHE_LINE) _Atomic uint64_t next;
  _Alignas(CACHE_LINE) atomic_int finished;
  atomic_int failed;
  atomic_int asleep;
  void *local_memory[MAX_THREADS];
  uint32_t local_memory_bytes[MAX_THREADS];
} pool_t;

typedef struct {
  pool_t *pool;
  int index;
} member_t;

//===-- executables ---------------------------------------------------------===//

void tlm_close(executable_t *executable) {
  if (!executable) return;
  if (executable->handle) dlclose(executable->handle);
  free(executable);
}

// Returns NULL and a reason in `error` if the library cannot be used.
executable_t *tlm_open(const char *path, const uint64_t processor[8], char *error, size_t size) {
  executable_t *result = calloc(1, sizeof(*result));
  if (!result) {
    snprintf(error, size, "out of memory");
    return NULL;
  }
  memcpy(result->environment.processor, processor, sizeof(result->environment.processor));
  result->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const char *reason = NULL;
  if (!result->handle) {
    reason = dlerror();
  } else {
    typedef const void *(*query_t)(uint32_t, const environment_t *);
    query_t query = (query_t)dlsym(result->handle, "iree_hal_executable_library_query");
    if (query) result->library = query(LIBRARY_VERSION, &result->environment);
    if (!result->library) {
      reason = "no executable library of version 0.6";
    } else if (result->library->header->version != LIBRARY_VERSION) {
      reason = "another version of the executable library than 0.6";
    } else if (result->library->header->sanitizer) {
      reason = "built for a sanitizer";
    } else if (result->library->import_count) {
      reason = "imports functions of the runtime";
    }
  }
  if (reason) {
    snprintf(error, size, "%s", reason);
    tlm_close(result);
    return NULL;
  }
  return result;
}

uint32_t tlm_export_count(const executable_t *executable) {
  return executable->library->export_count;
}

// Fills info with the export's number of bindings, of constants, and bytes of local memory.
void tlm_export_info(const executable_t *executable, uint32_t ordinal, uint32_t info[3]) {
  const attributes_t *attributes = &executable->library->attributes[ordinal];
  info[0] = attributes->binding_count;
  info[1] = attributes->constant_count;
  info[2] = attributes->local_memory_pages * PAGE;
}

//===-- the pool ------------------------------------------------------------===//

static void pause_once(int *spins) {
  if (++*spins % SPINS_BEFORE_YIELD == 0) sched_yield();  // Another program may want this core.
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

static void run_share(pool_t *pool, int index) {
  const work_t *work = &pool->work;
  const dispatch_t *dispatch = &work->dispatch;
  workgroup_t group = {0};
  group.processor_id = (uint32_t)index;
  group.local_memory = work->local_memory_bytes ? pool->local_memory[index] : NULL;
  group.local_memory_size = work->local_memory_bytes;
  for (;;) {
    uint64_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (i >= work->workgroups) return;
    uint64_t row = i / dispatch->count_x;
    group.id_x = (uint32_t)(i % dispatch->count_x);
    group.id_y = (uint32_t)(row % dispatch->count_y);
    group.id_z = (uint16_t)(row / dispatch->count_y);
    if (work->function(&work->executable->environment, dispatch, &group)) {
      atomic_store(&pool->failed, 1);
    }
  }
}

static void *member_main(void *argument) {
  member_t member = *(member_t *)argument;
  free(argument);
  pool_t *pool = member.pool;
  pin(pool->cores[member.index]);
  unsigned seen = 0;
  for (;;) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->asleep, 1);
    while (!pool->awake && !pool->quit) pthread_cond_wait(&pool->wake, &pool->mutex);
    int quit = pool->quit;
    seen = atomic_load(&pool->generation);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->mutex);
    if (quit) return NULL;
    for (int spins = 0;;) {
      unsigned now = atomic_load_explicit(&pool->generation, memory_order_acquire);
      if (now == seen) {
        pause_once(&spins);
        continue;
      }
      seen = now;
      spins = 0;
      if (!pool->work.function) break;  // The slice is over: sleep.
      run_share(pool, member.index);
      atomic_fetch_add_explicit(&pool->finished, 1, memory_order_release);
    }
  }
}

void tlm_pool_free(pool_t *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->mutex);
  pool->quit = 1;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 1; i < pool->started; ++i) pthread_join(pool->handles[i], NULL);
  for (int i = 0; i < pool->threads; ++i) free(pool->local_memory[i]);
  free(pool);
}

// Pins the calling thread to cores[0] and starts a thread for every other core.
pool_t *tlm_pool_new(int threads, const int *cores) {
  if (threads < 1 || threads > MAX_THREADS) return NULL;
  pool_t *pool = aligned_alloc(CACHE_LINE, (sizeof(pool_t) + CACHE_LINE - 1) & ~(CACHE_LINE - 1));
  if (!pool) return NULL;
  memset(pool, 0, sizeof(*pool));
  pool->threads = threads;
  pool->started = 1;
  memcpy(pool->cores, cores, sizeof(int) * (size_t)threads);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pin(cores[0]);
  for (int i = 1; i < threads; ++i) {
    member_t *member = malloc(sizeof(*member));
    if (member) *member = (member_t){pool, i};
    if (!member || pthread_create(&pool->handles[i], NULL, member_main, member)) {
      free(member);
      tlm_pool_free(pool);
      return NULL;
    }
    pool->started = i + 1;
  }
  return pool;
}

// A member that is late to notice the end of the last slice still reads `work`: wait for it.
static void await_sleep(pool_t *pool) {
  int spins = 0;
  while (atomic_load(&pool->asleep) != pool->threads - 1) pause_once(&spins);
}

static void wake_members(pool_t *pool) {
  int spins = 0;
  pthread_mutex_lock(&pool->mutex);
  pool->awake = 1;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  while (atomic_load(&pool->asleep) != 0) pause_once(&spins);
}

static void sleep_members(pool_t *pool) {
  pthread_mutex_lock(&pool->mutex);
  pool->awake = 0;
  pthread_mutex_unlock(&pool->mutex);
  pool->work.function = NULL;
  atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
}

static double now_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double run_once(pool_t *pool, int members) {
  double start = now_seconds();
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->finished, 0, memory_order_relaxed);
  if (members) atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
  run_share(pool, 0);
  int spins = 0;
  while (atomic_load_explicit(&pool->finished, memory_order_acquire) != members) {
    pause_once(&spins);
  }
  return now_seconds() - start;
}

static int reserve_local_memory(pool_t *pool, uint32_t bytes) {
  for (int i = 0; i < pool->threads; ++i) {
    if (pool->local_memory_bytes[i] >= bytes) continue;
    free(pool->local_memory[i]);
    pool->local_memory[i] = aligned_alloc(PAGE, bytes);
    pool->local_memory_bytes[i] = pool->local_memory[i] ? bytes : 0;
    if (!pool->local_memory[i]) return 0;
  }
  return 1;
}

// Runs an export until `budget` seconds are spent or `limit` runs are done, at least once, and
// writes the seconds of each run to `samples`. threads = 1 uses the calling thread alone.
// Returns the number of runs, -1 if a workgroup reported failure, -2 without memory.
int tlm_run(pool_t *pool, const executable_t *executable, uint32_t ordinal,
            const uint32_t counts[3], void *const *bindings, const size_t *lengths,
            uint32_t binding_count, int threads, double budget, int limit, double *samples) {
  const attributes_t *attributes = &executable->library->attributes[ordinal];
  uint32_t local = attributes->local_memory_pages * PAGE;
  int members = threads > 1 ? pool->threads - 1 : 0;
  await_sleep(pool);
  if (local && !reserve_local_memory(pool, local)) return -2;
  pool->work = (work_t){
      .executable = executable,
      .function = executable->library->functions[ordinal],
      .dispatch = {.size_x = attributes->size_x ? attributes->size_x : 1,
                   .size_y = attributes->size_y ? attributes->size_y : 1,
                   .size_z = attributes->size_z ? attributes->size_z : 1,
                   .count_x = counts[0],
                   .count_y = counts[1],
                   .count_z = (uint16_t)counts[2],
                   .max_concurrency = (uint8_t)(members + 1 > 255 ? 255 : members + 1),
                   .binding_count = (uint8_t)binding_count,
                   .bindings = bindings,
                   .lengths = lengths},
      .workgroups = (uint64_t)counts[0] * counts[1] * counts[2],
      .local_memory_bytes = local,
  };
  atomic_store(&pool->failed, 0);
  if (members) wake_members(pool);
  double end = now_seconds() + budget;
  int runs = 0;
  do {
    samples[runs++] = run_once(pool, members);
  } while (runs < limit && !atomic_load(&pool->failed) && now_seconds() < end);
  if (members) sleep_members(pool);
  return atomic_load(&pool->failed) ? -1 : runs;
}
