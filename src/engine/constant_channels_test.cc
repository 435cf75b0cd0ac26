// The exact pass on a real network, through the runtime that ships.
#include <gtest/gtest.h>

#include "engine/load.h"
#include "testing/seeded.h"
#include "testing/shared.h"

namespace verge {
namespace {

Tensor random_bytes(const TensorView& like, testing::Random& random) {
  Tensor out(like.dtype, like.shape);
  for (int64_t i = 0; i < out.count(); ++i) out.data()[i] = static_cast<uint8_t>(random.next());
  return out;
}

TEST(ConstantChannels, LeaveHalfOfVisualWakeWordsAndEveryBitOfItsOutput) {
  VERGE_NEED_SHARED("yardsticks/mcu/models/vww.tflite");
  const std::string file = testing::shared_path("yardsticks/mcu/models/vww.tflite");
  LoadOptions as_it_is;
  as_it_is.skip_passes = {"constant_channels"};
  auto with = load_model(file), without = load_model(file, as_it_is);
  ASSERT_TRUE(with.ok()) << with.error().message();
  ASSERT_TRUE(without.ok()) << without.error().message();
  EXPECT_EQ(without->executable.model().macs(), 7489664u);
  EXPECT_LE(with->executable.model().macs(), 3800000u);
  testing::Random random(1);
  for (int i = 0; i < 10000; ++i) {
    const std::vector<Tensor> x = {random_bytes(with->executable.model().input(0), random)};
    const auto have = with->executable.run(x), want = without->executable.run(x);
    ASSERT_TRUE(have.ok() && want.ok());
    ASSERT_TRUE(std::equal((*have)[0].bytes().begin(), (*have)[0].bytes().end(), (*want)[0].bytes().begin(), (*want)[0].bytes().end()))
        << "input " << i << " of seed 1";
  }
}

}  // namespace
}  // namespace verge
