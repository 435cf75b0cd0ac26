#include "fleet/registry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/json.h"
#include "fleet/api.h"

namespace verge::fleet {
namespace {

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() : path_(std::filesystem::temp_directory_path() / ("verge_registry_" + std::to_string(::getpid()) + ".db")) {
    remove();
    registry_ = std::move(*Registry::open(path_));
  }
  ~RegistryTest() override {
    registry_.reset();
    remove();
  }
  void remove() {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + end);
  }
  void enrol(const std::string& device) { ASSERT_TRUE(registry_->enrol(*registry_->make_enrolment_token(100), device, 100).ok()); }
  int64_t deploy(const std::string& hash, int percent) {
    Deployment d;
    d.target = hash + ".vpk";
    d.hash = hash;
    d.version = 1;
    d.percent = percent;
    return *registry_->deploy(d, "test", 100);
  }
  std::string wanted(const std::string& device, const std::string& actual = "") {
    const auto d = *registry_->desired(device, actual);
    return d ? d->hash : "";
  }

  std::filesystem::path path_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, ATokenServesOnceAndForAnHour) {
  const std::string token = *registry_->make_enrolment_token(100), old = *registry_->make_enrolment_token(100);
  EXPECT_TRUE(registry_->enrol(token, "a", 200).ok());
  EXPECT_EQ(registry_->enrol(token, "b", 200).error().code(), Code::kIntegrity);
  EXPECT_EQ(registry_->enrol(old, "b", 100 + 3601).error().code(), Code::kIntegrity);
  EXPECT_FALSE(registry_->enrol(*registry_->make_enrolment_token(100), "../b", 200).ok());
}

TEST_F(RegistryTest, ARemovedDeviceIsShutOutAndItsNameIsGone) {
  enrol("d");
  ASSERT_TRUE(registry_->remove("d", "test", 150).ok());
  EXPECT_EQ(registry_->check_in("d", {}, 200).error().code(), Code::kNotFound);
  EXPECT_EQ(registry_->enrol(*registry_->make_enrolment_token(100), "d", 200).error().code(), Code::kInvalidArgument) << "its old certificate would open again";
  EXPECT_EQ(registry_->remove("d", "test", 150).error().code(), Code::kNotFound);
}

TEST_F(RegistryTest, AnEnrolmentTokenOpensNothingElse) {
  EXPECT_FALSE(registry_->may(*registry_->make_enrolment_token(100), false));
  const std::string read = *registry_->make_access_token("read", 100);
  EXPECT_TRUE(registry_->may(read, false));
  EXPECT_FALSE(registry_->may(read, true));
  EXPECT_TRUE(registry_->may(*registry_->make_access_token("admin", 100), true));
  EXPECT_FALSE(registry_->may("", false));
}

TEST_F(RegistryTest, PhasesGrowAndNobodyLeavesThem) {
  int before = 0;
  for (const int percent : {1, 10, 50, 100}) {
    int inside = 0;
    for (int i = 0; i < 2000; ++i) inside += place_of(7, "device" + std::to_string(i)) < percent * 100;
    EXPECT_NEAR(inside, 20 * percent, 60) << percent;
    EXPECT_GE(inside, before);
    before = inside;
  }
}

TEST_F(RegistryTest, TheNewestDeploymentThatReachesADeviceWins) {
  deploy("old", 100);
  const int64_t next = deploy("new", 0);
  EXPECT_EQ(wanted("d"), "old");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(registry_->steer(next, "promote", "test", 100).ok());
  EXPECT_EQ(wanted("d"), "new");
  ASSERT_TRUE(registry_->steer(next, "pause", "test", 100).ok());
  EXPECT_EQ(wanted("d"), "old");
  EXPECT_EQ(wanted("d", "new"), "new") << "who has it keeps it";
  ASSERT_TRUE(registry_->steer(next, "abort", "test", 100).ok());
  EXPECT_EQ(wanted("d", "new"), "old");
  EXPECT_FALSE(registry_->steer(next, "resume", "test", 100).ok());
}

TEST_F(RegistryTest, TooManyRefusalsPauseADeployment) {
  deploy("bad", 100);
  for (int i = 0; i < 4; ++i) enrol("d" + std::to_string(i));
  Report r;
  r.failed = "bad";
  for (int i = 0; i < 4 && wanted("other") == "bad"; ++i) ASSERT_TRUE(registry_->check_in("d" + std::to_string(i), r, 200).ok());
  EXPECT_EQ(wanted("other"), "");
  const Json deployment = (*registry_->deployments())[0];
  EXPECT_EQ(deployment["state"], "paused");
  EXPECT_NE(deployment["reason"].get<std::string>().find("refused it"), std::string::npos);
}

TEST_F(RegistryTest, ADeploymentForAGroupReachesNobodyElse) {
  for (const char* device : {"a", "b", "c", "d"}) {
    enrol(device);
    Report r;
    r.hardware = device[0] < 'c' ? "x86_64" : "aarch64";
    r.labels = {{"site", "bonn"}};
    ASSERT_TRUE(registry_->check_in(device, r, 200).ok());
  }
  Deployment d;
  d.target = d.hash = "arm";
  d.percent = 100;
  d.devices = "hardware=aarch64,label.site=b*";
  const int64_t id = *registry_->deploy(d, "test", 100);
  EXPECT_EQ(wanted("a"), "");
  EXPECT_EQ(wanted("c"), "arm");
  EXPECT_EQ((*registry_->deployment_in_full(id))["funnel"]["group"], 2);
  EXPECT_EQ(registry_->devices(200, *Group::parse("hardware=x86_64"))->size(), 2);
  EXPECT_EQ((*registry_->devices(200, {}, "b", 1))[0]["id"], "c");
  d.devices = "colour=red";
  EXPECT_FALSE(registry_->deploy(d, "test", 100).ok());
}

TEST_F(RegistryTest, ADevicesTimelineHasALineForEachChange) {
  enrol("d");
  Report r;
  for (const char* state : {"idle", "idle", "trial", "idle"}) {
    r.state = state;
    ASSERT_TRUE(registry_->check_in("d", r, 200).ok());
  }
  const Json device = *registry_->device("d");
  ASSERT_EQ(device["events"].size(), 3);
  EXPECT_NE(device["events"][1]["what"].get<std::string>().find("trial"), std::string::npos);
  EXPECT_EQ(registry_->device("e").error().code(), Code::kNotFound);
}

TEST_F(RegistryTest, TheGatesEvidenceIsKeptAsACurve) {
  for (int i = 0; i < 20; ++i) enrol("d" + std::to_string(i));
  Deployment d;
  d.target = d.hash = "next";
  d.percent = 100;
  d.agreement = 0.95;
  const int64_t id = *registry_->deploy(d, "test", 100);
  Report r;
  r.shadow = "next";
  r.shadow_runs = 20;
  r.shadow_agreed = 19;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(registry_->check_in("d" + std::to_string(i), r, 200).ok());
  const Json full = *registry_->deployment_in_full(id);
  const Json& points = full["gate"]["points"];
  ASSERT_GE(points.size(), 10);
  EXPECT_EQ(points.back()["runs"], 400);
  EXPECT_LT(points.back()["weight"], 0) << "a good release";
  EXPECT_EQ(full["funnel"]["shadow"], 20);
}

TEST_F(RegistryTest, EveryDescribedRouteAnswersAndNoOther) {
  const auto folder = std::filesystem::temp_directory_path() / ("verge_authority_" + std::to_string(::getpid()));
  const auto authority = *Authority::open(folder, {"localhost"});
  std::filesystem::remove_all(folder);
  Api api(*registry_, authority, "{}");
  enrol("d");
  deploy("m", 100);
  enrol("lost");
  const std::string admin = *registry_->make_access_token("admin", 100);
  const Json description = Json::parse(api.answer({"GET", "/v1/openapi.json", "", "", "", "", {}}, 200).body);
  EXPECT_EQ(description["openapi"], "3.1.0");
  ASSERT_GE(description["paths"].size(), 10);
  for (const auto& [path, operations] : description["paths"].items()) {
    std::string asked = path == "/v1/devices/{device}/remove" ? "/v1/devices/lost/remove" : path;
    for (const auto& [name, value] : std::map<std::string, std::string>{{"{device}", "d"}, {"{deployment}", "1"}, {"{verb}", "pause"}})
      if (const size_t at = asked.find(name); at != std::string::npos) asked.replace(at, name.size(), value);
    for (const auto& [method, operation] : operations.items()) {
      const std::string upper = method == "get" ? "GET" : "POST";
      EXPECT_NE(api.answer({upper, asked, "{}", "d", admin, "", {}}, 200).status, 404) << asked;
      if (operation.contains("security")) {
        EXPECT_EQ(api.answer({upper, asked, "{}", "", "", "", {}}, 200).status, 401) << asked;
      }
      EXPECT_EQ(api.answer({upper == "GET" ? "POST" : "GET", asked, "{}", "d", admin, "", {}}, 200).status, operations.size() == 2 ? 200 : 404) << asked;
    }
  }
  EXPECT_EQ(api.answer({"GET", "/v1/secrets", "", "", admin, "", {}}, 200).status, 404);
}

TEST(Judge, FewFailuresAmongManyAreFine) {
  EXPECT_EQ(judge(0, 0), Verdict::kGoOn);
  EXPECT_EQ(judge(0, 2), Verdict::kBad);
  EXPECT_EQ(judge(100, 0), Verdict::kGood);
  EXPECT_EQ(judge(1000, 10), Verdict::kGood);
  EXPECT_EQ(judge(50, 8), Verdict::kBad);
}

TEST_F(RegistryTest, TelemetryCountsOnce) {
  enrol("d");
  Report r;
  r.telemetry = {{1, "{}"}, {2, "{}"}};
  ASSERT_TRUE(registry_->check_in("d", r, 200).ok());
  r.telemetry = {{2, "{}"}, {3, "{}"}};
  ASSERT_TRUE(registry_->check_in("d", r, 210).ok());
  EXPECT_NE(registry_->metrics(220)->find("verge_telemetry_records 3\n"), std::string::npos);
  EXPECT_EQ(registry_->check_in("stranger", r, 220).error().code(), Code::kNotFound);
}

TEST_F(RegistryTest, ADeviceWithoutNewsKeepsWhatItSaid) {
  enrol("d");
  Report r;
  r.hash = "abc";
  ASSERT_TRUE(registry_->check_in("d", r, 200).ok());
  Report same;
  same.same = true;
  EXPECT_EQ(*registry_->check_in("d", same, 300), "abc");
  const Json device = (*registry_->devices(100))[0];
  EXPECT_EQ(device["seen_s"], 300);
  EXPECT_EQ(device["hash"], "abc");
  EXPECT_FALSE(registry_->check_in("stranger", same, 300).ok());
}

TEST(ParseReport, TakesWhatItKnowsAndBoundsTheRest) {
  EXPECT_TRUE(parse_report("{\"same\": true}")->same);
  EXPECT_EQ(parse_report("{\"health\": \"\\\"} evil\"}")->health, "UNKNOWN") << "health goes into the metrics' labels";
  EXPECT_EQ(parse_report("{\"telemetry\": [{\"sequence\": 3}]}")->telemetry.at(0).first, 3);
  EXPECT_FALSE(parse_report("{\"telemetry\": [{}]}").ok());
  EXPECT_FALSE(parse_report("{\"hash\": \"" + std::string(600, 'a') + "\"}").ok());
  EXPECT_FALSE(parse_report("[]").ok());
}

TEST_F(RegistryTest, AChangedAuditEntryIsFound) {
  enrol("d");
  deploy("m", 1);
  ASSERT_TRUE(registry_->check_audit().ok());
  auto db = *Database::open(path_);
  ASSERT_TRUE(db->run("UPDATE audit SET who = 'nobody' WHERE n = 2").ok());
  const auto found = registry_->check_audit();
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message().find("entry 2"), std::string::npos);
}

}  // namespace
}  // namespace verge::fleet
