// What whoever keeps accounts may do to others', rule by rule.
#include <gtest/gtest.h>

#include "kernel/access/keeping.h"

namespace tk::access {
namespace {

class KeepingTest : public ::testing::Test {
 protected:
  KeepingTest() : posts_(Posts::Load("/no/such/folder").value()) {
    Add("sec", "security-officer", "");
    Add("sec2", "security-officer", "");
    Add("ops", "operator", "");
    Add("aud", "auditor", "");
    Add("doc", "doctor", "380102");
    Add("admin", "admin", "");
  }
  void Add(const std::string& name, const std::string& post, const std::string& area) {
    Account account;
    account.name = account.display = name;
    account.password_hash = "$argon2id$";
    account.post = post;
    account.area = area;
    before_.push_back(account);
  }
  Viewer By(const std::string& post, const std::string& area = "") const {
    Viewer viewer;
    viewer.account = "sec";
    viewer.area = area;
    viewer.post = posts_.Find(post);
    return viewer;
  }
  /// What CheckKeeping says of `change` to the account `name`, by an officer; kInternal = it may be.
  ErrorCode Try(const std::string& name, const std::function<void(Account*)>& change,
                const std::string& area = "", const std::string& post = "security-officer") const {
    Accounts after = before_;
    change(FindAccount(&after, name));
    const Status checked = CheckKeeping(By(post, area), posts_, before_, after, name);
    return checked.ok() ? ErrorCode::kInternal : checked.error().code;
  }
  static constexpr ErrorCode kFine = ErrorCode::kInternal;
  Posts posts_;
  Accounts before_;
};

TEST_F(KeepingTest, OthersAreChangedAndOneselfIsNot) {
  const auto display = [](Account* account) { account->display = "X"; };
  EXPECT_EQ(Try("doc", display), kFine);
  EXPECT_EQ(Try("sec2", display), kFine);
  EXPECT_EQ(Try("sec", display), ErrorCode::kForbidden);
}

TEST_F(KeepingTest, ThePostAdminIsGivenByAdminAlone) {
  const auto raise = [](Account* account) { account->post = "admin"; };
  EXPECT_EQ(Try("doc", raise), ErrorCode::kForbidden);
  EXPECT_EQ(Try("admin", [](Account* account) { account->post = "doctor"; }), ErrorCode::kForbidden);
  EXPECT_EQ(Try("doc", raise, "", "admin"), kFine);
  EXPECT_EQ(Try("doc", [](Account* account) { account->post = "no-such"; }), ErrorCode::kIncorrect);
}

TEST_F(KeepingTest, AnAreaIsLeftNeitherBeforeNorAfter) {
  const auto move = [](const std::string& to) { return [to](Account* account) { account->area = to; }; };
  EXPECT_EQ(Try("doc", move("380102001"), "380102"), kFine);
  EXPECT_EQ(Try("doc", move("380102"), "3801"), kFine);
  for (const char* to : {"", "3801", "380104"})
    EXPECT_EQ(Try("doc", move(to), "380102"), ErrorCode::kForbidden) << to;
  EXPECT_EQ(Try("doc", move("380104"), "380104"), ErrorCode::kForbidden) << "it was not of this area";
  EXPECT_EQ(Try("aud", move("380102"), "380102"), ErrorCode::kForbidden);
}

TEST_F(KeepingTest, OnePersonHoldsOneOfTheDuties) {
  FindAccount(&before_, "ops")->record = "Practitioner/wang";
  FindAccount(&before_, "ops")->phone_mark = "m";
  FindAccount(&before_, "ops")->phone = "p";
  const auto same = [](Account* account) { account->record = "Practitioner/wang"; };
  EXPECT_EQ(Try("doc", same), kFine);
  EXPECT_EQ(Try("aud", same), ErrorCode::kConflict);
  EXPECT_EQ(Try("sec2", same), ErrorCode::kConflict);
  EXPECT_EQ(Try("admin", same, "", "admin"), ErrorCode::kConflict) << "it has all of them";
  const auto phone = [](Account* account) {
    account->phone_mark = "m";
    account->phone = "q";
  };
  EXPECT_EQ(Try("aud", phone), ErrorCode::kConflict);
  EXPECT_EQ(Try("aud",
                [&](Account* account) {
                  phone(account);
                  account->disabled = true;
                }),
            kFine);
}

TEST_F(KeepingTest, TheLastWhoKeepsAccountsStays) {
  const auto disable = [](Account* account) { account->disabled = true; };
  EXPECT_EQ(Try("sec2", disable), kFine);
  for (const char* name : {"sec", "admin"}) FindAccount(&before_, name)->password_hash.clear();
  EXPECT_EQ(Try("sec2", disable), ErrorCode::kConflict);
  EXPECT_EQ(Try("sec2", [](Account* account) { account->post = "doctor"; }), ErrorCode::kConflict);
  EXPECT_EQ(Try("sec2", [](Account* account) { account->password_hash.clear(); }), ErrorCode::kConflict);
  EXPECT_EQ(Try("doc", disable), kFine);
}

TEST_F(KeepingTest, ThreeDutiesAndThePostThatHasAll) {
  for (const auto& [post, duty] :
       std::vector<std::pair<std::string, std::string>>{{"operator", "running"},
                                                        {"security-officer", "accounts"},
                                                        {"auditor", "audit"},
                                                        {"admin", "all"},
                                                        {"doctor", ""}})
    EXPECT_EQ(DutyOf(*posts_.Find(post)), duty) << post;
}

}  // namespace
}  // namespace tk::access
