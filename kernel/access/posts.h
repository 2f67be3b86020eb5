// Posts as data: what each post may read, write and call, with the source of the right.
// Flow:   data/posts.toml (linked in) → DIR/posts.toml replaces single posts → Posts::Find → Viewer
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/viewer.h"
#include "kernel/base/result.h"

namespace tk::access {

class Posts {
 public:
  /// The linked-in posts, with those of `folder`/posts.toml in their place if that file exists.
  /// Errors: kIncorrect with file, line and what is allowed.
  static Result<Posts> Load(const std::string& folder);
  /// Reads `text`; `name` is what errors call it. Adds to or replaces what is there.
  Status Read(std::string_view text, const std::string& name);

  std::shared_ptr<const Post> Find(std::string_view name) const;  // nullptr if unknown
  std::vector<std::string> Names() const;

 private:
  std::map<std::string, std::shared_ptr<const Post>, std::less<>> posts_;
};

}  // namespace tk::access
