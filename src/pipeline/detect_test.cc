#include "pipeline/detect.h"

#include <gtest/gtest.h>

#include <cmath>

namespace verge {
namespace {

// An input of 64 x 32 pixels (height, width), and one object in it: rows 16 to 48, columns 8 to 24, class 1 of 3.
const ImageInput kInput = {.dtype = DataType::kF32, .shape = {1, 3, 64, 32}, .nchw = true, .height = 64, .width = 32, .channels = 3};
constexpr float kTop = 16, kLeft = 8, kBottom = 48, kRight = 24;

Result<std::vector<Detection>> detections(const DetectionSteps& steps, std::vector<Tensor> outputs) {
  std::vector<TensorView> views;
  for (Tensor& t : outputs) views.push_back({t.data(), t.dtype(), t.shape(), {}});
  VERGE_TRY(Detector detector, Detector::create(steps, views, kInput));
  return detector.run(outputs);
}

void expect_the_object(const Result<std::vector<Detection>>& found, double score) {
  ASSERT_TRUE(found.ok()) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  const Detection& d = found->front();
  EXPECT_EQ(d.label, 1);
  EXPECT_NEAR(d.score, score, 1e-6);
  EXPECT_NEAR(d.top, kTop / 64, 1e-6);
  EXPECT_NEAR(d.bottom, kBottom / 64, 1e-6);
  EXPECT_NEAR(d.left, kLeft / 32, 1e-6);
  EXPECT_NEAR(d.right, kRight / 32, 1e-6);
}

Tensor rows(const std::vector<std::vector<float>>& values) {
  std::vector<float> all;
  for (const auto& row : values) all.insert(all.end(), row.begin(), row.end());
  return Tensor::of<float>({1, static_cast<int32_t>(values.size()), static_cast<int32_t>(values[0].size())}, all);
}

// Two boxes that overlap, the better one in place; a third elsewhere below the threshold.
const std::vector<std::vector<float>> kPixels = {{16, 33, 16, 32, 0.5f, 0, 0.8f, 0}, {16, 32, 16, 32, 1, 0.1f, 0.9f, 0}, {5, 5, 4, 4, 0.2f, 0.3f, 0, 0.5f}};

TEST(Detections, Yolov5MultipliesObjectnessAndClass) { expect_the_object(detections({.form = BoxForm::kYolov5}, {rows(kPixels)}), 0.9); }

TEST(Detections, Yolov8HasColumnsFirstAndNoObjectness) {
  std::vector<std::vector<float>> columns(7, std::vector<float>(kPixels.size()));
  for (size_t i = 0; i < kPixels.size(); ++i) {
    for (size_t k = 0; k < 4; ++k) columns[k][i] = kPixels[i][k];
    for (size_t k = 5; k < 8; ++k) columns[k - 1][i] = kPixels[i][k] * kPixels[i][4];
  }
  expect_the_object(detections({.form = BoxForm::kYolov8}, {rows(columns)}), 0.9);
}

TEST(Detections, YoloxCountsInCellsAndExponents) {
  std::vector<std::vector<float>> values(8 + 2, {0, 0, 0, 0, 0, 0, 0, 0});  // 4 x 2 cells of 16 pixels, 2 x 1 of 32
  values[3] = {16.0f / 16 - 1, 32.0f / 16 - 1, std::log(16.0f / 16), std::log(32.0f / 16), 1, 0.1f, 0.9f, 0};  // the cell of row 1, column 1
  expect_the_object(detections({.form = BoxForm::kYolox, .strides = {16, 32}}, {rows(values)}), 0.9);
}

TEST(Detections, CornersComeWithABackground) {
  const Tensor boxes = rows({{kLeft / 32, kTop / 64, kRight / 32, kBottom / 64}, {0, 0, 0.1f, 0.1f}}), scores = rows({{0.1f, 0, 0.7f, 0}, {0.99f, 0, 0, 0.01f}});
  expect_the_object(detections({.form = BoxForm::kCorners, .boxes = 1, .scores = 0, .background = true}, {scores, boxes}), 0.7);
}

TEST(Detections, SsdMovesAnchors) {
  const Tensor boxes = rows({{10 * 0.1f / 0.4f, 0, 5 * std::log(0.5f / 0.4f), 0}, {0, 0, 0, 0}}), scores = rows({{0, 0.6f, 0}, {0, 0, 0}});
  expect_the_object(detections({.form = BoxForm::kSsd, .anchors = {{0.4f, 0.5f, 0.4f, 0.5f}, {0.1f, 0.1f, 0.1f, 0.1f}}}, {boxes, scores}), 0.6);
}

TEST(Detections, WhatTheModelDecodedIsReadAsItIs) {
  const Tensor count = Tensor::of<float>({1}, std::vector<float>{1}), one = Tensor::of<float>({1, 2}, std::vector<float>{1, 0}), score = Tensor::of<float>({1, 2}, std::vector<float>{0.8f, 0});
  expect_the_object(detections({.form = BoxForm::kDetected}, {rows({{kTop / 64, kLeft / 32, kBottom / 64, kRight / 32}, {0, 0, 0, 0}}), one, score, count}), 0.8);
}

TEST(Detections, OutputsThatDoNotFitAreNamed) {
  const auto wrong = detections({.form = BoxForm::kYolox}, {rows(kPixels)});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find("3 boxes, the strides give 42"), std::string::npos) << wrong.error().message();
  EXPECT_FALSE(detections({.form = BoxForm::kCorners, .boxes = 4}, {rows(kPixels)}).ok());
}

TEST(Window, LeadsFromTheInputBackToThePicture) {
  Declaration d;
  d.fit = Fit::kLetterbox;
  Window w = window_of(d, kInput, 100, 100);  // 32 x 32 pixels between bars of 16
  EXPECT_NEAR(w.top + 0.25 * w.height, 0, 1e-9);
  EXPECT_NEAR(w.top + 0.75 * w.height, 100, 1e-9);
  d.place = Corner::kTopLeft;
  w = window_of(d, kInput, 100, 100);
  EXPECT_NEAR(w.top + 0.5 * w.height, 100, 1e-9);
  d.fit = Fit::kCrop;
  w = window_of(d, kInput, 100, 100);
  EXPECT_NEAR(w.left, 25, 1e-9);
  EXPECT_NEAR(w.width, 50, 1e-9);
}

}  // namespace
}  // namespace verge
