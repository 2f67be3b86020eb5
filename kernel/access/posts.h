// Posts as data: what each post may read, write and call, with the source of the right.
// Flow:   data/posts.toml (linked in) → DIR/posts.toml replaces single posts → Posts::Find → Viewer
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/viewer.h"
#include "kernel/base/result.h"

namespace tk::access {

/// The duty over the platform itself that a post has: "running", "accounts", "audit"; "all" of the post admin; "" of others.
std::string_view DutyOf(const Post& post);

class Posts {
 public:
  /// The linked-in posts, with those of `folder`/posts.toml in their place if that file exists.
  /// Errors: kIncorrect with file, line and what is allowed.
  static Result<Posts> Load(const std::string& folder);
  /// Reads `text`; `name` is what errors call it. Adds to or replaces what is there.
  Status Read(std::string_view text, const std::string& name);

  std::shared_ptr<const Post> Find(std::string_view name) const;  // nullptr if unknown
  std::vector<std::string> Names() const;
  /// Does the post demand a second factor of people who sign in at pages?
  bool WantsSecondFactor(std::string_view name) const { return second_factor_.contains(name); }

 private:
  std::map<std::string, std::shared_ptr<const Post>, std::less<>> posts_;
  std::set<std::string, std::less<>> second_factor_;
};

}  // namespace tk::access
