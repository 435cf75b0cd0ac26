/* Custom operators: a shared library that gives Verge operators of your own (docs/custom-operators.md).
 *
 * The library exports verge_plugin. Every function gets the node with its attributes and tensors; functions that return a number return 0 when they are
 * done, else another one with a sentence in `error` (cut off at its size). They must not keep pointers, and may be called by several threads at once. */
#ifndef VERGE_PLUGIN_H
#define VERGE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VERGE_PLUGIN_ABI 1

/* Dense, row-major. An input that is absent has type 0. */
typedef struct VergePluginTensor {
  int32_t type; /* ONNX's number: 1 float, 2 uint8, 3 int8, 6 int32, 7 int64, 9 bool, 10 float16, 11 double ... */
  int32_t rank; /* at most 8 */
  int64_t dims[8];
  void* data; /* null during infer and cost */
  size_t bytes;
} VergePluginTensor;

enum { VERGE_PLUGIN_INT = 1, VERGE_PLUGIN_REAL, VERGE_PLUGIN_TEXT, VERGE_PLUGIN_INTS, VERGE_PLUGIN_REALS };
typedef struct VergePluginAttr {
  const char* name;
  int32_t kind;
  int64_t integer;
  double real;
  const char* text;
  const int64_t* integers;
  const double* reals;
  size_t count; /* of integers or reals */
} VergePluginAttr;

typedef struct VergePluginNode {
  const char* name;
  const VergePluginAttr* attrs;
  size_t attr_count;
  const VergePluginTensor* inputs;
  size_t input_count;
  VergePluginTensor* outputs;
  size_t output_count;
} VergePluginNode;

typedef struct VergePluginCost {
  int64_t macs;       /* multiply-accumulates */
  int64_t operations; /* other arithmetic */
} VergePluginCost;

typedef struct VergePluginOp {
  const char* domain; /* "com.example"; "" is ONNX's own */
  const char* op;
  /* Types and shapes of the outputs from those of the inputs and the attributes. */
  int32_t (*infer)(VergePluginNode* node, char* error, size_t error_bytes);
  /* What a run costs; null: unknown. Outputs have their shapes. */
  void (*cost)(const VergePluginNode* node, VergePluginCost* cost);
  /* Plain loops that judge `run` (--check-borders); null: there is none. */
  int32_t (*reference)(const VergePluginNode* node, char* error, size_t error_bytes);
  int32_t (*run)(const VergePluginNode* node, char* error, size_t error_bytes);
} VergePluginOp;

typedef struct VergePlugin {
  uint32_t abi; /* VERGE_PLUGIN_ABI */
  const char* name;
  const VergePluginOp* ops;
  size_t count;
} VergePlugin;

/* Null when the library cannot serve this version. The table stays valid until the process ends. */
typedef const VergePlugin* (*VergePluginOpen)(uint32_t abi);
#define VERGE_PLUGIN_SYMBOL "verge_plugin"

#ifdef __cplusplus
}
#endif
#endif
