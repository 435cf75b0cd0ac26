#include "packaging/pack_program.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "package/packed.h"
#include "packaging/package_file.h"
#include "rt/program.h"

namespace verge {
namespace {

// A Program's shape as far as packing looks at it: a header, one tensor record, constants of packed 4-bit weights of which most are zero.
Bytes program_of_zeros_and_ones(size_t weights, uint32_t seed) {
  std::mt19937 random(seed);
  rt::ProgramHeader h;
  h.tensors = {sizeof h, 1};
  h.const_offset = 256;
  h.const_bytes = weights;
  h.total_bytes = h.const_offset + weights;
  Bytes out(h.total_bytes);
  rt::TensorRecord t;
  t.dtype = static_cast<uint8_t>(DataType::kI8);
  std::memcpy(out.data(), &h, sizeof h);
  std::memcpy(out.data() + sizeof h, &t, sizeof t);
  for (size_t i = 0; i < weights; ++i) {
    const auto nibble = [&] { return random() % 8 ? 0U : (random() % 2 ? 1U : 15U); };
    out[h.const_offset + i] = static_cast<uint8_t>(nibble() | nibble() << 4);
  }
  return out;
}

TEST(PackProgram, GivesTheBytesBack) {
  for (const size_t weights : {size_t{1}, size_t{31}, size_t{64}, size_t{5000}}) {
    const Bytes program = program_of_zeros_and_ones(weights, 1);
    const Bytes packed = pack_program(program);
    const auto unpacked = unpack_section(packed);
    ASSERT_TRUE(unpacked.ok()) << unpacked.error().message();
    EXPECT_EQ(Bytes(unpacked->bytes.begin(), unpacked->bytes.end()), program) << weights;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(unpacked->bytes.data()) % rt::kAlignment, 0U);
  }
}

// Seven of eight weights are zero: 0.54 + 0.125 bits each.
TEST(PackProgram, ComesNearTheEntropyOfItsWeights) {
  const size_t weights = 20000;
  const Bytes packed = pack_program(program_of_zeros_and_ones(weights, 2));
  EXPECT_LT(static_cast<double>(packed.size()), 1.05 * (2.0 * weights * 0.669 / 8) + 300);
}

TEST(PackProgram, SurvivesEveryTruncationAndBitFlip) {
  const Bytes packed = pack_program(program_of_zeros_and_ones(40, 3));
  for (size_t n = 0; n < packed.size(); ++n) static_cast<void>(unpack_section(ByteSpan(packed).first(n)));
  for (size_t bit = 0; bit < packed.size() * 8; ++bit) {
    Bytes damaged = packed;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    const auto out = unpack_section(damaged);
    if (out.ok()) {
      EXPECT_LE(out->bytes.size(), damaged.size() * 4096) << bit;
    }
  }
}

TEST(PackProgram, APackageKeepsItThroughSigningSections) {
  PackageContents contents;
  contents.manifest = {{"name", "m"}};
  contents.program = program_of_zeros_and_ones(3000, 4);
  contents.packed = true;
  const Bytes bytes = make_package(contents);
  EXPECT_LT(bytes.size(), contents.program.size());
  const std::string path = testing::TempDir() + "packed.vpk";
  ASSERT_TRUE(write_file(path, bytes).ok());
  const auto file = open_package(path, Verify::kFull);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(Bytes(file->program().begin(), file->program().end()), contents.program);
  ASSERT_TRUE(write_file(path, with_section(*file, package::Kind::kSignature, contents.program)).ok());
  const auto again = open_package(path, Verify::kFull);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(Bytes(again->program().begin(), again->program().end()), contents.program);
}

}  // namespace
}  // namespace verge
