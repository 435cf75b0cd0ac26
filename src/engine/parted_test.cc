// Models whose shapes or course depend on data, run part by part through lowering, Program and runtime.
#include "engine/parted.h"

#include <gmock/gmock.h>

#include "formats/onnx/model_maker.h"
#include "formats/onnx/parts.h"

namespace verge {
namespace {

using formats::onnx::attribute;
using formats::onnx::integer;
using formats::onnx::ModelMaker;
using ops::HostValue;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor reals(const std::vector<float>& values) { return Tensor::of<float>({static_cast<int32_t>(values.size())}, values); }

PartedModel model_of(const ModelMaker& m) {
  auto source = formats::onnx::open_parts(m.bytes(), {});
  EXPECT_TRUE(source.ok());
  return PartedModel(*source, {});
}

std::vector<double> run(PartedModel& model, const std::vector<HostValue>& inputs, size_t output = 0) {
  const auto out = model.run(inputs);
  EXPECT_TRUE(out.ok()) << out.error().message();
  return out.ok() ? (*out)[output].tensor.to_doubles() : std::vector<double>();
}

formats::onnx::pb::GraphProto& body_of(formats::onnx::pb::NodeProto& node, const char* name) { return *attribute(node, name, 5).mutable_g(); }

void add_node(formats::onnx::pb::GraphProto& g, const std::string& op, const std::vector<std::string>& in, const std::vector<std::string>& out) {
  ModelMaker::fill(*g.add_node(), op, in, out, "");
}

TEST(Parted, AnOrdinaryModelIsOnePartOfAnySize) {
  ModelMaker m(13);
  m.input("x", {Dim::named("N")});
  m.node("Neg", {"x"}, {"y"});
  m.output("y");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {reals({1, 2})}), ElementsAre(-1, -2));
  EXPECT_THAT(run(model, {reals({3, 4, 5})}), ElementsAre(-3, -4, -5));
  EXPECT_EQ(model.parts_of_last_run(), 1u);
}

// y = gather(x, nonzero(x > 0)) * 2
TEST(Parted, ASizeThatDependsOnDataIsKnownInTheNextPart) {
  ModelMaker m(13);
  m.input("x", {5});
  m.weight("zero", {}, {0});
  m.weight("two", {}, {2});
  m.node("Greater", {"x", "zero"}, {"positive"});
  m.node("NonZero", {"positive"}, {"where"});
  m.weight("axes", std::vector<int64_t>{0});
  m.node("Squeeze", {"where", "axes"}, {"index"});
  m.node("Gather", {"x", "index"}, {"kept"});
  m.node("Mul", {"kept", "two"}, {"y"});
  m.output("y");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {reals({1, -1, 3, -2, 5})}), ElementsAre(2, 6, 10));
  EXPECT_EQ(model.parts_of_last_run(), 2u);
  EXPECT_THAT(run(model, {reals({-1, -1, 3, -2, -5})}), ElementsAre(6));
}

constexpr int kData = 40;  // more than a parameter has

// y = sum(x) > 0 ? -x : |x| + o, o from outside the branch
ModelMaker choosing() {
  ModelMaker m(13);
  m.input("x", {kData});
  m.weight("one", {1}, {1});
  m.weight("zero", {}, {0});
  m.node("Add", {"one", "one"}, {"o"});
  integer(m.node("ReduceSum", {"x"}, {"sum"}), "keepdims", 0);
  m.node("Greater", {"sum", "zero"}, {"c"});
  auto& n = m.node("If", {"c"}, {"chosen"}, "choice");
  auto& yes = body_of(n, "then_branch");
  add_node(yes, "Neg", {"x"}, {"inner"});
  yes.add_output()->set_name("inner");
  auto& no = body_of(n, "else_branch");
  add_node(no, "Abs", {"x"}, {"a"});
  add_node(no, "Add", {"a", "o"}, {"inner"});
  no.add_output()->set_name("inner");
  m.node("Relu", {"chosen"}, {"y"});
  m.output("y");
  return m;
}

TEST(Parted, AnIfOnDataRunsTheBranchThatIsTaken) {
  PartedModel model = model_of(choosing());
  EXPECT_EQ(run(model, {reals(std::vector<float>(kData, 3))}), std::vector<double>(kData, 0));
  EXPECT_EQ(run(model, {reals(std::vector<float>(kData, -3))}), std::vector<double>(kData, 5));
  EXPECT_EQ(model.parts_of_last_run(), 2u);
}

// v doubles until it is 20 or more; every value is kept
TEST(Parted, ALoopRunsUntilItsConditionEndsIt) {
  ModelMaker m(13);
  m.input("v", {1});
  m.weight("limit", {1}, {20});
  m.weight("yes", Tensor::scalar(true));
  auto& n = m.node("Loop", {"", "yes", "v"}, {"last", "all"}, "loop");
  auto& body = body_of(n, "body");
  ModelMaker::describe(*body.add_input(), "i", {}, DataType::kI64);
  ModelMaker::describe(*body.add_input(), "c", {}, DataType::kBool);
  ModelMaker::describe(*body.add_input(), "before", {1}, DataType::kF32);
  add_node(body, "Add", {"before", "before"}, {"after"});
  add_node(body, "Less", {"after", "limit"}, {"less"});
  add_node(body, "Squeeze", {"less"}, {"go_on"});
  add_node(body, "Identity", {"after"}, {"seen"});
  for (const char* out : {"go_on", "after", "seen"}) body.add_output()->set_name(out);
  m.output("last");
  m.output("all");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {reals({3})}), ElementsAre(24));
  EXPECT_THAT(run(model, {reals({3})}, 1), ElementsAre(6, 12, 24));
  EXPECT_THAT(run(model, {reals({19})}, 1), ElementsAre(38));
}

TEST(Parted, AScanCarriesItsStateAndMayRunBackwards) {
  ModelMaker m(13);
  m.input("start", {1});
  m.input("x", {3, 1});
  auto& n = m.node("Scan", {"start", "x"}, {"sum", "sums"}, "scan");
  integer(n, "num_scan_inputs", 1);
  formats::onnx::ints(n, "scan_input_directions", {1});
  auto& body = body_of(n, "body");
  ModelMaker::describe(*body.add_input(), "s", {1}, DataType::kF32);
  ModelMaker::describe(*body.add_input(), "e", {1}, DataType::kF32);
  add_node(body, "Add", {"s", "e"}, {"t"});
  add_node(body, "Identity", {"t"}, {"u"});
  body.add_output()->set_name("t");
  body.add_output()->set_name("u");
  m.output("sum");
  m.output("sums");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {reals({0}), Tensor::of<float>({3, 1}, {1, 10, 100})}, 1), ElementsAre(100, 110, 111));
}

TEST(Parted, AnEmptyListOfAxesIsAValueToo) {
  ModelMaker m(18);
  m.input("x", {2, 2});
  m.input("axes", {0}, DataType::kI64);
  integer(m.node("ReduceSum", {"x", "axes"}, {"y"}), "keepdims", 0);
  m.output("y");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {Tensor::of<float>({2, 2}, {1, 2, 3, 4}), Tensor(DataType::kI64, {0})}), ElementsAre(10));
}

TEST(Parted, SequencesLiveBetweenParts) {
  ModelMaker m(13);
  m.input("x", {2, 3});
  m.weight("last", Tensor::scalar<int64_t>(-1));
  integer(m.node("SplitToSequence", {"x"}, {"rows"}), "axis", 1);
  m.node("SequenceAt", {"rows", "last"}, {"column"});
  m.node("Neg", {"column"}, {"y"});
  m.output("y");
  PartedModel model = model_of(m);
  EXPECT_THAT(run(model, {Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6})}), ElementsAre(-3, -6));
}

TEST(Parted, AShapeComputedFromDataIsRead) {
  ModelMaker m(13);
  m.input("x", {100, 100});
  integer(m.node("ReduceSum", {"x"}, {"sum"}), "keepdims", 1);
  m.weight("rows", std::vector<int64_t>{-1});
  m.node("Reshape", {"sum", "rows"}, {"flat"});
  integer(m.node("Cast", {"flat"}, {"size"}), "to", 7);
  m.node("ConstantOfShape", {"size"}, {"y"});
  m.output("y");
  PartedModel model = model_of(m);
  std::vector<float> x(10000);
  x[7] = 3;
  EXPECT_THAT(run(model, {Tensor::of<float>({100, 100}, x)}), ElementsAre(0, 0, 0));
}

TEST(Parted, AnInputOfAnotherTypeOrShapeIsRefusedByName) {
  PartedModel model = model_of(choosing());
  const auto out = model.run({HostValue(reals({1, 2, 3}))});
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(out.error().message(), HasSubstr("input 'x' is f32[40]"));
}

TEST(Parted, OutsideOfPartsSuchAModelIsRefusedWithTheRemedy) {
  ModelMaker m(13);
  m.input("x", {5});
  m.node("NonZero", {"x"}, {"y"});
  m.output("y");
  const auto graph = m.import();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code(), Code::kUnsupported);
  EXPECT_THAT(graph.error().message(), HasSubstr("depends on data"));
}

}  // namespace
}  // namespace verge
