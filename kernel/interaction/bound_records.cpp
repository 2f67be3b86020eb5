#include "kernel/interaction/bound_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/former_identity.h"
#include "kernel/interaction/reached.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

constexpr size_t kPastsMax = 50'000, kWhosMax = 50, kVersionsReadMax = 5'000;

}  // namespace

/// Live versions that say other things than the one before, oldest first, and who is somebody else than whom.
struct BoundRecords::Past {
  struct State {
    Instant at_us = 0;
    view::Ordinal ordinal = 0;
    size_t who = 0;  // place in `whos`
  };
  view::Ordinal newest = 0;  // version that was looked at
  std::vector<State> states;
  std::vector<std::string> whos;           // packed; each once
  std::vector<std::vector<bool>> another;  // [later][earlier]
  Instant lost_us = 0;                     // what was before is not known any more: there was too much of it

  bool AreOthers(size_t a, size_t b) const { return a != b && another[std::max(a, b)][std::min(a, b)]; }

  void Add(const person::PersonView& persons, Instant at_us, view::Ordinal ordinal, std::string packed) {
    auto known = std::find(whos.begin(), whos.end(), packed);
    if (known == whos.end() && whos.size() >= kWhosMax) {
      lost_us = at_us;
      states.clear();
      whos.clear();
      another.clear();
      known = whos.end();
    }
    if (known == whos.end()) {
      std::vector<bool> from(whos.size());
      const auto people = persons.Read();
      person::linkage::MatchScratch scratch;
      for (size_t i = 0; i < whos.size(); ++i)
        from[i] = IsAnother(people->index(), persons.rules(), whos[i], packed, &scratch);
      another.push_back(std::move(from));
      whos.push_back(std::move(packed));
      known = std::prev(whos.end());
    }
    const size_t who = static_cast<size_t>(known - whos.begin());
    if (states.empty() || states.back().who != who) states.push_back({at_us, ordinal, who});
  }

  /// The one that stood then.
  size_t StateAt(Instant at_us) const {
    size_t base = 0;
    while (base + 1 < states.size() && states[base + 1].at_us <= at_us) ++base;
    return base;
  }

  /// The one that stood then, or at that ordinal, whichever is later.
  size_t BaseOf(Instant bound_us, view::Ordinal decided) const {
    size_t base = StateAt(bound_us);
    while (base + 1 < states.size() && states[base + 1].ordinal <= decided) ++base;
    return base;
  }

  /// Was the record somebody else's when it was bound, or that was decided, and who was confirmed at `same_us` before that already? Such a one the answer does not mean.
  bool WasStranger(Instant bound_us, view::Ordinal decided, Instant same_us) const {
    if (states.empty()) return false;
    const size_t bound = BaseOf(bound_us, decided), who = states[StateAt(same_us)].who;
    if (!AreOthers(states[bound].who, who)) return false;
    for (size_t i = 0; i < bound; ++i) {
      if (!AreOthers(states[i].who, who)) return true;
    }
    return false;
  }

  /// The first version that is another's than one since `bound_us`, or since the ordinal; null: none.
  const State* Became(Instant bound_us, view::Ordinal decided) const {
    if (states.empty()) return nullptr;
    const bool is_lost = decided == 0 ? bound_us < lost_us : lost_us != 0 && decided < states.front().ordinal;
    if (is_lost) return &states.front();
    const size_t base = BaseOf(bound_us, decided);
    for (size_t later = base + 1; later < states.size(); ++later) {
      for (size_t i = base; i < later; ++i) {
        if (AreOthers(states[i].who, states[later].who)) return &states[later];
      }
    }
    return nullptr;
  }
};

Result<BoundRecords::PastPtr> BoundRecords::Extended(uint64_t record, const PastPtr& known) const {
  const view::Engine& engine = *context_.engine;
  auto past = known == nullptr ? std::make_shared<Past>() : std::make_shared<Past>(*known);
  std::vector<view::Directory::Version> fresh;
  for (const auto& version : engine.directory().Versions(record, engine.Head(), kVersionsReadMax)) {
    if (version.ordinal <= past->newest) break;
    fresh.push_back(version);
  }
  const bool is_cut = fresh.size() == kVersionsReadMax && fresh.back().version > 1;
  for (auto version = fresh.rbegin(); version != fresh.rend(); ++version) {
    past->newest = version->ordinal;
    if (version->deleted) continue;
    auto opened = engine.OpenText(version->ordinal);
    if (!opened.ok() && opened.error().code == ErrorCode::kGone) continue;  // erased
    const view::Engine::TextPtr text = TRY(std::move(opened));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    past->Add(*context_.persons, text->header.at_us, version->ordinal,
              context_.persons->PackPatient(document.Root()));
    if (is_cut && version == fresh.rbegin()) past->lost_us = text->header.at_us;
  }
  return PastPtr(std::move(past));
}

// Read without the lock; who comes second reads it too, and nothing is lost.
BoundRecords::PastPtr BoundRecords::PastOf(uint64_t record, bool of_one_version) {
  static const PastPtr kNone = std::make_shared<const Past>();
  if (context_.persons == nullptr) return kNone;
  const auto current = context_.engine->directory().Current(record, context_.engine->Head());
  if (current.ordinal == 0 || (current.version == 1 && !of_one_version)) return kNone;
  PastPtr known;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = pasts_.find(record); at != pasts_.end()) known = at->second;
  }
  if (known != nullptr && known->newest >= current.ordinal) return known;
  auto extended = Extended(record, known);
  if (!extended.ok()) return nullptr;
  if (current.deleted) return std::move(extended).value();  // nothing is kept of one who may be erased next
  const std::lock_guard lock(mutex_);
  if (pasts_.size() >= kPastsMax) pasts_.clear();
  pasts_[record] = *extended;
  return std::move(extended).value();
}

BoundRecords::Since BoundRecords::Become(uint64_t record, Instant bound_us, bool with_answers,
                                         view::Ordinal decided) {
  Instant same_us = 0;
  if (with_answers) {
    const std::lock_guard lock(mutex_);
    if (const auto at = answers_.find(record); at != answers_.end()) same_us = at->second.same_us;
  }
  const PastPtr past = PastOf(record);
  if (past == nullptr) return {context_.clock->NowUs(), 0};
  if (same_us > bound_us && !past->WasStranger(bound_us, decided, same_us)) bound_us = same_us;
  const Past::State* const became = past->Became(bound_us, decided);
  return became == nullptr ? Since() : Since{became->at_us, became->ordinal};
}

void BoundRecords::Forget(uint64_t record) {
  const std::lock_guard lock(mutex_);
  pasts_.erase(record);
}

bool BoundRecords::IsToBeAnswered(uint64_t record) {
  return Become(record, AnsweredAt(record), false).at_us != 0;
}

bool BoundRecords::WouldBecome(uint64_t record, std::string_view packed, view::Ordinal vouched) {
  const PastPtr past = PastOf(record, true);
  if (past == nullptr) return true;
  const Instant answered_us = AnsweredAt(record);
  size_t base = 0;
  for (size_t i = 1; i < past->states.size(); ++i) {
    if (past->states[i].at_us <= answered_us || past->states[i].ordinal <= vouched) base = i;
  }
  const auto people = context_.persons->Read();
  person::linkage::MatchScratch scratch;
  for (size_t i = base; i < past->states.size(); ++i) {
    const std::string& who = past->whos[past->states[i].who];
    if (who != packed && IsAnother(people->index(), context_.persons->rules(), who, packed, &scratch))
      return true;
  }
  return false;
}

void BoundRecords::Answer(uint64_t record, Instant at_us, bool same) {
  const std::lock_guard lock(mutex_);
  Answers& answers = answers_[record];
  answers.last_us = std::max(answers.last_us, at_us);
  if (same) answers.same_us = std::max(answers.same_us, at_us);
}

bool BoundRecords::IsStill(uint64_t record, view::Ordinal then) {
  const PastPtr past = PastOf(record);
  if (past == nullptr) return false;
  return past->states.empty() ||
         !past->AreOthers(past->states[past->BaseOf(0, then)].who, past->states.back().who);
}

Instant BoundRecords::AnsweredAt(uint64_t record) const {
  const std::lock_guard lock(mutex_);
  const auto at = answers_.find(record);
  return at == answers_.end() ? 0 : at->second.last_us;
}

namespace {

/// Whom a decision that is read from a Linkage joins with this record.
void AppendPartners(const person::Decision& decision, uint64_t record, std::vector<uint64_t>* out) {
  for (const person::PairOf& pair : decision.pairs) {
    if (pair.source == record) out->push_back(pair.alternate);
    if (pair.alternate == record) out->push_back(pair.source);
  }
}

/// The version of a Linkage that stood before that ordinal; nothing if there was none, or it is erased.
Result<std::optional<person::Decision>> DecisionBefore(const view::Engine& engine, uint64_t linkage,
                                                       view::Ordinal before) {
  for (const auto& version : engine.directory().Versions(linkage, engine.Head(), kVersionsReadMax)) {
    if (version.ordinal >= before) continue;
    if (version.deleted) break;
    auto opened = engine.OpenText(version.ordinal);
    if (!opened.ok() && opened.error().code == ErrorCode::kGone) break;
    const view::Engine::TextPtr text = TRY(std::move(opened));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    return person::ReadDecision(document.Root(), engine.hash_key());
  }
  return std::optional<person::Decision>();
}

}  // namespace

// The person index does not keep what the machine took back: the Linkages that name the record, one version of which is `ordinal`, are searched for.
Result<std::vector<uint64_t>> BoundRecords::LinkagesOf(view::Ordinal ordinal) const {
  const view::Engine& engine = *context_.engine;
  const auto text = TRY(engine.OpenText(ordinal));
  search::ParseOptions options;
  options.now_us = context_.clock->NowUs();
  const search::Query query =
      TRY(search::ParseQuery(context_.index->definitions(), engine.definitions().FindType("Linkage"),
                             "item=Patient/" + text->header.id, options));
  search::PageRequest request;
  request.position = engine.Head();
  request.count = 200;
  request.read = [&engine](view::Ordinal at) { return engine.Read(at); };
  std::vector<uint64_t> linkages;
  const search::Page page = TRY(context_.index->Search(query, request));
  for (const view::Ordinal at : page.ordinals)
    linkages.push_back(engine.IdHash("Linkage", TRY(engine.OpenText(at))->header.id));
  return linkages;
}

Result<std::vector<uint64_t>> BoundRecords::ReadJoinedBefore(uint64_t record, view::Ordinal became) const {
  std::vector<uint64_t> joined;
  for (const uint64_t linkage : TRY(LinkagesOf(became))) {
    const auto decision = TRY(DecisionBefore(*context_.engine, linkage, became));
    if (decision && decision->active) AppendPartners(*decision, record, &joined);
  }
  return joined;
}

std::vector<uint64_t> BoundRecords::JoinedBefore(uint64_t record, view::Ordinal became) {
  if (became == 0) return {};
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = joined_before_.find({record, became}); at != joined_before_.end()) return at->second;
  }
  auto joined = ReadJoinedBefore(record, became);
  if (!joined.ok()) return {};  // asked again the next time
  const std::lock_guard lock(mutex_);
  if (joined_before_.size() >= kPastsMax) joined_before_.clear();
  joined_before_[{record, became}] = *joined;
  return std::move(joined).value();
}

std::vector<uint64_t> BoundRecords::Together(uint64_t record) {
  return Reached({record}, [this](uint64_t each, std::vector<uint64_t>* out) { AppendJoined(each, out); });
}

/// Whom decisions join with the record since which neither of the two became another's.
void BoundRecords::AppendJoined(uint64_t record, std::vector<uint64_t>* out) {
  if (context_.persons == nullptr) return;
  std::vector<std::pair<uint64_t, uint64_t>> found;  // the other, the Linkage
  {
    const auto people = context_.persons->Read();
    const person::Row from = people->Find(record);
    if (from == person::kNoRow) return;
    for (const person::DecisionView& decision : people->DecisionsOf(from)) {
      if (!decision.active) continue;
      found.emplace_back(people->HashOf(decision.source == from ? decision.alternate : decision.source),
                         decision.linkage);
    }
  }
  for (const auto& [other, linkage] : found) {
    const view::Ordinal decided = SaidAt(*context_.engine, linkage);
    if (decided != 0 && Become(record, 0, true, decided).at_us == 0 &&
        Become(other, 0, true, decided).at_us == 0)
      out->push_back(other);
  }
}

BoundRecords::Since BoundRecords::EraOf(const Past& past, view::Ordinal before) {
  if (past.states.empty()) return {};
  size_t at = past.states.size() - 1;
  while (before != 0 && at > 0 && past.states[at].ordinal >= before) --at;
  for (size_t i = at; i-- > 0;) {
    if (!past.AreOthers(past.states[i].who, past.states[at].who)) continue;
    return {past.states[i + 1].at_us, past.states[i + 1].ordinal};
  }
  if (past.lost_us != 0) return {past.states.front().at_us, past.states.front().ordinal};
  return {};
}

std::vector<BoundRecords::Stretch> BoundRecords::StretchesOfOthers(uint64_t record) {
  const PastPtr past = PastOf(record);
  // Nothing is shown of what cannot be read.
  if (past == nullptr) return {{{}, {context_.clock->NowUs(), ~view::Ordinal{0}}}};
  const Since era = EraOf(*past);
  if (era.ordinal == 0) return {};
  {
    const std::lock_guard lock(mutex_);
    const auto answered = answers_.find(record);
    if (answered == answers_.end() || answered->second.same_us < era.at_us) return {{{}, era}};
  }
  std::vector<Stretch> stretches;
  const size_t last = past->states.size() - 1, who = past->states[last].who;
  bool was_he = false;
  for (size_t i = 0; i < last; ++i) {
    if (!past->AreOthers(past->states[i].who, who)) {
      was_he = true;
    } else if (was_he) {
      const Past::State &from = past->states[i], &until = past->states[i + 1];
      stretches.push_back({{from.at_us, from.ordinal}, {until.at_us, until.ordinal}});
    }
  }
  return stretches;
}

bool BoundRecords::IsErased(uint64_t record) const {
  const view::OwnerNumber owner = OwnerOf(record);
  return owner != 0 && context_.engine->directory().AreaOf(owner) == view::kAreaErased;
}

view::OwnerNumber BoundRecords::OwnerOf(uint64_t record) const {
  const view::Directory& directory = context_.engine->directory();
  const auto version = directory.Current(record, context_.engine->Head());
  return version.ordinal == 0 ? 0 : directory.Get(version.ordinal).owner;
}

BoundRecords::Found BoundRecords::Find(uint64_t record, Instant bound_us) {
  Found found;
  found.became = Become(record, bound_us, true);
  std::vector<uint64_t>& his = found.his;
  if (found.became.at_us == 0) his.push_back(record);
  const auto add = [&his](std::span<const uint64_t> more) {
    for (const uint64_t each : more) {
      if (std::find(his.begin(), his.end(), each) == his.end()) his.push_back(each);
    }
  };
  // Also of those that became another's themselves, and once somebody has confirmed it.
  std::vector<uint64_t> left{record};
  for (size_t i = 0; i < left.size(); ++i) {
    const Since at_all = Become(left[i], bound_us, false);
    if (at_all.at_us == 0) continue;
    found.left.emplace_back(left[i], at_all);
    for (const uint64_t other : JoinedBefore(left[i], at_all.ordinal)) {
      if (std::find(left.begin(), left.end(), other) != left.end()) continue;
      left.push_back(other);
      if (Become(other, bound_us, true).at_us == 0) add(std::array{other});
    }
  }
  his =
      Reached(std::move(his), [this](uint64_t each, std::vector<uint64_t>* out) { AppendJoined(each, out); });
  return found;
}

BoundRecords::Holding BoundRecords::Of(uint64_t record, Instant bound_us) {
  const Found found = Find(record, bound_us);
  Holding holding;
  holding.anothers_us = found.became.at_us;
  for (const uint64_t each : found.his) {
    const view::OwnerNumber owner = OwnerOf(each);
    if (owner == 0) continue;
    holding.owners.push_back(owner);
    for (const Stretch& others : StretchesOfOthers(each))
      holding.anothers.push_back({owner, others.from.ordinal, others.until.ordinal});
  }
  std::sort(holding.owners.begin(), holding.owners.end());
  holding.owners.erase(std::unique(holding.owners.begin(), holding.owners.end()), holding.owners.end());
  std::sort(holding.anothers.begin(), holding.anothers.end());
  return holding;
}

/// Whom a decision joined with the record at some time, and who became another's since: with when.
Status BoundRecords::AppendLost(uint64_t record, std::vector<std::pair<uint64_t, Since>>* out) {
  const view::Engine& engine = *context_.engine;
  const auto current = engine.directory().Current(record, engine.Head());
  if (context_.persons == nullptr || current.ordinal == 0 || current.deleted) return {};
  std::vector<uint64_t> partners;
  for (const uint64_t linkage : TRY(LinkagesOf(current.ordinal))) {
    for (const auto& version : engine.directory().Versions(linkage, engine.Head(), kVersionsReadMax)) {
      const auto decision = TRY(DecisionBefore(engine, linkage, version.ordinal + 1));
      if (!decision || !decision->active) continue;
      partners.clear();
      AppendPartners(*decision, record, &partners);
      for (const uint64_t other : partners) {
        const Since became = Become(other, 0, false, version.ordinal);
        if (became.at_us != 0 && became.ordinal != 0) out->emplace_back(other, became);
      }
    }
  }
  return {};
}

Result<std::vector<BoundRecords::Former>> BoundRecords::FormerOf(uint64_t record) {
  std::vector<std::pair<uint64_t, Since>> left;
  for (const uint64_t each : Together(record)) TRY(AppendLost(each, &left));
  std::vector<Former> former;
  for (const auto& [each, became] : left) {
    {
      const std::lock_guard lock(mutex_);
      const auto answered = answers_.find(each);
      if (answered != answers_.end() && answered->second.same_us >= became.at_us) continue;
    }
    const PastPtr past = PastOf(each);
    if (past == nullptr || OwnerOf(each) == 0) continue;
    const view::AnothersTime his{OwnerOf(each), EraOf(*past, became.ordinal).ordinal, became.ordinal};
    const bool is_known = std::any_of(former.begin(), former.end(), [&](const Former& known) {
      return known.record == each && known.his == his;
    });
    if (his.from < his.until && !is_known) former.push_back({each, his});
  }
  return former;
}

// Of his others that are another's now nothing is known but by who was joined with them when they became so: of each that is his, whom decisions named that do not hold any more.
// Of an erased record with several versions nobody knows whose it was when: what was looked at then is told to nobody.
Result<std::vector<access::OwnedSpan>> BoundRecords::SpansOf(uint64_t record, Instant bound_us) {
  const Found found = Find(record, bound_us);
  std::vector<access::OwnedSpan> spans;
  const auto is_unknown = [this](uint64_t each) {
    if (!IsErased(each)) return false;
    const view::Engine& engine = *context_.engine;
    const auto versions = engine.directory().Versions(each, engine.Head(), kVersionsReadMax);
    return std::count_if(versions.begin(), versions.end(),
                         [](const auto& version) { return !version.deleted; }) > 1;
  };
  for (const uint64_t each : found.his) {
    if (is_unknown(each)) continue;
    Instant from_us = INT64_MIN;
    for (const Stretch& others : StretchesOfOthers(each)) {
      if (others.from.ordinal != 0) spans.push_back({OwnerOf(each), from_us, others.from.at_us});
      from_us = others.until.at_us;
    }
    spans.push_back({OwnerOf(each), from_us, INT64_MAX});
  }
  std::vector<std::pair<uint64_t, Since>> left = found.left;
  for (const uint64_t each : found.his) TRY(AppendLost(each, &left));
  for (const auto& [each, became] : left) {
    if (is_unknown(each)) continue;
    const PastPtr past = PastOf(each);
    if (past == nullptr) continue;
    const Since era = EraOf(*past, became.ordinal);
    spans.push_back({OwnerOf(each), era.ordinal == 0 ? INT64_MIN : era.at_us, became.at_us});
  }
  std::erase_if(
      spans, [](const access::OwnedSpan& span) { return span.owner == 0 || span.from_us >= span.until_us; });
  return spans;
}

}  // namespace tk::interaction
