// What an app is to the platform: a pack of files (manifest, rules, settings, forms …) found by folder, checked when it is loaded.
// Flow:   build: tools/embed_packs.py gathers apps/*/ into the program → InstalledPacks → Runtime::Start checks every file, starts the rules
// Adding an app edits no central file. Source: DESIGN 3, 5.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/interaction/interaction.h"
#include "kernel/rules/runner.h"
#include "kernel/terminology/platform.h"
#include "kernel/workflow/move.h"

namespace tk::app {

struct File {
  std::string_view path;
  std::string_view content;
};  // path within the app: "rules/fever.json"
struct Pack {
  std::string_view id;          // the folder's name
  std::span<const File> files;  // sorted by path
  const File* Find(std::string_view path) const;
};
/// The packs linked into this program, sorted by id.
std::span<const Pack> InstalledPacks();

/// R4 and the platform types: StructureDefinition, SearchParameter, ValueSet and CodeSystem files in types/ of the packs and in `folder`
/// (which need not exist). Every search parameter of them is compiled as search will: what is loaded can be asked, and the CapabilityStatement tells it.
/// Errors: kInvalid with the file, the resource's url, the place in it, and what is wrong.
Result<std::shared_ptr<const fhir::Definitions>> LoadDefinitions(std::span<const Pack> packs,
                                                                 const std::string& folder);

/// The operations of the apps (operations.json of a pack: an array of OperationDefinitions) with the kernel's own definitions, for metadata.
/// Errors: kInvalid with the app and what is wrong.
Result<std::shared_ptr<const terminology::Platform>> LoadPlatform(std::span<const Pack> packs);

/// What an app's C++ may use. Everything outlives the operations.
struct Context {
  view::Engine* engine = nullptr;
  search::Index* index = nullptr;
  const interaction::Interactions* interactions =
      nullptr;  // to ask as any other caller does; may be null in tests
  const Clock* clock = nullptr;
  std::string folder;         // this app's own, DIR/apps/<id>; made for it. Not part of the log or its backup
  std::string_view settings;  // JSON object
  std::function<void(const std::string&)> report;  // a line for the operator's log; no personal data
};

/// What an app answers beyond its data: everything under /app/<id>/ but settings. Thread-safe.
class Operations {
 public:
  virtual ~Operations() = default;
  /// `request.path` is what follows /app/<id>/. Calls `done` exactly once, on this thread or on the writer's. Rights are checked here: what the post
  /// may call (Viewer::MayCall), whose records it may see (Viewer::scope). Answers name what they did and to whom, for the audit.
  virtual void Handle(interaction::Request request, interaction::Done done) = 0;
};
using MakeOperations = Result<std::unique_ptr<Operations>> (*)(const Context& context);
/// An app with C++ has apps/<id>/operations.cpp, which defines tk::app::MakeOperationsOf_<id> (a dash becomes "_"); server/CMakeLists.txt finds it.
struct Code {
  std::string_view id;
  MakeOperations make;
};

/// What was read from a pack. Immutable.
struct App {
  std::string id, version, title_zh, title_en;
  std::vector<std::string> reads, writes;
  std::string settings;  // JSON object; "{}" when the app has none
  std::vector<rules::Rule> rules;
};
/// `settings_file`: if it is there, it replaces the pack's settings.json as a whole (a city's own values).
/// Errors: kInvalid / kIncorrect with the file, and line and column or element path.
Result<App> LoadPack(const fhir::Definitions& definitions, const Pack& pack,
                     const std::string& settings_file = {});

struct WorkflowOptions {
  std::string data_folder;             // where a city's working_time.json may be; "" = none
  std::string apps_folder;             // as Runtime's
  std::span<const std::string> posts;  // names of those that are known
  int offset_min = 480;
};
/// The workflows of the packs (workflows/*.json) with the calendar that their time limits go by.
/// Errors: kInvalid / kIncorrect with everything that is wrong with a file, by line, column and element path.
Result<std::shared_ptr<workflow::Shelf>> LoadWorkflows(const fhir::Definitions& definitions,
                                                       std::span<const Pack> packs,
                                                       const WorkflowOptions& options);

/// The running apps: their rules follow the log, their operations answer under /app/<id>/.
class Runtime {
 public:
  struct Options {
    view::Engine* engine = nullptr;
    search::Index* index = nullptr;
    const interaction::Interactions* interactions = nullptr;
    const Clock* clock = nullptr;
    std::string folder;       // of the rules' position
    std::string apps_folder;  // DIR/apps: settings.json and files of each app; "" = none
    std::span<const Code> code;
    std::function<void(const std::string&)> report;
  };
  static Result<std::unique_ptr<Runtime>> Start(const Options& options, std::span<const Pack> packs);

  /// `path` after "/app": {"screening", "settings"}. Every app has: GET settings (its settings with their sources); the rest is its operations'.
  /// `done` is called once, here or on the writer's thread. May take milliseconds: on a worker.
  void Handle(interaction::Request request, interaction::Done done) const;
  const rules::Runner& runner() const { return *runner_; }
  const std::vector<App>& apps() const { return apps_; }

 private:
  std::vector<App> apps_;                                // without their rules, which the runner has
  std::vector<std::unique_ptr<Operations>> operations_;  // [app]; null where an app is data alone
  std::unique_ptr<rules::Runner> runner_;
};

}  // namespace tk::app
