// Policies as data: how much of what a post may read it sees, for which purpose, and what opens or closes records beyond post and area.
// Flow:   data/policies.toml (linked in) → what packs say of their own posts (pack_posts.json) → DIR/policies.toml adds or replaces single tables → Policies →
//         Viewer, Decide (decision.h)
// A post that nothing names is bound: a Consent closes to it, level 5 leaves for it without its content. To act by law is said, with its source.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/mask.h"
#include "kernel/access/special.h"
#include "kernel/base/result.h"

namespace tk::access {

struct Post;
struct PackPost;

struct Purpose {
  std::string name, title_zh, title_en, source;
  std::vector<std::string> codes;  // of v3-PurposeOfUse, by which Consents name it
};

/// What opens or closes records to a post beyond its area.
struct OpenPolicy {
  std::string purpose, source;
  std::string rule;  // where it stands: "policies.toml [open.doctor]"
  bool relation = false, consent = true, family = false;
  bool special = false;  // by law or duty: sees records of special diseases also where area alone lets it in
};
/// By which a post acts whom no Consent binds.
struct Law {
  std::string source, rule;
};
struct RelationPolicy {
  int64_t encounter_days = 0, referral_days = 0;
  std::string source;
};
struct EmergencyPolicy {
  int64_t minutes = 0, per_hour = 0;
  std::vector<std::string_view> reasons;  // literals, as those of $reveal
  std::string source;
};

/// Whose children a guardian sees, and how long.
struct FamilyPolicy {
  int64_t child_years = 0;
  std::vector<std::string> relationships;  // v3-RoleCode
  std::string source;
};

/// Of Tasks the post sees those with a code of one of these systems, and no others.
struct TaskPolicy {
  std::vector<std::string> systems;
  std::string source;
  bool is_of_table = true;  // [tasks.POST]; else of packs alone
};
inline constexpr size_t kTaskSystemsMax = 64;

/// Immutable once loaded; shared.
class Policies {
 public:
  /// The linked-in policies, what packs say of their posts (`folder`/pack_posts.json), and those tables of `folder`/policies.toml in their place if that file
  /// exists.
  /// Errors: kIncorrect with file, line and what is allowed.
  static Result<std::shared_ptr<const Policies>> Load(const std::string& folder);
  /// The linked-in ones.
  static std::shared_ptr<const Policies> BuiltIn();
  /// Reads `text`; `name` is what errors call it. Adds to or replaces what is there.
  Status Read(std::string_view text, const std::string& name) { return Read(text, name, {}); }
  /// What a pack says of a post of its own. Errors: kInvalid with the member: of a post that is named here already (the platform's, or another pack's that says
  /// something else), `like` a post that is bound less than a pack's may be (BeyondPacks), and as Read.
  Status Add(const PackPost& brought);

  const std::string& version() const { return version_; }
  const Purpose* FindPurpose(std::string_view name) const;  // nullptr if unknown
  /// nullptr: the post sees all as it is stored.
  std::shared_ptr<const Masks> MasksOf(std::string_view post) const;
  /// nullptr: it acts by law: post and area alone decide, and no Consent binds it. Of a post that nothing names: [unnamed].
  const OpenPolicy* OpenOf(std::string_view post) const;
  /// By which law the post acts; nullptr: it is bound.
  const Law* LawOf(std::string_view post) const;
  /// Does anything say how far the post is bound?
  bool IsNamed(std::string_view post) const;
  /// Of the table [tasks.POST], and what packs bring to the post; nothing: Tasks of all kinds.
  std::optional<TaskPolicy> TasksOf(const Post& post) const;
  const RelationPolicy& relation() const { return relation_; }
  const EmergencyPolicy& emergency() const { return emergency_; }
  const FamilyPolicy& family() const { return family_; }
  const SpecialCodes& special() const { return special_; }
  const std::string& special_source() const { return special_source_; }
  /// Posts that are named here, sorted: each must be one.
  std::vector<std::string> Posts() const;
  /// The literal (it lives as long as the program) of a reason that $reveal takes; "" if it is none.
  std::string_view RevealReason(std::string_view code) const;
  const std::vector<std::string_view>& reveal_reasons() const { return reveal_reasons_; }

 private:
  /// `pack`: who brings it; "" = the platform, or the city.
  Status Read(std::string_view text, const std::string& name, std::string_view pack);
  /// What binds the posts: [like], [masks], [open], [by_law].
  template <class Table>
  Status ReadBound(const Table& file, const std::string& name, std::string_view pack);
  /// The first that has a table in `tables` of the post, whom it is like, whom that one is like …; without one the last of them.
  template <class Tables>
  std::string_view NamedIn(const Tables& tables, std::string_view post) const;
  /// What the post has by being like another, and no pack can give it: what is said to whom reads it; "" if there is none.
  std::string_view BeyondPacks(std::string_view post) const;
  /// May packs' posts still be like whom they are like? Errors: kIncorrect with the table of the city that took the post beyond it.
  template <class Table>
  Status CheckLikes(const Table& file, const std::string& name) const;

  std::string version_;
  std::map<std::string, Purpose, std::less<>> purposes_;
  std::map<std::string, std::shared_ptr<const Masks>, std::less<>> masks_;
  std::map<std::string, OpenPolicy, std::less<>> open_;
  std::map<std::string, Law, std::less<>> by_law_;
  std::map<std::string, std::string, std::less<>>
      like_;  // sees what that other one sees, but for tables of its own
  std::set<std::string, std::less<>>
      like_by_pack_;  // of these posts a pack says so, and nobody else how they are bound
  std::map<std::string, std::pair<std::string, std::map<std::string, std::string>>, std::less<>>
      brought_;  // by the post, the app and what it said
  OpenPolicy unnamed_;
  std::map<std::string, TaskPolicy, std::less<>> tasks_;
  RelationPolicy relation_;
  EmergencyPolicy emergency_;
  FamilyPolicy family_;
  SpecialCodes special_;        // of all tables together
  std::string special_source_;  // of the last of them
  std::vector<std::string_view> reveal_reasons_;
};

}  // namespace tk::access
