#include "packaging/delta_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/dtype.h"
#include "base/sha256.h"
#include "core/digest.h"
#include "package/reader.h"
#include "rt/program.h"

namespace verge {
namespace {

using package::DeltaOp;
using package::DeltaStep;

struct Range {
  uint64_t begin = 0, bytes = 0;
  uint64_t end() const { return begin + bytes; }
};

// A tensor's bytes in the constants of a program, as a range of the file.
struct Constant {
  Range range;
  DataType dtype;
};

struct ProgramParts {
  rt::ProgramHeader header;
  Range tables;                                             // everything before the constants
  std::vector<std::pair<std::string, Constant>> constants;  // sorted by place
};

template <class T> T load(ByteSpan bytes, uint64_t at) {
  T out;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

bool within(const Range& r, const Range& whole) { return r.begin >= whole.begin && r.begin <= whole.end() && r.bytes <= whole.end() - r.begin; }

// The bytes that a tensor's type and shape ask for; nullopt where its dimensions lie outside the table.
std::optional<uint64_t> tensor_bytes(ByteSpan file, uint64_t program, const rt::ProgramHeader& h, const rt::TensorRecord& t) {
  if (uint64_t{t.first_dim} + t.rank > h.dims.count) return {};
  uint64_t count = 1;
  for (uint32_t d = 0; d < t.rank; ++d) {
    const auto size = load<int32_t>(file, program + h.dims.offset + 4 * (uint64_t{t.first_dim} + d));
    if (size < 0 || (size > 0 && count > file.size() / static_cast<uint32_t>(size))) return {};
    count *= static_cast<uint32_t>(size);
  }
  return dtype_bytes(static_cast<DataType>(t.dtype), count);
}

// nullopt when the section is no program that this code understands: then it is treated as bytes.
std::optional<ProgramParts> program_parts(ByteSpan file, Range section) {
  ProgramParts out;
  if (section.bytes < sizeof out.header) return {};
  out.header = load<rt::ProgramHeader>(file, section.begin);
  const rt::ProgramHeader& h = out.header;
  if (h.magic != rt::kProgramMagic || h.version != rt::kProgramVersion || h.const_offset > section.bytes) return {};
  out.tables = {section.begin, h.const_offset};
  if (uint64_t{h.tensors.offset} + uint64_t{h.tensors.count} * sizeof(rt::TensorRecord) > h.const_offset) return {};
  if (uint64_t{h.names.offset} + h.names.count > h.const_offset) return {};
  if (uint64_t{h.dims.offset} + 4 * uint64_t{h.dims.count} > h.const_offset) return {};
  for (uint32_t i = 0; i < h.tensors.count; ++i) {
    const auto t = load<rt::TensorRecord>(file, section.begin + h.tensors.offset + i * sizeof(rt::TensorRecord));
    if (t.section != static_cast<uint8_t>(rt::Section::kConst)) continue;
    const std::optional<uint64_t> bytes = tensor_bytes(file, section.begin, h, t);
    if (bytes == 0) continue;
    const uint64_t offset = uint64_t{t.offset} * rt::kOffsetUnit;
    if (!bytes || offset > section.bytes || t.name >= h.names.count) return {};
    const Range range{section.begin + h.const_offset + offset, *bytes};
    if (!within(range, section)) return {};
    const char* name = reinterpret_cast<const char*>(file.data()) + section.begin + h.names.offset + t.name;
    out.constants.push_back({std::string(name, strnlen(name, h.names.count - t.name)), {range, static_cast<DataType>(t.dtype)}});
  }
  std::sort(out.constants.begin(), out.constants.end(), [](const auto& a, const auto& b) { return a.second.range.begin < b.second.range.begin; });
  return out;
}

// Which constant of the old program a constant of the new one is: the one at the same place in a program of the same shape, else the one of its name.
class Counterparts {
 public:
  Counterparts(const ProgramParts& old, const ProgramParts& now) : old_(old), now_(now), by_name_(old.constants.begin(), old.constants.end()) {
    same_shape_ = std::equal(old.constants.begin(), old.constants.end(), now.constants.begin(), now.constants.end(),
                             [](const auto& a, const auto& b) { return alike(a.second, b.second); });
  }
  // its place in the old file
  std::optional<uint64_t> of(size_t i) const {
    if (same_shape_) return old_.constants[i].second.range.begin;
    const auto found = by_name_.find(now_.constants[i].first);
    if (found == by_name_.end() || found->first.empty() || !alike(found->second, now_.constants[i].second)) return {};
    return found->second.range.begin;
  }

 private:
  static bool alike(const Constant& a, const Constant& b) { return a.range.bytes == b.range.bytes && a.dtype == b.dtype; }

  const ProgramParts& old_;
  const ProgramParts& now_;
  std::map<std::string, Constant> by_name_;
  bool same_shape_ = false;
};

double order0_bits(const std::map<int64_t, uint64_t>& counts, uint64_t total) {
  double bits = 0;
  for (const auto& [value, n] : counts) bits -= static_cast<double>(n) * std::log2(static_cast<double>(n) / static_cast<double>(total));
  return bits + 8.0 * static_cast<double>(counts.size());
}

// Bytes where the package's reader wants them: as they are, or as a copy.
class Aligned {
 public:
  explicit Aligned(ByteSpan bytes) : bytes_(bytes) {
    if (reinterpret_cast<uintptr_t>(bytes.data()) % package::kAlignment == 0) return;
    lines_.resize(bytes.size() / package::kAlignment + 1);
    std::memcpy(lines_.data(), bytes.data(), bytes.size());
    bytes_ = {lines_[0].data, bytes.size()};
  }
  ByteSpan bytes() const { return bytes_; }

 private:
  struct alignas(package::kAlignment) Line {
    uint8_t data[package::kAlignment];
  };
  std::vector<Line> lines_;
  ByteSpan bytes_;
};

class Planner {
 public:
  Planner(ByteSpan base, ByteSpan next) : base_(base), next_(next) {}

  DeltaPlan plan() {
    package::Reader old_reader, new_reader;
    if (open(next_, &new_reader))
      plan_package(open(base_, &old_reader) ? &old_reader : nullptr, new_reader);
    else
      plan_bytes({0, base_.size()}, {0, next_.size()});
    return std::move(plan_);
  }

 private:
  using Digests = std::map<std::string, Range>;  // hex of the SHA-256 of a range of the new file

  static bool open(ByteSpan bytes, package::Reader* reader) { return package::Reader::open(bytes.data(), bytes.size(), reader).ok(); }
  static Range range_of(const package::Reader& reader, uint32_t i) { return {reader.record(i).offset, reader.record(i).bytes}; }

  static std::optional<Range> find(const package::Reader* reader, uint32_t kind) {
    for (uint32_t i = 0; reader && i < reader->section_count(); ++i)
      if (reader->record(i).kind == kind) return range_of(*reader, i);
    return {};
  }

  // Sections first, the manifest (which names their hashes) after them, header and table (which hold all hashes) last.
  void plan_package(const package::Reader* old, const package::Reader& now) {
    const auto manifest = static_cast<uint32_t>(package::Kind::kManifest);
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < now.section_count(); ++i)
      if (now.record(i).kind != manifest) order.push_back(i);
    for (uint32_t i = 0; i < now.section_count(); ++i)
      if (now.record(i).kind == manifest) order.push_back(i);
    for (uint32_t i : order) plan_section(find(old, now.record(i).kind), range_of(now, i), now.record(i).kind);
    const uint64_t head = sizeof(package::PackageHeader) + now.section_count() * sizeof(package::SectionRecord);
    const uint64_t old_head = old ? sizeof(package::PackageHeader) + old->section_count() * sizeof(package::SectionRecord) : 0;
    seek(0);
    plan_bytes({0, old_head}, {0, head});
    plan_padding(now, head);
  }

  void plan_section(std::optional<Range> old, Range now, uint32_t kind) {
    seek(now.begin);
    const Range from = old.value_or(Range{});
    const auto before = old ? program_parts(base_, *old) : std::nullopt;
    const auto after = kind == static_cast<uint32_t>(package::Kind::kProgram) ? program_parts(next_, now) : std::nullopt;
    if (after) plan_.tensors += after->constants.size();
    if (before && after)
      plan_program(*before, *after, now);
    else
      plan_bytes(from, now);
    remember_digest(now);
  }

  void plan_program(const ProgramParts& old, const ProgramParts& now, Range section) {
    plan_tables(old, now);
    const Counterparts counterparts(old, now);
    uint64_t at = now.tables.end();
    int64_t shift = static_cast<int64_t>(old.tables.end()) - static_cast<int64_t>(at);
    for (size_t i = 0; i < now.constants.size(); ++i) {
      const Constant& constant = now.constants[i].second;
      if (constant.range.begin < at) continue;  // shared bytes are written once
      plan_gap(at, constant.range.begin, shift);
      const std::optional<uint64_t> from = counterparts.of(i);
      if (from) shift = static_cast<int64_t>(*from) - static_cast<int64_t>(constant.range.begin);
      plan_constant(constant, from);
      at = constant.range.end();
    }
    plan_gap(at, section.end(), shift);
  }

  // Tables of the same shape lie at the same places: scales move as floats, the rest as words.
  void plan_tables(const ProgramParts& old, const ProgramParts& now) {
    const auto& a = old.header;
    const auto& b = now.header;
    if (old.tables.bytes != now.tables.bytes || a.scales.offset != b.scales.offset || a.scales.count != b.scales.count)
      return plan_bytes(old.tables, now.tables);
    const uint64_t from = old.tables.begin, to = now.tables.begin;
    const uint64_t scales = b.scales.offset, scales_end = scales + uint64_t{b.scales.count} * 4;
    difference(DeltaOp::kBytes, from, {to, scales});
    difference(DeltaOp::kFloats, from + scales, {to + scales, scales_end - scales});
    difference(DeltaOp::kBytes, from + scales_end, {to + scales_end, now.tables.bytes - scales_end});
  }

  void plan_constant(const Constant& constant, std::optional<uint64_t> old) {
    const Range& r = constant.range;
    if (!old) {
      ++plan_.tensors_moved;
      return literal(r);
    }
    if (std::memcmp(base_.data() + *old, next_.data() + r.begin, r.bytes) == 0) return copy(*old, r);
    ++plan_.tensors_moved;
    difference(best_op(constant.dtype, r.bytes), *old, r);
  }

  static DeltaOp best_op(DataType dtype, uint64_t bytes) {
    if (dtype == DataType::kF32 && bytes % 4 == 0) return DeltaOp::kFloats;
    if (dtype == DataType::kI32 && bytes % 4 == 0) return DeltaOp::kWords;
    if ((dtype == DataType::kF16 || dtype == DataType::kBF16) && bytes % 2 == 0) return DeltaOp::kHalves;
    return DeltaOp::kBytes;
  }

  // Padding between constants; the old file has the same behind the constant before, mostly.
  void plan_gap(uint64_t begin, uint64_t end, int64_t shift) {
    if (begin >= end) return;
    const int64_t from = static_cast<int64_t>(begin) + shift;
    const uint64_t bytes = end - begin;
    const bool there = from >= 0 && static_cast<uint64_t>(from) + bytes <= base_.size();
    if (there && std::memcmp(base_.data() + from, next_.data() + begin, bytes) == 0)
      copy(static_cast<uint64_t>(from), {begin, bytes});
    else
      plan_bytes({0, 0}, {begin, bytes});
  }

  void plan_padding(const package::Reader& now, uint64_t at) {
    std::vector<Range> sections;
    for (uint32_t i = 0; i < now.section_count(); ++i) sections.push_back(range_of(now, i));
    sections.push_back({next_.size(), 0});
    std::sort(sections.begin(), sections.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    for (const Range& s : sections) {
      if (s.begin > at) {
        seek(at);
        plan_gap(at, s.begin, 0);
      }
      at = std::max(at, s.end());
    }
  }

  // Bytes of any kind: hashes of what was written, long matches anywhere in `old`, literals between them.
  void plan_bytes(Range old, Range now) {
    index(old);
    uint64_t at = now.begin, pending = now.begin;
    int64_t shift = static_cast<int64_t>(old.begin) - static_cast<int64_t>(now.begin);
    while (at < now.end()) {
      const std::optional<DeltaStep> hash = digest_at(at, now.end());
      const Range match = hash ? Range{} : match_at(old, at, now.end(), shift);
      if (!hash && match.bytes == 0) {
        ++at;
        continue;
      }
      literal({pending, at - pending});
      if (hash)
        plan_.steps.push_back(*hash);
      else
        copy(match.begin, {at, match.bytes}), shift = static_cast<int64_t>(match.begin) - static_cast<int64_t>(at);
      at += hash ? (hash->op == DeltaOp::kHash ? 32 : 64) : match.bytes;
      place_ = pending = at;
    }
    literal({pending, now.end() - pending});
  }

  void remember_digest(Range r) {
    uint8_t digest[32];
    sha256(next_.data() + r.begin, r.bytes, digest);
    digests_[std::string(reinterpret_cast<const char*>(digest), sizeof digest)] = digests_[hex_text(digest)] = r;
  }

  std::optional<DeltaStep> digest_at(uint64_t at, uint64_t end) const {
    for (const uint64_t size : {uint64_t{32}, uint64_t{64}}) {
      if (at + size > end) continue;
      const auto found = digests_.find(std::string(reinterpret_cast<const char*>(next_.data()) + at, size));
      if (found == digests_.end() || found->second.begin % 64) continue;
      DeltaStep step;
      step.op = size == 32 ? DeltaOp::kHash : DeltaOp::kHexHash;
      step.length = found->second.bytes;
      step.hash_begin = found->second.begin;
      return step;
    }
    return {};
  }

  static constexpr uint64_t kKey = 8;
  uint64_t key_at(ByteSpan bytes, uint64_t at) const { return load<uint64_t>(bytes, at); }

  void index(Range old) {
    places_.clear();
    for (uint64_t at = old.begin; at + kKey <= old.end(); ++at) places_.try_emplace(key_at(base_, at), at);
  }

  uint64_t common(uint64_t old, uint64_t old_end, uint64_t at, uint64_t end) const {
    uint64_t n = 0;
    while (old + n < old_end && at + n < end && base_[old + n] == next_[at + n]) ++n;
    return n;
  }

  // In the old file's coordinates. Going on at the same shift is cheap, so shorter matches are worth it there.
  Range match_at(Range old, uint64_t at, uint64_t end, int64_t shift) const {
    const int64_t straight = static_cast<int64_t>(at) + shift;
    if (straight >= static_cast<int64_t>(old.begin) && straight < static_cast<int64_t>(old.end())) {
      const Range r{static_cast<uint64_t>(straight), common(static_cast<uint64_t>(straight), old.end(), at, end)};
      if (r.bytes >= 6) return r;
    }
    if (at + kKey > end) return {};
    const auto found = places_.find(key_at(next_, at));
    if (found == places_.end()) return {};
    const Range r{found->second, common(found->second, old.end(), at, end)};
    return r.bytes >= 16 ? r : Range{};
  }

  void seek(uint64_t to) {
    if (to == place_) return;
    DeltaStep step;
    step.op = DeltaOp::kSeek;
    step.seek_to = to;
    plan_.steps.push_back(step);
    place_ = to;
  }

  void copy(uint64_t old, Range now) {
    if (now.bytes == 0) return;
    DeltaStep* last = plan_.steps.empty() ? nullptr : &plan_.steps.back();
    if (last && last->op == DeltaOp::kCopy && last->old_place + last->length == old)
      last->length += now.bytes;
    else
      push(DeltaOp::kCopy, old, now.bytes);
    place_ = now.end();
  }

  void literal(Range now) {
    if (now.bytes == 0) return;
    push(DeltaOp::kLiteral, 0, now.bytes);
    place_ = now.end();
  }

  // Differences where they cost less than the bytes themselves; what is equal at the ends is copied.
  void difference(DeltaOp op, uint64_t old, Range now) {
    if (now.bytes == 0) return;
    const uint64_t unit = package::kAlignment;
    const auto same = [&](uint64_t i, uint64_t n) { return std::memcmp(base_.data() + old + i, next_.data() + now.begin + i, n) == 0; };
    uint64_t begin = 0, end = now.bytes;
    while (begin + unit <= end && same(begin, unit)) begin += unit;
    while (end >= begin + unit && same(end - unit, unit)) end -= unit;
    if (begin == end || same(begin, end - begin)) return copy(old, now);
    copy(old, {now.begin, begin});
    const Range moved{now.begin + begin, end - begin};
    const bool worth = op != DeltaOp::kBytes || bytes_move_little(old + begin, moved);
    push(worth ? op : DeltaOp::kLiteral, worth ? old + begin : 0, moved.bytes);
    place_ = moved.end();
    copy(old + end, {now.begin + end, now.bytes - end});
  }

  bool bytes_move_little(uint64_t old, Range now) const {
    std::map<int64_t, uint64_t> moves, values;
    for (uint64_t i = 0; i < now.bytes; ++i) {
      ++moves[static_cast<int8_t>(next_[now.begin + i] - base_[old + i])];
      ++values[next_[now.begin + i]];
    }
    return order0_bits(moves, now.bytes) <= order0_bits(values, now.bytes);
  }

  void push(DeltaOp op, uint64_t old, uint64_t bytes) {
    DeltaStep step;
    step.op = op;
    step.length = bytes;
    step.old_place = old;
    plan_.steps.push_back(step);
  }

  ByteSpan base_, next_;
  DeltaPlan plan_;
  uint64_t place_ = 0;
  Digests digests_;
  std::unordered_map<uint64_t, uint64_t> places_;
};

}  // namespace

DeltaPlan plan_delta(ByteSpan base, ByteSpan next) {
  const Aligned old(base), now(next);
  return Planner(old.bytes(), now.bytes()).plan();
}

}  // namespace verge
