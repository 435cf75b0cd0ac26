#include "package/delta.h"

#include <algorithm>
#include <cstring>

#include "base/sha256.h"

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
  if (op == DeltaOp::kBytes) {
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
  VERGE_REQUIRE(count <= new_bytes_ - place_ && count <= new_bytes_ - written_, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(files_.write_new(files_.context, place_, bytes, count));
  place_ += count;
  written_ += count;
  return {};
}

Status DeltaApplier::begin(uint64_t most_bytes) {
  uint8_t* to = reinterpret_cast<uint8_t*>(&header_);
  for (size_t got = 0, more = 0; got < sizeof header_; got += more) {
    VERGE_RETURN_IF_BAD(files_.read_delta(files_.context, to + got, sizeof header_ - got, &more));
    VERGE_REQUIRE(more > 0, Code::kCorrupt);
  }
  VERGE_REQUIRE(header_.magic == kDeltaMagic && (header_.body_and_size & 3) <= 1, Code::kCorrupt);
  new_bytes_ = header_.body_and_size >> 2;
  VERGE_REQUIRE(new_bytes_ <= most_bytes, Code::kBudget);
  return check_old();
}

Status DeltaApplier::check_old() {
  const uint8_t none[sizeof header_.old_hash] = {};
  if (std::memcmp(header_.old_hash, none, sizeof none) == 0) {
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

Status DeltaApplier::run_stored() {
  while (written_ < new_bytes_) {
    size_t got = 0;
    VERGE_RETURN_IF_BAD(files_.read_delta(files_.context, in_, kBlock, &got));
    VERGE_REQUIRE(got > 0, Code::kCorrupt);
    VERGE_RETURN_IF_BAD(put(in_, got));
  }
  size_t got = 0;
  VERGE_RETURN_IF_BAD(files_.read_delta(files_.context, in_, 1, &got));
  VERGE_REQUIRE(got == 0, Code::kCorrupt);
  return {};
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
  DifferenceModel& model = models_.difference[static_cast<int>(step.op) - static_cast<int>(DeltaOp::kBytes)];
  model.begin_region();
  for (uint64_t done = 0; done < step.length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, step.length - done));
    VERGE_RETURN_IF_BAD(files_.read_old(files_.context, step.old_place + done, old_, count));
    for (size_t i = 0; i < count; i += width) {
      const int lane = static_cast<int>((done + i) / 4 % DifferenceModel::kLanes);
      move_element(step.op, old_ + i, code_difference(*this, model, lane, width > 1, 0), out_ + i);
      VERGE_RETURN_IF_BAD(fault_);
    }
    VERGE_RETURN_IF_BAD(put(out_, count));
  }
  return {};
}

Status DeltaApplier::literal(uint64_t length) {
  uint8_t before = 0;
  for (uint64_t done = 0; done < length; done += kBlock) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kBlock, length - done));
    for (size_t i = 0; i < count; ++i) {
      before = static_cast<uint8_t>(code_tree(*this, models_.literal.byte[LiteralModel::kind(before)], 8, 0));
      out_[i] = before;
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

Status DeltaApplier::put_hash(const DeltaStep& step) {
  VERGE_REQUIRE(step.length <= 4 * new_bytes_ - hashed_, Code::kCorrupt);  // a small delta must not make long work
  hashed_ += step.length;
  uint8_t digest[32], text[64];
  VERGE_RETURN_IF_BAD(hash_new(step.hash_begin, step.length, digest));
  if (step.op == DeltaOp::kHash) return put(digest, sizeof digest);
  for (size_t i = 0; i < sizeof text; ++i) text[i] = static_cast<uint8_t>("0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15]);
  return put(text, sizeof text);
}

Status DeltaApplier::run_step(const DeltaStep& step) {
  if (step.op == DeltaOp::kCopy) return copy(step);
  if (is_difference(step.op)) return differ(step);
  if (step.op == DeltaOp::kLiteral) return literal(step.length);
  if (step.op == DeltaOp::kHash || step.op == DeltaOp::kHexHash) return put_hash(step);
  VERGE_REQUIRE(step.op == DeltaOp::kSeek && step.seek_to <= new_bytes_, Code::kCorrupt);
  place_ = step.seek_to;
  return {};
}

Status DeltaApplier::run_coded() {
  for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next_byte();
  for (uint64_t steps = 0; steps < kMostSteps; ++steps) {
    const DeltaStep step = code_step(*this, models_, &shift_, place_, {});
    VERGE_RETURN_IF_BAD(fault_);
    if (step.op == DeltaOp::kEnd) return written_ == new_bytes_ ? Status() : Status(Code::kCorrupt);
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
  place_ = written_ = hashed_ = 0;
  shift_ = 0;
  VERGE_RETURN_IF_BAD(begin(most_bytes));
  const bool coded = (header_.body_and_size & 3) == static_cast<uint32_t>(DeltaBody::kCoded);
  VERGE_RETURN_IF_BAD(coded ? run_coded() : run_stored());
  return check_new();
}

}  // namespace verge::package
