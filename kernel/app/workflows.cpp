// The workflows of the packs: read before requests are answered, since every write asks whether one governs what it writes.
#include <fmt/format.h>

#include "kernel/app/app.h"
#include "kernel/workflow/notice.h"

namespace tk::app {

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
      all.push_back(TRY(workflow::ParseWorkflow(context, fmt::format("apps/{}/{}", pack.id, file.path),
                                                std::string(file.content))));
    }
  }
  return std::make_shared<workflow::Shelf>(
      TRY(workflow::Book::Make(std::move(all))),
      TRY(workflow::Calendar::Load(options.data_folder, options.offset_min)));
}

}  // namespace tk::app
