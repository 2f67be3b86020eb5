#include "kernel/log/sqlite/reader_pool.h"

#include <fmt/format.h>

#include "kernel/log/sqlite/schema.h"

namespace tk::log::sqlite {

Status Reader::Hold(uint64_t generation) {
  if (holds) return {};
  TRY(begin.Run());
  holds = true;
  begun_at = generation;
  return {};
}

void Reader::End() {
  if (!holds) return;
  holds = false;
  // After an error SQLite may have ended it by itself.
  if (!commit.Run().ok() && sqlite3_get_autocommit(db.raw()) == 0)
    sqlite3_exec(db.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status ReaderPool::Open(const std::string& path, int connections, uint64_t mmap_bytes, const char* vfs) {
  for (int i = 0; i < connections; ++i) {
    auto reader = std::make_unique<Reader>();
    reader->db = TRY(Database::Open(path, SQLITE_OPEN_READONLY, vfs));
    TRY(reader->db.Exec(fmt::format("PRAGMA mmap_size = {}; PRAGMA cache_size = -2048", mmap_bytes)));
    reader->read_row = TRY(reader->db.Prepare("SELECT row FROM entry WHERE ordinal = ?"));
    reader->read_rows = TRY(reader->db.Prepare(
        "SELECT ordinal, row FROM entry WHERE ordinal >= ? AND ordinal < ? ORDER BY ordinal LIMIT ?"));
    reader->read_batches = TRY(reader->db.Prepare(kSelectBatches));
    reader->begin = TRY(reader->db.Prepare("BEGIN"));
    reader->commit = TRY(reader->db.Prepare("COMMIT"));
    readers_.push_back(std::move(reader));
  }
  return {};
}

ReaderPool::Lease ReaderPool::Take() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
  CHECK(!readers_.empty());
  const size_t own = thread % readers_.size();
  for (size_t i = 0; i < readers_.size(); ++i) {
    Reader* reader = readers_[(own + i) % readers_.size()].get();
    if (reader->mutex.try_lock()) return Lease(this, reader);
  }
  readers_[own]->mutex.lock();
  return Lease(this, readers_[own].get());
}

void ReaderPool::LetGo() {
  generation_.fetch_add(1);
  for (const auto& reader : readers_) {
    if (!reader->mutex.try_lock()) continue;
    reader->End();
    reader->mutex.unlock();
  }
}

}  // namespace tk::log::sqlite
