#include "kernel/access/posts.h"

#include <algorithm>

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

}  // namespace

bool Viewer::MayRead(std::string_view type) const {
  return post != nullptr && (post->all_types || HoldsOrAll(post->reads, type));
}
bool Viewer::MayWrite(std::string_view type) const {
  return post != nullptr && (post->all_types || HoldsOrAll(post->writes, type));
}
bool Viewer::MayCall(std::string_view operation) const {
  return post != nullptr && HoldsOrAll(post->operations, operation);
}

Status Posts::Read(std::string_view text, const std::string& name) {
  const toml::table file = TRY(ParseToml(text, name));
  for (const auto& [key, node] : file) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) return TomlError(name, node, "a post is a table: [name]");
    TRY(CheckKeys(*table, name, {"title_zh", "title_en", "reads", "writes", "operations", "source"}));
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
