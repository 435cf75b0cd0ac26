#include "packaging/delta_make.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/sha256.h"
#include "core/text.h"
#include "packaging/delta_moves.h"
#include "packaging/delta_plan.h"
#include "packaging/entropy_encoder.h"

namespace verge {
namespace {

using package::DeltaBody;
using package::DeltaHeader;
using package::DeltaOp;
using package::DeltaStep;

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
    if (package::is_difference(step.op)) code_moves(encoder_, *models_, step, base_, next_.subspan(place_, step.length));
    if (step.op == DeltaOp::kLiteral || step.op == DeltaOp::kHexLiteral) literals(step);
    place_ += step.length;
  }
  void literals(const DeltaStep& step) {
    uint8_t before = 0;
    for (uint64_t i = 0; i < step.length; ++i)
      before = package::code_literal(encoder_, models_->literal, step.op == DeltaOp::kHexLiteral, before, next_[place_ + i]);
  }

  ByteSpan base_, next_;
  std::unique_ptr<package::DeltaModels> models_;
  EntropyEncoder encoder_;
  uint64_t place_ = 0, shift_ = 0;
};

Bytes with_header(DeltaBody body, ByteSpan base, ByteSpan next, ByteSpan content) {
  Bytes out = {'V', 'D', static_cast<uint8_t>(package::kDeltaVersion << 4 | static_cast<uint32_t>(body))};
  for (uint64_t size = next.size(), more = 1; more; size >>= 7) {
    more = size > 0x7f;
    out.push_back(static_cast<uint8_t>((size & 0x7f) | more << 7));
  }
  DeltaHeader header;
  uint8_t digest[32];
  if (body == DeltaBody::kDifferences) {
    sha256(base.data(), base.size(), digest);
    out.insert(out.end(), digest, digest + sizeof header.old_hash);
  }
  sha256(next.data(), next.size(), digest);
  out.insert(out.end(), digest, digest + sizeof header.new_hash);
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

}  // namespace

Result<Delta> make_delta(ByteSpan base, ByteSpan next) {
  if (next.size() > package::kMostDeltaBytes)
    return Error(Code::kBudget, "the new file has " + human_bytes(static_cast<double>(next.size())) + "; deltas end at 1 GB");
  Delta best{with_header(DeltaBody::kStored, {}, next, next)};
  for (const ByteSpan from : {ByteSpan(), base}) {
    DeltaPlan plan = plan_delta(from, next);
    const DeltaBody body = from.empty() ? DeltaBody::kCoded : DeltaBody::kDifferences;
    Bytes coded = with_header(body, from, next, BodyWriter(from, next).write(plan.steps));
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
