// The ordered lists of passes.
#pragma once
#include "passes/pass.h"

namespace verge::passes {

// Exact, for any target, keeps the source's layout: what importers leave becomes the fewest and richest operators.
std::span<const Pass> simplify_passes();
// simplify_passes() and then what lowering wants: one spatial dimension made two, everything channels last, the fewest transposes.
std::span<const Pass> prepare_passes();

Result<PassReport> simplify(Graph& graph, const PassOptions& options = {});
Result<PassReport> prepare(Graph& graph, const PassOptions& options = {});
// prepare() but for operators that only the runtime's float kernels know: for quantisation, export and training.
Result<PassReport> prepare_unfused(Graph& graph, PassOptions options = {});

// Passes on whole graphs; each returns how many changes it made.
Result<size_t> remove_dead(Graph& graph);
Result<size_t> fold_constants(Graph& graph);
Result<size_t> fold_dequantize(Graph& graph);
Result<size_t> remove_constant_channels(Graph& graph);
Result<size_t> reals_to_f32(Graph& graph);
Result<size_t> choose_layout(Graph& graph);

}  // namespace verge::passes
