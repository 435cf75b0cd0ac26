#include "agent/update.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/sha256.h"
#include "core/text.h"

namespace verge::agent {
namespace {

constexpr size_t kBlock = 512;

// A disk whose power fails. Bytes are durable after sync(), names after sync_folder(); `cut_at` counts calls that change something.
class ModelDisk final : public Storage {
 public:
  using File = std::shared_ptr<Bytes>;
  struct Change {  // of the folder, not durable yet
    std::string from, to;
    File file;  // null: removal of `from`
  };

  int cut_at = -1, calls = 0;
  bool off = false;

  Result<Bytes> read(const std::string& path) override {
    const auto it = now.find(path);
    if (it == now.end()) return not_found(path);
    return *it->second;
  }
  Result<void> write(const std::string& path, ByteSpan bytes) override {
    if (!power()) return gone();
    File file = std::make_shared<Bytes>(bytes.begin(), bytes.end());
    now[path] = file;
    changes.push_back({"", path, file});
    return done();
  }
  Result<void> append(const std::string& path, ByteSpan bytes) override {
    if (!now.count(path)) return write(path, bytes);
    if (!power()) return gone();
    now[path]->insert(now[path]->end(), bytes.begin(), bytes.end());
    return done();
  }
  Result<void> sync(const std::string& path) override {
    if (!power()) return gone();
    synced[now.at(path)] = *now.at(path);
    return done();
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    if (!power()) return gone();
    File file = now.at(from);
    now.erase(from);
    now[to] = file;
    changes.push_back({from, to, file});
    return done();
  }
  Result<void> remove(const std::string& path) override {
    if (!power()) return gone();
    now.erase(path);
    changes.push_back({path, "", nullptr});
    return done();
  }
  Result<void> sync_folder() override {
    if (!power()) return gone();
    durable = now;
    changes.clear();
    return done();
  }
  Result<std::vector<std::string>> list() override {
    std::vector<std::string> out;
    for (const auto& [path, file] : now) out.push_back(path);
    return out;
  }

  // What may lie there after the cut: the first `kept` changes of names, and unsynced bytes whole, gone, torn at a block or with a block of noise.
  enum class Left { kWhole, kGone, kTorn, kNoise };
  ModelDisk after_cut(size_t kept, Left unsynced) const {
    ModelDisk out;
    std::map<std::string, File> names = durable;
    for (size_t i = 0; i < kept; ++i) {
      if (!changes[i].from.empty()) names.erase(changes[i].from);
      if (changes[i].file) names[changes[i].to] = changes[i].file;
    }
    for (const auto& [path, file] : names) out.now[path] = std::make_shared<Bytes>(left_of(file, unsynced));
    for (const auto& [path, file] : out.now) out.synced[file] = *file;
    out.durable = out.now;
    return out;
  }
  size_t pending() const { return changes.size(); }
  bool has_unsynced() const {
    for (const auto& [path, file] : now)
      if (!synced.count(file) || synced.at(file) != *file) return true;
    return false;
  }

 private:
  bool power() {
    if (calls++ == cut_at) off = true;
    return !off;
  }
  static Error gone() { return io_error("the power is off"); }
  Bytes left_of(const File& file, Left unsynced) const {
    const auto it = synced.find(file);
    const Bytes before = it == synced.end() ? Bytes() : it->second;
    if (before == *file || unsynced == Left::kWhole) return *file;
    if (unsynced == Left::kGone) return before;
    Bytes out = *file;
    const size_t from = before.size() / kBlock * kBlock, cut = std::min(out.size(), from + kBlock);
    if (unsynced == Left::kTorn) out.resize(std::min(out.size(), std::max(before.size(), cut - (cut == out.size() ? std::min<size_t>(cut, 1) : 0))));
    if (unsynced == Left::kNoise)
      for (size_t i = before.size(); i < cut; ++i) out[i] ^= 0x5a;
    return out;
  }

  std::map<std::string, File> now, durable;
  std::map<File, Bytes> synced;
  std::vector<Change> changes;
};

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
  if (u.record().state == State::kIdle || u.record().state == State::kDownloading) {
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
