#include "kernel/access/keeping.h"

#include <algorithm>

#include "kernel/view/directory.h"

namespace tk::access {
namespace {

/// Signs in at a page and keeps accounts.
bool IsKeeper(const Account& account, const Posts& posts) {
  const auto post = posts.Find(account.post);
  const auto may = [&](std::string_view operation) {
    return std::binary_search(post->operations.begin(), post->operations.end(), operation);
  };
  return !account.disabled && account.kind == AccountKind::kPerson && !account.password_hash.empty() &&
         post != nullptr && (may("*") || may("accounts"));
}

bool HasKeeper(const Accounts& accounts, const Posts& posts) {
  return std::any_of(accounts.begin(), accounts.end(),
                     [&](const Account& each) { return IsKeeper(each, posts); });
}

bool IsSamePerson(const Account& left, const Account& right) {
  return (!left.record.empty() && left.record == right.record) ||
         (!left.phone_mark.empty() && left.phone_mark == right.phone_mark);
}

Status CheckApart(const Posts& posts, const Accounts& accounts, const Account& changed) {
  const auto post = posts.Find(changed.post);
  const std::string_view duty = post == nullptr ? std::string_view() : DutyOf(*post);
  if (duty.empty() || changed.disabled) return {};
  for (const Account& other : accounts) {
    const auto its = posts.Find(other.post);
    if (other.name == changed.name || other.disabled || its == nullptr || !IsSamePerson(other, changed))
      continue;
    if (const std::string_view second = DutyOf(*its); !second.empty() && second != duty)
      return MakeError(
          ErrorCode::kConflict,
          "the same person has an account with another of the duties running the platform, accounts "
          "and audit: one person holds one of them");
  }
  return {};
}

Status CheckPost(const Viewer& viewer, const Posts& posts, const Account& account) {
  if (!account.post.empty() && posts.Find(account.post) == nullptr)
    return MakeError(ErrorCode::kIncorrect, "there is no such post; see posts.toml");
  if (account.post == "admin" && viewer.post->name != "admin")
    return MakeError(
        ErrorCode::kForbidden,
        "accounts with the post admin are for the set-up: keep them with `tongkang account` on the server");
  if (!account.area.empty()) TRY(view::AreaRange(account.area));
  if (!KeepsAreaOf(viewer, account))
    return MakeError(ErrorCode::kForbidden, "this account is not of your area");
  return {};
}

}  // namespace

bool KeepsAreaOf(const Viewer& viewer, const Account& account) {
  if (viewer.area.empty()) return true;
  if (account.area.empty()) return false;
  const auto own = view::AreaRange(viewer.area), its = view::AreaRange(account.area);
  return own.ok() && its.ok() && own->first <= its->first && its->second <= own->second;
}

Status CheckKeeping(const Viewer& viewer, const Posts& posts, const Accounts& before, const Accounts& after,
                    std::string_view name) {
  if (viewer.post == nullptr || name == viewer.account)
    return MakeError(ErrorCode::kForbidden, "one's own account is changed by others");
  const Account* const was = FindAccount(before, name);
  const Account* const is = FindAccount(after, name);
  if (was != nullptr) TRY(CheckPost(viewer, posts, *was));
  if (is != nullptr) {
    TRY(CheckAccount(*is));
    TRY(CheckPost(viewer, posts, *is));
    TRY(CheckApart(posts, after, *is));
  }
  if (HasKeeper(before, posts) && !HasKeeper(after, posts))
    return MakeError(
        ErrorCode::kConflict,
        "this is the last account that can sign in and keep accounts; give another one that post first");
  return {};
}

}  // namespace tk::access
