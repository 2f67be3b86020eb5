#include "kernel/interaction/write.h"

#include <fmt/format.h>

#include "kernel/base/text.h"
#include "kernel/fhir/json_text.h"
#include "kernel/fhir/validate.h"
#include "kernel/forms/form.h"
#include "kernel/interaction/alerts.h"
#include "kernel/interaction/by_rules.h"
#include "kernel/interaction/conformance.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/merge_links.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/own_hand.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/record_rights.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/rule_stamps.h"
#include "kernel/interaction/states.h"
#include "kernel/interaction/summary.h"
#include "kernel/rules/watch_view.h"

namespace tk::interaction {
namespace {

std::string_view SkipBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Takes `token` (after blanks) off the front of `text`.
bool Take(std::string_view* text, std::string_view token) {
  *text = SkipBlanks(*text);
  if (text->substr(0, token.size()) != token) return false;
  text->remove_prefix(token.size());
  return true;
}

/// `body` with the id put in behind a leading `"resourceType":"X"`; "" when it begins otherwise.
std::string PutIdInText(std::string_view body, std::string_view type, std::string_view id) {
  std::string_view rest = body;
  if (!Take(&rest, "{") || !Take(&rest, "\"resourceType\"") || !Take(&rest, ":") || !Take(&rest, "\"") ||
      !Take(&rest, type))
    return {};
  if (rest.empty() || rest[0] != '"') return {};
  const size_t at = body.size() - rest.size() + 1;
  std::string out;
  out.reserve(body.size() + id.size() + 8);
  out.append(body.substr(0, at)).append(R"(,"id":")").append(id).append("\"").append(body.substr(at));
  return out;
}

Response WrittenResponse(const Call& call, const view::Resource& now, Instant at_us, bool created) {
  Response response;
  response.status = created ? 201 : 200;
  response.etag = ETag(now.version);
  response.last_modified_us = at_us;
  response.location = call.request.base_url;
  response.location.append("/").append(call.type_name).append("/").append(now.id).append("/_history/");
  AppendNumber(now.version, &response.location);
  response.audit_type = call.type_name;
  response.audit_id = now.id;
  response.audit_action = created ? "create" : "update";
  if (call.prefer.returns == Returns::kMinimal) return response;
  if (call.prefer.returns == Returns::kOutcome) {
    response.body = InformationJson(created ? "Created." : "Updated.");
  } else {
    AppendVersioned(now, at_us, &response.body);
  }
  if (call.pretty) response.body = PrettyJson(response.body);
  return response;
}

}  // namespace

Result<fhir::Document> ParseBody(const Call& call) {
  if (SkipBlanks(call.request.body).empty()) {
    return MakeError(ErrorCode::kIncorrect, fmt::format("The body is empty: send the {} as JSON.",
                                                        call.type_name.empty() ? "Bundle" : call.type_name));
  }
  return fhir::Document::Parse(call.request.body);
}

Result<fhir::Document> WithId(fhir::Document document, std::string_view id) {
  const fhir::Value root = document.Root();
  std::vector<fhir::TextEdit> edits;
  if (const fhir::Value old = root["id"]) {
    if (old.is_string() && old.ToString() == id) return document;
    const auto at = static_cast<uint32_t>(old.Json().data() - document.Text().data());
    edits.push_back({at, static_cast<uint32_t>(old.Json().size()), fmt::format("\"{}\"", id)});
  } else if (const fhir::Value type = root["resourceType"]) {
    const auto at = static_cast<uint32_t>(type.Json().data() + type.Json().size() - document.Text().data());
    edits.push_back({at, 0, fmt::format(R"(,"id":"{}")", id)});
  } else {
    return MakeIssue(ErrorCode::kInvalid, "required", "resourceType",
                     "resourceType is missing: every resource names its type.");
  }
  return fhir::Document::Parse(TRY(fhir::ApplyEdits(document.Text(), edits)));
}

Result<fhir::Document> BodyWithNewId(const Call& call) {
  const std::string with_id = PutIdInText(call.request.body, call.type_name, call.new_id);
  if (!with_id.empty()) {
    auto document = fhir::Document::Parse(with_id);
    if (document.ok()) return document;
  }
  // It brought an id of its own, or is broken: then line and column are told of the body as it was sent.
  return WithId(TRY(ParseBody(call)), call.new_id);
}

namespace {

/// Finds Reference.reference, the only element of that name that is a string, wherever it stands.
void FindOwnReferences(fhir::Value value, std::string_view base, std::vector<fhir::TextEdit>* edits) {
  for (const fhir::Value inside : value) {
    if (inside.is_object() || inside.is_array()) {
      FindOwnReferences(inside, base, edits);
    } else if (inside.is_string() && inside.name_text() == "reference") {
      std::string scratch;
      const std::string_view text = inside.String(scratch);
      if (text.size() > base.size() + 1 && text.starts_with(base) && text[base.size()] == '/')
        edits->push_back(
            {inside.node().at, inside.node().size, fhir::EscapedText(text.substr(base.size() + 1))});
    }
  }
}

/// References by the server's own address ("http://host/fhir/Patient/1") as relative ones.
Result<fhir::Document> WithOwnReferences(fhir::Document document, std::string_view base) {
  // A slash may be written \/: the host's name is looked for.
  const std::string_view host = base.substr(std::min(base.size(), base.find("//") + 2));
  if (host.empty() || document.Text().find(host.substr(0, host.find('/'))) == std::string_view::npos)
    return document;
  std::vector<fhir::TextEdit> edits;
  FindOwnReferences(document.Root(), base, &edits);
  if (edits.empty()) return document;
  return fhir::Document::Parse(TRY(fhir::ApplyEdits(document.Text(), edits)));
}

constexpr std::string_view kOfficialBase = "http://hl7.org/fhir/";

bool IsOfficialParameter(const fhir::Definitions& definitions, std::string_view url) {
  for (const fhir::TypeId type : definitions.ResourceTypes()) {
    for (const fhir::SearchParameter& parameter : definitions.SearchParameters(type)) {
      if (parameter.url == url) return true;
    }
  }
  return false;
}

}  // namespace

Status CheckOfficialUrl(const fhir::Definitions& definitions, std::string_view type, fhir::Value resource,
                        std::string_view id) {
  const fhir::Value url = resource["url"];
  if (!url.is_string() || type == "CodeSystem") return {};
  const std::string text = url.ToString();
  std::string_view rest = text;
  if (definitions.given().Find("StructureDefinition", text) != nullptr && type == "StructureDefinition" &&
      id != rest.substr(rest.rfind('/') + 1))
    return MakeIssue(
        ErrorCode::kInvalid, "business-rule", "StructureDefinition.url",
        fmt::format("This is the url of the definition of a type of this platform, which another "
                    "must not replace: give your own a url of your own, or store that one by PUT "
                    "StructureDefinition/{}.",
                    rest.substr(rest.rfind('/') + 1)));
  if (!rest.starts_with(kOfficialBase)) return {};
  rest.remove_prefix(kOfficialBase.size());
  if (!rest.starts_with(type) || rest.size() <= type.size() || rest[type.size()] != '/') return {};
  rest.remove_prefix(type.size() + 1);
  if (rest.find('/') != std::string_view::npos || id == rest) return {};
  if (type == "SearchParameter" && !IsOfficialParameter(definitions, text)) return {};
  return MakeIssue(
      ErrorCode::kInvalid, "business-rule", fmt::format("{}.url", type),
      fmt::format("This is the url of a definition of FHIR itself, which another must not replace: give "
                  "your own a url of your own, or store the official one by PUT {}/ and its official id.",
                  type));
}

Result<view::ResourcePtr> MakeVersion(const Room& room, const Call& call, fhir::TypeId type,
                                      fhir::Document document, uint32_t version, bool posted,
                                      JudgedBy judged) {
  // Transitions bring the right to what they make with them.
  const bool is_moved = call.kind == Kind::kTransition || call.kind == Kind::kTransitionMany;
  if (!is_moved) {
    TRY(CheckNotOfRules(*room.definitions, type));
    document = TRY(WithOwnStamps(room, type, std::move(document)));
  }
  document = TRY(WithOwnReferences(std::move(document), call.request.base_url));
  if (!is_moved && call.request.viewer != nullptr)
    TRY(CheckSent(call.viewer(), room.TypeName(type), document.Root()));
  if (room.forms != nullptr && room.TypeName(type) == "QuestionnaireResponse")
    document = TRY(room.forms->Complete(std::move(document), room.context.clock->NowUs()));
  if (!judged.by_transition) document = TRY(WithState(room, type, std::move(document)));
  fhir::ValidateOptions options;
  options.expected = type;
  TRY(fhir::CheckValid(*room.definitions, document.Root(), options));
  TRY(CheckNotSubsetted(document.Root()));
  if (call.request.viewer != nullptr)
    document = TRY(WithOwnHand(room, call.viewer(), type, std::move(document)));
  const std::string_view name = room.TypeName(type);
  TRY(CheckOfficialUrl(*room.definitions, name, document.Root(), document.Root()["id"].ToString()));
  TRY(CheckConformance(room, call, document.Root(), judged.conformance));
  if (name == "StructureDefinition")
    TRY(CheckProfile(room, call, document.Root(), std::move(judged.conformance)));
  if (name == "SearchParameter" && !judged.parameters_later)
    TRY(room.index().CheckParameter(document.Root()["id"].ToString(), document, {}));
  return view::MakeResource(*room.definitions, std::move(document), version,
                            posted ? view::Operation::kCreate : view::Operation::kUpdate,
                            name == "Bundle" || name == "Parameters" ? call.request.base_url : std::string());
}

void GuardParameter(const Room& room, const view::ResourcePtr& now, view::ChangeSet* set) {
  const auto is_active = [](const view::Resource& resource) {
    const fhir::Value root = resource.document.Root();
    return root.present() && root["status"].ToString() == "active";
  };
  if (room.TypeName(now->type) != "SearchParameter" || !is_active(*now)) return;
  view::Guard guard;
  guard.view_slot = room.context.index_slot;
  guard.may_affect = [type = now->type, is_active](const view::Change& change, const view::Prepared&) {
    return change.now != nullptr && change.now->type == type && is_active(*change.now);
  };
  set->guards.push_back(std::move(guard));
}

Status AddWrite(const Room& room, const Current& current, view::ResourcePtr now, view::ChangeSet* set,
                bool by_platform) {
  GuardParameter(room, now, set);
  view::Change change;
  if (current.exists()) change.before = TRY(room.engine().Read(current.version.ordinal));
  if (change.before != nullptr && !by_platform) {
    TRY(CheckNotOurs(room, *change.before));
    now = TRY(WithMergeLinks(room, *change.before, std::move(now)));
  }
  if (!by_platform) {
    TRY(CheckNotOfRules(*room.definitions, now->type));
    TRY(CheckNoNewMergeLinks(room, change.before.get(), *now));
  }
  change.now = std::move(now);
  view::Guard guard;
  guard.id_hash = current.id_hash;
  guard.version = current.version.version;
  set->changes.push_back(std::move(change));
  set->guards.push_back(std::move(guard));
  return {};
}

Status AddDelete(const Room& room, fhir::TypeId type, std::string_view id, const Current& current,
                 view::ChangeSet* set) {
  return AddWrite(room, current, view::MakeTombstone(type, std::string(id), current.version.version + 1),
                  set);
}

Plan ReadyPlan(Response response) {
  Plan plan;
  plan.ready = std::move(response);
  return plan;
}

Plan WrittenPlan(const CallPtr& call, std::unique_ptr<view::ChangeSet> set, bool created) {
  Plan plan;
  plan.sender = call->request.viewer;
  plan.raised = std::make_shared<RaisedAlerts>();
  plan.answer = [call, now = set->changes.front().now, created,
                 raised = plan.raised](const view::Commit& commit) {
    Response response = WrittenResponse(*call, *now, commit.at_us, created);
    if (!raised->empty())
      TellAlerts(*call, *raised, fmt::format("{}/{}", call->type_name, now->id), &response);
    return response;
  };
  plan.set = std::move(set);
  return plan;
}

Plan DeletedPlan(const CallPtr& call, std::unique_ptr<view::ChangeSet> set) {
  Plan plan;
  plan.answer = [call, now = set->changes.front().now](const view::Commit& commit) {
    Response response;
    response.status = call->prefer.returns == Returns::kOutcome ? 200 : 204;
    if (response.status == 200) response.body = InformationJson("Deleted.");
    response.etag = ETag(now->version);
    response.last_modified_us = commit.at_us;
    response.audit_type = call->type_name;
    response.audit_id = now->id;
    response.audit_action = "delete";
    return response;
  };
  plan.set = std::move(set);
  return plan;
}

namespace {

/// Where a comparison is: what the server sets itself is no part of what was sent.
enum class Depth { kResource, kMeta, kInside };

bool IsSame(fhir::Value kept, fhir::Value sent, Depth depth);

bool IsServers(fhir::Value member, Depth depth) {
  const std::string_view name = member.name_text();
  if (depth == Depth::kMeta)
    return name == "versionId" || name == "lastUpdated" || name == "_versionId" || name == "_lastUpdated";
  return depth == Depth::kResource && name == "id";
}

Depth Below(fhir::Value member, Depth depth) {
  return depth == Depth::kResource && member.name_text() == "meta" ? Depth::kMeta : Depth::kInside;
}

/// Members that say something of the client's: a meta of the server's alone does not.
size_t CountSaid(fhir::Value object, Depth depth) {
  size_t said = 0;
  for (const fhir::Value member : object) {
    const Depth below = Below(member, depth);
    const bool empty = below == Depth::kMeta && member.is_object() && CountSaid(member, below) == 0;
    said += IsServers(member, depth) || empty ? 0 : 1;
  }
  return said;
}

bool IsSameObject(fhir::Value kept, fhir::Value sent, Depth depth) {
  if (!kept.is_object() || CountSaid(kept, depth) != CountSaid(sent, depth)) return false;
  for (const fhir::Value member : sent) {
    if (IsServers(member, depth)) continue;
    const Depth below = Below(member, depth);
    if (below == Depth::kMeta && member.is_object() && CountSaid(member, below) == 0) continue;
    if (!IsSame(kept[member.name_text()], member, below)) return false;
  }
  return true;
}

/// "Patient/1" of "Patient/?".
bool IsResolved(std::string_view kept, std::string_view sent) {
  if (!sent.ends_with(kSomeId)) return false;
  sent.remove_suffix(kSomeId.size() - 1);
  return kept.starts_with(sent) && kept.find('/', sent.size()) == std::string_view::npos;
}

/// A reference by an address of the server is kept as the relative one: is `sent` that, by whichever of its names?
bool IsOwn(std::string_view kept, std::string_view sent) {
  if (!sent.starts_with("http://") && !sent.starts_with("https://")) return false;
  const bool relative =
      !kept.empty() && kept[0] >= 'A' && kept[0] <= 'Z' && kept.find_first_of("/?") < kept.find(':');
  return relative && sent.size() > kept.size() && sent.ends_with(kept) &&
         sent[sent.size() - kept.size() - 1] == '/';
}

bool IsSame(fhir::Value kept, fhir::Value sent, Depth depth) {
  if (sent.is_object()) return IsSameObject(kept, sent, depth);
  if (sent.is_array()) {
    if (!kept.is_array() || kept.size() != sent.size()) return false;
    auto ours = kept.begin();
    for (const fhir::Value theirs : sent) {
      if (!IsSame(*ours, theirs, Depth::kInside)) return false;
      ++ours;
    }
    return true;
  }
  if (!sent.is_string()) return kept.Json() == sent.Json();
  if (!kept.is_string()) return false;
  const std::string ours = kept.ToString(), theirs = sent.ToString();
  return ours == theirs ||
         (sent.name_text() == "reference" && (IsResolved(ours, theirs) || IsOwn(ours, theirs)));
}

}  // namespace

bool IsMadeOf(fhir::Value kept, fhir::Value sent) { return IsSame(kept, sent, Depth::kResource); }

Result<bool> IsMadeOf(const access::Viewer& viewer, const fhir::Document& kept, const fhir::Document& sent) {
  if (IsMadeOf(kept.Root(), sent.Root())) return true;
  if (IsOwnHand(kept.Root()) && !IsOwnHand(sent.Root()))
    return IsMadeOf(viewer, TRY(WithoutOwnHand(kept)), sent);
  // What a workflow governs was kept with its mark.
  if (!workflow::MarkJson(kept.Root()).empty())
    return IsMadeOf(viewer, TRY(WithoutMark(kept)), TRY(WithoutMark(sent)));
  if (MasksOf(viewer) == nullptr) return false;
  // What he sent masked was kept whole.
  const fhir::Document seen = TRY(fhir::Document::Parse(AsSeen(viewer, kept.Text())));
  const fhir::Document again = TRY(fhir::Document::Parse(AsSeen(viewer, sent.Text())));
  return IsMadeOf(seen.Root(), again.Root());
}

Error KeyOfAnother() {
  return MakeError(
      ErrorCode::kConflict,
      "This Idempotency-Key was used for another request: make a new key for every new request.");
}

Result<std::optional<Response>> RepeatedAnswer(const Room& room, const Call& call,
                                               const view::Position& basis) {
  if (call.key == 0) return std::optional<Response>();
  const view::Ordinal ordinal = TRY(room.index().FindKey(call.key, basis));
  if (ordinal == 0) return std::optional<Response>();
  Response response;
  const Header header = TRY(room.engine().ReadText(ordinal, &response.body));
  if (header.type != call.type) return KeyOfAnother();
  const fhir::Document sent = TRY(ParseBody(call));
  const fhir::Document kept = TRY(fhir::Document::Parse(response.body));
  if (!TRY(IsMadeOf(call.viewer(), kept, sent))) return KeyOfAnother();
  const bool made = IsMade(room, header, ordinal);
  response.status = made ? 201 : 200;
  response.etag = ETag(header.version);
  response.last_modified_us = header.at_us;
  response.location =
      fmt::format("{}/{}/{}/_history/{}", call.request.base_url, call.type_name, header.id, header.version);
  response.audit_type = call.type_name;
  response.audit_id = header.id;
  response.audit_action = made ? "create" : "update";
  if (call.prefer.returns == Returns::kMinimal) response.body.clear();
  if (call.prefer.returns == Returns::kOutcome)
    response.body = InformationJson(made ? "Created." : "Updated.");
  if (call.pretty && !response.body.empty()) response.body = PrettyJson(response.body);
  if (room.context.alert_rules != nullptr && call.type_name == rules::kVisitType) {
    const std::string visit = fmt::format("{}/{}", call.type_name, header.id);
    TellAlerts(call, TRY(RaisedWith(room, ordinal, visit)), visit, &response);
  }
  return std::optional<Response>(std::move(response));
}

}  // namespace tk::interaction
