#include "kernel/interaction/task_sight.h"

#include <algorithm>
#include <optional>

#include "kernel/access/policies.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/record_rights.h"

namespace tk::interaction {
namespace {

using access::TaskPolicy;
using view::Ordinal;

std::shared_ptr<const access::Policies> PoliciesOf(const access::Viewer& viewer) {
  return viewer.policies != nullptr ? viewer.policies : access::Policies::BuiltIn();
}

std::optional<TaskPolicy> KindsOf(const access::Policies& policies, const access::Viewer& viewer) {
  return viewer.post == nullptr ? std::nullopt : policies.TasksOf(*viewer.post);
}

bool DecidesAboutPersons(const access::Viewer& viewer) {
  return viewer.MayCall("$link") && MasksOf(viewer) == nullptr;
}

bool SeesEverybody(const view::Scope& scope) {
  return scope.everything && scope.only_owner == 0 && scope.beyond == nullptr;
}

/// What somebody sees of Tasks and of types that he sees in part, asked of each.
class Sight {
 public:
  Sight(const view::Engine* engine, const access::Viewer& viewer, std::vector<fhir::TypeId> in_part)
      : engine_(engine),
        viewer_(RightsOf(viewer)),
        in_part_(std::move(in_part)),
        task_(engine->definitions().FindType("Task")),
        kinds_(KindsOf(*PoliciesOf(viewer), viewer)),
        decides_(DecidesAboutPersons(viewer)),
        scope_(viewer.scope) {
    scope_.records = nullptr;
  }

  bool operator()(Ordinal ordinal) const {
    const fhir::TypeId type = engine_->directory().Get(ordinal).type;
    const bool in_part = std::find(in_part_.begin(), in_part_.end(), type) != in_part_.end();
    if (type != task_ && !in_part) return true;
    const std::string_view name = engine_->definitions().Type(type).name;
    const std::optional<fhir::Document> document = TextOf(ordinal, name);
    if (!document || (in_part && !IsInPartSeen(*viewer_, name, document->Root()))) return false;
    if (type != task_) return true;
    const fhir::Value task = document->Root();
    if (view::IsReview(task)) return decides_ && SeesAllNamed(task);
    return !kinds_ || IsOfKind(task);
  }

 private:
  /// The rights alone: who he is in persons and areas stands in the scope.
  static std::shared_ptr<const access::Viewer> RightsOf(const access::Viewer& viewer) {
    auto rights = std::make_shared<access::Viewer>();
    rights->post = viewer.post;
    rights->organization = viewer.organization;
    rights->kind = viewer.kind;
    return rights;
  }

  /// Of a delete what was deleted.
  std::optional<fhir::Document> TextOf(Ordinal ordinal, std::string_view type) const {
    auto text = engine_->OpenText(ordinal);
    if (text.ok() && (*text)->header.op == log::Operation::kDelete && !(*text)->header.id.empty()) {
      const auto before = engine_->directory().Versions(engine_->IdHash(type, (*text)->header.id),
                                                        {(*text)->header.t, ordinal}, 1);
      if (before.empty()) return std::nullopt;
      text = engine_->OpenText(before.front().ordinal);
    }
    if (!text.ok()) return std::nullopt;
    auto document = fhir::Document::Parse((*text)->json);
    return document.ok() ? std::optional(std::move(document).value()) : std::nullopt;
  }

  /// It names no more Patients than the index asks about at once.
  bool SeesAllNamed(fhir::Value task) const {
    if (SeesEverybody(scope_)) return true;
    const auto sees_record = [this](fhir::Value reference) {
      const std::string name = reference["reference"].ToString();
      constexpr std::string_view kPatient = "Patient/";
      if (!name.starts_with(kPatient)) return true;
      const view::Directory& directory = engine_->directory();
      const auto version =
          directory.Current(engine_->IdHash("Patient", name.substr(kPatient.size())), engine_->Head());
      return version.ordinal != 0 && directory.InScope(version.ordinal, scope_);
    };
    bool all = sees_record(task["for"]);
    for (const fhir::Value input : task["input"]) all = all && sees_record(input["valueReference"]);
    return all;
  }

  bool IsOfKind(fhir::Value task) const {
    const std::vector<std::string>& systems = kinds_->systems;
    std::string scratch;
    for (const fhir::Value coding : task["code"]["coding"]) {
      const auto system = coding["system"].String(scratch);
      if (std::find(systems.begin(), systems.end(), system) != systems.end()) return true;
    }
    return false;
  }

  const view::Engine* const engine_;
  const std::shared_ptr<const access::Viewer> viewer_;
  const std::vector<fhir::TypeId> in_part_;
  const fhir::TypeId task_;
  const std::optional<TaskPolicy> kinds_;  // nothing: all
  const bool decides_;
  view::Scope scope_;
};

}  // namespace

bool SeesAllRecords(const access::Viewer& viewer) {
  return SeesEverybody(viewer.scope) && DecidesAboutPersons(viewer) &&
         !KindsOf(*PoliciesOf(viewer), viewer) && TypesSeenInPart(viewer).empty();
}

std::shared_ptr<const view::RecordSight> NoReviews(const view::Engine& engine) {
  return std::make_shared<const view::RecordSight>(
      view::RecordSight{engine.definitions().FindType("Task"), {}, {}});
}

std::shared_ptr<const view::RecordSight> RecordSightOf(const view::Engine* engine,
                                                       const access::Viewer& viewer,
                                                       std::shared_ptr<const view::RecordSight> no_reviews) {
  std::vector<fhir::TypeId> in_part;
  for (const std::string& type : TypesSeenInPart(viewer))
    in_part.push_back(engine->definitions().FindType(type));
  const fhir::TypeId task = no_reviews->task;
  const bool asks_of_tasks = DecidesAboutPersons(viewer) ||
                             KindsOf(*PoliciesOf(viewer), viewer).has_value() ||
                             std::find(in_part.begin(), in_part.end(), task) != in_part.end();
  if (!asks_of_tasks && in_part.empty()) return no_reviews;
  if (SeesAllRecords(viewer)) return nullptr;
  return std::make_shared<const view::RecordSight>(view::RecordSight{
      task, Sight(engine, viewer, in_part), in_part, asks_of_tasks ? nullptr : std::move(no_reviews)});
}

}  // namespace tk::interaction
