// Patient/$merge and Patient/$unmerge: one record goes on as another, and is taken back exactly.
// $merge:   the source gets active=false and link replaced-by the target, the target gets link replaces the source, and a person's Linkage joins the two. Nothing of
//           what refers to the source is moved: both are records of one person (Patient/[id]/$person), and what was written about whom stays true.
// $unmerge: takes just these back: the two links, active as it was, the Linkage (inactive: no machine joins them again). What was changed of the two
//           meanwhile stays.
// Neither may be done twice: the second is 409 with the reason. `preview`: the two Patients as they would be; nothing is written.
// Source: FHIR R5 patient-operation-merge.html (draft), R4 patient.html#links.
#include <fmt/format.h>

#include "kernel/fhir/patch.h"
#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/person_decisions.h"
#include "kernel/interaction/person_reviews.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

struct MergeAsked {
  DecidedPatient source, target;
  view::ResourcePtr source_before, target_before;
  bool preview = false;
};

Result<MergeAsked> ReadMerge(const Room& room, const Call& call, const view::Position& basis) {
  const fhir::Document document = TRY(ParseBody(call));
  const BodyParameters body =
      TRY(BodyParameters::Read(document, {"source-patient", "target-patient", "preview"}));
  MergeAsked asked;
  asked.source = TRY(ReadPatient(room, call, body, "source-patient", basis));
  asked.target = TRY(ReadPatient(room, call, body, "target-patient", basis));
  asked.preview = TRY(body.Flag("preview"));
  if (asked.source.id == asked.target.id)
    return MakeIssue(ErrorCode::kIncorrect, "value", body.PathOf("target-patient"),
                     "Source and target are the same Patient: name two.");
  asked.source_before = TRY(room.engine().Read(asked.source.current.version.ordinal));
  asked.target_before = TRY(room.engine().Read(asked.target.current.version.ordinal));
  return asked;
}

/// The place of a link of that type, to `other` ("": to anybody); -1 if there is none.
int FindLink(fhir::Value patient, std::string_view type, std::string_view other) {
  int at = 0;
  for (const fhir::Value link : patient["link"]) {
    if (link["type"].ToString() == type && (other.empty() || link["other"]["reference"].ToString() == other))
      return at;
    ++at;
  }
  return -1;
}

std::string LinkJson(std::string_view other, std::string_view type) {
  return fmt::format(R"({{"other":{{"reference":"{}"}},"type":"{}"}})", other, type);
}

std::string AddLinkStep(fhir::Value patient, std::string_view other, std::string_view type) {
  return patient["link"]
             ? fmt::format(R"({{"op":"add","path":"/link/-","value":{}}})", LinkJson(other, type))
             : fmt::format(R"({{"op":"add","path":"/link","value":[{}]}})", LinkJson(other, type));
}

std::string DropLinkStep(fhir::Value patient, int at) {
  return patient["link"].size() == 1 ? std::string(R"({"op":"remove","path":"/link"})")
                                     : fmt::format(R"({{"op":"remove","path":"/link/{}"}})", at);
}

std::string ActiveOf(fhir::Value patient) {
  const fhir::Value active = patient["active"];
  return active ? std::string(active.Json()) : "absent";
}

Status CheckMayMerge(const MergeAsked& asked) {
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  if (FindLink(source, "replaced-by", asked.target.name()) >= 0)
    return MakeError(ErrorCode::kConflict, "The source was merged into this target already.");
  if (FindLink(source, "replaced-by", {}) >= 0)
    return MakeError(ErrorCode::kConflict,
                     "The source was merged into another Patient already: $unmerge it first.");
  if (FindLink(target, "replaced-by", {}) >= 0)
    return MakeError(ErrorCode::kConflict,
                     "The target was itself merged into another Patient: merge into that one.");
  return {};
}

Response MergeResponse(const Room& room, const Call& call, const MergeAsked& asked,
                       const view::Resource& source, const view::Resource& target, Instant at_us,
                       std::string_view said) {
  std::string out;
  fhir::JsonWriter json(&out);
  const auto resource = [&](std::string_view name, const view::Resource& patient) {
    std::string text;
    if (at_us != 0)
      AppendVersioned(patient, at_us, &text);
    else
      text = std::string(patient.document.Text());
    json.Object().Member("name", name).Key("resource").Raw(text).End();
  };
  json.Object().Member("resourceType", "Parameters").Key("parameter").Array();
  json.Object().Member("name", "outcome").Key("resource").Raw(InformationJson(said)).End();
  resource("result", target);
  resource("source", source);
  json.End().End();
  Response response = JsonResponse(call, std::move(out), call.kind == Kind::kMerge ? "merge" : "unmerge");
  response.audit_type = "Patient";
  response.audit_id = asked.source.id;
  // Both are shown whole.
  const view::Position head = room.engine().Head();
  std::vector<view::Ordinal> shown;
  for (const view::Resource* const patient : {&source, &target})
    shown.push_back(room.directory().Current(room.engine().IdHash("Patient", patient->id), head).ordinal);
  return Telling(room, call, shown, std::move(response));
}

/// The plan whose first two changes are the source and the target; or what it would come to.
Plan MergePlan(const Room& room, const CallPtr& call, MergeAsked asked, std::unique_ptr<view::ChangeSet> set,
               std::string_view said) {
  const view::ResourcePtr source = set->changes[0].now, target = set->changes[1].now;
  if (asked.preview)
    return ReadyPlan(MergeResponse(room, *call, asked, *source, *target, 0, "Nothing was written."));
  Plan plan;
  plan.persons_decided = true;
  plan.answer = [&room, call, asked = std::move(asked), source, target, said](const view::Commit& commit) {
    return MergeResponse(room, *call, asked, *source, *target, commit.at_us, said);
  };
  plan.set = std::move(set);
  return plan;
}

Status CheckMayDo(const Room& room, const Call& call, std::string_view operation) {
  TRY(CheckMayCall(call.viewer(), operation));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  TRY(PersonsOf(room));
  return {};
}

/// Patient.active before the merge, as the Linkage tells; "" if none does.
Result<std::string> WasActive(const Room& room, const MergeAsked& asked) {
  std::vector<uint64_t> linkages;
  {
    const auto people = room.context.persons->Read();
    const person::Row row = people->Find(asked.source.current.id_hash);
    if (row == person::kNoRow) return std::string();
    for (const person::DecisionView& decision : people->DecisionsOf(row)) {
      if (decision.active) linkages.push_back(decision.linkage);
    }
  }
  for (const uint64_t linkage : linkages) {
    const auto version = room.directory().Current(linkage, room.engine().Head());
    if (version.ordinal == 0 || version.deleted) continue;
    const fhir::Document document =
        TRY(fhir::Document::Parse(TRY(room.engine().OpenText(version.ordinal))->json));
    const std::string told = person::PartOfPersonLink(document.Root(), kWasActive)["valueCode"].ToString();
    const bool names_target =
        std::string_view(document.Text()).find("\"" + asked.target.name() + "\"") != std::string_view::npos;
    if (!told.empty() && names_target) return told;
  }
  return std::string();
}

}  // namespace

Result<Plan> PlanMerge(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDo(room, *call, "$merge"));
  MergeAsked asked = TRY(ReadMerge(room, *call, basis));
  TRY(CheckMayMerge(asked));
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  auto set = std::make_unique<view::ChangeSet>();
  TRY(AddPatched(room, asked.source.current,
                 fmt::format(R"([{{"op":"{}","path":"/active","value":false}},{}])",
                             source["active"] ? "replace" : "add",
                             AddLinkStep(source, asked.target.name(), "replaced-by")),
                 set.get()));
  TRY(AddPatched(room, asked.target.current,
                 fmt::format("[{}]", AddLinkStep(target, asked.source.name(), "replaces")), set.get()));
  Deciding deciding(room, *call, basis, set.get());
  deciding.NoteMerge(ActiveOf(source));
  TRY(deciding.Join(asked.target, asked.source, true));
  return MergePlan(room, call, std::move(asked), std::move(set), "Merged.");
}

Result<Plan> PlanUnmerge(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDo(room, *call, "$unmerge"));
  MergeAsked asked = TRY(ReadMerge(room, *call, basis));
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  const int by = FindLink(source, "replaced-by", asked.target.name());
  if (by < 0)
    return MakeError(ErrorCode::kConflict,
                     "The source is not merged into this target (it has no link replaced-by to it).");
  auto set = std::make_unique<view::ChangeSet>();
  const std::string was = TRY(WasActive(room, asked));
  std::string steps = DropLinkStep(source, by);
  if (was == "absent" && source["active"]) steps += R"(,{"op":"remove","path":"/active"})";
  if (was == "true" || was == "false")
    steps += fmt::format(R"(,{{"op":"{}","path":"/active","value":{}}})",
                         source["active"] ? "replace" : "add", was);
  TRY(AddPatched(room, asked.source.current, "[" + steps + "]", set.get()));
  const int replaces = FindLink(target, "replaces", asked.source.name());
  TRY(AddPatched(room, asked.target.current,
                 replaces < 0 ? std::string("[]") : "[" + DropLinkStep(target, replaces) + "]", set.get()));
  Deciding deciding(room, *call, basis, set.get());
  TRY(deciding.HoldApart(asked.target, asked.source));
  return MergePlan(room, call, std::move(asked), std::move(set), "Taken apart as they were.");
}

}  // namespace tk::interaction
