// read: GET and HEAD [type]/[id]. A platform type's own definition is answered without being stored: under the last part of its url, which
// metadata names. It has no version and cannot be written; one that is stored under this id goes before it.
// Source: FHIR R4 http.html#read, #cread.
#include <optional>

#include "kernel/fhir/canonicals.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

namespace {

/// The definition of a platform type, with this id; absent: there is none.
Result<std::optional<Response>> PlatformDefinition(const Room& room, const Call& call, const Shape& shape) {
  if (call.type_name != "StructureDefinition") return std::optional<Response>();
  const fhir::Definitions& definitions = *room.definitions;
  for (size_t i = 0; i < definitions.type_count(); ++i) {
    const std::string_view url = definitions.Type(static_cast<fhir::TypeId>(i)).url;
    if (url.empty() || url.substr(url.rfind('/') + 1) != call.id) continue;
    const auto found = definitions.given().Find("StructureDefinition", url);
    if (found == nullptr) continue;
    std::string json, cut;
    fhir::JsonWriter out(&json);
    out.Object().Member("resourceType", "StructureDefinition").Member("id", call.id);
    for (const fhir::Value member : found->Root()) {
      if (member.name_text() != "resourceType" && member.name_text() != "id")
        out.Key(member.name_text()).Raw(member.Json());
    }
    out.End();
    const std::string_view shaped = TRY(Shaped(definitions, shape, json, &cut));
    return std::optional(JsonResponse(call, std::string(shaped), "read"));
  }
  return std::optional<Response>();
}

}  // namespace

namespace {

/// Was nothing else written under this id in the same second? One read, where there is a version before. False where that cannot be said.
bool IsAloneInSecond(const Room& room, const Call& call, const Current& current, Instant at_us) {
  view::Position before = room.engine().Head();
  before.end_ordinal = current.version.ordinal;
  const auto earlier = room.directory().Current(room.engine().IdHash(call.type_name, call.id), before);
  if (earlier.ordinal == 0) return true;
  const auto entry = room.engine().log().Read(earlier.ordinal);
  return entry.ok() && entry->at_us / kSecondUs < at_us / kSecondUs;
}

}  // namespace

Result<Response> Read(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const Shape shape = TRY(ReadShape(room, call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (!current.exists() || !current.in_scope) {
    if (auto definition = TRY(PlatformDefinition(room, call, shape))) return *std::move(definition);
    if (!current.exists() && current.version.ordinal != 0 && current.in_scope)
      return Gone(current.version.version);
    return NotFound(call);
  }
  Response response;
  if (NamesVersion(call.request.if_none_match, current.version.version)) {
    response.status = 304;  // known without reading the text
    response.etag = ETag(current.version.version);
    return response;
  }
  response = TRY(StoredResource(room, call, current.version.ordinal, shape));
  if (response.status == 200 &&
      NotModified(call.request, current.version.version, response.last_modified_us,
                  [&] { return IsAloneInSecond(room, call, current, response.last_modified_us); })) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

}  // namespace tk::interaction
