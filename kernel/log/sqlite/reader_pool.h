// Read connections to log.db, one per thread slot: with as many connections as reading threads no one waits.
// Beginning a read transaction costs more than a read, and under a lock that all connections share. Rows never change, so a
// connection keeps its transaction and renews it when it does not see a row. Held transactions keep the write-ahead file from being
// copied and begun anew: whoever wants that calls LetGo first.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/log/sqlite/database.h"

namespace tk::log::sqlite {

struct Reader {
  std::mutex mutex;
  Database db;
  Statement read_row, read_rows, read_batches, begin, commit;
  bool holds = false;  // a read transaction is open
  uint64_t begun_at = 0;

  /// Opens the read transaction if none is held.
  Status Hold(uint64_t generation);
  /// Ends the held one: what is read next is the newest.
  void End();
};

/// Thread-safe.
class ReaderPool {
 public:
  /// Holds a reader until it goes out of scope.
  class Lease {
   public:
    Lease(const ReaderPool* pool, Reader* reader) : pool_(pool), reader_(reader) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), reader_(std::exchange(other.reader_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_ == nullptr) return;
      pool_->EndIfOld(reader_);
      reader_->mutex.unlock();
    }
    Reader* operator->() const { return reader_; }
    /// Keeps what is seen as it is for this and later reads, until LetGo.
    Status Hold() const { return reader_->Hold(pool_->generation_.load(std::memory_order_relaxed)); }

   private:
    const ReaderPool* pool_;
    Reader* reader_;
  };

  Status Open(const std::string& path, int connections, uint64_t mmap_bytes, const char* vfs);
  void Close() { readers_.clear(); }
  /// The calling thread's own connection if it is free, else any free one, else waits for its own. It may hold an older transaction.
  Lease Take();
  /// A connection that sees the newest.
  Lease TakeFresh() {
    Lease lease = Take();
    lease->End();
    return lease;
  }
  /// Ends held transactions; those of connections in use end when they are given back.
  void LetGo();

 private:
  void EndIfOld(Reader* reader) const {
    if (reader->holds && reader->begun_at != generation_.load(std::memory_order_relaxed)) reader->End();
  }

  std::vector<std::unique_ptr<Reader>> readers_;
  std::atomic<uint64_t> generation_{0};
};

}  // namespace tk::log::sqlite
