#include "agent/telemetry.h"

#include <gtest/gtest.h>

#include "os/model_disk.h"

namespace verge::agent {
namespace {

using Server = std::map<int64_t, std::string>;  // what it has under each sequence

// Sends what waits; false when the power went. A number that comes again must carry the same record.
bool send(TelemetryRing& ring, Server& server, size_t most) {
  const auto waiting = ring.waiting(most);
  if (!waiting.ok()) return false;
  for (const Json& record : *waiting) {
    const auto [it, fresh] = server.emplace(record["sequence"], record.dump());
    EXPECT_TRUE(fresh || it->second == record.dump()) << "sequence " << record["sequence"] << " names two records";
  }
  return waiting->empty() || ring.acknowledge(waiting->back()["sequence"]).ok();
}

bool add(TelemetryRing& ring, int from, int count) {
  for (int i = 0; i < count; ++i)
    if (!ring.add({{"value", from + i}}).ok()) return false;
  return true;
}

void script(ModelDisk& disk, Server& server) {
  auto ring = TelemetryRing::open(disk, {100, 4});
  if (!ring.ok()) return;
  (void)(add(*ring, 0, 3) && send(*ring, server, 2) && add(*ring, 3, 4) && send(*ring, server, 100) && add(*ring, 7, 2));
}

TEST(Telemetry, NoCutMakesTheServerCountARecordTwiceOrMixTwoUnderOneNumber) {
  int states = 0;
  for (int cut = 0;; ++cut) {
    ModelDisk disk;
    Server server;
    disk.cut_at = cut;
    script(disk, server);
    using Left = ModelDisk::Left;
    for (size_t kept = 0; kept <= disk.pending(); ++kept) {
      for (const Left left : {Left::kWhole, Left::kGone, Left::kTorn, Left::kNoise}) {
        ++states;
        ModelDisk after = disk.after_cut(kept, left);
        Server seen = server;
        auto ring = TelemetryRing::open(after, {100, 4});
        ASSERT_TRUE(ring.ok()) << ring.error().message();
        EXPECT_TRUE(add(*ring, 100, 3) && send(*ring, seen, 100)) << "cut at call " << cut;
        EXPECT_GE(seen.size(), 3U);
        EXPECT_EQ(Json::parse(seen.rbegin()->second)["value"], 102) << "cut at call " << cut;
        EXPECT_TRUE(ring->waiting(100)->empty());
      }
    }
    if (!disk.off) break;
  }
  EXPECT_GT(states, 100);
}

TEST(Telemetry, TheRingKeepsItsBoundAndSaysWhatItDropped) {
  ModelDisk disk;
  auto ring = *TelemetryRing::open(disk, {100, 4});
  ASSERT_TRUE(add(ring, 0, 200));
  const auto waiting = *ring.waiting(1000);
  EXPECT_EQ(ring.dropped() + static_cast<int64_t>(waiting.size()), 200);
  EXPECT_EQ(waiting.back()["value"], 199) << "the newest stay";
  size_t bytes = 0;
  const auto files = disk.list();
  for (const std::string& f : *files) bytes += disk.read(f)->size();
  EXPECT_LE(bytes, 4 * 140U);
}

}  // namespace
}  // namespace verge::agent
