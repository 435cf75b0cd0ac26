#include "eval/dataset.h"

#include <algorithm>
#include <numeric>

#include "eval/by_parts.h"

namespace verge {

Subset Subset::first(const Dataset& source, size_t count) {
  std::vector<size_t> indices(std::min(count, source.size()));
  std::iota(indices.begin(), indices.end(), size_t{0});
  return {source, std::move(indices)};
}

Result<TensorDataset> TensorDataset::from(const Dataset& source, const std::vector<size_t>* indices) {
  std::vector<size_t> all;
  if (!indices) {
    all.resize(source.size());
    std::iota(all.begin(), all.end(), size_t{0});
    indices = &all;
  }
  std::vector<Sample> samples(indices->size());
  VERGE_CHECK(by_parts(samples.size(), useful_parts(samples.size()), [&](size_t, size_t begin, size_t end) -> Result<void> {
    for (size_t i = begin; i < end; ++i) {
      VERGE_TRY(samples[i], source.get((*indices)[i]));
    }
    return done();
  }));
  return TensorDataset(std::move(samples), source.classes());
}

}  // namespace verge
