// The facts that open and close records (access/facts.h), read from the log: those that are there at the start by searches, then each change.
// Read:   Encounter and ServiceRequest (treating relations), Consent, RelatedPerson (guardians), Task (emergency accesses); and Linkage: a fact
//         about one record of a person is about all of them (same_person.h); Organization: what is a part of which
// Fresh:  some ms behind the log; what this process itself grants counts before its answer.
// Until the first reading is done, viewers whom facts could open or close something are answered 503.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "kernel/access/facts.h"
#include "kernel/interaction/bound_records.h"
#include "kernel/interaction/interaction.h"

namespace tk::interaction {

using access::kAccessSystem;
inline constexpr std::string_view kEmergencyCode = "emergency-access";
inline constexpr std::string_view kAccountSystem = "http://tongkang.dev/fhir/sid/account";
/// meta.tag of a RelatedPerson whose guardianship was verified, and the extension that names the guardian's own Patient.
inline constexpr std::string_view kGuardianshipSystem = "http://tongkang.dev/fhir/sid/guardianship";
inline constexpr std::string_view kGuardianUrl =
    "http://tongkang.dev/fhir/StructureDefinition/related-person-patient";

/// Is this a Task by which an emergency access is reviewed?
bool IsEmergencyTask(fhir::Value task);
/// Is this a RelatedPerson that is said to be a verified guardian?
bool IsVerifiedGuardian(fhir::Value related_person);
/// Is this a Consent that counts (active, of privacy or treatment) and names no Patient of this server? It would close nobody, without a word.
bool IsConsentOfNobody(fhir::Value consent);

class FactFeed {
 public:
  explicit FactFeed(const Context& context);
  ~FactFeed() { Stop(); }
  void Stop();

  access::Facts& facts() { return facts_; }
  BoundRecords& records() { return *records_; }
  /// The viewer with what facts open and close to him, and with the records that he sees (task_sight.h); himself when there is nothing to say. Errors:
  /// kUnavailable until they are known.
  Result<std::shared_ptr<const access::Viewer>> With(std::shared_ptr<const access::Viewer> viewer);
  /// The viewer; of a resident with all records that are his, of staff with the organizations above theirs.
  std::shared_ptr<const access::Viewer> Himself(std::shared_ptr<const access::Viewer> viewer);
  /// Whom this resource would let in to whom by a treating relation or a permit, if it was stored at `at_us`. A person of whom nothing is kept yet has some number.
  std::vector<access::Fact> OpeningsOf(std::string_view type, const std::string& id, fhir::Value root,
                                       Instant at_us) const;
  /// Waits until all that was committed up to `t` has taken effect. False after `timeout_ms`, or when this stops.
  bool WaitFor(uint64_t t, int timeout_ms);
  /// What this version of a resource says takes effect now. `committed_us`: when it was stored, where it does not say so itself; 0: now.
  void Take(const view::Resource& now, Instant committed_us = 0);
  /// One more emergency access of this account to this person? False: it had `per_hour` others within the last hour.
  bool TakeTurn(const std::string& account, view::OwnerNumber person, int64_t per_hour);
  /// The emergency access of this account to this person that runs now: "Task/7"; "" if none.
  std::string RunningEmergency(const std::string& account, view::OwnerNumber person) const;

 private:
  void Loop();
  void Know(uint64_t t);
  Status Load();
  Status LoadAll(std::string_view type, const std::string& criteria, const view::Position& position);
  std::vector<access::Fact> FactsOf(std::string_view type, std::string_view id, fhir::Value root,
                                    Instant at_us) const;
  /// A child's birth date, of the version that stands now; "" if none.
  std::string BirthDateOf(const std::string& patient) const;
  /// The owners by which one counts as named whom a resource named that was stored then.
  std::vector<view::OwnerNumber> NamedBy(const std::string& patient, Instant at_us) const;
  void TakePatient(const std::string& name);
  /// A person answered whose a record is.
  void TakeAnswer(fhir::Value review, Instant at_us);
  void NoteNamed(std::string_view type, const std::string& id, fhir::Value root);
  void TakeDecision(const view::Change& change);
  bool IsPassed(uint64_t id_hash, const view::Resource& now);
  bool MayMatter(const access::Viewer& viewer) const;
  /// The organizations of which this one is a part, the nearest first; as far as partOf names one that is there.
  std::vector<std::string> Above(const std::string& organization);
  Status WaitLoaded();

  const Context context_;
  const std::shared_ptr<const view::RecordSight> no_reviews_;
  const std::shared_ptr<BoundRecords> records_;
  access::Facts facts_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> loaded_{false};
  std::atomic<uint64_t> known_t_{0};  // written under the lock
  std::mutex mutex_;
  std::condition_variable changed_;
  struct Turn {
    Instant at_us = 0;
    view::OwnerNumber person = 0;
  };
  std::unordered_map<std::string, std::deque<Turn>> turns_;
  std::unordered_map<std::string, std::set<std::string>>
      naming_;  // by the Patient, "Patient/c": RelatedPersons of him or that name him, Consents that name him; few
  std::unordered_map<uint64_t, uint32_t> task_versions_;             // of emergency accesses: few
  std::unordered_map<std::string, std::vector<std::string>> above_;  // by the organization; few
  uint64_t organizations_changed_ = 0;                               // so often
  std::thread thread_;
};

}  // namespace tk::interaction
