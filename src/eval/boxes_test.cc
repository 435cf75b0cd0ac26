#include "eval/boxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "os/file.h"

namespace verge {
namespace {

const std::string kPixel(  // PNG, 1 x 1, black
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82", 67);

class BoxedData : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(dir_); }
  void put(const std::string& name, const std::string& text) {
    const std::string path = dir_ + "/" + name;
    ASSERT_TRUE(make_directories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(write_file(path, text).ok());
  }
  Result<BoxedPictures> read() const { return read_boxed_pictures({.path = dir_, .labels_file = {}, .label_regex = {}, .class_names = {}}); }
  void expect_refused(const std::string& words) const {
    const auto read_one = read();
    ASSERT_FALSE(read_one.ok());
    EXPECT_THAT(read_one.error().message(), ::testing::HasSubstr(words));
  }
  std::string dir_ = ::testing::TempDir() + "/verge_boxes_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

void expect_box(const Box& box, const std::array<float, 4>& sides, int label) {
  EXPECT_NEAR(box.left, sides[0], 1e-6);
  EXPECT_NEAR(box.top, sides[1], 1e-6);
  EXPECT_NEAR(box.right, sides[2], 1e-6);
  EXPECT_NEAR(box.bottom, sides[3], 1e-6);
  EXPECT_EQ(box.label, label);
}

TEST_F(BoxedData, YoloLabelsLieBesideOrInAFolderOfTheirOwn) {
  for (const char* labels : {"train/images/a.txt", "train/labels/a.txt"}) {
    SetUp();
    put("train/images/a.png", kPixel), put("train/images/b.png", kPixel);
    put(labels, "1 0.5 0.25 0.2 0.1\r\n0 0.95 0.5 0.2 1\n");
    put("classes.txt", "cat\ndog\n");
    const auto data = read();
    ASSERT_TRUE(data.ok()) << data.error().message();
    EXPECT_THAT(data->classes, ::testing::ElementsAre("cat", "dog"));
    ASSERT_EQ(data->pictures.size(), 2u);
    ASSERT_EQ(data->pictures[0].boxes.size(), 2u);
    expect_box(data->pictures[0].boxes[0], {0.4F, 0.2F, 0.6F, 0.3F}, 1);
    expect_box(data->pictures[0].boxes[1], {0.85F, 0, 1, 1}, 0);  // cut off at the edge
    EXPECT_TRUE(data->pictures[1].boxes.empty());
  }
}

TEST_F(BoxedData, CocoAnnotationsAreInPixels) {
  put("x/a.png", kPixel);
  put("annotations.json", R"({"images": [{"id": 7, "file_name": "a.png", "width": 200, "height": 100}], "categories": [{"id": 3, "name": "cup"}, {"id": 9, "name": "pen"}],
      "annotations": [{"image_id": 7, "category_id": 9, "bbox": [20, 10, 100, 50]}, {"image_id": 7, "category_id": 3, "bbox": [0, 0, 10, 10], "iscrowd": 1},
                      {"image_id": 8, "category_id": 3, "bbox": [0, 0, 10, 10]}]})");
  const auto data = read();
  ASSERT_TRUE(data.ok()) << data.error().message();
  EXPECT_THAT(data->classes, ::testing::ElementsAre("cup", "pen"));
  ASSERT_EQ(data->pictures[0].boxes.size(), 1u);
  expect_box(data->pictures[0].boxes[0], {0.1F, 0.1F, 0.6F, 0.6F}, 1);
}

TEST_F(BoxedData, WhatIsNoBoxIsNamed) {
  put("a.png", kPixel);
  expect_refused("holds no boxes");
  for (const char* line : {"0 0.5 0.5 0.2", "x 0.5 0.5 0.2 0.2", "0 0.5 0.5 0.2 0.2 0.9 more", "0 120 30 40 40", "-1 0.5 0.5 0.2 0.2", "0 0.5 0.5 nan 0.2", "0 0.5 0.5 0 0.2"}) {
    put("a.txt", line);
    expect_refused("'a.txt': '" + std::string(line) + "' is no \"class x y width height\"");
  }
}

TEST_F(BoxedData, DamagedAnnotationsAreNamed) {
  put("a.png", kPixel);
  for (const char* annotation : {R"({"image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1]})", R"({"image_id": 1, "category_id": 1, "bbox": [0, 0, 1]})", R"({"image_id": "one"})"}) {
    put("coco.json", R"({"images": [{"id": 1, "file_name": "a.png", "width": 10, "height": 10}], "categories": [{"id": 1, "name": "x"}], "annotations": [)" + std::string(annotation) + "]}");
    expect_refused("'coco.json'");
  }
}

}  // namespace
}  // namespace verge
