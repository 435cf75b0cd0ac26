// A queue between two threads that holds `room` items at most.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace verge {

template <typename T> class BoundedQueue {
 public:
  explicit BoundedQueue(size_t room) : room_(room) {}

  // Waits for room; false when the queue is closed, and the item is gone.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || items_.size() < room_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }
  // Never waits: where there is no room the oldest item goes. How many went.
  size_t push_newest(T item) {
    std::lock_guard lock(mutex_);
    const size_t gone = !closed_ && items_.size() >= room_ ? 1 : 0;
    if (gone) items_.pop_front();
    if (!closed_) items_.push_back(std::move(item));
    changed_.notify_all();
    return gone;
  }
  // Waits for an item; none when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }
  // No more items come; those within can still be popped.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace verge
