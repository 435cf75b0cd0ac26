#include "eval/dataset.h"

#include <algorithm>
#include <numeric>

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
  std::vector<Sample> samples;
  for (size_t i : *indices) {
    VERGE_TRY(Sample sample, source.get(i));
    samples.push_back(std::move(sample));
  }
  return TensorDataset(std::move(samples), source.classes());
}

}  // namespace verge
