// What an app is to the platform: a pack of files (manifest, rules, settings, forms …) found by folder, checked when it is loaded.
// Flow:   build: tools/embed_packs.py gathers apps/*/ into the program → InstalledPacks, with those of a folder: PackSet (pack_set.h)
//         → LoadDefinitions (types/), LoadPacks (all else: every file checked) → Runtime::Start starts the rules
// Adding an app edits no central file. What a pack may hold: docs/packs.md. Source: DESIGN 3, 5.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/posts.h"
#include "kernel/app/import.h"
#include "kernel/app/indicator.h"
#include "kernel/app/list.h"
#include "kernel/app/print.h"
#include "kernel/app/seed.h"
#include "kernel/forms/form.h"
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
  std::string_view id;           // the folder's name
  std::span<const File> files;   // sorted by path
  std::string_view origin = {};  // where it lies; "": linked in, from apps/<id>
  const File* Find(std::string_view path) const;
  /// What messages call a file of it.
  std::string NameOf(std::string_view path) const;
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
  rules::Reach reach = {};                         // to find records of a person, whichever of his they name
  int timezone_offset_min = 480;                   // of times without a zone
};

/// What an app answers beyond its data: everything under /app/<id>/ but settings. Thread-safe.
class Operations {
 public:
  virtual ~Operations() = default;
  /// `request.path` is what follows /app/<id>/. Calls `done` exactly once, on this thread or on the writer's. Rights are checked here: what the post
  /// may call (Viewer::MayCall), whose records it may see (Viewer::scope). Answers name what they did and to whom, for the audit.
  /// `request.viewer` is as every interaction sees him (Interactions::Seen): his scope holds what facts open and close, and who he is stands now.
  virtual void Handle(interaction::Request request, interaction::Done done) = 0;
};
using MakeOperations = Result<std::unique_ptr<Operations>> (*)(const Context& context);
/// An app with C++ has apps/<id>/operations.cpp, which defines tk::app::MakeOperationsOf_<id> (a dash becomes "_"); server/CMakeLists.txt finds it.
struct Code {
  std::string_view id;
  MakeOperations make;
};

/// A file of a pack as it was written: for telling what is loaded (contents.h), and for trying a rule on history.
struct PartFile {
  std::string part;   // its folder: "rules"
  std::string name;   // without folder and end: "fever"
  std::string id;     // of a rule: "screening.fever"
  std::string place;  // what messages call it
  std::string text;
};

/// A post that a form lets answer it, or see its answers.
struct FormPost {
  std::string form;   // url
  std::string post;   // "": whoever of the pack's posts, and of the platform's, may write answers
  std::string place;  // "apps/fever/forms/register.json:7:3: posts[0]"
  bool sees_only = false;
};

/// What was read from a pack. Immutable.
struct App {
  static constexpr std::string_view kTaken = "prints";  // no app's id: it stands for all of them

  std::string id, version, title_zh, title_en;
  std::vector<std::string> reads, writes;
  std::string settings;            // JSON object; "{}" when the app has none
  bool is_from_folder = false;     // not linked into the program
  std::vector<PartFile> parts;     // in the order of their paths
  std::vector<rules::Rule> rules;  // until they are the runner's
  std::vector<access::PackPost> posts;
  std::vector<List> lists;
  std::vector<Indicator> indicators;
  std::vector<Import> imports;
  std::vector<Print> prints;
  std::vector<Seed> seeds;
  std::vector<forms::Form> forms;  // until they are the runtime's
  std::vector<FormPost> form_posts;
  std::vector<rules::Rule> alerts;  // what is made of a listed person's visit (interaction/alerts.h)

  /// nullptr: there is none.
  const PartFile* FindPart(std::string_view part, std::string_view name) const;
};
/// What the actions of packs may be: the rules' own, and those of the rooms above.
const rules::Vocabulary& ActionVocabulary();
/// `settings_file`: if it is there, it replaces the pack's settings.json as a whole (a city's own values).
/// Errors: kInvalid / kIncorrect with all that is wrong, a line each: file, line, column, element path, and how to mend it.
Result<App> LoadPack(const fhir::Definitions& definitions, const Pack& pack,
                     const std::string& settings_file = {});
/// All of them; `apps_folder`: where a city's settings lie, DIR/apps; "" = nowhere. Errors: as LoadPack, of all packs.
Result<std::vector<App>> LoadPacks(const fhir::Definitions& definitions, std::span<const Pack> packs,
                                   const std::string& apps_folder);

/// What they bring to the posts, in their order: what their files say, and to each post the forms that name it.
std::vector<access::PackPost> PostsOf(std::span<const App> apps);

struct WorkflowOptions {
  std::string data_folder;             // where a city's working_time.json may be; "" = none
  std::string apps_folder;             // as Runtime's
  std::span<const std::string> posts;  // names of those that are known
  int offset_min = 480;
};
/// The workflows and schedules of the packs (workflows/*.json, schedules/*.json) with the calendar that their time limits go by.
/// Errors: kInvalid / kIncorrect with everything that is wrong with a file, by line, column and element path.
Result<std::shared_ptr<workflow::Shelf>> LoadWorkflows(const fhir::Definitions& definitions,
                                                       std::span<const Pack> packs,
                                                       const WorkflowOptions& options);
/// The alert rules of them all, taken out of them.
std::vector<rules::Rule> TakeAlerts(std::vector<App>* apps);

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
    forms::Forms* forms =
        nullptr;              // filled with those of the apps; the interactions' too. May be null in tests
    rules::Reach reach = {};  // of the interactions (interaction/reach.h); empty: rules find and move nothing
    std::function<void(const std::string&)> report;
    int timezone_offset_min = 480;
  };
  static Result<std::unique_ptr<Runtime>> Start(const Options& options, std::vector<App> apps);
  ~Runtime();

  /// Other versions of the packs in place of the running ones; what was going on is finished by the old ones, and none is judged twice. Their types are
  /// those of the engine until the next start. Errors: as Start's; then the old ones go on.
  Status Reload(std::vector<App> apps);

  /// `path` after "/app": {"screening", "settings"}. Every app has: GET settings (its settings with their sources), lists
  /// (list.h), indicators (indicator.h), imports (import.h), prints (print.h), forms (each as a Questionnaire), rules (try_rule.h) and files (contents.h); the
  /// rest is its operations'. {}: what is loaded (contents.h). {"prints", Type, id}: which print forms of all apps fit that record.
  /// `done` is called once, here or on the writer's thread. May take milliseconds: on a worker.
  void Handle(interaction::Request request, interaction::Done done) const;
  /// Waits until rules have judged all that is in the log, and all that they made of it, for tests. False after `timeout_ms`.
  bool Settle(int timeout_ms) const;
  rules::Runner::Statistics rule_statistics() const;

 private:
  struct Apps;
  std::shared_ptr<const Apps> Now() const;
  Status StartRunner(std::vector<rules::Rule> rules);
  /// nullptr: it is data alone.
  Operations* OperationsOf(const App& app) const;
  void HandleForms(const App& app, const interaction::Request& request, const interaction::Done& done) const;
  void HandleRules(const App& app, const interaction::Request& request, const interaction::Done& done) const;
  void HandlePacks(const Apps& apps, const interaction::Request& request,
                   const interaction::Done& done) const;
  void HandleFiles(const App& app, const interaction::Request& request, const interaction::Done& done) const;
  void HandleIndicators(const App& app, const interaction::Request& request,
                        const interaction::Done& done) const;
  void HandleImports(const App& app, const interaction::Request& request,
                     const interaction::Done& done) const;
  void HandlePrints(const App& app, const interaction::Request& request, const interaction::Done& done) const;
  void HandleFitting(const Apps& apps, const interaction::Request& request,
                     const interaction::Done& done) const;
  PrintPlace PlaceOfPrints() const;
  void HandleLists(std::shared_ptr<const Apps> apps, const App& app, interaction::Request request,
                   interaction::Done done) const;

  Options options_;
  mutable std::atomic<bool> is_trying_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Apps> apps_;
  std::shared_ptr<rules::Runner> runner_;
  std::deque<std::string> settings_;  // of apps with C++, who may keep them
  std::vector<std::pair<std::string, std::unique_ptr<Operations>>> operations_;  // of apps with C++
  std::unique_ptr<Sower> sower_;
};

}  // namespace tk::app
