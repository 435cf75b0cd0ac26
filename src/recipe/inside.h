// What a report shows of the chosen network's inside: how its memory fills, which instructions it has, how the values of its worst layers are spread.
#pragma once
#include <span>
#include <vector>

#include "core/json.h"
#include "eval/bench.h"
#include "eval/dataset.h"
#include "quant/blame.h"
#include "quant/quantize.h"

namespace verge {

// [{"name", "op", "bytes"}], in the order of execution: bytes of the arena that hold a value or scratch memory while the instruction runs.
Json memory_timeline(const rt::Model& model);

// [{"op", "count", "macs", "integer", "ms"}], the most work first: instructions by kind; "ms", the sum of their medians, is null without a profile.
Json placement(const rt::Model& model, std::span<const OpProfile> profile);

// [{"name", "low", "high", "counts", "range"}]: the float outputs of the three layers with the least signal to noise in equal bins from low to high, beside the least and
// the greatest number that the plan's integers stand for. `graph` is the float network that `plan` and `blame` belong to; at most 32 samples are asked.
Result<Json> histograms(const Graph& graph, const QuantPlan& plan, std::span<const LayerBlame> blame, const Dataset& data);

}  // namespace verge
