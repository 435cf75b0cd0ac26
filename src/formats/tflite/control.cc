// Control flow between sub-graphs and variables, as far as they are settled at import: a branch is taken where its condition is constant and chosen between two
// results where it is not, a loop is unrolled while its condition is constant, a variable that is assigned once is a constant.
#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

constexpr const char* kLoopRemedy = "convert with unrolled loops, or with a number of turns that does not depend on data";

std::vector<ValueId> inputs_from(const Op& op, size_t first) {
  std::vector<ValueId> inputs;
  for (size_t i = first; i < op.inputs(); ++i) inputs.push_back(op.in(i));
  return inputs;
}

Result<void> set_all(Op& op, const std::vector<ValueId>& values) {
  if (values.size() != op.outputs()) return corrupt("has " + std::to_string(op.outputs()) + " outputs, its sub-graph " + std::to_string(values.size()));
  for (size_t i = 0; i < values.size(); ++i) VERGE_CHECK(op.set(i, values[i]));
  return done();
}

// A constant of one truth value.
Result<const Tensor*> condition_of(Op& op, ValueId value) {
  const Tensor* c = op.constant(value);
  if (c && (c->dtype() != DataType::kBool || c->count() != 1)) return corrupt("its condition is " + op.type(value).text() + ", wants one truth value");
  return c;
}

// Both branches are pure: their results are there, and the condition chooses.
Result<void> choose(Op& op, const std::vector<ValueId>& then_values, const std::vector<ValueId>& else_values) {
  if (then_values.size() != op.outputs() || else_values.size() != op.outputs()) return corrupt("its branches have another number of outputs");
  if (!op.type(size_t{0}).is_static() || op.type(size_t{0}).shape().count() != 1) return corrupt("its condition is " + op.type(size_t{0}).text() + ", wants one truth value");
  for (size_t i = 0; i < then_values.size(); ++i) {
    const TensorType a = op.type(then_values[i]), b = op.type(else_values[i]);
    if (!a.is_static() || !(a == b)) return op.refuse("its branches return " + a.text() + " and " + b.text() + ", and the condition is computed while the model runs");
    VERGE_TRY(Attrs scalar, op.shape_attr({}));
    VERGE_TRY(const ValueId condition, op.add("reshape", {op.in(0)}, std::move(scalar)));
    VERGE_CHECK(op.result("where", {condition, then_values[i], else_values[i]}, {}, i));
  }
  return done();
}

}  // namespace

Result<void> branch(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::IfOptions>());
  VERGE_TRY(const Tensor* condition, condition_of(op, op.in(0)));
  const std::vector<ValueId> inputs = inputs_from(op, 1);
  if (condition) {
    VERGE_TRY(const std::vector<ValueId> values, op.translate_subgraph(condition->at(0) != 0 ? o->then_subgraph_index() : o->else_subgraph_index(), inputs));
    return set_all(op, values);
  }
  VERGE_TRY(const std::vector<ValueId> then_values, op.translate_subgraph(o->then_subgraph_index(), inputs));
  VERGE_TRY(const std::vector<ValueId> else_values, op.translate_subgraph(o->else_subgraph_index(), inputs));
  return choose(op, then_values, else_values);
}

Result<void> loop(Op& op) {
  constexpr int kMostTurns = 1 << 12;
  VERGE_TRY(const auto* o, op.options<schema::WhileOptions>());
  std::vector<ValueId> values = inputs_from(op, 0);
  for (int turn = 0; turn < kMostTurns; ++turn) {
    VERGE_TRY(const std::vector<ValueId> checked, op.translate_subgraph(o->cond_subgraph_index(), values));
    if (checked.size() != 1) return corrupt("its condition has " + std::to_string(checked.size()) + " outputs, wants 1");
    VERGE_TRY(const Tensor* condition, condition_of(op, checked[0]));
    if (!condition) return op.refuse("a loop whose end depends on data has no translation", kLoopRemedy);
    if (condition->at(0) == 0) return set_all(op, values);
    VERGE_TRY(values, op.translate_subgraph(o->body_subgraph_index(), values));
  }
  return op.refuse("a loop of more than " + std::to_string(kMostTurns) + " turns has no translation", kLoopRemedy);
}

// Sets variables before the first run.
Result<void> call_once(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::CallOnceOptions>());
  VERGE_CHECK(op.translate_once(o->init_subgraph_index()));
  return done();
}

Result<void> variable(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::VarHandleOptions>());
  op.name_variable((o->container() ? o->container()->str() : "") + "/" + (o->shared_name() ? o->shared_name()->str() : ""));
  return done();
}

Result<void> read_variable(Op& op) {
  VERGE_TRY(const ValueId value, op.read_variable());
  return op.set(0, value);
}

Result<void> assign_variable(Op& op) { return op.assign_variable(op.in(1)); }

}  // namespace verge::formats::tflite::builtins
