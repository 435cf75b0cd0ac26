// Cases of recurrent layers that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

struct RecurrentSizes {
  int32_t steps, batch, inputs, hidden, directions;
};

// Every input that the cell takes, with sequences of different lengths.
inline std::vector<CaseInput> recurrent_inputs(const std::string& op, const RecurrentSizes& s, bool batch_major, bool full) {
  const int32_t gates = op == "lstm" ? 4 : op == "gru" ? 3 : 1;
  const Shape x = batch_major ? Shape{s.batch, s.steps, s.inputs} : Shape{s.steps, s.batch, s.inputs};
  const Shape state = batch_major ? Shape{s.batch, s.directions, s.hidden} : Shape{s.directions, s.batch, s.hidden};
  std::vector<CaseInput> in = {fed(random_f32(x, 1)), constant(random_f32({s.directions, gates * s.hidden, s.inputs}, 2)),
                               constant(random_f32({s.directions, gates * s.hidden, s.hidden}, 3))};
  if (!full) return in;
  in.push_back(constant(random_f32({s.directions, 2 * gates * s.hidden}, 4)));
  in.push_back(fed(random_integers(DataType::kI32, {s.batch}, 5, 0, s.steps)));
  in.push_back(fed(random_f32(state, 6)));
  if (op == "lstm") {
    in.push_back(fed(random_f32(state, 7)));
    in.push_back(constant(random_f32({s.directions, 3 * s.hidden}, 8)));
  }
  return in;
}

inline std::vector<OpCase> recurrent_cases() {
  std::vector<OpCase> cases;
  for (const std::string op : {"rnn", "gru", "lstm"}) {
    const std::vector<CaseOutput> outputs(op == "lstm" ? 3 : 2);
    const auto add = [&](const std::string& name, const RecurrentSizes& s, bool full, Attrs attrs) {
      attrs["direction"] = std::string(s.directions == 2 ? "bidirectional" : attrs.count("direction") ? "reverse" : "forward");
      const bool batch_major = attrs.count("batch_major") != 0;
      cases.push_back(op_case(op + "_" + name, op, std::move(attrs), recurrent_inputs(op, s, batch_major, full), outputs, 64));
    };
    add("plain", {3, 2, 5, 4, 1}, false, {});
    add("one_step", {1, 1, 20, 33, 1}, true, {});
    add("reverse_lengths", {5, 3, 4, 7, 1}, true, {{"direction", std::string("reverse")}});
    add("both_ways", {4, 2, 3, 17, 2}, true, {});
    add("batch_major_both_ways", {4, 3, 3, 5, 2}, true, {{"batch_major", int64_t{1}}});
    add("clipped", {3, 2, 5, 4, 1}, true, {{"clip", 0.25}});
    if (op == "lstm") add("clipped_cell", {3, 2, 5, 4, 1}, true, {{"cell_clip", 0.25}});
    std::vector<std::string> functions = {"hsigmoid", "scaled_tanh", "softsign"};
    functions.resize(op == "lstm" ? 3 : op == "gru" ? 2 : 1);
    add("other_functions", {3, 2, 5, 4, 1}, true,
        {{"activations", functions}, {"activation_alpha", std::vector<double>(functions.size(), 0.3)}, {"activation_beta", std::vector<double>(functions.size(), 0.6)}});
  }
  cases.push_back(op_case("gru_linear_before_reset", "gru", {{"linear_before_reset", int64_t{1}}}, recurrent_inputs("gru", {4, 2, 3, 6, 1}, false, true), {{}, {}}, 64));
  cases.push_back(op_case("lstm_input_forget", "lstm", {{"input_forget", int64_t{1}}}, recurrent_inputs("lstm", {4, 2, 3, 6, 1}, false, true), {{}, {}, {}}, 64));
  return cases;
}

}  // namespace verge::testing
