// SentencePiece's table of replacements before a text is cut into pieces: a double-array trie (Darts) over UTF-8, and the texts that it leads to.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::text {

class CharsMap {
 public:
  // u32 bytes of the trie, little-endian; the trie's units; texts, each ended by a zero. Nothing: a map without entries.
  static Result<CharsMap> read(ByteSpan bytes);
  // What the longest entry at the beginning of `text` (not empty) is replaced by, or its first character, and the bytes of either.
  struct Found {
    std::string_view text;
    size_t bytes;
  };
  Found first(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string texts_;
};

}  // namespace verge::text
