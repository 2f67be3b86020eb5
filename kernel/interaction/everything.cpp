// Patient/[id]/$everything: the patient, what is in his compartment, and the practitioners, organizations, locations and medications that
// these name. Pages by cursor at one position; _since, _type, _count, start, end, in the URL or as POST of Parameters.
// Source: FHIR R4 patient-operation-everything.html.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>

#include "kernel/interaction/care_dates.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/reference_scan.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/search_type.h"

namespace tk::interaction {
namespace {

constexpr std::array<std::string_view, 6> kSupporting = {"Practitioner", "PractitionerRole", "Organization",
                                                         "Location",     "Medication",       "Device"};
constexpr size_t kScanPerPageMax =
    20'000;  // resources looked at for one page when start or end thins them out

bool IsSupporting(std::string_view type) {
  return std::find(kSupporting.begin(), kSupporting.end(), type) != kSupporting.end();
}

struct EverythingAsked {
  view::Position position;
  size_t count = kPageCountMax;
  std::vector<fhir::TypeId> types;  // empty = all
  view::Ordinal since_ordinal = 0;
  std::optional<DateRange> start, end;  // of care dates
  Shape shape;                          // of all that comes
  bool total_alone = false;             // _summary=count
  bool links_only = false;              // resources of other types are read for what they refer to
  std::string self;
  uint64_t offset = 0;  // of the compartment's resources: passed by earlier pages
  std::shared_ptr<const std::vector<view::Ordinal>> sent;

  bool Wants(fhir::TypeId type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};

Status ReadEverythingTypes(const Room& room, std::string_view list, EverythingAsked* out) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const fhir::TypeId type = room.definitions->FindType(name);
    if (!room.definitions->IsResource(type))
      return MakeError(
          ErrorCode::kIncorrect,
          "_type names something that is no resource type: give names such as Observation,Encounter.");
    out->types.push_back(type);
    out->links_only = out->links_only || IsSupporting(name);
  }
  return {};
}

Status ReadEverythingParameter(const Room& room, const Call& call, const Parameter& parameter,
                               EverythingAsked* out) {
  const bool is_date = parameter.name == "_since" || parameter.name == "start" || parameter.name == "end";
  if (is_date) {
    const auto range = ParseDateRange(parameter.value, room.context.timezone_offset_min);
    if (!range.ok())
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("{} is no date: give one such as 2026-11-21.", parameter.name));
    if (parameter.name == "_since")
      out->since_ordinal = TRY(room.engine().FindTime(range->low_us - 1)).end_ordinal;
    if (parameter.name == "start") out->start = *range;
    if (parameter.name == "end") out->end = *range;
  } else if (parameter.name == "_count") {
    const size_t count = std::min(TRY(ParseCount(parameter)), kPageCountMax);
    if (!out->total_alone) out->count = count;
  } else if (parameter.name == "_summary" && parameter.value == "count") {
    out->total_alone = true;
    out->count = 0;
  } else if (parameter.name == "_type") {
    TRY(ReadEverythingTypes(room, parameter.value, out));
  } else if (!TRY(ReadShapeParameter(room, fhir::kNoType, parameter, &out->shape))) {
    if (!call.prefer.lenient)
      return UnknownParameter(parameter.name,
                              "_since, _type, _count, start, end, _summary, _elements, _format, _pretty");
    return {};
  }
  out->self +=
      fmt::format("{}{}={}", out->self.empty() ? "" : "&", parameter.name, PercentEncode(parameter.value));
  return {};
}

Result<EverythingAsked> ReadEverythingAsked(const Room& room, const Call& call) {
  EverythingAsked asked;
  if (call.page.empty()) {
    asked.position = room.engine().Head();
    const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
    for (const Parameter& parameter : parameters) TRY(ReadEverythingParameter(room, call, parameter, &asked));
    if (asked.total_alone && (asked.start || asked.end))
      return MakeError(ErrorCode::kIncorrect,
                       "_summary=count cannot be told with start or end: how many there are shows when they "
                       "are read. Leave one of them out.");
    asked.sent = std::make_shared<const std::vector<view::Ordinal>>();
    return asked;
  }
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != call.kind || cursor->id != call.id || !call.query.empty()) {
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another request: follow the link as it was given.");
  }
  TRY(room.engine().Pin(cursor->position));
  asked.position = cursor->position;
  const std::vector<Parameter> parameters = TRY(ParseParameters(cursor->self));
  for (const Parameter& parameter : parameters) TRY(ReadEverythingParameter(room, call, parameter, &asked));
  asked.offset = cursor->offset;
  asked.sent = cursor->sent;
  return asked;
}

/// The compartment's resources that are asked for, or to be read for what they refer to; the patient first.
Result<std::vector<view::Ordinal>> Select(const Room& room, const Call& call, const EverythingAsked& asked,
                                          view::Ordinal patient) {
  std::vector<view::Ordinal> out{patient};
  for (const view::Ordinal ordinal : TRY(room.index().Compartment(call.id, asked.position))) {
    if (ordinal != patient) out.push_back(ordinal);
  }
  std::vector<signed char> wanted(room.definitions->type_count(), -1);
  const view::Directory& directory = room.directory();
  const auto owner_of = [&](view::Ordinal ordinal) {
    return directory.OwnerNow(directory.Get(ordinal).owner);
  };
  // That somebody else's names him is content.
  const auto is_content = [&](view::Ordinal ordinal) {
    return directory.Hides(ordinal, call.viewer().scope) && owner_of(ordinal) != owner_of(patient);
  };
  const auto drop = [&](view::Ordinal ordinal) {
    const fhir::TypeId type = directory.Get(ordinal).type;
    if (type >= wanted.size()) return true;
    signed char& wants = wanted[type];
    if (wants < 0) {
      const bool asked_for = asked.links_only || asked.Wants(type);
      wants = asked_for && call.viewer().MayRead(room.TypeName(type)) ? 1 : 0;
    }
    return wants == 0 || ordinal < asked.since_ordinal || !directory.InScope(ordinal, call.viewer().scope) ||
           is_content(ordinal);
  };
  out.erase(std::remove_if(out.begin(), out.end(), drop), out.end());
  return out;
}

/// The text of a JSON string's inside; "" if it is none (cut at an escaped quote). Links hardly ever have escapes.
std::string Unescaped(std::string_view inside) {
  if (inside.find('\\') == std::string_view::npos) return std::string(inside);
  const auto document = fhir::Document::Parse(fmt::format(R"({{"reference":"{}"}})", inside));
  return document.ok() ? document->Root()["reference"].ToString() : std::string();
}

/// Ordinals of supporting resources that a page's texts refer to; each link is looked up once.
class Supporting {
 public:
  Supporting(const Room& room, const Call& call, const EverythingAsked& asked)
      : room_(room), call_(call), asked_(asked) {}

  /// `json` is minified and not parsed: a quote within a string is escaped, so that the searched text is only ever a member. What reads
  /// like a link and leads nowhere is passed over, as a link that leads nowhere is.
  void Collect(std::string_view json, std::vector<view::Ordinal>* out) {
    ForReferences(json, [&](std::string_view inside) {
      // Most lead to the patient or to what is about him; an escaped one is unescaped before it is told which.
      const bool may_lead =
          IsSupporting(inside.substr(0, inside.find('/'))) || inside.find('\\') != inside.npos;
      if (!may_lead || !seen_.insert(std::string(inside)).second) return;
      if (const view::Ordinal ordinal = Find(Unescaped(inside)); ordinal != 0) out->push_back(ordinal);
    });
  }

  /// What is named where he sees no content does not come for it.
  void CollectAll(const Texts& texts, std::vector<view::Ordinal>* out) {
    for (size_t i = 0; i < texts.size(); ++i) {
      if (!room_.directory().Hides(texts.ordinals[i], call_.viewer().scope)) Collect(texts.body(i), out);
    }
  }

 private:
  view::Ordinal Find(std::string_view link) const {
    const size_t slash = link.find('/');
    if (slash == std::string_view::npos || link.find('/', slash + 1) != std::string_view::npos) return 0;
    const std::string_view type = link.substr(0, slash);
    if (!IsSupporting(type) || !asked_.Wants(room_.definitions->FindType(type)) ||
        !call_.viewer().MayRead(type))
      return 0;
    const Current current = FindCurrent(room_, call_.viewer(), type, link.substr(slash + 1), asked_.position);
    return current.exists() && current.in_scope ? current.version.ordinal : 0;
  }

  const Room& room_;
  const Call& call_;
  const EverythingAsked& asked_;
  std::unordered_set<std::string> seen_;
};

Status AddEntries(const Room& room, const Call& call, const Shape& shape, const Texts& texts,
                  std::string_view mode, BundleWriter* bundle) {
  std::string cut;
  for (size_t i = 0; i < texts.size(); ++i) {
    const Header& header = texts.header(i);
    bundle->Shows(header.owner);
    bundle->AddFound(call.request.base_url, room.TypeName(header.type), header.id,
                     TRY(Shaped(room, call.viewer(), shape, texts.body(i), &cut)), mode);
  }
  return {};
}

/// What of the person does not come: records that cannot be read, and of types that this program does not know (whose they are is not known either).
void AddLeftOut(const Room& room, const Texts& page, const Texts& supporting, BundleWriter* bundle) {
  std::vector<Issue> told;
  TellLost(room, page, &told);
  TellLost(room, supporting, &told);
  for (const view::Engine::UnknownType& type : room.engine().UnknownTypes())
    told.push_back(
        {Severity::kWarning,
         "incomplete",
         {},
         fmt::format("Records of the type {} are kept here, which this program has no definition of: "
                     "should any be this person's, they are left out.",
                     type.name)});
  AddOutcome(told, bundle);
}

/// Reads on from `asked.offset` until a page is full; `*next` = how many were passed, `*others` = texts that are read for their links alone.
Result<Texts> ReadPage(const Room& room, const Call& call, const EverythingAsked& asked,
                       const std::vector<view::Ordinal>& all, uint64_t* next, Texts* others) {
  Texts page;
  CareDates dates(room, asked.start, asked.end);
  const bool dated = asked.start || asked.end;
  size_t at = static_cast<size_t>(asked.offset);
  const size_t stop = std::min(all.size(), at + kScanPerPageMax);
  size_t bytes = 0;
  while (at < stop && page.size() < asked.count && bytes < kPageBytesMax) {
    const size_t take = std::min(stop - at, asked.count - page.size());
    Texts some = TRY(ReadMany(room,
                              std::vector<view::Ordinal>(all.begin() + static_cast<ptrdiff_t>(at),
                                                         all.begin() + static_cast<ptrdiff_t>(at + take)),
                              kPageBytesMax - bytes));
    for (size_t i = 0; i < some.size(); ++i) {
      const fhir::TypeId type = some.header(i).type;
      // Within which dates it lies is content.
      if (dated && room.directory().Hides(some.ordinals[i], call.viewer().scope)) continue;
      if (dated && !TRY(dates.Within(type, some.body(i)))) continue;
      const bool wanted = asked.Wants(type);
      if (wanted) bytes += some.body(i).size();
      (wanted ? page : *others).Add(some.ordinals[i], std::move(some.opened[i]));
    }
    for (auto& text : some.lost) {
      if (asked.Wants(text->header.type)) page.lost.push_back(std::move(text));
    }
    for (const view::Ordinal damaged : some.damaged) {
      if (asked.Wants(room.directory().Get(damaged).type)) page.damaged.push_back(damaged);
    }
    at += some.passed;
  }
  *next = at;
  return page;
}

/// What the page's resources refer to and no page brought yet.
Result<Texts> ReadSupporting(const Room& room, const Call& call, const EverythingAsked& asked,
                             const Texts& page, const Texts& others, const std::vector<view::Ordinal>& all) {
  std::vector<view::Ordinal> found;
  Supporting supporting(room, call, asked);
  supporting.CollectAll(page, &found);
  supporting.CollectAll(others, &found);
  if (found.empty()) return Texts();
  // Their own organization and place too: a role names both.
  Texts out;
  std::unordered_set<view::Ordinal> known(asked.sent->begin(), asked.sent->end());
  known.insert(all.begin(), all.end());
  for (int round = 0; round < 3 && !found.empty(); ++round) {
    found.erase(std::remove_if(found.begin(), found.end(),
                               [&known](view::Ordinal o) { return !known.insert(o).second; }),
                found.end());
    Texts some = TRY(ReadMany(room, found, SIZE_MAX));  // of one page: no other brings them
    found.clear();
    for (size_t i = 0; i < some.size(); ++i) {
      supporting.Collect(some.body(i), &found);
      out.Add(some.ordinals[i], std::move(some.opened[i]));
    }
    std::move(some.lost.begin(), some.lost.end(), std::back_inserter(out.lost));
    out.damaged.insert(out.damaged.end(), some.damaged.begin(), some.damaged.end());
  }
  return out;
}

}  // namespace

Result<Response> Everything(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$everything"));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  const EverythingAsked asked = TRY(ReadEverythingAsked(room, call));
  const Current patient = FindCurrent(room, call.viewer(), "Patient", call.id, asked.position);
  if (patient.version.ordinal == 0 || !patient.in_scope) return NotFound(call);
  if (patient.version.deleted) return Gone(patient.version.version);
  const std::vector<view::Ordinal> all = TRY(Select(room, call, asked, patient.version.ordinal));
  uint64_t next_offset = asked.count == 0 ? all.size() : 0;
  Texts page, supporting, others;
  if (asked.count != 0) {
    page = TRY(ReadPage(room, call, asked, all, &next_offset, &others));
    supporting = TRY(ReadSupporting(room, call, asked, page, others, all));
  }
  std::string body;
  BundleWriter bundle(&body, "searchset");
  if (!asked.start && !asked.end) {
    const auto wanted = [&](view::Ordinal ordinal) {
      return asked.types.empty() || asked.Wants(room.directory().Get(ordinal).type);
    };
    bundle.Total(static_cast<uint64_t>(std::count_if(all.begin(), all.end(), wanted)));
  }
  const std::string path = fmt::format("/Patient/{}/$everything", call.id);
  bundle.Link("self", call.page.empty()
                          ? fmt::format("{}{}{}{}", call.request.base_url, path,
                                        asked.self.empty() ? "" : "?", asked.self)
                          : fmt::format("{}{}?_page={}", call.request.base_url, path, call.page));
  if (next_offset < all.size()) {
    TRY(room.engine().Pin(asked.position));
    auto sent = std::make_shared<std::vector<view::Ordinal>>(*asked.sent);
    sent->insert(sent->end(), supporting.ordinals.begin(), supporting.ordinals.end());
    Cursor next;
    next.kind = call.kind;
    next.type = call.type;
    next.id = call.id;
    next.position = asked.position;
    next.self = asked.self;
    next.offset = next_offset;
    next.sent = std::move(sent);
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  if (asked.shape.whole())
    bundle.Reserve(page.size() + supporting.size(), page.body_bytes() + supporting.body_bytes());
  TRY(AddEntries(room, call, asked.shape, page, "match", &bundle));
  TRY(AddEntries(room, call, asked.shape, supporting, "include", &bundle));
  if (asked.count != 0) AddLeftOut(room, page, supporting, &bundle);
  bundle.End();
  return Showing(room, call, &bundle, JsonResponse(call, std::move(body), "everything"));
}

}  // namespace tk::interaction
