#include "pipeline/points.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

const ImageInput kInput{DataType::kF32, {1, 8, 8, 3}, {}, false, 8, 8, 3};

TEST(Keypoints, LieInThePictureThatTheInputShows) {
  const Tensor output = Tensor::of<float>({1, 1, 2, 3}, std::vector<float>{0.5f, 0.25f, 0.9f, 0.1f, 0.5f, 0.2f});
  const auto points = keypoints_of({}, {output});
  ASSERT_TRUE(points.ok());
  ASSERT_EQ(points->size(), 2u);
  Declaration d;
  d.fit = Fit::kLetterbox;  // 100 wide, 50 high: bars of a quarter above and below
  const Keypoint p = in_picture((*points)[0], window_of(d, kInput, 50, 100), 50, 100), cut = in_picture((*points)[1], window_of(d, kInput, 50, 100), 50, 100);
  EXPECT_NEAR(p.y, 25, 1e-6);
  EXPECT_NEAR(p.x, 25, 1e-6);
  EXPECT_NEAR(p.score, 0.9, 1e-6);
  EXPECT_EQ(cut.y, 0) << "what lies in a bar is cut off at the picture's edge";
}

TEST(Keypoints, OtherShapesAreNamed) {
  const auto wrong = keypoints_of({}, {Tensor(DataType::kF32, {1, 17, 2})});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find("f32[1,17,2]"), std::string::npos) << wrong.error().message();
  EXPECT_FALSE(keypoints_of({.output = 3}, {Tensor(DataType::kF32, {1, 17, 3})}).ok());
}

Result<Tensor> mapped(const Tensor& output, const ImageInput& input, int height, int width) {
  const TensorView view{const_cast<uint8_t*>(output.bytes().data()), output.dtype(), output.shape(), {}};
  VERGE_TRY(ClassMap map, ClassMap::create({}, std::span(&view, 1), input));
  return map.run({output}, window_of({}, input, height, width), height, width);
}

TEST(ClassMap, GreatestScoresAreSpreadOverThePicture) {
  const std::vector<float> scores = {1, 0, 2, 0, 3, 0, 5, 4, 1, 0, 0, 7};  // cells 2 0 / ... of three classes
  const auto last = mapped(Tensor::of<float>({1, 2, 2, 3}, scores), kInput, 4, 6);
  ASSERT_TRUE(last.ok()) << last.error().message();
  EXPECT_EQ(last->to_ints(), (std::vector<int64_t>{2, 2, 2, 1, 1, 1, 2, 2, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 2}));
  ImageInput planes = kInput;
  planes.nchw = true;
  const auto first = mapped(Tensor::of<float>({1, 3, 2, 2}, {1, 0, 5, 0, 0, 3, 4, 0, 2, 0, 1, 7}), planes, 2, 2);
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(first->to_ints(), (std::vector<int64_t>{2, 1, 0, 2}));
}

TEST(ClassMap, ClassesOfTheModelAreReadAsTheyAre) {
  const auto map = mapped(Tensor::of<int32_t>({1, 2, 2}, {4, 0, 150, 2}), kInput, 2, 2);
  ASSERT_TRUE(map.ok()) << map.error().message();
  EXPECT_EQ(map->to_ints(), (std::vector<int64_t>{4, 0, 150, 2}));
  EXPECT_FALSE(mapped(Tensor::of<float>({4}, {4, 0, 150, 2}), kInput, 2, 2).ok());
}

}  // namespace
}  // namespace verge
