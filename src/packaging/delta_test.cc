#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "package/delta.h"
#include "packaging/delta_make.h"
#include "packaging/package_file.h"

namespace verge {
namespace {

constexpr uint64_t kMost = 1 << 24;

// A package whose program section is no program: deltas treat it as bytes.
Bytes package_of(const Bytes& program, const std::string& name) {
  PackageContents contents;
  contents.manifest = {{"name", name}};
  contents.program = program;
  return make_package(contents);
}

Bytes noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  Bytes out(bytes);
  for (uint8_t& b : out) b = static_cast<uint8_t>(random());
  return out;
}

Delta delta_of(const Bytes& base, const Bytes& next) {
  auto delta = make_delta(base, next);
  EXPECT_TRUE(delta.ok()) << delta.error().message();
  return std::move(*delta);
}

TEST(Delta, GivesBackTheNewFile) {
  Bytes program = noise(20000, 1);
  const Bytes base = package_of(program, "one");
  for (size_t i = 5000; i < 5200; i += 7) ++program[i];
  const Bytes next = package_of(program, "another name");
  const Delta delta = delta_of(base, next);
  EXPECT_TRUE(delta.uses_base);
  EXPECT_LT(delta.bytes.size(), 400U);
  EXPECT_EQ(*apply_delta(base, delta.bytes, kMost), next);
}

TEST(Delta, OfTheSameFileIsAHandfulOfBytes) {
  const Bytes file = package_of(noise(50000, 2), "same");
  EXPECT_LE(delta_of(file, file).bytes.size(), 64U);
}

TEST(Delta, IsNeverMuchLargerThanTheFile) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{63}, size_t{4096}, size_t{70001}}) {
    const Bytes base = noise(bytes, 3), next = noise(bytes, 4);
    const Delta delta = delta_of(base, next);
    EXPECT_LE(delta.bytes.size(), bytes + 64) << bytes;
    EXPECT_EQ(*apply_delta(base, delta.bytes, kMost), next) << bytes;
  }
}

TEST(Delta, WithoutUseOfTheBaseNeedsNone) {
  const Bytes next(5000, 'x');
  const Delta delta = delta_of(noise(100, 5), next);
  EXPECT_FALSE(delta.uses_base);
  EXPECT_LT(delta.bytes.size(), 100U);
  EXPECT_EQ(*apply_delta({}, delta.bytes, kMost), next);
}

TEST(Delta, RefusesAnotherBaseAndALargerResult) {
  Bytes program = noise(3000, 6);
  const Bytes base = package_of(program, "a");
  ++program[9];
  const Bytes next = package_of(program, "a");
  const Delta delta = delta_of(base, next);
  const auto stranger = apply_delta(next, delta.bytes, kMost);
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code(), Code::kIntegrity);
  const auto large = apply_delta(base, delta.bytes, next.size() - 1);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code(), Code::kBudget);
}

TEST(Delta, NoDamageAndNoCutPassesUnseen) {
  Bytes program = noise(600, 7);
  const Bytes base = package_of(program, "a");
  program[100] ^= 3;
  const Bytes next = package_of(program, "b");
  const Bytes delta = delta_of(base, next).bytes;
  for (size_t bit = 0; bit < delta.size() * 8; ++bit) {
    Bytes damaged = delta;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto out = apply_delta(base, damaged, kMost);
    EXPECT_TRUE(!out.ok() || *out == next) << "bit " << bit;
  }
  for (size_t size = 0; size < delta.size(); ++size) {
    const auto out = apply_delta(base, ByteSpan(delta).first(size), kMost);
    EXPECT_TRUE(!out.ok() || *out == next) << size << " of " << delta.size() << " bytes";
  }
}

TEST(Delta, ApplyingNeedsLittleMemory) { EXPECT_LE(sizeof(package::DeltaApplier), 256U * 1024); }

TEST(OrderedFloats, KeepTheirOrderAndComeBack) {
  const float values[] = {-3e38f, -1.0f, -1e-40f, -0.0f, 0.0f, 1e-40f, 1.0f, 3e38f};
  uint32_t before = 0;
  for (const float v : values) {
    uint32_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    EXPECT_GE(package::ordered32(bits), before) << v;
    EXPECT_EQ(package::unordered32(package::ordered32(bits)), bits);
    before = package::ordered32(bits);
  }
  for (uint32_t h = 0; h < 65536; ++h) ASSERT_EQ(package::unordered16(package::ordered16(static_cast<uint16_t>(h))), h);
}

}  // namespace
}  // namespace verge
