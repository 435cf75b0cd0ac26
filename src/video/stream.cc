#include "video/stream.h"

#include <memory>
#include <mutex>
#include <thread>

#include "os/bounded_queue.h"
#include "os/clock.h"

namespace verge::video {
namespace {

class Stream {
 public:
  Stream(Source& source, const std::vector<Stage>& stages, const StreamOptions& options) : source_(source), stages_(stages), options_(options) {
    result_.stages.push_back({"read"});
    for (const Stage& stage : stages) result_.stages.push_back({stage.name});
    for (size_t i = 0; i < stages.size(); ++i) queues_.push_back(std::make_unique<BoundedQueue<Frame>>(options.queue));
  }

  Result<StreamResult> run() {
    start_s_ = now_s();
    if (options_.in_turn) run_in_turn();
    else run_in_threads();
    result_.seconds = (last_s_ > 0 ? last_s_ : now_s()) - start_s_;
    if (error_) return *std::move(error_);
    return std::move(result_);
  }

 private:
  bool stopped() const { return (options_.stop && options_.stop->load()) || (options_.most_s > 0 && now_s() - start_s_ > options_.most_s); }

  std::optional<Frame> read() {
    if (stopped()) return std::nullopt;
    const double start = now_s();
    auto picture = source_.next();
    result_.stages[0].busy_s += now_s() - start;
    if (!picture.ok()) fail(picture.error());
    if (!picture.ok() || !*picture) return std::nullopt;
    return Frame{count_++, now_s(), **std::move(picture), {}, {}};
  }

  // False when the frame goes no further.
  bool work(size_t i, Frame& frame) {
    const double start = now_s();
    if (source_.info().live && options_.deadline_s > 0 && start - frame.read_at_s > options_.deadline_s) {
      ++dropped_;
      return false;
    }
    const auto ran = stages_[i].run(frame);
    result_.stages[i + 1].busy_s += now_s() - start;
    if (!ran.ok()) fail(ran.error());
    return ran.ok();
  }

  void finish(const Frame& frame) {
    const double now = now_s();
    result_.latencies_ms.push_back((now - frame.read_at_s) * 1e3);
    if (last_s_ > 0) result_.intervals_ms.push_back((now - last_s_) * 1e3);
    last_s_ = now;
    ++result_.frames;
  }

  void run_in_turn() {
    for (std::optional<Frame> frame = read(); frame && !error_; frame = read()) {
      source_.settle();
      bool whole = true;
      for (size_t i = 0; whole && i < stages_.size(); ++i) {
        whole = work(i, *frame);
        if (stages_[i].settle) stages_[i].settle();
      }
      if (whole) finish(*frame);
    }
    result_.dropped = dropped_;
  }

  void run_in_threads() {
    std::vector<std::thread> threads;
    threads.emplace_back([this] { read_all(); });
    for (size_t i = 0; i < stages_.size(); ++i) threads.emplace_back([this, i] { work_all(i); });
    for (std::thread& t : threads) t.join();
    result_.dropped = dropped_;
  }

  void read_all() {
    bool open = true;
    for (std::optional<Frame> frame = read(); open && frame; frame = read()) {
      if (source_.info().live) dropped_ += static_cast<int64_t>(queues_[0]->push_newest(*std::move(frame)));
      else open = queues_[0]->push(*std::move(frame));
      if (failed_) break;
    }
    queues_[0]->close();
  }

  void work_all(size_t i) {
    const bool last = i + 1 == stages_.size();
    while (std::optional<Frame> frame = queues_[i]->pop()) {
      if (failed_ || !work(i, *frame)) continue;
      if (last) finish(*frame);
      else if (!queues_[i + 1]->push(*std::move(frame))) break;
    }
    if (!last) queues_[i + 1]->close();
  }

  // The stages drain what is queued without working on it, and the source is asked no more.
  void fail(const Error& error) {
    std::lock_guard lock(error_mutex_);
    if (!error_) error_ = error;
    failed_ = true;
    queues_[0]->close();
  }

  Source& source_;
  const std::vector<Stage>& stages_;
  const StreamOptions& options_;
  std::vector<std::unique_ptr<BoundedQueue<Frame>>> queues_;
  StreamResult result_;
  std::atomic<int64_t> dropped_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex error_mutex_;
  std::optional<Error> error_;
  int64_t count_ = 0;
  double start_s_ = 0, last_s_ = 0;
};

}  // namespace

Result<StreamResult> run_stream(Source& source, const std::vector<Stage>& stages, const StreamOptions& options) { return Stream(source, stages, options).run(); }

}  // namespace verge::video
