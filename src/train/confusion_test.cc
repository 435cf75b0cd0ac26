#include "train/confusion.h"

#include <gtest/gtest.h>

namespace verge::train {
namespace {

TEST(Confusion, MacroF1IsTheMeanOverTheClassesThatOccur) {
  Confusion c(3);
  for (const auto& [truth, answer] : {std::pair{0, 0}, {0, 0}, {0, 1}, {1, 1}}) c.add(truth, answer);
  EXPECT_DOUBLE_EQ(c.top1(), 0.75);
  EXPECT_DOUBLE_EQ(c.macro_f1(), (4.0 / 5 + 2.0 / 3) / 2);  // class 2 has no sample
}

}  // namespace
}  // namespace verge::train
