// The workflows and schedules of the packs: read before requests are answered, since every write asks whether one governs what it writes.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/app/app.h"
#include "kernel/workflow/notice.h"

namespace tk::app {

namespace {

/// A pack moves and writes what its manifest names, and nothing else.
struct WriteCheck {
  const fhir::Definitions& definitions;
  const App& app;
  const std::string& file;

  Status Type(const std::string& where, fhir::TypeId type) const {
    const std::string name(definitions.Type(type).name);
    if (std::find(app.writes.begin(), app.writes.end(), name) != app.writes.end()) return {};
    return MakeError(
        ErrorCode::kInvalid,
        fmt::format("{}: {}: writes {}, which the manifest's writes do not name", file, where, name));
  }
  Status Actions(const std::string& where, const rules::Actions& actions) const {
    for (const auto& step : actions) {
      for (const fhir::TypeId type : step.action->Writes()) TRY(Type(where, type));
    }
    return {};
  }
};

Status CheckWrites(const fhir::Definitions& definitions, const App& app, const workflow::Workflow& workflow) {
  const WriteCheck check{definitions, app, workflow.file};
  TRY(check.Type("for.type", workflow.type));
  for (const workflow::State& state : workflow.states) {
    for (const workflow::Limit& limit : state.limits)
      TRY(check.Actions(fmt::format("states {}: limits", state.code), limit.actions));
  }
  for (const workflow::Transition& transition : workflow.transitions)
    TRY(check.Actions(fmt::format("transitions {}: do", transition.code), transition.actions));
  return {};
}

Status CheckWrites(const fhir::Definitions& definitions, const App& app, const workflow::Schedule& schedule) {
  const WriteCheck check{definitions, app, schedule.file};
  TRY(check.Type("for.type", schedule.type));
  return check.Actions("do", schedule.actions);
}

template <typename Part>
Status Keep(const fhir::Definitions& definitions, const App& app, Result<Part> read, std::vector<Part>* all) {
  Part part = TRY(std::move(read));
  TRY(CheckWrites(definitions, app, part));
  all->push_back(std::move(part));
  return {};
}

}  // namespace

Result<std::shared_ptr<workflow::Shelf>> LoadWorkflows(const fhir::Definitions& definitions,
                                                       std::span<const Pack> packs,
                                                       const WorkflowOptions& options) {
  std::vector<workflow::Workflow> all;
  std::vector<workflow::Schedule> schedules;
  std::vector<Error> failures;
  for (const Pack& pack : packs) {
    const App app = TRY(LoadPack(definitions, pack,
                                 options.apps_folder.empty()
                                     ? std::string()
                                     : fmt::format("{}/{}/settings.json", options.apps_folder, pack.id)));
    const fhir::Document settings = TRY(fhir::Document::Parse(app.settings));
    workflow::ParseContext context;
    context.definitions = &definitions;
    context.vocabulary = &workflow::FullVocabulary();
    context.app = pack.id;
    context.settings = settings.Root();
    context.posts = options.posts;
    for (const File& file : pack.files) {
      if (!file.path.ends_with(".json")) continue;
      const std::string name = pack.NameOf(file.path), text(file.content);
      Status kept;
      if (file.path.starts_with("workflows/"))
        kept = Keep(definitions, app, workflow::ParseWorkflow(context, name, text), &all);
      else if (file.path.starts_with("schedules/"))
        kept = Keep(definitions, app, workflow::ParseSchedule(context, name, text), &schedules);
      if (!kept.ok()) failures.push_back(kept.error());
    }
  }
  if (!failures.empty()) return fhir::JoinFailures(failures);
  return std::make_shared<workflow::Shelf>(
      TRY(workflow::Book::Make(std::move(all), std::move(schedules))),
      TRY(workflow::Calendar::Load(options.data_folder, options.offset_min)));
}

}  // namespace tk::app
