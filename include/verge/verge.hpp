// Verge in C++17: RAII and exceptions over the C interface. Header only; link libverge.
//
//   verge::Model model("model.vpk");
//   verge::Session session(model);
//   session.set_input(0, pixels);            // any contiguous container of the input's size
//   session.run();
//   std::vector<float> scores = session.output<float>(0);
//
//   verge::AsyncRunner runner(model, 2);     // two sessions, each with a thread; the weights are shared
//   auto later = runner.submit([pixels](verge::Session& s) {
//     s.set_input(0, pixels);
//     s.run();
//     return s.output<float>(0);
//   });
//   std::vector<float> scores = later.get();
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "verge/verge.h"

namespace verge {

class Exception : public std::runtime_error {
 public:
  explicit Exception(verge_code code) : std::runtime_error(verge_last_error()), code_(code) {}
  verge_code code() const { return code_; }

 private:
  verge_code code_;
};

inline void require(verge_code code) {
  if (code != VERGE_OK) throw Exception(code);
}

class Model {
 public:
  explicit Model(const std::string& path, int threads = 1) {
    const verge_options options{sizeof(verge_options), threads};
    verge_model* model = nullptr;
    require(verge_model_open(path.c_str(), &options, &model));
    model_.reset(model);
  }
  size_t input_count() const { return verge_model_input_count(get()); }
  size_t output_count() const { return verge_model_output_count(get()); }
  verge_tensor_info input(size_t i) const {
    verge_tensor_info info;
    require(verge_model_input(get(), i, &info));
    return info;
  }
  verge_tensor_info output(size_t i) const {
    verge_tensor_info info;
    require(verge_model_output(get(), i, &info));
    return info;
  }
  std::string manifest() const { return verge_model_manifest(get()); }
  const verge_model* get() const { return model_.get(); }

 private:
  struct Close {
    void operator()(verge_model* m) const { verge_model_close(m); }
  };
  std::unique_ptr<verge_model, Close> model_;
};

class Session {
 public:
  explicit Session(const Model& model) : model_(&model) {
    verge_session* session = nullptr;
    require(verge_session_create(model.get(), &session));
    session_.reset(session);
  }
  // `values` is contiguous and has the input's bytes. The model must outlive the session's use of names and shapes.
  template <typename Container> void set_input(size_t i, const Container& values) {
    require(verge_session_set_input(session_.get(), i, values.data(), values.size() * sizeof(*values.data())));
  }
  void run() { require(verge_session_run(session_.get())); }
  template <typename T> std::vector<T> output(size_t i) const {
    std::vector<T> out(model_->output(i).bytes / sizeof(T));
    require(verge_session_get_output(session_.get(), i, out.data(), out.size() * sizeof(T)));
    return out;
  }

 private:
  struct Close {
    void operator()(verge_session* s) const { verge_session_close(s); }
  };
  const Model* model_;
  std::unique_ptr<verge_session, Close> session_;
};

// Several inferences at once: workers of one session and one thread each, which take jobs in the order of submit(). The model outlives the runner.
class AsyncRunner {
 public:
  // `queue` jobs may wait beside those in work.
  explicit AsyncRunner(const Model& model, int workers = 1, size_t queue = 2) : queue_(queue > 0 ? queue : 1) {
    for (int i = 0; i < workers; ++i) sessions_.push_back(std::make_unique<Session>(model));
    for (auto& session : sessions_) threads_.emplace_back([this, &session] { work(*session); });
  }
  // Finishes what was submitted.
  ~AsyncRunner() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& t : threads_) t.join();
  }
  AsyncRunner(const AsyncRunner&) = delete;
  AsyncRunner& operator=(const AsyncRunner&) = delete;

  // Runs job(session) on a worker and gives what it returns or throws. Waits while the queue is full.
  template <typename Job> auto submit(Job job) {
    using Answer = decltype(job(std::declval<Session&>()));
    auto task = std::make_shared<std::packaged_task<Answer(Session&)>>(std::move(job));
    std::future<Answer> answer = task->get_future();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return jobs_.size() < queue_; });
      jobs_.push_back([task](Session& session) { (*task)(session); });
    }
    changed_.notify_all();
    return answer;
  }

 private:
  void work(Session& session) {
    while (true) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const std::function<void(Session&)> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      changed_.notify_all();
      job(session);
    }
  }

  const size_t queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void(Session&)>> jobs_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<std::thread> threads_;
  bool closed_ = false;
};

}  // namespace verge
