// Cases of attention that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> attention_cases() {
  const auto one = [](const char* name, Shape q, Shape k, Shape v, int64_t trans_k, bool masked) {
    std::vector<CaseInput> in{fed(random_f32(q, 1)), fed(random_f32(k, 2)), fed(random_f32(v, 3))};
    if (masked) in.push_back(fed(random_f32({v.back(1)}, 4)));
    return op_case(std::string("attention_") + name, "attention", {{"trans_k", trans_k}, {"scale", 0.37}}, in, {{}}, v.back(1));
  };
  return {one("plain", {5, 8}, {8, 7}, {7, 3}, 0, false), one("heads", {2, 3, 30, 16}, {2, 3, 16, 50}, {2, 3, 50, 20}, 0, false),
          one("transposed", {3, 9, 4}, {3, 6, 4}, {3, 6, 5}, 1, false), one("masked", {2, 11, 8}, {2, 8, 17}, {2, 17, 8}, 0, true),
          one("several_blocks", {2, 70, 8}, {2, 8, 1500}, {2, 1500, 4}, 0, true)};
}

}  // namespace verge::testing
