/* onnxruntime_run LIBRARY MODEL RUNS RANK DIM...: runs a model of one float input with ONNX Runtime on one thread. The calls are named by their places in struct OrtApi
 * (https://onnxruntime.ai/docs/api/c/), which only grows at its end. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kGetErrorMessage = 2, kCreateEnv = 3, kCreateSession = 7, kRun = 9, kCreateSessionOptions = 10, kSetIntraOpNumThreads = 24, kGetInputName = 36, kGetOutputName = 37,
       kCreateTensorWithData = 49, kCreateCpuMemoryInfo = 69, kGetAllocator = 78, kReleaseValue = 96 };
enum { kApiVersion = 11, kErrorsOnly = 3, kFloat = 1 };

typedef struct {
  void* const* (*get_api)(uint32_t version);
  const char* (*version)(void);
} ApiBase;

static void* const* api;
#define CALL(place, types, ...) require(((void* (*)types)api[place])(__VA_ARGS__))

static void require(void* status) {
  if (!status) return;
  fprintf(stderr, "%s\n", ((const char* (*)(void*))api[kGetErrorMessage])(status));
  exit(1);
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  void* library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
  const ApiBase* base = ((const ApiBase* (*)(void))dlsym(library, "OrtGetApiBase"))();
  api = base->get_api(kApiVersion);
  const int runs = atoi(argv[3]), rank = atoi(argv[4]);
  int64_t dims[8], count = 1;
  for (int i = 0; i < rank && i < 8 && 5 + i < argc; ++i) count *= dims[i] = atoll(argv[5 + i]);
  void *environment, *options, *session, *memory, *allocator, *input;
  char *in_name, *out_name;
  CALL(kCreateEnv, (int, const char*, void**), kErrorsOnly, "count", &environment);
  CALL(kCreateSessionOptions, (void**), &options);
  CALL(kSetIntraOpNumThreads, (void*, int), options, 1);
  CALL(kCreateSession, (void*, const char*, void*, void**), environment, argv[2], options, &session);
  CALL(kCreateCpuMemoryInfo, (int, int, void**), 0, 0, &memory);
  CALL(kGetAllocator, (void**), &allocator);
  CALL(kGetInputName, (void*, size_t, void*, char**), session, 0, allocator, &in_name);
  CALL(kGetOutputName, (void*, size_t, void*, char**), session, 0, allocator, &out_name);
  float* values = calloc((size_t)count, sizeof *values);
  for (int64_t i = 0; i < count; ++i) values[i] = (float)(i % 255) / 255;
  CALL(kCreateTensorWithData, (void*, void*, size_t, const int64_t*, size_t, int, void**), memory, values, (size_t)count * sizeof *values, dims, (size_t)rank, kFloat, &input);
  for (int i = 0; i < runs; ++i) {
    void* output = NULL;
    CALL(kRun, (void*, void*, const char* const*, void* const*, size_t, const char* const*, size_t, void**), session, NULL, (const char* const*)&in_name, (void* const*)&input, 1,
         (const char* const*)&out_name, 1, &output);
    ((void (*)(void*))api[kReleaseValue])(output);
  }
  printf("ONNX Runtime %s, %d runs\n", base->version(), runs);
  fflush(stdout);
  _Exit(0);
}
