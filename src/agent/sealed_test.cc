#include "agent/sealed.h"

#include <gtest/gtest.h>

namespace verge::agent {
namespace {

TEST(Sealed, OneDeviceOpensWhatWasSealedToIt) {
  const BoxKeys one = make_box_keys(), other = make_box_keys();
  const ReleaseKey key = make_release_key();
  const Bytes package(5000, 7), sealed = seal_release(package, key);
  ASSERT_TRUE(is_sealed(sealed));
  EXPECT_FALSE(is_sealed(package));
  const std::string own = *seal_key(key, one.open_hex);
  EXPECT_EQ(*open_release(sealed, *open_key(own, one.secret_hex)), package);
  EXPECT_EQ(open_key(own, other.secret_hex).error().code(), Code::kIntegrity);
  EXPECT_EQ(open_release(sealed, make_release_key()).error().code(), Code::kIntegrity);
  EXPECT_NE(seal_release(package, key), sealed) << "no nonce serves twice";
}

TEST(Sealed, NoDamagePasses) {
  const ReleaseKey key = make_release_key();
  const Bytes sealed = seal_release(Bytes(40, 1), key);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes damaged = sealed;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(open_release(damaged, key).ok()) << "bit " << bit;
  }
  for (size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(open_release(ByteSpan(sealed).first(size), key).ok()) << size << " bytes";
}

TEST(Sealed, RefusesWhatIsNoKey) {
  for (const char* text : {"", "00", "zz", "0000000000000000000000000000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(open_key(text, make_box_keys().secret_hex).ok()) << text;
    EXPECT_FALSE(seal_key(make_release_key(), std::string(text) + "0").ok()) << text;
  }
  const ReleaseKey key = make_release_key();
  EXPECT_EQ(*parse_key(key_text(key)), key);
  EXPECT_FALSE(parse_key(key_text(key) + "00").ok());
}

}  // namespace
}  // namespace verge::agent
