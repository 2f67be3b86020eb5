#include "kernel/interaction/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <unordered_map>
#include <unordered_set>

#include "kernel/base/diagnostics.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/same_person.h"
#include "kernel/interaction/summary.h"
#include "kernel/interaction/watch_mirrors.h"
#include "kernel/person/person_view.h"
#include "kernel/rules/rule.h"
#include "kernel/rules/watch_view.h"

namespace tk::interaction {
namespace {

using rules::WatchedEntry;
using rules::WatchView;

constexpr std::string_view kAlertId = "alert-";
constexpr int kDueAttemptsMax = 20;
constexpr size_t kVisitsMax = 1000;  // of one person who is there now
/// EncounterStatus but the ended ones; which of them count is said by the rule. Source: FHIR R4 valueset-encounter-status.
constexpr std::string_view kVisitCriteria = "status=planned,arrived,triaged,in-progress,onleave";

/// What is due in one change set.
class Raising {
 public:
  Raising(const Room& room, const view::Position& basis, view::ChangeSet* set, RaisedAlerts* raised)
      : room_(room),
        watch_(*room.context.watch),
        basis_(basis),
        now_us_(room.context.clock->NowUs()),
        set_(set),
        raised_(raised),
        rules_(room.context.alert_rules->Now()) {}

  /// Of these as well, and of all their visits.
  void Touch(std::vector<uint64_t> records) {
    touched_ = std::move(records);
    looks_for_visits_ = true;
  }

  Status Run() {
    Gather();
    if (touched_.empty()) return {};
    // Nobody was ever listed: there is nothing to be missed while the view is built.
    if (room_.directory().LiveCount(watch_.entry_type()) != 0) TRY(watch_.CheckUsable());
    std::unordered_set<uint64_t> seen;
    for (const uint64_t record : touched_) {
      if (seen.contains(record)) continue;
      const std::vector<uint64_t> records = RecordsOfPerson(room_.context, record, pairs_);
      seen.insert(records.begin(), records.end());
      TRY(OfPerson(records));
    }
    AddGuards({seen.begin(), seen.end()});
    return {};
  }

 private:
  struct Visit {
    view::ResourcePtr resource;
    uint64_t person = 0;
  };

  void Gather() {
    const HashKey& key = room_.engine().hash_key();
    for (const view::Change& change : set_->changes) {
      if (change.now == nullptr || change.now->type == fhir::kNoType) continue;
      const view::ResourcePtr& now = change.now;
      const bool is_visit = now->type == watch_.visit_type(), is_entry = now->type == watch_.entry_type();
      if (!is_visit && !is_entry) {
        TakeDecision(*now);
        continue;
      }
      const uint64_t hash = room_.engine().IdHash(room_.TypeName(now->type), now->id);
      (is_visit ? written_visits_ : written_entries_).insert(hash);
      const fhir::Value root = now->document.Root();
      const uint64_t person = root.present() ? rules::PatientOfReference(root["subject"], key) : 0;
      if (person == 0) continue;
      if (is_visit) {
        visits_.push_back({now, person});
      } else {
        auto entry = rules::ReadWatchEntry(*now, key, watch_.options().timezone_offset_min);
        if (!entry) continue;
        entries_.push_back({*entry, now});
        looks_for_visits_ = true;
      }
      touched_.push_back(person);
    }
  }

  void TakeDecision(const view::Resource& now) {
    if (room_.context.persons == nullptr || now.type != room_.context.persons->linkage_type()) return;
    const auto decision = person::ReadDecision(now.document.Root(), room_.engine().hash_key());
    if (!decision || !decision->active) return;
    for (const person::PairOf& pair : decision->pairs) {
      pairs_.push_back(pair);
      touched_.push_back(pair.source);
    }
    looks_for_visits_ = true;
  }

  Status OfPerson(const std::vector<uint64_t>& records) {
    std::vector<std::pair<WatchedEntry, view::ResourcePtr>> entries;
    for (const WatchedEntry& entry : watch_.EntriesOf(records)) {
      if (entry.HoldsAt(now_us_) && !written_entries_.contains(entry.entry))
        entries.emplace_back(entry, nullptr);
    }
    const auto is_his = [&](uint64_t record) {
      return std::find(records.begin(), records.end(), record) != records.end();
    };
    for (const auto& [entry, now] : entries_) {
      if (is_his(entry.person) && entry.HoldsAt(now_us_)) entries.emplace_back(entry, now);
    }
    if (entries.empty()) return {};
    std::vector<view::ResourcePtr> visits;
    for (const Visit& visit : visits_) {
      if (is_his(visit.person)) visits.push_back(visit.resource);
    }
    if (looks_for_visits_) TRY(FindVisits(records, &visits));
    if (visits.empty()) return {};
    std::unordered_set<uint64_t> mirrors;  // what is said twice is told once
    for (auto& [entry, resource] : entries) {
      if (resource == nullptr) resource = TRY(room_.engine().Read(entry.ordinal));
      mirrors.insert(room_.engine().IdHash(rules::kWatchEntryType, MirrorIdOf(room_, resource->id)));
    }
    for (const auto& [entry, resource] : entries) {
      if (mirrors.contains(entry.entry)) continue;
      for (const view::ResourcePtr& visit : visits) TRY(OfPair(*resource, visit));
    }
    return {};
  }

  /// Those that are stored, not ended, and not written by this set.
  Status FindVisits(const std::vector<uint64_t>& records, std::vector<view::ResourcePtr>* visits) {
    std::string criteria;
    for (const uint64_t record : records) {
      const auto version = room_.directory().Current(record, basis_);
      if (version.ordinal == 0) continue;  // written by this set
      const auto text = room_.engine().OpenText(version.ordinal);
      if (!text.ok() && text.error().code == ErrorCode::kGone) continue;
      if (!text.ok()) return text.error();
      criteria += fmt::format("{}Patient/{}", criteria.empty() ? "patient=" : ",", (*text)->header.id);
    }
    if (criteria.empty()) return {};
    const auto definitions = room_.index().definitions();
    search::ParseOptions options;
    options.timezone_offset_min = room_.context.timezone_offset_min;
    options.now_us = now_us_;
    const search::Query query = TRY(search::ParseQuery(
        definitions, watch_.visit_type(), fmt::format("{}&{}", criteria, kVisitCriteria), options));
    search::PageRequest request;
    request.position = basis_;
    request.count = kVisitsMax;
    request.read = [this](view::Ordinal ordinal) { return room_.engine().Read(ordinal); };
    const search::Page page = TRY(room_.index().Search(query, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      const view::ResourcePtr visit = TRY(room_.engine().Read(ordinal));
      if (!written_visits_.contains(room_.engine().IdHash(rules::kVisitType, visit->id)))
        visits->push_back(visit);
    }
    return {};
  }

  Status OfPair(const view::Resource& entry, const view::ResourcePtr& visit) {
    const view::ResourcePtr list = TRY(ListOf(entry));
    for (const rules::Rule& rule : *rules_) {
      if (Status made = MakeOf(rule, entry, list.get(), *visit); !made.ok()) {
        // Nobody is turned away at the door because a rule is broken: it is told to the operator.
        SayError("alert-failed", made.error());
      }
    }
    return {};
  }

  Status MakeOf(const rules::Rule& rule, const view::Resource& entry, const view::Resource* list,
                const view::Resource& visit) {
    if (IsRaised(rule, entry, visit)) return {};
    rules::Performance::Scene scene;
    scene.definitions = room_.definitions;
    scene.head = &rule;
    scene.resource = visit.document.Root();
    scene.cause = fmt::format("{}/{}/_history/{}", rules::kVisitType, visit.id, visit.version);
    scene.depth = rules::DepthOf(view::Change{std::make_shared<view::Resource>(visit), nullptr, 0});
    scene.now_us = now_us_;
    scene.new_id = [this, &rule, &entry, &visit, n = size_t{0}]() mutable {
      return IdOf(rule, entry.id, visit.id, n++);
    };
    scene.read = rules::ReaderAt(&room_.engine(), basis_);
    const auto item = [this](const view::Resource& resource) {
      return fhir::path::Collection{fhir::path::ResourceItem(*room_.definitions, resource.document.Root())};
    };
    scene.variables = {{"entry", item(entry)},
                       {"list", list == nullptr ? fhir::path::Collection() : item(*list)}};
    rules::Performance performance(std::move(scene));
    if (!TRY(rule.where->Test(performance.environment(), performance.context()))) return {};
    TRY(rules::Perform(rule.actions, &performance));
    return Take(performance.Writes(), visit);
  }

  /// All or nothing of one alert.
  Status Take(const std::vector<rules::Write>& writes, const view::Resource& visit) {
    for (const rules::Write& write : writes) TRY(fhir::CheckValid(*room_.definitions, write.now.Root()));
    for (const rules::Write& write : writes) {
      TRY(AddMade(room_, std::string(write.now.Text()), set_));
      const view::ResourcePtr& now = set_->changes.back().now;
      if (IsAlert(now->document.Root()))
        raised_->push_back({now, fmt::format("{}/{}", rules::kVisitType, visit.id)});
    }
    return {};
  }

  bool IsRaised(const rules::Rule& rule, const view::Resource& entry, const view::Resource& visit) const {
    const std::string first = IdOf(rule, entry.id, visit.id, 0);
    for (const fhir::TypeId type : rule.Writes()) {
      if (room_.directory().Current(room_.engine().IdHash(room_.TypeName(type), first), basis_).ordinal != 0)
        return true;
    }
    return false;
  }

  std::string IdOf(const rules::Rule& rule, std::string_view entry, std::string_view visit, size_t n) const {
    const auto half = [&](std::string_view which) {
      return room_.engine().KeyOf(fmt::format("alert|{}|{}|{}|{}|{}", rule.id, entry, visit, n, which));
    };
    return fmt::format("{}{:016x}{:016x}", kAlertId, half("high"), half("low"));
  }

  /// nullptr: it is not there.
  Result<view::ResourcePtr> ListOf(const view::Resource& entry) {
    const std::string reference = entry.document.Root()["list"]["reference"].ToString();
    const auto known = lists_.find(reference);
    if (known != lists_.end()) return known->second;
    view::ResourcePtr list;
    for (const view::Change& change : set_->changes) {
      if (change.now != nullptr && change.now->document.Root().present() &&
          reference == fmt::format("{}/{}", room_.TypeName(change.now->type), change.now->id))
        list = change.now;
    }
    const size_t slash = reference.find('/');
    if (list == nullptr && slash != std::string::npos) {
      const auto version = room_.directory().Current(
          room_.engine().IdHash(reference.substr(0, slash), reference.substr(slash + 1)), basis_);
      if (version.ordinal != 0 && !version.deleted) list = TRY(room_.engine().Read(version.ordinal));
    }
    lists_.emplace(reference, list);
    return list;
  }

  void AddGuards(std::vector<uint64_t> records) {
    std::sort(records.begin(), records.end());
    view::Guard guard;
    guard.view_slot = room_.context.watch_slot;
    const auto about = looks_for_visits_ ? WatchView::About::kEntriesAndVisits : WatchView::About::kEntries;
    guard.may_affect = [records, about](const view::Change&, const view::Prepared& prepared) {
      return WatchView::MayAffect(prepared, records, about);
    };
    set_->guards.push_back(std::move(guard));
    if (room_.context.persons != nullptr) set_->guards.push_back(PersonGuard(room_, {}, std::move(records)));
  }

  const Room& room_;
  const WatchView& watch_;
  const view::Position basis_;
  const Instant now_us_;
  view::ChangeSet* const set_;
  RaisedAlerts* const raised_;
  const rules::SharedRules::Rules rules_;
  std::vector<uint64_t> touched_;  // records of persons
  std::vector<person::PairOf> pairs_;
  std::vector<Visit> visits_;
  std::vector<std::pair<WatchedEntry, view::ResourcePtr>> entries_;
  std::unordered_set<uint64_t> written_visits_, written_entries_;  // whatever was stored of them is past
  std::unordered_map<std::string, view::ResourcePtr> lists_;
  bool looks_for_visits_ = false;
};

bool HasAlerts(const Context& context) {
  return context.watch != nullptr && context.alert_rules != nullptr && !context.alert_rules->Now()->empty() &&
         context.watch->entry_type() != fhir::kNoType;
}

/// Writes what is due of this person, and waits for it; again while others write about him.
Status RaiseNow(const Room& room, uint64_t person) {
  for (int attempt = 0; attempt < kDueAttemptsMax; ++attempt) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = room.engine().Head();
    TRY(RaiseAlertsOf(room, set->basis, {person}, set.get()));
    if (set->changes.empty()) return {};
    TRY(room.engine().Prepare(set.get()));
    std::promise<view::Outcome> promise;
    room.engine().Submit(std::move(set),
                         [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    view::Outcome outcome = promise.get_future().get();
    if (outcome.stale) continue;
    return outcome.commit.ok() ? Status() : Status(outcome.commit.TakeError());
  }
  return MakeError(ErrorCode::kBusy, "the same person is written all the time");
}

fhir::Value AlertPart(fhir::Value flag, std::string_view part) {
  for (const fhir::Value extension : flag["extension"]) {
    if (extension["url"].ToString() != kAlertUrl) continue;
    for (const fhir::Value inside : extension["extension"]) {
      if (inside["url"].ToString() == part) return inside;
    }
  }
  return {};
}

}  // namespace

Status RaiseAlerts(const Room& room, const view::Position& basis, view::ChangeSet* set,
                   RaisedAlerts* raised) {
  raised->clear();  // of an attempt before
  return HasAlerts(room.context) ? Raising(room, basis, set, raised).Run() : Status();
}

Status RaiseAlertsOf(const Room& room, const view::Position& basis, std::vector<uint64_t> records,
                     view::ChangeSet* set) {
  if (!HasAlerts(room.context)) return {};
  RaisedAlerts untold;
  Raising raising(room, basis, set, &untold);
  raising.Touch(std::move(records));
  return raising.Run();
}

Result<Instant> RaiseDueAlerts(const Room& room, Instant since_us) {
  Instant next_us = INT64_MAX;
  if (!HasAlerts(room.context)) return next_us;
  TRY(room.context.watch->CheckUsable());
  const Instant now_us = room.context.clock->NowUs();
  std::unordered_set<uint64_t> persons;
  for (const WatchedEntry& entry : room.context.watch->All()) {
    if (entry.from_us > now_us) next_us = std::min(next_us, entry.from_us);
    const bool is_new = since_us == INT64_MIN || entry.from_us > since_us;
    if (is_new && entry.HoldsAt(now_us)) persons.insert(entry.person);
  }
  Status failed;
  for (const uint64_t person : persons) {
    Status raised = RaiseNow(room, person);
    if (raised.ok()) continue;
    if (raised.error().code == ErrorCode::kUnavailable) return raised.TakeError();
    if (failed.ok()) failed = std::move(raised);  // the others are not made to wait for him
  }
  if (!failed.ok()) return failed.TakeError();
  return next_us;
}

bool IsAlert(fhir::Value resource) {
  if (resource["resourceType"].ToString() != "Flag") return false;
  const fhir::Value extensions = resource["extension"];
  return std::any_of(extensions.begin(), extensions.end(),
                     [](fhir::Value each) { return each["url"].ToString() == kAlertUrl; });
}

bool IsMadeByAlertRule(fhir::Value resource) { return resource["id"].ToString().starts_with(kAlertId); }

AlertCard CardOf(fhir::Value flag) {
  AlertCard card;
  card.level = AlertPart(flag, "level")["valueCode"].ToString();
  card.text = flag["code"]["text"].ToString();
  card.instruction = AlertPart(flag, "instruction")["valueString"].ToString();
  card.source = AlertPart(flag, "source")["valueString"].ToString();
  card.reason = AlertPart(flag, "reason")["valueString"].ToString();
  card.link = AlertPart(flag, "link")["valueUrl"].ToString();
  return card;
}

Result<RaisedAlerts> RaisedWith(const Room& room, view::Ordinal ordinal, std::string_view visit) {
  RaisedAlerts raised;
  const view::Position head = room.engine().Head();
  const uint64_t t = TRY(room.engine().OpenText(ordinal))->header.t;
  for (view::Ordinal at = ordinal + 1; at < head.end_ordinal; ++at) {
    const view::ResourcePtr resource = TRY(room.engine().Read(at));
    if (resource->t != t) break;
    const fhir::Value root = resource->document.Root();
    if (IsAlert(root) && root["encounter"]["reference"].ToString() == visit)
      raised.push_back({resource, std::string(visit)});
  }
  return raised;
}

std::string AlertsJson(const Call& call, const RaisedAlerts& raised, std::string_view visit) {
  if (raised.empty() || !CheckMayRead(call.viewer(), "Flag").ok()) return {};
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "OperationOutcome").Key("issue").Array();
  bool any = false;
  for (const RaisedAlert& alert : raised) {
    if (alert.visit != visit) continue;
    any = true;
    const AlertCard card = CardOf(alert.flag->document.Root());
    json.Object().Key("extension").Array().Object().Member("url", kAlertUrl).Key("extension").Array();
    json.Object().Member("url", "level").Member("valueCode", card.level).End();
    json.Object().Member("url", "flag").Key("valueReference").Object();
    json.Member("reference", "Flag/" + alert.flag->id).End().End();
    json.End().End().End();
    json.Member("severity", card.level == "info" ? "information" : "warning").Member("code", "informational");
    json.Key("details").Object().Member("text", card.text).End();
    std::string diagnostics = card.instruction;
    for (const std::string* more : {&card.source, &card.reason, &card.link}) {
      if (!more->empty()) diagnostics += (diagnostics.empty() ? "" : " · ") + *more;
    }
    if (!diagnostics.empty()) json.Member("diagnostics", diagnostics);
    json.Key("expression").Array().String("Encounter.subject").End().End();
  }
  json.End().End();
  return any ? out : std::string();
}

std::vector<EntryResult> WithAlerts(const Call& call, std::vector<EntryResult> results,
                                    const RaisedAlerts& raised) {
  for (EntryResult& result : results) {
    if (result.type == rules::kVisitType && (result.status == 200 || result.status == 201))
      result.alerts = AlertsJson(call, raised, fmt::format("{}/{}", result.type, result.id));
  }
  return results;
}

void TellAlerts(const Call& call, const RaisedAlerts& raised, std::string_view visit, Response* response) {
  response->alerts = AlertsJson(call, raised, visit);
  if (response->alerts.empty()) return;
  for (const RaisedAlert& alert : raised) {
    if (alert.visit != visit) continue;
    response->headers.emplace_back("Link", fmt::format("<{}/Flag/{}>; rel=\"{}\"", call.request.base_url,
                                                       alert.flag->id, kAlertRelation));
  }
  if (call.prefer.returns == Returns::kOutcome)
    response->body = call.pretty ? PrettyJson(response->alerts) : response->alerts;
}

}  // namespace tk::interaction
