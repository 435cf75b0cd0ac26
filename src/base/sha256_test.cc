#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace verge {
namespace {

std::string hex(const std::string& text) {
  uint8_t digest[32];
  sha256(text.data(), text.size(), digest);
  std::string out;
  for (uint8_t b : digest) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

TEST(Sha256, MatchesTheExamplesOfTheStandard) {
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
  std::string text(200, 'x');
  uint8_t whole[32], parts[32];
  sha256(text.data(), text.size(), whole);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 h;
    h.update(text.data(), cut);
    h.update(text.data() + cut, text.size() - cut);
    h.finish(parts);
    ASSERT_EQ(std::string(whole, whole + 32), std::string(parts, parts + 32)) << "cut=" << cut;
  }
}

}  // namespace
}  // namespace verge
