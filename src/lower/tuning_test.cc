#include "lower/tuning.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace verge {
namespace {

namespace fs = std::filesystem;

const TuningKey kKey{"a processor", "a build"};

LayerKind convolution(int32_t channels) {
  return {LayerFamily::kConvI8, {.in_h = 56, .in_w = 56, .in_c = channels, .out_h = 28, .out_w = 28, .out_c = 2 * channels, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1}};
}

Tuning example() { return {kKey, {{layer_text(convolution(64)), {Algorithm::kUsual, -1}}, {layer_text({LayerFamily::kDepthwiseI8, {}}), {Algorithm::kNarrow, 0}}}}; }

struct File {
  std::string path = (fs::temp_directory_path() / ("verge_tuning_test_" + std::to_string(::getpid()) + ".json")).string();
  explicit File(const std::string& text) { std::ofstream(path) << text; }
  ~File() { fs::remove(path); }
};

TEST(Tuning, ItsTextIsReadBack) {
  const auto read = parse_tuning(tuning_text(example()));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(read->key == kKey);
  EXPECT_EQ(read->layers, example().layers);
}

TEST(Tuning, ALayersTextIsReadBackAndNothingElse) {
  const LayerKind layer = convolution(64);
  EXPECT_EQ(layer_text(layer), "conv_i8 1x56x56x64:28x28x128 k3x3 s2x2 d1x1 p1,1 g1");
  const auto read = parse_layer_text(layer_text(layer));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->key(), layer.key());
  EXPECT_NE(convolution(32).key(), layer.key());
  for (const char* other : {"", "conv_i8", "conv_i8 ", "conv_i8 1x56", "conv_i9 1x1x1x1:1x1x1 k1x1 s1x1 d1x1 p0,0 g1", "conv_i8 1x1x1x1:1x1x1 k1x1 s1x1 d1x1 p0,0 g1 ",
                            "conv_i8 99999999999x1x1x1:1x1x1 k1x1 s1x1 d1x1 p0,0 g1"})
    EXPECT_FALSE(parse_layer_text(other).ok()) << other;
}

TEST(Tuning, EveryTruncationAndBitFlipIsRefusedOrRead) {
  const std::string text = tuning_text(example());
  for (size_t n = 0; n + 2 < text.size(); ++n) EXPECT_FALSE(parse_tuning(std::string_view(text).substr(0, n)).ok()) << "cut at " << n;
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    (void)parse_tuning(damaged).ok();
  }
  for (const char* other : {"[]", "1", "{}", "{\"verge_tuning\": 2}", "{\"verge_tuning\": {}, \"processor\": 1}", "{\"verge_tuning\": 1, \"processor\": \"\", \"build\": \"\", \"layers\": {\"a\": 1}}"})
    EXPECT_FALSE(parse_tuning(other).ok()) << other;
}

TEST(Tuning, AFileThatIsDamagedOrForeignIsIgnoredWithTheReason) {
  std::string note;
  EXPECT_TRUE(read_tuning("/nowhere/tuning.json", kKey, &note).layers.empty());
  EXPECT_EQ(note, "");
  const File whole(tuning_text(example()));
  EXPECT_EQ(read_tuning(whole.path, kKey, &note).layers, example().layers);
  EXPECT_EQ(note, "");
  EXPECT_TRUE(read_tuning(whole.path, {"a processor", "a later build"}, &note).layers.empty());
  EXPECT_NE(note.find("it was made by another processor or build"), std::string::npos) << note;
  fs::resize_file(whole.path, 40);
  EXPECT_TRUE(read_tuning(whole.path, kKey, &note).layers.empty());
  EXPECT_NE(note.find("is ignored"), std::string::npos) << note;
}

TEST(Tuning, KernelsFindEveryLayerOfATable) {
  WayTable table;
  for (int32_t channels = 1; channels <= 300; ++channels) table.set(convolution(channels), {Algorithm::kUsual, static_cast<int8_t>(channels % 3 - 1)});
  EXPECT_EQ(tuned_way(LayerFamily::kConvI8, convolution(7).geometry), Way{});
  table.put_in_force();
  for (int32_t channels = 1; channels <= 300; ++channels) EXPECT_EQ(tuned_way(LayerFamily::kConvI8, convolution(channels).geometry).blocks, channels % 3 - 1) << channels;
  EXPECT_EQ(tuned_way(LayerFamily::kConvI8, convolution(301).geometry), Way{});
  EXPECT_EQ(tuned_way(LayerFamily::kConvBf16, convolution(9).geometry), Way{});
  set_tuned_layers(nullptr);
}

}  // namespace
}  // namespace verge
