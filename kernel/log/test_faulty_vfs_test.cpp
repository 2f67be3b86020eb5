#include "kernel/log/test_faulty_vfs.h"

#include <sqlite3.h>

#include <cstring>

namespace tk::log::test {
namespace {

FaultPlan plan;
sqlite3_vfs* real = nullptr;

struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
FaultyFile* Of(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }

// Counts one call that could fail; true when it has to.
bool Fails() {
  const int n = ++plan.calls;
  return plan.fail_at > 0 && (n == plan.fail_at || (plan.for_ever && n > plan.fail_at));
}

int Close(sqlite3_file* f) {
  sqlite3_file* inner = Of(f)->inner();
  return inner->pMethods != nullptr ? inner->pMethods->xClose(inner) : SQLITE_OK;
}
int Read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return Of(f)->inner()->pMethods->xRead(Of(f)->inner(), to, size, at);
}
int Write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  sqlite3_file* inner = Of(f)->inner();
  if (plan.bytes_left >= 0) {
    plan.bytes_left -= size;
    if (plan.bytes_left < 0) {
      plan.bytes_left = 0;
      return SQLITE_FULL;
    }
  }
  if (Fails()) {
    // A torn write: the first half arrives.
    inner->pMethods->xWrite(inner, from, size / 2, at);
    return SQLITE_IOERR_WRITE;
  }
  return inner->pMethods->xWrite(inner, from, size, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  return Fails() ? SQLITE_IOERR_TRUNCATE : Of(f)->inner()->pMethods->xTruncate(Of(f)->inner(), size);
}
int Sync(sqlite3_file* f, int flags) {
  if (plan.syncs_to_fail > 0) {
    --plan.syncs_to_fail;
    return SQLITE_IOERR_FSYNC;
  }
  return Fails() ? SQLITE_IOERR_FSYNC : Of(f)->inner()->pMethods->xSync(Of(f)->inner(), flags);
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Of(f)->inner()->pMethods->xFileSize(Of(f)->inner(), size);
}
int Lock(sqlite3_file* f, int level) { return Of(f)->inner()->pMethods->xLock(Of(f)->inner(), level); }
int Unlock(sqlite3_file* f, int level) { return Of(f)->inner()->pMethods->xUnlock(Of(f)->inner(), level); }
int CheckReserved(sqlite3_file* f, int* out) {
  return Of(f)->inner()->pMethods->xCheckReservedLock(Of(f)->inner(), out);
}
int Control(sqlite3_file* f, int op, void* arg) {
  return Of(f)->inner()->pMethods->xFileControl(Of(f)->inner(), op, arg);
}
int Sector(sqlite3_file* f) { return Of(f)->inner()->pMethods->xSectorSize(Of(f)->inner()); }
int Traits(sqlite3_file* f) { return Of(f)->inner()->pMethods->xDeviceCharacteristics(Of(f)->inner()); }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Of(f)->inner()->pMethods->xShmMap(Of(f)->inner(), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Of(f)->inner()->pMethods->xShmLock(Of(f)->inner(), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Of(f)->inner()->pMethods->xShmBarrier(Of(f)->inner()); }
int ShmUnmap(sqlite3_file* f, int drop) { return Of(f)->inner()->pMethods->xShmUnmap(Of(f)->inner(), drop); }

// Version 2: no memory-mapped reads, so that every read passes here.
constexpr sqlite3_io_methods kMethods = {
    2,       Close,  Read,   Write,  Truncate, Sync,       FileSize, Lock,    Unlock, CheckReserved,
    Control, Sector, Traits, ShmMap, ShmLock,  ShmBarrier, ShmUnmap, nullptr, nullptr};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  FaultyFile* file = Of(f);
  std::memset(static_cast<void*>(file->inner()), 0, static_cast<size_t>(real->szOsFile));
  const int code = real->xOpen(real, name, file->inner(), flags, out_flags);
  file->base.pMethods = file->inner()->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

FaultPlan& Faults() { return plan; }

const char* FaultyVfs() {
  static sqlite3_vfs vfs = [] {
    real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real;
    made.pNext = nullptr;
    made.zName = "tk-faulty";
    made.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real->szOsFile;
    made.xOpen = Open;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace tk::log::test
