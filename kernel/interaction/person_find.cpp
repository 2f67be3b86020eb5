#include "kernel/interaction/person_find.h"

#include "kernel/person/live_match.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

struct Joined {
  view::Ordinal ordinal = 0;  // of the record that agrees best; 0: nobody
  bool is_kept = false, doubtful = false;
};

Joined Join(const Room& room, const person::PersonView& view, const Interactions::Sought& sought,
            const std::string& packed) {
  // As a record that nobody knows: by its own id it would be somebody already.
  const uint64_t own = room.engine().KeyOf("sought|");
  const person::Incoming incoming{own, packed, {}};
  const auto people = view.Read();
  const person::Findings findings = person::Decide(*people, {&incoming, 1});
  Joined joined;
  for (const person::Finding& finding : findings.found) {
    if (finding.kind != person::Finding::Kind::kJoin || finding.others.empty()) {
      joined.doubtful = true;
      continue;
    }
    const person::Row row = people->Find(finding.others.front());
    if (row == person::kNoRow || !people->IsLive(row)) continue;
    joined.ordinal = people->OrdinalOf(row);
    if (sought.kept.empty()) continue;
    const person::Row kept = people->Find(room.engine().IdHash("Patient", sought.kept));
    joined.is_kept = kept != person::kNoRow && people->IsLive(kept) && people->IsSamePerson(kept, row);
  }
  // A record that would be joined is, whatever a clerk would be asked besides.
  joined.doubtful = joined.doubtful && joined.ordinal == 0;
  return joined;
}

}  // namespace

Result<std::vector<Interactions::Fit>> FindPersons(const Room& room,
                                                   std::span<const Interactions::Sought> sought) {
  std::vector<Interactions::Fit> fits(sought.size());
  if (room.context.persons == nullptr) return fits;
  const person::PersonView& view = *room.context.persons;
  TRY(view.CheckUsable());
  std::vector<view::Ordinal> ordinals;
  std::vector<size_t> places;
  for (size_t i = 0; i < sought.size(); ++i) {
    const std::string packed = view.PackPatient(sought[i].patient);
    if (view.KeysOf(packed).empty()) continue;
    const Joined joined = Join(room, view, sought[i], packed);
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
