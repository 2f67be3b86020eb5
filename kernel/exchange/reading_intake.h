// Readings of all channels in one file per person.
// Flow:   entries → who is it: the person index (Interactions::FindPersons) → a Patient of whom nobody is certain → an Observation each → the log
// Rules:  - One who is known certainly is not entered anew: the reading is his. Of anybody else a Patient is made of what the entry says, and the person
//           index matches him as any other: joined, or put before a clerk.
//         - To a sender who does not see all persons (`sees`) it is the same whoever is known: one whom he does not see gets a record where the sender is, as if
//           nobody knew him, and the person index joins the two. So neither the answer nor what the sender can read tells who is known elsewhere.
//         - An entry is the same when its sender and its key are: sent again it writes nothing; with other contents it is a correction.
//           With another person it is a correction too where the sender numbers his rows (a table); where devices number theirs, and two may count alike, it is
//           refused, and nothing moves (`keeps_persons`).
//         - What the definitions refuse is told with its line; nothing else of that entry is kept.
// Threads: Write may be called by several at once. Patients are written by one at a time, so that two entries about one new person never make two.
// Cost:   some 60 µs of CPU a reading, a thousand at once: a match, a validation, an entry of the log.
#pragma once

#include <functional>
#include <mutex>

#include "kernel/exchange/reading.h"
#include "kernel/exchange/table_import.h"

namespace tk::exchange {

/// The column of RowIssue where what is wrong is the key that tells entries apart.
inline constexpr std::string_view kKeyColumn = "entry";

struct Taken {
  uint64_t added = 0, changed = 0, unchanged = 0;
  uint64_t known = 0, fresh = 0,
           doubtful = 0;  // entries: of persons who were known; not known; somebody else, perhaps
  std::vector<RowIssue> refused;
  uint64_t last_t = 0;
  void Add(Taken&& other);
};

class Intake {
 public:
  /// `sender`: whose keys they are, "organization|Organization/1". `area`: where new persons live of whom the entry says nothing; may
  /// be empty.
  Intake(const ImportContext& context, Channel channel, std::string sender, std::string area);
  /// Does the sender see this Patient (his id)? Without it all are taken as seen.
  using Sees = std::function<bool(const std::string& patient)>;
  void OnlyOf(Sees sees) { sees_ = std::move(sees); }
  /// An entry that comes again with another person is refused.
  void KeepPersons() { keeps_persons_ = true; }

  /// At most some thousand at once. Errors: the engine's; kUnavailable while the person index is being built. What was written stays.
  /// `patients`, if given: the ids of all whom they are about, in no order.
  Result<Taken> Write(std::span<const Reading> readings, std::vector<std::string>* patients = nullptr);
  /// Who they are, and no reading: patients[i] is the id of the Patient whom readings[i] tells, made of what it says if nobody knew him; "" he was refused.
  /// `kept[i]`: "RosterMember/1", what is kept of him already; if its `subject` is the same person, he stays that one. `check_only`: nobody is made.
  Result<Taken> Place(std::span<const Reading> readings, std::span<const std::string> kept, bool check_only,
                      std::vector<std::string>* patients);
  /// The id of a reading's Observation.
  std::string IdOf(const Reading& reading) const;

 private:
  struct Placed;  // a reading with its ids
  Status FindWho(std::vector<Placed>* placed, Taken* taken) const;
  Status RefuseMoved(std::vector<Placed>* placed, Taken* taken) const;
  Result<std::string> SubjectOf(const std::string& reference) const;
  Status WriteNew(std::vector<Placed>* placed, Taken* taken);
  Status WriteReadings(const std::vector<Placed>& placed, Taken* taken) const;
  std::string IdFor(std::string_view kind, std::string_view key) const;
  /// The Patient that is made of such a reading: of whom nobody knows; of whom the sender does not see, where he is.
  std::string MadeOf(const Reading& told) const;
  std::string MadeHereOf(const Reading& told) const;
  ImportOptions options() const;

  const ImportContext context_;
  const Channel channel_;
  const std::string sender_, area_;
  Sees sees_;
  bool keeps_persons_ = false;
  std::mutex patients_;
};

/// To be asked before persons are told by these whole numbers by who sees numbers masked: they count as searches by them do, since where a person is
/// placed would tell which was right; one that this account told within the hour counts once. Errors: kBusy beyond the post's limit of an hour; then nothing is counted,
/// and nothing may be taken.
Status CountTold(const ImportContext& context, const access::Viewer& viewer,
                 std::span<const std::string> numbers);

}  // namespace tk::exchange
