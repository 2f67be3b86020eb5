#include "kernel/access/posts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/access/oauth/scopes.h"
#include "kernel/access/policies.h"
#include "kernel/access/toml_read.h"
#include "kernel/base/file.h"
#include "kernel/fhir/value.h"

namespace tk::access {

extern const char* const kPostsToml;  // posts_text.cpp, made from data/posts.toml

namespace {

bool Holds(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

// "*" sorts before every letter, so it can only be first.
bool HoldsOrAll(const std::vector<std::string>& sorted, std::string_view name) {
  return !sorted.empty() && (sorted.front() == "*" || Holds(sorted, name));
}

Result<std::vector<std::string>> SortedTexts(const toml::table& table, std::string_view key,
                                             const std::string& name) {
  std::vector<std::string> out = TRY(TextsOf(table, key, name));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void AddTo(std::vector<std::string>* names, const std::vector<std::string>& more) {
  names->insert(names->end(), more.begin(), more.end());
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
}

/// Who may answer a form sees its answers; to no other pack's form does it. What the post has besides is its own: one of the platform goes on seeing answers
/// that are to no pack's form, unless a pack alone let it see answers. Before the rights that are brought are added.
void AddForms(const Post& brought, Post* post) {
  const std::string answer(kFormAnswer);
  const auto brings = [&](const std::vector<std::string>& types) {
    return std::find(types.begin(), types.end(), answer) != types.end();
  };
  AddTo(&post->forms, brought.forms);
  AddTo(&post->forms_seen, brought.forms_seen);
  const bool writes = !post->forms.empty() || brings(brought.writes);
  const bool reads = writes || !post->forms_seen.empty() || brings(brought.reads);
  post->reads_by_form =
      post->reads_by_form || post->is_of_pack || (reads && !HoldsOrAll(post->reads, answer));
  post->writes_by_form =
      post->writes_by_form || post->is_of_pack || (writes && !HoldsOrAll(post->writes, answer));
  if (reads) AddTo(&post->reads, {answer});
  if (writes) AddTo(&post->writes, {answer});
}

/// Of the platform's posts, and not by a form alone.
bool WritesAnswers(const Post& post) {
  return !post.is_of_pack && !post.writes_by_form && !post.all_types && HoldsOrAll(post.writes, kFormAnswer);
}

/// What a city says of forms, in place of what packs bring.
Status ReadForms(const toml::table& table, const std::string& name, const Post* known, Post* post) {
  Post said;
  if (known != nullptr) {
    said.forms = known->forms;
    said.forms_seen = known->forms_seen;
    post->is_of_pack = known->is_of_pack;
  }
  if (table.contains("forms")) said.forms = TRY(SortedTexts(table, "forms", name));
  if (table.contains("forms_seen")) said.forms_seen = TRY(SortedTexts(table, "forms_seen", name));
  if (table.contains("forms") || table.contains("forms_seen") || post->is_of_pack) {
    AddForms(said, post);
  } else {
    post->forms = said.forms;
    post->forms_seen = said.forms_seen;
  }
  return {};
}

struct Duty {
  std::string_view name;
  std::array<std::string_view, 2> operations;  // whoever may call one of them has it
};
constexpr std::array<Duty, 3> kDuties = {{{"running", {"metrics", "rebuild"}},
                                          {"accounts", {"accounts", "emergency-review"}},
                                          {"audit", {"audit", "audit"}}}};

bool HasDuty(const Post& post, const Duty& duty) {
  return Holds(post.operations, duty.operations[0]) || Holds(post.operations, duty.operations[1]);
}

/// The duties over the platform itself. Whoever has one has no other and sees no health data; "*" has all, so only the post admin may have it.
Status CheckDuties(const Post& post) {
  if (post.name == "admin") return {};
  const auto wrong = [](std::string_view what) {
    return MakeError(ErrorCode::kIncorrect, std::string(what));
  };
  if (Holds(post.operations, "*"))
    return wrong("only the post admin may call all operations: name those of this post");
  size_t held = 0;
  bool trusted = false;
  for (const Duty& duty : kDuties) {
    if (!HasDuty(post, duty)) continue;
    ++held;
    trusted = trusted || duty.name != "running";
  }
  if (held > 1)
    return wrong(
        "running the platform (metrics, rebuild), accounts (accounts, emergency-review) and audit are duties "
        "of "
        "different posts");
  if (trusted && !(post.reads.empty() && post.writes.empty()))
    return wrong("a post with accounts, emergency-review or audit reads and writes no resources");
  return {};
}

}  // namespace

std::string_view DutyOf(const Post& post) {
  if (Holds(post.operations, "*")) return "all";
  const auto* const at =
      std::find_if(kDuties.begin(), kDuties.end(), [&](const Duty& duty) { return HasDuty(post, duty); });
  return at == kDuties.end() ? std::string_view() : at->name;
}

// The post, narrowed by what a program was granted: the one place where both meet.
bool Viewer::MayRead(std::string_view type) const {
  return post != nullptr && (post->all_types || HoldsOrAll(post->reads, type)) &&
         IsGranted(type, oauth::kReads);
}
bool Viewer::MayWrite(std::string_view type) const {
  return post != nullptr && (post->all_types || HoldsOrAll(post->writes, type)) &&
         IsGranted(type, oauth::kWrites);
}
bool Viewer::MayDelete(std::string_view type) const {
  return MayWrite(type) && HoldsOrAll(post->deletes, type) && IsGranted(type, oauth::kDelete);
}
// Scopes name types. Of the operations a program has those that read or check what its scopes let it read, type by type; never those that
// reveal, export, erase or run the platform.
bool Viewer::MayCall(std::string_view operation) const {
  if (post == nullptr || !HoldsOrAll(post->operations, operation)) return false;
  if (granted == nullptr) return true;
  return (operation == "$everything" && granted->Allows("Patient", oauth::kReads)) ||
         (operation == "$validate" && !granted->resources.empty());
}
bool Viewer::IsHis(view::OwnerNumber owner) const {
  // Somebody of the staff whose program is narrowed to one person is not that person.
  if (owner == 0 || (granted != nullptr && kind != AccountKind::kResident)) return false;
  return own.empty() ? owner == scope.only_owner : std::binary_search(own.begin(), own.end(), owner);
}

bool Viewer::IsGranted(std::string_view type, uint8_t letters) const {
  return granted == nullptr || granted->Allows(type, letters);
}

Status Posts::Read(std::string_view text, const std::string& name) {
  const toml::table file = TRY(ParseToml(text, name));
  for (const auto& [key, node] : file) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) return TomlError(name, node, "a post is a table: [name]");
    TRY(CheckKeys(*table, name,
                  {"title_zh", "title_en", "reads", "writes", "deletes", "operations", "forms", "forms_seen",
                   "source", "second_factor"}));
    auto post = std::make_shared<Post>();
    post->name = std::string(key.str());
    post->title_zh = TRY(TextOf(*table, "title_zh", name));
    post->title_en = TRY(TextOf(*table, "title_en", name));
    post->reads = TRY(SortedTexts(*table, "reads", name));
    post->writes = TRY(SortedTexts(*table, "writes", name));
    post->deletes = TRY(SortedTexts(*table, "deletes", name));
    for (const std::string& type : post->deletes) {
      if (!HoldsOrAll(post->writes, type))
        return TomlError(name, node, fmt::format("deletes {}, which is not among its writes", type));
    }
    post->operations = TRY(SortedTexts(*table, "operations", name));
    post->source = TRY(TextOf(*table, "source", name));
    if (post->source.empty())
      return TomlError(name, node, "'source' is missing: say where the right comes from");
    const std::shared_ptr<const Post> known = Find(post->name);
    TRY(ReadForms(*table, name, known.get(), post.get()));
    post->all_types = Holds(post->reads, "*") && Holds(post->writes, "*");
    if (Status apart = CheckDuties(*post); !apart.ok()) return TomlError(name, node, apart.error().external);
    if (known != nullptr) {
      post->tasks = known->tasks;
      post->organization = known->organization;
    }
    if (WritesAnswers(*post)) AddTo(&post->forms, open_forms_);
    second_factor_.erase(post->name);
    if (TRY(FlagOf(*table, "second_factor", name))) second_factor_.insert(post->name);
    posts_[post->name] = std::move(post);
  }
  return {};
}

namespace {

constexpr size_t kPackPostsBytesMax = size_t{4} << 20;

Error WrongPost(std::string_view member, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "value", std::string(member), std::move(text));
}

Status CheckBrought(const PackPost& brought) {
  for (const std::string& type : brought.post.deletes) {
    const auto& writes = brought.post.writes;
    if (std::find(writes.begin(), writes.end(), type) == writes.end())
      return WrongPost("deletes", fmt::format("names {}, which is not among writes", type));
  }
  for (const auto* list : {&brought.post.reads, &brought.post.writes}) {
    if (std::find(list->begin(), list->end(), "*") != list->end())
      return WrongPost(list == &brought.post.reads ? "reads" : "writes", "a pack names types, never *");
  }
  for (const std::string& operation : brought.post.operations) {
    if (!operation.starts_with(brought.app + "-"))
      return WrongPost("operations", "'" + operation + "' is not of this pack: its operations begin with " +
                                         brought.app + "-");
  }
  const auto& tasks = brought.post.tasks;
  if (tasks.size() > kTaskSystemsMax || std::find(tasks.begin(), tasks.end(), std::string()) != tasks.end())
    return WrongPost("tasks", fmt::format("names 1 to {} code systems of Task.code", kTaskSystemsMax));
  for (const auto& [type, element] : brought.post.organization) {
    const auto& reads = brought.post.reads;
    const auto& writes = brought.post.writes;
    const bool named = std::find(reads.begin(), reads.end(), type) != reads.end() ||
                       std::find(writes.begin(), writes.end(), type) != writes.end();
    if (!named || element.empty())
      return WrongPost("organization." + type, element.empty()
                                                   ? "names the element that refers to the Organization"
                                                   : "is no type that this file lets the post read or write");
  }
  if (brought.post.source.empty()) return WrongPost("source", "is missing: say where the right comes from");
  return {};
}

/// Whoever of two packs' files says nothing of a type's organization opens nothing by it.
Status AddOrganizations(const PackPost& brought, bool is_new, Post* post) {
  for (const auto& [type, element] : brought.post.organization) {
    const auto [at, added] = post->organization.emplace(type, element);
    if (at->second != element || (added && !is_new && HoldsOrAll(post->reads, type)))
      return WrongPost("organization." + type,
                       fmt::format("the post {} sees this type otherwise already: all that says so is one "
                                   "pack's, or says the same",
                                   post->name));
  }
  return {};
}

std::vector<std::string> TextsIn(fhir::Value list) {
  std::vector<std::string> texts;
  for (const fhir::Value each : list) texts.push_back(each.ToString());
  return texts;
}

}  // namespace

Result<std::vector<PackPost>> ReadPackPosts(const std::string& folder) {
  const std::string path = PackPostsPath(folder);
  std::vector<PackPost> out;
  auto text = ReadFile(path, kPackPostsBytesMax);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return out;
  if (!text.ok()) return text.TakeError();
  auto document = fhir::Document::Parse(*text);
  if (!document.ok())
    return MakeError(ErrorCode::kIncorrect, path + ": " + document.error().external +
                                                "; it is written anew at each start: take it away");
  for (const fhir::Value each : document->Root()) {
    PackPost brought;
    brought.app = each["app"].ToString();
    brought.second_factor = each["second_factor"].IsTrue();
    Post& post = brought.post;
    post.name = each["name"].ToString();
    post.title_zh = each["title_zh"].ToString();
    post.title_en = each["title_en"].ToString();
    post.reads = TextsIn(each["reads"]);
    post.writes = TextsIn(each["writes"]);
    post.deletes = TextsIn(each["deletes"]);
    post.operations = TextsIn(each["operations"]);
    post.tasks = TextsIn(each["tasks"]);
    post.forms = TextsIn(each["forms"]);
    post.forms_seen = TextsIn(each["forms_seen"]);
    for (const fhir::Value element : each["organization"])
      post.organization.emplace(element.name_text(), element.ToString());
    post.source = each["source"].ToString();
    for (const fhir::Value table : each["tables"])
      brought.tables.emplace(table.name_text(), table.ToString());
    out.push_back(std::move(brought));
  }
  return out;
}

Status Posts::Add(const PackPost& brought) {
  if (brought.post.name.empty()) {
    AddTo(&open_forms_, brought.post.forms);
    for (auto& [name, post] : posts_) {
      if (!WritesAnswers(*post)) continue;
      auto more = std::make_shared<Post>(*post);
      AddTo(&more->forms, open_forms_);
      post = std::move(more);
    }
    return {};
  }
  TRY(CheckBrought(brought));
  const std::shared_ptr<const Post> known = Find(brought.post.name);
  auto post = std::make_shared<Post>();
  if (known != nullptr) {
    if (!DutyOf(*known).empty())
      return WrongPost(
          "id", "the post " + known->name + " has a duty over the platform: a pack does not change it");
    *post = *known;
    post->source += " | " + brought.app + ": " + brought.post.source;
  } else {
    if (brought.post.title_zh.empty() || brought.post.title_en.empty())
      return WrongPost("title",
                       "needs zh-CN and en: " + brought.post.name + " is no post that is there already");
    post->is_of_pack = true;
    post->name = brought.post.name;
    post->title_zh = brought.post.title_zh;
    post->title_en = brought.post.title_en;
    post->source = brought.post.source;
  }
  TRY(AddOrganizations(brought, known == nullptr, post.get()));
  AddForms(brought.post, post.get());
  AddTo(&post->reads, brought.post.reads);
  AddTo(&post->reads, brought.post.writes);  // whoever writes a type sees it
  AddTo(&post->writes, brought.post.writes);
  AddTo(&post->deletes, brought.post.deletes);
  AddTo(&post->operations, brought.post.operations);
  AddTo(&post->tasks, brought.post.tasks);
  if (post->is_of_pack && post->tasks.empty() && Holds(post->reads, "Task"))
    return WrongPost("tasks",
                     "is missing: what a Task asks to be done tells of health. Name the systems of Task.code "
                     "whose Tasks the post sees");
  if (brought.second_factor) second_factor_.insert(post->name);
  posts_[post->name] = std::move(post);
  return {};
}

std::string PackPostsPath(const std::string& folder) { return folder + "/pack_posts.json"; }

Status WritePackPosts(const std::string& folder, std::span<const PackPost> posts) {
  std::string text;
  fhir::JsonWriter out(&text);
  const auto list = [&out](const char* name, const std::vector<std::string>& texts) {
    out.Key(name).Array();
    for (const std::string& each : texts) out.String(each);
    out.End();
  };
  out.Array();
  for (const PackPost& brought : posts) {
    const Post& post = brought.post;
    out.Object().Member("app", brought.app).Member("name", post.name);
    out.Member("title_zh", post.title_zh).Member("title_en", post.title_en);
    list("reads", post.reads);
    list("writes", post.writes);
    list("deletes", post.deletes);
    list("operations", post.operations);
    list("tasks", post.tasks);
    list("forms", post.forms);
    list("forms_seen", post.forms_seen);
    out.Key("organization").Object();
    for (const auto& [type, element] : post.organization) out.Member(type, element);
    out.End();
    out.Member("source", post.source).Key("second_factor").Bool(brought.second_factor);
    out.Key("tables").Object();
    for (const auto& [member, table] : brought.tables) out.Member(member, table);
    out.End().End();
  }
  out.End();
  const std::string path = PackPostsPath(folder);
  if (const auto old = ReadFile(path, kPackPostsBytesMax); old.ok() && *old == text) return {};
  if (posts.empty() && !FileExists(path)) return {};
  return WriteFileDurable(path, text);
}

Result<Posts> Posts::BuiltIn() {
  Posts posts;
  TRY(posts.Read(kPostsToml, "posts.toml (built in)"));
  return posts;
}

Result<Posts> Posts::Load(const std::string& folder) {
  Posts posts = TRY(BuiltIn());
  for (const PackPost& brought : TRY(ReadPackPosts(folder))) {
    if (Status added = posts.Add(brought); !added.ok())
      return MakeError(ErrorCode::kIncorrect, fmt::format("{}: post {}: {}", PackPostsPath(folder),
                                                          brought.post.name, added.error().external));
  }
  const std::string path = folder + "/posts.toml";
  auto text = ReadFile(path, size_t{1} << 20);
  if (text.ok()) {
    TRY(posts.Read(*text, path));
  } else if (text.error().code != ErrorCode::kNotFound) {
    return text.TakeError();
  }
  return posts;
}

std::shared_ptr<const Post> Posts::Find(std::string_view name) const {
  const auto at = posts_.find(name);
  return at == posts_.end() ? nullptr : at->second;
}

std::vector<std::string> Posts::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, post] : posts_) names.push_back(name);
  return names;
}

}  // namespace tk::access
