#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/access/accounts.h"
#include "kernel/access/posts.h"
#include "kernel/access/steps.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr Instant kStart = 1'780'000'000 * kSecondUs;
constexpr std::string_view kPassword = "bitter melon 7";
// Of kPassword, at the least cost that argon2id has.
constexpr std::string_view kPasswordHash =
    "$argon2id$v=19$m=8,t=1,p=1$X6euPGfxV7P4dgsBWj97tQ$WBidoOCSNjbm4w8o77ZvfvztXbZRQ46fLyilMqOtzys";

/// With the password alone, as of an account that has nothing else.
Result<SignOn::Grant> WithPassword(SignOn* sign_on, std::string_view account, std::string_view password,
                                   const std::string& address, int64_t* wait_s = nullptr) {
  int64_t unasked = 0;
  SignInSteps steps(sign_on, {address, ""}, wait_s == nullptr ? &unasked : wait_s);
  SignInOutcome outcome = TRY(steps.Begin(account, password, TokenKind::kCookie));
  if (!std::holds_alternative<SignOn::Grant>(outcome))
    return MakeError(ErrorCode::kInternal, "more was wanted than the password");
  return std::get<SignOn::Grant>(std::move(outcome));
}

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_access_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(PrepareFolder(folder_).ok());
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  void AddAccount(const std::string& name, const std::string& post, const std::string& area) {
    const Status added = EditAccounts(folder_, [&](Accounts* accounts) -> Status {
      accounts->push_back({name, "Li", std::string(kPasswordHash), post, area, false, 1});
      return {};
    });
    ASSERT_TRUE(added.ok()) << added.error().ToString();
  }
  std::unique_ptr<SignOn> Open(SignOnOptions options = {}) {
    options.folder = folder_;
    options.clock = &clock_;
    auto made = SignOn::Create(options);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return std::move(made).value();
  }
  std::string Bearer(const std::string& account, int64_t seconds = 3600) {
    auto token = IssueBearer(folder_, account, seconds, clock_);
    EXPECT_TRUE(token.ok()) << token.error().ToString();
    return token.ok() ? *token : "";
  }
  std::string folder_;
  FixedClock clock_{kStart};
};

TEST_F(AccessTest, FreshFolderHasAdminWithoutAPassword) {
  const auto accounts = LoadAccounts(folder_);
  ASSERT_TRUE(accounts.ok());
  ASSERT_EQ(accounts->size(), 1u);
  EXPECT_EQ(accounts->front().name, "admin");
  EXPECT_EQ(accounts->front().post, "admin");
  EXPECT_TRUE(accounts->front().password_hash.empty());
  auto sign_on = Open();
  for (const char* guess : {"", "admin", "password"})
    EXPECT_FALSE(WithPassword(sign_on.get(), "admin", guess, "::1").ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/access.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(AccessTest, BearerGivesViewerWithPostAndScope) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  for (int round = 0; round < 2; ++round) {  // the second time from the cache
    const auto viewer = sign_on->Verify(Bearer("li"), TokenKind::kBearer);
    ASSERT_TRUE(viewer.ok()) << viewer.error().ToString();
    EXPECT_EQ((*viewer)->post->name, "doctor");
    EXPECT_FALSE((*viewer)->scope.everything);
    EXPECT_LT((*viewer)->scope.area_low, (*viewer)->scope.area_high);
    EXPECT_FALSE((*viewer)->by_cookie);
  }
}

TEST_F(AccessTest, EveryChangedCharacterOfATokenIsRefused) {
  auto sign_on = Open();
  const std::string token = Bearer("admin");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sign_on->Verify(changed, TokenKind::kBearer).ok()) << i;
  }
  EXPECT_FALSE(sign_on->Verify("", TokenKind::kBearer).ok());
  EXPECT_FALSE(sign_on->Verify(token + "x", TokenKind::kBearer).ok());
  EXPECT_FALSE(sign_on->Verify(token, TokenKind::kCookie).ok());
  EXPECT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
}

TEST_F(AccessTest, TokensExpireAlsoFromTheCache) {
  auto sign_on = Open();
  const std::string token = Bearer("admin", 60);
  EXPECT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
  clock_.Advance(60 * kSecondUs);
  EXPECT_FALSE(sign_on->Verify(token, TokenKind::kBearer).ok());
}

TEST_F(AccessTest, AnAccountOfThisSecondIsLetInAtOnce) {
  auto sign_on = Open();
  AddAccount("li", "doctor", "380102");
  EXPECT_TRUE(sign_on->Verify(Bearer("li"), TokenKind::kBearer).ok());
  const auto raised = EditAccounts(folder_, [](Accounts* accounts) -> Status {
    FindAccount(accounts, "li")->generation = 2;
    return {};
  });
  ASSERT_TRUE(raised.ok());
  EXPECT_TRUE(sign_on->Verify(Bearer("li"), TokenKind::kBearer).ok());
}

TEST_F(AccessTest, APasswordAndASecretOfThisSecondOpenAtOnce) {
  auto sign_on = Open();
  EXPECT_FALSE(WithPassword(sign_on.get(), "li", kPassword, "::1").ok());
  EXPECT_FALSE(sign_on->CheckSecret("li", kPassword, "::1").ok());
  AddAccount("li", "doctor", "380102");
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "::1").ok());
  const auto told = EditAccounts(folder_, [](Accounts* accounts) -> Status {
    Account* const program = FindAccount(accounts, "li");
    program->kind = AccountKind::kProgram;
    program->password_hash.clear();
    program->secret_hash = kPasswordHash;
    return {};
  });
  ASSERT_TRUE(told.ok()) << told.error().ToString();
  EXPECT_TRUE(sign_on->CheckSecret("li", kPassword, "::1").ok());
}

TEST_F(AccessTest, GenerationDisablingAndRemovalCountWithinASecond) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  const std::string token = Bearer("li");
  ASSERT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
  const auto edit = [&](const std::function<void(Accounts*)>& change) {
    ASSERT_TRUE(EditAccounts(folder_, [&](Accounts* accounts) -> Status {
                  change(accounts);
                  return {};
                }).ok());
    clock_.Advance(2 * kSecondUs);
  };
  edit([](Accounts* accounts) { FindAccount(accounts, "li")->generation = 2; });
  EXPECT_FALSE(sign_on->Verify(token, TokenKind::kBearer).ok());
  const std::string fresh = Bearer("li");
  EXPECT_TRUE(sign_on->Verify(fresh, TokenKind::kBearer).ok());
  edit([](Accounts* accounts) { FindAccount(accounts, "li")->disabled = true; });
  EXPECT_FALSE(sign_on->Verify(fresh, TokenKind::kBearer).ok());
  edit([](Accounts* accounts) { FindAccount(accounts, "li")->disabled = false; });
  EXPECT_TRUE(sign_on->Verify(fresh, TokenKind::kBearer).ok());
  edit([](Accounts* accounts) { std::erase_if(*accounts, [](const Account& a) { return a.name == "li"; }); });
  EXPECT_FALSE(sign_on->Verify(fresh, TokenKind::kBearer).ok());
}

TEST_F(AccessTest, BrokenAccountsFileKeepsTheStateBefore) {
  auto sign_on = Open();
  const std::string token = Bearer("admin");
  ASSERT_TRUE(WriteFileDurable(folder_ + "/accounts.toml", "[[account]\nname = ").ok());
  clock_.Advance(2 * kSecondUs);
  EXPECT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
}

// Whoever was revoked meanwhile must not stay for ever, and who has mended the file needs no restart.
TEST_F(AccessTest, AccountsThatCannotBeReadLetNobodyInAfterAWhile) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  const std::string token = Bearer("admin");
  const std::string good = ReadFile(folder_ + "/accounts.toml").value();
  EXPECT_EQ(sign_on->files(), SignOn::Files::kGood);
  ASSERT_TRUE(WriteFileDurable(folder_ + "/accounts.toml", "[[account]\nname = ").ok());
  clock_.Advance(2 * kSecondUs);
  EXPECT_EQ(sign_on->files(), SignOn::Files::kOld) << "seen without anybody asking for anything";
  EXPECT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
  clock_.Advance(301 * kSecondUs);
  EXPECT_EQ(sign_on->files(), SignOn::Files::kTooOld);
  EXPECT_EQ(sign_on->Verify(token, TokenKind::kBearer).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(WithPassword(sign_on.get(), "li", kPassword, "::1").error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(WriteFileDurable(folder_ + "/accounts.toml", good).ok());
  clock_.Advance(2 * kSecondUs);
  EXPECT_EQ(sign_on->files(), SignOn::Files::kGood);
  EXPECT_TRUE(sign_on->Verify(token, TokenKind::kBearer).ok());
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "::1").ok());
}

TEST_F(AccessTest, SignInSignOutAndRestart) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  const auto grant = WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1");
  ASSERT_TRUE(grant.ok()) << grant.error().ToString();
  const auto viewer = sign_on->Verify(grant->token, TokenKind::kCookie);
  ASSERT_TRUE(viewer.ok());
  EXPECT_TRUE((*viewer)->by_cookie);
  ASSERT_TRUE(sign_on->SignOut(**viewer).ok());
  EXPECT_FALSE(sign_on->Verify(grant->token, TokenKind::kCookie).ok());
  sign_on = Open();
  EXPECT_FALSE(sign_on->Verify(grant->token, TokenKind::kCookie).ok());
}

TEST_F(AccessTest, UnknownAccountAndWrongPasswordReadTheSameAndAreLimited) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  const auto wrong = WithPassword(sign_on.get(), "li", "not the password", "10.0.0.1");
  const auto unknown = WithPassword(sign_on.get(), "nobody", "not the password", "10.0.0.1");
  ASSERT_FALSE(wrong.ok());
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(wrong.error().external, unknown.error().external);
  EXPECT_EQ(wrong.error().code, unknown.error().code);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(WithPassword(sign_on.get(), "li", "still not it", "10.0.0.1").error().code,
              ErrorCode::kUnauthenticated);
  EXPECT_EQ(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1").error().code, ErrorCode::kBusy);
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.2").ok())
      << "another address is not punished";
  clock_.Advance(901 * kSecondUs);
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1").ok());
}

TEST_F(AccessTest, FailuresOfOneAddressSlowItAndTellTheTrueWait) {
  for (const char* name : {"li", "wang", "zhao"}) AddAccount(name, "doctor", "380102");
  SignOnOptions options;
  options.address_failures_max = 6;
  auto sign_on = Open(options);
  ASSERT_TRUE(WithPassword(sign_on.get(), "zhao", kPassword, "10.0.0.1").ok());
  int64_t wait_s = 0;
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(WithPassword(sign_on.get(), "li", "not the password", "10.0.0.1").ok());
  clock_.Advance(100 * kSecondUs);
  EXPECT_EQ(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1", &wait_s).error().code, ErrorCode::kBusy);
  EXPECT_EQ(wait_s, 800) << "the account is locked for this address to the end of the window";
  EXPECT_FALSE(WithPassword(sign_on.get(), "wang", "not the password", "10.0.0.1").ok());
  EXPECT_EQ(WithPassword(sign_on.get(), "wang", kPassword, "10.0.0.1", &wait_s).error().code,
            ErrorCode::kBusy);
  EXPECT_EQ(wait_s, 10) << "the address is slowed, not locked";
  EXPECT_TRUE(WithPassword(sign_on.get(), "zhao", kPassword, "10.0.0.1").ok())
      << "who came from there before is not slowed";
  EXPECT_TRUE(WithPassword(sign_on.get(), "wang", kPassword, "10.0.0.2").ok());
  clock_.Advance(10 * kSecondUs);
  EXPECT_TRUE(WithPassword(sign_on.get(), "wang", kPassword, "10.0.0.1").ok()) << "and is let in in its turn";
}

TEST_F(AccessTest, FailuresFromEverywhereSlowAnAccountButNotItsOwner) {
  AddAccount("li", "doctor", "380102");
  SignOnOptions options;
  options.account_failures_max = 12;
  auto sign_on = Open(options);
  ASSERT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1").ok());
  for (int i = 0; i < 12; ++i) {
    const std::string address = "10.9.0." + std::to_string(i);
    EXPECT_EQ(WithPassword(sign_on.get(), "li", "not the password", address).error().code,
              ErrorCode::kUnauthenticated);
  }
  int64_t wait_s = 0;
  EXPECT_EQ(WithPassword(sign_on.get(), "li", kPassword, "10.9.1.1", &wait_s).error().code, ErrorCode::kBusy);
  EXPECT_EQ(wait_s, 10);
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1").ok());
  clock_.Advance(10 * kSecondUs);
  EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.9.1.1").ok());
}

// Four slips, the right one, and four slips more are nobody's attack.
TEST_F(AccessTest, TheRightPasswordForgives) {
  AddAccount("li", "doctor", "380102");
  auto sign_on = Open();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i)
      EXPECT_FALSE(WithPassword(sign_on.get(), "li", "not the password", "10.0.0.1").ok());
    EXPECT_TRUE(WithPassword(sign_on.get(), "li", kPassword, "10.0.0.1").ok());
  }
}

TEST_F(AccessTest, AccountsFileIsReadStrictly) {
  const auto refuses = [&](const std::string& text, const std::string& says) {
    ASSERT_TRUE(WriteFileDurable(folder_ + "/accounts.toml", text).ok());
    const auto accounts = LoadAccounts(folder_);
    ASSERT_FALSE(accounts.ok()) << text;
    EXPECT_NE(accounts.error().external.find(says), std::string::npos) << accounts.error().external;
  };
  refuses("[[account]]\nname = \"li\"\npost = \"doctor\"\ncolour = \"red\"\n",
          "accounts.toml:4: unknown key 'colour'");
  refuses("[[account]]\nname = \"Li\"\npost = \"doctor\"\n", "account name");
  refuses("[[account]]\nname = \"li\"\npost = \"doctor\"\npassword = \"secret\"\n", "argon2id");
  refuses("[[account]]\nname = \"li\"\npost = \"doctor\"\narea = \"38x\"\n", "area");
  refuses("[[account]]\nname = \"li\"\npost = \"doctor\"\n[[account]]\nname = \"li\"\npost = \"doctor\"\n",
          "twice");
}

TEST(Passwords, AreChecked) {
  EXPECT_FALSE(HashPassword("short", "li").ok());
  EXPECT_FALSE(HashPassword("long-account-name", "long-account-name").ok());
  EXPECT_FALSE(HashPassword(std::string(2000, 'a'), "li").ok());
  const auto hash = HashPassword("一二三四五六七八九十", "li");  // ten characters, thirty bytes
  ASSERT_TRUE(hash.ok());
  EXPECT_TRUE(VerifyPassword(*hash, "一二三四五六七八九十"));
  EXPECT_FALSE(VerifyPassword(*hash, "一二三四五六七八九"));
  EXPECT_FALSE(VerifyPassword("", ""));
}

TEST_F(AccessTest, PostsFileReplacesSinglePosts) {
  ASSERT_TRUE(WriteFileDurable(folder_ + "/posts.toml",
                               "[screener]\nreads = [\"Patient\"]\nsource = \"city order 7\"\n")
                  .ok());
  const auto posts = Posts::Load(folder_);
  ASSERT_TRUE(posts.ok()) << posts.error().ToString();
  EXPECT_EQ(posts->Find("screener")->reads, std::vector<std::string>{"Patient"});
  EXPECT_TRUE(posts->Find("screener")->writes.empty());
  EXPECT_NE(posts->Find("doctor"), nullptr);
  ASSERT_TRUE(WriteFileDurable(folder_ + "/posts.toml", "[screener]\nreads = [\"Patient\"]\n").ok());
  const auto no_source = Posts::Load(folder_);
  ASSERT_FALSE(no_source.ok());
  EXPECT_NE(no_source.error().external.find("'source' is missing"), std::string::npos);
}

}  // namespace
}  // namespace tk::access
