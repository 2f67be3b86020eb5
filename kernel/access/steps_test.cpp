// Sign-in step by step: what is wanted after the password, that each code counts once, and that tickets are worth only what they say.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "kernel/access/factor/phone.h"
#include "kernel/access/factor/totp.h"
#include "kernel/access/steps.h"
#include "kernel/base/base32.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

constexpr std::string_view kStepPassword = "bitter melon 7", kOther = "sweet gourd 88 moon";
// Of kStepPassword, at the least cost that argon2id has.
constexpr std::string_view kStepHash =
    "$argon2id$v=19$m=8,t=1,p=1$X6euPGfxV7P4dgsBWj97tQ$WBidoOCSNjbm4w8o77ZvfvztXbZRQ46fLyilMqOtzys";
constexpr std::string_view kNumber = "19900001234";

class TextsKept final : public SmsSender {
 public:
  void Send(std::string mobile, std::string text) override {
    sent.emplace_back(std::move(mobile), std::move(text));
  }
  std::string LastCode() const {
    const std::string& text = sent.back().second;
    return text.substr(text.find_first_of("0123456789"), 6);
  }
  std::vector<std::pair<std::string, std::string>> sent;
};

class StepsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_steps_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(PrepareFolder(folder_).ok());
    key_ = LoadAccessKey(folder_).value();
    Add("li", "doctor");
    Add("wang", "doctor");
    Start();
  }
  void TearDown() override {
    sign_on_.reset();
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  void Add(const std::string& name, const std::string& post, const std::function<void(Account*)>& more = {}) {
    Account account;
    account.name = account.display = name;
    account.password_hash = kStepHash;
    account.post = post;
    if (more) more(&account);
    const Status added = EditAccounts(folder_, [&](Accounts* accounts) -> Status {
      accounts->push_back(account);
      return {};
    });
    ASSERT_TRUE(added.ok()) << added.error().ToString();
  }
  void Change(const std::string& name, const std::function<void(Account*)>& change) {
    ASSERT_TRUE(EditAccounts(folder_, [&](Accounts* accounts) -> Status {
                  change(FindAccount(accounts, name));
                  return {};
                }).ok());
    sign_on_->LookAgain();
  }
  /// Also as after kill -9: nothing is said to the one before.
  void Start() {
    SignOnOptions options;
    options.folder = folder_;
    options.clock = &clock_;
    options.sms = &texts_;
    options.password_days = password_days_;
    sign_on_ = SignOn::Create(options).value();
  }
  SignInSteps Steps() { return SignInSteps(sign_on_.get(), {"10.0.0.1", "Firefox, Linux"}, &wait_s_); }
  Result<SignInOutcome> Begin(const std::string& name) {
    return Steps().Begin(name, kStepPassword, TokenKind::kCookie);
  }
  Challenge Asked(Result<SignInOutcome> outcome) {
    EXPECT_TRUE(outcome.ok()) << outcome.error().ToString();
    const bool asks = outcome.ok() && std::holds_alternative<Challenge>(*outcome);
    EXPECT_TRUE(asks);
    return asks ? std::get<Challenge>(*outcome) : Challenge();
  }
  static bool IsIn(const Result<SignInOutcome>& outcome) {
    return outcome.ok() && std::holds_alternative<SignOn::Grant>(*outcome);
  }
  static ErrorCode CodeOf(const Result<SignInOutcome>& outcome) {
    return outcome.ok() ? ErrorCode::kInternal : outcome.error().code;
  }
  std::string CodeNow(std::string_view secret, int64_t off = 0) const {
    return Hotp(secret, static_cast<uint64_t>(clock_.NowUs() / kSecondUs / kTotpStepSeconds + off),
                kTotpDigits);
  }
  /// The secret of an app that `name` has from now on, without the steps.
  std::string GiveApp(const std::string& name) {
    const std::string secret = NewTotpSecret();
    Change(name, [&](Account* account) { account->totp = SealFactor(key_, name, secret); });
    return secret;
  }
  void NextStep() { clock_.Advance(kTotpStepSeconds * kSecondUs); }

  std::string folder_;
  AccessKey key_{};
  FixedClock clock_{1'780'000'000 * kSecondUs};
  TextsKept texts_;
  int64_t wait_s_ = 0, password_days_ = 0;
  std::unique_ptr<SignOn> sign_on_;
};

TEST_F(StepsTest, APasswordAloneIsEnoughWhereNothingElseIsWanted) {
  const auto in = Begin("li");
  ASSERT_TRUE(IsIn(in));
  const auto live = sign_on_->sessions()->Of("li");
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live[0]->session.methods, "pwd");
  EXPECT_EQ(live[0]->session.device, "Firefox, Linux");
  EXPECT_EQ(live[0]->session.place, "local");
}

TEST_F(StepsTest, AnAppAsksForItsCodeAndEachIsGoodOnceAlsoAfterACrash) {
  const std::string secret = GiveApp("li");
  const Challenge asked = Asked(Begin("li"));
  EXPECT_EQ(asked.kind, Challenge::Kind::kCode);
  EXPECT_EQ(asked.account, "li");
  EXPECT_TRUE(sign_on_->sessions()->Of("li").empty()) << "nobody is in before the code";
  EXPECT_EQ(CodeOf(Steps().Code(asked.ticket, "000000")), ErrorCode::kUnauthenticated);
  ASSERT_TRUE(IsIn(Steps().Code(asked.ticket, CodeNow(secret))));
  EXPECT_EQ(sign_on_->sessions()->Of("li")[0]->session.methods, "pwd otp");
  EXPECT_EQ(CodeOf(Steps().Code(asked.ticket, CodeNow(secret))), ErrorCode::kUnauthenticated);
  Start();
  EXPECT_EQ(CodeOf(Steps().Code(asked.ticket, CodeNow(secret))), ErrorCode::kUnauthenticated);
  NextStep();
  EXPECT_TRUE(IsIn(Steps().Code(asked.ticket, CodeNow(secret))));
}

TEST_F(StepsTest, OfTwoUsesOfOneCodeAtOnceOneIsLetIn) {
  const std::string secret = GiveApp("li"), code = CodeNow(secret);
  const std::string ticket = Asked(Begin("li")).ticket;
  std::atomic<int> in{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      int64_t wait_s = 0;
      if (IsIn(SignInSteps(sign_on_.get(), {"10.0.0.1", ""}, &wait_s).Code(ticket, code))) in.fetch_add(1);
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(in.load(), 1);
}

TEST_F(StepsTest, WrongCodesLockFromWhereverTheyComeAndARightPasswordForgivesNone) {
  const std::string secret = GiveApp("li");
  for (int i = 0; i < 5; ++i) {
    const std::string ticket = Asked(Begin("li")).ticket;
    SignInSteps from(sign_on_.get(), {"10.0.1." + std::to_string(i), ""}, &wait_s_);
    EXPECT_EQ(CodeOf(from.Code(ticket, "abcdef")), ErrorCode::kUnauthenticated) << i;
  }
  const std::string ticket = Asked(Begin("li")).ticket;
  EXPECT_EQ(CodeOf(Steps().Code(ticket, CodeNow(secret))), ErrorCode::kBusy);
  EXPECT_GT(wait_s_, 800);
  GiveApp("wang");
  EXPECT_EQ(CodeOf(Steps().Code(Asked(Begin("wang")).ticket, "abcdef")), ErrorCode::kUnauthenticated)
      << "another account is not punished";
  clock_.Advance(901 * kSecondUs);
  EXPECT_TRUE(IsIn(Steps().Code(Asked(Begin("li")).ticket, CodeNow(secret))));
}

TEST_F(StepsTest, ATicketIsOfOneAccountOneStepAndFiveMinutes) {
  const std::string lis = GiveApp("li"), wangs = GiveApp("wang");
  const Challenge li = Asked(Begin("li")), wang = Asked(Begin("wang"));
  EXPECT_EQ(CodeOf(Steps().Code(wang.ticket, CodeNow(lis))), ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(Steps().NewPassword(li.ticket, kOther)), ErrorCode::kUnauthenticated);
  std::vector<std::string> recovery;
  EXPECT_EQ(CodeOf(Steps().Enrol(li.ticket, CodeNow(lis), &recovery)), ErrorCode::kUnauthenticated);
  std::string changed = li.ticket;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {changed, std::string(), std::string("AAAA"), li.ticket + "A"})
    EXPECT_EQ(CodeOf(Steps().Code(bad, CodeNow(lis))), ErrorCode::kUnauthenticated);
  EXPECT_EQ(Steps().AccountOf(li.ticket), "li");
  // What changed the account ends its tickets.
  Change("li", [](Account* account) { ++account->generation; });
  EXPECT_EQ(CodeOf(Steps().Code(li.ticket, CodeNow(lis))), ErrorCode::kUnauthenticated);
  clock_.Advance(300 * kSecondUs);
  EXPECT_EQ(CodeOf(Steps().Code(wang.ticket, CodeNow(wangs))), ErrorCode::kUnauthenticated);
}

TEST_F(StepsTest, APostThatDemandsASecondFactorHasAnAppEnrolledFirst) {
  std::ofstream(folder_ + "/posts.toml")
      << "[keeper]\nreads = [\"Patient\"]\nsource = \"a test\"\nsecond_factor = true\n";
  sign_on_->LookAgain();
  Add("zhao", "keeper");
  sign_on_->LookAgain();
  const Challenge asked = Asked(Begin("zhao"));
  ASSERT_EQ(asked.kind, Challenge::Kind::kEnrol);
  const std::string secret = FromBase32(asked.secret).value();
  EXPECT_EQ(asked.otpauth, OtpauthUri(secret, "zhao", "Tongkang"));
  std::vector<std::string> recovery;
  EXPECT_EQ(CodeOf(Steps().Enrol(asked.ticket, "abcdef", &recovery)), ErrorCode::kUnauthenticated);
  EXPECT_EQ(Steps().Show(asked.ticket)->secret, asked.secret) << "shown again after a wrong code";
  ASSERT_TRUE(IsIn(Steps().Enrol(asked.ticket, CodeNow(secret), &recovery)));
  EXPECT_EQ(recovery.size(), kRecoveryCodes);
  // That code is used, and the ticket too: nobody puts another app in its place.
  const std::string ticket = Asked(Begin("zhao")).ticket;
  EXPECT_EQ(CodeOf(Steps().Code(ticket, CodeNow(secret))), ErrorCode::kUnauthenticated);
  NextStep();
  EXPECT_EQ(CodeOf(Steps().Enrol(asked.ticket, CodeNow(secret), &recovery)), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(IsIn(Steps().Code(ticket, CodeNow(secret, 1))));
  // The file has neither the secret nor a code.
  const std::string file = ReadFile(folder_ + "/accounts.toml").value();
  EXPECT_EQ(file.find(asked.secret), std::string::npos);
  for (const std::string& code : recovery) EXPECT_EQ(file.find(code), std::string::npos);
}

TEST_F(StepsTest, ARecoveryCodeIsUsedUp) {
  GiveApp("li");
  auto viewer = sign_on_->ViewerOf("li").value();
  const auto codes = Steps().NewRecovery(*viewer, kStepPassword);
  ASSERT_TRUE(codes.ok());
  ASSERT_EQ(codes->size(), kRecoveryCodes);
  const std::string ticket = Asked(Begin("li")).ticket;
  ASSERT_TRUE(IsIn(Steps().Code(ticket, codes->at(3))));
  Start();
  EXPECT_EQ(CodeOf(Steps().Code(ticket, codes->at(3))), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(IsIn(Steps().Code(ticket, codes->at(4))));
  EXPECT_EQ(sign_on_->Find("li")->recovery.size(), kRecoveryCodes - 2);
  EXPECT_FALSE(Steps().NewRecovery(*viewer, kOther).ok());
}

TEST_F(StepsTest, APasswordOfAnothersChoiceOrTooOldIsChangedFirst) {
  Change("li", [](Account* account) { account->must_change = true; });
  const Challenge asked = Asked(Begin("li"));
  ASSERT_EQ(asked.kind, Challenge::Kind::kPassword);
  EXPECT_EQ(CodeOf(Steps().NewPassword(asked.ticket, kStepPassword)), ErrorCode::kIncorrect) << "the same";
  EXPECT_EQ(CodeOf(Steps().NewPassword(asked.ticket, "1234567890")), ErrorCode::kIncorrect);
  ASSERT_TRUE(IsIn(Steps().NewPassword(asked.ticket, kOther)));
  EXPECT_EQ(CodeOf(Steps().NewPassword(asked.ticket, "another one again 9")), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(IsIn(Steps().Begin("li", kOther, TokenKind::kCookie)));
  password_days_ = 90;
  Start();
  EXPECT_TRUE(IsIn(Steps().Begin("li", kOther, TokenKind::kCookie)));
  clock_.Advance(91 * 86400 * kSecondUs);
  EXPECT_EQ(Asked(Steps().Begin("li", kOther, TokenKind::kCookie)).kind, Challenge::Kind::kPassword);
}

TEST_F(StepsTest, AChangedPasswordEndsTheOtherSessions) {
  ASSERT_TRUE(IsIn(Begin("li")));
  const auto here = Begin("li");
  ASSERT_TRUE(IsIn(here));
  const auto& grant = std::get<SignOn::Grant>(*here);
  EXPECT_FALSE(Steps().ChangePassword(*grant.viewer, "not the password", kOther).ok());
  EXPECT_FALSE(Steps().ChangePassword(*grant.viewer, kStepPassword, kStepPassword).ok());
  const auto next = Steps().ChangePassword(*grant.viewer, kStepPassword, kOther);
  ASSERT_TRUE(next.ok()) << next.error().ToString();
  EXPECT_EQ(sign_on_->sessions()->Of("li").size(), 1u);
  EXPECT_FALSE(sign_on_->Verify(grant.token, TokenKind::kCookie).ok());
  EXPECT_TRUE(sign_on_->Verify(next->token, TokenKind::kCookie).ok());
}

TEST_F(StepsTest, ATextIsTheSecondFactorWhereThereIsNoApp) {
  Change("li", [&](Account* account) {
    ASSERT_TRUE(SetPhone(key_, kNumber, account).ok());
    account->sms_factor = true;
  });
  const Challenge asked = Asked(Begin("li"));
  ASSERT_EQ(asked.kind, Challenge::Kind::kSms);
  ASSERT_EQ(texts_.sent.size(), 1u);
  EXPECT_EQ(texts_.sent[0].first, kNumber);
  EXPECT_EQ(CodeOf(Begin("li")), ErrorCode::kBusy) << "one a minute";
  EXPECT_EQ(CodeOf(Steps().Code(asked.ticket, "abcdef")), ErrorCode::kUnauthenticated);
  ASSERT_TRUE(IsIn(Steps().Code(asked.ticket, texts_.LastCode())));
  EXPECT_EQ(sign_on_->sessions()->Of("li")[0]->session.methods, "pwd sms");
  EXPECT_EQ(CodeOf(Steps().Code(asked.ticket, texts_.LastCode())), ErrorCode::kUnauthenticated);
  clock_.Advance(61 * kSecondUs);
  const Challenge again = Asked(Steps().SmsAgain(asked.ticket));
  EXPECT_EQ(texts_.sent.size(), 2u);
  Start();
  EXPECT_EQ(CodeOf(Steps().Code(again.ticket, texts_.LastCode())), ErrorCode::kUnauthenticated)
      << "unknown after a crash";
  EXPECT_EQ(ReadFile(folder_ + "/accounts.toml").value().find(kNumber), std::string::npos);
}

TEST_F(StepsTest, AResidentSignsInByHisPhoneAndNobodyLearnsWhoseItIs) {
  Add("chen", "resident", [&](Account* account) {
    account->kind = AccountKind::kResident;
    account->record = "Patient/chen";
    account->password_hash.clear();
    ASSERT_TRUE(SetPhone(key_, kNumber, account).ok());
  });
  sign_on_->LookAgain();
  const Challenge known = Asked(Steps().BeginPhone("+86 199 0000 1234", TokenKind::kCookie));
  const Challenge unknown = Asked(Steps().BeginPhone("19900009999", TokenKind::kCookie));
  EXPECT_EQ(texts_.sent.size(), 1u);
  EXPECT_EQ(known.account, unknown.account);
  EXPECT_EQ(known.ticket.size(), unknown.ticket.size());
  EXPECT_EQ(Steps().AccountOf(known.ticket), "");
  EXPECT_EQ(CodeOf(Steps().BeginPhone("19900009999", TokenKind::kCookie)), ErrorCode::kBusy);
  EXPECT_EQ(CodeOf(Steps().BeginPhone("123", TokenKind::kCookie)), ErrorCode::kIncorrect);
  EXPECT_EQ(CodeOf(Steps().Code(unknown.ticket, texts_.LastCode())), ErrorCode::kUnauthenticated);
  const auto in = Steps().Code(known.ticket, texts_.LastCode());
  ASSERT_TRUE(IsIn(in));
  EXPECT_EQ(std::get<SignOn::Grant>(*in).viewer->account, "chen");
  // Not of an account that is no resident's.
  Change("wang", [&](Account* account) { ASSERT_TRUE(SetPhone(key_, "19900005678", account).ok()); });
  Asked(Steps().BeginPhone("19900005678", TokenKind::kCookie));
  EXPECT_EQ(texts_.sent.size(), 1u);
}

TEST_F(StepsTest, OnePhoneIsOfOneResidentAndAFileThatSaysOtherwiseStillOpens) {
  const auto resident = [&](Account* account) {
    account->kind = AccountKind::kResident;
    account->record = "Patient/" + account->name;
    ASSERT_TRUE(SetPhone(key_, kNumber, account).ok());
  };
  Add("chen", "resident", resident);
  const std::string before = ReadFile(folder_ + "/accounts.toml").value();
  const Status second = EditAccounts(folder_, [&](Accounts* accounts) -> Status {
    Account child;
    child.name = child.display = "chen2";
    child.post = "resident";
    resident(&child);
    accounts->push_back(child);
    return {};
  });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(ReadFile(folder_ + "/accounts.toml").value(), before) << "nothing of it is kept";
  // A file of before, or of an editor's hand: read, changed and mended, and the code goes to neither.
  const size_t from = before.find("\n[[account]]", before.find("name = \"wang\"") + 1);
  std::string twin = before.substr(before.find("\n[[account]]\nname = \"chen\""));
  ASSERT_NE(from, std::string::npos);
  twin.replace(twin.find("\"chen\""), 6, "\"chen2\"");
  ASSERT_TRUE(WriteFileDurable(folder_ + "/accounts.toml", before + twin, 0600).ok());
  Start();
  Asked(Steps().BeginPhone(kNumber, TokenKind::kCookie));
  EXPECT_TRUE(texts_.sent.empty());
  Change("wang", [](Account* account) { account->disabled = true; });
  Change("chen2", [](Account* account) { account->phone = account->phone_mark = ""; });
  clock_.Advance(120 * kSecondUs);
  Asked(Steps().BeginPhone(kNumber, TokenKind::kCookie));
  EXPECT_EQ(texts_.sent.size(), 1u);
}

TEST_F(StepsTest, WhatCouldNotBeReadAgainIsNotWritten) {
  const std::string before = ReadFile(folder_ + "/accounts.toml").value();
  const Status wrong = EditAccounts(folder_, [](Accounts* accounts) -> Status {
    accounts->front().area = "12345";
    return {};
  });
  EXPECT_FALSE(wrong.ok());
  EXPECT_EQ(ReadFile(folder_ + "/accounts.toml").value(), before);
}

TEST_F(StepsTest, ACodeByTextHasFiveTriesAndFiveMinutes) {
  Add("chen", "resident", [&](Account* account) {
    account->kind = AccountKind::kResident;
    account->record = "Patient/chen";
    ASSERT_TRUE(SetPhone(key_, kNumber, account).ok());
  });
  sign_on_->LookAgain();
  const Challenge first = Asked(Steps().BeginPhone(kNumber, TokenKind::kCookie));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(CodeOf(Steps().Code(first.ticket, "abcdef")), ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(Steps().Code(first.ticket, texts_.LastCode())), ErrorCode::kUnauthenticated);
  clock_.Advance(61 * kSecondUs);
  const Challenge second = Asked(Steps().BeginPhone(kNumber, TokenKind::kCookie));
  for (int i = 0; i < 4; ++i) (void)Steps().Code(second.ticket, "abcdef");
  EXPECT_TRUE(IsIn(Steps().Code(second.ticket, texts_.LastCode()))) << "the fifth try";
  clock_.Advance(61 * kSecondUs);
  const Challenge third = Asked(Steps().BeginPhone(kNumber, TokenKind::kCookie));
  clock_.Advance(300 * kSecondUs);
  EXPECT_EQ(CodeOf(Steps().Code(third.ticket, texts_.LastCode())), ErrorCode::kUnauthenticated);
}

TEST(SmsCodes, LimitsOfNumberAccountAndAddress) {
  FixedClock clock(1'780'000'000 * kSecondUs);
  TextsKept texts;
  SmsLimits limits;
  limits.address_hour_max = 8;
  SmsCodes codes(&texts, &clock, limits);
  int64_t wait_s = 0;
  const auto ask = [&](std::string_view number, std::string_view account, std::string_view address) {
    wait_s = 0;
    return codes.Ask({number, account, address}, &wait_s).ok();
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(ask(kNumber, "li", "a")) << i;
    EXPECT_FALSE(ask(kNumber, "li", "a"));
    EXPECT_EQ(wait_s, i < 4 ? 60 : 3600 - 4 * 61);
    clock.Advance(61 * kSecondUs);
  }
  EXPECT_FALSE(ask(kNumber, "li", "b")) << "five an hour, from wherever";
  EXPECT_EQ(texts.sent.size(), 5u);
  // Of the account ten an hour to whatever number: told to nobody, and nothing is sent.
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(ask("1990000200" + std::to_string(i), "li", "c"));
  EXPECT_EQ(texts.sent.size(), 10u);
  EXPECT_FALSE(ask("19900003000", "wang", "c")) << "eight an hour from an address";
  EXPECT_GT(wait_s, 3000);
  clock.Advance(3600 * kSecondUs);
  EXPECT_TRUE(ask("19900003000", "wang", "c"));
  EXPECT_TRUE(ask(kNumber, "li", "a"));
}

TEST(PasswordRules, RefuseWhatIsEasilyGuessed) {
  for (const char* bad :
       {"short", "aaaaaaaaaaaa", "abababababab", "1234567890", "qwertyuiop12", "password123456",
        "tongkang2026", "zhangwei1234", "ZHANGWEIzhangwei", "一二一二一二一二一二一二"})
    EXPECT_FALSE(CheckPasswordRules(bad, "zhangwei").ok()) << bad;
  for (const char* good :
       {"bitter melon 7", "correct horse battery", "三只黄鹂鸣翠柳一行白鹭", "hq7-PLx!22mv"})
    EXPECT_TRUE(CheckPasswordRules(good, "zhangwei").ok()) << good;
  EXPECT_FALSE(CheckPasswordRules(std::string(1025, 'x'), "li").ok());
}

TEST(Device, FewWordsOfABrowserAndAPlace) {
  EXPECT_EQ(
      DeviceOf(
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
          "Safari/537.36"),
      "Chrome, Windows");
  EXPECT_EQ(DeviceOf("Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/96.0 Mobile Safari/537.36 "
                     "MicroMessenger/8.0"),
            "WeChat, Android");
  EXPECT_EQ(DeviceOf("curl/8.0 <script>"), "");
  EXPECT_EQ(PlaceOf("127.0.0.1"), "here");
  EXPECT_EQ(PlaceOf("::1"), "here");
  EXPECT_EQ(PlaceOf("10.2.3.4"), "local");
  EXPECT_EQ(PlaceOf("::ffff:192.168.1.2"), "local");
  EXPECT_EQ(PlaceOf("172.32.0.1"), "internet");
  EXPECT_EQ(PlaceOf("fd00::1"), "local");
  EXPECT_EQ(PlaceOf("2001:db8::1"), "internet");
}

}  // namespace
}  // namespace tk::access
