#include "kernel/interaction/fact_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "kernel/base/diagnostics.h"
#include "kernel/interaction/own_hand.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/same_person.h"
#include "kernel/interaction/special.h"
#include "kernel/interaction/task_sight.h"

namespace tk::interaction {
namespace {

using access::Fact;

constexpr int64_t kHourUs = 3600 * kSecondUs, kDayUs = 24 * kHourUs;
constexpr int64_t kEncounterDaysBack = 30;  // the most that a policy may say (policies.cpp)
constexpr int kFollowMs = 100;
constexpr int64_t kForgetEveryUs = 600 * kSecondUs;
constexpr std::array<std::string_view, 8> kFactTypes = {
    "Encounter", "ServiceRequest", "Consent", "RelatedPerson", "Task", "Patient", "Linkage", "Organization"};

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// Whom it names, whatever version of his record.
std::string ReferenceOf(fhir::Value reference) {
  std::string name = reference["reference"].ToString();
  if (const size_t version = name.find("/_history/"); version != std::string::npos) name.resize(version);
  return name;
}

/// The instant at which that period begins and ends; open ends stay as they are.
void TakePeriod(fhir::Value period, int offset_min, Fact* fact) {
  const auto start = ParseDateRange(period["start"].ToString(), offset_min);
  const auto end = ParseDateRange(period["end"].ToString(), offset_min);
  if (start.ok()) fact->from_us = start->low_us;
  if (end.ok()) fact->until_us = end->high_us;
}

}  // namespace

bool IsEmergencyTask(fhir::Value task) {
  for (const fhir::Value coding : task["code"]["coding"]) {
    if (coding["code"].ToString() == kEmergencyCode && coding["system"].ToString() == kAccessSystem)
      return true;
  }
  return false;
}

bool IsVerifiedGuardian(fhir::Value related_person) {
  for (const fhir::Value tag : related_person["meta"]["tag"]) {
    if (tag["system"].ToString() == kGuardianshipSystem && tag["code"].ToString() == "verified") return true;
  }
  return false;
}

namespace {

/// Research and advance directives are no matter of who reads the records.
bool IsOfPrivacy(fhir::Value consent) {
  for (const fhir::Value coding : consent["scope"]["coding"]) {
    if (IsOneOf(coding["code"].ToString(), {"patient-privacy", "treatment"})) return true;
  }
  return false;
}

/// One resource's facts.
class FactReader {
 public:
  using OwnerOf = std::function<view::OwnerNumber(const std::string& name)>;
  using BirthDateOf = std::function<std::string(const std::string& patient)>;
  using HashOf = std::function<uint64_t(const std::string& name)>;
  /// The owners by which a Patient is named who was named by his record when it was stored.
  using NamedBy = std::function<std::vector<view::OwnerNumber>(const std::string& name)>;
  FactReader(std::string source, int offset_min, Instant at_us, OwnerOf owner_of, HashOf hash_of,
             NamedBy named_by, BirthDateOf birth_date_of)
      : source_(std::move(source)),
        offset_min_(offset_min),
        at_us_(at_us),
        owner_of_(std::move(owner_of)),
        hash_of_(std::move(hash_of)),
        named_by_(std::move(named_by)),
        birth_date_of_(std::move(birth_date_of)) {}

  std::vector<Fact> Take(std::string_view type, fhir::Value root) {
    if (type == "Encounter") Encounter(root);
    if (type == "ServiceRequest") Referral(root);
    if (type == "Consent") Consent(root);
    if (type == "Task") Emergency(root);
    if (type == "RelatedPerson") Guardian(root);
    const bool opens = !IsOwnHand(root);
    std::erase_if(facts_, [opens](const Fact& fact) {
      const bool lets_in =
          fact.kind == Fact::Kind::kRelation || (fact.kind == Fact::Kind::kConsent && fact.permits);
      return fact.owner == 0 || fact.actors.empty() || (lets_in && !opens);
    });
    return std::move(facts_);
  }

 private:
  Fact Begin(Fact::Kind kind, fhir::Value about) {
    Fact fact;
    fact.kind = kind;
    fact.source = source_;
    fact.said_us = at_us_;
    const std::string name = ReferenceOf(about);
    if (!name.starts_with("Patient/")) return fact;
    fact.owner = owner_of_(name);
    fact.patient = hash_of_(name);
    return fact;
  }

  void Encounter(fhir::Value root) {
    const std::string status = root["status"].ToString();
    const std::string provider = ReferenceOf(root["serviceProvider"]);
    const bool goes_on = IsOneOf(status, {"arrived", "triaged", "in-progress", "onleave"});
    if (!provider.starts_with("Organization/") || (!goes_on && status != "finished")) return;
    Fact fact = Begin(Fact::Kind::kRelation, root["subject"]);
    fact.actors = {provider};
    // An end that has passed counts whatever the status says, what begins later opens later, and what is finished ended before it was stored.
    TakePeriod(root["period"], offset_min_, &fact);
    if (!goes_on) {
      const auto began = ParseDateRange(root["period"]["start"].ToString(), offset_min_);
      if (fact.until_us == access::kForever && !began.ok()) return;
      if (fact.until_us == access::kForever) fact.until_us = began->high_us;
      fact.until_us = std::min(fact.until_us, at_us_ + kDayUs);
    }
    facts_.push_back(std::move(fact));
  }

  void Referral(fhir::Value root) {
    const auto written = ParseDateRange(root["authoredOn"].ToString(), offset_min_);
    if (root["status"].ToString() != "active" || !written.ok() || root["doNotPerform"].Json() == "true")
      return;
    if (IsOneOf(root["intent"].ToString(), {"proposal", "plan", "option"})) return;  // nothing is asked yet
    Fact fact = Begin(Fact::Kind::kRelation, root["subject"]);
    fact.is_referral = true;
    // Its days count from when it was stored where it says that it was written later; a day is left for another clock.
    fact.until_us = std::min(written->high_us, at_us_ + kDayUs);
    for (const fhir::Value performer : root["performer"]) {
      const std::string name = ReferenceOf(performer);
      if (name.starts_with("Organization/")) fact.actors.push_back(name);
    }
    facts_.push_back(std::move(fact));
  }

  /// Appends nothing for whom no viewer is told by: a role, a team, a device, a family member without a record, an organization by its identifier.
  void AppendActor(fhir::Value reference, std::vector<std::string>* actors) const {
    const fhir::Value identifier = reference["identifier"];
    if (identifier["system"].ToString() == kAccountSystem)
      return actors->push_back("account:" + identifier["value"].ToString());
    std::string name = ReferenceOf(reference);
    if (name.starts_with("Patient/")) return AppendNamed(name, actors);
    if (name.starts_with("Organization/") || name.starts_with("Practitioner/"))
      actors->push_back(std::move(name));
  }

  /// One whose record is another's now is named by his others, or by none.
  void AppendNamed(const std::string& patient, std::vector<std::string>* actors) const {
    const std::vector<view::OwnerNumber> owners = named_by_(patient);
    for (const view::OwnerNumber owner : owners) actors->push_back(fmt::format("owner:{}", owner));
    if (owners.empty()) actors->push_back("owner:0");
  }

  /// One rule of a Consent, for whom, for what and while; what it does not say is said by the rule around it, but for whom: without actors it is for
  /// everybody. Who or what is not understood closes: a deny is then for everybody, or for any purpose, a permit is for nobody.
  Fact Rule(fhir::Value rule, const Fact& outer, bool permits) {
    Fact fact = outer;
    fact.permits = permits;
    fact.actors.clear();
    TakePeriod(rule["period"], offset_min_, &fact);
    for (const fhir::Value actor : rule["actor"]) {
      const size_t before = fact.actors.size();
      AppendActor(actor["reference"], &fact.actors);
      if (fact.actors.size() == before && !permits) fact.actors.emplace_back(access::kAnybody);
    }
    if (rule["actor"].size() == 0) fact.actors.emplace_back(access::kAnybody);
    if (rule["purpose"].size() != 0) fact.codes.clear();
    bool any = false;
    for (const fhir::Value purpose : rule["purpose"]) {
      fact.codes.push_back(purpose["code"].ToString());
      any = any || (fact.codes.back().empty() && !permits);
    }
    if (any) fact.codes.clear();
    return fact;
  }

  static std::string_view TypeOf(fhir::Value root, fhir::Value rule) {
    const std::string type = rule["type"].ToString();
    if (!type.empty()) return type == "permit" ? "permit" : "deny";
    std::string_view said;
    for (const fhir::Value coding : root["policyRule"]["coding"]) {
      const std::string code = coding["code"].ToString();
      if (said.empty() && code.starts_with("OPTOUT")) said = "deny";
      if (said.empty() && code.starts_with("OPTIN")) said = "permit";
    }
    return said;
  }

  /// Does a rule reach only a part of the records? That part is not told from the rest here.
  static bool IsOfAPart(fhir::Value rule) {
    for (const char* const limit : {"class", "code", "data", "dataPeriod", "securityLabel", "action"}) {
      if (rule[limit]) return true;
    }
    return false;
  }

  /// What permits a part of the records permits none: in doubt they stay closed, and a deny of a part closes all. FHIR R4 consent.html: the base rule by policyRule (or a type, which some give it), nested ones are exceptions with a type.
  void Consent(fhir::Value root) {
    if (root["status"].ToString() != "active" || !IsOfPrivacy(root)) return;
    const fhir::Value rule = root["provision"];
    const std::string_view type = TypeOf(root, rule);
    Fact base = Rule(rule, Begin(Fact::Kind::kConsent, root["patient"]), type == "permit");
    const Fact::Bounds around{base.actors, base.codes, base.from_us, base.until_us};
    std::vector<Fact> exceptions;
    bool deep = false;  // exceptions of exceptions are not read: what permits around them opens nothing
    for (const fhir::Value nested : rule["provision"]) {
      deep = deep || nested["provision"].size() != 0;
      Fact exception = Rule(nested, base, nested["type"].ToString() == "permit");
      exception.except.clear();
      if (exception.permits) exception.within.push_back(around);
      if (exception.permits && (IsOfAPart(nested) || nested["provision"].size() != 0)) continue;
      const bool names = nested["actor"].size() != 0;
      if (names && exception.permits != base.permits)
        base.except.push_back({exception.actors, exception.codes, exception.from_us, exception.until_us});
      // A permit for everybody under a deny would be no deny: what cannot be told apart stays closed.
      if (names || !exception.permits) exceptions.push_back(std::move(exception));
    }
    const bool counts = !base.permits || !(deep || IsOfAPart(rule));
    if (!type.empty() && counts) facts_.push_back(std::move(base));
    // What an exception permits is no more than what the rule around it reaches.
    if (IsOfAPart(rule)) std::erase_if(exceptions, [](const Fact& fact) { return fact.permits; });
    facts_.insert(facts_.end(), exceptions.begin(), exceptions.end());
  }

  void Guardian(fhir::Value root) {
    if (!IsVerifiedGuardian(root) || root["active"].Json() == "false") return;
    Fact fact = Begin(Fact::Kind::kFamily, root["patient"]);
    TakePeriod(root["period"], offset_min_, &fact);
    for (const fhir::Value relationship : root["relationship"]) {
      for (const fhir::Value coding : relationship["coding"]) fact.codes.push_back(coding["code"].ToString());
    }
    for (const fhir::Value extension : root["extension"]) {
      if (extension["url"].ToString() != kGuardianUrl) continue;
      AppendNamed(ReferenceOf(extension["valueReference"]), &fact.actors);
    }
    // A year or a month alone counts from its first day: in doubt the child is its own master sooner.
    const auto born = ParseDateRange(birth_date_of_(ReferenceOf(root["patient"])), 0);
    if (!born.ok()) return;
    fact.birth_day = born->low_us / kDayUs - (born->low_us % kDayUs < 0 ? 1 : 0);
    fact.offset_min = offset_min_;
    facts_.push_back(std::move(fact));
  }

  void Emergency(fhir::Value root) {
    if (!IsEmergencyTask(root)) return;
    for (const fhir::Value coding : root["businessStatus"]["coding"]) {
      if (coding["code"].ToString() == "unjustified") return;
    }
    Fact fact = Begin(Fact::Kind::kEmergency, root["for"]);
    const fhir::Value who = root["requester"]["identifier"];
    const fhir::Value period = root["executionPeriod"];
    if (who["system"].ToString() != kAccountSystem || !period["end"].is_string()) return;
    TakePeriod(period, offset_min_, &fact);
    fact.actors = {"account:" + who["value"].ToString()};
    facts_.push_back(std::move(fact));
  }

  const std::string source_;
  const int offset_min_;
  const Instant at_us_;  // when it was stored
  const OwnerOf owner_of_;
  const HashOf hash_of_;
  const NamedBy named_by_;
  const BirthDateOf birth_date_of_;
  std::vector<Fact> facts_;
};

}  // namespace

bool IsConsentOfNobody(fhir::Value consent) {
  return consent["resourceType"].ToString() == "Consent" && consent["status"].ToString() == "active" &&
         IsOfPrivacy(consent) && !ReferenceOf(consent["patient"]).starts_with("Patient/");
}

FactFeed::FactFeed(const Context& context)
    : context_(context),
      no_reviews_(NoReviews(*context.engine)),
      records_(std::make_shared<BoundRecords>(context)),
      facts_([this](uint64_t patient, Instant said_us) {
        BoundRecords::Holding holding = records_->Of(patient, said_us);
        return access::SaidOf{std::move(holding.owners), holding.anothers_us != 0,
                              std::move(holding.anothers)};
      }),
      thread_([this] { Loop(); }) {
  context_.who_is_one->Fill(records_);
}

void FactFeed::Stop() {
  stopping_ = true;
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<Fact> FactFeed::FactsOf(std::string_view type, std::string_view id, fhir::Value root,
                                    Instant at_us) const {
  FactReader reader(
      fmt::format("{}/{}", type, id), context_.timezone_offset_min, at_us,
      [this](const std::string& name) {
        const auto owner = context_.engine->keys().Find(name);
        return owner.ok() ? *owner : view::OwnerNumber{0};
      },
      [this](const std::string& name) { return KeyedHash(context_.engine->hash_key(), name); },
      [this, at_us](const std::string& name) { return NamedBy(name, at_us); },
      [this](const std::string& patient) { return BirthDateOf(patient); });
  return reader.Take(type, root);
}

std::vector<view::OwnerNumber> FactFeed::NamedBy(const std::string& patient, Instant at_us) const {
  const auto holding = records_->Of(KeyedHash(context_.engine->hash_key(), patient), at_us);
  if (holding.anothers_us != 0) return holding.owners;
  const auto owner = context_.engine->keys().Find(patient);
  return {owner.ok() ? *owner : view::OwnerNumber{0}};
}

std::vector<Fact> FactFeed::OpeningsOf(std::string_view type, const std::string& id, fhir::Value root,
                                       Instant at_us) const {
  const auto hash_of = [this](const std::string& name) {
    return KeyedHash(context_.engine->hash_key(), name);
  };
  const auto owner_of = [this, hash_of](const std::string& name) {
    const auto owner = context_.engine->keys().Find(name);
    return owner.ok() && *owner != 0 ? *owner : static_cast<view::OwnerNumber>(hash_of(name) | 1U);
  };
  FactReader reader(
      fmt::format("{}/{}", type, id), context_.timezone_offset_min, at_us, owner_of, hash_of,
      [owner_of](const std::string& name) { return std::vector<view::OwnerNumber>{owner_of(name)}; },
      [](const std::string&) { return std::string(); });
  std::vector<Fact> facts = reader.Take(type, root);
  std::erase_if(facts, [](const Fact& fact) { return !fact.permits; });
  return facts;
}

std::string FactFeed::BirthDateOf(const std::string& patient) const {
  constexpr std::string_view kPatient = "Patient/";
  if (!patient.starts_with(kPatient)) return {};
  const auto version = context_.engine->directory().Current(
      context_.engine->IdHash("Patient", patient.substr(kPatient.size())), context_.engine->Head());
  if (version.ordinal == 0 || version.deleted) return {};
  const auto read = context_.engine->Read(version.ordinal);
  return read.ok() ? (*read)->document.Root()["birthDate"].ToString() : std::string();
}

/// A child whose birth date may be another now, or one who became another person: what names him is looked at again, and what is said of him.
void FactFeed::TakePatient(const std::string& name) {
  std::set<std::string> sources;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = naming_.find(name); at != naming_.end()) sources = at->second;
  }
  for (const std::string& source : sources) {
    const auto version = context_.engine->directory().Current(KeyedHash(context_.engine->hash_key(), source),
                                                              context_.engine->Head());
    if (version.ordinal == 0) continue;
    if (const auto read = context_.engine->Read(version.ordinal); read.ok()) Take(**read);
  }
  const auto owner = context_.engine->keys().Find(name);
  if (owner.ok() && facts_.IsAnythingSaidOf(*owner))
    facts_.Regroup({KeyedHash(context_.engine->hash_key(), name)});
}

/// Which Patients name it or are named by it otherwise than as whose it is.
void FactFeed::NoteNamed(std::string_view type, const std::string& id, fhir::Value root) {
  std::vector<std::string> patients;
  if (type == "RelatedPerson" && IsVerifiedGuardian(root)) {
    patients.push_back(ReferenceOf(root["patient"]));
    for (const fhir::Value extension : root["extension"]) {
      if (extension["url"].ToString() == kGuardianUrl)
        patients.push_back(ReferenceOf(extension["valueReference"]));
    }
  }
  const auto add_actors = [&](fhir::Value rule) {
    for (const fhir::Value actor : rule["actor"]) patients.push_back(ReferenceOf(actor["reference"]));
  };
  if (type == "Consent") {
    add_actors(root["provision"]);
    for (const fhir::Value nested : root["provision"]["provision"]) add_actors(nested);
  }
  const std::lock_guard lock(mutex_);
  for (const std::string& patient : patients) {
    if (patient.starts_with("Patient/")) naming_[patient].insert(fmt::format("{}/{}", type, id));
  }
}

/// Who is who has changed: what was said of one record is said of all that are his now, and of those that were.
void FactFeed::TakeDecision(const view::Change& change) {
  // Read from the log again, a change has no version before it: then it is not told whom a deleted decision joined.
  if (!change.now->document.Root() && change.before == nullptr) return facts_.RegroupAll();
  for (const view::Resource* const version : {change.before.get(), change.now.get()}) {
    if (version == nullptr || !version->document.Root()) continue;
    facts_.Regroup(PatientsOfDecision(context_, version->document.Root()));
  }
}

/// A Task counts before the feed comes to it: what it comes to then must not be an older one.
bool FactFeed::IsPassed(uint64_t id_hash, const view::Resource& now) {
  const std::lock_guard lock(mutex_);
  const auto at = task_versions_.find(id_hash);
  if (at == task_versions_.end() && !IsEmergencyTask(now.document.Root())) return false;
  uint32_t& version = task_versions_[id_hash];
  if (now.version < version) return true;
  version = now.version;
  return false;
}

void FactFeed::TakeAnswer(fhir::Value review, Instant at_us) {
  const std::string name = ReferenceOf(review["for"]);
  if (review["status"].ToString() != "completed" || !name.starts_with("Patient/")) return;
  for (const fhir::Value output : review["output"]) {
    for (const fhir::Value coding : output["type"]["coding"]) {
      const std::string code = coding["code"].ToString();
      if (coding["system"].ToString() != view::kReviewSystem || !IsOneOf(code, {kSamePerson, kAnotherPerson}))
        continue;
      records_->Answer(KeyedHash(context_.engine->hash_key(), name), at_us, code == kSamePerson);
      TakePatient(name);
    }
  }
}

void FactFeed::Take(const view::Resource& now, Instant committed_us) {
  const std::string_view type = context_.engine->definitions().Type(now.type).name;
  if (std::find(kFactTypes.begin(), kFactTypes.end(), type) == kFactTypes.end()) return;
  if (type == "Patient") {
    if (!now.document.Root()) records_->Forget(context_.engine->IdHash(type, now.id));
    if (now.version > 1) TakePatient("Patient/" + now.id);
    return;
  }
  if (type == "Organization") {
    const std::lock_guard lock(mutex_);
    ++organizations_changed_;
    return above_.clear();
  }
  if (type == "Linkage") return;
  const fhir::Value root = now.document.Root();
  Instant at_us = now.at_us != 0 ? now.at_us : committed_us;
  if (at_us == 0) at_us = context_.clock->NowUs();
  if (type == "Task" && view::IsReview(root)) return TakeAnswer(root, at_us);
  NoteNamed(type, now.id, root);
  const uint64_t id_hash = context_.engine->IdHash(type, now.id);
  if (type == "Task" && IsPassed(id_hash, now)) return;
  facts_.Put(id_hash, root ? FactsOf(type, now.id, root, at_us) : std::vector<Fact>());
}

Status FactFeed::LoadAll(std::string_view type, const std::string& criteria, const view::Position& position) {
  const auto definitions = context_.index->definitions();
  search::ParseOptions options;
  options.timezone_offset_min = context_.timezone_offset_min;
  options.now_us = context_.clock->NowUs();
  const search::Query query =
      TRY(search::ParseQuery(definitions, definitions->FindType(type), criteria, options));
  search::PageRequest request;
  request.position = position;
  request.count = 1000;
  request.read = [this](view::Ordinal ordinal) { return context_.engine->Read(ordinal); };
  do {
    TRY(context_.engine->Pin(position));
    const search::Page page = TRY(context_.index->Search(query, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      auto resource = context_.engine->Read(ordinal);
      if (resource.ok()) Take(**resource);  // erased or damaged: it opens nothing
    }
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty() && !stopping_);
  return {};
}

Status FactFeed::Load() {
  const view::Position position = context_.engine->Head();
  const int64_t back_us = context_.clock->NowUs() - kEncounterDaysBack * kDayUs;
  TRY(LoadAll("Consent", "status=active", position));
  TRY(LoadAll("Task", fmt::format("code={}|{}", kAccessSystem, kEmergencyCode), position));
  TRY(LoadAll("Task", fmt::format("code={}|identity-changed&status=completed", view::kReviewSystem),
              position));
  TRY(LoadAll("ServiceRequest", "status=active", position));
  TRY(LoadAll("RelatedPerson", fmt::format("_tag={}|verified", kGuardianshipSystem), position));
  TRY(LoadAll("Encounter", "status=arrived,triaged,in-progress,onleave", position));
  return LoadAll("Encounter", fmt::format("status=finished&date=ge{}", FormatInstant(back_us).substr(0, 10)),
                 position);
}

void FactFeed::Know(uint64_t t) {
  const std::lock_guard lock(mutex_);
  known_t_ = t;
  changed_.notify_all();
}

bool FactFeed::WaitFor(uint64_t t, int timeout_ms) {
  if (loaded_ && known_t_ >= t) return true;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return stopping_ || (loaded_ && known_t_ >= t); });
  return loaded_ && known_t_ >= t;
}

void FactFeed::Loop() {
  uint64_t from_t = 0;
  while (!stopping_ && !loaded_) {
    from_t = context_.engine->Head().t + 1;
    const Status loaded =
        context_.engine->serving() ? Load() : Status(MakeError(ErrorCode::kUnavailable, ""));
    if (loaded.ok()) {
      const std::lock_guard lock(mutex_);
      loaded_ = true;
      changed_.notify_all();
    } else {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(kFollowMs), [this] { return stopping_.load(); });
    }
  }
  if (stopping_) return;
  std::vector<fhir::TypeId> types;
  for (const std::string_view type : kFactTypes)
    types.push_back(context_.engine->definitions().FindType(type));
  const auto wants = [types](fhir::TypeId type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  Know(from_t - 1);
  const fhir::TypeId linkage = context_.engine->definitions().FindType("Linkage");
  auto follower = context_.engine->Follow(from_t, wants);
  int64_t forgot_us = MonotonicUs();
  while (!stopping_) {
    auto next = follower->Next(kFollowMs);
    if (!next.ok()) {
      SayError("facts-not-followed", next.error());
      std::this_thread::sleep_for(std::chrono::milliseconds(kFollowMs));
      follower = context_.engine->Follow(from_t, wants);
      continue;
    }
    if (*next != nullptr) {
      for (const view::Change& change : (*next)->changes) {
        if (change.now == nullptr || !wants(change.now->type)) continue;
        if (change.now->type == linkage)
          TakeDecision(change);
        else
          Take(*change.now, (*next)->at_us);
      }
      from_t = (*next)->t + 1;
      Know((*next)->t);
    }
    if (MonotonicUs() - forgot_us < kForgetEveryUs) continue;
    forgot_us = MonotonicUs();
    facts_.Forget(context_.clock->NowUs());
  }
}

bool FactFeed::MayMatter(const access::Viewer& viewer) const {
  if (viewer.policies == nullptr || viewer.post == nullptr) return false;
  return viewer.policies->OpenOf(viewer.post->name) != nullptr ||
         (!viewer.scope.everything && viewer.MayCall("emergency"));
}

std::vector<std::string> FactFeed::Above(const std::string& organization) {
  constexpr size_t kLevelsMax = 10, kKnownMax = 10'000;
  constexpr std::string_view kOrganization = "Organization/";
  if (!organization.starts_with(kOrganization)) return {};
  uint64_t changed = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = above_.find(organization); known != above_.end()) return known->second;
    changed = organizations_changed_;
  }
  std::vector<std::string> above;
  for (std::string name = organization; above.size() < kLevelsMax;) {
    const auto version = context_.engine->directory().Current(
        context_.engine->IdHash("Organization", name.substr(kOrganization.size())), context_.engine->Head());
    if (version.ordinal == 0 || version.deleted) break;
    const auto read = context_.engine->Read(version.ordinal);
    name = read.ok() ? ReferenceOf((*read)->document.Root()["partOf"]) : std::string();
    const bool again = name == organization || std::find(above.begin(), above.end(), name) != above.end();
    if (again || !name.starts_with(kOrganization)) break;
    above.push_back(name);
  }
  const std::lock_guard lock(mutex_);
  if (above_.size() >= kKnownMax) above_.clear();
  if (changed == organizations_changed_) above_.emplace(organization, above);
  return above;
}

Status FactFeed::WaitLoaded() {
  if (loaded_) return {};
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(2), [this] { return loaded_.load() || stopping_.load(); });
  if (loaded_) return {};
  return MakeError(ErrorCode::kUnavailable,
                   "Consents and treating relations are still being read, which may close or open records to "
                   "your post: try again in a moment.");
}

namespace {

/// A resident by all records that are his, and those whom facts open to him, as one list: a scope of one person stays with that one, whatever opens
/// others (so a program's).
void AddHimself(const std::vector<view::OwnerNumber>& his, view::Scope* scope) {
  if (scope->only_owner == 0 || scope->area_low != scope->area_high) return;
  if (scope->beyond == nullptr && his.size() <= 1) return;
  auto all = std::make_shared<view::Beyond>();
  if (scope->beyond != nullptr) *all = *scope->beyond;
  std::set<view::OwnerNumber> open(his.begin(), his.end());
  open.insert(all->open.begin(), all->open.end());
  open.insert(scope->only_owner);
  all->open.assign(open.begin(), open.end());
  scope->only_owner = 0;
  scope->beyond = std::move(all);
}

}  // namespace

namespace {

/// The account's record is another's now: it stands for what was joined with it before, or for nobody; so does a program that was let to that record.
void LeaveRecord(const BoundRecords::Holding& holding, bool is_program, access::Viewer* viewer) {
  viewer->anothers_us = holding.anothers_us;
  viewer->record.clear();
  viewer->scope.everything = false;
  viewer->scope.only_owner = is_program || holding.owners.empty() ? 0 : holding.owners.front();
  if (viewer->scope.only_owner == 0) viewer->scope.area_low = viewer->scope.area_high = 0;
}

}  // namespace

namespace {

/// With these times in place of those of the same owners.
std::shared_ptr<const view::Beyond> WithAnothers(const std::shared_ptr<const view::Beyond>& beyond,
                                                 std::vector<view::AnothersTime> times) {
  auto out = beyond == nullptr ? std::make_shared<view::Beyond>() : std::make_shared<view::Beyond>(*beyond);
  std::copy_if(out->anothers.begin(), out->anothers.end(), std::back_inserter(times),
               [&times, given = times.size()](const view::AnothersTime& one) {
                 return std::none_of(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(given),
                                     [&](const view::AnothersTime& time) { return time.owner == one.owner; });
               });
  std::sort(times.begin(), times.end());
  out->anothers = std::move(times);
  return out;
}

}  // namespace

std::shared_ptr<const access::Viewer> FactFeed::Himself(std::shared_ptr<const access::Viewer> viewer) {
  if (auto above = Above(viewer->organization); !above.empty()) {
    auto placed = std::make_shared<access::Viewer>(*viewer);
    placed->organizations_above = std::move(above);
    viewer = std::move(placed);
  }
  const bool is_program = viewer->granted != nullptr;
  if (viewer->scope.only_owner == 0 || (is_program && viewer->kind != access::AccountKind::kResident))
    return viewer;
  auto known = std::make_shared<access::Viewer>(*viewer);
  BoundRecords::Holding holding =
      records_->Of(context_.engine->IdHash("Patient", viewer->patient), viewer->bound_us);
  if (holding.anothers_us != 0) LeaveRecord(holding, is_program, known.get());
  if (!is_program) known->own = std::move(holding.owners);
  if (!holding.anothers.empty())
    known->scope.beyond = WithAnothers(known->scope.beyond, std::move(holding.anothers));
  return known;
}

Result<std::shared_ptr<const access::Viewer>> FactFeed::With(std::shared_ptr<const access::Viewer> viewer) {
  // An entry of a batch comes with what the batch was given.
  if (!viewer->own.empty()) return viewer;
  viewer = Himself(std::move(viewer));
  std::shared_ptr<const view::Beyond> beyond = viewer->scope.beyond;
  if (MayMatter(*viewer)) {
    TRY(WaitLoaded());
    if (auto found = facts_.BeyondOf(*viewer, context_.clock->NowUs()); found != nullptr)
      beyond = beyond == nullptr || beyond->anothers.empty() ? std::move(found)
                                                             : WithAnothers(found, beyond->anothers);
  }
  const bool is_more = beyond != nullptr || viewer->own.size() > 1;
  auto hidden = SpecialSightOf(context_.engine, *viewer);
  if (!is_more && hidden == nullptr && SeesAllRecords(*viewer)) return viewer;
  auto seen = std::make_shared<access::Viewer>(*viewer);
  seen->scope.beyond = std::move(beyond);
  if (is_more && viewer->granted == nullptr) AddHimself(seen->own, &seen->scope);
  seen->scope.hidden = std::move(hidden);
  seen->scope.records = RecordSightOf(context_.engine, *seen, no_reviews_);
  return std::shared_ptr<const access::Viewer>(std::move(seen));
}

bool FactFeed::TakeTurn(const std::string& account, view::OwnerNumber person, int64_t per_hour) {
  const Instant now_us = context_.clock->NowUs();
  const std::lock_guard lock(mutex_);
  std::deque<Turn>& turns = turns_[account];
  while (!turns.empty() && turns.front().at_us <= now_us - kHourUs) turns.pop_front();
  const auto is_same = [person](const Turn& turn) { return turn.person == person; };
  if (std::any_of(turns.begin(), turns.end(), is_same)) return true;
  if (static_cast<int64_t>(turns.size()) >= per_hour) return false;
  turns.push_back({now_us, person});
  return true;
}

std::string FactFeed::RunningEmergency(const std::string& account, view::OwnerNumber person) const {
  const Instant now_us = context_.clock->NowUs();
  const std::string actor = "account:" + account;
  for (const access::Fact& fact : facts_.About(person)) {
    const bool is_his = std::find(fact.actors.begin(), fact.actors.end(), actor) != fact.actors.end();
    if (fact.kind == access::Fact::Kind::kEmergency && !access::IsVoid(fact) && is_his &&
        fact.from_us <= now_us && now_us < fact.until_us)
      return fact.source;
  }
  return {};
}

}  // namespace tk::interaction
