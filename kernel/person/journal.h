// The changes of People as a file that grows, and is written anew when most of it is past: what a start reads instead of all Patients.
// File:   "changes-<n>" in the view's folder: pieces of {u32 bytes of the body, u32 CRC-32C of it, body}; a body is a kind, the key, and what came.
//         How much of it counts, and where in the log that stands, is in the manifest; what lies behind is of a Save that did not end, as is a
//         file of another number.
// Erasure: Blank writes zeros over the packed bytes of records that are no more, in place, so that no file has to be written anew.
// Errors: kUnavailable with the system's reason (disk full); kCorrupt where a piece is damaged.
// Cost:   Append a write and a sync; Read ~1 GB/s; Blank the same. Not thread-safe.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/person/people.h"

namespace tk::person {

enum class JournalKind : uint8_t { kBlank, kRecord, kRecordGone, kDecision, kDecisionGone };

struct JournalEntry {
  JournalKind kind = JournalKind::kBlank;
  uint64_t id_hash = 0;                          // of the Patient, of the Linkage
  uint64_t ordinal = 0, first = 0, changed = 0;  // of a record (people.h)
  std::string_view packed;
  std::vector<PairOf> pairs;
  bool active = false, manual = false;
};
/// Appends a piece.
void PrintJournal(const JournalEntry& entry, std::string* out);

/// Calls `each` for every piece of such text. Errors: its; kCorrupt.
Status ForJournal(std::string_view journal, const std::function<Status(const JournalEntry&)>& each);

/// What PrintJournal appends for a record of so many packed bytes, for a Linkage of so many pairs.
size_t RecordPieceBytes(size_t packed_bytes);
size_t DecisionPieceBytes(size_t pairs);

std::string JournalPath(const std::string& folder, uint64_t number);
/// Removes all journals in the folder but this one (0: all): of Saves that did not end, and former ones. Errors: kUnavailable.
Status RemoveOtherJournals(const std::string& folder, uint64_t number);

/// `bytes` more at the end of `path`, which has `size` bytes that count: what lies behind is cut off. Synced.
Status AppendToJournal(const std::string& path, uint64_t size, std::string_view bytes);
/// Calls `each` for every piece of the first `size` bytes; blank ones are left out. Errors: its; kCorrupt.
Status ReadJournal(const std::string& path, uint64_t size,
                   const std::function<Status(const JournalEntry&)>& each);
/// Folds it into People that are empty; about so many records and pairs come.
Status LoadPeople(const std::string& path, uint64_t size, size_t records, size_t pairs, unsigned threads,
                  People* people);
/// Blanks the records for whose key `is_gone` holds. Synced.
Status BlankJournal(const std::string& path, uint64_t size,
                    const std::function<bool(uint64_t id_hash)>& is_gone);

}  // namespace tk::person
