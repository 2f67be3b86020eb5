#include "kernel/interaction/respond.h"

#include <fmt/format.h>

#include <span>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::interaction {

Result<Response> StoredResource(const Room& room, const Call& call, view::Ordinal ordinal,
                                const Shape& shape) {
  Response response;
  const view::Engine::TextPtr text = TRY(room.engine().OpenText(ordinal));
  const Header& header = text->header;
  if (header.id != call.id || header.type != call.type) return NotFound(call);  // another id of the same hash
  std::string cut;
  response.body = TRY(Shaped(room, call.viewer(), shape, text->json, &cut));
  if (call.pretty) response.body = PrettyJson(response.body);
  response.etag = ETag(header.version);
  response.last_modified_us = header.at_us;
  response.audit_type = call.type_name;
  response.audit_id = call.id;
  response.audit_action = "read";
  // Taken with the answer: who changes whom the record is about a moment later changes nothing of who was looked at.
  response.audit_owner = room.directory().OwnerNow(room.directory().Get(ordinal).owner);
  return response;
}

Result<bool> ReadShapeParameter(const Room& room, fhir::TypeId type, const Parameter& parameter,
                                Shape* shape) {
  if (parameter.name == "_summary") {
    shape->summary = TRY(ParseSummary(parameter.value));
    if (shape->summary != search::Summary::kCount) return true;
    return MakeError(ErrorCode::kIncorrect,
                     "_summary=count is for searches; here it may be true, text, data or false.");
  }
  if (parameter.name != "_elements") return false;
  shape->elements = TRY(ParseElements(*room.definitions, type, parameter.value));
  return true;
}

Result<Shape> ReadShape(const Room& room, const Call& call) {
  Shape shape;
  if (call.query.empty()) return shape;
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  for (const Parameter& parameter : parameters) {
    if (!TRY(ReadShapeParameter(room, call.type, parameter, &shape)) && !call.prefer.lenient)
      return UnknownParameter(parameter.name, "_summary, _elements, _format, _pretty");
  }
  return shape;
}

namespace {

void TakeText(view::Ordinal ordinal, view::Engine::TextPtr text, LostOnes lost, Texts* out) {
  // Of a type that this program does not know, by an index of when it did.
  if (text->header.type == fhir::kNoType) return;
  if (text->attachments_lost != 0 && lost == LostOnes::kLeftOut)
    out->lost.push_back(std::move(text));
  else
    out->Add(ordinal, std::move(text));
}

/// Appends to `out`.
Status ReadAll(const Room& room, std::span<const view::Ordinal> asked, LostOnes lost, Texts* out) {
  auto opened = room.engine().OpenTexts(asked);
  if (opened.ok()) {
    for (size_t i = 0; i < asked.size(); ++i) TakeText(asked[i], std::move((*opened)[i]), lost, out);
    return {};
  }
  const auto is_left_out = [lost](const Error& error) {
    return lost == LostOnes::kLeftOut && view::IsDamage(error);
  };
  if (opened.error().code != ErrorCode::kGone && !is_left_out(opened.error())) return opened.TakeError();
  // A person of this page was erased after it was found, or an entry is damaged: read one by one and leave it out.
  for (const view::Ordinal ordinal : asked) {
    auto text = OpenAsFound(room, ordinal);
    if (!text.ok() && text.error().code == ErrorCode::kGone) continue;
    if (!text.ok() && is_left_out(text.error())) {
      out->damaged.push_back(ordinal);
      continue;
    }
    TakeText(ordinal, TRY(std::move(text)), lost, out);
  }
  return {};
}

}  // namespace

Result<Texts> ReadMany(const Room& room, const std::vector<view::Ordinal>& ordinals, size_t bytes_max,
                       LostOnes lost) {
  // A usual page (20) first: how large its texts are says how many more are read at once.
  constexpr size_t kFirst = 20, kTextUsual = 16 << 10;
  Texts texts;
  size_t bytes = 0;
  while (texts.passed < ordinals.size() && (texts.passed == 0 || bytes < bytes_max)) {
    const size_t left = bytes_max - std::min(bytes, bytes_max);
    const size_t fit = texts.passed == 0 ? kFirst : left / std::max(bytes / texts.passed, kTextUsual);
    const size_t count = std::min(ordinals.size() - texts.passed, std::max<size_t>(fit, 1));
    const size_t before = texts.size();
    TRY(ReadAll(room, std::span(ordinals).subspan(texts.passed, count), lost, &texts));
    texts.passed += count;
    for (size_t i = before; i < texts.size(); ++i) bytes += texts.body(i).size();
  }
  return texts;
}

Result<view::Engine::TextPtr> OpenAsFound(const Room& room, view::Ordinal ordinal) {
  return TRY(room.engine().OpenTexts({&ordinal, 1})).front();
}

Issue LostIssue(const Room& room, const view::Engine::Text& text) {
  return {Severity::kWarning,
          "incomplete",
          {},
          fmt::format(
              "{}/{} (version {}) cannot be read and is left out: {} of its attachments is missing or "
              "damaged. An operator can put the file of a backup back.",
              room.TypeName(text.header.type), text.header.id, text.header.version, text.attachments_lost)};
}

void TellLost(const Room& room, const Texts& texts, std::vector<Issue>* issues) {
  for (const auto& text : texts.lost) issues->push_back(LostIssue(room, *text));
  for (const view::Ordinal ordinal : texts.damaged)
    issues->push_back({Severity::kWarning,
                       "incomplete",
                       {},
                       fmt::format("One of type {} cannot be read and is left out: its entry of the log ({}) "
                                   "is damaged. An operator can restore from a backup.",
                                   room.TypeName(room.directory().Get(ordinal).type), ordinal)});
}

bool IsMade(const Room& room, const Header& header, view::Ordinal ordinal) {
  if (header.op != view::Operation::kUpdate) return header.op == view::Operation::kCreate;
  if (header.version == 1) return true;
  view::Position before = room.engine().Head();
  before.end_ordinal = ordinal;
  return room.directory()
      .Current(room.engine().IdHash(room.TypeName(header.type), header.id), before)
      .deleted;
}

std::string PageLink(const Room& room, const Call& call, std::string_view path, Cursor cursor) {
  cursor.account = call.viewer().account;
  return fmt::format("{}{}?_page={}", call.request.base_url, path, room.cursors->Keep(std::move(cursor)));
}

std::string SelfLink(const Call& call, std::string_view path, std::string_view asked) {
  if (!call.page.empty()) return fmt::format("{}{}?_page={}", call.request.base_url, path, call.page);
  return fmt::format("{}{}{}{}", call.request.base_url, path, asked.empty() ? "" : "?", asked);
}

Response JsonResponse(const Call& call, std::string json, std::string_view audit_action) {
  Response response;
  response.body = call.pretty ? PrettyJson(json) : std::move(json);
  response.audit_type = call.type_name;
  response.audit_id = call.id;
  response.audit_action = audit_action;
  return response;
}

Response Telling(const Room& room, const Call& call, std::span<const view::Ordinal> ordinals,
                 Response response) {
  if (!call.request.tells_owners) return response;
  for (const view::Ordinal ordinal : ordinals) {
    const view::OwnerNumber owner = room.directory().OwnerNow(room.directory().Get(ordinal).owner);
    if (owner != 0) response.audit_owners.push_back(owner);
  }
  response.audit_owners = BundleWriter::DistinctOwners(std::move(response.audit_owners));
  return response;
}

Response Showing(const Room& room, const Call& call, BundleWriter* bundle, Response response) {
  if (!call.request.tells_owners) return response;
  response.audit_owners = bundle->TakeShown();
  // A Binary is whose the record is where it stands.
  for (uint32_t& owner : response.audit_owners) owner = room.directory().OwnerNow(owner);
  response.audit_owners = BundleWriter::DistinctOwners(std::move(response.audit_owners));
  return response;
}

view::OwnerNumber OwnerOf(const Room& room, std::string_view type, std::string_view id) {
  if (type.empty() || id.empty()) return 0;
  const auto version = room.directory().Current(room.engine().IdHash(type, id), room.engine().Head());
  if (version.ordinal == 0) return 0;
  return room.directory().OwnerNow(room.directory().Get(version.ordinal).owner);
}

view::OwnerNumber NamedOwner(const Room& room, const Response& response) {
  return response.audit_owner != 0 ? response.audit_owner
                                   : OwnerOf(room, response.audit_type, response.audit_id);
}

std::string FullUrl(const Call& call, std::string_view type, std::string_view id) {
  std::string url;  // once for every entry of a bundle
  url.reserve(call.request.base_url.size() + type.size() + id.size() + 2);
  return url.append(call.request.base_url).append("/").append(type).append("/").append(id);
}

void AppendVersioned(const view::Resource& resource, Instant at_us, std::string* out) {
  log::Content content;
  content.text = std::string(resource.document.Text());
  content.splice = resource.splice;
  content.has_meta = resource.has_meta;
  log::AppendResource(content, resource.version, at_us, out);
}

}  // namespace tk::interaction
