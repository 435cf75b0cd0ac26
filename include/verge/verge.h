/* Verge in C: open a model (.onnx, .tflite, .vpk), make sessions, run.
 *
 * A model is immutable and may be shared by threads. A session belongs to one thread at a time: a second concurrent run returns VERGE_BUSY. Every call
 * that can fail returns a verge_code; verge_last_error() then has the words, for the calling thread, until its next failing call.
 */
#ifndef VERGE_VERGE_H
#define VERGE_VERGE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VERGE_API __attribute__((visibility("default")))
#else
#define VERGE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum verge_code {
  VERGE_OK = 0,
  VERGE_INVALID_ARGUMENT = 1,
  VERGE_UNSUPPORTED = 2,
  VERGE_CORRUPT = 3,
  VERGE_OUT_OF_MEMORY = 4,
  VERGE_BUSY = 5,
  VERGE_NOT_FOUND = 6,
  VERGE_IO = 7,
  VERGE_BUDGET = 8,
  VERGE_INTEGRITY = 9,
  VERGE_INTERNAL = 10
} verge_code;

/* Numbers of base/dtype.h. */
typedef enum verge_dtype {
  VERGE_F32 = 1, VERGE_F16 = 2, VERGE_BF16 = 3, VERGE_F64 = 4, VERGE_I8 = 5, VERGE_U8 = 6, VERGE_I16 = 7, VERGE_U16 = 8,
  VERGE_I32 = 9, VERGE_U32 = 10, VERGE_I64 = 11, VERGE_U64 = 12, VERGE_BOOL = 13
} verge_dtype;

typedef struct verge_model verge_model;
typedef struct verge_session verge_session;

typedef struct verge_options {
  size_t size;  /* sizeof(verge_options): lets the struct grow */
  int threads;  /* of each session; 0: every processor */
} verge_options;

typedef struct verge_tensor_info {
  const char* name;     /* lives as long as the model */
  verge_dtype dtype;
  int32_t rank;
  int32_t dims[8];      /* -1: depends on what the session is given */
  size_t bytes;
  float scale;          /* 0: not quantised; real = scale * (q - zero_point) */
  int32_t zero_point;
} verge_tensor_info;

VERGE_API const char* verge_version(void);
VERGE_API const char* verge_last_error(void);

/* `options` may be null. Close with verge_model_close; sessions keep what they need alive. */
VERGE_API verge_code verge_model_open(const char* path, const verge_options* options, verge_model** model);
VERGE_API void verge_model_close(verge_model* model);
VERGE_API size_t verge_model_input_count(const verge_model* model);
VERGE_API size_t verge_model_output_count(const verge_model* model);
VERGE_API verge_code verge_model_input(const verge_model* model, size_t index, verge_tensor_info* info);
VERGE_API verge_code verge_model_output(const verge_model* model, size_t index, verge_tensor_info* info);
/* Bytes that each session takes; known before it is made. */
VERGE_API size_t verge_model_session_bytes(const verge_model* model);
/* The package's manifest, or what the source file declares, as JSON; lives as long as the model. */
VERGE_API const char* verge_model_manifest(const verge_model* model);

VERGE_API verge_code verge_session_create(const verge_model* model, verge_session** session);
VERGE_API void verge_session_close(verge_session* session);
/* Copies `bytes` bytes, which must be the tensor's size. An input keeps its value until the next run. */
VERGE_API verge_code verge_session_set_input(verge_session* session, size_t index, const void* data, size_t bytes);
/* Sets an input of any shape that the model allows. ONNX files alone take shapes other than verge_model_input's: the session then prepares itself for
 * them, and for the values of inputs that decide shapes, once for each combination. */
VERGE_API verge_code verge_session_set_tensor(verge_session* session, size_t index, const void* data, const int32_t* dims, int32_t rank);
VERGE_API verge_code verge_session_run(verge_session* session);
/* What the output of the last run is; verge_model_output's, where shapes do not depend on inputs. */
VERGE_API verge_code verge_session_output(const verge_session* session, size_t index, verge_tensor_info* info);
VERGE_API verge_code verge_session_get_output(const verge_session* session, size_t index, void* data, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
