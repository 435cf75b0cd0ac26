#include "packaging/delta_make.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/sha256.h"
#include "core/text.h"
#include "packaging/delta_plan.h"
#include "packaging/entropy_encoder.h"

namespace verge {
namespace {

using package::DeltaBody;
using package::DeltaHeader;
using package::DeltaOp;
using package::DeltaStep;

template <class T> T load(const uint8_t* p) {
  T out;
  std::memcpy(&out, p, sizeof out);
  return out;
}

int64_t moved_by(DeltaOp op, const uint8_t* from, const uint8_t* to) {
  if (op == DeltaOp::kBytes) return static_cast<int8_t>(*to - *from);
  if (op == DeltaOp::kHalves) return int64_t{package::ordered16(load<uint16_t>(to))} - package::ordered16(load<uint16_t>(from));
  if (op == DeltaOp::kWords) return static_cast<int32_t>(load<uint32_t>(to) - load<uint32_t>(from));
  return static_cast<int32_t>(package::ordered32(load<uint32_t>(to)) - package::ordered32(load<uint32_t>(from)));
}

class BodyWriter {
 public:
  BodyWriter(ByteSpan base, ByteSpan next) : base_(base), next_(next), models_(std::make_unique<package::DeltaModels>()) {}

  Bytes write(const std::vector<DeltaStep>& steps) {
    for (const DeltaStep& step : steps) add(step);
    package::code_step(encoder_, *models_, &shift_, place_, {});
    return encoder_.finish();
  }

 private:
  void add(const DeltaStep& step) {
    package::code_step(encoder_, *models_, &shift_, place_, step);
    if (step.op == DeltaOp::kSeek) {
      place_ = step.seek_to;
      return;
    }
    if (package::is_difference(step.op)) differences(step);
    if (step.op == DeltaOp::kLiteral) literals(step.length);
    place_ += step.op == DeltaOp::kHash ? 32 : (step.op == DeltaOp::kHexHash ? 64 : step.length);
  }
  void differences(const DeltaStep& step) {
    auto& model = models_->difference[static_cast<int>(step.op) - static_cast<int>(DeltaOp::kBytes)];
    model.begin_region();
    const auto width = static_cast<uint64_t>(package::delta_width(step.op));
    for (uint64_t i = 0; i < step.length; i += width) {
      const int64_t moved = moved_by(step.op, base_.data() + step.old_place + i, next_.data() + place_ + i);
      package::code_difference(encoder_, model, static_cast<int>(i / 4 % package::DifferenceModel::kLanes), width > 1, moved);
    }
  }
  void literals(uint64_t length) {
    uint8_t before = 0;
    for (uint64_t i = 0; i < length; ++i) {
      package::code_tree(encoder_, models_->literal.byte[package::LiteralModel::kind(before)], 8, next_[place_ + i]);
      before = next_[place_ + i];
    }
  }

  ByteSpan base_, next_;
  std::unique_ptr<package::DeltaModels> models_;
  EntropyEncoder encoder_;
  uint64_t place_ = 0, shift_ = 0;
};

Bytes with_header(DeltaBody body, ByteSpan base, ByteSpan next, ByteSpan content) {
  DeltaHeader header;
  header.body_and_size = static_cast<uint32_t>(next.size()) << 2 | static_cast<uint32_t>(body);
  uint8_t digest[32];
  if (!base.empty()) {
    sha256(base.data(), base.size(), digest);
    std::memcpy(header.old_hash, digest, sizeof header.old_hash);
  }
  sha256(next.data(), next.size(), digest);
  std::memcpy(header.new_hash, digest, sizeof header.new_hash);
  Bytes out(sizeof header + content.size());
  std::memcpy(out.data(), &header, sizeof header);
  std::copy(content.begin(), content.end(), out.begin() + sizeof header);
  return out;
}

}  // namespace

Result<Delta> make_delta(ByteSpan base, ByteSpan next) {
  if (next.size() > package::kMostDeltaBytes)
    return Error(Code::kBudget, "the new file has " + human_bytes(static_cast<double>(next.size())) + "; deltas end at 1 GB");
  Delta best{with_header(DeltaBody::kStored, {}, next, next)};
  for (const ByteSpan from : {ByteSpan(), base}) {
    DeltaPlan plan = plan_delta(from, next);
    Bytes coded = with_header(DeltaBody::kCoded, from, next, BodyWriter(from, next).write(plan.steps));
    best.tensors = plan.tensors;
    best.tensors_moved = plan.tensors_moved;
    if (coded.size() >= best.bytes.size()) continue;
    best.bytes = std::move(coded);
    best.uses_base = !from.empty();
  }
  VERGE_TRY(const Bytes back, apply_delta(base, best.bytes, next.size()), "checking the delta");
  if (!std::equal(back.begin(), back.end(), next.begin(), next.end())) return internal("the delta does not give back the new file");
  return best;
}

}  // namespace verge
