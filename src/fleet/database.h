// SQLite behind values: prepared statements that bind and step, errors in words.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

struct sqlite3;

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

 private:
  struct Closed {
    void operator()(sqlite3* db) const;
  };
  Error failed(const std::string& sql) const;

  std::string path_;
  std::unique_ptr<sqlite3, Closed> db_;
  std::recursive_mutex mutex_;
};

}  // namespace verge::fleet
