// A disk for tests of power cuts: names are durable after sync_folder(), bytes after sync(), and after a cut each unsynced change may be there or not.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "os/storage.h"

namespace verge {

// A disk whose power fails. Bytes are durable after sync(), names after sync_folder(); `cut_at` counts calls that change something.
class ModelDisk final : public Storage {
 public:
  static constexpr size_t kBlock = 512;
  using File = std::shared_ptr<Bytes>;
  struct Change {  // of the folder, not durable yet
    std::string from, to;
    File file;  // null: removal of `from`
  };

  int cut_at = -1, calls = 0;
  bool off = false;

  Result<Bytes> read(const std::string& path) override {
    const auto it = now.find(path);
    if (it == now.end()) return not_found(path);
    return *it->second;
  }
  Result<void> write(const std::string& path, ByteSpan bytes) override {
    if (!power()) return gone();
    File file = std::make_shared<Bytes>(bytes.begin(), bytes.end());
    now[path] = file;
    changes.push_back({"", path, file});
    return done();
  }
  Result<void> append(const std::string& path, ByteSpan bytes) override {
    if (!now.count(path)) return write(path, bytes);
    if (!power()) return gone();
    now[path]->insert(now[path]->end(), bytes.begin(), bytes.end());
    return done();
  }
  Result<void> sync(const std::string& path) override {
    if (!power()) return gone();
    synced[now.at(path)] = *now.at(path);
    return done();
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    if (!power()) return gone();
    File file = now.at(from);
    now.erase(from);
    now[to] = file;
    changes.push_back({from, to, file});
    return done();
  }
  Result<void> remove(const std::string& path) override {
    if (!power()) return gone();
    now.erase(path);
    changes.push_back({path, "", nullptr});
    return done();
  }
  Result<void> sync_folder() override {
    if (!power()) return gone();
    durable = now;
    changes.clear();
    return done();
  }
  Result<std::vector<std::string>> list() override {
    std::vector<std::string> out;
    for (const auto& [path, file] : now) out.push_back(path);
    return out;
  }

  // What may lie there after the cut: the first `kept` changes of names, and unsynced bytes whole, gone, torn at a block or with a block of noise.
  enum class Left { kWhole, kGone, kTorn, kNoise };
  ModelDisk after_cut(size_t kept, Left unsynced) const {
    ModelDisk out;
    std::map<std::string, File> names = durable;
    for (size_t i = 0; i < kept; ++i) {
      if (!changes[i].from.empty()) names.erase(changes[i].from);
      if (changes[i].file) names[changes[i].to] = changes[i].file;
    }
    for (const auto& [path, file] : names) out.now[path] = std::make_shared<Bytes>(left_of(file, unsynced));
    for (const auto& [path, file] : out.now) out.synced[file] = *file;
    out.durable = out.now;
    return out;
  }
  size_t pending() const { return changes.size(); }
  bool has_unsynced() const {
    for (const auto& [path, file] : now)
      if (!synced.count(file) || synced.at(file) != *file) return true;
    return false;
  }

 private:
  bool power() {
    if (calls++ == cut_at) off = true;
    return !off;
  }
  static Error gone() { return io_error("the power is off"); }
  Bytes left_of(const File& file, Left unsynced) const {
    const auto it = synced.find(file);
    const Bytes before = it == synced.end() ? Bytes() : it->second;
    if (before == *file || unsynced == Left::kWhole) return *file;
    if (unsynced == Left::kGone) return before;
    Bytes out = *file;
    const size_t from = before.size() / kBlock * kBlock, cut = std::min(out.size(), from + kBlock);
    if (unsynced == Left::kTorn) out.resize(std::min(out.size(), std::max(before.size(), cut - (cut == out.size() ? std::min<size_t>(cut, 1) : 0))));
    if (unsynced == Left::kNoise)
      for (size_t i = before.size(); i < cut; ++i) out[i] ^= 0x5a;
    return out;
  }

  std::map<std::string, File> now, durable;
  std::map<File, Bytes> synced;
  std::vector<Change> changes;
};

}  // namespace verge
