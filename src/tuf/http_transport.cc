#include <curl/curl.h>

#include "core/text.h"
#include "tuf/transport.h"

namespace verge::tuf {
namespace {

struct Transfer {
  const Sink* sink;
  uint64_t left;
  CURL* handle;
  bool wants_range;
  Result<void> result;
};

long status_of(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

size_t receive(char* data, size_t, size_t bytes, void* context) {
  auto& t = *static_cast<Transfer*>(context);
  if (status_of(t.handle) != (t.wants_range ? 206 : 200)) return bytes;  // an error page; its status is the answer
  if (bytes > t.left) {
    t.result = Error(Code::kBudget, "more bytes came than were allowed");
    return 0;
  }
  t.left -= bytes;
  t.result = (*t.sink)({reinterpret_cast<const uint8_t*>(data), bytes});
  return t.result.ok() ? bytes : 0;
}

class Http final : public Transport {
 public:
  explicit Http(const HttpOptions& options) : options_(options), handle_(curl_easy_init(), curl_easy_cleanup) {}

  Result<void> fetch(const std::string& url, uint64_t most_bytes, uint64_t from_byte, const Sink& sink) override {
    CURL* h = handle_.get();
    if (!h) return internal("libcurl cannot start");
    curl_easy_reset(h);
    Transfer transfer{&sink, most_bytes, h, from_byte > 0, {}};
    set_up(h, url, from_byte);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &transfer);
    const CURLcode code = curl_easy_perform(h);
    return outcome(code, std::move(transfer.result), url, from_byte > 0);
  }

 private:
  void set_up(CURL* h, const std::string& url, uint64_t from_byte) {
    curl_easy_setopt(h, CURLOPT_URL, url.c_str());
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, options_.connect_timeout_s);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, options_.least_bytes_per_s);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, options_.slow_after_s);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 16384L);
    if (from_byte) curl_easy_setopt(h, CURLOPT_RANGE, (std::to_string(from_byte) + "-").c_str());
    if (!options_.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, options_.ca_file.c_str());
    if (!options_.certificate_file.empty()) curl_easy_setopt(h, CURLOPT_SSLCERT, options_.certificate_file.c_str());
    if (!options_.key_file.empty()) curl_easy_setopt(h, CURLOPT_SSLKEY, options_.key_file.c_str());
    if (!options_.bearer.empty()) {
      curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
      curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, options_.bearer.c_str());
    }
  }

  Result<void> outcome(CURLcode code, Result<void> sunk, const std::string& url, bool range) {
    if (!sunk.ok()) return std::move(sunk).error().within(url);
    if (code != CURLE_OK) return io_error(url + ": " + curl_easy_strerror(code));
    const long status = status_of(handle_.get());
    if (status == (range ? 206 : 200)) return done();
    return Error(status == 404 || status == 403 ? Code::kNotFound : Code::kIo, url + format(": the server answers %ld", status));
  }

  HttpOptions options_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(const HttpOptions& options) { return std::make_unique<Http>(options); }

}  // namespace verge::tuf
