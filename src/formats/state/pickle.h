// Python's pickles as values, without Python: what state.h says of their safety holds here.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::formats {

struct PickleValue;
using Pickled = PickleValue*;  // owned by the pickle

struct PickleValue {
  enum class Kind : uint8_t { kNone, kInteger, kReal, kText, kList, kDict, kGlobal, kObject, kPersistent };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  // booleans too
  double real = 0;
  std::string text;                                // kGlobal: "module name"
  std::vector<Pickled> items;                      // kList (tuples too); kObject: callable, arguments[, state]; kPersistent: the id
  std::vector<std::pair<Pickled, Pickled>> pairs;  // kDict

  bool is(Kind k) const { return kind == k; }
};

struct Pickle {
  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
};

// Reads one pickle of `bytes` from `at` on and moves `at` behind it. Values may be shared, and with a hostile file form circles: whoever walks them bounds the
// steps. kCorrupt names the byte.
Result<Pickle> read_pickle(ByteSpan bytes, size_t& at);

}  // namespace verge::formats
