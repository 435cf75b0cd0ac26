// RNN, GRU and LSTM over a sequence.
#include <algorithm>
#include <cctype>
#include <map>

#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

// The core set's name of an activation, and what its parameters are where the node gives none.
struct Activation {
  const char* core;
  double alpha = 0, beta = 0;
};

const Activation* activation_of(std::string name) {
  static const std::map<std::string, Activation> kActivations = {
      {"relu", {"relu"}},           {"tanh", {"tanh"}},         {"sigmoid", {"sigmoid"}},   {"affine", {"affine", 1, 0}},
      {"leakyrelu", {"leaky_relu", 0.01}}, {"thresholdedrelu", {"thresholded_relu", 1}},    {"scaledtanh", {"scaled_tanh", 1, 1}},
      {"hardsigmoid", {"hsigmoid", 0.2, 0.5}}, {"elu", {"elu", 1}}, {"softsign", {"softsign"}}, {"softplus", {"softplus"}}};
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char ch) { return std::tolower(ch); });
  const auto it = kActivations.find(name);
  return it == kActivations.end() ? nullptr : &it->second;
}

// activation_alpha and activation_beta hold numbers for those activations alone that have such a parameter.
Result<void> read_activations(NodeContext& c, Attrs& attrs) {
  const std::vector<std::string> given = c.texts("activations");
  const std::vector<double> alphas = c.reals("activation_alpha"), betas = c.reals("activation_beta");
  if (given.empty()) return done();
  std::vector<std::string> names;
  std::vector<double> alpha, beta;
  size_t next_alpha = 0, next_beta = 0;
  for (const std::string& name : given) {
    const Activation* a = activation_of(name);
    if (!a) return c.refuse("its activation " + name + " is not known");
    const std::string core = a->core;
    const bool has_alpha = a->alpha != 0, has_beta = core == "affine" || core == "scaled_tanh" || core == "hsigmoid";
    names.push_back(core);
    alpha.push_back(has_alpha && next_alpha < alphas.size() ? alphas[next_alpha++] : a->alpha);
    beta.push_back(has_beta && next_beta < betas.size() ? betas[next_beta++] : a->beta);
  }
  attrs["activations"] = names;
  attrs["activation_alpha"] = alpha;
  attrs["activation_beta"] = beta;
  return done();
}

Result<void> recurrent(NodeContext& c) {
  if (c.input_count() < 3) return c.damaged("it has " + std::to_string(c.input_count()) + " inputs, wants 3 or more");
  Attrs attrs = {{"direction", c.text("direction", "forward")},
                 {"batch_major", c.integer("layout", 0)},
                 {"clip", c.real("clip", 0)},
                 {"linear_before_reset", c.integer("linear_before_reset", 0)},
                 {"input_forget", c.integer("input_forget", 0)}};
  VERGE_CHECK(read_activations(c, attrs));
  std::vector<ValueId> inputs = c.inputs();
  for (size_t i = 1; i < std::min<size_t>(inputs.size(), 4); ++i) {
    VERGE_TRY(inputs[i], c.fixed(i, i < 3 ? "weights" : "bias"));
  }
  const std::vector<ValueId> out = c.add_many(c.core(), inputs, attrs, std::string(c.core()) == "lstm" ? 3 : 2);
  for (size_t i = 0; i < c.output_count() && i < out.size(); ++i) VERGE_CHECK(c.finish(out[i], i));
  return done();
}

constexpr Row kRows[] = {
    {"GRU", 3, kNewest, recurrent, "gru"},
    {"LSTM", 1, kNewest, recurrent, "lstm"},
    {"RNN", 1, kNewest, recurrent, "rnn"},
};

}  // namespace

std::span<const Row> recurrent_rows() { return kRows; }

}  // namespace verge::formats::onnx
