// Read connections to log.db, one per thread slot: with as many connections as reading threads no one waits.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "kernel/log/sqlite/database.h"

namespace tk::log::sqlite {

struct Reader {
  std::mutex mutex;
  Database db;
  Statement read_row, read_rows, read_batches, begin, commit;
};

/// Thread-safe.
class ReaderPool {
 public:
  /// Holds a reader until it goes out of scope.
  class Lease {
   public:
    explicit Lease(Reader* reader) : reader_(reader) {}
    Lease(Lease&& other) noexcept : reader_(std::exchange(other.reader_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_ != nullptr) reader_->mutex.unlock();
    }
    Reader* operator->() const { return reader_; }

   private:
    Reader* reader_;
  };

  Status Open(const std::string& path, int connections, uint64_t mmap_bytes, const char* vfs);
  void Close() { readers_.clear(); }
  /// The calling thread's own connection if it is free, else any free one, else waits for its own.
  Lease Take();

 private:
  std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace tk::log::sqlite
