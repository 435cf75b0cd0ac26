// Hostile Programs: whatever open() lets through must run without a bad memory access.
#include <cstdlib>
#include <cstring>

#include "exec/op_codes.h"
#include "rt/model.h"

namespace {

using namespace verge;
constexpr size_t kMostMemory = 8 << 20;  // a Program may ask for any amount; here only for what is quick

void* aligned(size_t bytes) { return std::aligned_alloc(rt::kAlignment, (bytes / rt::kAlignment + 1) * rt::kAlignment); }

void run(const rt::Model& model) {
  const size_t bytes = model.session_bytes();
  if (bytes > kMostMemory || model.macs() > kMostMemory) return;
  void* memory = aligned(bytes);
  std::memset(memory, 0, bytes);
  rt::Session session;
  if (rt::Session::create(model, memory, bytes, {}, &session).ok()) (void)session.run().ok();
  std::free(memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  void* program = aligned(size);
  std::memcpy(program, data, size);
  rt::Model model;
  if (rt::Model::open(program, size, exec::full_table(), &model).ok()) run(model);
  std::free(program);
  return 0;
}
