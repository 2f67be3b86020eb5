#include "kernel/interaction/person_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/former_identity.h"
#include "kernel/interaction/person_reviews.h"
#include "kernel/interaction/write.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

using person::linkage::Scored;

/// With four digits behind the point.
void AppendDecimal(double value, std::string* out) {
  constexpr int64_t kUnit = 10'000;
  const int64_t scaled = std::llround(value * kUnit), size = std::abs(scaled);
  if (scaled < 0) *out += '-';
  AppendNumber(size / kUnit, out);
  *out += '.';
  for (int64_t place = kUnit / 10, rest = size % kUnit; place > 0; rest %= place, place /= 10)
    *out += static_cast<char>('0' + rest / place);
}

/// Everything that may be told of a comparison: levels and weights, never what was compared. Of decimals and levels there are so many that they are written
/// as a whole; names of fields and levels are codes in which nothing is to be escaped.
void AppendScore(const Room& room, const Scored& scored, fhir::JsonWriter* json) {
  const person::linkage::Model& model = room.context.persons->model();
  const person::linkage::Rules& rules = room.context.persons->rules();
  const auto text = [json](std::string_view url, std::string_view value) {
    json->Object().Member("url", url).Member("valueString", value).End();
  };
  const auto decimal = [](std::string_view url, double value) {
    std::string row = R"({"url":")";
    row.append(url).append(R"(","valueDecimal":)");
    AppendDecimal(value, &row);
    return row += '}';
  };
  const person::linkage::Explanation why = person::linkage::Explain(scored, model, rules);
  text("model", model.Label());
  text("rules", fmt::format("{} {}", rules.name, rules.version));
  for (const std::string_view rule : why.rules) text("rule", rule);
  json->Raw(decimal("bits", why.bits));
  json->Raw(decimal("probability", why.probability));
  for (const person::linkage::Contribution& row : why.rows) {
    if (row.level.empty() || row.level == "missing") continue;
    std::string told = R"({"url":"level","extension":[{"url":"field","valueCode":")";
    told.append(row.field).append(R"("},{"url":"level","valueCode":")").append(row.level);
    told.append(R"("},)").append(decimal("bits", row.bits)).append("]}");
    json->Raw(told);
  }
}

void AppendReference(std::string_view member, std::string_view reference, fhir::JsonWriter* json) {
  json->Key(member).Object().Member("reference", reference).End();
}

/// The value of `extension`.
void AppendReason(const Room& room, const LinkReason& reason, fhir::JsonWriter* json) {
  json->Array().Object().Member("url", person::kPersonLinkUrl).Key("extension").Array();
  json->Object().Member("url", "grade").Member("valueCode", reason.grade).End();
  json->Object().Member("url", "by").Member("valueCode", reason.account.empty() ? "machine" : "person").End();
  if (!reason.account.empty())
    json->Object().Member("url", "account").Member("valueString", reason.account).End();
  if (reason.at_us != 0)
    json->Object().Member("url", "at").Member("valueInstant", FormatInstant(reason.at_us)).End();
  if (!reason.note.empty()) json->Object().Member("url", "note").Member("valueString", reason.note).End();
  if (!reason.cause.empty()) json->Object().Member("url", "cause").Member("valueCode", reason.cause).End();
  if (!reason.taken_back_for.empty()) {
    json->Object().Member("url", "taken-back-for");
    AppendReference("valueReference", reason.taken_back_for, json);
    json->End();
  }
  if (reason.scored != nullptr) AppendScore(room, *reason.scored, json);
  json->End().End().End();
}

void AppendCode(std::string_view member, std::string_view code, fhir::JsonWriter* json) {
  json->Key(member).Object().Key("coding").Array();
  json->Object().Member("system", kReviewSystem).Member("code", code).End();
  json->End().End();
}

/// One of Task.input or Task.output.
void AppendPart(std::string_view code, std::string_view patient, fhir::JsonWriter* json) {
  json->Object();
  AppendCode("type", code, json);
  AppendReference("valueReference", patient, json);
  json->End();
}

}  // namespace

std::string LinkageJson(const Room& room, std::string_view id, std::string_view source,
                        std::string_view alternate, bool active, const LinkReason& reason) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Linkage").Member("id", id);
  json.Key("extension");
  AppendReason(room, reason, &json);
  json.Key("active").Bool(active).Key("item").Array();
  for (const bool is_source : {true, false}) {
    json.Object().Member("type", is_source ? "source" : "alternate");
    AppendReference("resource", is_source ? source : alternate, &json);
    json.End();
  }
  json.End().End();
  return out;
}

std::string ReviewJson(const Room& room, std::string_view id, const ReviewAsked& asked) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Task").Member("id", id);
  LinkReason reason;
  reason.grade = asked.scored == nullptr ? "manual" : NameOf(asked.scored->verdict);
  reason.scored = asked.scored;
  reason.account = asked.account;
  reason.note = asked.note;
  json.Key("extension");
  AppendReason(room, reason, &json);
  if (!asked.others.empty()) {
    json.Key("basedOn").Array();
    for (const std::string& other : asked.others) json.Object().Member("reference", other).End();
    json.End();
  }
  json.Member("status", asked.answer.empty() ? "requested" : "completed").Member("intent", "proposal");
  AppendCode("code", asked.code, &json);
  AppendReference("for", asked.subject, &json);
  json.Member("authoredOn", FormatInstant(room.context.clock->NowUs()));
  if (!asked.others.empty()) {
    json.Key("input").Array();
    for (const std::string& other : asked.others) AppendPart("candidate", other, &json);
    json.End();
  }
  if (!asked.answer.empty()) {
    json.Key("output").Array();
    AppendPart(asked.answer, asked.subject, &json);
    json.End();
  }
  json.End();
  return out;
}

std::string AnswerJson(std::string_view answer, std::string_view patient) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Array();
  AppendPart(answer, patient, &json);
  json.End();
  return out;
}

std::string UnscoredReasonJson(const Room& room, std::string_view account, std::string_view note) {
  std::string out;
  fhir::JsonWriter json(&out);
  LinkReason reason;
  reason.account = account;
  reason.note = note;
  AppendReason(room, reason, &json);
  return out;
}

Status AddMade(const Room& room, std::string json, view::ChangeSet* set) {
  auto now = TRY(
      view::MakeResource(*room.definitions, TRY(fhir::Document::Parse(json)), 1, view::Operation::kCreate));
  view::Guard guard;
  guard.id_hash = room.engine().IdHash(room.TypeName(now->type), now->id);
  set->guards.push_back(std::move(guard));
  set->changes.push_back({std::move(now), nullptr, 0});
  return {};
}

Result<StoredLinkage> ReadLinkage(const Room& room, uint64_t id_hash) {
  StoredLinkage stored;
  stored.current.id_hash = id_hash;
  stored.current.version = room.directory().Current(id_hash, room.engine().Head());
  if (!stored.current.exists())
    return MakeError(ErrorCode::kUnavailable, "A decision is being changed: try again in a moment.");
  const auto text = TRY(room.engine().OpenText(stored.current.version.ordinal));
  stored.id = text->header.id;
  const fhir::Document document = TRY(fhir::Document::Parse(text->json));
  for (const fhir::Value item : document.Root()["item"]) {
    std::string& name = item["type"].ToString() == "source" ? stored.source : stored.alternate;
    if (name.empty()) name = item["resource"]["reference"].ToString();
  }
  return stored;
}

Status AddLinkageVersion(const Room& room, const StoredLinkage& stored, bool active, const LinkReason& reason,
                         view::ChangeSet* set) {
  const std::string json = LinkageJson(room, stored.id, stored.source, stored.alternate, active, reason);
  auto now = TRY(view::MakeResource(*room.definitions, TRY(fhir::Document::Parse(json)),
                                    stored.current.version.version + 1, view::Operation::kUpdate));
  return AddWrite(room, stored.current, std::move(now), set, true);
}

bool IsMadeByMachine(fhir::Value resource) {
  return person::PartOfPersonLink(resource, "by")["valueCode"].ToString() == "machine";
}

view::Guard PersonGuard(const Room& room, std::vector<uint32_t> keys, std::vector<uint64_t> ids) {
  std::sort(keys.begin(), keys.end());
  std::sort(ids.begin(), ids.end());
  view::Guard guard;
  guard.view_slot = room.context.persons_slot;
  guard.may_affect = [keys = std::move(keys), ids = std::move(ids)](const view::Change&,
                                                                    const view::Prepared& prepared) {
    return person::PersonView::MayAffect(prepared, keys, ids);
  };
  return guard;
}

namespace {

/// The Patients of one plan and what is found about them.
class Linking {
 public:
  Linking(const Room& room, const view::Position& basis, view::ChangeSet* set)
      : room_(room), basis_(basis), view_(*room.context.persons), set_(set) {}

  /// What live matching finds, and what is decided by it.
  Status Match(PersonChange* change) {
    for (const NewRecord& record : change->records) {
      const person::PackedPatient& patient = *record.patient;
      names_.emplace(patient.id_hash, record.name);
      written_.insert(patient.id_hash);
      if (record.is_gone() || patient.packed == patient.before) continue;
      incoming_.push_back({patient.id_hash, patient.packed, patient.before});
      keys_.insert(keys_.end(), patient.keys.begin(), patient.keys.end());
    }
    if (incoming_.empty()) return {};
    person::Findings findings;
    {
      const auto people = view_.Read();
      findings = person::Decide(*people, incoming_);
      for (const person::Finding& finding : findings.found) {
        for (const uint64_t other : finding.others) Know(*people, other);
        if (finding.kind != person::Finding::Kind::kJoin) continue;
        KnowRecords(*people, finding);
        // One who was in no decision before joins nobody to anybody else.
        joins_known_ = joins_known_ || people->Find(incoming_[finding.incoming].id_hash) != person::kNoRow;
      }
      for (const person::JoinedDirectly& each : findings.directly) {
        for (const uint64_t record : {each.source, each.alternate}) Know(*people, record);
      }
      for (size_t i = 0; i < incoming_.size(); ++i) KnowGone(*people, i);
    }
    TRY(TakeBackOfGone(&findings));
    for (const person::TakenBack& each : findings.taken_back) TRY(TakeBack(each, change));
    for (const person::JoinedDirectly& each : findings.directly)
      TRY(Join(each.source, each.alternate, each.scored, change));
    for (person::Finding& finding : findings.found) {
      if (!TRY(IsToBeSaid(&finding))) continue;
      if (finding.kind == person::Finding::Kind::kIdentityChanged ||
          finding.kind == person::Finding::Kind::kContradiction)
        asked_.insert(incoming_[finding.incoming].id_hash);
      TRY(Add(finding, change));
    }
    for (const person::Incoming& incoming : incoming_) TRY(AskWhose(incoming, change));
    // No review is settled by them.
    if (!joins_known_ && findings.taken_back.empty()) change->decisions.clear();
    set_->guards.push_back(PersonGuard(room_, std::move(keys_), std::move(findings.looked_at)));
    return {};
  }

 private:
  void Know(const person::People& people, uint64_t record) {
    if (const person::Row row = people.Find(record); row != person::kNoRow)
      ordinals_.emplace(record, people.OrdinalOf(row));
  }

  /// Of a record that is made anew: the machine's joins with others that are gone, too. Nothing of those speaks for it or against.
  void KnowGone(const person::People& people, size_t i) {
    const person::Row row = people.Find(incoming_[i].id_hash);
    if (row == person::kNoRow || people.IsLive(row)) return;
    for (const person::DecisionView& decision : people.DecisionsOf(row)) {
      const person::Row other = decision.source == row ? decision.alternate : decision.source;
      if (decision.active && !decision.manual && !people.IsLive(other) &&
          !written_.contains(people.HashOf(other)))
        gone_.push_back({i, decision.linkage});
    }
  }

  /// They hold for who the record was.
  Status TakeBackOfGone(person::Findings* findings) {
    for (const auto& [i, linkage] : gone_) {
      const std::vector<uint64_t> record = {incoming_[i].id_hash};
      const std::vector<std::string_view> now = {incoming_[i].packed};
      const bool is_known = std::any_of(findings->taken_back.begin(), findings->taken_back.end(),
                                        [id = linkage](const auto& each) { return each.linkage == id; });
      if (is_known || !TRY(WasSomebodyElse(room_, record, now, Stored::kAreFormer))) continue;
      findings->taken_back.push_back({linkage, std::nullopt});
      findings->looked_at.push_back(incoming_[i].id_hash);
    }
    return {};
  }

  /// Who would be one by this join, and whom the record would be one with.
  void KnowRecords(const person::People& people, const person::Finding& finding) {
    Joined& joined = joined_[incoming_[finding.incoming].id_hash];
    std::vector<uint64_t>& records = joined.records;
    records = {incoming_[finding.incoming].id_hash, finding.others[0]};
    for (const person::Incoming& other : incoming_) {
      if (other.id_hash == finding.others[0]) joined.others.push_back(other.packed);
    }
    const person::Row row = people.Find(finding.others[0]);
    if (row == person::kNoRow) return;
    if (const auto entry = people.EntryOf(row); entry != person::linkage::kNoEntry)
      joined.others.emplace_back(people.index().View(entry).bytes());
    for (const person::Row member : people.MembersOf(row)) {
      if (people.HashOf(member) != finding.others[0]) records.push_back(people.HashOf(member));
    }
  }

  /// "Patient/1"; "" if it is gone meanwhile: then the guard hands the set back.
  Result<std::string> NameOf(uint64_t record) {
    if (const auto known = names_.find(record); known != names_.end()) return known->second;
    const auto ordinal = ordinals_.find(record);
    if (ordinal == ordinals_.end() || ordinal->second == 0) return std::string();
    const auto text = room_.engine().OpenText(ordinal->second);
    if (!text.ok() && text.error().code == ErrorCode::kGone) return std::string();
    if (!text.ok()) return text.error();
    return names_.emplace(record, "Patient/" + (*text)->header.id).first->second;
  }

  /// Whoever would be one with the record. Of those that are not written now the last version is the one that was compared: mostly nothing is read.
  Result<bool> WereSomebodyElse(const person::Incoming& incoming) {
    const Joined& joined = joined_[incoming.id_hash];
    std::vector<uint64_t> written, others;
    for (const uint64_t record : joined.records)
      (written_.contains(record) ? written : others).push_back(record);
    std::vector<std::string_view> now = {incoming.packed};
    if (TRY(WasSomebodyElse(room_, others, now, Stored::kAreCurrent))) return true;
    now.insert(now.end(), joined.others.begin(), joined.others.end());
    return WasSomebodyElse(room_, written, now, Stored::kAreFormer);
  }

  /// What is left to say of a finding: a join of one who was somebody else is a question, and is asked once.
  Result<bool> IsToBeSaid(person::Finding* finding) {
    if (finding->kind != person::Finding::Kind::kJoin) return true;
    const person::Incoming& incoming = incoming_[finding->incoming];
    if (!TRY(WereSomebodyElse(incoming))) return true;
    finding->kind = person::Finding::Kind::kIdentityChanged;
    if (finding->was_as_good) return false;
    return !TRY(IsAsked(room_, basis_, person::CodeOf(finding->kind), TRY(NameOf(incoming.id_hash)),
                        finding->others.front()));
  }

  /// One that becomes another's is asked about also where no other record is: whatever was bound to it waits for the answer.
  Status AskWhose(const person::Incoming& incoming, PersonChange* change) {
    const bool is_known = room_.directory().Current(incoming.id_hash, basis_).version != 0;
    if (!is_known || room_.facts == nullptr || asked_.contains(incoming.id_hash)) return {};
    const view::Ordinal vouched = VouchedAt(room_, incoming.id_hash);
    if (!room_.facts->records().WouldBecome(incoming.id_hash, incoming.packed, vouched)) return {};
    const std::string name = TRY(NameOf(incoming.id_hash));
    const Identity asked = TRY(IdentityAsked(room_, basis_, name));
    if (asked.is_asked) return {};
    if (asked.contradicts) {
      change->whose.emplace(incoming.id_hash, name);
      return {};
    }
    const std::string_view code = person::CodeOf(person::Finding::Kind::kIdentityChanged);
    return AddMade(room_, ReviewJson(room_, NewUuid(), {code, name, {}}), set_);
  }

  Status Join(uint64_t source, uint64_t alternate, const person::linkage::Scored& scored,
              PersonChange* change) {
    const std::string source_name = TRY(NameOf(source)), alternate_name = TRY(NameOf(alternate));
    if (source_name.empty() || alternate_name.empty()) return {};
    LinkReason reason;
    reason.grade = person::linkage::NameOf(scored.verdict);
    reason.scored = &scored;
    const std::string id = NewUuid();
    change->decisions.push_back({source, alternate, true, {}, "Linkage/" + id, false});
    return AddMade(room_, LinkageJson(room_, id, source_name, alternate_name, true, reason), set_);
  }

  /// The machine's own, which it would not make now.
  Status TakeBack(const person::TakenBack& taken_back, PersonChange* change) {
    const StoredLinkage stored = TRY(ReadLinkage(room_, taken_back.linkage));
    LinkReason reason;
    reason.grade = person::linkage::NameOf(taken_back.scored ? taken_back.scored->verdict
                                                             : person::linkage::Verdict::kDifferent);
    reason.cause = person::CodeOf(person::Finding::Kind::kIdentityChanged);
    reason.scored = taken_back.scored ? &*taken_back.scored : nullptr;
    change->taken_back.push_back(taken_back.linkage);
    return AddLinkageVersion(room_, stored, false, reason, set_);
  }

  Status Add(const person::Finding& finding, PersonChange* change) {
    const uint64_t record = incoming_[finding.incoming].id_hash;
    if (finding.kind == person::Finding::Kind::kJoin)
      return Join(finding.others.front(), record, finding.scored, change);
    const std::string subject = TRY(NameOf(record));
    std::vector<std::string> others;
    for (const uint64_t other : finding.others) {
      std::string name = TRY(NameOf(other));
      if (!name.empty()) others.push_back(std::move(name));
    }
    if (others.empty()) return {};
    const ReviewAsked asked{person::CodeOf(finding.kind), subject, others, &finding.scored};
    return AddMade(room_, ReviewJson(room_, NewUuid(), asked), set_);
  }

  const Room& room_;
  const view::Position basis_;
  const person::PersonView& view_;
  view::ChangeSet* const set_;
  std::vector<person::Incoming> incoming_;
  std::vector<uint32_t> keys_;
  bool joins_known_ = false;
  std::unordered_map<uint64_t, std::string> names_;
  std::unordered_map<uint64_t, view::Ordinal> ordinals_;
  std::unordered_set<uint64_t> written_;
  std::unordered_set<uint64_t>
      asked_;  // of these a review whose the record is, or with whom it stands, is in the set
  struct OfGone {
    size_t incoming = 0;  // place
    uint64_t linkage = 0;
  };
  std::vector<OfGone> gone_;
  struct Joined {
    std::vector<uint64_t> records;    // that would be one
    std::vector<std::string> others;  // packed: the person whom the record would be joined with
  };
  std::unordered_map<uint64_t, Joined> joined_;  // by the record that would be joined
};

}  // namespace

Status LinkPatients(const Room& room, const view::Position& basis, Plan* plan) {
  if (room.context.persons == nullptr || plan->set == nullptr || plan->persons_decided) return {};
  const person::PersonView& view = *room.context.persons;
  view::ChangeSet* const set = plan->set.get();
  PersonChange change;
  bool writes_any = false;
  for (const view::Change& each : set->changes) {
    if (each.now == nullptr || each.now->type != view.patient()) continue;
    change.records.push_back({"Patient/" + each.now->id, view.PackAhead(each)});
    writes_any = writes_any || !change.records.back().is_gone();
  }
  if (change.records.empty()) return {};
  if (room.context.live_matching && writes_any) {
    TRY(view.CheckUsable());
    TRY(Linking(room, basis, set).Match(&change));
  }
  std::erase_if(change.records, [](const NewRecord& record) {
    return record.is_new() || record.patient->packed == record.patient->before;
  });
  if (change.records.empty() && change.decisions.empty()) return {};
  // A review that is opened meanwhile is by one who is found by them.
  std::vector<uint32_t> keys;
  for (const NewRecord& record : change.records)
    keys.insert(keys.end(), record.patient->keys.begin(), record.patient->keys.end());
  set->guards.push_back(PersonGuard(room, std::move(keys), {}));
  return SettleReviews(room, basis, change, set);
}

}  // namespace tk::interaction
