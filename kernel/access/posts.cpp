#include "kernel/access/posts.h"

#include <algorithm>
#include <array>

#include "kernel/access/oauth/scopes.h"
#include "kernel/access/toml_read.h"
#include "kernel/base/file.h"

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
                  {"title_zh", "title_en", "reads", "writes", "operations", "source", "second_factor"}));
    auto post = std::make_shared<Post>();
    post->name = std::string(key.str());
    post->title_zh = TRY(TextOf(*table, "title_zh", name));
    post->title_en = TRY(TextOf(*table, "title_en", name));
    post->reads = TRY(SortedTexts(*table, "reads", name));
    post->writes = TRY(SortedTexts(*table, "writes", name));
    post->operations = TRY(SortedTexts(*table, "operations", name));
    post->source = TRY(TextOf(*table, "source", name));
    if (post->source.empty())
      return TomlError(name, node, "'source' is missing: say where the right comes from");
    post->all_types = Holds(post->reads, "*") && Holds(post->writes, "*");
    if (Status apart = CheckDuties(*post); !apart.ok()) return TomlError(name, node, apart.error().external);
    second_factor_.erase(post->name);
    if (TRY(FlagOf(*table, "second_factor", name))) second_factor_.insert(post->name);
    posts_[post->name] = std::move(post);
  }
  return {};
}

Result<Posts> Posts::Load(const std::string& folder) {
  Posts posts;
  TRY(posts.Read(kPostsToml, "posts.toml (built in)"));
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
