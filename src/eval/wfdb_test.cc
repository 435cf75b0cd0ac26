#include "eval/wfdb.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

constexpr char kHeader[] = "7 2 360 4\n7.dat 212 200(10)/mV 11 1024 0 0 0 V5\n7.dat 212 100 11 -3 0 0 0 MLII\n# a remark\n";

// Two numbers of 12 bits in three bytes.
Bytes packed(const std::vector<int>& steps) {
  Bytes b;
  for (size_t i = 0; i + 1 < steps.size(); i += 2) {
    const int x = steps[i] & 0xfff, y = steps[i + 1] & 0xfff;
    b.insert(b.end(), {static_cast<uint8_t>(x), static_cast<uint8_t>(x >> 8 | (y >> 8) << 4), static_cast<uint8_t>(y)});
  }
  return b;
}

void put(Bytes& b, int type, int value) { b.insert(b.end(), {static_cast<uint8_t>(value), static_cast<uint8_t>(type << 2 | value >> 8)}); }

TEST(Wfdb, SignalsAreMillivolts) {
  const auto header = parse_wfdb_header(kHeader);
  ASSERT_TRUE(header.ok()) << header.error().message();
  const Bytes bytes = packed({10, -3, 210, 97, -190, -2048, 2047, -3});
  EXPECT_EQ(*read_wfdb_signal(*header, bytes, 0), (std::vector<float>{0, 1, -1, 10.185f}));
  EXPECT_EQ(*read_wfdb_signal(*header, bytes, 1), (std::vector<float>{0, 1, -20.45f, 0}));
  EXPECT_EQ(header->signals[1].name, "MLII");
}

TEST(Wfdb, TimesOfAnnotationsAreSums) {
  Bytes b;
  put(b, 1, 100), put(b, 63, 3), b.insert(b.end(), {'a', 'b', 'c', 0}), put(b, 59, 0), b.insert(b.end(), {1, 0, 4, 0}), put(b, 5, 20), put(b, 0, 0);
  const auto found = read_wfdb_annotations(b);
  ASSERT_TRUE(found.ok()) << found.error().message();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[1].sample, 100u + 65536 + 4 + 20);
  EXPECT_EQ((*found)[1].code, 5);
}

TEST(Wfdb, EveryTruncationOfAnnotationsIsRefused) {
  Bytes b;
  put(b, 1, 100), put(b, 63, 4), b.insert(b.end(), {'a', 'b', 'c', 'd'}), put(b, 5, 20), put(b, 0, 0);
  for (size_t n = 0; n < b.size(); ++n) EXPECT_FALSE(read_wfdb_annotations(ByteSpan(b).first(n)).ok()) << n;
}

TEST(Wfdb, EveryBitFlipOfARecordIsReadOrRefused) {
  const std::string header = kHeader;
  Bytes annotations;
  put(annotations, 1, 1), put(annotations, 8, 1), put(annotations, 0, 0);
  const Bytes samples = packed({10, -3, 210, 97, -190, -2048, 2047, -3});
  for (size_t bit = 0; bit < header.size() * 8; ++bit) {
    std::string changed = header;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const auto parsed = parse_wfdb_header(changed);
    if (parsed.ok()) (void)read_beats(*parsed, samples, annotations).ok();
  }
  const auto parsed = parse_wfdb_header(header);
  for (size_t bit = 0; bit < annotations.size() * 8; ++bit) {
    Bytes changed = annotations;
    changed[bit / 8] = static_cast<uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    (void)read_beats(*parsed, samples, changed).ok();
  }
}

TEST(Wfdb, ABeatStandsInTheMiddleOfItsWindowWithItsRhythm) {
  const WfdbHeader header{"x", 360, 0, 16, {{"MLII", 1, 0}}};
  Bytes samples(2 * 3600), annotations;
  for (size_t peak : {1000, 1360, 1540}) samples[2 * peak] = 100;
  put(annotations, 1, 1000), put(annotations, 1, 360), put(annotations, 5, 180), put(annotations, 0, 0);
  const auto beats = read_beats(header, samples, annotations);
  ASSERT_TRUE(beats.ok()) << beats.error().message();
  ASSERT_EQ(beats->size(), 3u);
  const Beat& last = beats->back();
  EXPECT_EQ(last.label, 2);
  const auto value = [&](int point, int channel) { return last.values.values<float>()[static_cast<size_t>(point * kBeatChannels + channel)]; };
  EXPECT_GT(value(kBeatPoints / 2, 0), 1);
  EXPECT_LT(value(kBeatPoints / 2 + 2, 0), 0.1);
  EXPECT_FLOAT_EQ(value(0, 2), 180 / 270.0f);
  EXPECT_FLOAT_EQ(value(0, 3), 1);
  EXPECT_FLOAT_EQ(value(0, 4), 0.5f);
}

}  // namespace
}  // namespace verge
