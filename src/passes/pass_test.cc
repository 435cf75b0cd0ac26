#include "passes/pass.h"

#include "passes/pass_test.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

const char* const kText = "input %x: f32[2]\n%a = relu(%x)\n%b = relu(%a)\n%c = exp(%b)\noutput %c\n";

std::optional<Patch> to_shorter(const Graph& g, const Node& n) {
  Patch p(g);
  p.replace(n.output(), p.add("reshape", {n.input(0)}, {{"shape", std::vector<int64_t>{1, 2}}}));
  return p;
}
std::optional<Patch> to_itself(const Graph& g, const Node& n) {
  Patch p(g);
  p.replace(n.output(), p.add(n.op, n.inputs, n.attrs));
  return p;
}
Result<size_t> break_graph(Graph& g) {
  g.node(g.order()[0]).inputs[0] = g.node(g.order()[1]).output();
  return size_t{1};
}

TEST(RunPasses, RecordsEachPassThatRan) {
  Graph g = parsed(kText);
  const Pass passes[] = {{"clamps", {&kMergeClamps}}, {"no_ops", {&kRemoveNoOp}}};
  std::vector<std::string> seen;
  PassOptions options;
  options.after = [&](const PassRecord& record, const Graph& graph) { seen.push_back(record.name + std::to_string(graph.order().size())); };
  const auto report = run_passes(g, passes, options);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->nodes, 3u);
  ASSERT_EQ(report->passes.size(), 2u);
  EXPECT_EQ(report->passes[0].name, "clamps");
  EXPECT_EQ(report->passes[0].changes, 1u);
  EXPECT_EQ(report->passes[0].nodes, 2u);
  EXPECT_GE(report->passes[0].ms, 0);
  EXPECT_EQ(report->passes[1].changes, 0u);
  EXPECT_EQ(seen, (std::vector<std::string>{"clamps2", "no_ops2"}));
}

TEST(RunPasses, SkipsAndChoosesByTheNameOfAPassOrARule) {
  const Pass passes[] = {{"clamps", {&kMergeClamps, &kExtremesToClamp}}, {"no_ops", {&kRemoveNoOp}}};
  const auto ran = [&](PassOptions options) {
    Graph g = parsed(kText);
    std::vector<std::string> names;
    const auto report = run_passes(g, passes, options);
    EXPECT_TRUE(report.ok());
    for (const PassRecord& r : report->passes) names.push_back(r.name + (r.changes ? "*" : ""));
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(ran({.skip = {"merge_clamps"}}), (Names{"clamps", "no_ops"}));
  EXPECT_EQ(ran({.skip = {"clamps"}}), (Names{"no_ops"}));
  EXPECT_EQ(ran({.only = {"clamps"}}), (Names{"clamps*"}));
  EXPECT_EQ(ran({.only = {"extremes_to_clamp"}}), (Names{"clamps"}));
}

TEST(RunPasses, RefusesANameThatNoPassHas) {
  Graph g = parsed(kText);
  const Pass pass{"clamps", {&kMergeClamps}};
  const auto report = run_passes(g, std::span(&pass, 1), {.skip = {"clmps"}});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message(), "no pass or rule is called 'clmps'; there are clamps, merge_clamps");
}

TEST(RunPasses, NamesTheRuleThatChangesAType) {
  Graph g = parsed("input %x: f32[2]\n%y = relu(%x) \"r\"\noutput %y\n");
  const Rule bad{"bad", "relu", to_shorter};
  const Pass pass{"broken", {&bad}};
  const auto report = run_passes(g, std::span(&pass, 1));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message(), "pass broken: rule bad at node 'r' (relu): value 'y' was f32[2] and is replaced by f32[1,2]");
}

TEST(RunPasses, StopsRulesThatNeverSettle) {
  Graph g = parsed("input %x: f32[2]\n%y = relu(%x)\noutput %y\n");
  const Rule restless{"restless", "relu", to_itself};
  const Pass pass{"p", {&restless}};
  const auto report = run_passes(g, std::span(&pass, 1));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message(), "pass p: the rules undo each other's work: still changing after 128 changes");
}

TEST(RunPasses, ValidatesAfterEachPass) {
  Graph g = parsed("input %x: f32[2]\n%a = relu(%x) \"a\"\n%y = exp(%a) \"b\"\noutput %y\n");
  const Pass pass{"broken", {}, break_graph};
  const auto report = run_passes(g, std::span(&pass, 1));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message(), "pass broken: node 'a' (relu) reads 'y' before anything produces it");
}

}  // namespace
}  // namespace verge::passes
