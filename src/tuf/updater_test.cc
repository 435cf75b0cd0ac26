#include "tuf/updater.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "os/file.h"
#include "os/model_disk.h"
#include "tuf/repository.h"

namespace verge::tuf {
namespace {

constexpr int64_t kNow = 1'800'000'000;
const char* const kUrl = "https://updates/metadata";

ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// A repository at two times: one target, then another one, a delegated role, and a root with a new timestamp key.
class Updates : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = (std::filesystem::temp_directory_path() / ("updates-" + std::to_string(::getpid()))).string();
    Repository repository(folder_ + "/now");
    const RoleKeys offline{{root_.key()}, 1}, online{{online_.key()}, 1};
    ASSERT_TRUE(repository.init({{"root", offline}, {"targets", offline}, {"snapshot", online}, {"timestamp", online}}, kNow).ok());
    add(repository, "one", "targets", {online_});
    std::filesystem::copy(folder_ + "/now", folder_ + "/before", std::filesystem::copy_options::recursive);
    ASSERT_TRUE(repository.rotate("timestamp", {newer_.key()}, {online_.key_id()}, {}, kNow).ok());
    ASSERT_TRUE(repository.delegate("targets", "team", offline, {"team/*"}, true, kNow).ok());
    add(repository, "two", "targets", {online_, newer_});
    add(repository, "team/three", "team", {online_, newer_});
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static void add(Repository& repository, const std::string& name, const std::string& role, const std::vector<Signer>& online) {
    ASSERT_TRUE(repository.add(name, bytes_of("content of " + name), Value(), role, kNow).ok());
    ASSERT_TRUE(repository.sign(root_).ok());
    const auto published = repository.publish(online, kNow);
    ASSERT_TRUE(published.ok()) << published.error().message();
  }

  // Refreshes from the repository as it was or is, and looks for a target.
  static Result<TargetFile> look(ModelDisk& disk, const std::string& when, const std::string& target) {
    const auto transport = make_folder_transport("https://updates", folder_ + "/" + when);
    return Updater(disk, kUrl, *transport).find(target, kNow);
  }
  static ModelDisk enrolled() {
    ModelDisk disk;
    EXPECT_TRUE(Updater::init(disk, *read_file(folder_ + "/before/metadata/1.root.json")).ok());
    return disk;
  }
  static ModelDisk with_the_first() {
    ModelDisk disk = enrolled();
    EXPECT_TRUE(look(disk, "before", "one").ok());
    return disk;
  }

  // Empty, else why not: what a client must be able to do after a cut.
  static std::string problem_of(ModelDisk disk) {
    const auto files = *disk.list();
    for (const std::string& f : files)
      if (f.ends_with(".json") && !parse_envelope(*disk.read(f)).ok()) return f + " is not whole";
    for (const char* target : {"two", "team/three", "one"})
      if (const auto found = look(disk, "now", target); !found.ok()) return std::string(target) + ": " + found.error().message();
    if (look(disk, "before", "one").ok()) return "older metadata was believed again";
    return "";
  }

  // Cuts the power at every call of a refresh to the repository of now, and looks at every state that the disk may be in then.
  static int enumerate(const std::function<ModelDisk()>& start) {
    int states = 0;
    for (int cut = 0;; ++cut) {
      ModelDisk disk = start();
      disk.calls = 0;
      disk.cut_at = cut;
      (void)look(disk, "now", "team/three").ok();
      using Left = ModelDisk::Left;
      for (size_t kept = 0; kept <= disk.pending(); ++kept) {
        for (const Left left : {Left::kWhole, Left::kGone, Left::kTorn, Left::kNoise}) {
          ++states;
          EXPECT_EQ(problem_of(disk.after_cut(kept, left)), "") << "cut at call " << cut << ", " << kept << " of " << disk.pending() << " names, bytes " << static_cast<int>(left);
        }
      }
      if (!disk.off) return states;
    }
  }

  static inline std::string folder_;
  static inline const Signer root_ = make_signer(), online_ = make_signer(), newer_ = make_signer();
};

TEST_F(Updates, EveryCutLeavesWholeMetadataAndTheNextRefreshCompletes) {
  const int states = enumerate(enrolled) + enumerate(with_the_first);
  EXPECT_GT(states, 150) << "the enumeration lost its reach";
  std::printf("%d states after a cut\n", states);
}

TEST_F(Updates, ACutOfTheFirstTrustLeavesNothingOrTheRoot) {
  const Bytes root = *read_file(folder_ + "/before/metadata/1.root.json");
  for (int cut = 0, off = 1; off; ++cut) {
    ModelDisk disk;
    disk.cut_at = cut;
    (void)Updater::init(disk, root).ok();
    off = disk.off;
    for (size_t kept = 0; kept <= disk.pending(); ++kept) {
      for (const auto left : {ModelDisk::Left::kGone, ModelDisk::Left::kTorn, ModelDisk::Left::kNoise}) {
        ModelDisk after = disk.after_cut(kept, left);
        const auto found = after.read("root.json");
        EXPECT_TRUE(!found.ok() || *found == root) << "cut at call " << cut;
      }
    }
  }
}

}  // namespace
}  // namespace verge::tuf
