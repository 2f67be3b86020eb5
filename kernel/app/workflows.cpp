// The workflows of the packs: read before requests are answered, since every write asks whether one governs what it writes.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/app/app.h"
#include "kernel/workflow/notice.h"

namespace tk::app {

namespace {

/// A pack moves and writes what its manifest names, and nothing else.
Status CheckWrites(const fhir::Definitions& definitions, const App& app, const workflow::Workflow& workflow) {
  const auto check = [&](const std::string& where, fhir::TypeId type) -> Status {
    const std::string name(definitions.Type(type).name);
    if (std::find(app.writes.begin(), app.writes.end(), name) != app.writes.end()) return {};
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("{}: {}: writes {}, which the manifest's writes do not name", workflow.file,
                                 where, name));
  };
  const auto check_all = [&](const std::string& where, const rules::Actions& actions) -> Status {
    for (const auto& step : actions) {
      for (const fhir::TypeId type : step.action->Writes()) TRY(check(where, type));
    }
    return {};
  };
  TRY(check("for.type", workflow.type));
  for (const workflow::State& state : workflow.states) {
    for (const workflow::Limit& limit : state.limits)
      TRY(check_all(fmt::format("states {}: limits", state.code), limit.actions));
  }
  for (const workflow::Transition& transition : workflow.transitions)
    TRY(check_all(fmt::format("transitions {}: do", transition.code), transition.actions));
  return {};
}

}  // namespace

Result<std::shared_ptr<workflow::Shelf>> LoadWorkflows(const fhir::Definitions& definitions,
                                                       std::span<const Pack> packs,
                                                       const WorkflowOptions& options) {
  std::vector<workflow::Workflow> all;
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
      if (!file.path.starts_with("workflows/") || !file.path.ends_with(".json")) continue;
      all.push_back(TRY(workflow::ParseWorkflow(context, pack.NameOf(file.path), std::string(file.content))));
      TRY(CheckWrites(definitions, app, all.back()));
    }
  }
  return std::make_shared<workflow::Shelf>(
      TRY(workflow::Book::Make(std::move(all))),
      TRY(workflow::Calendar::Load(options.data_folder, options.offset_min)));
}

}  // namespace tk::app
