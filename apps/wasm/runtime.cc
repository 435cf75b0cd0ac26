// The runtime as a WebAssembly module: an instance holds one package and one session, and is thrown away with them. index.mjs is its only caller.
//
//   write the package's bytes to verge_allocate(bytes); verge_open() == 0; then, as often as wanted:
//   write verge_input(i)->data, verge_run() == 0, read verge_output(i)->data
//
// Functions return a Code (base/status.h) where they say so. Addresses stay valid for the instance's life; an input keeps its bytes until verge_run alone.
#include <cstdlib>
#include <cstring>

#include "base/cpu.h"
#include "exec/op_codes.h"
#include "package/reader.h"
#include "rt/model.h"
#include "verge-rt/golden.h"

#define VERGE_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

using namespace verge;

struct Loaded {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  package::Reader package;
  rt::Model model;
  rt::Session session;
};

// What index.mjs reads of a tensor; 32-bit words all.
struct Described {
  const char* name;
  const void* data;
  uint32_t bytes;
  int32_t dtype;  // base/dtype.h
  float scale;    // 0: not quantised
  int32_t zero_point;
  int32_t rank;
  int32_t dims[kMaxRank];
};

Loaded g_loaded;
Described g_described;
device::SelfTest g_self_test;

const Described* describe(const char* name, const TensorView& view) {
  g_described = {name, view.data, static_cast<uint32_t>(view.bytes()), static_cast<int32_t>(view.dtype), 0, 0, view.shape.rank, {}};
  std::memcpy(g_described.dims, view.shape.dim, sizeof g_described.dims);
  if (view.quant.count == 1) {
    g_described.scale = view.quant.scale[0];
    g_described.zero_point = view.quant.zero_point[0];
  }
  return &g_described;
}

uint8_t* allocate(size_t bytes) {
  return static_cast<uint8_t*>(std::aligned_alloc(rt::kAlignment, (bytes + rt::kAlignment - 1) / rt::kAlignment * rt::kAlignment));
}

Status open(Loaded& l) {
  VERGE_RETURN_IF_BAD(package::Reader::open(l.bytes, l.size, &l.package));
  VERGE_RETURN_IF_BAD(l.package.verify());
  const package::Section program = l.package.find(package::Kind::kProgram);
  VERGE_REQUIRE(program.codec == package::Codec::kStored, Code::kUnsupported);
  VERGE_RETURN_IF_BAD(rt::Model::open(program.data, program.bytes, exec::full_table(), &l.model));
  void* memory = allocate(l.model.session_bytes());
  VERGE_REQUIRE(memory, Code::kOutOfMemory);
  return rt::Session::create(l.model, memory, l.model.session_bytes(), {}, &l.session);
}

}  // namespace

// A module has no environment: the C library would import one.
extern "C" char* getenv(const char*) { return nullptr; }

// Where the package's bytes go; null when there is no memory for them.
VERGE_EXPORT(verge_allocate) void* verge_allocate(size_t bytes) {
  g_loaded.size = bytes;
  return g_loaded.bytes = allocate(bytes);
}
VERGE_EXPORT(verge_open) int verge_open() { return static_cast<int>(open(g_loaded).code()); }

VERGE_EXPORT(verge_input_count) size_t verge_input_count() { return g_loaded.model.input_count(); }
VERGE_EXPORT(verge_output_count) size_t verge_output_count() { return g_loaded.model.output_count(); }
VERGE_EXPORT(verge_input) const Described* verge_input(size_t i) { return describe(g_loaded.model.input_name(i), g_loaded.session.input(i)); }
VERGE_EXPORT(verge_output) const Described* verge_output(size_t i) { return describe(g_loaded.model.output_name(i), g_loaded.session.output(i)); }

VERGE_EXPORT(verge_run) int verge_run() { return static_cast<int>(g_loaded.session.run().code()); }
VERGE_EXPORT(verge_reset) void verge_reset() { g_loaded.session.reset(); }

VERGE_EXPORT(verge_manifest) const void* verge_manifest() { return g_loaded.package.find(package::Kind::kManifest).data; }
VERGE_EXPORT(verge_manifest_bytes) size_t verge_manifest_bytes() { return g_loaded.package.find(package::Kind::kManifest).bytes; }
VERGE_EXPORT(verge_session_bytes) size_t verge_session_bytes() { return g_loaded.model.session_bytes(); }
VERGE_EXPORT(verge_code_name) const char* verge_code_name(int code) { return code_name(static_cast<Code>(code)); }

// Replays the package's golden vectors; the counts are four words: vectors, outputs, different, unused.
VERGE_EXPORT(verge_self_test) int verge_self_test() {
  g_self_test = {};
  return static_cast<int>(device::run_golden(g_loaded.package.find(package::Kind::kGolden), g_loaded.session, &g_self_test).code());
}
VERGE_EXPORT(verge_self_test_counts) const void* verge_self_test_counts() { return &g_self_test; }

// For tests: 0 leaves the portable kernels alone. Before verge_open.
VERGE_EXPORT(verge_use_simd) void verge_use_simd(int use) { use ? clear_isa_cap() : set_isa_cap(Isa::kAny); }
