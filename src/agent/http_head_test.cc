#include "agent/http_head.h"

#include <gtest/gtest.h>

namespace verge::agent {
namespace {

TEST(HttpHead, TakesWhatTheAgentActsOn) {
  const auto head = parse_http_head("HTTP/1.1 200 OK\r\nContent-Length:  12 \r\netag: \"a:b\"\r\nRetry-After: 99999\r\nX: y\r");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->length, 12);
  EXPECT_EQ(head->etag, "\"a:b\"");
  EXPECT_EQ(head->retry_after_s, 3600);
}

TEST(HttpHead, ANotModifiedAnswerHasNoBodyWhateverItAnnounces) {
  EXPECT_EQ(parse_http_head("HTTP/1.0 304 Not Modified\r\nContent-Length: 40")->length, 0);
  EXPECT_EQ(parse_http_head("HTTP/1.0 200 OK")->length, -1);
}

TEST(HttpHead, RefusesWhatIsNoHttpOrHasNoNumberForALength) {
  for (const char* bad :
       {"", "HTTP/2 200 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 999 No", "HTTP/1.1 200", "HTTP/1.1 200 OK\nContent-Length: -5",
        "HTTP/1.1 200 OK\nContent-Length: 99999999999999999999", "HTTP/1.1 200 OK\nContent-Length: 5 5", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked"})
    EXPECT_EQ(parse_http_head(bad).ok(), std::string(bad) == "HTTP/1.1 200") << bad;
}

}  // namespace
}  // namespace verge::agent
