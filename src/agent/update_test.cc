#include "agent/update.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/sha256.h"
#include "core/text.h"
#include "os/model_disk.h"

namespace verge::agent {
namespace {

Bytes model(uint8_t kind) { return Bytes(1300, kind); }

Release release(uint8_t kind, int64_t version) {
  const Bytes bytes = model(kind);
  uint8_t digest[32];
  sha256(bytes.data(), bytes.size(), digest);
  Release out{"", version, static_cast<int64_t>(bytes.size())};
  for (const uint8_t b : digest) out.hash += format("%02x", b);
  return out;
}

Result<void> test_passes(ByteSpan) { return done(); }
Result<void> test_fails(ByteSpan) { return Error(Code::kIntegrity, "output 0 differs"); }

// Offers, downloads from where it stopped, tests, switches; goes on wherever the record says that it stands.
Result<void> bring(Updater& u, uint8_t kind, int64_t version) {
  const Release r = release(kind, version);
  if (u.record().active.hash == r.hash && u.record().state == State::kIdle) return done();
  if (u.record().state != State::kTrial && u.record().state != State::kTesting) {
    VERGE_TRY(const uint64_t from, u.offer(r));
    const Bytes bytes = model(kind);
    for (size_t at = from; at < bytes.size(); at += 700) VERGE_CHECK(u.arrive(ByteSpan(bytes).subspan(at, std::min<size_t>(700, bytes.size() - at))));
  }
  if (u.record().state != State::kTrial) VERGE_CHECK(u.install());
  return u.commit();
}

Result<void> install_one(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_passes));
  return bring(u, 1, 1);
}
Result<void> update(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_passes));
  return bring(u, 2, 2);
}
Result<void> refused_update(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_fails));
  const auto brought = bring(u, 3, 3);
  return brought.ok() || disk.off ? brought : done();
}
Result<void> rolled_back_update(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_passes));
  VERGE_CHECK(u.offer(release(4, 4)));
  VERGE_CHECK(u.arrive(model(4)));
  VERGE_CHECK(u.install());
  return u.roll_back("too slow");
}

Result<void> shadowed_update(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_passes));
  VERGE_CHECK(u.offer(release(2, 2), true));
  VERGE_CHECK(u.arrive(model(2)));
  VERGE_CHECK(u.install());
  VERGE_CHECK(u.accept());
  return u.commit();
}
Result<void> refused_shadow(ModelDisk& disk) {
  VERGE_TRY(Updater u, Updater::open(disk, test_passes));
  VERGE_CHECK(u.offer(release(3, 3), true));
  VERGE_CHECK(u.arrive(model(3)));
  VERGE_CHECK(u.install());
  return u.refuse("they disagree");
}

// True, else why not: what a device must hold after a cut.
std::string problem_of(ModelDisk disk, int64_t least_floor) {
  auto u = Updater::open(disk, test_passes);
  if (!u.ok()) return "does not start: " + u.error().message();
  const Record r = u->record();
  const auto active = u->active();
  if (!r.active.hash.empty() && (!active.ok() || *active != model((*active)[0]) || release((*active)[0], 0).hash != r.active.hash))
    return "the active model is not whole";
  if (r.floor < least_floor) return "the floor sank";
  if (r.state == State::kTrial && !u->roll_back("test").ok()) return "cannot roll back";
  if (least_floor > 0 && u->record().active.hash.empty()) return "no model is left";
  // One turn may finish what was under way or find a torn download by its hash; the next must do.
  for (int turn = 0; turn < 2 && u->record().active.hash != release(9, 9).hash; ++turn) {
    const auto next = bring(*u, 9, 9);
    if (!next.ok() && turn == 1) return "the next update fails: " + next.error().message();
  }
  if (u->record().active.hash != release(9, 9).hash || u->record().floor != 9) return "the next update is not there";
  size_t files = 0;
  const auto left = disk.list();
  for (const std::string& f : *left) files += ends_with(f, ".vpk") || ends_with(f, ".part");
  return files <= 2 ? "" : "orphans: " + join(*left, " ");
}

using Script = Result<void> (*)(ModelDisk&);

// Cuts the power at every call of `script` on a copy of `start`, and looks at every state that the disk may be in then.
int enumerate(const std::function<ModelDisk()>& start, Script script, int64_t floor, const char* name) {
  int states = 0;
  for (int cut = 0;; ++cut) {
    ModelDisk disk = start();
    disk.calls = 0;
    disk.cut_at = cut;
    (void)script(disk).ok();
    using Left = ModelDisk::Left;
    for (size_t kept = 0; kept <= disk.pending(); ++kept) {
      for (const Left left : {Left::kWhole, Left::kGone, Left::kTorn, Left::kNoise}) {
        ++states;
        const std::string problem = problem_of(disk.after_cut(kept, left), floor);
        EXPECT_EQ(problem, "") << name << ": cut at call " << cut << ", " << kept << " of " << disk.pending() << " names, bytes " << static_cast<int>(left);
      }
    }
    if (!disk.off) return states;
  }
}

ModelDisk with_one() {
  ModelDisk disk;
  EXPECT_TRUE(install_one(disk).ok());
  return disk;
}

TEST(Update, EveryCutLeavesAWholeModelAndTheNextUpdateCompletes) {
  int states = enumerate([] { return ModelDisk(); }, install_one, 0, "install");
  states += enumerate(with_one, update, 1, "switch and commit");
  states += enumerate(with_one, refused_update, 1, "refusal");
  states += enumerate(with_one, rolled_back_update, 1, "rollback");
  states += enumerate(with_one, shadowed_update, 1, "shadow and switch");
  states += enumerate(with_one, refused_shadow, 1, "refusal after the shadow");
  EXPECT_GT(states, 400) << "the enumeration lost its reach";
  RecordProperty("states", states);
  std::printf("%d states after a cut\n", states);
}

TEST(Update, TheFloorRefusesOlderReleases) {
  ModelDisk disk = with_one();
  ASSERT_TRUE(update(disk).ok());
  Updater u = *Updater::open(disk, test_passes);
  const auto older = u.offer(release(1, 1));
  ASSERT_FALSE(older.ok());
  EXPECT_NE(older.error().message().find("only go forward"), std::string::npos);
}

TEST(Update, ASelfTestThatFailsKeepsTheModelAndRemembersTheRelease) {
  ModelDisk disk = with_one();
  ASSERT_TRUE(refused_update(disk).ok());
  Updater u = *Updater::open(disk, test_passes);
  EXPECT_EQ(u.record().active.hash, release(1, 1).hash);
  const auto again = u.offer(release(3, 3));
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message().find("output 0 differs"), std::string::npos);
}

TEST(Update, ATrialThatNeverBecomesHealthyIsRolledBackAtTheFourthStart) {
  ModelDisk disk = with_one();
  {
    Updater u = *Updater::open(disk, test_passes);
    ASSERT_TRUE(u.offer(release(5, 5)).ok() && u.arrive(model(5)).ok() && u.install().ok());
  }
  for (int start = 1; start <= 3; ++start) EXPECT_EQ(Updater::open(disk, test_passes)->record().active.hash, release(5, 5).hash) << start;
  const Record r = Updater::open(disk, test_passes)->record();
  EXPECT_EQ(r.active.hash, release(1, 1).hash);
  EXPECT_EQ(r.state, State::kIdle);
  EXPECT_NE(r.reason.find("without becoming healthy"), std::string::npos);
}

TEST(Update, ADownloadGoesOnWhereItStopped) {
  ModelDisk disk = with_one();
  const Bytes bytes = model(6);
  {
    Updater u = *Updater::open(disk, test_passes);
    ASSERT_TRUE(u.offer(release(6, 6)).ok() && u.arrive(ByteSpan(bytes).first(900)).ok());
  }
  Updater u = *Updater::open(disk, test_passes);
  EXPECT_EQ(*u.offer(release(6, 6)), 900U);
  EXPECT_TRUE(u.arrive(ByteSpan(bytes).subspan(900)).ok());
  EXPECT_TRUE(u.install().ok());
  EXPECT_FALSE(u.offer(release(7, 7)).ok()) << "one update at a time";
}

TEST(Update, ATestThatWasCutIsRunAgainAtTheNextStart) {
  ModelDisk disk = with_one();
  disk.calls = 0;
  const auto cut_in_test = [&](ByteSpan) -> Result<void> {
    disk.off = true;
    disk.cut_at = 0;
    return io_error("the power is off");
  };
  {
    Updater u = *Updater::open(disk, cut_in_test);
    ASSERT_TRUE(u.offer(release(8, 8)).ok() && u.arrive(model(8)).ok());
    ASSERT_FALSE(u.install().ok());
  }
  ModelDisk after = disk.after_cut(0, ModelDisk::Left::kGone);
  const Updater u = *Updater::open(after, test_passes);
  EXPECT_EQ(u.record().state, State::kTrial);
  EXPECT_EQ(u.record().active.hash, release(8, 8).hash);
}

TEST(Update, AShadowWaitsAcrossStartsAndGivesWayToAnotherRelease) {
  ModelDisk disk = with_one();
  {
    Updater u = *Updater::open(disk, test_passes);
    ASSERT_TRUE(u.offer(release(5, 5), true).ok() && u.arrive(model(5)).ok() && u.install().ok());
  }
  Updater u = *Updater::open(disk, test_passes);
  EXPECT_EQ(u.record().state, State::kShadow);
  EXPECT_EQ(u.record().active.hash, release(1, 1).hash);
  EXPECT_EQ(*u.candidate(), model(5));
  EXPECT_FALSE(u.offer(release(5, 5), true).ok());
  EXPECT_TRUE(u.offer(release(6, 6), true).ok());
  EXPECT_EQ(u.record().candidate.hash, release(6, 6).hash);
}

TEST(Update, TheFirstModelHasNothingToBeBeside) {
  ModelDisk disk;
  Updater u = *Updater::open(disk, test_passes);
  ASSERT_TRUE(u.offer(release(1, 1), true).ok() && u.arrive(model(1)).ok() && u.install().ok());
  EXPECT_EQ(u.record().state, State::kTrial);
}

TEST(Update, MoreBytesThanPromisedAreRefused) {
  ModelDisk disk;
  Updater u = *Updater::open(disk, test_passes);
  ASSERT_TRUE(u.offer(release(1, 1)).ok());
  EXPECT_FALSE(u.arrive(Bytes(1301)).ok());
}

TEST(Update, ADamagedRecordIsSaidToBeSo) {
  ModelDisk disk = with_one();
  Bytes record = *disk.read("record.json");
  for (size_t i = 0; i < record.size(); i += 3) {
    Bytes damaged = record;
    damaged[i] ^= 4;
    ASSERT_TRUE(disk.write("record.json", damaged).ok());
    const auto u = Updater::open(disk, test_passes);
    EXPECT_FALSE(u.ok()) << "byte " << i;
  }
}

}  // namespace
}  // namespace verge::agent
