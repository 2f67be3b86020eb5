// A pack's files read and checked, each by the room that runs it; all that is wrong is told at once.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kernel/access/pack_tables.h"
#include "kernel/access/policies.h"
#include "kernel/app/app.h"
#include "kernel/base/file.h"
#include "kernel/rules/watch_view.h"
#include "kernel/workflow/notice.h"

namespace tk::app {
namespace {

constexpr size_t kSettingsBytesMax = size_t{1} << 20;
/// What a pack may hold. Parts that this program does not run yet are no mistake of the pack's.
constexpr std::array<std::string_view, 16> kFolders = {
    "types",   "terminology", "forms", "rules", "workflows", "schedules", "indicators", "lists",
    "imports", "prints",      "posts", "seed",  "reports",   "tests",     "ui",         "alerts"};
constexpr std::array<std::string_view, 3> kFiles = {"manifest.json", "settings.json", "operations.json"};

/// One pack being read.
class Loader {
 public:
  Loader(const fhir::Definitions& definitions, const Pack& pack) : definitions_(definitions), pack_(pack) {}

  Result<App> Load(const std::string& settings_file);

 private:
  void ReadManifest();
  std::vector<std::string> ReadTypes(fhir::JsonFile* manifest, const char* member);
  void ReadFile(const File& file);
  void KeepPart(std::string_view folder, const File& file);
  void ReadRule(const File& file);
  void ReadAlert(const File& file);
  void ReadPost(const File& file);
  void ReadList(const File& file);
  void ReadIndicator(const File& file);
  void ReadImport(const File& file);
  void ReadPrint(const File& file);
  void ReadSeed(const File& file);
  /// A pack reads what its manifest names, and nothing else.
  bool CheckReads(const File& file, fhir::TypeId type);
  void ReadForm(const File& file);
  void CheckWrites(const File& file, std::string_view path, const std::vector<fhir::TypeId>& types);
  void Fail(Error error) { failures_.push_back(std::move(error)); }
  void Fail(std::string_view file, std::string_view text) {
    Fail(MakeError(ErrorCode::kInvalid, fmt::format("{}: {}", pack_.NameOf(file), text)));
  }

  const fhir::Definitions& definitions_;
  const Pack& pack_;
  App app_;
  fhir::Document settings_;
  std::vector<Error> failures_;
};

Result<fhir::Document> ReadSettings(const Pack& pack, const std::string& settings_file) {
  if (!settings_file.empty() && FileExists(settings_file)) {
    const std::string text = TRY(tk::ReadFile(settings_file, kSettingsBytesMax));
    TRY(fhir::JsonFile::Parse(settings_file, text));
    return fhir::Document::Parse(text);
  }
  const File* const file = pack.Find("settings.json");
  if (file == nullptr) return fhir::Document::Parse("{}");
  TRY(fhir::JsonFile::Parse(pack.NameOf(file->path), std::string(file->content)));
  return fhir::Document::Parse(file->content);
}

std::vector<std::string> Loader::ReadTypes(fhir::JsonFile* manifest, const char* member) {
  std::vector<std::string> types;
  const fhir::Value list = manifest->root()[member];
  if (!list.is_array()) manifest->Note(member, "must be a list of resource types");
  for (size_t i = 0; i < list.size(); ++i) {
    types.push_back(list.At(i).ToString());
    if (!definitions_.IsResource(definitions_.FindType(types.back())))
      manifest->Note(fmt::format("{}[{}]", member, i), "names no resource type: " + types.back());
  }
  return types;
}

void Loader::ReadManifest() {
  const File* const file = pack_.Find("manifest.json");
  if (file == nullptr) return Fail("manifest.json", "is missing");
  auto parsed = fhir::JsonFile::Parse(pack_.NameOf(file->path), std::string(file->content));
  if (!parsed.ok()) return Fail(parsed.error());
  fhir::JsonFile& manifest = *parsed;
  const fhir::Value root = manifest.root();
  app_.id = root["id"].ToString();
  if (app_.id != pack_.id) manifest.Note("id", "must be the folder's name");
  if (app_.id == App::kTaken) manifest.Note("id", "is the platform's own: choose another");
  app_.version = root["version"].ToString();
  app_.title_zh = root["title"]["zh-CN"].ToString();
  app_.title_en = root["title"]["en"].ToString();
  if (app_.version.empty()) manifest.Note("version", "is missing");
  if (app_.title_zh.empty() || app_.title_en.empty()) manifest.Note("title", "needs zh-CN and en");
  app_.reads = ReadTypes(&manifest, "reads");
  app_.writes = ReadTypes(&manifest, "writes");
  if (!manifest.good()) Fail(manifest.Failure());
}

void Loader::CheckWrites(const File& file, std::string_view path, const std::vector<fhir::TypeId>& types) {
  for (const fhir::TypeId written : types) {
    const std::string type(definitions_.Type(written).name);
    if (std::find(app_.writes.begin(), app_.writes.end(), type) != app_.writes.end()) continue;
    Fail(file.path, fmt::format("{}: writes {}, which the manifest's writes do not name", path, type));
  }
}

void Loader::ReadRule(const File& file) {
  auto rule = rules::ParseRule(definitions_, pack_.id, pack_.NameOf(file.path), file.content,
                               settings_.Root(), ActionVocabulary());
  if (!rule.ok()) return Fail(rule.error());
  CheckWrites(file, "do", rule->Writes());
  app_.parts.back().id = rule->id;
  app_.rules.push_back(std::move(rule).value());
}

void Loader::ReadAlert(const File& file) {
  auto rule = rules::ParseRule(definitions_, pack_.id, pack_.NameOf(file.path), file.content,
                               settings_.Root(), ActionVocabulary());
  if (!rule.ok()) return Fail(rule.error());
  if (rule->on_type != definitions_.FindType(rules::kVisitType))
    return Fail(file.path, fmt::format("on.type: of an alert it is {}", rules::kVisitType));
  if (rule->Changes()) return Fail(file.path, "do: an alert only creates");
  CheckWrites(file, "do", rule->Writes());
  app_.alerts.push_back(std::move(rule).value());
}

namespace {

/// Is there an element at that path ("store", "item.store") of the type which may refer to an Organization?
bool NamesOrganization(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view path) {
  const fhir::ElementInfo* element = nullptr;
  for (std::string_view rest = path; !rest.empty() && type != fhir::kNoType;) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    element = definitions.FindElement(type, fhir::Names::Find(name));
    if (element == nullptr) return false;
    type = element->type;
  }
  if (element == nullptr || definitions.Type(element->type).name != "Reference") return false;
  const auto& targets = element->reference_targets;
  return targets.empty() ||
         std::find(targets.begin(), targets.end(), definitions.FindType("Organization")) != targets.end();
}

}  // namespace

void Loader::ReadPost(const File& file) {
  auto parsed = fhir::JsonFile::Parse(pack_.NameOf(file.path), std::string(file.content));
  if (!parsed.ok()) return Fail(parsed.error());
  fhir::JsonFile& source = *parsed;
  const fhir::Value root = source.root();
  access::PackPost brought;
  brought.app = std::string(pack_.id);
  brought.second_factor = root["second_factor"].IsTrue();
  brought.post.name = root["id"].ToString();
  brought.post.title_zh = root["title"]["zh-CN"].ToString();
  brought.post.title_en = root["title"]["en"].ToString();
  brought.post.source = access::SourceIn(root["source"]);
  if (brought.post.name.empty())
    source.Note("id", "is missing: the post that it is, or that gets the rights");
  const auto read = [&](const char* member, const std::vector<std::string>& named,
                        std::vector<std::string>* out) {
    const fhir::Value list = root[member];
    for (size_t i = 0; i < list.size(); ++i) {
      out->push_back(list.At(i).ToString());
      if (std::find(named.begin(), named.end(), out->back()) == named.end())
        source.Note(fmt::format("{}[{}]", member, i), fmt::format("is not among the manifest's {}", member));
    }
  };
  read("reads", app_.reads, &brought.post.reads);
  read("writes", app_.writes, &brought.post.writes);
  for (size_t i = 0; i < root["deletes"].size(); ++i) {
    const std::string type = root["deletes"].At(i).ToString();
    const auto& writes = brought.post.writes;
    if (std::find(writes.begin(), writes.end(), type) == writes.end())
      source.Note(fmt::format("deletes[{}]", i), "is not among writes: who deletes a type also writes it");
    brought.post.deletes.push_back(type);
  }
  for (const fhir::Value operation : root["operations"])
    brought.post.operations.push_back(operation.ToString());
  for (const fhir::Value system : root["tasks"]) brought.post.tasks.push_back(system.ToString());
  for (const fhir::Value element : root["organization"]) {
    const std::string type(element.name_text());
    brought.post.organization.emplace(type, element.ToString());
    if (!NamesOrganization(definitions_, definitions_.FindType(type), element.ToString()))
      source.Note("organization." + type, fmt::format("{} has no element '{}' that refers to an Organization",
                                                      type, element.ToString()));
  }
  auto tables = access::TablesIn(root);
  if (tables.ok())
    brought.tables = std::move(tables).value();
  else
    source.Note({}, tables.error());
  if (source.good()) {
    auto posts = access::Posts::BuiltIn();
    const Status added = posts.ok() ? posts->Add(brought) : Status(posts.TakeError());
    if (!added.ok()) source.Note({}, added.error());
    access::Policies policies = *access::Policies::BuiltIn();
    if (const Status bound = policies.Add(brought); !bound.ok()) source.Note({}, bound.error());
  }
  if (!source.good()) return Fail(source.Failure());
  app_.posts.push_back(std::move(brought));
}

void Loader::ReadForm(const File& file) {
  auto form = forms::ParseForm(definitions_, pack_.id, pack_.NameOf(file.path), file.content,
                               settings_.Root(), ActionVocabulary());
  if (!form.ok()) return Fail(form.error());
  if (form->id != pack_.id && !form->id.starts_with(std::string(pack_.id) + "."))
    Fail(file.path, fmt::format("id: must begin with {}. as ids of forms are the whole city's", pack_.id));
  CheckWrites(file, "do", form->Writes());
  if (form->posts.empty()) app_.form_posts.push_back({form->url, {}, {}});
  const auto source = fhir::JsonFile::Parse(pack_.NameOf(file.path), std::string(file.content));
  for (const char* member : {"posts", "readers"}) {
    const fhir::Value posts = source.ok() ? source->root()[member] : fhir::Value();
    for (size_t i = 0; i < posts.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", member, i);
      const fhir::Place place = source->At(path);
      app_.form_posts.push_back({form->url, posts.At(i).ToString(),
                                 fmt::format("{}:{}:{}: {}", source->name(), place.line, place.column, path),
                                 member == std::string_view("readers")});
    }
  }
  app_.forms.push_back(std::move(form).value());
}

void Loader::ReadList(const File& file) {
  auto list = ParseList(definitions_, pack_.id, pack_.NameOf(file.path), file.content);
  if (!list.ok()) return Fail(list.error());
  if (CheckReads(file, list->type)) app_.lists.push_back(std::move(list).value());
}

void Loader::ReadIndicator(const File& file) {
  auto indicator =
      ParseIndicator(definitions_, pack_.id, pack_.NameOf(file.path), file.content, settings_.Root());
  if (!indicator.ok()) return Fail(indicator.error());
  if (CheckReads(file, indicator->type)) app_.indicators.push_back(std::move(indicator).value());
}

void Loader::ReadImport(const File& file) {
  auto import = ParseImport(definitions_, pack_.id, pack_.NameOf(file.path), file.content, settings_.Root());
  if (!import.ok()) return Fail(import.error());
  CheckWrites(file, "type", {import->type});
  app_.imports.push_back(std::move(import).value());
}

void Loader::ReadPrint(const File& file) {
  auto print = ParsePrint(definitions_, pack_.id, pack_.NameOf(file.path), file.content, settings_.Root());
  if (!print.ok()) return Fail(print.error());
  bool reads = true;
  for (const fhir::TypeId type : print->Reads()) reads = CheckReads(file, type) && reads;
  const auto same = [&](const Print& each) { return each.id == print->id; };
  if (std::any_of(app_.prints.begin(), app_.prints.end(), same))
    return Fail(file.path, "id: another print form of this pack has it");
  if (reads) app_.prints.push_back(std::move(print).value());
}

void Loader::ReadSeed(const File& file) {
  auto seed = ParseSeed(definitions_, pack_.id, pack_.NameOf(file.path), file.content);
  if (!seed.ok()) return Fail(seed.error());
  CheckWrites(file, "resourceType", {seed->type});
  app_.seeds.push_back(std::move(seed).value());
}

bool Loader::CheckReads(const File& file, fhir::TypeId type) {
  const std::string name(definitions_.Type(type).name);
  const bool named = std::find(app_.reads.begin(), app_.reads.end(), name) != app_.reads.end();
  if (!named) Fail(file.path, fmt::format("type: reads {}, which the manifest's reads do not name", name));
  return named;
}

/// What is data and runs; stories, pages and texts of others are no part of what is loaded.
void Loader::KeepPart(std::string_view folder, const File& file) {
  constexpr std::string_view kEnd = ".json";
  if (folder == "tests" || folder == "ui" || folder == "reports" || !file.path.ends_with(kEnd)) return;
  std::string_view name = file.path.substr(folder.size() + 1);
  name.remove_suffix(kEnd.size());
  app_.parts.push_back(
      {std::string(folder), std::string(name), {}, pack_.NameOf(file.path), std::string(file.content)});
}

void Loader::ReadFile(const File& file) {
  const std::string_view folder = file.path.substr(0, file.path.find('/'));
  if (folder.size() == file.path.size()) {
    if (std::find(kFiles.begin(), kFiles.end(), file.path) == kFiles.end())
      Fail(file.path,
           fmt::format("is no file that a pack has: there are {}, and folders", fmt::join(kFiles, ", ")));
    return;
  }
  if (std::find(kFolders.begin(), kFolders.end(), folder) == kFolders.end())
    return Fail(file.path,
                fmt::format("is in no folder that a pack has: there are {}", fmt::join(kFolders, ", ")));
  KeepPart(folder, file);
  if (folder == "rules") return ReadRule(file);
  if (folder == "alerts") return ReadAlert(file);
  if (folder == "posts") return ReadPost(file);
  if (folder == "lists") return ReadList(file);
  if (folder == "indicators") return ReadIndicator(file);
  if (folder == "imports") return ReadImport(file);
  if (folder == "prints") return ReadPrint(file);
  if (folder == "seed") return ReadSeed(file);
  if (folder == "forms") return ReadForm(file);
}

Result<App> Loader::Load(const std::string& settings_file) {
  ReadManifest();
  app_.is_from_folder = !pack_.origin.empty();
  auto settings = ReadSettings(pack_, settings_file);
  if (settings.ok())
    settings_ = std::move(settings).value();
  else
    Fail(settings.error());
  app_.settings = std::string(settings_.Text());
  for (const File& file : pack_.files) ReadFile(file);
  if (!failures_.empty()) return fhir::JoinFailures(failures_);
  return std::move(app_);
}

}  // namespace

const rules::Vocabulary& ActionVocabulary() { return workflow::FullVocabulary(); }

const File* Pack::Find(std::string_view path) const {
  const auto at =
      std::find_if(files.begin(), files.end(), [&](const File& file) { return file.path == path; });
  return at == files.end() ? nullptr : &*at;
}

const PartFile* App::FindPart(std::string_view part, std::string_view name) const {
  const auto at = std::find_if(parts.begin(), parts.end(),
                               [&](const PartFile& file) { return file.part == part && file.name == name; });
  return at == parts.end() ? nullptr : &*at;
}

std::string Pack::NameOf(std::string_view path) const {
  return origin.empty() ? fmt::format("apps/{}/{}", id, path) : fmt::format("{}/{}", origin, path);
}

Result<App> LoadPack(const fhir::Definitions& definitions, const Pack& pack,
                     const std::string& settings_file) {
  return Loader(definitions, pack).Load(settings_file);
}

namespace {

/// A form names posts of the platform or of packs; those with a duty over the platform answer none and see none.
Status CheckFormPosts(const std::vector<App>& apps, std::vector<Error>* failures) {
  const access::Posts platform = TRY(access::Posts::BuiltIn());
  std::set<std::string, std::less<>> brought;
  for (const App& app : apps) {
    for (const access::PackPost& post : app.posts) brought.insert(post.post.name);
  }
  for (const App& app : apps) {
    for (const FormPost& each : app.form_posts) {
      if (each.post.empty() || each.post == "admin" || brought.contains(each.post)) continue;
      const auto known = platform.Find(each.post);
      if (known != nullptr && access::DutyOf(*known).empty()) continue;
      failures->push_back(MakeError(
          ErrorCode::kInvalid,
          fmt::format("{}: {}", each.place,
                      known == nullptr
                          ? "is no post of the platform or of a pack: write it in posts/"
                          : "has a duty over the platform: it answers no form and sees no answers")));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<App>> LoadPacks(const fhir::Definitions& definitions, std::span<const Pack> packs,
                                   const std::string& apps_folder) {
  std::vector<App> apps;
  std::vector<Error> failures;
  for (const Pack& pack : packs) {
    auto app = LoadPack(definitions, pack,
                        apps_folder.empty() ? "" : fmt::format("{}/{}/settings.json", apps_folder, pack.id));
    if (app.ok())
      apps.push_back(std::move(app).value());
    else
      failures.push_back(app.error());
  }
  TRY(CheckFormPosts(apps, &failures));
  if (!failures.empty()) return fhir::JoinFailures(failures);
  return apps;
}

std::vector<access::PackPost> PostsOf(std::span<const App> apps) {
  std::vector<access::PackPost> posts, by_forms;
  for (const App& app : apps) posts.insert(posts.end(), app.posts.begin(), app.posts.end());
  for (const App& app : apps) {
    for (const FormPost& each : app.form_posts) {
      if (each.post == "admin") continue;  // it may answer all
      const auto add = [&](access::Post* post) {
        (each.sees_only ? post->forms_seen : post->forms).push_back(each.form);
      };
      bool is_own = false;
      for (access::PackPost& post : posts) {
        const auto& writes = post.post.writes;
        const bool answers =
            each.post.empty() ? std::find(writes.begin(), writes.end(), access::kFormAnswer) != writes.end()
                              : post.post.name == each.post;
        if (post.app != app.id || !answers) continue;
        add(&post.post);
        is_own = true;
      }
      if (is_own && !each.post.empty()) continue;
      access::PackPost brought;
      brought.app = app.id;
      brought.post.name = each.post;
      brought.post.source = "the form " + each.form + " names it";
      add(&brought.post);
      by_forms.push_back(std::move(brought));
    }
  }
  posts.insert(posts.end(), by_forms.begin(), by_forms.end());
  return posts;
}

}  // namespace tk::app
