#include "train/checkpoint.h"

#include <cstring>

#include "base/sha256.h"
#include "os/file.h"

namespace verge::train {
namespace {

constexpr char kMagic[4] = {'V', 'R', 'G', 'T'};
constexpr uint32_t kVersion = 1;
constexpr size_t kFixed = 4 + 4 + 8, kHash = 32;

}  // namespace

Result<void> write_checkpoint(const std::string& path, const Checkpoint& c) {
  const std::string header = c.header.dump();
  const uint64_t length = header.size();
  Bytes file(kFixed);
  std::memcpy(file.data(), kMagic, 4);
  std::memcpy(file.data() + 4, &kVersion, 4);
  std::memcpy(file.data() + 8, &length, 8);
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), c.state.begin(), c.state.end());
  uint8_t hash[kHash];
  sha256(file.data(), file.size(), hash);
  file.insert(file.end(), hash, hash + kHash);
  VERGE_CHECK(write_file(path, file), "the checkpoint");
  return done();
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  VERGE_TRY(const Bytes file, read_file(path), "the checkpoint");
  if (file.size() < kFixed + kHash || std::memcmp(file.data(), kMagic, 4) != 0) return corrupt("'" + path + "' is no checkpoint of verge train");
  uint32_t version;
  uint64_t length;
  std::memcpy(&version, file.data() + 4, 4);
  std::memcpy(&length, file.data() + 8, 8);
  if (version != kVersion) return unsupported("'" + path + "' is a checkpoint of version " + std::to_string(version) + "; this program reads version " + std::to_string(kVersion));
  uint8_t hash[kHash];
  sha256(file.data(), file.size() - kHash, hash);
  if (std::memcmp(hash, file.data() + file.size() - kHash, kHash) != 0) return Error(Code::kIntegrity, "'" + path + "' is damaged: its bytes are not those that were written");
  if (length > file.size() - kFixed - kHash) return corrupt("'" + path + "': the header is longer than the file");
  Checkpoint out;
  VERGE_TRY(out.header, parse_json({reinterpret_cast<const char*>(file.data() + kFixed), length}), "'" + path + "'");
  out.state.assign(file.begin() + static_cast<int64_t>(kFixed + length), file.end() - static_cast<int64_t>(kHash));
  return out;
}

}  // namespace verge::train
