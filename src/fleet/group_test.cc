#include "fleet/group.h"

#include <gtest/gtest.h>

namespace verge::fleet {
namespace {

const Facts kCamera{"cam-07", "aarch64", "HEALTHY", "idle", 3, true, false, {{"site", "bonn"}}};

bool holds(const char* query) {
  const auto group = Group::parse(query);
  EXPECT_TRUE(group.ok()) << query;
  return group.ok() && group->holds(kCamera);
}

TEST(Group, AllTermsOfAQueryMustHold) {
  EXPECT_TRUE(holds(""));
  EXPECT_TRUE(holds("hardware=aarch64,label.site=berlin|bonn,id!=test-*"));
  EXPECT_TRUE(holds("id=c*m-*7,version=3"));
  EXPECT_TRUE(holds("label.line=,drift=yes,silent=no"));
  EXPECT_FALSE(holds("hardware=aarch64,health=DEGRADED"));
  EXPECT_FALSE(holds("id=cam"));
  EXPECT_FALSE(holds("id!=cam-*"));
}

TEST(Group, AStarIsAnyCharactersAndNeverMoreWorkThanTheTextIsLong) {
  EXPECT_TRUE(holds("id=*"));
  EXPECT_FALSE(holds("id=*8"));
  const Facts device{std::string(500, 'a')};
  EXPECT_FALSE(Group::parse("id=" + std::string(250, '*') + "a*a*a*a*b")->holds(device));
}

TEST(Group, ATermThatIsNoneIsNamed) {
  for (const char* bad : {"colour=red", "id", "label.=x", "=x", "id=a,,", "!=x"}) EXPECT_EQ(Group::parse(bad).error().code(), Code::kInvalidArgument) << bad;
}

}  // namespace
}  // namespace verge::fleet
