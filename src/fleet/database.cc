#include "fleet/database.h"

#include <sqlite3.h>

#include <utility>

namespace verge::fleet {
namespace {

struct Reset {
  void operator()(sqlite3_stmt* s) const {
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
  }
};
using InUse = std::unique_ptr<sqlite3_stmt, Reset>;

void bind(sqlite3_stmt* s, int i, const Cell& value) {
  if (const auto* n = std::get_if<int64_t>(&value)) sqlite3_bind_int64(s, i, *n);
  if (const auto* d = std::get_if<double>(&value)) sqlite3_bind_double(s, i, *d);
  if (const auto* t = std::get_if<std::string>(&value)) sqlite3_bind_text(s, i, t->data(), static_cast<int>(t->size()), SQLITE_TRANSIENT);
}

Cell cell_of(sqlite3_stmt* s, int i) {
  switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER: return static_cast<int64_t>(sqlite3_column_int64(s, i));
    case SQLITE_FLOAT: return sqlite3_column_double(s, i);
    case SQLITE_NULL: return std::string();
    default: return std::string(reinterpret_cast<const char*>(sqlite3_column_text(s, i)), static_cast<size_t>(sqlite3_column_bytes(s, i)));
  }
}

}  // namespace

void Database::Closed::operator()(sqlite3* db) const { sqlite3_close(db); }
void Database::Finalized::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }

Error Database::failed(const std::string& sql) const { return io_error("database '" + path_ + "': " + sqlite3_errmsg(db_.get()) + " in: " + sql); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  auto out = std::make_unique<Database>();
  out->path_ = path;
  sqlite3* db = nullptr;
  const int status = sqlite3_open(path.c_str(), &db);
  out->db_.reset(db);
  if (status != SQLITE_OK) return out->failed("open");
  sqlite3_busy_timeout(db, 5000);
  for (const char* sql : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"}) VERGE_CHECK(out->run(sql));
  return out;
}

Result<sqlite3_stmt*> Database::prepared(const std::string& sql) {
  if (const auto it = statements_.find(sql); it != statements_.end()) return it->second.get();
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) return failed(sql);
  statements_[sql].reset(raw);
  return raw;
}

Result<std::vector<Row>> Database::query(const std::string& sql, std::initializer_list<Cell> values) {
  const std::lock_guard lock(mutex_);
  VERGE_TRY(sqlite3_stmt * raw, prepared(sql));
  const InUse s(raw);
  int i = 0;
  for (const Cell& value : values) bind(raw, ++i, value);
  std::vector<Row> out;
  int status;
  while ((status = sqlite3_step(raw)) == SQLITE_ROW) {
    Row row;
    for (int c = 0; c < sqlite3_column_count(raw); ++c) row.push_back(cell_of(raw, c));
    out.push_back(std::move(row));
  }
  if (status != SQLITE_DONE) return failed(sql);
  return out;
}

Result<void> Database::run(const std::string& sql, std::initializer_list<Cell> values) {
  VERGE_CHECK(query(sql, values));
  return done();
}

Result<void> Database::transaction(const std::function<Result<void>()>& body) {
  const std::lock_guard lock(mutex_);
  VERGE_CHECK(run("BEGIN IMMEDIATE"));
  Result<void> result = body();
  if (result.ok()) result = run("COMMIT");
  if (!result.ok()) (void)run("ROLLBACK").ok();
  return result;
}

void Database::run_alone(Waiting& item) {
  item.result = run("SAVEPOINT item");
  if (!item.result.ok()) return;
  item.result = (*item.body)();
  if (!item.result.ok()) (void)run("ROLLBACK TO item").ok();
  (void)run("RELEASE item").ok();
}

Result<void> Database::grouped(const std::function<Result<void>()>& body) {
  Waiting me{&body, {}, false};
  std::unique_lock lock(group_);
  waiting_.push_back(&me);
  committed_.wait(lock, [&] { return me.done || !committing_; });
  if (me.done) return me.result;
  committing_ = true;
  const std::vector<Waiting*> batch = std::exchange(waiting_, {});
  lock.unlock();
  const Result<void> committed = transaction([&]() -> Result<void> {
    for (Waiting* item : batch) run_alone(*item);
    return done();
  });
  lock.lock();
  for (Waiting* item : batch) {
    if (!committed.ok()) item->result = committed;
    item->done = true;
  }
  committing_ = false;
  committed_.notify_all();
  return me.result;
}

Result<void> Database::add_column(const std::string& table, const std::string& name, const std::string& type) {
  VERGE_TRY(const auto known, query("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", {table, name}));
  return known.empty() ? run("ALTER TABLE " + table + " ADD COLUMN " + name + " " + type) : done();
}

}  // namespace verge::fleet
