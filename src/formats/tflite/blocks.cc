// SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: TensorFlow's way to write a dilated convolution, folded back into one where a convolution stands between them.
#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

// The block of each axis behind the batch, and a [axes][2] list of begin and end.
struct Blocks {
  Ints sizes, block, ends;
};

Result<Blocks> blocks_of(Op& op, const char* ends) {
  Blocks b;
  VERGE_TRY(b.sizes, op.sizes(0, "moving blocks between batch and space"));
  VERGE_TRY(b.block, op.ints(1, "the block shape"));
  VERGE_TRY(b.ends, op.ints(2, ends));
  if (b.block.empty() || b.sizes.size() < b.block.size() + 1 || b.ends.size() != 2 * b.block.size())
    return corrupt("block " + bracketed(b.block) + " with " + ends + " " + bracketed(b.ends) + " for input " + bracketed(b.sizes));
  int64_t blocks = 1;
  for (int64_t n : b.block)
    if (n < 1 || (blocks *= n) > (1 << 20)) return corrupt("block " + bracketed(b.block));
  for (int64_t n : b.ends)
    if (n < 0 || n > (1 << 30)) return corrupt(std::string(ends) + " " + bracketed(b.ends));
  if (b.sizes.size() + b.block.size() > kMaxRank) return op.refuse("blocks along more axes than rank " + std::to_string(kMaxRank) + " holds");
  return b;
}

Result<ValueId> reshaped(Op& op, ValueId x, const Ints& dims) {
  VERGE_TRY(Attrs attrs, op.shape_attr({dims.begin(), dims.end()}));
  return op.add("reshape", {x}, std::move(attrs));
}

int64_t product(const Ints& list) {
  int64_t n = 1;
  for (int64_t i : list) n *= i;
  return n;
}

// The convolution over blocks that `blocks` comes from, where it is plain enough to be a dilated one; null otherwise.
const Node* plain_conv(const Op& op, ValueId blocks) {
  const Node* node = op.producer(blocks);
  const Ints ones{1, 1}, none{0, 0, 0, 0};
  const bool plain = node && node->op == "conv" && node->integers("strides") == ones && node->integers("dilations") == ones && node->integers("pads") == none;
  return plain ? node : nullptr;
}

// Pads of the dilated convolution: those of the blocks, less what the crops take away again. Empty when the crops take more.
Ints remaining_pads(const Ints& pads, const Ints& crops) {
  const Ints left{pads[0] - crops[0], pads[2] - crops[2], pads[1] - crops[1], pads[3] - crops[3]};
  for (int64_t n : left)
    if (n < 0) return {};
  return left;
}

}  // namespace

Result<void> space_to_batch(Op& op) {
  VERGE_TRY(const Blocks b, blocks_of(op, "paddings"));
  const size_t m = b.block.size(), rank = b.sizes.size();
  Ints pads(2 * rank, 0), cut{b.sizes[0]}, perm, merged{b.sizes[0] * product(b.block)};
  for (size_t i = 0; i < m; ++i) {
    const int64_t size = b.sizes[1 + i] + b.ends[2 * i] + b.ends[2 * i + 1];
    if (size % b.block[i] != 0) return corrupt("blocks of " + std::to_string(b.block[i]) + " in a padded size of " + std::to_string(size));
    pads[1 + i] = b.ends[2 * i];
    pads[rank + 1 + i] = b.ends[2 * i + 1];
    cut.insert(cut.end(), {size / b.block[i], b.block[i]});
    perm.push_back(static_cast<int64_t>(2 + 2 * i));
    merged.push_back(size / b.block[i]);
  }
  for (size_t i = 0; i <= m; ++i) perm.push_back(i == 0 ? 0 : static_cast<int64_t>(2 * i - 1));
  for (size_t i = 1 + m; i < rank; ++i) {
    perm.push_back(static_cast<int64_t>(cut.size()));
    cut.push_back(b.sizes[i]);
    merged.push_back(b.sizes[i]);
  }
  VERGE_TRY(const ValueId padded, op.add("pad", {op.in(0)}, {{"mode", "constant"}, {"pads", pads}, {"value", 0.0}}));
  VERGE_TRY(const ValueId split, reshaped(op, padded, cut));
  VERGE_TRY(const ValueId moved, op.add("transpose", {split}, {{"perm", perm}}));
  VERGE_TRY(Attrs attrs, op.shape_attr({merged.begin(), merged.end()}));
  VERGE_CHECK(op.result("reshape", {moved}, std::move(attrs)));
  op.in_blocks()[op.value(0).index] = {op.in(0), b.block, b.ends};
  return done();
}

Result<void> batch_to_space(Op& op) {
  VERGE_TRY(const Blocks b, blocks_of(op, "crops"));
  const size_t m = b.block.size(), rank = b.sizes.size();
  if (const Node* conv = plain_conv(op, op.in(0)); conv && m == 2) {
    const auto it = op.in_blocks().find(conv->input(0).index);
    if (it != op.in_blocks().end() && it->second.block == b.block)
      if (const Ints pads = remaining_pads(it->second.pads, b.ends); !pads.empty()) {
        Attrs attrs = conv->attrs;
        attrs["dilations"] = b.block;
        attrs["pads"] = pads;
        std::vector<ValueId> inputs = conv->inputs;
        inputs[0] = it->second.x;
        return op.result("conv", std::move(inputs), std::move(attrs));
      }
  }
  const int64_t blocks = product(b.block);
  if (b.sizes[0] % blocks != 0) return corrupt("a batch of " + std::to_string(b.sizes[0]) + " in blocks " + bracketed(b.block));
  Ints cut = b.block, perm{static_cast<int64_t>(m)}, merged{b.sizes[0] / blocks}, starts, ends, axes;
  cut.push_back(merged[0]);
  cut.insert(cut.end(), b.sizes.begin() + 1, b.sizes.end());
  for (size_t i = 0; i < m; ++i) {
    perm.insert(perm.end(), {static_cast<int64_t>(m + 1 + i), static_cast<int64_t>(i)});
    merged.push_back(b.sizes[1 + i] * b.block[i]);
    starts.push_back(b.ends[2 * i]);
    ends.push_back(merged.back() - b.ends[2 * i + 1]);
    axes.push_back(static_cast<int64_t>(1 + i));
    if (ends.back() <= starts.back()) return corrupt("crops " + bracketed(b.ends) + " leave nothing of " + std::to_string(merged.back()));
  }
  for (size_t i = 1 + m; i < rank; ++i) {
    perm.push_back(static_cast<int64_t>(m + i));
    merged.push_back(b.sizes[i]);
  }
  VERGE_TRY(const ValueId split, reshaped(op, op.in(0), cut));
  VERGE_TRY(const ValueId moved, op.add("transpose", {split}, {{"perm", perm}}));
  VERGE_TRY(const ValueId joined, reshaped(op, moved, merged));
  return op.result("slice", {joined}, {{"starts", starts}, {"ends", ends}, {"axes", axes}, {"steps", Ints(m, 1)}});
}

}  // namespace verge::formats::tflite::builtins
