// Policies as data: how much of what a post may read it sees, for which purpose, and what opens or closes records beyond post and area.
// Flow:   data/policies.toml (linked in) → DIR/policies.toml adds or replaces single tables → Policies → Viewer, Decide (decision.h)
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/mask.h"
#include "kernel/base/result.h"

namespace tk::access {

struct Purpose {
  std::string name, title_zh, title_en, source;
};

/// Immutable once loaded; shared.
class Policies {
 public:
  /// The linked-in policies, with those tables of `folder`/policies.toml in their place if that file exists.
  /// Errors: kIncorrect with file, line and what is allowed.
  static Result<std::shared_ptr<const Policies>> Load(const std::string& folder);
  /// The linked-in ones.
  static std::shared_ptr<const Policies> BuiltIn();
  /// Reads `text`; `name` is what errors call it. Adds to or replaces what is there.
  Status Read(std::string_view text, const std::string& name);

  const std::string& version() const { return version_; }
  const Purpose* FindPurpose(std::string_view name) const;  // nullptr if unknown
  /// nullptr: the post sees all as it is stored.
  std::shared_ptr<const Masks> MasksOf(std::string_view post) const;
  /// Posts that have masks, sorted.
  std::vector<std::string> MaskedPosts() const;
  /// The literal (it lives as long as the program) of a reason that $reveal takes; "" if it is none.
  std::string_view RevealReason(std::string_view code) const;
  const std::vector<std::string_view>& reveal_reasons() const { return reveal_reasons_; }

 private:
  std::string version_;
  std::map<std::string, Purpose, std::less<>> purposes_;
  std::map<std::string, std::shared_ptr<const Masks>, std::less<>> masks_;
  std::vector<std::string_view> reveal_reasons_;
};

}  // namespace tk::access
