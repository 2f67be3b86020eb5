// Posts as data: what each post may read, write and call, with the source of the right.
// Flow:   data/posts.toml (linked in) → DIR/pack_posts.json (what the installed packs bring, written at each start) adds posts and rights →
//         DIR/posts.toml replaces single posts → Posts::Find → Viewer
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/viewer.h"
#include "kernel/base/result.h"

namespace tk::access {

/// The duty over the platform itself that a post has: "running", "accounts", "audit"; "all" of the post admin; "" of others.
std::string_view DutyOf(const Post& post);

/// A type of which rights go by the form that a record answers (Post::forms, Post::forms_seen).
inline constexpr std::string_view kFormAnswer = "QuestionnaireResponse";

/// What a pack brings: a post of its own, or more rights for one that is there. Without a name: forms that whoever of the platform's posts writes answers
/// may answer.
struct PackPost {
  std::string app;
  Post post;
  bool second_factor = false;
  // How far a post of its own is bound (pack_tables.h): by the member of its file, the table in the words of policies.toml. Empty: as a post that nothing names.
  std::map<std::string, std::string> tables;
};

class Posts {
 public:
  /// The linked-in posts, what packs bring (`folder`/pack_posts.json), and those of `folder`/posts.toml in their place if that file exists.
  /// Errors: kIncorrect with file, line and what is allowed.
  static Result<Posts> Load(const std::string& folder);
  /// The linked-in posts alone.
  static Result<Posts> BuiltIn();
  /// Adds a pack's post, or its rights to the post of that name. Errors: kInvalid with the member: a duty over the platform is no pack's to give, nor is an
  /// operation that does not begin with the app's id and a dash; a new post has titles and a source.
  Status Add(const PackPost& brought);
  /// Reads `text`; `name` is what errors call it. Adds to or replaces what is there.
  Status Read(std::string_view text, const std::string& name);

  std::shared_ptr<const Post> Find(std::string_view name) const;  // nullptr if unknown
  std::vector<std::string> Names() const;
  /// Does the post demand a second factor of people who sign in at pages?
  bool WantsSecondFactor(std::string_view name) const { return second_factor_.contains(name); }

 private:
  std::map<std::string, std::shared_ptr<const Post>, std::less<>> posts_;
  std::set<std::string, std::less<>> second_factor_;
  std::vector<std::string> open_forms_;
};

/// Writes `folder`/pack_posts.json, if it is not so already. Whoever has loaded posts reads it again within a second.
Status WritePackPosts(const std::string& folder, std::span<const PackPost> posts);
std::string PackPostsPath(const std::string& folder);
/// What was written there; nothing where there is no file. Errors: kIncorrect with the file.
Result<std::vector<PackPost>> ReadPackPosts(const std::string& folder);

}  // namespace tk::access
