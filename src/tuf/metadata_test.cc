#include "tuf/metadata.h"

#include <gtest/gtest.h>

#include "tuf/keys.h"
#include "tuf/trusted.h"

namespace verge::tuf {
namespace {

ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

TEST(Canonical, SortsKeysAndEscapesTwoCharactersAlone) {
  const Value v = Value::parse(R"({"b": [1, true, null], "a": "x\"\\\n\u00e9"})");
  EXPECT_EQ(*canonical(v), "{\"a\":\"x\\\"\\\\\n\xc3\xa9\",\"b\":[1,true,null]}");
  EXPECT_FALSE(canonical(Value::parse("[1.5]")).ok());
}

TEST(Canonical, RefusesDeepNesting) { EXPECT_FALSE(canonical(Value::parse(std::string(100, '[') + std::string(100, ']'))).ok()); }

TEST(Time, ComesBack) {
  EXPECT_EQ(*parse_time("1970-01-02T00:00:01Z"), 86401);
  EXPECT_EQ(time_text(*parse_time("2038-01-19T03:14:08Z")), "2038-01-19T03:14:08Z");
  for (const char* wrong : {"", "2027-01-01", "2027-01-01T00:00:00+01", "2027-13-01T00:00:00Z"}) EXPECT_FALSE(parse_time(wrong).ok()) << wrong;
}

TEST(Delegation, PatternsStayInTheirFolder) {
  DelegatedRole role;
  role.paths = {"team/*.vpk", "x/?"};
  EXPECT_TRUE(role.covers("team/a.vpk"));
  EXPECT_FALSE(role.covers("team/b/a.vpk"));
  EXPECT_FALSE(role.covers("team/a.txt"));
  EXPECT_TRUE(role.covers("x/y"));
  EXPECT_FALSE(role.covers("x/yy"));
}

TEST(HashBins, NameTheBinByTheFirstBits) {
  const HashBins bins{"bin", {}, 9};
  const std::string name = bins.bin_of("model.vpk");
  EXPECT_EQ(name.size(), std::string("bin-000").size());
  EXPECT_TRUE(bins.holds(name));
  EXPECT_FALSE(bins.holds("bin-fff")) << "nine bits end at 1ff";
  EXPECT_FALSE(bins.holds("bin-00g"));
}

TEST(Quoted, LeavesNothingThatALocatorReads) { EXPECT_EQ(quoted("../a b?#é~-_."), "..%2Fa%20b%3F%23%C3%A9~-_."); }

TEST(Signatures, CountDistinctKeysOnly) {
  const Signer signer = make_signer(), other = make_signer();
  Keys keys = {{"one", signer.key()}, {"the same under another name", signer.key()}, {"two", other.key()}};
  Envelope e;
  e.signed_bytes = "message";
  e.signatures = {{"one", signer.sign("message")}, {"the same under another name", signer.sign("message")}};
  const Role both{{"one", "the same under another name", "two"}, 2};
  EXPECT_FALSE(check_signatures(e, keys, both, "it").ok());
  e.signatures.push_back({"two", other.sign("message")});
  EXPECT_TRUE(check_signatures(e, keys, both, "it").ok());
  e.signed_bytes = "massage";
  EXPECT_FALSE(check_signatures(e, keys, both, "it").ok());
}

TEST(Envelope, RefusesWhatIsNotMetadata) {
  for (const char* text :
       {"", "{}", "[]", "{\"signatures\": [], \"signed\": 1}",
        "{\"signatures\": [{\"keyid\": \"a\", \"sig\": \"\"}, {\"keyid\": \"a\", \"sig\": \"\"}], \"signed\": {}}",
        "{\"signatures\": [], \"signed\": {\"_type\": \"root\", \"spec_version\": \"2.0\", \"version\": 1, \"expires\": \"2030-01-01T00:00:00Z\"}}",
        "{\"signatures\": [], \"signed\": {\"_type\": \"root\", \"spec_version\": \"1.0\", \"version\": 0, \"expires\": \"2030-01-01T00:00:00Z\"}}"})
    EXPECT_FALSE(parse_envelope(bytes_of(text)).ok()) << text;
}

}  // namespace
}  // namespace verge::tuf
