// Cases of operators that write where indices say, and of running sums, for every executor.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> scatter_cases() {
  std::vector<OpCase> cases;
  const auto data = [](DataType dtype, Shape shape, uint64_t seed) { return fed(dtype == DataType::kF32 ? random_f32(shape, seed) : random_integers(dtype, shape, seed, 0, 9)); };
  for (DataType dtype : {DataType::kF32, DataType::kU8, DataType::kI64})
    for (const std::string reduction : {"none", "add", "mul", "min", "max"}) {
      const std::string name = std::string("_") + dtype_name(dtype) + "_" + reduction;
      const Attrs attrs{{"reduction", reduction}, {"axis", int64_t{1}}};
      cases.push_back(op_case("scatter_elements" + name, "scatter_elements", attrs, {data(dtype, {5, 6, 7}, 1), fed(random_integers(DataType::kI64, {4, 9, 7}, 2, -6, 5)), data(dtype, {4, 9, 7}, 3)}, {{}}, 16));
      cases.push_back(op_case("scatter_nd" + name, "scatter_nd", {{"reduction", reduction}}, {data(dtype, {5, 6, 7}, 4), fed(random_integers(DataType::kI32, {3, 4, 2}, 5, -5, 4)), data(dtype, {3, 4, 7}, 6)}, {{}}, 16));
    }
  return cases;
}

inline std::vector<OpCase> cumulate_cases() {
  std::vector<OpCase> cases;
  for (const char* op : {"cum_sum", "cum_prod"})
    for (DataType dtype : {DataType::kF32, DataType::kI32})
      for (int64_t way = 0; way < 4; ++way) {
        const Attrs attrs{{"axis", way % 3}, {"exclusive", way & 1}, {"reverse", way >> 1}};
        Tensor x = dtype == DataType::kF32 ? random_f32({5, 3, 70}, 1, 0.5f, 1.5f) : random_integers(dtype, {5, 3, 70}, 2, -9, 9);
        cases.push_back(op_case(std::string(op) + "_" + dtype_name(dtype) + "_" + std::to_string(way), op, attrs, {fed(std::move(x))}, {{}}, 70));
      }
  return cases;
}

}  // namespace verge::testing
