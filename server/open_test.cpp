#include "server/open.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"

namespace tk::server {
namespace {

view::ViewState Search(uint64_t entries, std::string failure = {}) {
  view::ViewState state;
  state.name = "search";
  state.kind = view::ViewState::Kind::kBuilding;
  state.entries = entries;
  state.entries_wanted = 1000;
  state.failure = std::move(failure);
  return state;
}

class ResumedErasures : public ::testing::Test {
 protected:
  ResumedErasures() { SetLogLevel(LogLevel::kOff); }
  ~ResumedErasures() override {
    SetLogLevel(LogLevel::kInfo);
    std::filesystem::remove_all(folder_);
  }
  Opened Open() {
    auto opened = OpenData({.data = {folder_, ""}, .clock = &clock_});
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    return std::move(opened).value();
  }
  /// Stores a person and begins his erasure, as one does that a crash then cuts off.
  view::OwnerNumber BeginErasure() {
    Opened opened = Open();
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = opened.engine->Head();
    auto document = fhir::Document::Parse(R"({"resourceType":"Patient","id":"1"})");
    set->changes.push_back({view::MakeResource(opened.engine->definitions(), std::move(document).value(), 1,
                                               view::Operation::kCreate)
                                .value(),
                            nullptr, 0});
    EXPECT_TRUE(opened.engine->Prepare(set.get()).ok());
    std::promise<bool> written;
    opened.engine->Submit(std::move(set), [&](const view::Outcome& o) { written.set_value(o.commit.ok()); });
    EXPECT_TRUE(written.get_future().get());
    const view::OwnerNumber owner = opened.engine->keys().Find("Patient/1").value();
    EXPECT_TRUE(opened.engine->keys().NoteErasing(owner, clock_.NowUs()).ok());
    opened.engine->Stop();
    return owner;
  }
  void NoteAsked(view::OwnerNumber owner, std::string_view reason) {
    access::AuditOptions options;
    options.folder = folder_ + "/audit";
    options.clock = &clock_;
    const auto audit = access::AuditLog::Open(options).value();
    access::AuditRecord record;
    record.action = "erase-asked";
    record.owner = owner;
    record.reason = reason;
    EXPECT_TRUE(audit->Append(std::move(record)).ok());
  }
  std::string AuditText() const {
    std::string text;
    const std::vector<std::string> names = ListFolder(folder_ + "/audit").value();
    for (const std::string& name : names) {
      if (name.ends_with(".jsonl")) text += ReadFile(folder_ + "/audit/" + name).value();
    }
    return text;
  }
  FixedClock clock_{Instant{1'795'000'000} * kSecondUs};
  const std::string folder_ = std::filesystem::temp_directory_path() / ("tk-resumed-" + NewUuid());
};

TEST_F(ResumedErasures, AreInTheAuditOnce) {
  const view::OwnerNumber owner = BeginErasure();
  for (const char* reason : {"unlawful", "consent-withdrawn"}) {
    NoteAsked(owner, reason);
    clock_.Advance(kSecondUs);
    NoteAsked(owner + 1, "other-law");
  }
  for (int start = 0; start < 2; ++start) {
    const Opened opened = Open();
    EXPECT_EQ(opened.engine->has_resumed_erasures(), start == 0);
    ASSERT_TRUE(RecordResumedErasures(opened, folder_, &clock_).ok());
    const std::string
        text = AuditText(),
        line = fmt::format(
            R"("action":"erase-resumed","owner":{},"status":200,"records":1,"reason":"consent-withdrawn",)",
            owner);
    const size_t at = text.find(line);
    EXPECT_NE(at, std::string::npos) << text;
    EXPECT_EQ(text.find("erase-resumed", at + line.size()), std::string::npos) << text;
    opened.engine->Stop();
  }
  EXPECT_TRUE(access::VerifyAudit(folder_ + "/audit")->damage.empty());
}

TEST(WaitUntilReady, WhatMovesIsWaitedFor) {
  uint64_t looks = 0;
  const Status waited =
      WaitUntilReady([&] { return looks >= 5; }, [&] { return std::vector{Search(++looks)}; }, 60'000);
  EXPECT_TRUE(waited.ok());
  EXPECT_EQ(looks, 5u);
}

TEST(WaitUntilReady, WhatStandsStillIsToldWithWhatTheViewsSay) {
  const Status waited = WaitUntilReady([] { return false; },
                                       [] { return std::vector{Search(7, "no space left on device")}; }, 1);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  for (const char* part : {"search: building", "7 of 1000", "no space left on device"})
    EXPECT_NE(waited.error().external.find(part), std::string::npos) << waited.error().external;
}

}  // namespace
}  // namespace tk::server
