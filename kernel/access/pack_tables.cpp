#include "kernel/access/pack_tables.h"

#include <fmt/format.h>

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"

namespace tk::access {
namespace {

constexpr const char* kMembers[] = {"like", "open", "masks", "by_law"};

Error WrongTable(std::string_view member, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "value", std::string(member), std::move(text));
}

/// Quoted as JSON quotes is quoted as TOML does.
std::string Quoted(std::string_view text) {
  std::string out;
  fhir::AppendJsonString(text, &out);
  return out;
}

/// What stands right of the sign; "" if TOML has no such thing.
std::string TomlOf(fhir::Value value) {
  if (value.is_string()) return Quoted(value.ToString());
  if (value.IsTrue() || value.Json() == "false" || !value.Number().empty()) return std::string(value.Json());
  if (!value.is_array()) return {};
  std::string out = "[";
  for (const fhir::Value item : value) {
    const std::string each = item.is_string() ? TomlOf(item) : std::string();
    if (each.empty()) return {};
    out += each + ", ";
  }
  return out + "]";
}

Result<std::string> TableIn(std::string_view member, fhir::Value table) {
  if (!table.is_object())
    return WrongTable(member, fmt::format("is an object: what [{}.POST] of policies.toml may say", member));
  std::string out;
  for (const fhir::Value each : table) {
    const std::string name(each.name_text());
    const std::string value = name == "source" ? Quoted(SourceIn(each)) : TomlOf(each);
    if (value.empty())
      return WrongTable(fmt::format("{}.{}", member, name),
                        "is a text, a list of texts, a whole number, true or false");
    out += Quoted(name) + " = " + value + "\n";
  }
  return out;
}

}  // namespace

std::string SourceIn(fhir::Value source) {
  if (!source.is_object()) return source.ToString();
  return fmt::format("{} ({}, {})", source["text"].ToString(), source["edition"].ToString(),
                     source["date"].ToString());
}

Result<std::map<std::string, std::string>> TablesIn(fhir::Value post) {
  std::map<std::string, std::string> out;
  for (const std::string_view member : kMembers) {
    const fhir::Value table = post[member];
    if (!table.present()) continue;
    std::string text;
    if (member == "like") {
      if (!table.is_string()) return WrongTable(member, "is the name of a post");
      // Without the post's own source: two packs that say the same differ in theirs.
      text = fmt::format("post = {}\nsource = \"the pack's post\"\n", Quoted(table.ToString()));
    } else {
      text = TRY(TableIn(member, table));
    }
    out.emplace(member, fmt::format("[{}.{}]\n{}", member, Quoted(post["id"].ToString()), text));
  }
  if (out.contains("by_law") && (out.contains("open") || out.contains("like")))
    return WrongTable("by_law", "goes not together with open and like, which say how the post is bound");
  return out;
}

Status Policies::Add(const PackPost& brought) {
  if (brought.tables.empty()) return {};
  const std::string& post = brought.post.name;
  const std::string& first = brought.tables.begin()->first;
  if (const auto said = brought_.find(post); said != brought_.end()) {
    if (said->second.second == brought.tables) return {};
    return WrongTable(first,
                      fmt::format("the pack {} says of the post {} something else: one of the two says "
                                  "nothing, or both say the same",
                                  said->second.first, post));
  }
  if (IsNamed(post))
    return WrongTable(
        first, fmt::format("the post {} is the platform's: how it is bound is said by policies.toml", post));
  for (const char* const member : kMembers) {
    const auto table = brought.tables.find(member);
    if (table == brought.tables.end()) continue;
    if (Status read = Read(table->second, {}, brought.app); !read.ok())
      return WrongTable(member, read.error().external);
  }
  if (const std::string_view beyond = BeyondPacks(post); !beyond.empty())
    return WrongTable(
        "like",
        fmt::format("names {}, which {}: that is no pack's to take. A post that acts by law says "
                    "\"by_law\" with its source; any other is like a post that a Consent binds, or says "
                    "\"open\" and \"masks\"",
                    like_.at(post), beyond));
  brought_[post] = {brought.app, brought.tables};
  return {};
}

}  // namespace tk::access
