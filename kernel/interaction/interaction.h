// FHIR's interactions: one file each. A request comes in parsed from HTTP and signed in; an answer goes back, later for writes.
// Flow:   http pipeline → Interactions::Handle → route → read.cpp, create.cpp, search_type.cpp, transaction.cpp … → engine → done
// Source: FHIR R4 http.html.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/owned_span.h"
#include "kernel/access/viewer.h"
#include "kernel/search/index.h"
#include "kernel/view/engine.h"

namespace tk::access {
class Inquiries;
}
namespace tk::person {
class PersonView;
}
namespace tk::person::linkage {
struct PatientText;
}
namespace tk::rules {
class SharedRules;
class WatchView;
}  // namespace tk::rules
namespace tk::terminology {
class Platform;
}
namespace tk::workflow {
class Shelf;
}
namespace tk::forms {
class Forms;
}

namespace tk::interaction {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete };

struct Request {
  Method method = Method::kGet;
  std::vector<std::string>
      path;  // after the base, percent-decoded: {"Patient", "1", "_history", "2"}; {} = the base itself
  std::string query;  // still percent-encoded, without '?'
  std::string body;
  std::string content_type;  // lower case, without parameters
  std::string accept;
  std::string if_match, if_none_match, if_none_exist, if_modified_since, prefer, idempotency_key;
  std::string base_url;  // "http://host/fhir", for links and Location
  std::string request_id;
  int64_t deadline_us = 0;                       // MonotonicUs(); 0 = none
  std::shared_ptr<const access::Viewer> viewer;  // never null here
  /// Of $erase and $emergency-access. Tells the audit what is about to be done, and why, and waits until that is on disk; may be empty. Called before an erasure does anything: a crash
  /// must not leave the half of one that nobody asked for; and before an emergency access opens anything. Errors: its; nothing is done then.
  std::function<Status(std::string_view type, std::string_view id, std::string_view reason)> note_intent = {};
  bool tells_owners =
      true;  // false: nobody is shown: records are counted (bench/audit_cost.cpp measures what it costs)
};

/// Where an operation is served: [base]/$name, [base]/Type/$name or [base]/Type/id/$name.
enum class OperationLevel : uint8_t { kSystem, kType, kInstance };
struct OperationAddress {
  std::string_view name;  // "$match"
  OperationLevel level = OperationLevel::kSystem;
  std::string_view type;  // "Patient"; "" of a type or an instance: every type
  Method method = Method::kPost;
};

struct Response {
  int status = 200;
  std::string body;  // JSON; may be empty
  std::string content_type = "application/fhir+json; charset=utf-8";
  std::string etag;              // W/"3"
  Instant last_modified_us = 0;  // 0 = none
  std::string location;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string
      alerts;  // OperationOutcome of what a clinician must know at once (alerts.h), where the body is something else
  // For audit: what was touched. Ids are not logged elsewhere.
  std::string audit_type, audit_id;
  std::vector<uint32_t>
      audit_owners;  // persons whose records it shows, or that were written with it; ascending, each once
  uint32_t audit_owner =
      0;  // whose the named record is as it was shown or written; 0: the audit looks who it is of now
  uint64_t audit_t = 0;           // the transaction that was written: who changed a version is found by its t
  std::string_view audit_action;  // "read", "create", …
  std::string_view audit_reason;  // a literal, where an action asks for one
  uint64_t audit_damaged = 0, audit_unseen = 0;  // of an erasure (access/audit.h)
};

using Done = std::function<void(Response)>;

class BoundRecords;
/// Where who is one person now is asked besides the requests (by rules, apps): filled while there are Interactions of this context or a copy of it.
class WhoIsOne {
 public:
  std::shared_ptr<BoundRecords> records() const {
    const std::lock_guard lock(mutex_);
    return records_.lock();
  }
  void Fill(const std::shared_ptr<BoundRecords>& records) {
    const std::lock_guard lock(mutex_);
    records_ = records;
  }

 private:
  mutable std::mutex mutex_;
  std::weak_ptr<BoundRecords> records_;
};

struct Context {
  view::Engine* engine = nullptr;
  search::Index* index = nullptr;  // view slot 0 of the engine
  const Clock* clock = nullptr;
  size_t index_slot = 0;
  int timezone_offset_min = 480;
  std::string software_version;
  const person::PersonView* persons = nullptr;  // view slot `persons_slot`; null: there is no person index
  size_t persons_slot = 1;
  bool live_matching = true;  // false: Patients are written as they come, and joined by de-duplication later
  /// The account as a viewer, for telling why it may or may not; may be empty. Errors: kNotFound.
  std::function<Result<std::shared_ptr<const access::Viewer>>(std::string_view account)> viewer_of = {};
  /// What metadata tells and is read without being stored; null: the kernel's own (terminology/platform.h).
  std::shared_ptr<const terminology::Platform> platform = {};
  /// The workflows of the packs; null: there are none.
  std::shared_ptr<const workflow::Shelf> workflows = {};
  const rules::WatchView* watch = nullptr;  // view slot `watch_slot`; null: nobody is listed
  size_t watch_slot = 2;
  /// What is made of a listed person's visit (alerts.h); null: nothing.
  std::shared_ptr<rules::SharedRules> alert_rules = {};
  std::shared_ptr<WhoIsOne> who_is_one = std::make_shared<WhoIsOne>();
};

/// Does a piece of work that turned out to be long on a thread that may take its time; once, and not on the calling thread.
using PutOff = std::function<void(std::function<void()> work)>;

struct Asked {
  Request request;
  Done done;
  PutOff put_off = {};  // for a write upon something large; none: it is done where it was asked
};

/// The operations of FHIR that are answered here.
std::vector<OperationAddress> ServedOperations();

/// Thread-safe. Stateless but for counters.
class Interactions {
 public:
  explicit Interactions(const Context& context);
  ~Interactions();
  /// The forms of the packs, which outlive the interactions. To be said before the first request; without it there are none.
  void UseForms(const forms::Forms* forms);
  /// Calls `done` exactly once, from this thread (reads) or from the writer's thread (writes).
  void Handle(Request request, Done done) const;
  /// Handle for each of what came at the same time: the writes among them go together, step by step.
  void HandleAll(std::vector<Asked> asked) const;
  /// A new version as a PUT makes it, with all that a write is checked by: structure, invariants, profiles. For what writes without a request
  /// (imports); rights are the caller's. `version` counts from 1. `deadline_us`: MonotonicUs(), 0 = none. Errors: as of a PUT.
  Result<view::ResourcePtr> MakeVersion(fhir::TypeId type, fhir::Document document, uint32_t version,
                                        int64_t deadline_us) const;
  /// What the platform adds to a change set that a rule made, as to those of requests: Patients are matched, alerts are raised. Before it is prepared.
  Status Complete(const view::Position& basis, view::ChangeSet* set) const;
  /// Raises the alerts that are due and that no write of a visit, an entry or a Linkage brought: of entries whose time has begun since `since_us` (INT64_MIN: of
  /// all that hold now), for the visits that go on. Returns when the next entry begins, INT64_MAX if none waits. Blocks until all is written; cost: some
  /// 100 µs an entry. Errors: kUnavailable while views are being built, and others that may pass: ask again.
  Result<Instant> RaiseDueAlerts(Instant since_us) const;
  /// What this viewer may see now, with what facts open and close to him (fact_feed.h); nothing while that is not known.
  view::Scope ScopeOf(const std::shared_ptr<const access::Viewer>& viewer) const;
  /// Waits until ScopeOf knows what was committed up to `t`. False after `timeout_ms`.
  bool KnowsFactsOf(uint64_t t, int timeout_ms) const;
  /// A resource, or JSON that holds resources, which an app has read beside the interactions, as it may leave for this viewer: masked as his post sees it,
  /// special diseases hidden. Errors: kUnavailable until it is known what is open to him; kInternal: what cannot be masked does not leave.
  Result<std::string> AsLeaves(const std::shared_ptr<const access::Viewer>& viewer, std::string json) const;
  /// The owners of all records that are one person's with this Patient, ascending (same_person.h); empty if there never was one.
  std::vector<view::OwnerNumber> OwnersOfPerson(std::string_view patient_id) const;
  /// As who he stands now: with all records that are his, and without one that became another's (bound_records.h).
  std::shared_ptr<const access::Viewer> Himself(const std::shared_ptr<const access::Viewer>& viewer) const;
  /// Which records were, or are, this resident's, and when: what was looked at of them then concerns him. Nothing: he is no resident. Errors: of what must be read.
  Result<std::vector<access::OwnedSpan>> SpansOf(const access::Viewer& viewer) const;
  /// As every interaction sees him: Himself, with all that facts open and close to him now. For what an app reads beside the interactions. Errors:
  /// kUnavailable while facts are being read.
  Result<std::shared_ptr<const access::Viewer>> Seen(
      const std::shared_ptr<const access::Viewer>& viewer) const;
  /// Did this Patient's record become another person's after that moment (bound_records.h)? What was made for who it was is not for who it is.
  bool BecameAnothers(std::string_view patient_id, Instant since_us) const;
  /// The Patients who are one person with this one now: ids, his first; and what holds until that changes, for a write that depends on it (null: there is no
  /// person index). Empty: he is not there. Errors: of what must be read.
  struct OnePerson {
    std::vector<std::string> patients;
    std::optional<view::Guard> guard;
  };
  Result<OnePerson> RecordsOfPerson(std::string_view patient_id) const;
  /// Whom live matching would join these records to if they were written now; nothing is. For what takes in many rows about persons (person_find.h).
  struct Sought {
    const person::linkage::PatientText* patient = nullptr;  // what is known of him
    std::string_view
        kept;  // the id of a Patient who shall stand for the person if he is the same; may be empty
  };
  struct Fit {
    std::string patient;    // id of the record that agrees best; "" nobody who is certain
    bool doubtful = false;  // somebody whom a clerk would be asked about
  };
  Result<std::vector<Fit>> FindPersons(std::span<const Sought> sought) const;
  /// Whom the live record means by this Patient, who stands in it (reach.h): a record that is his whose it is, also where that Patient has become another person's since. Errors:
  /// kInvalid: there is none.
  Result<std::string> PatientMeant(std::string_view type, std::string_view id,
                                   std::string_view patient) const;
  /// By which of his records a person is reached at home (same_person.h): "Patient/1". Errors: of what must be read.
  Result<std::string> HomeOf(std::string_view patient_id) const;
  /// Who asks for too many by their numbers (access/inquiries.h). Lives as long as this.
  access::Inquiries* inquiries() const;
  /// True if it is worth waiting for others that are there already: a light write.
  bool IsGathered(const Request& request) const;
  /// True if the work may take milliseconds: run it on the worker pool, not on the network thread.
  bool IsHeavy(const Request& request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An error as an OperationOutcome with its HTTP status.
Response OutcomeOf(const Error& error);
std::string OutcomeJson(const std::vector<Issue>& issues);

}  // namespace tk::interaction
