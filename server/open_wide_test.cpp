#include "server/open.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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
    for (const std::string& each : cut_) std::filesystem::remove_all(each);
  }
  Opened Open(std::function<Status(std::string_view)> erase_probe = {}) {
    auto opened = OpenData({.data = {folder_, ""}, .clock = &clock_, .erase_probe = std::move(erase_probe)});
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    return std::move(opened).value();
  }
  static std::unique_ptr<view::ChangeSet> Person(const Opened& opened) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = opened.engine->Head();
    auto document = fhir::Document::Parse(R"({"resourceType":"Patient","id":"1"})");
    set->changes.push_back({view::MakeResource(opened.engine->definitions(), std::move(document).value(), 1,
                                               view::Operation::kCreate)
                                .value(),
                            nullptr, 0});
    EXPECT_TRUE(opened.engine->Prepare(set.get()).ok());
    return set;
  }
  static view::OwnerNumber Store(const Opened& opened) {
    std::promise<bool> written;
    opened.engine->Submit(Person(opened), [&](const view::Outcome& o) { written.set_value(o.commit.ok()); });
    EXPECT_TRUE(written.get_future().get());
    return opened.engine->keys().Find("Patient/1").value();
  }
  static access::AuditRecord About(std::string_view action, view::OwnerNumber owner, int status) {
    access::AuditRecord record;
    record.action = action;
    record.owner = owner;
    record.status = status;
    record.reason = "unlawful";
    record.request_id = "req-1";
    return record;
  }
  static void Tell(access::AuditLog* audit, access::AuditRecord record) {
    EXPECT_TRUE(audit->Append(std::move(record)).ok());
    EXPECT_TRUE(audit->Flush().ok());
  }
  std::unique_ptr<access::AuditLog> OpenAudit(const Opened& opened) {
    return access::AuditLog::Open(access::AuditOf(*opened.engine, folder_, &clock_)).value();
  }
  /// A copy of the folder, as a crash at this moment leaves it.
  void Cut(std::string name) {
    cut_.push_back(folder_ + "-" + std::move(name));
    std::filesystem::copy(folder_, cut_.back(), std::filesystem::copy_options::recursive);
  }
  /// An erasure by request and all the places where it may be cut off.
  view::OwnerNumber EraseAndCut() {
    const Opened opened = Open([this](std::string_view step) -> Status {
      Cut(std::string(step));
      return {};
    });
    const view::OwnerNumber owner = Store(opened);
    const auto audit = OpenAudit(opened);
    Tell(audit.get(), About("erase-asked", owner, 0));
    Cut("asked");
    EXPECT_TRUE(opened.engine->Erase("Patient/1").ok());
    Cut("erased");
    Tell(audit.get(), About("erase", owner, 200));
    Cut("ended");
    opened.engine->Stop();
    return owner;
  }
  static size_t Count(const std::string& text, std::string_view part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
  std::vector<std::string> Notes() const {
    std::vector<std::string> names = ListFolder(folder_ + "/audit").value();
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("asked-"); });
    return names;
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
  std::vector<std::string> cut_;
  std::string folder_ = std::filesystem::temp_directory_path() / ("tk-resumed-" + NewUuid());
};

TEST_F(ResumedErasures, EachThatWasAskedForHasOneEndWhereverItIsCutOff) {
  const view::OwnerNumber owner = EraseAndCut();
  ASSERT_EQ(cut_.size(), 8u) << "asked, noted, deleted some, deleted, told, destroyed, erased, ended";
  const std::string living = folder_;
  for (const std::string& each : cut_) {
    SCOPED_TRACE(each);
    folder_ = each;
    const bool was_begun = !each.ends_with("-asked");
    for (int start = 0; start < 3; ++start) {
      const Opened opened = Open();
      EXPECT_EQ(opened.engine->keys().IsDestroyed(owner), was_begun);
      // The first start cannot open the audit: what the engine finished must not be lost with its memory.
      if (start > 0) {
        const auto audit = OpenAudit(opened);
        EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok());
        EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok());
      }
      opened.engine->Stop();
    }
    const std::string text = AuditText();
    EXPECT_EQ(Count(text, R"("action":"erase-asked")"), 1u);
    const std::string_view end = each.ends_with("-ended") ? "erase"
                                 : was_begun              ? "erase-resumed"
                                                          : "erase-not-begun";
    EXPECT_EQ(
        Count(text, fmt::format(R"("action":"{}","owner":{},"status":{},)", end, owner, was_begun ? 200 : 0)),
        1u)
        << text;
    EXPECT_EQ(Count(text, R"("reason":"unlawful","request":"req-1")"), 2u) << text;
    EXPECT_EQ(Count(text, R"("action":)"), 2u) << text;
    EXPECT_TRUE(Notes().empty());
    EXPECT_TRUE(access::VerifyAudit(folder_ + "/audit")->damage.empty());
  }
  folder_ = living;
}

TEST_F(ResumedErasures, HaveHowManyRecordsWereLeftAndTheReason) {
  EraseAndCut();
  const std::string living =
      std::exchange(folder_, *std::find_if(cut_.begin(), cut_.end(),
                                           [](const std::string& each) { return each.ends_with("-noted"); }));
  const Opened opened = Open();
  EXPECT_TRUE(opened.engine->has_resumed_erasures());
  EXPECT_TRUE(RecordResumedErasures(opened, folder_, &clock_).ok());
  EXPECT_NE(AuditText().find(R"("status":200,"records":1,"reason":"unlawful")"), std::string::npos)
      << AuditText();
  opened.engine->Stop();
  folder_ = living;
}

TEST_F(ResumedErasures, AreFinishedOverADamagedEntryAndToldSo) {
  EraseAndCut();
  const std::string living =
      std::exchange(folder_, *std::find_if(cut_.begin(), cut_.end(),
                                           [](const std::string& each) { return each.ends_with("-asked"); }));
  std::string sealed;
  view::OwnerNumber owner = 0;
  {
    const Opened opened = Open();
    sealed = opened.engine->log().Read(1)->sealed;
    owner = opened.engine->keys().Find("Patient/1").value();
    EXPECT_TRUE(opened.engine->keys().NoteErasing(owner, clock_.NowUs()).ok());
    opened.engine->Stop();
  }
  std::string bytes = ReadFile(folder_ + "/log.db", size_t{1} << 30).value();
  const size_t at = bytes.find(sealed);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 20] = static_cast<char>(bytes[at + 20] ^ 1);
  ASSERT_TRUE(WriteFileDurable(folder_ + "/log.db", bytes).ok());
  const Opened opened = Open();
  ASSERT_NE(opened.engine, nullptr);
  EXPECT_TRUE(opened.engine->keys().IsDestroyed(owner));
  EXPECT_EQ(opened.engine->entries_damaged(), 1u);
  EXPECT_TRUE(RecordResumedErasures(opened, folder_, &clock_).ok());
  EXPECT_NE(AuditText().find(R"("status":200,"records":1,"damaged":1,"reason":"unlawful")"),
            std::string::npos)
      << AuditText();
  EXPECT_TRUE(Notes().empty());
  opened.engine->Stop();
  folder_ = living;
}

TEST_F(ResumedErasures, OneThatWasRefusedAfterItWasAskedForNeedsNoOtherEnd) {
  for (const bool restarts : {false, true}) {
    SCOPED_TRACE(restarts);
    Opened opened = Open();
    const view::OwnerNumber owner =
        restarts ? opened.engine->keys().Find("Patient/1").value() : Store(opened);
    auto audit = OpenAudit(opened);
    Tell(audit.get(), About("erase-asked", owner, 0));
    EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok()) << "it runs";
    EXPECT_EQ(Notes().size(), 1u);
    Tell(audit.get(), About("erase", owner, 409));
    if (restarts) {
      audit.reset();
      audit = OpenAudit(opened);
    }
    EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok());
    EXPECT_TRUE(Notes().empty());
    EXPECT_TRUE(audit->UnendedErasures().empty());
    audit.reset();
    opened.engine->Stop();
  }
  EXPECT_EQ(Count(AuditText(), R"("action":)"), 4u) << AuditText();
}

TEST_F(ResumedErasures, OneThatFailedAndWasFinishedByTheMaintenanceHasItsReason) {
  std::atomic<bool> fails = true;
  const Opened opened = Open([&fails](std::string_view step) -> Status {
    if (step == "deleted" && fails) return MakeError(ErrorCode::kUnavailable, "the database is away");
    return {};
  });
  const view::OwnerNumber owner = Store(opened);
  const auto audit = OpenAudit(opened);
  Tell(audit.get(), About("erase-asked", owner, 0));
  EXPECT_FALSE(opened.engine->Erase("Patient/1").ok());
  Tell(audit.get(), About("erase", owner, 503));
  EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok());
  EXPECT_EQ(Notes().size(), 1u) << "it is not finished";
  fails = false;
  EXPECT_TRUE(opened.engine->Maintain().ok());
  for (int look = 0; look < 2; ++look)
    EXPECT_TRUE(RecordResumedErasures(opened.engine.get(), audit.get()).ok());
  EXPECT_TRUE(audit->Flush().ok());
  EXPECT_EQ(Count(AuditText(), R"("action":"erase-resumed")"), 1u);
  EXPECT_EQ(Count(AuditText(), R"("reason":"unlawful","request":"req-1")"), 3u) << AuditText();
  EXPECT_TRUE(Notes().empty());
  opened.engine->Stop();
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
