#include "kernel/interaction/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::interaction {
namespace {

/// A page looks at no more than this many entries of the log; a sparse type then gives short pages with a next link.
constexpr uint64_t kScanMax = 2'000'000;

std::string PathOf(const Call& call) {
  std::string path;
  for (const std::string& part : call.request.path) path += "/" + part;
  return path;
}

Status ReadHistoryParameter(const Room& room, const Call& call, const Parameter& parameter,
                            HistoryRequest* out) {
  if (parameter.name == "_count") {
    out->count = std::min(TRY(ParseCount(parameter)), kPageCountMax);
  } else if (parameter.name == "_since") {
    const auto range = ParseDateRange(parameter.value, room.context.timezone_offset_min);
    if (!range.ok())
      return MakeError(ErrorCode::kIncorrect,
                       "_since is no instant: give one such as 2026-11-21T08:00:00+08:00 (with '+' as %2B).");
    out->since_ordinal = TRY(room.engine().FindTime(range->low_us - 1)).end_ordinal;
  } else if (parameter.name == "_at") {
    const auto range = ParseDateRange(parameter.value, room.context.timezone_offset_min);
    if (!range.ok())
      return MakeError(
          ErrorCode::kIncorrect,
          "_at is no date: give one such as 2026-11 or 2026-11-21T08:00:00+08:00 (with '+' as %2B).");
    out->has_at = true;
    out->at_position = TRY(room.engine().FindTime(range->low_us - 1));
    out->at_low = out->at_position.end_ordinal;
    out->at_high = TRY(room.engine().FindTime(range->high_us - 1)).end_ordinal;
  } else if (!TRY(ReadShapeParameter(room, call.type, parameter, &out->shape))) {
    if (!call.prefer.lenient)
      return UnknownParameter(parameter.name, "_count, _since, _at, _summary, _elements, _format, _pretty");
    return {};
  }
  out->self +=
      fmt::format("{}{}={}", out->self.empty() ? "" : "&", parameter.name, PercentEncode(parameter.value));
  return {};
}

/// Of a followed page the parameters are those of its first page.
Result<HistoryRequest> ParseHistoryParameters(const Room& room, const Call& call, std::string_view query,
                                              const view::Position& position) {
  HistoryRequest out;
  out.position = position;
  out.at_high = position.end_ordinal;
  const std::vector<Parameter> parameters = TRY(ParseParameters(query));
  for (const Parameter& parameter : parameters) TRY(ReadHistoryParameter(room, call, parameter, &out));
  if (out.has_at && out.since_ordinal > 1)
    return MakeError(ErrorCode::kIncorrect, "Give _since or _at, not both.");
  out.at_high = std::min(out.at_high, position.end_ordinal);
  return out;
}

}  // namespace

Result<HistoryRequest> ParseHistory(const Room& room, const Call& call) {
  if (call.page.empty()) return ParseHistoryParameters(room, call, call.query, room.engine().Head());
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != call.kind || cursor->type != call.type || cursor->id != call.id ||
      !call.query.empty()) {
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another request: follow the link as it was given.");
  }
  TRY(room.engine().Pin(cursor->position));
  HistoryRequest out = TRY(ParseHistoryParameters(room, call, cursor->self, cursor->position));
  out.offset = cursor->offset;
  return out;
}

Result<Response> HistoryPage(const Room& room, const Call& call, const HistoryRequest& request,
                             const std::vector<view::Ordinal>& ordinals, uint64_t next_offset,
                             std::optional<uint64_t> total) {
  const Texts texts = TRY(ReadMany(room, ordinals, kPageBytesMax, LostOnes::kKept));
  if (total) *total -= texts.passed - texts.size();  // versions of an erased person are none
  if (texts.passed < ordinals.size())
    next_offset = call.id.empty() ? ordinals[texts.passed - 1] : request.offset + texts.passed;
  std::string body;
  BundleWriter bundle(&body, "history");
  if (total) bundle.Total(*total);
  const std::string path = PathOf(call);
  bundle.Link("self", call.page.empty()
                          ? fmt::format("{}{}{}{}", call.request.base_url, path,
                                        request.self.empty() ? "" : "?", request.self)
                          : fmt::format("{}{}?_page={}", call.request.base_url, path, call.page));
  if (next_offset != 0) {
    TRY(room.engine().Pin(request.position));
    Cursor next;
    next.kind = call.kind;
    next.type = call.type;
    next.id = call.id;
    next.position = request.position;
    next.self = request.self;
    next.offset = next_offset;
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  std::string cut, outcome;
  for (size_t i = 0; i < texts.size(); ++i) {
    const Header& header = texts.header(i);
    if (!call.id.empty() && header.id != call.id) continue;  // another id of the same hash
    const std::string_view type = room.TypeName(header.type);
    // A record that moved to somebody out of the viewer's sight is not there in any version, as if it were asked for by its id.
    if (call.id.empty() && !call.viewer().scope.all() &&
        !FindCurrent(room, call.viewer(), type, header.id, request.position).in_scope)
      continue;
    const std::string url = fmt::format("{}/{}", type, header.id);
    BundleWriter::Entry entry;
    entry.full_url = FullUrl(call, type, header.id);
    const bool deleted = header.op == view::Operation::kDelete;
    const bool lost = texts.opened[i]->attachments_lost != 0;
    if (lost) outcome = OutcomeJson({LostIssue(room, *texts.opened[i])});
    if (lost)
      entry.outcome = outcome;
    else if (!deleted)
      entry.resource = TRY(Shaped(room, call.viewer(), request.shape, texts.body(i), &cut));
    const bool posted = header.op == view::Operation::kCreate && header.version == 1;
    const bool made = IsMade(room, header, texts.ordinals[i]);
    entry.method = deleted ? "DELETE" : posted ? "POST" : "PUT";
    entry.url = posted ? type : std::string_view(url);
    entry.status = deleted ? "204 No Content" : made ? "201 Created" : "200 OK";
    entry.etag = ETag(header.version);
    entry.last_modified = FormatInstant(header.at_us);
    bundle.Shows(header.owner);
    bundle.Add(entry);
  }
  bundle.End();
  return Showing(room, call, &bundle, JsonResponse(call, std::move(body), "history"));
}

Result<Response> HistoryScan(const Room& room, const Call& call, fhir::TypeId type) {
  const HistoryRequest request = TRY(ParseHistory(room, call));
  const view::Directory& directory = room.directory();
  std::vector<view::Ordinal> ordinals;
  std::vector<signed char> may_read(room.definitions->type_count(), -1);
  view::Ordinal ordinal = request.offset == 0 ? request.at_high : std::min(request.at_high, request.offset);
  const view::Ordinal lowest = request.has_at ? 1 : request.since_ordinal;
  const view::Ordinal stop = ordinal > kScanMax + lowest ? ordinal - kScanMax : lowest;
  bool full = false;
  uint64_t counted = 0;
  while (ordinal > stop && !full) {
    --ordinal;
    const auto column = directory.Get(ordinal);
    if (column.op == view::Operation::kErase || column.type >= may_read.size() ||
        (type != fhir::kNoType && column.type != type))
      continue;
    signed char& may = may_read[column.type];
    if (may < 0) may = call.viewer().MayRead(room.TypeName(column.type)) ? 1 : 0;
    if (may == 0 || !directory.InScope(ordinal, call.viewer().scope)) continue;
    if (request.has_at && ordinal < request.at_low && !directory.Live(ordinal, request.at_position)) continue;
    if (request.count == 0) {
      if (!room.engine().keys().IsDestroyed(column.owner)) ++counted;
      continue;
    }
    ordinals.push_back(ordinal);
    full = ordinals.size() == request.count;
  }
  if (request.count == 0) {
    // Of an area some are left out by what they are now (HistoryPage), which is not counted without reading them.
    const bool known = ordinal == lowest && call.viewer().scope.all();
    return HistoryPage(room, call, request, {}, 0, known ? std::optional(counted) : std::nullopt);
  }
  return HistoryPage(room, call, request, ordinals, ordinal > lowest ? ordinal : 0, std::nullopt);
}

}  // namespace tk::interaction
