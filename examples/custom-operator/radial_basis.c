/* A custom operator outside of Verge's tree: com.example:RadialBasis.
 *
 *   y[n,k] = exp(-gamma * sum over d of (x[n,d] - centres[k,d])^2)      x: f32[n,d], centres: f32[k,d], gamma: a real attribute (1)
 *
 *   cc -O2 -fPIC -shared -I VERGE/include radial_basis.c -lm -o radial_basis.so
 *   verge plan model.onnx --plugin radial_basis.so */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "verge/plugin.h"

enum { kFloat = 1 };

static double gamma_of(const VergePluginNode* node) {
  for (size_t i = 0; i < node->attr_count; ++i)
    if (strcmp(node->attrs[i].name, "gamma") == 0 && node->attrs[i].kind == VERGE_PLUGIN_REAL) return node->attrs[i].real;
  return 1;
}

static int32_t infer(VergePluginNode* node, char* error, size_t error_bytes) {
  const VergePluginTensor* in = node->inputs;
  if (node->input_count != 2 || node->output_count != 1 || in[0].type != kFloat || in[1].type != kFloat || in[0].rank != 2 || in[1].rank != 2 || in[0].dims[1] != in[1].dims[1]) {
    snprintf(error, error_bytes, "wants x f32[n,d] and centres f32[k,d]");
    return 1;
  }
  VergePluginTensor* y = &node->outputs[0];
  y->type = kFloat;
  y->rank = 2;
  y->dims[0] = in[0].dims[0];
  y->dims[1] = in[1].dims[0];
  return 0;
}

static void cost(const VergePluginNode* node, VergePluginCost* cost) {
  cost->macs = node->outputs[0].dims[0] * node->outputs[0].dims[1] * node->inputs[0].dims[1];
  cost->operations = 2 * node->outputs[0].dims[0] * node->outputs[0].dims[1];
}

static int32_t reference(const VergePluginNode* node, char* error, size_t error_bytes) {
  const float *x = node->inputs[0].data, *centres = node->inputs[1].data;
  float* y = node->outputs[0].data;
  const int64_t rows = node->outputs[0].dims[0], columns = node->outputs[0].dims[1], depth = node->inputs[0].dims[1];
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t k = 0; k < columns; ++k) {
      double sum = 0;
      for (int64_t d = 0; d < depth; ++d) sum += pow((double)x[n * depth + d] - centres[k * depth + d], 2);
      y[n * columns + k] = (float)exp(-gamma_of(node) * sum);
    }
  (void)error, (void)error_bytes;
  return 0;
}

static int32_t run(const VergePluginNode* node, char* error, size_t error_bytes) {
  const float *x = node->inputs[0].data, *centres = node->inputs[1].data, gamma = (float)gamma_of(node);
  float* y = node->outputs[0].data;
  const int64_t rows = node->outputs[0].dims[0], columns = node->outputs[0].dims[1], depth = node->inputs[0].dims[1];
  for (int64_t n = 0; n < rows; ++n, x += depth)
    for (int64_t k = 0; k < columns; ++k) {
      const float* c = centres + k * depth;
      float sum = 0;
      for (int64_t d = 0; d < depth; ++d) sum += (x[d] - c[d]) * (x[d] - c[d]);
      *y++ = expf(-gamma * sum);
    }
  (void)error, (void)error_bytes;
  return 0;
}

const VergePlugin* verge_plugin(uint32_t abi) {
  static const VergePluginOp kOps[] = {{"com.example", "RadialBasis", infer, cost, reference, run}};
  static const VergePlugin kPlugin = {VERGE_PLUGIN_ABI, "radial-basis", kOps, 1};
  return abi == VERGE_PLUGIN_ABI ? &kPlugin : NULL;
}
