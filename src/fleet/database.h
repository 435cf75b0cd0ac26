// SQLite behind values: prepared statements that bind and step, errors in words.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace verge::fleet {

using Cell = std::variant<int64_t, double, std::string>;
using Row = std::vector<Cell>;
inline int64_t integer(const Cell& c) { return std::holds_alternative<int64_t>(c) ? std::get<int64_t>(c) : 0; }
inline std::string text(const Cell& c) { return std::holds_alternative<std::string>(c) ? std::get<std::string>(c) : ""; }

// One connection, used by one thread at a time: callers' calls are serialised. Write-ahead log, durable at each commit.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  // All rows of a statement with `?` for each value.
  Result<std::vector<Row>> query(const std::string& sql, std::initializer_list<Cell> values = {});
  Result<void> run(const std::string& sql, std::initializer_list<Cell> values = {});
  // Everything in `body` or nothing.
  Result<void> transaction(const std::function<Result<void>()>& body);
  // The same, in one commit with what other threads bring meanwhile: many small writes cost one synchronisation of the disk. An error undoes `body` alone.
  Result<void> grouped(const std::function<Result<void>()>& body);
  Result<void> add_column(const std::string& table, const std::string& name, const std::string& type);

 private:
  struct Waiting {
    const std::function<Result<void>()>* body;
    Result<void> result;
    bool done = false;
  };
  struct Finalized {
    void operator()(sqlite3_stmt* s) const;
  };
  Result<sqlite3_stmt*> prepared(const std::string& sql);
  void run_alone(Waiting& item);

  struct Closed {
    void operator()(sqlite3* db) const;
  };
  Error failed(const std::string& sql) const;

  std::string path_;
  std::unique_ptr<sqlite3, Closed> db_;  // outlives the statements below
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalized>> statements_;
  std::recursive_mutex mutex_;

  std::mutex group_;
  std::condition_variable committed_;
  std::vector<Waiting*> waiting_;
  bool committing_ = false;
};

}  // namespace verge::fleet
