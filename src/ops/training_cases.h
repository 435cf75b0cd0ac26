// Cases of the operators that training adds, for every executor.
#pragma once
#include "ops/conv/conv_cases.h"

namespace verge::testing {

inline Attrs with_ints(Attrs attrs, const std::string& name, const Shape& shape) {
  return with(std::move(attrs), name, std::vector<int64_t>(shape.dim, shape.dim + shape.rank));
}

// The gradients of every shape of convolution, the output's size from inference.
inline std::vector<OpCase> conv_gradient_cases() {
  std::vector<OpCase> cases;
  for (const ConvShape& s : conv_shapes()) {
    Graph forward;
    const NodeId conv = forward.add_node({"conv", {forward.add_input("x", TensorType(DataType::kF32, s.x)), forward.add_input("w", TensorType(DataType::kF32, s.w))}, s.attrs, "conv"});
    (void)ops::infer_types(forward).ok();
    const Shape y = forward.type(forward.node(conv).output()).shape();
    cases.push_back(op_case("input_gradient_" + s.name, "conv_input_gradient", with_ints(s.attrs, "shape", s.x), {fed(random_f32(y, 1)), fed(random_f32(s.w, 2))}, {{}},
                            s.w.count() / s.w[3]));
    cases.push_back(op_case("weight_gradient_" + s.name, "conv_weight_gradient", with_ints(s.attrs, "kernel", {s.w[1], s.w[2]}),
                            {fed(random_f32(s.x, 3)), fed(random_f32(y, 4))}, {{}, {}}, y.count() / y[3]));
  }
  const Attrs same = conv_attrs({1, 1}, {1, 1, 1, 1});  // by Winograd's filtering: tolerances as in conv_f32_cases
  cases.push_back(op_case("input_gradient_winograd", "conv_input_gradient", with_ints(same, "shape", {2, 12, 23, 48}), {fed(random_f32({2, 12, 23, 32}, 7)), fed(random_f32({32, 3, 3, 48}, 8))},
                          {{}}, 4 * 9 * 32));
  for (const auto& [x, n] : std::vector<std::pair<Shape, int32_t>>{{{64, 130}, 100}, {{5, 33}, 17}, {{1, 7}, 1}, {{2, 3, 7}, 40}}) {
    Shape y = x;
    y[y.rank - 1] = n;
    cases.push_back(op_case("dense_gradient_" + std::to_string(n), "dense_weight_gradient", {}, {fed(random_f32(x, 5)), fed(random_f32(y, 6))}, {{}, {}}, x.count() / x.back(0)));
  }
  return cases;
}

// Weights and bias that are inputs.
inline std::vector<OpCase> computed_weight_cases() {
  std::vector<OpCase> cases;
  for (const ConvShape& s : conv_shapes())
    cases.push_back(op_case("conv_computed_" + s.name, "conv", s.attrs, {fed(random_f32(s.x, 1)), fed(random_f32(s.w, 2)), fed(random_f32({s.w[0]}, 3))}, {{}}, s.w.count(1, 4)));
  cases.push_back(op_case("conv_computed_winograd", "conv", conv_attrs({1, 1}, {1, 1, 1, 1}), {fed(random_f32({2, 12, 23, 32}, 1)), fed(random_f32({48, 3, 3, 32}, 2)), fed(random_f32({48}, 3))}, {{}},
                          4 * 9 * 32));
  cases.push_back(op_case("dense_computed", "dense", {{"clamp_min", 0.0}}, {fed(random_f32({70, 130}, 1)), fed(random_f32({100, 130}, 2)), fed(random_f32({100}, 3))}, {{}}, 130));
  return cases;
}

inline std::vector<OpCase> training_cases() {
  std::vector<OpCase> cases;
  const Attrs relu{{"clamp_min", 0.0}};
  for (const Shape& x : {Shape{2, 3, 5, 7}, Shape{4, 8, 8, 16}, Shape{3, 9, 7, 64}, Shape{40, 200}}) {
    const Shape c{x.back(0)};
    const std::string name = std::to_string(c[0]);
    const auto parameter = [&](uint64_t seed) { return fed(random_f32(c, seed, 0.5f, 2)); };
    cases.push_back(op_case("batch_norm_train_" + name, "batch_norm_train", relu,
                            {fed(random_f32(x, 1, -1, 3)), parameter(2), fed(random_f32(c, 3)), fed(random_f32(c, 4)), parameter(5)}, {{}, {}, {}, {}, {}}, 200));
    cases.push_back(op_case("batch_norm_gradient_" + name, "batch_norm_gradient", relu,
                            {fed(random_f32(x, 1, -1, 3)), fed(random_f32(x, 6)), parameter(2), fed(random_f32(c, 3)), fed(random_f32(c, 7)), parameter(8)}, {{}, {}, {}}, 4000));
  }
  const Tensor schedule = Tensor::of<float>({3}, {0.01f, 1.2f, 1.5f}), scale = Tensor::scalar(0.5f);
  const auto number = [](uint64_t seed) { return fed(random_f32({7, 11}, seed)); };
  const CaseInput second = fed(random_f32({7, 11}, 9, 0, 1));
  cases.push_back(op_case("sgd", "sgd", {{"momentum", 0.9}, {"decay", 0.01}}, {number(1), number(2), number(3), fed(schedule)}, {{}, {}}));
  cases.push_back(op_case("sgd_nesterov_scaled", "sgd", {{"momentum", 0.9}, {"nesterov", int64_t{1}}}, {number(1), number(2), number(3), fed(schedule), fed(scale)}, {{}, {}}));
  cases.push_back(op_case("adam", "adam", {{"decay", 0.01}}, {number(1), number(2), second, number(3), fed(schedule)}, {{}, {}, {}}, 8));
  cases.push_back(op_case("adamw", "adam", {{"decoupled_decay", 0.01}}, {number(1), number(2), second, number(3), fed(schedule), fed(scale)}, {{}, {}, {}}, 8));
  cases.push_back(op_case("cross_entropy", "cross_entropy", {}, {fed(random_f32({9, 37}, 1, -5, 5)), fed(random_f32({9, 37}, 2, 0, 0.1f))}, {{}, {}}, 40));
  cases.push_back(op_case("clamp_gradient", "clamp_gradient", {{"clamp_min", 0.0}, {"clamp_max", 0.5}}, {fed(random_f32({333}, 1)), fed(random_f32({333}, 2))}));
  return cases;
}

}  // namespace verge::testing
