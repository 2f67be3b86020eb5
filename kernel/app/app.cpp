#include "kernel/app/app.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/file.h"
#include "kernel/workflow/notice.h"

namespace tk::app {
namespace {

Error InFile(const Pack& pack, std::string_view path, std::string_view element, std::string_view text) {
  return MakeIssue(ErrorCode::kInvalid, "invalid", std::string(element),
                   fmt::format("apps/{}/{}: {}: {}", pack.id, path, element, text));
}

Result<fhir::Document> ParseFile(const Pack& pack, const File& file) {
  auto document = fhir::Document::Parse(file.content);
  if (document.ok() && document->Root().is_object()) return document;
  const std::string why = document.ok() ? "must be one JSON object" : document.error().external;
  return MakeError(ErrorCode::kIncorrect, fmt::format("apps/{}/{}: {}", pack.id, file.path, why));
}

Status ReadTypes(const fhir::Definitions& definitions, const Pack& pack, fhir::Value manifest,
                 const char* member, std::vector<std::string>* out) {
  if (!manifest[member].is_array())
    return InFile(pack, "manifest.json", member, "must be a list of resource types");
  for (fhir::Value each : manifest[member]) {
    out->push_back(each.ToString());
    if (!definitions.IsResource(definitions.FindType(out->back()))) {
      return InFile(pack, "manifest.json", member, "names no resource type: " + out->back());
    }
  }
  return {};
}

Status ReadManifest(const fhir::Definitions& definitions, const Pack& pack, App* app) {
  const File* file = pack.Find("manifest.json");
  if (file == nullptr)
    return MakeError(ErrorCode::kInvalid, fmt::format("apps/{}: has no manifest.json", pack.id));
  const fhir::Document document = TRY(ParseFile(pack, *file));
  const fhir::Value root = document.Root();
  app->id = root["id"].ToString();
  if (app->id != pack.id) return InFile(pack, file->path, "id", "must be the folder's name");
  app->version = root["version"].ToString();
  app->title_zh = root["title"]["zh-CN"].ToString();
  app->title_en = root["title"]["en"].ToString();
  if (app->version.empty()) return InFile(pack, file->path, "version", "is missing");
  if (app->title_zh.empty() || app->title_en.empty())
    return InFile(pack, file->path, "title", "needs zh-CN and en");
  TRY(ReadTypes(definitions, pack, root, "reads", &app->reads));
  return ReadTypes(definitions, pack, root, "writes", &app->writes);
}

interaction::Response NotFound(std::string text) {
  return interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, std::move(text)));
}

}  // namespace

const File* Pack::Find(std::string_view path) const {
  const auto at =
      std::find_if(files.begin(), files.end(), [&](const File& file) { return file.path == path; });
  return at == files.end() ? nullptr : &*at;
}

namespace {

constexpr size_t kSettingsBytesMax = size_t{1} << 20;

Result<fhir::Document> ReadSettings(const Pack& pack, const std::string& settings_file) {
  if (!settings_file.empty() && FileExists(settings_file)) {
    const std::string text = TRY(ReadFile(settings_file, kSettingsBytesMax));
    auto own = fhir::Document::Parse(text);
    if (own.ok() && own->Root().is_object()) return own;
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("{}: {}", settings_file, own.ok() ? "must be one JSON object" : own.error().external));
  }
  const File* const file = pack.Find("settings.json");
  return file != nullptr ? ParseFile(pack, *file) : fhir::Document::Parse("{}");
}

}  // namespace

Result<App> LoadPack(const fhir::Definitions& definitions, const Pack& pack,
                     const std::string& settings_file) {
  App app;
  TRY(ReadManifest(definitions, pack, &app));
  const fhir::Document settings = TRY(ReadSettings(pack, settings_file));
  app.settings = std::string(settings.Text());
  for (const File& file : pack.files) {
    if (!file.path.starts_with("rules/") || !file.path.ends_with(".json")) continue;
    const std::string name = fmt::format("apps/{}/{}", pack.id, file.path);
    app.rules.push_back(TRY(rules::ParseRule(definitions, pack.id, name, file.content, settings.Root(),
                                             workflow::FullVocabulary())));
    for (const fhir::TypeId written : app.rules.back().Writes()) {
      const std::string type(definitions.Type(written).name);
      if (std::find(app.writes.begin(), app.writes.end(), type) == app.writes.end()) {
        return InFile(pack, file.path, "do", "writes " + type + ", which the manifest's writes do not name");
      }
    }
  }
  return app;
}

Result<std::unique_ptr<Runtime>> Runtime::Start(const Options& options, std::span<const Pack> packs) {
  auto runtime = std::make_unique<Runtime>();
  std::vector<rules::Rule> all;
  for (const Pack& pack : packs) {
    const std::string folder =
        options.apps_folder.empty() ? std::string() : fmt::format("{}/{}", options.apps_folder, pack.id);
    App app =
        TRY(LoadPack(options.engine->definitions(), pack, folder.empty() ? "" : folder + "/settings.json"));
    for (rules::Rule& rule : app.rules) all.push_back(std::move(rule));
    app.rules.clear();
    runtime->apps_.push_back(std::move(app));
    runtime->operations_.push_back(nullptr);
    const auto code = std::find_if(options.code.begin(), options.code.end(),
                                   [&](const Code& each) { return each.id == pack.id; });
    if (code == options.code.end()) continue;
    TRY(MakeFolder(folder));
    runtime->operations_.back() =
        TRY(code->make({options.engine, options.index, options.interactions, options.clock, folder,
                        runtime->apps_.back().settings, options.report}));
  }
  rules::Runner::Options runner;
  runner.engine = options.engine;
  runner.index = options.index;
  runner.folder = options.folder;
  runner.report = options.report;
  runtime->runner_ = TRY(rules::Runner::Start(runner, std::move(all)));
  return runtime;
}

void Runtime::Handle(interaction::Request request, interaction::Done done) const {
  if (request.path.empty()) return done(NotFound("name an app: /app/<id>/"));
  const auto app =
      std::find_if(apps_.begin(), apps_.end(), [&](const App& each) { return each.id == request.path[0]; });
  if (app == apps_.end()) return done(NotFound("no such app is installed here"));
  request.path.erase(request.path.begin());
  if (request.path.size() != 1 || request.path[0] != "settings") {
    Operations* const operations = operations_[static_cast<size_t>(app - apps_.begin())].get();
    if (operations == nullptr) return done(NotFound("this app offers: settings"));
    return operations->Handle(std::move(request), std::move(done));
  }
  if (request.method != interaction::Method::kGet && request.method != interaction::Method::kHead) {
    interaction::Response refusal =
        interaction::OutcomeOf(MakeError(ErrorCode::kUnsupported, "settings can only be read"));
    refusal.status = 405;
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return done(std::move(refusal));
  }
  interaction::Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = app->settings;
  done(std::move(response));
}

}  // namespace tk::app
