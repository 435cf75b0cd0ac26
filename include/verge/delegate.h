/* Delegates: other inference engines behind one small table of functions, in shared libraries that are loaded at run time.
 *
 * A delegate's library exports verge_delegate. Verge hands over a partition of a model as the bytes of an ONNX model; its inputs and outputs are in the
 * file's order. Functions that fail return null or a number other than 0, and write a sentence into `error` (always terminated, cut off at its size).
 * Calls on one model come one at a time; different models may be used by different threads. */
#ifndef VERGE_DELEGATE_H
#define VERGE_DELEGATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VERGE_DELEGATE_ABI 1

/* Dense, row-major, in the machine's byte order. */
typedef struct VergeDelegateTensor {
  int32_t type; /* ONNX's number of the element type: 1 float, 2 uint8, 3 int8, 6 int32, 7 int64, 9 bool, 10 float16, 11 double ... */
  int32_t rank;
  const int64_t* dims;
  const void* data;
  size_t bytes;
} VergeDelegateTensor;

/* Takes output `index`; the tensor is copied before the call returns. */
typedef void (*VergeDelegateEmit)(void* context, size_t index, const VergeDelegateTensor* tensor);

typedef struct VergeDelegate {
  uint32_t abi;        /* VERGE_DELEGATE_ABI */
  const char* name;    /* "onnxruntime" */
  const char* version; /* of the engine */
  /* Prepares a model for `threads` threads; null when the engine cannot run it. The bytes are not kept. */
  void* (*compile)(const void* onnx, size_t bytes, int32_t threads, char* error, size_t error_bytes);
  /* Runs it on one tensor for each input, and emits every output. 0: done. */
  int32_t (*run)(void* model, const VergeDelegateTensor* inputs, size_t count, VergeDelegateEmit emit, void* context, char* error, size_t error_bytes);
  void (*release)(void* model);
} VergeDelegate;

/* The library's table, valid until the process ends. `engine` names the engine's own library where the user gave one, else null. */
typedef const VergeDelegate* (*VergeDelegateOpen)(uint32_t abi, const char* engine, char* error, size_t error_bytes);
#define VERGE_DELEGATE_SYMBOL "verge_delegate"

#ifdef __cplusplus
}
#endif
#endif
