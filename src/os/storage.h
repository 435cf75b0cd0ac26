// A device's files behind an interface, so that tests can cut the power at every call. Paths are relative to the storage's folder.
//
// Nothing is durable before sync(): of a file its bytes, of the folder its names. A rename is one step: after a cut the name means the old file or the new.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge {

class Storage {
 public:
  virtual ~Storage() = default;
  virtual Result<Bytes> read(const std::string& path) = 0;
  // Creates or replaces.
  virtual Result<void> write(const std::string& path, ByteSpan bytes) = 0;
  virtual Result<void> append(const std::string& path, ByteSpan bytes) = 0;
  virtual Result<void> sync(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> sync_folder() = 0;
  virtual Result<std::vector<std::string>> list() = 0;
};

// A folder of this machine.
std::unique_ptr<Storage> make_folder_storage(const std::string& folder);

// Write beside, sync, rename, sync the folder: after a cut the path holds the old bytes or the new ones.
Result<void> replace(Storage& storage, const std::string& path, ByteSpan bytes);

}  // namespace verge
