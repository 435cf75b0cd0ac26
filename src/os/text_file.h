// Files of text: whole, and those for their owner's eyes alone.
#pragma once
#include <string>

#include "core/result.h"

namespace verge {

Result<std::string> read_text(const std::string& path);
// write_file for keys: a new file is its owner's to read and nobody else's.
Result<void> write_secret(const std::string& path, const std::string& text);

}  // namespace verge
