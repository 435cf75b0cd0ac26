/* Runs the self-test of a generated model named `model`; exits with 0 when every layer gave the bytes that the runtime gave. */
#include "model.h"

void print(const char *text);

static int8_t arena[MODEL_ARENA_BYTES] __attribute__((aligned(8)));

int main(void) {
  model_context context = {arena, 0, 0};
  const int layer = model_selftest(&context);
  print(layer < 0 ? "self-test passed\n" : "self-test failed\n");
  return layer < 0 ? 0 : 1 + layer;
}
