#include "package/delta.h"

#include <algorithm>
#include <cstring>

#include "base/sha256.h"
#include "package/format.h"

namespace verge::package {
namespace {

constexpr uint64_t kMostSteps = uint64_t{1} << 20;

template <class T> T load(const uint8_t* p) {
  T out;
  std::memcpy(&out, p, sizeof out);
  return out;
}

// The element at `from` moved by `difference`, into `to`.
void move_element(DeltaOp op, const uint8_t* from, int64_t difference, uint8_t* to) {
  if (is_narrow(op)) {
    *to = static_cast<uint8_t>(*from + difference);
  } else if (op == DeltaOp::kHalves) {
    const uint16_t v = unordered16(static_cast<uint16_t>(ordered16(load<uint16_t>(from)) + difference));
    std::memcpy(to, &v, sizeof v);
  } else {
    const uint32_t was = load<uint32_t>(from);
    const auto moved = static_cast<uint32_t>((op == DeltaOp::kFloats ? ordered32(was) : was) + static_cast<uint64_t>(difference));
    const uint32_t v = op == DeltaOp::kFloats ? unordered32(moved) : moved;
    std::memcpy(to, &v, sizeof v);
  }
}

}  // namespace

uint8_t DeltaApplier::next_byte() {
  if (in_at_ == in_end_) {
    in_at_ = in_end_ = 0;
    if (fault_.ok()) fault_ = files_.read_delta(files_.context, in_, kBlock, &in_end_);
    if (!fault_.ok()) in_end_ = 0;
  }
  if (in_at_ < in_end_) return in_[in_at_++];
  if (++past_end_ > 8 && fault_.ok()) fault_ = Code::kCorrupt;
  return 0;
}

uint32_t DeltaApplier::bit(uint32_t one, uint32_t) {
  const uint32_t middle = interval_.middle(one);
  const uint32_t bit = code_ <= middle;
  interval_.narrow(middle, bit);
  while (interval_.byte_is_certain()) {
    interval_.shift();
    code_ = code_ << 8 | next_byte();
  }
  return bit;
}

Status DeltaApplier::put(const uint8_t* bytes, size_t count) {
  VERGE_REQUIRE(count <= new_bytes_ - place_, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(files_.write_new(files_.context, place_, bytes, count));
  place_ += count;
  return {};
}

Status DeltaApplier::read_header_byte(uint8_t* to) {
  *to = next_byte();
  VERGE_RETURN_IF_BAD(fault_);
  VERGE_REQUIRE(past_end_ == 0, Code::kCorrupt);
  return {};
}

Status DeltaApplier::begin(uint64_t most_bytes) {
  uint8_t head[3], size = 0x80;
  for (uint8_t& b : head) VERGE_RETURN_IF_BAD(read_header_byte(&b));
  VERGE_REQUIRE(head[0] == 'V' && head[1] == 'D' && head[2] >> 4 == kDeltaVersion && (head[2] & 15) <= 2, Code::kCorrupt);
  header_.body = static_cast<DeltaBody>(head[2] & 15);
  new_bytes_ = 0;
  for (int shift = 0; size & 0x80; shift += 7) {
    VERGE_REQUIRE(shift < 35, Code::kCorrupt);
    VERGE_RETURN_IF_BAD(read_header_byte(&size));
    new_bytes_ |= uint64_t{size & 0x7fU} << shift;
  }
  VERGE_REQUIRE(new_bytes_ <= most_bytes, Code::kBudget);
  if (header_.body == DeltaBody::kDifferences)
    for (uint8_t& b : header_.old_hash) VERGE_RETURN_IF_BAD(read_header_byte(&b));
  for (uint8_t& b : header_.new_hash) VERGE_RETURN_IF_BAD(read_header_byte(&b));
  return check_old();
}

Status DeltaApplier::check_old() {
  if (header_.body != DeltaBody::kDifferences) {
    files_.old_bytes = 0;
    return {};
  }
  Sha256 hash;
  for (uint64_t at = 0; at < files_.old_bytes; at += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, files_.old_bytes - at));
    VERGE_RETURN_IF_BAD(files_.read_old(files_.context, at, old_, count));
    hash.update(old_, count);
  }
  uint8_t digest[32];
  hash.finish(digest);
  VERGE_REQUIRE(std::memcmp(digest, header_.old_hash, sizeof header_.old_hash) == 0, Code::kNotFound);
  return {};
}

// What is left of the block that the header was read from comes first.
Status DeltaApplier::run_stored() {
  while (true) {
    if (in_at_ == in_end_) {
      in_at_ = 0;
      VERGE_RETURN_IF_BAD(files_.read_delta(files_.context, in_, kBlock, &in_end_));
      if (in_end_ == 0) return place_ == new_bytes_ ? Status() : Status(Code::kCorrupt);
    }
    VERGE_RETURN_IF_BAD(put(in_ + in_at_, in_end_ - in_at_));
    in_at_ = in_end_;
  }
}

Status DeltaApplier::copy(const DeltaStep& step) {
  VERGE_REQUIRE(step.old_place <= files_.old_bytes && step.length <= files_.old_bytes - step.old_place, Code::kCorrupt);
  for (uint64_t done = 0; done < step.length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, step.length - done));
    VERGE_RETURN_IF_BAD(files_.read_old(files_.context, step.old_place + done, old_, count));
    VERGE_RETURN_IF_BAD(put(old_, count));
  }
  return {};
}

Status DeltaApplier::differ(const DeltaStep& step) {
  const auto width = static_cast<size_t>(delta_width(step.op));
  VERGE_REQUIRE(step.length % width == 0, Code::kCorrupt);
  VERGE_REQUIRE(step.old_place <= files_.old_bytes && step.length <= files_.old_bytes - step.old_place, Code::kCorrupt);
  begin_differences(models_, step.op);
  for (uint64_t done = 0; done < step.length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, step.length - done));
    VERGE_RETURN_IF_BAD(files_.read_old(files_.context, step.old_place + done, old_, count));
    for (size_t i = 0; i < count; i += width) {
      move_element(step.op, old_ + i, code_difference(*this, models_, step.op, done + i, 0), out_ + i);
      VERGE_RETURN_IF_BAD(fault_);
    }
    VERGE_RETURN_IF_BAD(put(out_, count));
  }
  return {};
}

Status DeltaApplier::literal(const DeltaStep& step) {
  uint8_t before = 0;
  for (uint64_t done = 0; done < step.length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, step.length - done));
    for (size_t i = 0; i < count; ++i) {
      out_[i] = before = code_literal(*this, models_.literal, step.op == DeltaOp::kHexLiteral, before, 0);
      VERGE_RETURN_IF_BAD(fault_);
    }
    VERGE_RETURN_IF_BAD(put(out_, count));
  }
  return {};
}

Status DeltaApplier::hash_new(uint64_t begin, uint64_t length, uint8_t digest[32]) {
  VERGE_REQUIRE(begin <= new_bytes_ && length <= new_bytes_ - begin, Code::kCorrupt);
  Sha256 hash;
  for (uint64_t done = 0; done < length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, length - done));
    VERGE_RETURN_IF_BAD(files_.read_new(files_.context, begin + done, old_, count));
    hash.update(old_, count);
  }
  hash.finish(digest);
  return {};
}

// A hash's place is kept until the bytes behind it are there.
Status DeltaApplier::leave_hash(const DeltaStep& step) {
  VERGE_REQUIRE(hash_count_ < kMostDeltaHashes, Code::kCorrupt);
  hashes_[hash_count_] = step;
  hash_places_[hash_count_++] = place_;
  const uint8_t nothing[64] = {};
  return put(nothing, step.length);
}

// The last first: sections lie behind what names their hashes, so what is hashed is complete.
Status DeltaApplier::fill_hashes() {
  while (hash_count_ > 0) {
    --hash_count_;
    VERGE_RETURN_IF_BAD(fill_hash(hashes_[hash_count_], hash_places_[hash_count_]));
  }
  return {};
}

Status DeltaApplier::fill_hash(const DeltaStep& step, uint64_t place) {
  SectionRecord section;
  const uint64_t at = sizeof(PackageHeader) + step.section * sizeof section;
  VERGE_REQUIRE(step.section < kMostSections && at + sizeof section <= new_bytes_, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(files_.read_new(files_.context, at, &section, sizeof section));
  hashed_ += std::min(section.bytes, new_bytes_);
  VERGE_REQUIRE(hashed_ <= 4 * new_bytes_, Code::kCorrupt);  // a small delta must not make long work
  uint8_t digest[32], text[64];
  VERGE_RETURN_IF_BAD(hash_new(section.offset, section.bytes, digest));
  if (step.op == DeltaOp::kHash) return files_.write_new(files_.context, place, digest, sizeof digest);
  for (size_t i = 0; i < sizeof text; ++i) text[i] = static_cast<uint8_t>(hex_digit(digest[i / 2] >> (i % 2 ? 0 : 4) & 15));
  return files_.write_new(files_.context, place, text, sizeof text);
}

Status DeltaApplier::run_step(const DeltaStep& step) {
  if (step.op == DeltaOp::kCopy) return copy(step);
  if (is_difference(step.op)) return differ(step);
  if (step.op == DeltaOp::kLiteral || step.op == DeltaOp::kHexLiteral) return literal(step);
  VERGE_REQUIRE(is_hash(step.op), Code::kCorrupt);
  return leave_hash(step);
}

Status DeltaApplier::run_coded() {
  for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next_byte();
  for (uint64_t steps = 0; steps < kMostSteps; ++steps) {
    const DeltaStep step = code_step(*this, models_, &shift_, place_, {});
    VERGE_RETURN_IF_BAD(fault_);
    if (step.op == DeltaOp::kEnd) return place_ == new_bytes_ ? fill_hashes() : Status(Code::kCorrupt);
    VERGE_RETURN_IF_BAD(run_step(step));
  }
  return Code::kCorrupt;
}

Status DeltaApplier::check_new() {
  uint8_t digest[32];
  VERGE_RETURN_IF_BAD(hash_new(0, new_bytes_, digest));
  VERGE_REQUIRE(std::memcmp(digest, header_.new_hash, sizeof header_.new_hash) == 0, Code::kIntegrity);
  return {};
}

Status DeltaApplier::apply(const DeltaFiles& files, uint64_t most_bytes) {
  files_ = files;
  models_ = DeltaModels();
  interval_ = Interval();
  code_ = past_end_ = 0;
  in_at_ = in_end_ = 0;
  fault_ = Status();
  place_ = hashed_ = 0;
  hash_count_ = 0;
  shift_ = 0;
  VERGE_RETURN_IF_BAD(begin(most_bytes));
  VERGE_RETURN_IF_BAD(header_.body == DeltaBody::kStored ? run_stored() : run_coded());
  return check_new();
}

}  // namespace verge::package
