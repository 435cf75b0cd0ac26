// The table of ONNX operators: one row an operator and range of opsets, in the file of its family.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

using Translate = Result<void> (*)(NodeContext& context);

inline constexpr int64_t kNewest = INT64_MAX;  // the meaning has not changed since
inline constexpr std::string_view kOnnxDomain = "";
inline constexpr std::string_view kMicrosoft = "com.microsoft";
inline constexpr std::string_view kClassical = "ai.onnx.ml";

struct Row {
  const char* op;
  int64_t since;  // opsets, inclusive
  int64_t until;
  Translate translate;
  const char* core = nullptr;  // for translations that serve many operators: the core operator
};

struct Family {
  std::string_view domain;
  std::span<const Row> rows;
};

std::span<const Row> pointwise_rows();
std::span<const Row> product_rows();
std::span<const Row> window_rows();
std::span<const Row> normalisation_rows();
std::span<const Row> reduction_rows();
std::span<const Row> movement_rows();
std::span<const Row> selection_rows();
std::span<const Row> resampling_rows();
std::span<const Row> constant_rows();
std::span<const Row> quantisation_rows();
std::span<const Row> recurrent_rows();
std::span<const Row> microsoft_rows();
std::span<const Row> classical_rows();
std::span<const Row> attention_rows();
std::span<const Row> conv_transpose_rows();
std::span<const Row> einsum_rows();
std::span<const Row> loss_rows();
std::span<const Row> ngram_rows();
std::span<const Row> sampling_rows();
std::span<const Row> scattering_rows();
std::span<const Row> signal_rows();

std::span<const Family> families();

struct Lookup {
  const Row* row = nullptr;      // the translation, when there is one for this opset
  bool known = false;            // there is one for another opset
};
// "ai.onnx" and "" are the same domain.
Lookup find_row(std::string_view domain, std::string_view op, int64_t opset);

}  // namespace verge::formats::onnx
