#include "agent/link.h"

#include <curl/curl.h>

#include "core/text.h"

namespace verge::agent {
namespace {

constexpr size_t kMostReply = 256 * 1024;

size_t receive(char* data, size_t, size_t bytes, void* context) {
  auto& text = *static_cast<std::string*>(context);
  if (text.size() + bytes > kMostReply) return 0;
  text.append(data, bytes);
  return bytes;
}

size_t receive_header(char* data, size_t, size_t bytes, void* context) {
  const std::string line(data, bytes);
  if (starts_with(lower_case(line), "etag:")) {
    const size_t from = line.find_first_not_of(" :", 4), to = line.find_last_not_of("\r\n");
    if (from <= to) *static_cast<std::string*>(context) = line.substr(from, to - from + 1);
  }
  return bytes;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

Result<Reply> Link::post(const std::string& path, const Json& body, const std::string& etag) const {
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) return internal("libcurl cannot start");
  CURL* h = handle.get();
  const std::string url = server_ + path, text = body.dump();
  std::string got;
  Reply reply;
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  list = curl_slist_append(list, "Expect:");
  if (!etag.empty()) list = curl_slist_append(list, ("If-None-Match: " + etag).c_str());
  const std::unique_ptr<curl_slist, FreeList> headers(list);
  curl_easy_setopt(h, CURLOPT_URL, url.c_str());
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, options_.connect_timeout_s);
  curl_easy_setopt(h, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(h, CURLOPT_POSTFIELDS, text.c_str());
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, &got);
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, receive_header);
  curl_easy_setopt(h, CURLOPT_HEADERDATA, &reply.etag);
  if (!options_.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.certificate_file.empty()) curl_easy_setopt(h, CURLOPT_SSLCERT, options_.certificate_file.c_str());
  if (!options_.key_file.empty()) curl_easy_setopt(h, CURLOPT_SSLKEY, options_.key_file.c_str());
  if (const CURLcode code = curl_easy_perform(h); code != CURLE_OK) return io_error(url + ": " + curl_easy_strerror(code));
  curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &reply.status);
  if (!got.empty()) {
    VERGE_TRY(reply.body, parse_json(got), url);
  }
  return reply;
}

}  // namespace verge::agent
