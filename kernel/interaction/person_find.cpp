#include "kernel/interaction/person_find.h"

#include "kernel/person/linkage/intake.h"
#include "kernel/person/live_match.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

struct Joined {
  view::Ordinal ordinal = 0;  // of the record that agrees best; 0: nobody
  bool is_kept = false, doubtful = false;
};

/// To whom it would be joined, whatever a clerk would be asked besides; else whether one would be asked.
Joined Look(const person::People& people, const person::Incoming& incoming, std::string_view kept,
            const view::Engine& engine) {
  Joined joined;
  std::optional<uint64_t> best = person::FindJoin(people, incoming);
  if (!best) {
    for (const person::Finding& finding : person::Decide(people, {&incoming, 1}).found) {
      if (finding.kind == person::Finding::Kind::kJoin && !finding.others.empty())
        best = finding.others.front();
      else
        joined.doubtful = true;
    }
  }
  const person::Row row = best ? people.Find(*best) : person::kNoRow;
  if (row == person::kNoRow || !people.IsLive(row)) return joined;
  joined.doubtful = false;
  joined.ordinal = people.OrdinalOf(row);
  if (kept.empty()) return joined;
  const person::Row kept_row = people.Find(engine.IdHash("Patient", kept));
  joined.is_kept =
      kept_row != person::kNoRow && people.IsLive(kept_row) && people.IsSamePerson(kept_row, row);
  return joined;
}

}  // namespace

Result<std::vector<Interactions::Fit>> FindPersons(const Room& room,
                                                   std::span<const Interactions::Sought> sought) {
  std::vector<Interactions::Fit> fits(sought.size());
  if (room.context.persons == nullptr) return fits;
  const person::PersonView& view = *room.context.persons;
  TRY(view.CheckUsable());
  // As a record that nobody knows: by its own id it would be somebody already.
  const uint64_t own = room.engine().KeyOf("sought|");
  std::vector<view::Ordinal> ordinals;
  std::vector<size_t> places;
  for (size_t i = 0; i < sought.size(); ++i) {
    person::Incoming incoming{own, {}, {}};
    person::linkage::Pack(person::linkage::ReadPatient(*sought[i].patient), &incoming.packed);
    const Joined joined = Look(*view.Read(), incoming, sought[i].kept, room.engine());
    fits[i].doubtful = joined.doubtful;
    if (joined.ordinal == 0) continue;
    if (joined.is_kept) {
      fits[i].patient = sought[i].kept;
      continue;
    }
    ordinals.push_back(joined.ordinal);
    places.push_back(i);
  }
  const auto together = room.engine().OpenTexts(ordinals);
  for (size_t i = 0; i < ordinals.size(); ++i) {
    // One who cannot be read keeps nobody else from it.
    const auto text =
        together.ok() ? Result<view::Engine::TextPtr>((*together)[i]) : room.engine().OpenText(ordinals[i]);
    if (!text.ok() && text.error().code == ErrorCode::kGone) continue;  // erased meanwhile
    if (!text.ok()) return text.error();
    fits[places[i]].patient = (*text)->header.id;
  }
  return fits;
}

}  // namespace tk::interaction
