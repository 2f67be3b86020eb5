// The audit: who did what to whose data, apart from the one log, chained by hashes so that a change is seen.
// Flow:   pipeline → Append (queued, ~200 ns) → one thread: line, chain, write, fsync
//         durable within a second, and before the answer for reveal, emergency and export (Append with `durable`)
// Files:  DIR/audit/audit-<slot>-<number>.jsonl; a slot belongs to one process at a time (lock file), so several processes keep
//         chains of their own and a restart goes on with the chain. A line:
//         {"n":7,"at":"…","account":"li","post":"doctor","action":"read","type":"Patient","id":"<keyed hash>","owner":12,"owners":[12,40],
//          "status":200,"t":812,"records":3,"damaged":1,"unseen":1,"reason":"…","request":"…","session":"…","scope":"380102","erasure":"…","chain":"<BLAKE2b-128 of the chain before and this line>"}
//         `owner`: whose the named resource is; `owners`: whose records else were shown or written (a page of a search), so that a person is told of
//         searches too that brought his.
//         `erasure` pairs the records of one erasure: as asked for, and its end (erasure_notes.h).
//         `id` is the log's keyed hash of "Type/id", as in the index: without the key nobody finds whom it names; no names, no numbers.
// Loss:   a crash of the machine may lose the last second of records (never those awaited); a crash of the process too.
//         A cut-off end of the last file is not seen by the chain itself: keep the head that `tongkang audit verify` prints elsewhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/viewer.h"
#include "kernel/base/clock.h"
#include "kernel/base/hash.h"

namespace tk::view {
class Engine;
}

namespace tk::access {

struct AuditRecord {
  std::shared_ptr<const Viewer> viewer;  // may be null: nobody is signed in
  std::string account;      // only when there is no viewer (failed sign-in of an existing account)
  std::string_view action;  // a literal: "read", "search", "sign-in" …
  std::string type, id;     // resource, if one was named
  int status = 0;
  std::string request_id;
  uint64_t t = 0;                // the transaction that was written, 0 = none
  std::string_view reason = {};  // a literal: why, where the action asks for it
  uint32_t owner = 0;  // the person's number; 0: whose the named resource is when the line is written
  std::vector<uint32_t> owners =
      {};                // persons whose records the answer showed or the request wrote, ascending
  uint64_t records = 0;  // how many it concerned, where that is told
  uint64_t damaged = 0;  // of these, erased without being opened: their entries are damaged
  uint64_t unseen = 0;   // others' entries that an erasure had to look into and that are damaged
  std::string erasure =
      {};  // the mark of an erasure; Append gives it to "erase-asked" and finds it for "erase"
};

/// An erasure that was asked for ("erase-asked") and does not have its end in the audit.
struct UnendedErasure {
  std::string mark;
  uint32_t owner = 0;
  std::string reason, request_id;
  bool running = false;   // its request has no answer on disk yet, in this process
  bool answered = false;  // with an error: "erase" tells that, and not how it ended
};

struct AuditOptions {
  std::string folder;  // DIR/audit
  const Clock* clock = nullptr;
  HashKey id_key{};
  /// Number of the person to whom the resource with this keyed hash of "Type/id" belongs, 0 if unknown. Called on the audit's thread; may
  /// be empty.
  std::function<uint32_t(uint64_t id_hash)> owner_of;
  size_t rotate_bytes = size_t{64} << 20;
  size_t queue_max = 65536;  // over it Append refuses, and so does the request
  int sync_ms = 500;         // a record waits at most this long plus one fsync
};

/// The audit of a data folder: its records name resources by the log's keyed hash and their person's number.
AuditOptions AuditOf(const view::Engine& engine, const std::string& folder, const Clock* clock);

class AuditLog {
 public:
  /// Continues the chain of the first free slot. Errors: kUnavailable, the reason.
  static Result<std::unique_ptr<AuditLog>> Open(const AuditOptions& options);
  /// Writes and syncs what is queued.
  virtual ~AuditLog() = default;

  /// Queues a record. `durable`, if given, is called once on the audit's thread when the record is on disk (or cannot be).
  /// Errors: kUnavailable when the queue is full or the disk refuses: nothing may be answered without a record.
  virtual Status Append(AuditRecord record, std::function<void(Status)> durable = {}) = 0;
  /// Those of this and of earlier processes. One has its end by "erase" with 200, or by any record with its mark in `erasure`.
  virtual std::vector<UnendedErasure> UnendedErasures() const = 0;
  /// Nothing of it was done and its answer said so: it needs no other end. Errors: kUnavailable, and it stays.
  virtual Status CloseErasure(const std::string& mark) = 0;
  /// May requests be served at all?
  virtual bool healthy() const = 0;
  /// Waits until everything appended so far is on disk. For tests and shutdown.
  virtual Status Flush() = 0;

  struct Statistics {
    uint64_t records = 0, queued = 0, syncs = 0, sync_us_total = 0;
  };
  virtual Statistics statistics() const = 0;
};

/// Actions whose record must be durable before the answer.
bool NeedsDurableRecord(std::string_view action);

struct AuditReport {
  uint64_t files = 0, records = 0;
  std::vector<std::string> damage;  // one line each: file:line, what is wrong
  std::vector<std::string> notes;   // ends torn by a crash that the program itself saw and wrote down
  std::vector<std::string> heads;   // "slot 0: record 812, chain …"
};
/// Reads every file of the folder. Cost: about 1 s per GB. Errors: kNotFound if there is no audit.
Result<AuditReport> VerifyAudit(const std::string& folder);

}  // namespace tk::access
