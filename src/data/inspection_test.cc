#include "data/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/sha256.h"
#include "core/text.h"
#include "data/camera.h"
#include "data/marks.h"
#include "os/file.h"

namespace verge::data {
namespace {

std::string temporary_folder(const std::string& name) {
  std::string path = ::testing::TempDir() + "/verge_inspection_" + name;
  std::filesystem::remove_all(path);
  return path;
}

std::string hash(const Bytes& bytes) {
  uint8_t digest[32];
  sha256(bytes.data(), bytes.size(), digest);
  std::string hex;
  for (uint8_t byte : digest) hex += format("%02x", byte);
  return hex;
}

// The mean over a picture's bytes of |a - b|.
double distance(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

Picture halved(const Picture& in) {
  Picture out{in.width / 2, in.height / 2, {}};
  for (int y = 0; y < out.height; ++y) {
    for (int i = 0; i < 3 * out.width; ++i) {
      const uint8_t* p = &in.rgb[static_cast<size_t>(2 * y) * 3 * in.width + static_cast<size_t>(i / 3) * 6 + i % 3];
      out.rgb.push_back(static_cast<uint8_t>((p[0] + p[3] + p[3 * in.width] + p[3 * in.width + 3] + 2) / 4));
    }
  }
  return out;
}

TEST(Inspection, ASeedGivesTheSameBytesOnEveryMachine) {
  Bytes all;
  for (int kind = 0; kind < kInspectionClasses; ++kind) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Picture picture = render_inspection(static_cast<InspectionClass>(kind), seed);
      all.insert(all.end(), picture.rgb.begin(), picture.rgb.end());
    }
  }
  EXPECT_EQ(hash(all), "520eb70c006871eb605401cbdb993a680b0bbf0da37275125e8bd80f6c8827b7");
}

TEST(Inspection, SeedsAndClassesShareNoPicture) {
  const Picture base = render_inspection(InspectionClass::kOk, 1);
  EXPECT_GT(distance(base, render_inspection(InspectionClass::kOk, 2)), 1.0);
  EXPECT_GT(distance(base, render_inspection(InspectionClass::kDent, 1)), 1.0);
}

TEST(Inspection, SizeChangesThePixelsAndNotTheScene) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Picture small = render_inspection(InspectionClass::kStain, seed), large = render_inspection(InspectionClass::kStain, seed, {.size = 128});
    ASSERT_EQ(large.width, 128);
    EXPECT_LT(distance(small, halved(large)), 8.0) << "seed=" << seed;
  }
}

TEST(Inspection, TheFaintestDefectCanBeSeen) {
  constexpr float kFaintest = InspectionOptions{}.faintest;
  using Maker = std::function<Mark(Random&)>;
  const std::vector<std::pair<const char*, Maker>> makers = {
      {"scratch",
       [](Random& r) {
         return make_scratch(kFaintest, {1, 0}, r);
       }},
      {"hole", [](Random& r) { return make_hole(kFaintest, r); }},
      {"stain", [](Random& r) { return make_stain(kFaintest, r); }},
      {"dent", [](Random& r) { return make_dent(kFaintest, r); }},
  };
  for (const auto& [name, make] : makers) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      Random random(seed);
      const Surface plain = [](Point) { return Texel{{0.4f, 0.4f, 0.4f}, 0, 0}; };
      Shot shot = random_shot(random);
      shot.read_noise = shot.shot_noise = 0;
      const Picture clean = take_picture(plain, {}, shot, 64, random), marked = take_picture(plain, {make(random)}, shot, 64, random);
      int strongest = 0;
      for (size_t i = 0; i < clean.rgb.size(); ++i) strongest = std::max(strongest, std::abs(clean.rgb[i] - marked.rgb[i]));
      EXPECT_GE(strongest, 4) << name << " seed=" << seed;
    }
  }
}

TEST(InspectionSet, WritesTheClassesInTurnAsFolders) {
  const std::string dir = temporary_folder("set");
  std::vector<int> progress;
  const auto written = write_inspection_set(dir, 7, 3, {.size = 16}, [&](int done) { progress.push_back(done); });
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_THAT(progress, ::testing::ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(*list_files(dir),
              ::testing::ElementsAre("dent/0000.png", "hole/0000.png", "ok/0000.png", "ok/0001.png", "scratch/0000.png", "scratch/0001.png", "stain/0000.png"));
  EXPECT_EQ(*read_file(dir + "/ok/0000.png"), *encode_png(render_inspection(InspectionClass::kOk, mix(3), {.size = 16})));
}

TEST(InspectionSet, RefusesWhatItCannotRender) {
  for (const auto& [count, size] : {std::pair{0, 64}, {-1, 64}, {2'000'000, 64}, {5, 15}, {5, 1025}}) {
    const auto written = write_inspection_set(temporary_folder("refused"), count, 1, {.size = size});
    ASSERT_FALSE(written.ok()) << count << " pictures of " << size;
    EXPECT_EQ(written.error().code(), Code::kInvalidArgument);
  }
}

TEST(InspectionSet, NamesTheFolderThatCannotBeMade) {
  const std::string file = temporary_folder("file");
  ASSERT_TRUE(write_file(file, std::string("not a folder")).ok());
  const auto written = write_inspection_set(file, 5, 1);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), Code::kIo);
  EXPECT_THAT(written.error().message(), ::testing::HasSubstr(file));
}

}  // namespace
}  // namespace verge::data
