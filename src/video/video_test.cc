#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "os/bounded_queue.h"
#include "os/subprocess.h"
#include "video/draw.h"
#include "video/sink.h"
#include "video/source.h"
#include "video/stream.h"

namespace verge::video {
namespace {

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

class Counting : public Source {
 public:
  explicit Counting(int count, bool live = false, int pause_ms = 0) : count_(count), pause_ms_(pause_ms) { info_.live = live; }
  const SourceInfo& info() const override { return info_; }
  Result<std::optional<Tensor>> next() override {
    sleep_ms(pause_ms_);
    if (given == count_) return std::optional<Tensor>();
    ++given;
    return std::optional<Tensor>(Tensor(DataType::kU8, Shape{2, 2, 3}));
  }
  int given = 0;

 private:
  SourceInfo info_;
  int count_, pause_ms_;
};

Stage noting(std::vector<int64_t>& seen, int pause_ms = 0) {
  return {"note", [&seen, pause_ms](Frame& f) -> Result<void> {
            sleep_ms(pause_ms);
            seen.push_back(f.index);
            return done();
          }};
}

TEST(Stream, KeepsEveryPictureOfAFileInOrder) {
  for (const bool in_turn : {false, true}) {
    Counting source(50);
    std::vector<int64_t> first, second;
    StreamOptions options;
    options.in_turn = in_turn;
    const auto result = run_stream(source, {noting(first, 1), noting(second)}, options);
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(second.size(), 50u) << "in turn: " << in_turn;
    for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(second[static_cast<size_t>(i)], i);
    EXPECT_EQ(result->frames, 50);
    EXPECT_EQ(result->dropped, 0);
    EXPECT_EQ(result->intervals_ms.size(), 49u);
    EXPECT_GT(result->stages[1].busy_s, 0.04);
  }
}

TEST(Stream, StagesWorkAtOnceInThreadsAndNeverInTurn) {
  for (const bool in_turn : {false, true}) {
    Counting source(12);
    std::vector<int64_t> a, b;
    StreamOptions options;
    options.in_turn = in_turn;
    const auto result = run_stream(source, {noting(a, 10), noting(b, 10)}, options);
    ASSERT_TRUE(result.ok());
    if (in_turn) EXPECT_GE(result->seconds, 0.24);
    else EXPECT_LT(result->seconds, 0.22) << "13 steps of 10 ms";
  }
}

TEST(Stream, ALiveSourceThatIsTooFastLosesOldPictures) {
  Counting source(30, true, 2);
  std::vector<int64_t> seen;
  const auto result = run_stream(source, {noting(seen, 12)});
  ASSERT_TRUE(result.ok());
  EXPECT_GT(result->dropped, 10);
  EXPECT_EQ(result->frames + result->dropped, 30);
  EXPECT_EQ(seen.back(), 29) << "the newest is never the one that is lost";
}

TEST(Stream, APictureBehindItsDeadlineIsDroppedBeforeTheNextStage) {
  Counting source(8, true, 1);
  std::vector<int64_t> seen;
  StreamOptions options;
  options.deadline_s = 0.004;
  const auto result = run_stream(source, {{"slow", [](Frame&) -> Result<void> { sleep_ms(8); return done(); }}, noting(seen)}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->frames, 0);
  EXPECT_EQ(result->dropped, 8);
  EXPECT_TRUE(seen.empty());
}

TEST(Stream, AnErrorInAnyStageEndsAllOfThem) {
  for (const bool in_turn : {false, true}) {
    Counting source(1000);
    std::vector<int64_t> seen;
    StreamOptions options;
    options.in_turn = in_turn;
    const Stage failing = {"fail", [](Frame& f) -> Result<void> { return f.index == 3 ? Result<void>(io_error("disk full")) : done(); }};
    const auto result = run_stream(source, {failing, noting(seen)}, options);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().message(), "disk full");
    EXPECT_LE(source.given, 10);
    EXPECT_LE(seen.size(), 3u);
  }
}

TEST(Stream, StopFinishesWhatIsOnItsWay) {
  Counting source(1000);
  std::atomic<bool> stop = false;
  std::vector<int64_t> seen;
  StreamOptions options;
  options.stop = &stop;
  const Stage stopping = {"stop", [&](Frame& f) -> Result<void> { stop = stop || f.index == 5; return done(); }};
  const auto result = run_stream(source, {stopping, noting(seen)}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->frames, source.given);
  EXPECT_LT(source.given, 20);
}

TEST(Subprocess, GivesWhatTheOtherProgramWrites) {
  const auto finished = run_to_end({"sh", "-c", "printf hello; printf woe >&2; exit 3"});
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->output, "hello");
  EXPECT_EQ(finished->end.words, "woe");
  EXPECT_EQ(finished->end.exit_code, 3);
}

TEST(Subprocess, AProgramThatIsNotThereIsNamed) {
  const auto started = Subprocess::start({"no-such-program"}, Subprocess::Pipe::kToIt);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code(), Code::kNotFound);
  EXPECT_NE(started.error().message().find("no-such-program"), std::string::npos);
}

TEST(Subprocess, WritingToOneThatEndedIsAnErrorAndNoSignal) {
  auto process = Subprocess::start({"true"}, Subprocess::Pipe::kToIt);
  ASSERT_TRUE(process.ok());
  const std::vector<uint8_t> much(1 << 24);
  EXPECT_FALSE(process->write(much).ok());
  EXPECT_EQ(process->wait().exit_code, 0);
}

TEST(Subprocess, IsIdleOnceItHasTakenWhatWasWritten) {
  auto process = Subprocess::start({"sh", "-c", "head -c 5 >/dev/null; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 5"}, Subprocess::Pipe::kToIt);
  ASSERT_TRUE(process.ok());
  const std::vector<uint8_t> bytes(5, 'x');
  ASSERT_TRUE(process->write(bytes).ok());
  process->wait_until_idle();
}

TEST(Source, WordsForWhatIsNotThere) {
  const auto device = open_source("/dev/video97");
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code(), Code::kNotFound);
  EXPECT_NE(device.error().message().find("no device '/dev/video97'"), std::string::npos);
  EXPECT_EQ(open_source("nowhere.mp4").error().code(), Code::kNotFound);
}

size_t changed(const Tensor& picture) {
  size_t n = 0;
  for (const uint8_t v : picture.bytes()) n += v != 100 ? 1 : 0;
  return n;
}

Tensor grey(int height, int width) { return Tensor(DataType::kU8, Shape{height, width, 3}, Bytes(static_cast<size_t>(3 * height * width), 100)); }

TEST(Draw, EveryLetterOfAsciiIsDrawnAndDiffersFromTheOthers) {
  std::vector<Bytes> drawn;
  for (char c = '!'; c <= '~'; ++c) {
    Tensor picture = grey(24, 20);
    draw_text(picture, std::string(1, c), 2, 2, 2, {255, 255, 255});
    EXPECT_GT(changed(picture), 0u) << c;
    drawn.emplace_back(picture.bytes().begin(), picture.bytes().end());
    for (size_t i = 0; i + 1 < drawn.size(); ++i) EXPECT_NE(drawn[i], drawn.back()) << static_cast<char>('!' + i) << " and " << c;
  }
}

TEST(Draw, BoxesBeyondTheEdgesStayInThePicture) {
  const auto name = [](int) { return std::string("trés petit \xE2\x82\xAC"); };
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{5, 300}, std::pair{200, 3}, std::pair{120, 160}}) {
    Tensor picture = grey(height, width);
    draw_detections(picture, {{-50, -50, 1e6, 1e6, 0, 1}, {3, 3, 2, 2, 5, 0.5}, {1e5, 1e5, 2e5, 2e5, -1, 0.2}}, name);
    EXPECT_GT(changed(picture), 0u);
  }
}

}  // namespace
}  // namespace verge::video
