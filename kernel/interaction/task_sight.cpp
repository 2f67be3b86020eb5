#include "kernel/interaction/task_sight.h"

#include <algorithm>
#include <optional>

#include "kernel/access/policies.h"
#include "kernel/interaction/masked.h"

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

/// What somebody sees of Tasks, asked of each.
class Sight {
 public:
  Sight(const view::Engine* engine, const access::Viewer& viewer)
      : engine_(engine),
        task_(engine->definitions().FindType("Task")),
        kinds_(KindsOf(*PoliciesOf(viewer), viewer)),
        decides_(DecidesAboutPersons(viewer)),
        scope_(viewer.scope) {
    scope_.reviews = nullptr;
  }

  bool operator()(Ordinal ordinal) const {
    if (engine_->directory().Get(ordinal).type != task_) return true;
    const std::optional<fhir::Document> document = TextOf(ordinal);
    if (!document) return false;
    const fhir::Value task = document->Root();
    if (view::IsReview(task)) return decides_ && SeesAllNamed(task);
    return !kinds_ || IsOfKind(task);
  }

 private:
  /// Of a delete what was deleted.
  std::optional<fhir::Document> TextOf(Ordinal ordinal) const {
    auto text = engine_->OpenText(ordinal);
    if (text.ok() && (*text)->header.op == log::Operation::kDelete && !(*text)->header.id.empty()) {
      const auto before = engine_->directory().Versions(engine_->IdHash("Task", (*text)->header.id),
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
  const fhir::TypeId task_;
  const std::optional<TaskPolicy> kinds_;  // nothing: all
  const bool decides_;
  view::Scope scope_;
};

}  // namespace

bool SeesAllTasks(const access::Viewer& viewer) {
  return SeesEverybody(viewer.scope) && DecidesAboutPersons(viewer) && !KindsOf(*PoliciesOf(viewer), viewer);
}

std::shared_ptr<const view::ReviewSight> NoReviews(const view::Engine& engine) {
  return std::make_shared<const view::ReviewSight>(
      view::ReviewSight{engine.definitions().FindType("Task"), {}});
}

std::shared_ptr<const view::ReviewSight> TaskSightOf(const view::Engine* engine, const access::Viewer& viewer,
                                                     std::shared_ptr<const view::ReviewSight> no_reviews) {
  const bool asks = DecidesAboutPersons(viewer) || KindsOf(*PoliciesOf(viewer), viewer).has_value();
  if (!asks) return no_reviews;
  if (SeesAllTasks(viewer)) return nullptr;
  return std::make_shared<const view::ReviewSight>(
      view::ReviewSight{no_reviews->type, Sight(engine, viewer)});
}

}  // namespace tk::interaction
