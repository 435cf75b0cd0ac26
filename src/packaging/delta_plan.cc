#include "packaging/delta_plan.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/dtype.h"
#include "base/sha256.h"
#include "core/digest.h"
#include "package/reader.h"
#include "packaging/delta_moves.h"
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

// Which constant of the old program a constant of the new one is: the one at the same place in a program of the same shape, else the one of its name, else the one
// beside it when both lists are laid side by side, in order, so that most bytes stand beside equal ones or ones of their size and type.
class Counterparts {
 public:
  Counterparts(ByteSpan base, ByteSpan next, const ProgramParts& old, const ProgramParts& now)
      : base_(base), next_(next), old_(old.constants), now_(now.constants), by_name_(old.constants.begin(), old.constants.end()), beside_(now.constants.size()) {
    same_shape_ = std::equal(old_.begin(), old_.end(), now_.begin(), now_.end(), [](const auto& a, const auto& b) { return alike(a.second, b.second); });
    if (!same_shape_ && old_.size() * now_.size() <= kMostPairs) lay_side_by_side();
  }
  // its place in the old file
  std::optional<uint64_t> of(size_t i) const {
    if (same_shape_) return old_[i].second.range.begin;
    const auto found = by_name_.find(now_[i].first);
    if (found != by_name_.end() && !found->first.empty() && alike(found->second, now_[i].second)) return found->second.range.begin;
    return beside_[i];
  }

 private:
  using Constants = std::vector<std::pair<std::string, Constant>>;
  static constexpr size_t kMostPairs = size_t{1} << 22;

  static bool alike(const Constant& a, const Constant& b) { return a.range.bytes == b.range.bytes && a.dtype == b.dtype; }

  // What it is worth that two constants stand side by side, in bytes.
  uint64_t worth(const Constant& old, const Constant& now) const {
    if (!alike(old, now)) return 0;
    const bool equal = std::memcmp(base_.data() + old.range.begin, next_.data() + now.range.begin, now.range.bytes) == 0;
    return equal ? 2 * now.range.bytes : now.range.bytes;
  }

  // The longest common subsequence, by worth.
  void lay_side_by_side() {
    const size_t width = old_.size() + 1;
    std::vector<uint64_t> best((now_.size() + 1) * width);
    const auto at = [&](size_t i, size_t j) -> uint64_t& { return best[i * width + j]; };
    for (size_t i = now_.size(); i-- > 0;)
      for (size_t j = old_.size(); j-- > 0;) {
        const uint64_t pair = worth(old_[j].second, now_[i].second);
        at(i, j) = std::max({at(i + 1, j), at(i, j + 1), pair ? pair + at(i + 1, j + 1) : 0});
      }
    for (size_t i = 0, j = 0; i < now_.size() && j < old_.size();) {
      if (at(i, j) == at(i + 1, j)) ++i;
      else if (at(i, j) == at(i, j + 1)) ++j;
      else beside_[i++] = old_[j++].second.range.begin;
    }
  }

  ByteSpan base_, next_;
  const Constants &old_, &now_;
  std::map<std::string, Constant> by_name_;
  std::vector<std::optional<uint64_t>> beside_;  // places in the old file
  bool same_shape_ = false;
};

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
  struct Section {
    Range range;
    uint64_t index = 0;
  };

  static bool open(ByteSpan bytes, package::Reader* reader) { return package::Reader::open(bytes.data(), bytes.size(), reader).ok(); }
  static Range range_of(const package::Reader& reader, uint32_t i) { return {reader.record(i).offset, reader.record(i).bytes}; }

  static std::optional<Range> find(const package::Reader* reader, uint32_t kind) {
    for (uint32_t i = 0; reader && i < reader->section_count(); ++i)
      if (reader->record(i).kind == kind) return range_of(*reader, i);
    return {};
  }

  // Header and table, then the sections as they lie; hashes of what comes later are computed by the reader.
  void plan_package(const package::Reader* old, const package::Reader& now) {
    for (uint32_t i = 0; i < now.section_count(); ++i) remember_digest({range_of(now, i), i});
    const uint64_t head = sizeof(package::PackageHeader) + now.section_count() * sizeof(package::SectionRecord);
    const uint64_t old_head = old ? sizeof(package::PackageHeader) + old->section_count() * sizeof(package::SectionRecord) : 0;
    plan_bytes({0, old_head}, {0, head});
    for (const uint32_t i : in_file_order(now)) {
      const Range section = range_of(now, i);
      if (section.begin < place_) continue;  // shared bytes are written once
      plan_gap(place_, section.begin, 0);
      plan_section(find(old, now.record(i).kind), section, now.record(i).kind);
    }
    plan_gap(place_, next_.size(), 0);
  }

  static std::vector<uint32_t> in_file_order(const package::Reader& reader) {
    std::vector<uint32_t> order(reader.section_count());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return reader.record(a).offset < reader.record(b).offset; });
    return order;
  }

  void plan_section(std::optional<Range> old, Range now, uint32_t kind) {
    const Range from = old.value_or(Range{});
    const auto before = old ? program_parts(base_, *old) : std::nullopt;
    const auto after = kind == static_cast<uint32_t>(package::Kind::kProgram) ? program_parts(next_, now) : std::nullopt;
    if (after) plan_.tensors += after->constants.size();
    if (before && after)
      plan_program(*before, *after, now);
    else
      plan_bytes(from, now);
  }

  void plan_program(const ProgramParts& old, const ProgramParts& now, Range section) {
    plan_tables(old, now);
    const Counterparts counterparts(base_, next_, old, now);
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

  // Tables of the same shape lie at the same places; scales move otherwise than the rest.
  void plan_tables(const ProgramParts& old, const ProgramParts& now) {
    const auto& a = old.header;
    const auto& b = now.header;
    if (old.tables.bytes != now.tables.bytes || a.scales.offset != b.scales.offset || a.scales.count != b.scales.count)
      return plan_bytes(old.tables, now.tables);
    const uint64_t from = old.tables.begin, to = now.tables.begin;
    const uint64_t scales = b.scales.offset, scales_end = scales + uint64_t{b.scales.count} * 4;
    difference(from, {to, scales});
    difference(from + scales, {to + scales, scales_end - scales});
    difference(from + scales_end, {to + scales_end, now.tables.bytes - scales_end});
  }

  void plan_constant(const Constant& constant, std::optional<uint64_t> old) {
    const Range& r = constant.range;
    if (!old) {
      ++plan_.tensors_moved;
      return literal(r);
    }
    if (std::memcmp(base_.data() + *old, next_.data() + r.begin, r.bytes) == 0) return copy(*old, r);
    ++plan_.tensors_moved;
    difference(*old, r);
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

  // Bytes of any kind: hashes of later sections, long matches anywhere in `old`, literals between them.
  void plan_bytes(Range old, Range now) {
    index(old);
    int64_t shift = static_cast<int64_t>(old.begin) - static_cast<int64_t>(now.begin);
    uint64_t at = now.begin;
    for (const auto& [place, step] : hashes_in(old, now, shift)) {
      plan_matches(old, {at, place - at}, &shift);
      plan_.steps.push_back(step);
      place_ = at = place + step.length;
    }
    plan_matches(old, {at, now.end() - at}, &shift);
  }

  void plan_matches(Range old, Range now, int64_t* shift) {
    uint64_t at = now.begin, pending = now.begin;
    while (at < now.end()) {
      const Range match = match_at(old, at, now.end(), *shift);
      if (match.bytes == 0) {
        ++at;
        continue;
      }
      literal({pending, at - pending});
      copy(match.begin, {at, match.bytes});
      *shift = static_cast<int64_t>(match.begin) - static_cast<int64_t>(at);
      pending = at += match.bytes;
    }
    literal({pending, now.end() - pending});
  }

  void remember_digest(const Section& section) {
    uint8_t digest[32];
    sha256(next_.data() + section.range.begin, section.range.bytes, digest);
    digests_[std::string(reinterpret_cast<const char*>(digest), sizeof digest)] = digests_[hex_text(digest)] = section;
  }

  // Hashes of sections that come later, where the old file has other bytes at this shift.
  std::vector<std::pair<uint64_t, DeltaStep>> hashes_in(Range old, Range now, int64_t shift) {
    std::vector<std::pair<uint64_t, DeltaStep>> out;
    for (uint64_t at = now.begin; at + 32 <= now.end(); ++at) {
      const std::optional<DeltaStep> step = hash_at(at, now.end());
      if (!step || hashes_ == package::kMostDeltaHashes) continue;
      const int64_t was = static_cast<int64_t>(at) + shift;
      if (was >= 0 && common(static_cast<uint64_t>(was), old.end(), at, at + step->length) == step->length) continue;
      out.push_back({at, *step});
      ++hashes_;
      at += step->length - 1;
    }
    return out;
  }

  std::optional<DeltaStep> hash_at(uint64_t at, uint64_t end) const {
    for (const uint64_t size : {uint64_t{32}, uint64_t{64}}) {
      if (at + size > end) continue;
      const auto found = digests_.find(std::string(reinterpret_cast<const char*>(next_.data()) + at, size));
      if (found == digests_.end() || found->second.range.begin < at + size) continue;
      DeltaStep step;
      step.op = size == 32 ? DeltaOp::kHash : DeltaOp::kHexHash;
      step.length = size;
      step.section = found->second.index;
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

  void copy(uint64_t old, Range now) {
    if (now.bytes == 0) return;
    DeltaStep* last = plan_.steps.empty() ? nullptr : &plan_.steps.back();
    if (last && last->op == DeltaOp::kCopy && last->old_place + last->length == old)
      last->length += now.bytes;
    else
      push(DeltaOp::kCopy, old, now.bytes);
    place_ = now.end();
  }

  // Hashes in hex are digits that nothing foretells.
  void literal(Range now) {
    uint64_t pending = now.begin;
    for (uint64_t at = now.begin; at < now.end();) {
      uint64_t digits = at;
      while (digits < now.end() && is_hex(next_[digits])) ++digits;
      if (digits - at >= kHexRun) {
        push_literal(DeltaOp::kLiteral, {pending, at - pending});
        push_literal(DeltaOp::kHexLiteral, {at, digits - at});
        pending = digits;
      }
      at = digits + 1;
    }
    push_literal(DeltaOp::kLiteral, {pending, now.end() - pending});
  }
  void push_literal(DeltaOp op, Range now) {
    if (now.bytes == 0) return;
    push(op, 0, now.bytes);
    place_ = now.end();
  }
  static constexpr uint64_t kHexRun = 32;
  static bool is_hex(uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

  // In the form that costs least; what is equal at the ends is copied.
  void difference(uint64_t old, Range now) {
    if (now.bytes == 0) return;
    const uint64_t unit = package::kAlignment;
    const auto same = [&](uint64_t i, uint64_t n) { return std::memcmp(base_.data() + old + i, next_.data() + now.begin + i, n) == 0; };
    uint64_t begin = 0, end = now.bytes;
    while (begin + unit <= end && same(begin, unit)) begin += unit;
    while (end >= begin + unit && same(end - unit, unit)) end -= unit;
    if (begin == end || same(begin, end - begin)) return copy(old, now);
    copy(old, {now.begin, begin});
    const Range moved{now.begin + begin, end - begin};
    const DeltaOp op = cheapest(old + begin, moved);
    push(op, op == DeltaOp::kLiteral ? 0 : old + begin, moved.bytes);
    if (op != DeltaOp::kLiteral) code_moves(op, old + begin, moved, *models_);
    place_ = moved.end();
    copy(old + end, {now.begin + end, now.bytes - end});
  }

  // Judged by the region's first 64 KB.
  DeltaOp cheapest(uint64_t old, Range now) const {
    if (now.bytes > kJudged && now.bytes % 4 == 0) now.bytes = kJudged;
    DeltaOp best = DeltaOp::kLiteral;
    double least = literal_bits(now);
    for (const DeltaOp op : {DeltaOp::kBytes, DeltaOp::kCentred, DeltaOp::kHalves, DeltaOp::kWords, DeltaOp::kFloats}) {
      if (now.bytes % static_cast<uint64_t>(package::delta_width(op))) continue;
      const double bits = difference_bits(op, old, now);
      if (bits >= least) continue;
      least = bits;
      best = op;
    }
    return best;
  }

  static constexpr uint64_t kJudged = 1 << 16;

  // What it costs after the regions before it.
  double difference_bits(DeltaOp op, uint64_t old, Range now) const {
    const auto models = std::make_unique<package::DeltaModels>(*models_);
    return code_moves(op, old, now, *models);
  }

  double code_moves(DeltaOp op, uint64_t old, Range now, package::DeltaModels& models) const {
    BitCounter counter;
    DeltaStep step;
    step.op = op;
    step.length = now.bytes;
    step.old_place = old;
    verge::code_moves(counter, models, step, base_, next_.subspan(now.begin, now.bytes));
    return counter.bits();
  }

  double literal_bits(Range now) const {
    const auto model = std::make_unique<package::LiteralModel>();
    BitCounter counter;
    uint8_t before = 0;
    for (uint64_t i = 0; i < now.bytes; ++i) before = package::code_literal(counter, *model, false, before, next_[now.begin + i]);
    return counter.bits();
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
  std::map<std::string, Section> digests_;  // by SHA-256, as bytes and in hex
  uint32_t hashes_ = 0;
  std::unique_ptr<package::DeltaModels> models_ = std::make_unique<package::DeltaModels>();  // what the differences so far have taught
  std::unordered_map<uint64_t, uint64_t> places_;
};

}  // namespace

DeltaPlan plan_delta(ByteSpan base, ByteSpan next) {
  const Aligned old(base), now(next);
  return Planner(old.bytes(), now.bytes()).plan();
}

}  // namespace verge
