#include "eval/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "eval/score.h"

namespace verge {
namespace {

constexpr int kHeight = 40, kWidth = 60;

// Structure in every direction, another in each channel.
Tensor picture() {
  Tensor out(DataType::kU8, {kHeight, kWidth, 3});
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      for (int c = 0; c < 3; ++c)
        out.data()[(y * kWidth + x) * 3 + c] = static_cast<uint8_t>(127 + 60 * std::sin(0.13 * x * (c + 1) + 0.4) + 50 * std::cos(0.21 * y + c) + (x > 20 && y > 25 ? 12 : 0));
  return out;
}

const Shape kShape = {1, 3, 16, 24};

Declaration declared() {
  Declaration d;
  d.mean = {127.5f, 127.5f, 127.5f};
  d.std = {127.5f, 127.5f, 127.5f};
  return d;
}

// What a user's code makes who follows `d`.
Tensor fed(const Declaration& d, const Shape& shape = kShape) {
  Preprocessor p = *Preprocessor::create(d, {nullptr, DataType::kF32, shape, {}});
  return *p.run(picture());
}

std::vector<std::string> findings(const Tensor& tensor) {
  const auto d = diagnose(declared(), {nullptr, DataType::kF32, kShape, {}}, picture(), tensor);
  EXPECT_TRUE(d.ok());
  std::vector<std::string> out;
  for (const Finding& f : d->findings) out.push_back(f.what + ": " + f.found);
  EXPECT_EQ(d->matches, out.empty());
  return out;
}

using ::testing::ElementsAre;

TEST(Doctor, FindsNothingWhereThePipelineWasFollowed) { EXPECT_TRUE(findings(fed(declared())).empty()); }

TEST(Doctor, NamesSwappedColours) {
  Declaration d = declared();
  d.color = ColorOrder::kBgr;
  EXPECT_THAT(findings(fed(d)), ElementsAre("colour order: BGR"));
}

TEST(Doctor, NamesTheRange) {
  Declaration d = declared();
  d.mean = {0, 0, 0}, d.std = {255, 255, 255};
  EXPECT_THAT(findings(fed(d)), ElementsAre("range: 0..1"));
  d.std = {1, 1, 1};
  EXPECT_THAT(findings(fed(d)), ElementsAre("range: pixels 0..255"));
  d.mean = {123.675f, 116.28f, 103.53f}, d.std = {58.395f, 57.12f, 57.375f};
  EXPECT_THAT(findings(fed(d)), ElementsAre("range: (pixel - mean) / std with mean [123.7, 116.3, 103.5], std [58.4, 57.12, 57.38]"));
}

TEST(Doctor, NamesBytesInTheOtherLayout) {
  Declaration d = declared();
  EXPECT_THAT(findings(fed(d, {1, 16, 24, 3}).reshaped(kShape)), ElementsAre("layout: NHWC"));
}

TEST(Doctor, NamesResizeAndCut) {
  Declaration d = declared();
  d.resize = ResizeMode::kNearest;
  EXPECT_THAT(findings(fed(d)), ElementsAre("resize: nearest, stretched"));
}

TEST(Doctor, NamesSeveralAtOnce) {
  Declaration d = declared();
  d.color = ColorOrder::kBgr;
  d.mean = {0, 0, 0}, d.std = {255, 255, 255};
  EXPECT_THAT(findings(fed(d, {1, 16, 24, 3}).reshaped(kShape)), ElementsAre("layout: NHWC", "colour order: BGR", "range: 0..1"));
}

TEST(Doctor, SaysWhenItIsAnotherPicture) {
  Tensor noise(DataType::kF32, kShape);
  uint32_t state = 1;
  for (float& x : noise.mut<float>()) state = state * 1664525 + 1013904223, x = static_cast<float>(state >> 8) / 8388608.0f - 1;
  EXPECT_THAT(findings(noise), ElementsAre(::testing::HasSubstr("values: no reading of this picture")));
}

TEST(Doctor, WantsAsManyElementsAsTheInputHas) {
  const auto d = diagnose(declared(), {nullptr, DataType::kF32, kShape, {}}, picture(), Tensor(DataType::kF32, {1, 3, 8, 8}));
  ASSERT_FALSE(d.ok());
  EXPECT_THAT(d.error().message(), ::testing::HasSubstr("192 elements"));
}

}  // namespace
}  // namespace verge
