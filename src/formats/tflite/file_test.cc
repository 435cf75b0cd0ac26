#include "formats/tflite/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "formats/tflite/model_builder.h"
#include "formats/tflite/tflite.h"

namespace verge::formats::tflite {
namespace {

using schema::BuiltinOperator;
using testing::HasSubstr;
using Types = schema::TensorType;

// y = x * w + b, with something broken by `damage`.
Bytes model_with(const std::function<void(ModelBuilder&)>& damage) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::INT8, {1, 3}), y = m.tensor("y", Types::INT8, {1, 2});
  const int w = m.constant<int8_t>("w", Types::INT8, {2, 3}, {1, 2, 3, 4, 5, 6}), b = m.constant<int32_t>("b", Types::INT32, {2}, {7, 8});
  m.quantize(x, {0.5f}, {-3});
  m.quantize(y, {0.25f}, {7});
  m.quantize(w, {1, 2}, {0, 0}, 0);
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w, b}, {y}, schema::FullyConnectedOptionsT());
  m.graph().inputs = {x};
  m.graph().outputs = {y};
  damage(m);
  return m.finish(m.graph().inputs, m.graph().outputs);
}

Bytes sound() {
  return model_with([](ModelBuilder&) {});
}

std::string complaint(const std::function<void(ModelBuilder&)>& damage, Code code = Code::kCorrupt) {
  const Bytes bytes = model_with(damage);
  const auto file = File::open(bytes);
  EXPECT_FALSE(file.ok());
  if (file.ok()) return "";
  EXPECT_EQ(file.error().code(), code) << file.error().message();
  return file.error().message();
}

TEST(TfliteFile, OpensASoundFile) { EXPECT_TRUE(File::open(sound()).ok()); }

TEST(TfliteFile, KnowsItselfByItsIdentifier) {
  EXPECT_TRUE(looks_like(sound()));
  EXPECT_FALSE(looks_like({}));
  EXPECT_FALSE(looks_like(Bytes{1, 2, 3, 4, 'O', 'N', 'N', 'X'}));
}

TEST(TfliteFile, NamesThePlaceOfADamage) {
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.model().version = 2; }, Code::kUnsupported), HasSubstr("schema version 2"));
  EXPECT_THAT(complaint([](ModelBuilder& m) {
                m.model().subgraphs.clear(), m.model().subgraphs.push_back(std::make_unique<schema::SubGraphT>()), m.graph().outputs = {9};
              }),
              HasSubstr("an output is tensor 9 of 0"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.at(2).buffer = 40; }), HasSubstr("sub-graph 0, tensor 2: buffer 40 of 3"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.at(2).shape = {2, 4}; }), HasSubstr("holds 6 bytes, int8[2,4] takes 8"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.at(2).shape = {65536, 65536, 65536, 65536}; }), HasSubstr("more than 2^31 elements"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.at(2).shape = {2, -3}; }), HasSubstr("dimension 1 is -3"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.at(0).shape.assign(9, 1); }, Code::kUnsupported), HasSubstr("rank 9"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.quantize(2, {1, 2, 3}, {0}, 0); }), HasSubstr("3 scales along axis 0"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.quantize(2, {1, 2}, {0}, 5); }), HasSubstr("quantised along axis 5"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.quantize(0, {1}, {200}); }), HasSubstr("zero point 200 is outside -128..127"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.quantize(0, {-1}, {0}); }), HasSubstr("scale -1"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().operators[0]->opcode_index = 3; }), HasSubstr("operator code 3 of 1"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().operators[0]->inputs = {0, 77}; }), HasSubstr("an input is tensor 77 of 4"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().operators[0]->inputs = {1, 2}; }), HasSubstr("reads tensor 1 before it is computed"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().operators[0]->outputs = {2}; }), HasSubstr("writes tensor 2, which has a value already"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().operators[0]->outputs.clear(); }), HasSubstr("has no outputs"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.graph().inputs = {0, 0}; }), HasSubstr("tensor 0 is twice an input"));
  EXPECT_THAT(complaint([](ModelBuilder& m) { m.model().buffers[1]->offset = 1 << 20, m.model().buffers[1]->size = 8; }),
              HasSubstr("buffer 1: lies outside the file"));
}

TEST(TfliteFile, EveryTruncationIsAnError) {
  const Bytes whole = sound();
  for (size_t n = 0; n < whole.size(); ++n) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    const auto graph = import(cut, {});
    ASSERT_FALSE(graph.ok()) << n << " of " << whole.size() << " bytes";
    ASSERT_FALSE(graph.error().message().empty());
  }
}

TEST(TfliteFile, NoSingleBitFlipCrashes) {
  const Bytes whole = sound();
  ImportOptions options;
  options.max_computed_bytes = 1 << 20;
  size_t refused = 0;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const auto graph = import(flipped, options);
    if (graph.ok()) continue;
    ++refused;
    ASSERT_FALSE(graph.error().message().empty()) << "bit " << bit;
  }
  EXPECT_GT(refused, whole.size());
}

TEST(TfliteFile, BytesNeedNoAlignment) {
  Bytes shifted = sound();
  shifted.insert(shifted.begin(), 1);
  EXPECT_TRUE(import(ByteSpan(shifted).subspan(1), {}).ok());
}

}  // namespace
}  // namespace verge::formats::tflite
