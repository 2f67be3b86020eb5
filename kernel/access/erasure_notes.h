// Erasures that the audit has as asked for and not yet with their end, so that each gets exactly one whatever is killed in between.
// Flow:   Append("erase-asked") → a note on disk, then its line → … → the line of the end on disk → the note goes
//         start: Load → whose line of the end is there already goes; the others are told by whoever knows how it ended (AuditLog::Unended)
// Files:  DIR/audit/asked-<mark>.json, one an erasure; the mark stands in its lines ("erasure") and pairs them
// Cost:   nothing at a start that finds no note; else the audit files since the oldest note are read.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/audit.h"

namespace tk::access {

class ErasureNotes {
 public:
  explicit ErasureNotes(std::string folder) : folder_(std::move(folder)) {}

  /// Reads what earlier processes left. Before the audit writes anything.
  Status Load();
  /// Marks a record that asks for an erasure, or that ends one. Thread-safe.
  void Mark(AuditRecord* record);
  /// The record of an answer could not be taken: its request runs no more. Thread-safe.
  void Untaken(const AuditRecord& record);
  /// Thread-safe.
  std::vector<UnendedErasure> Unended() const;
  /// Of one that is not running. Thread-safe.
  Status Close(const std::string& mark);

  // The audit's thread:
  /// The record's line is about to be written to the file of this number and slot.
  void Lined(const AuditRecord& record, uint32_t owner, int slot, uint64_t file_number);
  /// Makes the notes of what was asked for last; before their lines are written.
  Status WriteNew();
  /// What was written is on disk: the notes of what has its end go.
  void Synced();

 private:
  enum class State : uint8_t { kRunning, kOpen, kEnded };
  struct Note {
    UnendedErasure erasure;
    State state = State::kRunning;
    std::string type, id;         // as they were named; not kept on disk
    uint64_t slot = 0, file = 0;  // where its lines begin; of those that were read
    bool asked = false, ended = false;
  };
  Note* RunningOf(const AuditRecord& record);
  std::string PathOf(std::string_view mark) const;
  Result<Note> Read(const std::string& mark) const;
  static void Look(std::string_view text, Note* note);

  const std::string folder_;
  std::vector<std::pair<std::string, std::string>>
      new_;                                   // mark and bytes of notes to write; the thread's own
  std::vector<std::string> refused_, ended_;  // marks whose end is lined; the thread's own
  mutable std::mutex mutex_;
  std::vector<Note> notes_;
};

}  // namespace tk::access
