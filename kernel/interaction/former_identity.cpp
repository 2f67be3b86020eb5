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

}  // namespace

view::Ordinal VouchedAt(const Room& room, uint64_t record) {
  const view::Position head = room.engine().Head();
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
  for (const uint64_t linkage : linkages) at = std::max(at, room.directory().Current(linkage, head).ordinal);
  return at;
}

bool IsAnother(const Scored& scored, const person::linkage::Rules& rules) {
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
        const Scored scored =
            people->index().ScorePair(EntryView(before.data()), EntryView(one.data()), &scratch);
        if (IsAnother(scored, persons.rules())) return true;
      }
    }
  }
  return false;
}

}  // namespace tk::interaction
