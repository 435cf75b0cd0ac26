#include "data/scenes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/sha256.h"
#include "core/text.h"
#include "data/camera.h"
#include "os/file.h"

namespace verge::data {
namespace {

std::string hash(const std::vector<uint8_t>& bytes) {
  uint8_t digest[32];
  sha256(bytes.data(), bytes.size(), digest);
  std::string hex;
  for (uint8_t byte : digest) hex += format("%02x", byte);
  return hex;
}

TEST(Scenes, ASeedGivesTheSameBytesOnEveryMachine) {
  std::vector<uint8_t> all;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Scene scene = render_scene(seed);
    all.insert(all.end(), scene.picture.rgb.begin(), scene.picture.rgb.end());
  }
  EXPECT_EQ(hash(all), "4549bf3f27f470db3279c3ac31f0ace5ca1e44f71d4b844d7bffdc664226e3cf");
}

// Of a part on a plain surface, the pixels that it changes beyond its shadow, against its box.
TEST(Scenes, ABoxIsWhereItsPartIs) {
  constexpr int kSize = 128;
  constexpr float kPixels = kSize / kFrame;
  for (int kind = 0; kind < kPartKinds; ++kind)
    for (uint64_t seed = 0; seed < 10; ++seed) {
      Random random(seed);
      const Part part = make_part(static_cast<PartKind>(kind), {30, 34}, 14, random);
      const Mark silhouette = [&](Point p, Texel& texel) {
        Texel bare{{0, 0, 0}, 0, 0};
        part.mark(p, bare);
        if (bare.albedo.r > 0.02f) texel.albedo = {1, 1, 1};
      };
      Shot shot = random_shot(random);
      shot.read_noise = shot.shot_noise = shot.defocus = 0, shot.ambient = 1;
      const Picture seen = take_picture([](Point) { return Texel{{0, 0, 0}, 0, 0}; }, {silhouette}, shot, kSize, random);
      int left = kSize, top = kSize, right = 0, bottom = 0;
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x)
          if (seen.rgb[static_cast<size_t>(3 * (y * kSize + x))] > 100) left = std::min(left, x), right = std::max(right, x + 1), top = std::min(top, y), bottom = std::max(bottom, y + 1);
      EXPECT_NEAR(part.extent.left * kPixels, left, 2) << part_name(static_cast<PartKind>(kind)) << " seed=" << seed;
      EXPECT_NEAR(part.extent.top * kPixels, top, 2) << part_name(static_cast<PartKind>(kind)) << " seed=" << seed;
      EXPECT_NEAR(part.extent.right * kPixels, right, 2) << part_name(static_cast<PartKind>(kind)) << " seed=" << seed;
      EXPECT_NEAR(part.extent.bottom * kPixels, bottom, 2) << part_name(static_cast<PartKind>(kind)) << " seed=" << seed;
    }
}

TEST(Scenes, EachHasObjectsWithinThePicture) {
  std::vector<int> kinds(kPartKinds);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Scene scene = render_scene(seed, {16});
    EXPECT_GE(scene.objects.size(), 1u);
    EXPECT_LE(scene.objects.size(), 6u);
    for (const auto& [kind, b] : scene.objects) {
      ++kinds[static_cast<size_t>(kind)];
      EXPECT_TRUE(0 <= b.left && b.left < b.right && b.right <= 1 && 0 <= b.top && b.top < b.bottom && b.bottom <= 1) << "seed=" << seed;
    }
  }
  EXPECT_THAT(kinds, ::testing::Each(::testing::Gt(10)));
}

TEST(Scenes, AreWrittenAsYoloHasThem) {
  const std::string dir = ::testing::TempDir() + "/verge_scenes";
  std::filesystem::remove_all(dir);
  const auto written = write_scenes(dir, 2, 5, {16});
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_THAT(*list_files(dir), ::testing::ElementsAre("classes.txt", "images/0000.png", "images/0001.png", "labels/0000.txt", "labels/0001.txt"));
  const Scene scene = render_scene(mix(5), {16});
  const Bytes bytes = *read_file(dir + "/labels/0000.txt");
  const std::vector<std::string> lines = split(std::string(bytes.begin(), bytes.end()), '\n');
  ASSERT_EQ(lines.size(), scene.objects.size() + 1);
  int kind = -1;
  float x = 0, y = 0, w = 0, h = 0;
  ASSERT_EQ(std::sscanf(lines[0].c_str(), "%d %f %f %f %f", &kind, &x, &y, &w, &h), 5);
  EXPECT_EQ(kind, static_cast<int>(scene.objects[0].kind));
  EXPECT_NEAR(x - w / 2, scene.objects[0].box.left, 1e-5);
  EXPECT_NEAR(y + h / 2, scene.objects[0].box.bottom, 1e-5);
}

TEST(Scenes, RefusesWhatItCannotRender) {
  for (const auto& [count, size] : {std::pair{0, 64}, {5, 15}, {5, 1025}}) EXPECT_EQ(write_scenes(::testing::TempDir() + "/verge_scenes_refused", count, 1, {size}).error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace verge::data
