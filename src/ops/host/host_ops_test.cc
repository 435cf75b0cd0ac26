#include "ops/host/host_ops.h"

#include <gmock/gmock.h>

namespace verge::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<HostValue> outputs_of(const std::string& op, std::vector<HostValue> in, const Attrs& attrs = {}, size_t outputs = 1) {
  auto out = run_host_op({op, attrs, std::move(in), outputs});
  EXPECT_TRUE(out.ok()) << out.error().message();
  return out.ok() ? *std::move(out) : std::vector<HostValue>(outputs);
}

Tensor reals(const Shape& shape, const std::vector<float>& values) { return Tensor::of<float>(shape, values); }

TEST(HostOps, NonZeroListsCoordinatesByDimension) {
  const auto y = outputs_of("NonZero", {reals({2, 2}, {1, 0, 2, 3})});
  EXPECT_EQ(y[0].tensor.shape(), (Shape{2, 3}));
  EXPECT_THAT(y[0].tensor.to_ints(), ElementsAre(0, 1, 1, 0, 0, 1));
}

TEST(HostOps, UniqueSortsOrKeepsTheOrderOfFirstAppearance) {
  const std::vector<HostValue> in = {reals({5}, {2, 1, 1, 3, 2})};
  const auto sorted = outputs_of("Unique", in, {}, 4), kept = outputs_of("Unique", in, {{"sorted", int64_t{0}}}, 4);
  EXPECT_THAT(sorted[0].tensor.to_doubles(), ElementsAre(1, 2, 3));
  EXPECT_THAT(sorted[1].tensor.to_ints(), ElementsAre(1, 0, 3));
  EXPECT_THAT(sorted[2].tensor.to_ints(), ElementsAre(1, 0, 0, 2, 1));
  EXPECT_THAT(sorted[3].tensor.to_ints(), ElementsAre(2, 2, 1));
  EXPECT_THAT(kept[0].tensor.to_doubles(), ElementsAre(2, 1, 3));
}

TEST(HostOps, CompressWithoutAxisSeesOneLine) {
  const Tensor mask = Tensor::of<uint8_t>({3}, std::vector<uint8_t>{0, 1, 1});
  EXPECT_THAT(outputs_of("Compress", {reals({2, 2}, {1, 2, 3, 4}), mask})[0].tensor.to_doubles(), ElementsAre(2, 3));
  const auto columns = outputs_of("Compress", {reals({2, 2}, {1, 2, 3, 4}), mask}, {{"axis", int64_t{1}}});
  EXPECT_THAT(columns[0].tensor.to_doubles(), ElementsAre(2, 4));
}

TEST(HostOps, SuppressionKeepsTheBestOfBoxesThatOverlap) {
  const Tensor boxes = reals({1, 3, 4}, {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 10, 1, 11}), scores = reals({1, 1, 3}, {0.5f, 0.9f, 0.7f});
  const auto y = outputs_of("NonMaxSuppression", {boxes, scores, Tensor::scalar<int64_t>(3), Tensor::scalar(0.5f), Tensor::scalar(0.1f)});
  EXPECT_EQ(y[0].tensor.shape(), (Shape{2, 3}));
  EXPECT_THAT(y[0].tensor.to_ints(), ElementsAre(0, 0, 1, 0, 0, 2));
}

TEST(HostOps, APositionOutsideOfASequenceIsRefused) {
  const auto out = run_host_op({"SequenceAt", {}, {HostValue::sequence({reals({1}, {1})}), Tensor::scalar<int64_t>(1)}, 1});
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message(), HasSubstr("a sequence of 1"));
}

TEST(HostOps, TextsAreSplitAtSpacesOrAtADelimiter) {
  const HostValue texts = HostValue::text({2}, {" a  b c", "d"});
  const auto spaces = outputs_of("StringSplit", {texts}, {}, 2), once = outputs_of("StringSplit", {HostValue::text({1}, {"x--y--z"})}, {{"delimiter", std::string("--")}, {"maxsplit", int64_t{1}}}, 2);
  EXPECT_THAT(spaces[0].texts, ElementsAre("a", "b", "c", "d", "", ""));
  EXPECT_THAT(spaces[1].tensor.to_ints(), ElementsAre(3, 1));
  EXPECT_THAT(once[0].texts, ElementsAre("x", "y--z"));
}

TEST(HostOps, StopwordsGoAndOneEmptyTextIsLeftWhereAllGo) {
  const Attrs attrs = {{"stopwords", std::vector<std::string>{"Monday"}}, {"case_change_action", std::string("UPPER")}};
  EXPECT_THAT(outputs_of("StringNormalizer", {HostValue::text({2}, {"monday", "tue"})}, attrs)[0].texts, ElementsAre("TUE"));
  EXPECT_THAT(outputs_of("StringNormalizer", {HostValue::text({1}, {"monday"})}, attrs)[0].texts, ElementsAre(""));
}

}  // namespace
}  // namespace verge::ops
