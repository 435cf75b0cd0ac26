#include "report/graph_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

GraphNode node(const std::string& name, std::vector<size_t> inputs) { return {.name = name, .op = "conv", .type = "f32[1,2]", .place = "verge", .inputs = std::move(inputs)}; }

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(GraphPage, DrawsABoxForEachNodeAndALineForEachInput) {
  const std::string html = graph_html({"model", {"a fact"}, {node("a", {}), node("b", {0}), node("c", {0}), node("d", {1, 2, 0})}});
  EXPECT_EQ(count(html, "<g class='here'>"), 4u);
  EXPECT_EQ(count(html, "<path d="), 5u);
  EXPECT_THAT(html, HasSubstr("a fact"));
}

TEST(GraphPage, PutsBranchesBesideEachOther) {
  const std::string html = graph_html({"model", {}, {node("a", {}), node("b", {0}), node("c", {0})}});
  EXPECT_EQ(count(html, "<rect x='12' y='84'"), 1u);
  EXPECT_EQ(count(html, "<rect x='286' y='84'"), 1u);
}

TEST(GraphPage, ShowsPlaceTimeAndError) {
  GraphNode away = node("far", {}), wrong = node("wrong", {0}), nowhere = node("lost", {1});
  away.place = "onnxruntime", away.note = "Verge has no rule", away.ms = 0.5;
  wrong.error = 0.25, wrong.diverges = true;
  nowhere.place = "";
  const std::string html = graph_html({"model", {}, {away, wrong, nowhere}});
  for (const char* part : {"<g class='away'>", "Verge has no rule", "0.5 ms", "<g class='here diverges'>", "err 2.5e-01", "<g class='nowhere'>", "class=heat"}) EXPECT_THAT(html, HasSubstr(part));
}

TEST(GraphPage, NamesCannotBreakOutOfThePage) {
  const std::string html = graph_html({"<model>", {}, {node("<script>alert(1)</script>", {})}});
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
}

}  // namespace
}  // namespace verge
