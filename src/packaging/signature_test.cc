#include "packaging/signature.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace verge {
namespace {

class Signature : public ::testing::Test {
 protected:
  Signature() : path_(std::filesystem::temp_directory_path() / ("verge_signature_" + std::to_string(::getpid()) + ".vpk")) {}
  ~Signature() override { std::filesystem::remove(path_); }

  PackageFile open(const Bytes& bytes) {
    EXPECT_TRUE(write_file(path_, bytes).ok());
    auto package = open_package(path_);
    EXPECT_TRUE(package.ok()) << package.error().message();
    return std::move(*package);
  }
  Bytes plain() const {
    PackageContents contents;
    contents.manifest = {{"name", "test"}};
    contents.program = Bytes(200, 7);
    return make_package(contents);
  }
  std::filesystem::path path_;
  const KeyPair keys_ = make_key_pair();
};

TEST_F(Signature, IsAcceptedFromItsOwnKeyAlone) {
  auto bytes = sign_package(open(plain()), keys_);
  ASSERT_TRUE(bytes.ok());
  const PackageFile package = open(*bytes);
  EXPECT_TRUE(verify_signature(package, keys_.public_key).ok());
  EXPECT_EQ(package.program().size(), 200U);
  const auto other = verify_signature(package, make_key_pair().public_key);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), Code::kIntegrity);
}

TEST_F(Signature, IsReplacedAndNotPiledUp) {
  auto once = sign_package(open(plain()), keys_);
  auto twice = sign_package(open(*once), keys_);
  EXPECT_EQ(*once, *twice) << "ed25519 is deterministic";
}

TEST_F(Signature, NoBitOfASignedPackageMayChange) {
  const Bytes bytes = *sign_package(open(plain()), keys_);
  for (size_t bit = 0; bit < bytes.size() * 8; bit += bit < 2048 ? 1 : 9) {  // every bit of header and tables, then one or two a byte
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    std::ofstream(path_, std::ios::binary).write(reinterpret_cast<const char*>(damaged.data()), static_cast<std::streamsize>(damaged.size()));
    const auto package = open_package(path_, Verify::kFull);
    if (!package.ok()) continue;
    const bool padding = package->program().size() == 200 && std::equal(package->program().begin(), package->program().end(), Bytes(200, 7).begin());
    EXPECT_TRUE(!verify_signature(*package, keys_.public_key).ok() || padding) << "bit " << bit;
  }
}

TEST_F(Signature, UnsignedPackagesAndStrangersSectionsAreRefused) {
  const auto plain_result = verify_signature(open(plain()), keys_.public_key);
  ASSERT_FALSE(plain_result.ok());
  EXPECT_NE(plain_result.error().message().find("not signed"), std::string::npos);
  const PackageFile signed_package = open(*sign_package(open(plain()), keys_));
  const Bytes more = with_section(signed_package, package::Kind::kGolden, Bytes(16, 0));
  EXPECT_FALSE(verify_signature(open(more), keys_.public_key).ok());
}

TEST(Keys, SurviveTheirPem) {
  const KeyPair keys = make_key_pair();
  auto back = parse_secret_pem(secret_pem(keys), "k");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->public_key, keys.public_key);
  EXPECT_EQ(*parse_public_pem(public_pem(keys.public_key), "k"), keys.public_key);
  EXPECT_FALSE(parse_public_pem(secret_pem(keys), "k").ok());
  EXPECT_FALSE(parse_secret_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "k").ok());
}

}  // namespace
}  // namespace verge
