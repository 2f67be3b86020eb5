// Patient/$merge and Patient/$unmerge: one record goes on as another, and is taken back exactly.
// $merge:   the source gets active=false and link replaced-by the target, the target gets link replaces the source, and a person's Linkage joins the two. Nothing of
//           what refers to the source is moved: both are records of one person (Patient/[id]/$person), and what was written about whom stays true.
// $unmerge: takes just these back: the two links, active as it was, the Linkage (inactive: no machine joins them again). What was changed of the two
//           meanwhile stays. Where one of the two is gone, of the other.
// Neither may be done twice: the second is 409 with the reason. `preview`: the two Patients as they would be; nothing is written.
// Source: FHIR R5 patient-operation-merge.html (draft), R4 patient.html#links.
#include <fmt/format.h>

#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/merge_links.h"
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

/// `or_gone`: one of the two need not be there any more.
Result<MergeAsked> ReadMerge(const Room& room, const Call& call, const view::Position& basis, bool or_gone) {
  const fhir::Document document = TRY(ParseBody(call));
  const BodyParameters body =
      TRY(BodyParameters::Read(document, {"source-patient", "target-patient", "preview"}));
  MergeAsked asked;
  asked.source = TRY(ReadPatient(room, call, body, "source-patient", basis, or_gone));
  asked.target = TRY(ReadPatient(room, call, body, "target-patient", basis, or_gone));
  asked.preview = TRY(body.Flag("preview"));
  if (asked.source.id == asked.target.id)
    return MakeIssue(ErrorCode::kIncorrect, "value", body.PathOf("target-patient"),
                     "Source and target are the same Patient: name two.");
  if (asked.source.is_gone() && asked.target.is_gone())
    return MakeIssue(ErrorCode::kNotFound, "not-found", body.PathOf("source-patient"),
                     "There is no such Patient.");
  for (const bool is_source : {true, false}) {
    const DecidedPatient& side = is_source ? asked.source : asked.target;
    if (!side.is_gone())
      (is_source ? asked.source_before : asked.target_before) =
          TRY(room.engine().Read(side.current.version.ordinal));
  }
  return asked;
}

/// Has it a link replaced-by of whomever to another than `other`?
bool IsReplacedByOther(fhir::Value patient, std::string_view other) {
  for (const fhir::Value link : patient["link"]) {
    const std::string named = link["other"]["reference"].ToString();
    if (link["type"].ToString() == "replaced-by" && named.substr(0, named.find("/_history/")) != other)
      return true;
  }
  return false;
}

/// A link of the source system's own that says the same does not stand in the way: it stays its own.
Status CheckMayMerge(const MergeAsked& asked, const Deciding& deciding) {
  constexpr std::string_view kType = "replaced-by";
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  const std::string into = asked.target.name();
  const bool was_before_marks =
      HasUnmarkedLink(source, kType, into) && !TRY(deciding.WasActive(asked.target, asked.source)).empty();
  if (HasMergeLink(source, kType, into) || was_before_marks)
    return MakeError(ErrorCode::kConflict, "The source was merged into this target already.");
  if (HasMergeLink(source, kType, {}))
    return MakeError(ErrorCode::kConflict,
                     "The source was merged into another Patient already: $unmerge it first.");
  if (HasMergeLink(target, kType, {}))
    return MakeError(ErrorCode::kConflict,
                     "The target was itself merged into another Patient: merge into that one.");
  if (IsReplacedByOther(source, into) || IsReplacedByOther(target, {}))
    return MakeError(
        ErrorCode::kConflict,
        "By a link that is not of $merge one of the two says itself that another Patient is to be "
        "used in its place: merge with that one, or write the record without Patient.link by PUT "
        "or PATCH before.");
  return {};
}

Response MergeResponse(const Room& room, const Call& call, const MergeAsked& asked,
                       const view::ResourcePtr& source, const view::ResourcePtr& target, Instant at_us,
                       std::string_view said) {
  std::string out;
  fhir::JsonWriter json(&out);
  const auto resource = [&](std::string_view name, const view::ResourcePtr& patient) {
    if (patient == nullptr) return;  // he is gone
    std::string text;
    if (at_us != 0)
      AppendVersioned(*patient, patient->at_us != 0 ? patient->at_us : at_us, &text);
    else
      text = std::string(patient->document.Text());
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
  for (const view::Resource* const patient : {source.get(), target.get()}) {
    if (patient != nullptr)
      shown.push_back(room.directory().Current(room.engine().IdHash("Patient", patient->id), head).ordinal);
  }
  return Telling(room, call, shown, std::move(response));
}

/// The Patient as the set leaves him; as he was where it leaves him alone.
view::ResourcePtr AfterSet(const view::ChangeSet& set, const view::ResourcePtr& before) {
  if (before == nullptr) return nullptr;
  for (const view::Change& change : set.changes) {
    if (change.now->type == before->type && change.now->id == before->id) return change.now;
  }
  return before;
}

/// The plan of the set; or what it would come to.
Plan MergePlan(const Room& room, const CallPtr& call, MergeAsked asked, std::unique_ptr<view::ChangeSet> set,
               std::string_view said) {
  const view::ResourcePtr source = AfterSet(*set, asked.source_before),
                          target = AfterSet(*set, asked.target_before);
  if (asked.preview)
    return ReadyPlan(MergeResponse(room, *call, asked, source, target, 0, "Nothing was written."));
  Plan plan;
  plan.persons_decided = true;
  plan.answer = [&room, call, asked = std::move(asked), source, target, said](const view::Commit& commit) {
    return MergeResponse(room, *call, asked, source, target, commit.at_us, said);
  };
  plan.set = std::move(set);
  return plan;
}

/// The links of a merge from before $merge marked them, which its Linkage still tells of. Errors: kConflict, with what to do, where none does: then these
/// links are the source systems' own, or there are none.
Status TakeBackUnmarked(const Room& room, const MergeAsked& asked, const Deciding& deciding,
                        view::ChangeSet* set) {
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  const bool is_source = HasUnmarkedLink(source, "replaced-by", asked.target.name());
  const bool is_target = HasUnmarkedLink(target, "replaces", asked.source.name());
  if (!is_source && !is_target)
    return MakeError(
        ErrorCode::kConflict,
        "The source is not merged into this target: neither has the link that $merge writes. That "
        "two records are not of one person is said by $not-same.");
  const std::string was = TRY(deciding.WasActive(asked.target, asked.source));
  if (was.empty())
    return MakeError(
        ErrorCode::kConflict,
        "A link says that one of the two goes on as the other, and it is not of $merge: their source says "
        "so. Write the records without Patient.link (and the source with active as it is to be) by PUT or "
        "PATCH; then say by $not-same that they are not of one person.");
  const auto patch = [&](const DecidedPatient& patient, const std::string& steps) {
    return steps.empty() ? Status() : AddPatched(room, patient.current, steps, set);
  };
  TRY(patch(asked.source, TakeBackUnmarkedSteps(source, "replaced-by", asked.target.name(), was)));
  return patch(asked.target, TakeBackUnmarkedSteps(target, "replaces", asked.source.name(), {}));
}

Status CheckMayDo(const Room& room, const Call& call, std::string_view operation) {
  TRY(CheckMayCall(call.viewer(), operation));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  TRY(PersonsOf(room));
  return {};
}

}  // namespace

Result<Plan> PlanMerge(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDo(room, *call, "$merge"));
  MergeAsked asked = TRY(ReadMerge(room, *call, basis, false));
  auto set = std::make_unique<view::ChangeSet>();
  Deciding deciding(room, *call, basis, set.get());
  TRY(CheckMayMerge(asked, deciding));
  const WasOne was_one = deciding.JoinedBy(asked.target, asked.source);
  TRY(AddPatched(room, asked.source.current,
                 ReplacedBySteps(asked.source_before->document.Root(), asked.target.name(), was_one),
                 set.get()));
  TRY(AddPatched(room, asked.target.current,
                 ReplacesSteps(asked.target_before->document.Root(), asked.source.name()), set.get()));
  TRY(deciding.Join(asked.target, asked.source, true));
  return MergePlan(room, call, std::move(asked), std::move(set), "Merged.");
}

Result<Plan> PlanUnmerge(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDo(room, *call, "$unmerge"));
  MergeAsked asked = TRY(ReadMerge(room, *call, basis, true));
  auto set = std::make_unique<view::ChangeSet>();
  Deciding deciding(room, *call, basis, set.get());
  if (asked.source.is_gone() || asked.target.is_gone()) {
    TRY(asked.source.is_gone() ? deciding.LetGo(asked.target, asked.source)
                               : deciding.LetGo(asked.source, asked.target));
    return MergePlan(room, call, std::move(asked), std::move(set),
                     "What was left of the merge was taken back: one of the two is gone.");
  }
  const fhir::Value source = asked.source_before->document.Root(),
                    target = asked.target_before->document.Root();
  if (!HasMergeLink(source, "replaced-by", asked.target.name()) &&
      !HasMergeLink(target, "replaces", asked.source.name())) {
    TRY(TakeBackUnmarked(room, asked, deciding, set.get()));
    TRY(deciding.HoldApart(asked.target, asked.source));
    return MergePlan(room, call, std::move(asked), std::move(set), "Taken apart as they were.");
  }
  const WasOne was_one = WasOneBefore(source, asked.target.name());
  if (was_one != WasOne::kNot && TRY(deciding.Unmake(asked.target, asked.source, was_one)))
    return MergePlan(room, call, std::move(asked), std::move(set),
                     "Taken back. They are one person by what joined them before the merge.");
  TRY(deciding.HoldApart(asked.target, asked.source));
  return MergePlan(room, call, std::move(asked), std::move(set), "Taken apart as they were.");
}

}  // namespace tk::interaction
