#include "agent/link.h"

namespace verge::agent {
namespace {

constexpr size_t kMostReply = 256 * 1024;

}  // namespace

Result<Reply> post(HttpsClient& client, const HttpsAddress& server, const std::string& path, const Json& body, const std::string& etag) {
  HttpsRequest request{"POST", path, {}, body.dump(-1, ' ', false, Json::error_handler_t::replace)};
  if (!etag.empty()) request.headers.push_back("If-None-Match: " + etag);
  std::string text;
  VERGE_TRY(const HttpsReply got, client.ask(server, request, kMostReply, [&](int, ByteSpan piece) -> Result<void> {
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return done();
  }));
  Reply reply{got.status, got.etag, got.retry_after_s, Json()};
  if (!text.empty()) {
    VERGE_TRY(reply.body, parse_json(text), path);
  }
  return reply;
}

}  // namespace verge::agent
