#include "packaging/pack_program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include "base/dtype.h"
#include "package/packed.h"
#include "packaging/entropy_encoder.h"
#include "rt/program.h"

namespace verge {
namespace {

using package::PackedModels;
using package::RunKind;

struct Run {
  size_t begin, count;
  RunKind kind;
};

void write_runs(EntropyEncoder& encoder, PackedModels& models, Bytes bytes, std::span<const Run> runs) {
  for (const Run& run : runs) {
    package::code_tree(encoder, models.kind, 3, static_cast<uint32_t>(run.kind));
    package::code_number(encoder, models.length, run.count);
    package::code_run(encoder, models, run.kind, bytes.data() + run.begin, run.count);
  }
}

size_t size_under(ByteSpan bytes, RunKind kind) {
  EntropyEncoder encoder;
  const auto models = std::make_unique<PackedModels>();
  write_runs(encoder, *models, Bytes(bytes.begin(), bytes.end()), std::vector<Run>{{0, bytes.size(), kind}});
  return encoder.finish().size();
}

RunKind best_kind(ByteSpan bytes) {
  RunKind best = RunKind::kPlain;
  size_t least = SIZE_MAX;
  for (uint32_t k = 0; k < static_cast<uint32_t>(RunKind::kCount); ++k) {
    const size_t size = size_under(bytes, static_cast<RunKind>(k));
    if (size < least) least = size, best = static_cast<RunKind>(k);
  }
  return best;
}

// Where constants and tables begin and end, in order: the borders of runs.
std::set<size_t> borders(ByteSpan program) {
  std::set<size_t> out{0, program.size()};
  rt::ProgramHeader h;
  if (program.size() < sizeof h) return out;
  std::memcpy(&h, program.data(), sizeof h);
  const auto border = [&](uint64_t at) {
    if (at < program.size()) out.insert(static_cast<size_t>(at));
  };
  for (const rt::Table& t : {h.tensors, h.dims, h.instructions, h.args, h.attributes, h.scales, h.zero_points, h.inputs, h.outputs, h.names}) border(t.offset);
  border(h.const_offset);
  border(h.mutable_offset);
  for (uint32_t i = 0; i < h.tensors.count && h.tensors.offset + uint64_t{i + 1} * sizeof(rt::TensorRecord) <= program.size(); ++i) {
    rt::TensorRecord t;
    std::memcpy(&t, program.data() + h.tensors.offset + i * sizeof t, sizeof t);
    if (t.section == static_cast<uint8_t>(rt::Section::kConst)) border(h.const_offset + uint64_t{t.offset} * rt::kOffsetUnit);
  }
  return out;
}

}  // namespace

Bytes pack_program(ByteSpan program) {
  const std::set<size_t> at = borders(program);
  std::vector<Run> runs;
  for (auto begin = at.begin(), end = std::next(begin); end != at.end(); ++begin, ++end) {
    const RunKind kind = best_kind(program.subspan(*begin, *end - *begin));
    if (!runs.empty() && runs.back().kind == kind && kind == RunKind::kPlain) {
      runs.back().count += *end - *begin;
    } else {
      runs.push_back({*begin, *end - *begin, kind});
    }
  }
  EntropyEncoder encoder;
  const auto models = std::make_unique<PackedModels>();
  write_runs(encoder, *models, Bytes(program.begin(), program.end()), runs);
  const uint64_t bytes = program.size();
  Bytes out(sizeof bytes);
  std::memcpy(out.data(), &bytes, sizeof bytes);
  const Bytes coded = encoder.finish();
  out.insert(out.end(), coded.begin(), coded.end());
  return out;
}

Result<Unpacked> unpack_section(ByteSpan packed) {
  const uint64_t bytes = package::unpacked_bytes(packed.data(), packed.size());
  if (bytes == 0 || bytes / 4096 > packed.size()) return corrupt("a packed section says that it holds " + std::to_string(bytes) + " bytes");
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(rt::kAlignment, (bytes + rt::kAlignment - 1) / rt::kAlignment * rt::kAlignment));
  if (!memory) return Error(Code::kOutOfMemory, "no memory for a section of " + std::to_string(bytes) + " bytes");
  Unpacked out{{memory, std::free}, {memory, static_cast<size_t>(bytes)}};
  const auto models = std::make_unique<PackedModels>();
  if (const Status s = package::unpack(packed.data(), packed.size(), *models, memory, bytes); !s.ok()) return corrupt("a packed section is damaged");
  return out;
}

}  // namespace verge
