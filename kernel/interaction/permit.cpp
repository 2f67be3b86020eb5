#include "kernel/interaction/permit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/access/oauth/scopes.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/prefer.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {

Status CheckMayRead(const access::Viewer& viewer, std::string_view type) {
  if (viewer.MayRead(type)) return {};
  return MakeError(ErrorCode::kForbidden, fmt::format("Your post may not read {}.", type));
}

bool MaySearch(const access::Viewer& viewer, std::string_view type) {
  return viewer.MayRead(type) && viewer.IsGranted(type, access::oauth::kSearch);
}

Status CheckGranted(const access::Viewer& viewer, std::string_view type, uint8_t letters, bool conditional) {
  if (viewer.IsGranted(type, letters) && (!conditional || viewer.IsGranted(type, access::oauth::kSearch)))
    return {};
  return MakeError(ErrorCode::kForbidden,
                   fmt::format("What this program was granted does not let it do this with {}.", type));
}

namespace {

// FHIR R4 resourcelist.html: conformance, terminology, definitional artifacts, and the registers of who and where; a Subscription hears of everything.
constexpr std::array<std::string_view, 42> kTypesOfTheCity = {
    "ActivityDefinition",
    "CapabilityStatement",
    "CatalogEntry",
    "ChargeItemDefinition",
    "CodeSystem",
    "CompartmentDefinition",
    "ConceptMap",
    "DeviceDefinition",
    "EffectEvidenceSynthesis",
    "Endpoint",
    "EventDefinition",
    "Evidence",
    "EvidenceVariable",
    "ExampleScenario",
    "GraphDefinition",
    "HealthcareService",
    "ImplementationGuide",
    "InsurancePlan",
    "Library",
    "Location",
    "Measure",
    "MedicationKnowledge",
    "MessageDefinition",
    "NamingSystem",
    "ObservationDefinition",
    "OperationDefinition",
    "Organization",
    "OrganizationAffiliation",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "ResearchDefinition",
    "ResearchElementDefinition",
    "RiskEvidenceSynthesis",
    "SearchParameter",
    "SpecimenDefinition",
    "StructureDefinition",
    "StructureMap",
    "Subscription",
    "TerminologyCapabilities",
    "ValueSet",
};

}  // namespace

std::span<const std::string_view> TypesOfTheCity() { return kTypesOfTheCity; }

bool GovernsTheCity(std::string_view type) {
  return std::binary_search(kTypesOfTheCity.begin(), kTypesOfTheCity.end(), type);
}

Status CheckMayWrite(const access::Viewer& viewer, std::string_view type) {
  if (!viewer.MayWrite(type))
    return MakeError(ErrorCode::kForbidden, fmt::format("Your post may not write {}.", type));
  if (viewer.scope.everything || !GovernsTheCity(type)) return {};
  return MakeError(
      ErrorCode::kForbidden,
      fmt::format(
          "A {} lies in no area and counts for the whole city: let a post of the whole city write it.",
          type));
}

Status CheckMayDeleteOf(const access::Viewer& viewer, std::string_view type) {
  TRY(CheckMayWrite(viewer, type));
  if (viewer.MayDelete(type)) return {};
  return MakeError(ErrorCode::kForbidden,
                   fmt::format("Your post may not delete {}: mark what is wrong as such (a status such as "
                               "entered-in-error or inactive), and it stays to be seen what was there.",
                               type));
}

Status CheckMayCall(const access::Viewer& viewer, std::string_view operation) {
  if (viewer.MayCall(operation)) return {};
  return MakeError(ErrorCode::kForbidden, fmt::format("Your post may not call {}.", operation));
}

Result<std::string> OwnPatient(const access::Viewer& viewer) {
  constexpr std::string_view kPatient = "Patient/";
  if (viewer.anothers_us != 0)
    return MakeError(ErrorCode::kForbidden,
                     "The record to which this account is bound became another person's: ask the office that "
                     "gave you the account to look.");
  if (!viewer.record.starts_with(kPatient))
    return MakeError(ErrorCode::kForbidden, "This account belongs to no resident.");
  return viewer.record.substr(kPatient.size());
}

Current FindCurrent(const Room& room, const access::Viewer& viewer, std::string_view type,
                    std::string_view id, const view::Position& position) {
  Current current;
  current.id_hash = room.engine().IdHash(type, id);
  current.version = room.directory().Current(current.id_hash, position);
  if (current.version.ordinal != 0)
    current.in_scope = room.directory().InScope(current.version.ordinal, viewer.scope);
  return current;
}

Status CheckWritable(const Current& current) {
  if (current.in_scope) return {};
  return MakeError(ErrorCode::kForbidden,
                   "This id is taken, or the record is outside your area: choose another id, or ask who is "
                   "in charge of it.");
}

namespace {

struct Owner {
  uint64_t area = 0;
  view::OwnerNumber number = 0;
};

/// Whether resources of the type say themselves where they lie.
bool HasArea(const Room& room, fhir::TypeId type) {
  const std::string_view name = room.TypeName(type);
  return name == "Patient" || name == "Practitioner";
}

/// Where the person `name` ("Patient/1") stands: by this transaction's own records first, then by the directory.
Owner FindOwner(const Room& room, std::string_view name, const view::Position& position,
                const NewAreas& new_areas) {
  Owner owner;
  // Patients and practitioners are their own owners, whom the keys know by name: a look-up in memory instead of one in runs on disk. Somebody of
  // whom there is no record has no area. Whose a context is stands with its record only.
  const bool is_person = name.starts_with("Patient/") || name.starts_with("Practitioner/");
  const auto known = is_person ? room.engine().keys().Find(name) : Result<view::OwnerNumber>(0u);
  if (is_person && known.ok()) {
    owner.number = *known;
    if (owner.number != 0) owner.area = room.directory().AreaOf(owner.number);
  } else {
    const size_t slash = name.find('/');
    const auto version = room.directory().Current(
        room.engine().IdHash(name.substr(0, slash), name.substr(slash + 1)), position);
    if (version.ordinal != 0) {
      owner.number = room.directory().OwnerNow(room.directory().Get(version.ordinal).owner);
      owner.area = room.directory().AreaOf(owner.number);
    }
  }
  for (const auto& [person, area] : new_areas) {
    if (person == name) owner.area = area;
  }
  return owner;
}

}  // namespace

Status CheckNotOurs(const Room& room, const view::Resource& resource) {
  const std::string_view type = room.TypeName(resource.type);
  if (type != "Task" && type != "Linkage") return {};
  const fhir::Value root = resource.document.Root();
  if (type == "Task" && IsEmergencyTask(root))
    return MakeError(
        ErrorCode::kForbidden,
        "An emergency access and its review are made by $emergency-access and $review alone: their "
        "Task is not written, changed or deleted otherwise.");
  if (type == "Task" && view::IsReview(root))
    return MakeError(
        ErrorCode::kForbidden,
        "Reviews of the person index are made by it alone, and settled by a decision about their "
        "records ($link, $merge, $not-same): their Task is not written, changed or deleted "
        "otherwise.");
  if (person::IsPersonLink(root))
    return MakeError(ErrorCode::kForbidden,
                     "What is marked by the extension person-link is made by the person index and its "
                     "operations alone ($link, $merge, $not-same, $unmerge): it is not written, changed or "
                     "deleted otherwise.");
  return {};
}

namespace {

/// One answer for all of them: which it is would tell who is there, and who denies.
Error NotReached() {
  return MakeError(
      ErrorCode::kForbidden,
      "The person whom this record is about is not in your area, is closed to you, or does not exist.");
}

}  // namespace

Status CheckPlace(const Room& room, const access::Viewer& viewer, const view::Resource& now,
                  const view::Position& position, const NewAreas& new_areas) {
  const fhir::Value root = now.document.Root();
  if (!root) return {};  // a delete leaves nothing behind
  TRY(CheckNotOurs(room, now));
  if (IsConsentOfNobody(root))
    return MakeIssue(ErrorCode::kInvalid, "value", "Consent.patient",
                     "An active Consent counts for the Patient whose it is, and this one names none who is "
                     "kept here: refer to him (Patient/[id]).");
  if (room.TypeName(now.type) == "RelatedPerson" && IsVerifiedGuardian(root) &&
      !viewer.MayCall("verify-guardian"))
    return MakeIssue(
        ErrorCode::kForbidden, "forbidden", "RelatedPerson.meta.tag",
        "That a guardianship is verified opens the child's records: it is written by a post with the "
        "operation verify-guardian.");
  if (viewer.scope.all()) return {};
  const view::Owners& owners = room.engine().owners();
  std::string name = owners.NameOf(now);
  // What takes its owner from another resource stands where that one does; one that is new comes through here by itself.
  if (name.empty()) name = owners.ContextOf(now.type, root);
  if (name.empty()) return {};
  const bool is_self = name == owners.OwnName(now.type, now.id);
  if (is_self && !HasArea(room, now.type) && !viewer.scope.everything)
    return MakeError(ErrorCode::kForbidden,
                     "The record holds data of persons and is not about one who is known here: refer to one "
                     "Patient, or let a post of the whole city store it.");
  Owner owner = FindOwner(room, name, position, new_areas);
  const uint64_t lies_in = owner.number == 0 ? 0 : room.directory().AreaOf(owner.number);
  if (is_self) owner.area = view::AreaOfResource(root);
  const view::Scope& scope = viewer.scope;
  // First: whoever is narrowed to one person is so whatever else opens others.
  if (scope.only_owner != 0 && owner.number != scope.only_owner)
    return MakeError(ErrorCode::kForbidden, "You may write records about one person only.");
  if (scope.beyond != nullptr && owner.number != 0) {
    const view::Beyond& beyond = *scope.beyond;
    if (std::binary_search(beyond.closed.begin(), beyond.closed.end(), owner.number)) return NotReached();
    if (std::binary_search(beyond.open.begin(), beyond.open.end(), owner.number)) {
      if (!is_self || owner.area == lies_in) return {};
      // Whoever was let in by a relation writes about the person, and does not move him.
      if (!scope.everything && (lies_in < scope.area_low || lies_in >= scope.area_high))
        return MakeIssue(ErrorCode::kForbidden, "forbidden",
                         fmt::format("{}.meta.tag", room.TypeName(now.type)),
                         "The person lies in another area and stays there: leave the tag as it is.");
    }
  }
  if (scope.everything) return {};
  if (scope.only_owner != 0 && scope.area_low == scope.area_high) return {};
  if (name.rfind("Patient/", 0) != 0 && owner.area == 0) return {};  // staff who belong to no area
  if (owner.area >= scope.area_low && owner.area < scope.area_high) return {};
  if (!is_self) return NotReached();
  return MakeIssue(
      ErrorCode::kForbidden, "forbidden", fmt::format("{}.meta.tag", room.TypeName(now.type)),
      fmt::format("The record would lie outside your area: give meta.tag a code of your area, system {}.",
                  view::kAreaSystem));
}

search::PageRequest ScopedRequest(const Room& room, const Call& call, const view::Position& position,
                                  size_t count) {
  search::PageRequest request;
  request.position = position;
  request.scope = call.viewer().scope;
  request.count = count;
  request.deadline_us = call.request.deadline_us;
  request.find_time = [engine = &room.engine()](Instant at_us) -> Result<view::Ordinal> {
    return TRY(engine->FindTime(at_us)).end_ordinal;
  };
  request.read = [engine = &room.engine()](view::Ordinal ordinal) { return engine->Read(ordinal); };
  return request;
}

Response NotFound(const Call& call) {
  return Refusal(404, "not-found", fmt::format("There is no such {}.", call.type_name));
}

Response Gone(uint32_t version) {
  Response response = Refusal(410, "deleted", "This resource was deleted.");
  response.etag = ETag(version);
  return response;
}

bool IsId(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), allowed);
}

}  // namespace tk::interaction
