// Files of a folder or an archive as they lie there, and what stands for labels beside them.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "eval/files.h"

namespace verge {

// The files of a folder and those below, or of an archive, whose names are wanted, by name. kNotFound, kCorrupt (not an archive).
Result<std::vector<RawFile>> read_files(const std::string& path, const std::function<bool(const std::string& name)>& wanted);

// The label's text for each file: from the regex, the labels file or the class folder; empty where there is none.
Result<std::vector<std::string>> label_texts(const std::vector<RawFile>& files, const DataOptions& options);

// At most `limit` of them (0: all), evenly spread.
template <typename T> void keep_spread(std::vector<T>& files, size_t limit) {
  if (limit == 0 || limit >= files.size()) return;
  std::vector<T> kept;
  for (size_t i = 0; i < limit; ++i) kept.push_back(std::move(files[limit == 1 ? 0 : i * (files.size() - 1) / (limit - 1)]));
  files = std::move(kept);
}

}  // namespace verge
