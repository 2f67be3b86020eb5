#include "kernel/interaction/former_identity.h"

#include <algorithm>

#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

using person::linkage::EntryView;
using person::linkage::Field;
using person::linkage::Scored;

/// Its versions of which it is asked.
std::vector<view::Ordinal> FormerVersions(const Room& room, uint64_t record, size_t max, Stored stored) {
  const view::Position head = room.engine().Head();
  std::vector<view::Ordinal> former;
  const uint32_t versions = room.directory().Current(record, head).version;
  if (versions == 0 || (versions == 1 && stored == Stored::kAreCurrent)) return former;
  const view::Ordinal vouched = VouchedAt(room, record);
  bool is_current = stored == Stored::kAreCurrent;
  for (const auto& version : room.directory().Versions(record, head, max)) {
    if (!version.deleted && !is_current) former.push_back(version.ordinal);
    is_current = false;
    if (version.ordinal < vouched) break;
  }
  return former;
}

/// One of the two is at odds with the number that both say, and the other is not: of one name, and of one number that holds where nothing speaks against it. Such a
/// number counts as claimed alone where the birth date beside it is another (intake.h), so that its level says less than that.
bool IsBirthMended(const EntryView& a, const EntryView& b, const Scored& scored) {
  using person::linkage::level::kNameSame;
  if (scored.comparison.levels[Field::kFamily] != kNameSame ||
      scored.comparison.levels[Field::kGiven] != kNameSame)
    return false;
  for (const person::linkage::IdView& x : a.ids()) {
    for (const person::linkage::IdView& y : b.ids()) {
      if (x.kind == person::IdKind::kResidentId && y.kind == x.kind && x.text == y.text &&
          std::max(x.grade, y.grade) >= person::Grade::kConverted)
        return true;
    }
  }
  return false;
}

}  // namespace

view::Ordinal SaidAt(const view::Engine& engine, uint64_t linkage) {
  constexpr size_t kVersionsReadMax = 50;
  const view::Position head = engine.Head();
  const auto current = engine.directory().Current(linkage, head);
  if (current.ordinal == 0 || current.deleted || current.version == 1)
    return current.deleted ? 0 : current.ordinal;
  std::string says;
  view::Ordinal first = 0;
  for (const auto& version : engine.directory().Versions(linkage, head, kVersionsReadMax)) {
    if (version.deleted) continue;
    const auto text = engine.OpenText(version.ordinal);
    if (!text.ok()) break;
    const auto document = fhir::Document::Parse((*text)->json);
    if (!document.ok()) break;
    std::string said;
    for (const std::string_view part : {"active", "item", "extension"}) said += document->Root()[part].Json();
    if (first == 0) says = said;
    if (said == says) first = version.ordinal;
  }
  return first;
}

view::Ordinal VouchedAt(const Room& room, uint64_t record) {
  std::vector<uint64_t> linkages;
  {
    const auto people = room.context.persons->Read();
    const person::Row row = people->Find(record);
    if (row == person::kNoRow) return 0;
    for (const person::DecisionView& decision : people->DecisionsOf(row)) {
      if (decision.active && decision.manual) linkages.push_back(decision.linkage);
    }
  }
  view::Ordinal at = 0;
  for (const uint64_t linkage : linkages) at = std::max(at, SaidAt(room.engine(), linkage));
  return at;
}

bool IsAnother(const person::linkage::Index& index, const person::linkage::Rules& rules, std::string_view one,
               std::string_view other, person::linkage::MatchScratch* scratch) {
  const EntryView a(one.data()), b(other.data());
  const Scored scored = index.ScorePair(a, b, scratch);
  if (!scored.comparison.ids_conflict && IsBirthMended(a, b, scored)) return false;
  if (IsContradiction(scored, rules)) return true;
  const auto level = [&](Field field) { return scored.comparison.levels[field]; };
  if (level(Field::kId) >= person::linkage::level::kConverted) return false;
  for (const Field field : {Field::kFamily, Field::kGiven, Field::kBirth}) {
    if (level(field) == person::linkage::level::kDifferent) return true;
  }
  return false;
}

Result<bool> WasSomebodyElse(const Room& room, std::span<const uint64_t> records,
                             std::span<const std::string_view> packed, Stored stored) {
  const person::PersonView& persons = *room.context.persons;
  size_t left = kFormerVersionsMax;
  std::string before;
  for (const uint64_t record : records) {
    const std::vector<view::Ordinal> former = FormerVersions(room, record, left + 1, stored);
    if (former.size() > left) return true;
    left -= former.size();
    for (const view::Ordinal ordinal : former) {
      auto opened = room.engine().OpenText(ordinal);
      if (!opened.ok() && opened.error().code == ErrorCode::kGone) continue;  // erased
      const view::Engine::TextPtr text = TRY(std::move(opened));
      const fhir::Document document = TRY(fhir::Document::Parse(text->json));
      std::string bytes = persons.PackPatient(document.Root());
      if (bytes == before) continue;
      before = std::move(bytes);
      person::linkage::MatchScratch scratch;
      const auto people = persons.Read();
      for (const std::string_view one : packed) {
        if (IsAnother(people->index(), persons.rules(), before, one, &scratch)) return true;
      }
    }
  }
  return false;
}

}  // namespace tk::interaction
