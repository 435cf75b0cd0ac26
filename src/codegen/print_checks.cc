// The files beside a model's C: tests that it carries, and the adapter to a measuring harness.
#include "codegen/pack.h"
#include "codegen/print.h"
#include "core/text.h"

namespace verge::codegen {
namespace {

using Text = std::string;

// Statements that fill the input with test_input() and run the model.
Text print_filling(const Network& network, const Layout& layout) {
  if (network.lines)
    return R"(  for (uint32_t y = 0, state = 1; y < $NAME_INPUT_ROWS; ++y) {
    int8_t *const row = $name_row(c);
    for (uint32_t i = 0; i < $NAME_INPUT_ROW_BYTES; ++i) row[i] = (int8_t)((state = state * 1664525u + 1013904223u) >> 24);
    (void)$name_feed(c);
  }
)";
  Text out;
  for (int in : network.inputs)
    out += format("  for (uint32_t i = 0, state = 1; i < %lldu; ++i) c->arena[%lld + i] = (int8_t)((state = state * 1664525u + 1013904223u) >> 24);\n",
                  static_cast<long long>(network.buffers[static_cast<size_t>(in)].bytes), static_cast<long long>(layout.buffers[static_cast<size_t>(in)]));
  return out + "  $name_run(c);\n";
}

const Buffer& buffer_of(const Network& network, int i) { return network.buffers[static_cast<size_t>(i)]; }

long long offset_of(const Layout& layout, int buffer) { return static_cast<long long>(layout.buffers[static_cast<size_t>(buffer)]); }

Text golden_array(const char* what, size_t vector, size_t index, const std::vector<uint8_t>& bytes) {
  return constant_array({DataType::kU8, bytes}, format("%s%zu_%zu", what, vector, index)).text;
}

// Statements that run the model on golden vector `v`.
Text print_golden_run(const Network& network, const Layout& layout, size_t v) {
  if (network.lines)
    return format(
        "  for (uint32_t y = 0; y < $NAME_INPUT_ROWS; ++y) {\n    memcpy($name_row(c), input%zu_0 + y * $NAME_INPUT_ROW_BYTES, $NAME_INPUT_ROW_BYTES);\n    "
        "(void)$name_feed(c);\n  }\n",
        v);
  Text out;
  for (size_t i = 0; i < network.inputs.size(); ++i)
    out += format("  memcpy(c->arena + %lld, input%zu_%zu, sizeof input%zu_%zu);\n", offset_of(layout, network.inputs[i]), v, i, v, i);
  return out + "  $name_run(c);\n";
}

// Integers have the same bytes; floats are within a tolerance of the value.
Text print_comparison(const Network& network, const Layout& layout, size_t v, size_t i) {
  const Buffer& b = buffer_of(network, network.outputs[i]);
  const char* const equal = b.dtype == DataType::kF32 ? "close_floats" : "same_bytes";
  return format("  if (!%s(c->arena + %lld, output%zu_%zu, sizeof output%zu_%zu)) return %zu;\n", equal, offset_of(layout, network.outputs[i]), v, i, v, i, v);
}

constexpr char kSameBytes[] = R"(
static int same_bytes(const int8_t *made, const uint8_t *wanted, uint32_t count) {
  uint32_t i = 0;
  while (i < count && (uint8_t)made[i] == wanted[i]) ++i;
  return i == count;
}
)",
               kCloseFloats[] = R"(
static int close_floats(const int8_t *made, const uint8_t *wanted, uint32_t count) {
  for (uint32_t i = 0; i < count; i += 4) {
    float x, y;
    memcpy(&x, made + i, 4);
    memcpy(&y, wanted + i, 4);
    const float size = y < 0 ? -y : y, distance = x < y ? y - x : x - y;
    if (!(distance <= 1e-5f * (size > 1 ? size : 1))) return 0;
  }
  return 1;
}
)";

Text print_helpers(const Network& network) {
  bool floats = false, bytes = false;
  for (int out : network.outputs) (buffer_of(network, out).dtype == DataType::kF32 ? floats : bytes) = true;
  return Text(bytes ? kSameBytes : "") + (floats ? kCloseFloats : "");
}

}  // namespace

std::string print_selftest(const Options& o, const Network& network, const Layout& layout) {
  Text table;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const int out = network.layers[i].out;
    table += format("    {%lld, %lld, 0x%08xu},\n", static_cast<long long>(layout.buffers[static_cast<size_t>(out)]),
                    static_cast<long long>(network.buffers[static_cast<size_t>(out)].bytes), o.layer_hashes[i]);
  }
  return named(file_head(o) + R"(/* Layers' outputs on a made-up input against those of the runtime that the model was proved with. */
#include "$name.h"

typedef struct {
  uint32_t offset, bytes, hash;
} golden_layer;

static const golden_layer golden[$NAME_LAYERS] = {
)" + table + R"(};

typedef struct {
  const int8_t *arena;
  int first_difference;
} check;

static void compare(void *user, int layer) {
  check *const state = (check *)user;
  const golden_layer *const g = &golden[layer];
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < g->bytes; ++i) hash = (hash ^ (uint8_t)state->arena[g->offset + i]) * 16777619u;
  if (hash != g->hash && state->first_difference < 0) state->first_difference = layer;
}

/* -1: every layer gave the bytes that it should; else the first layer that did not. */
int $name_selftest($name_context *c) {
  check state = {c->arena, -1};
  const $name_context as_it_was = *c;
  c->after_layer = compare;
  c->user = &state;
)" + print_filling(network, layout) +
                   R"(  *c = as_it_was;
  return state.first_difference;
}
)",
               o);
}

std::string print_golden(const Options& o, const Network& network, const Layout& layout) {
  Text arrays, body;
  for (size_t v = 0; v < o.golden.size(); ++v) {
    const GoldenCase& g = o.golden[v];
    for (size_t i = 0; i < g.inputs.size(); ++i) arrays += golden_array("input", v, i, g.inputs[i]);
    for (size_t i = 0; i < g.outputs.size(); ++i) arrays += golden_array("output", v, i, g.outputs[i]);
    body += print_golden_run(network, layout, v);
    for (size_t i = 0; i < g.outputs.size(); ++i) body += print_comparison(network, layout, v, i);
  }
  return named(file_head(o) + R"(/* The outputs of golden vectors against those that the runtime gave. */
#include <string.h>

#include "$name.h"

#define VG_WEIGHTS

)" + arrays + print_helpers(network) +
                   R"(
/* -1: every output is as it should be; else the first vector of which one is not. */
int $name_golden($name_context *c) {
)" + body + "  return -1;\n}\n",
               o);
}

std::string print_harness(const Options& o) {
  const Text head_text = file_head(o) + R"(/* bench.h of a measuring harness: one model, one arena. */
#include "bench.h"
#include "$name.h"

static int8_t arena[$NAME_ARENA_BYTES] __attribute__((section(".arena"), aligned(16)));
)",
             whole = R"(static $name_context context = {arena, 0, 0};

int bench_init(void) { return 0; }
void *bench_input(size_t *bytes) {
  *bytes = $NAME_INPUT_BYTES;
  return $name_input(&context);
}
int bench_run(void) {
  $name_run(&context);
  return 0;
}
)",
             lines = R"(#include <string.h>

static int8_t camera[$NAME_INPUT_BYTES] __attribute__((section(".arena"), aligned(16))); /* the source of the rows is not the model's memory */
static $name_context context = {arena, 0, 0, 0, {0}};

int bench_init(void) { return 0; }
void *bench_input(size_t *bytes) {
  *bytes = $NAME_INPUT_BYTES;
  return camera;
}
static void copy_row(int8_t *to, const int8_t *from) {
  uint32_t i = 0;
  for (; i + 4 <= $NAME_INPUT_ROW_BYTES; i += 4) memcpy(to + i, from + i, 4); /* a word */
  for (; i < $NAME_INPUT_ROW_BYTES; ++i) to[i] = from[i];
}
int bench_run(void) {
  int complete = 0;
  for (uint32_t y = 0; y < $NAME_INPUT_ROWS; ++y) {
    copy_row($name_row(&context), camera + y * $NAME_INPUT_ROW_BYTES);
    complete = $name_feed(&context);
  }
  return !complete;
}
)",
             tail = R"(void *bench_output(size_t *bytes) {
  *bytes = $NAME_OUTPUT_BYTES;
  return context.arena + $NAME_OUTPUT_OFFSET;
}
size_t bench_arena_bytes(void) { return sizeof arena; }
)";
  return named(head_text + (o.lines ? lines : whole) + tail, o);
}

}  // namespace verge::codegen
