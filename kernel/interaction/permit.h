// Who may see and change what, in one place: the type by the viewer's post, the record by his scope.
// A record out of scope is answered like one that does not exist, so that nobody learns of it by asking.
#pragma once

#include <span>

#include "kernel/interaction/room.h"

namespace tk::interaction {

Status CheckMayRead(const access::Viewer& viewer, std::string_view type);
/// Read, and by the scopes of a program also search: by criteria, in chains, in several types.
bool MaySearch(const access::Viewer& viewer, std::string_view type);
/// What a program's scopes say of the interaction itself, letter by letter (access/oauth/scopes.h); fine without a program. `conditional`: it searches too.
Status CheckGranted(const access::Viewer& viewer, std::string_view type, uint8_t letters, bool conditional);
/// Also: what lies in no area and governs the whole city, or is known to all of it (definitions, terminology, questionnaires, staff,
/// organizations, places; GovernsTheCity), is written and deleted by posts of the whole city only.
Status CheckMayWrite(const access::Viewer& viewer, std::string_view type);
/// The same of deleting, which writing does not bring along.
Status CheckMayDeleteOf(const access::Viewer& viewer, std::string_view type);
bool GovernsTheCity(std::string_view type);
/// The names, sorted.
std::span<const std::string_view> TypesOfTheCity();
Status CheckMayCall(const access::Viewer& viewer, std::string_view operation);
/// The id of the Patient who a resident's account is, as he stands now (Interactions::Seen). kForbidden: it is no resident's, or that record became another
/// person's since.
Result<std::string> OwnPatient(const access::Viewer& viewer);

/// The current version of a resource, as the viewer may see it.
struct Current {
  uint64_t id_hash = 0;
  view::Directory::Version version{};  // ordinal 0 = never was
  bool in_scope = true;                // false: it is, and is not his
  bool exists() const { return version.ordinal != 0 && !version.deleted; }
};
Current FindCurrent(const Room& room, const access::Viewer& viewer, std::string_view type,
                    std::string_view id, const view::Position& position);
/// kForbidden if a resource is out of scope and a write would touch it.
Status CheckWritable(const Current& current);

/// Areas of the persons that one transaction itself writes: their records are not yet in the directory.
using NewAreas = std::vector<std::pair<std::string, uint64_t>>;
/// May this viewer leave `now` behind? A write must not bring a record into an area that he may not see.
Status CheckPlace(const Room& room, const access::Viewer& viewer, const view::Resource& now,
                  const view::Position& position, const NewAreas& new_areas = {});

/// kForbidden for what the platform alone makes, and nobody may forge, change or take away: the Task of an emergency access, and the reviews (Task) and
/// decisions (Linkage) of the person index. Each has its operations.
Status CheckNotOurs(const Room& room, const view::Resource& resource);

/// A page of a search at `position`, within the viewer's scope and the request's time.
search::PageRequest ScopedRequest(const Room& room, const Call& call, const view::Position& position,
                                  size_t count);

Response NotFound(const Call& call);
Response Gone(uint32_t version);
/// A FHIR id: 1 to 64 of A-Z a-z 0-9 - .
bool IsId(std::string_view id);

}  // namespace tk::interaction
