#include "formats/state/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "os/file.h"
#include "testing/shared.h"

namespace verge::formats {
namespace {

std::map<std::string, Tensor> state_of(const std::string& path) {
  auto state = read_state(*read_file(testing::shared_path(path)));
  EXPECT_TRUE(state.ok()) << path << ": " << state.error().message();
  if (!state.ok()) return {};
  return {state->begin(), state->end()};
}

Bytes bytes_of(const std::string& text) { return Bytes(text.begin(), text.end()); }

std::string safetensors(const std::string& header, size_t data) {
  std::string out(8, '\0');
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(uint64_t{header.size()} >> (8 * i));
  return out + header + std::string(data, '\1');
}

TEST(Safetensors, GivesTensorsByName) {
  const auto state = read_state(bytes_of(safetensors(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"I16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[],"data_offsets":[4,5]}})", 5)));
  ASSERT_TRUE(state.ok()) << state.error().message();
  ASSERT_EQ(state->size(), 2u);
  EXPECT_EQ((*state)[0].first, "a");
  EXPECT_EQ((*state)[0].second.shape(), (Shape{2, 1}));
  EXPECT_EQ((*state)[0].second.at(1), 257);
}

TEST(Safetensors, RefusesWhatContradictsItself) {
  for (const char* header : {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,40]}})", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})",
                             R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", R"({"a":3})", R"([1])", R"({"a")",
                             R"({"a":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"b":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"c":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"d":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"e":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"f":{"dtype":"U8","shape":[100],"data_offsets":[0,100]},"g":{"dtype":"U8","shape":[100],"data_offsets":[0,100]}})"}) {
    const auto state = read_state(bytes_of(safetensors(header, 100)));
    ASSERT_FALSE(state.ok()) << header;
    EXPECT_EQ(state.error().code(), Code::kCorrupt) << header << ": " << state.error().message();
  }
  EXPECT_EQ(read_state(bytes_of(safetensors(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1))).error().code(), Code::kUnsupported);
}

TEST(Safetensors, SurvivesEveryTruncationAndBitFlip) {
  const Bytes good = bytes_of(safetensors(R"({"a":{"dtype":"I16","shape":[2,1],"data_offsets":[0,4]}})", 4));
  for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(read_state(ByteSpan(good).first(n)).ok()) << n;
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    (void)read_state(flipped);
  }
}

TEST(Torch, ReadsArchiveAndOlderStreamAlike) {
  for (const char* name : {"archive.pt", "stream.pt"}) {
    const auto read = read_state(*read_file(testing::project_path(std::string("tests/corpus/state_fuzz/") + name)));
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().message();
    const std::map<std::string, Tensor> state(read->begin(), read->end());
    ASSERT_EQ(state.size(), 3u) << name;
    EXPECT_THAT(state.at("fc.weight").values<float>(), ::testing::ElementsAre(0, 1, 2, 3, 4, 5)) << name;
    EXPECT_THAT(state.at("fc.bias").values<float>(), ::testing::ElementsAre(1, 2)) << name;
    EXPECT_THAT(state.at("more.x.0").values<float>(), ::testing::ElementsAre(1, 3, 2, 4)) << name << ": a view with an offset, its strides swapped";
  }
}

TEST(Torch, ReadsEveryElementType) {
  VERGE_NEED_SHARED("models/torch");
  const std::map<std::string, DataType> types = {{"float32", DataType::kF32}, {"float64", DataType::kF64}, {"float16", DataType::kF16}, {"bfloat16", DataType::kBF16}, {"int64", DataType::kI64},
                                                 {"int32", DataType::kI32},   {"int16", DataType::kI16},   {"int8", DataType::kI8},     {"uint8", DataType::kU8},      {"bool", DataType::kBool}};
  for (const auto& [name, type] : types) {
    const auto state = state_of("models/torch/" + name + ".pt");
    ASSERT_EQ(state.size(), 1u) << name;
    EXPECT_EQ(state.begin()->second.dtype(), type) << name;
  }
}

TEST(Torch, ReadsShapesStridesAndSharedStorages) {
  VERGE_NEED_SHARED("models/torch");
  EXPECT_EQ(state_of("models/torch/tensor_4d.pt").begin()->second.shape().rank, 4);
  EXPECT_EQ(state_of("models/torch/scalar.pt").begin()->second.shape().rank, 0);
  for (const char* legacy : {"legacy_shared_storage", "legacy_uncloned_views", "legacy_with_offsets", "simple_legacy"}) EXPECT_FALSE(state_of(std::string("models/torch/") + legacy + ".pt").empty()) << legacy;
}

TEST(Torch, DotsNamesOfNestedDictionaries) {
  VERGE_NEED_SHARED("models/torch");
  for (const auto& [name, tensor] : state_of("models/torch/nested_dict.pt")) EXPECT_THAT(name, ::testing::HasSubstr("."));
  EXPECT_FALSE(state_of("models/torch/checkpoint.pt").empty());
}

TEST(Torch, GivesTheTensorsOfItsSafetensorsTwin) {
  VERGE_NEED_SHARED("models/torch/mnist.pt");
  VERGE_NEED_SHARED("models/safetensors/mnist.safetensors");
  const auto torch = state_of("models/torch/mnist.pt"), plain = state_of("models/safetensors/mnist.safetensors");
  ASSERT_EQ(torch.size(), plain.size());
  for (const auto& [name, tensor] : plain) {
    ASSERT_TRUE(torch.count(name)) << name;
    EXPECT_EQ(torch.at(name).shape(), tensor.shape()) << name;
  }
}

TEST(Torch, RefusesDamagedFiles) {
  VERGE_NEED_SHARED("models/torch/broken.pt");
  EXPECT_EQ(read_state(*read_file(testing::shared_path("models/torch/broken.pt"))).error().code(), Code::kCorrupt);
  for (const char* name : {"state_dict", "simple_legacy"}) {
    const Bytes good = *read_file(testing::shared_path(std::string("models/torch/") + name + ".pt"));
    for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(read_state(ByteSpan(good).first(n)).ok()) << name << " " << n;
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      Bytes flipped = good;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
      (void)read_state(flipped);
    }
  }
}

TEST(Torch, APickleThatHoldsItselfEnds) {
  // A dictionary whose item is itself, in the older stream of pickles.
  std::string bytes("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  bytes += std::string("\x80\x02M\xe9\x03.", 6) + std::string("\x80\x02}.", 4) + std::string("\x80\x02}q\x00X\x01\x00\x00\x00" "ah\x00s.", 15) + std::string("\x80\x02].", 4);
  EXPECT_FALSE(read_state(bytes_of(bytes)).ok());
}

}  // namespace
}  // namespace verge::formats
