#include "tuf/transport.h"

#include "core/text.h"
#include "os/file.h"

namespace verge::tuf {
namespace {

class Folder final : public Transport {
 public:
  Folder(std::string prefix, std::string folder) : prefix_(std::move(prefix)), folder_(std::move(folder)) {}

  Result<void> fetch(const std::string& url, uint64_t most_bytes, uint64_t from_byte, const Sink& sink) override {
    if (!starts_with(url, prefix_)) return not_found(url + " is not in '" + folder_ + "'");
    VERGE_TRY(const MappedFile file, MappedFile::open(folder_ + unquoted(url.substr(prefix_.size()))));
    if (file.bytes().size() < from_byte) return io_error(url + " is shorter than what was read of it before");
    const ByteSpan rest = file.bytes().subspan(from_byte);
    if (rest.size() > most_bytes) return Error(Code::kBudget, url + ": more bytes came than were allowed");
    return sink(rest);
  }

 private:
  static std::string unquoted(const std::string& text) {
    const auto hex = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1); };
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool code = text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
      out += code ? static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
      if (code) i += 2;
    }
    return out;
  }

  std::string prefix_, folder_;
};

}  // namespace

std::unique_ptr<Transport> make_folder_transport(const std::string& prefix, const std::string& folder) { return std::make_unique<Folder>(prefix, folder); }

Result<Bytes> fetch_bytes(Transport& transport, const std::string& url, uint64_t most_bytes) {
  Bytes out;
  VERGE_CHECK(transport.fetch(url, most_bytes, 0, [&](ByteSpan piece) -> Result<void> {
    out.insert(out.end(), piece.begin(), piece.end());
    return done();
  }));
  return out;
}

}  // namespace verge::tuf
