#include "passes/pipelines.h"

#include "passes/rules.h"

namespace verge::passes {

namespace {

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> kPasses = {
      // What the importer left.
      {"remove_dead", {}, remove_dead},
      {"identities", {&kRemoveNoOp, &kMergeReshapes, &kMergeTransposes}},
      {"fold_constants", {}, fold_constants},
      {"reals_to_f32", {}, reals_to_f32},
      // One way to say it.
      {"canonical", {&kExtremesToClamp, &kMergeClamps, &kMatmulToDense, &kGlobalPoolToMean}},
      {"patterns", {&kFuseHardSigmoid, &kFuseGate}},
      {"fuse_activation", {&kFuseActivation}},
      // Integer arithmetic; what dequantize is left on constants was of no use to it.
      {"quantized", {&kFuseQuantized, &kSinkDequantize, &kHoistQuantize, &kMergeQuantize}},
      {"tables", {&kFuseTable}},
      {"fold_dequantize", {}, fold_dequantize},
      // Arithmetic that weights can carry.
      {"fold_weights", {&kFoldBatchNorm, &kFoldChannelwise}},
      {"batch_norm_alone", {&kBatchNormToAffine}},
      // Several operators as one.
      {"fuse", {&kFuseActivation, &kFuseResidual}},
      {"tidy", {&kRemoveNoOp, &kMergeReshapes, &kMergeTransposes, &kMergeClamps}},
      {"constant_channels", {}, remove_constant_channels},
      // From here on: what lowering wants.
      {"conv_transpose", {&kConvTransposeToConv}},
      {"layout", {}, choose_layout},
      {"tidy_layout", {&kMergeTransposes, &kTransposeToReshape, &kMergeReshapes, &kRemoveNoOp, &kFoldTransposeIntoDense}},
      {"fold_pad", {&kFoldPad}},
      {"attention", {&kFuseAttention}},
      {"compact", {}, remove_dead},
  };
  return kPasses;
}

constexpr size_t kPrepareOnly = 6;  // the last of the list

}  // namespace

std::span<const Pass> simplify_passes() { return std::span(all_passes()).first(all_passes().size() - kPrepareOnly); }
std::span<const Pass> prepare_passes() { return all_passes(); }

Result<PassReport> simplify(Graph& graph, const PassOptions& options) { return run_passes(graph, simplify_passes(), options); }
Result<PassReport> prepare(Graph& graph, const PassOptions& options) { return run_passes(graph, prepare_passes(), options); }

Result<PassReport> prepare_unfused(Graph& graph, PassOptions options) {
  options.skip.insert(options.skip.end(), {kFuseResidual.name, kFuseAttention.name});
  return prepare(graph, options);
}

}  // namespace verge::passes
