// The engine as a whole on a real log: order, guards, staleness, restart, rebuild, erasure, followers. A small counting view stands for
// the search index: incremental must equal rebuilt.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/directory_view.h"
#include "kernel/view/engine.h"

#include "kernel/view/manifest.h"

namespace tk::view {
namespace {

constexpr Instant kNow = 1'795'000'000 * kSecondUs;

// Counts live resources by gender: enough to see a change missed, doubled or out of order.
class GenderView final : public View {
 public:
  struct Delta final : Prepared {
    std::string add, remove;
  };
  std::string_view name() const override { return "gender"; }
  uint32_t format_version() const override { return 1; }
  Result<std::unique_ptr<Prepared>> Prepare(const Change& change) const override {
    auto delta = std::make_unique<Delta>();
    if (change.now != nullptr) delta->add = change.now->document.Root()["gender"].ToString();
    if (change.before != nullptr) delta->remove = change.before->document.Root()["gender"].ToString();
    return std::unique_ptr<Prepared>(std::move(delta));
  }
  void Apply(const Change&, const Prepared& prepared, Ordinal ordinal) override {
    const auto& delta = static_cast<const Delta&>(prepared);
    if (!delta.add.empty()) ++counts[delta.add];
    if (!delta.remove.empty() && --counts[delta.remove] == 0) counts.erase(delta.remove);
    last_ordinal = ordinal;
  }
  void ApplyKey(uint64_t key, Ordinal) override { keys += key != 0 ? 1 : 0; }
  void Publish(uint64_t, Ordinal) override {}
  Result<Mark> Save(const std::string&, const Mark& mark) override {
    return Mark{mark.incarnation, 0, 1, mark.definitions_hash, 1};
  }
  Result<Mark> Load(const std::string&, const Mark&) override {
    return MakeError(ErrorCode::kNotFound, "this view is never saved");
  }
  void Clear() override { counts.clear(); }
  Status Forget(std::span<const OwnerNumber>) override {
    ++forgotten;
    return forget_fails ? MakeError(ErrorCode::kUnavailable, "the disk is full") : Status();
  }
  void SetOldestPinned(Ordinal) override {}
  size_t memory_bytes() const override { return 0; }
  size_t disk_bytes() const override { return 0; }

  std::map<std::string, int> counts;
  Ordinal last_ordinal = 0;
  int keys = 0;
  bool forget_fails = false;
  int forgotten = 0;
};

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-engine-" + NewUuid());
    Open();
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    EngineOptions options;
    options.folder = folder_;
    options.definitions = fhir::Definitions::R4();
    options.clock = &clock_;
    options.erase_probe = erase_probe_;
    auto engine = Engine::Create(options, [&](const Directory&, const HashKey&) {
      std::vector<std::unique_ptr<View>> views;
      auto view = std::make_unique<GenderView>();
      gender_ = view.get();
      views.push_back(std::move(view));
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void Reopen() {
    engine_.reset();
    Open();
  }

  static std::string Patient(std::string_view id, std::string_view gender, std::string_view more = "") {
    return R"({"resourceType":"Patient","id":")" + std::string(id) + R"(","gender":")" + std::string(gender) +
           "\"" + std::string(more) + "}";
  }
  static std::string About(std::string_view id, std::string_view patient) {
    return R"({"resourceType":"Observation","id":")" + std::string(id) +
           R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" +
           std::string(patient) + "\"}}";
  }
  ResourcePtr Make(const std::string& json, uint32_t version) {
    auto document = fhir::Document::Parse(json);
    EXPECT_TRUE(document.ok());
    auto made = MakeResource(engine_->definitions(), std::move(document).value(), version,
                             version == 1 ? Operation::kCreate : Operation::kUpdate);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }
  // A change set that puts `json` as the next version of its resource, guarded by the version it saw.
  std::unique_ptr<ChangeSet> Put(const std::string& json) {
    auto set = std::make_unique<ChangeSet>();
    set->basis = engine_->Head();
    auto document = fhir::Document::Parse(json);
    const std::string type = document->Root()["resourceType"].ToString(),
                      id = document->Root()["id"].ToString();
    const uint64_t hash = engine_->IdHash(type, id);
    const auto current = engine_->directory().Current(hash, set->basis);
    Change change;
    change.now = Make(json, current.version + 1);
    if (current.ordinal != 0 && !current.deleted) change.before = engine_->Read(current.ordinal).value();
    set->changes.push_back(change);
    set->guards.push_back({hash, current.version, {}, 0});
    return set;
  }
  Outcome Send(std::unique_ptr<ChangeSet> set) {
    Status prepared = engine_->Prepare(set.get());
    if (!prepared.ok()) return {Result<Commit>(prepared.TakeError()), false};
    std::promise<Outcome> promise;
    engine_->Submit(std::move(set), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  /// One erasure is told, this one; when telling fails it is told again.
  void CheckResumed(OwnerNumber owner, uint64_t records) {
    EXPECT_TRUE(engine_->has_resumed_erasures());
    std::vector<std::pair<OwnerNumber, uint64_t>> told;
    bool fails = true;
    const auto tell = [&](const Engine::ResumedErasure& each) -> Status {
      if (std::exchange(fails, false)) return MakeError(ErrorCode::kUnavailable, "the disk is full");
      told.emplace_back(each.owner, each.erased.records);
      return {};
    };
    EXPECT_FALSE(engine_->TellResumedErasures(tell).ok());
    EXPECT_TRUE(engine_->TellResumedErasures(tell).ok());
    EXPECT_EQ(told, (std::vector<std::pair<OwnerNumber, uint64_t>>{{owner, records}}));
    EXPECT_FALSE(engine_->has_resumed_erasures());
  }
  Ordinal NewestOf(const std::string& type, const std::string& id) {
    return engine_->directory().Current(engine_->IdHash(type, id), engine_->Head()).ordinal;
  }
  std::string TextOf(const std::string& type, const std::string& id) {
    const Ordinal ordinal = NewestOf(type, id);
    std::string text;
    if (ordinal != 0) {
      EXPECT_TRUE(engine_->ReadText(ordinal, &text).ok());
    }
    return text;
  }

  std::string folder_;
  std::function<Status(std::string_view)> erase_probe_;
  FixedClock clock_{kNow};
  std::unique_ptr<Engine> engine_;
  GenderView* gender_ = nullptr;
};

TEST_F(EngineTest, WhatWasPutIsReadBackWithItsMeta) {
  ASSERT_TRUE(Send(Put(Patient("a", "male"))).commit.ok());
  EXPECT_EQ(
      TextOf("Patient", "a"),
      R"({"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"2026-11-18T11:06:40.000000Z"},"gender":"male"})");
  ASSERT_TRUE(
      Send(
          Put(R"({"resourceType":"Patient","meta":{"versionId":"77","lastUpdated":"2001-01-01T00:00:00Z","source":"#x"},"id":"a","gender":"female"})"))
          .commit.ok());
  EXPECT_EQ(
      TextOf("Patient", "a"),
      R"({"resourceType":"Patient","meta":{"versionId":"2","lastUpdated":"2026-11-18T11:06:40.000001Z","source":"#x"},"id":"a","gender":"female"})");
}

// Right JSON may escape any name, and what the server sets itself may stand anywhere in meta.
TEST_F(EngineTest, MetaIsCutHoweverItIsWritten) {
  const std::string head = R"({"resourceType":"Patient","id":"a",)";
  const std::string stamp = R"("versionId":"1","lastUpdated":"2026-11-18T11:06:40.000000Z")";
  const auto cut = [&](const std::string& rest) {
    const auto made = Make(head + rest, 1);
    std::string text(made->document.Text());
    if (!made->has_meta) return text;
    EXPECT_EQ(text.substr(made->splice - 1, 1), "{");
    return text.insert(made->splice, stamp + ",");
  };
  const std::string source = head + R"("meta":{)" + stamp + R"(,"source":"q,}"})";
  EXPECT_EQ(cut(R"("meta":{"source":"q,}","versionId":"9","lastUpdated":"2001-01-01T00:00:00Z"}})"),
            source + "}");
  EXPECT_EQ(cut(R"("meta":{"v\u0065rsionId":"9","source":"q,}","_lastUpdated":{"id":"x"}}})"), source + "}");
  EXPECT_EQ(cut(R"("m\u0065ta":{"v\u0065rsionId":"9","source":"q,}"},"gender":"male"})"),
            head + R"("m\u0065ta":{)" + stamp + R"(,"source":"q,}"},"gender":"male"})");
  EXPECT_EQ(cut(R"("m\u0065ta":{"v\u0065rsionId":"9"},"gender":"male"})"), head + R"("gender":"male"})");
  EXPECT_EQ(cut(R"("gender":"male","m\u0065t\u0061":{"lastUpdated":"2001-01-01T00:00:00Z"}})"),
            head + R"("gender":"male"})");
  EXPECT_EQ(cut(R"("meta":{"s\u006furce":"q","versionId":"9"}})"),
            head + R"("meta":{)" + stamp + R"(,"s\u006furce":"q"}})");
}

TEST_F(EngineTest, TransactionNumbersHaveNoGapsAndTimeGrows) {
  Instant last_at_us = 0;
  for (uint64_t t = 1; t <= 20; ++t) {
    if (t == 10) clock_.Advance(-3600 * kSecondUs);  // a clock that is set back
    auto outcome = Send(Put(Patient("p" + std::to_string(t), "male")));
    ASSERT_TRUE(outcome.commit.ok());
    EXPECT_EQ(outcome.commit->t, t);
    EXPECT_GT(outcome.commit->at_us, last_at_us);
    last_at_us = outcome.commit->at_us;
  }
}

TEST_F(EngineTest, AChangedVersionMakesTheSecondWriterStale) {
  ASSERT_TRUE(Send(Put(Patient("a", "male"))).commit.ok());
  auto first = Put(Patient("a", "female"));
  auto second = Put(Patient("a", "other"));
  EXPECT_TRUE(Send(std::move(first)).commit.ok());
  const Outcome outcome = Send(std::move(second));
  EXPECT_TRUE(outcome.stale);
  EXPECT_FALSE(outcome.commit.ok());
  EXPECT_EQ(gender_->counts, (std::map<std::string, int>{{"female", 1}}));
}

TEST_F(EngineTest, AGuardThatAnEarlierChangeAffectsIsStale) {
  auto guarded = Put(Patient("b", "male"));
  guarded->guards.push_back(
      {0, 0,
       [](const Change& change, const Prepared&) { return change.now != nullptr && change.now->id == "a"; },
       0});
  ASSERT_TRUE(Send(Put(Patient("a", "male"))).commit.ok());
  EXPECT_TRUE(Send(std::move(guarded)).stale);
}

TEST_F(EngineTest, AKeyIsTakenOnce) {
  auto first = Put(Patient("a", "male"));
  auto second = Put(Patient("b", "male"));
  first->key = second->key = engine_->KeyOf("once");
  EXPECT_TRUE(Send(std::move(first)).commit.ok());
  EXPECT_TRUE(Send(std::move(second)).stale);
  EXPECT_EQ(gender_->keys, 1);
  Reopen();
  EXPECT_EQ(gender_->keys, 1);
}

TEST_F(EngineTest, ManyWritersOfOneResourceLoseNothing) {
  ASSERT_TRUE(Send(Put(Patient("a", "male"))).commit.ok());
  constexpr int kThreads = 4, kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> stale{0};
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        while (true) {
          const Outcome outcome = Send(Put(Patient("a", i % 2 == 0 ? "male" : "female")));
          if (!outcome.stale) {
            EXPECT_TRUE(outcome.commit.ok());
            break;
          }
          ++stale;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto versions = engine_->directory().Versions(engine_->IdHash("Patient", "a"), engine_->Head(), 1000);
  ASSERT_EQ(versions.size(), 1u + kThreads * kEach);
  for (size_t i = 0; i < versions.size(); ++i) EXPECT_EQ(versions[i].version, versions.size() - i);
}

// Random histories: the views after a restart (rebuilt or replayed) are what they were.
TEST_F(EngineTest, IncrementalEqualsRebuilt) {
  SeededRandom random(7);
  const char* const genders[] = {"male", "female", "other", "unknown"};
  std::map<std::string, std::string> expected;
  for (int step = 0; step < 400; ++step) {
    const std::string id = "p" + std::to_string(random.Below(40));
    if (random.Below(5) == 0 && expected.contains(id)) {
      auto set = Put(Patient(id, "male"));
      const uint32_t version = set->changes[0].now->version;
      set->changes[0].now = MakeTombstone(engine_->definitions().FindType("Patient"), id, version);
      ASSERT_TRUE(Send(std::move(set)).commit.ok());
      expected.erase(id);
    } else {
      expected[id] = genders[random.Below(4)];
      ASSERT_TRUE(Send(Put(Patient(id, expected[id]))).commit.ok());
    }
    if (step % 133 == 50) {
      ASSERT_TRUE(engine_->SaveViews().ok());
    }
    if (step % 133 == 100) Reopen();
  }
  std::map<std::string, int> counts;
  for (const auto& [id, gender] : expected) ++counts[gender];
  EXPECT_EQ(gender_->counts, counts);
  const fhir::TypeId patient = engine_->definitions().FindType("Patient");
  EXPECT_EQ(engine_->directory().LiveCount(patient), expected.size());
  // From nothing at all.
  engine_.reset();
  std::filesystem::remove_all(folder_ + "/views");
  Open();
  EXPECT_EQ(gender_->counts, counts);
  EXPECT_EQ(engine_->directory().LiveCount(patient), expected.size());
  for (int i = 0; i < 40; ++i) {
    const std::string id = "p" + std::to_string(i);
    const auto current = engine_->directory().Current(engine_->IdHash("Patient", id), engine_->Head());
    EXPECT_EQ(current.ordinal != 0 && !current.deleted, expected.contains(id)) << id;
    if (current.ordinal == 0) continue;
    EXPECT_EQ(engine_->directory().Live(current.ordinal, engine_->Head()), expected.contains(id));
  }
}

TEST_F(EngineTest, ADamagedSavedDirectoryIsRebuilt) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Send(Put(Patient("p" + std::to_string(i), "male"))).commit.ok());
  engine_.reset();
  size_t damaged = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ + "/views")) {
    if (!file.is_regular_file() || file.path().filename() == "manifest") continue;
    auto content = ReadFile(file.path(), size_t{1} << 30);
    ASSERT_TRUE(content.ok());
    (*content)[content->size() / 2] = static_cast<char>((*content)[content->size() / 2] ^ 0x40);
    ASSERT_TRUE(WriteFileDurable(file.path(), *content).ok());
    ++damaged;
  }
  ASSERT_GT(damaged, 0u);
  Open();
  EXPECT_EQ(engine_->directory().LiveCount(engine_->definitions().FindType("Patient")), 50u);
  EXPECT_NE(TextOf("Patient", "p7"), "");
}

TEST_F(EngineTest, ASavedDirectoryOfAnOlderFormatIsRebuilt) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Send(Put(Patient("p" + std::to_string(i), "male"))).commit.ok());
  engine_.reset();
  const std::string folder = folder_ + "/views/directory";
  auto manifest = ReadManifest(folder);
  ASSERT_TRUE(manifest.ok());
  const uint32_t now = manifest->mark.format_version--;
  manifest->files.clear();  // whatever the older program wrote: nothing of it is read
  ASSERT_TRUE(WriteManifest(folder, *manifest).ok());
  Open();
  EXPECT_EQ(engine_->directory().LiveCount(engine_->definitions().FindType("Patient")), 50u);
  EXPECT_NE(TextOf("Patient", "p7"), "");
  engine_.reset();
  EXPECT_EQ(ReadManifest(folder)->mark.format_version, now);
}

TEST_F(EngineTest, FollowersSeeEverythingInOrderFromMemoryAndFromTheLog) {
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(Send(Put(Patient("p" + std::to_string(i % 10), "male"))).commit.ok());
  Reopen();  // nothing is in memory now
  for (int i = 30; i < 40; ++i)
    ASSERT_TRUE(Send(Put(Patient("p" + std::to_string(i % 10), "male"))).commit.ok());
  auto follower = engine_->Follow(1);
  for (uint64_t t = 1; t <= 40; ++t) {
    auto next = follower->Next(1000);
    ASSERT_TRUE(next.ok() && *next != nullptr) << t;
    EXPECT_EQ((*next)->t, t);
    ASSERT_EQ((*next)->changes.size(), 1u);
    EXPECT_EQ((*next)->changes[0].now->id, "p" + std::to_string((t - 1) % 10));
    EXPECT_EQ((*next)->changes[0].before != nullptr, t > 10);
    EXPECT_EQ((*next)->first_ordinal, t);
  }
  auto none = follower->Next(1);
  EXPECT_TRUE(none.ok() && *none == nullptr);
}

TEST_F(EngineTest, ScopeFollowsTheOwnersArea) {
  const std::string in =
      R"(,"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380102003"}]})";
  const std::string out =
      R"(,"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380103001"}]})";
  ASSERT_TRUE(Send(Put(Patient("in", "male", in))).commit.ok());
  ASSERT_TRUE(Send(Put(Patient("out", "male", out))).commit.ok());
  ASSERT_TRUE(Send(Put(Patient("nowhere", "male"))).commit.ok());
  ASSERT_TRUE(
      Send(
          Put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/in"}})"))
          .commit.ok());
  ASSERT_TRUE(Send(Put(R"({"resourceType":"Practitioner","id":"d"})")).commit.ok());
  ASSERT_TRUE(Send(Put(R"({"resourceType":"Organization","id":"h","name":"x"})")).commit.ok());
  const auto range = AreaRange("380102");
  ASSERT_TRUE(range.ok());
  const Scope scope{false, range->first, range->second, 0};
  auto sees = [&](const char* type, const char* id) {
    return engine_->directory().InScope(
        engine_->directory().Current(engine_->IdHash(type, id), engine_->Head()).ordinal, scope);
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(sees("Patient", "in"));
    EXPECT_FALSE(sees("Patient", "out"));
    EXPECT_FALSE(sees("Patient", "nowhere"));
    EXPECT_TRUE(sees("Observation", "o"));
    EXPECT_TRUE(sees("Practitioner", "d"));
    EXPECT_TRUE(sees("Organization", "h"));
    Reopen();
  }
}

std::string AllBytesUnder(const std::string& folder) {
  std::string all;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) all += ReadFile(file.path(), size_t{1} << 30).value();
  }
  return all;
}

TEST_F(EngineTest, ErasureLooksALastTimeWithWritingHeld) {
  const auto bundle = [](std::string_view id, std::string_view one, std::string_view other) {
    return R"({"resourceType":"Bundle","id":")" + std::string(id) +
           R"(","type":"collection","entry":[{"resource":)" + Patient(one, "male") + R"(},{"resource":)" +
           Patient(other, "male") + "}]}";
  };
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Send(Put(Patient(id, "male"))).commit.ok());
  // Prepared before the erasure, handed over within it.
  auto early = Put(bundle("early", "a", "b"));
  ASSERT_TRUE(engine_->Prepare(early.get()).ok());
  const Position before = engine_->Head();
  const auto refused = engine_->Erase("Patient/b", [&](const Position& held) -> Status {
    EXPECT_EQ(held.t, before.t);
    std::promise<Outcome> promise;
    engine_->Submit(std::move(early), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    const Outcome written = promise.get_future().get();
    EXPECT_FALSE(written.commit.ok());
    if (!written.commit.ok()) {
      EXPECT_EQ(written.commit.error().code, ErrorCode::kGone);
    }
    EXPECT_EQ(Send(Put(bundle("late", "b", "c"))).commit.error().code, ErrorCode::kGone);
    EXPECT_TRUE(Send(Put(bundle("others", "a", "c"))).commit.ok());
    return MakeError(ErrorCode::kConflict, "not yet");
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(Send(Put(bundle("both", "a", "b"))).commit.ok()) << "nothing was done, and writing goes on";
  ASSERT_TRUE(engine_->Erase("Patient/b").ok());
  EXPECT_EQ(Send(Put(bundle("more", "a", "b"))).commit.error().code, ErrorCode::kGone);
  Reopen();
  EXPECT_EQ(Send(Put(bundle("more", "a", "b"))).commit.error().code, ErrorCode::kGone);
}

TEST_F(EngineTest, WhatMovedToAnotherPersonDuringAnErasureStays) {
  const auto about = [](int i, std::string_view who) { return About("o" + std::to_string(i), who); };
  for (const char* id : {"p", "q"}) ASSERT_TRUE(Send(Put(Patient(id, "male"))).commit.ok());
  constexpr int kRecords = 1500;
  for (int i = 0; i < kRecords; ++i) ASSERT_TRUE(Send(Put(about(i, "p"))).commit.ok());
  // One after another, the last first, while the eraser goes from the first on.
  std::vector<int> moved;
  std::thread mover([&] {
    for (int i = kRecords - 1; i >= 0; --i) {
      auto set = Put(about(i, "q"));
      if (set->changes[0].before == nullptr || !Send(std::move(set)).commit.ok()) return;
      moved.push_back(i);
    }
  });
  const auto erased = engine_->Erase("Patient/p");
  mover.join();
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  for (const int i : moved) {
    const auto versions = engine_->directory().Versions(
        engine_->IdHash("Observation", "o" + std::to_string(i)), engine_->Head(), 9);
    ASSERT_EQ(versions.size(), 2u) << i;
    EXPECT_FALSE(versions[0].deleted) << i << ": acknowledged as Patient/q's";
  }
}

TEST_F(EngineTest, ABinaryStandsWhereItsContextDoesAfterARestartToo) {
  const auto binary = [](std::string_view id, std::string_view context) {
    return R"({"resourceType":"Binary","id":")" + std::string(id) +
           R"(","contentType":"text/plain","securityContext":{"reference":")" + std::string(context) +
           R"("},"data":"WmhlbiBhIHRleHQ="})";
  };
  const std::string in =
      R"(,"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380102"}]})";
  ASSERT_TRUE(Send(Put(binary("x", "Observation/o"))).commit.ok());
  ASSERT_TRUE(Send(Put(Patient("p", "male", in))).commit.ok());
  ASSERT_TRUE(Send(Put(About("o", "p"))).commit.ok());
  const Directory& directory = engine_->directory();
  const auto owner_of = [&](const char* type, const char* id) {
    return engine_->directory()
        .Get(engine_->directory().Current(engine_->IdHash(type, id), engine_->Head()).ordinal)
        .owner;
  };
  const OwnerNumber person = owner_of("Patient", "p"), own = owner_of("Binary", "x");
  EXPECT_NE(own, person);
  EXPECT_EQ(directory.OwnerNow(own), person);
  for (int round = 0; round < 2; ++round) {
    engine_.reset();
    if (round == 1) std::filesystem::remove_all(folder_ + "/views");
    Open();
    EXPECT_EQ(engine_->directory().OwnerNow(own), person) << round;
    EXPECT_EQ(engine_->directory().AreaOf(own), engine_->directory().AreaOf(person)) << round;
    EXPECT_EQ(engine_->directory().AreaOf(own), 380'102'000'000'000u) << round;
  }
  const auto erased = engine_->Erase("Patient/p");
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  EXPECT_EQ(erased->records, 3u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(engine_->Read(1).ok());
    EXPECT_EQ(Send(Put(binary("x", "Observation/o"))).commit.error().code, ErrorCode::kGone);
    EXPECT_EQ(Send(Put(binary("y", "Observation/o"))).commit.error().code, ErrorCode::kGone);
    Reopen();
  }
}

TEST_F(EngineTest, ABinaryWhoseContextMovesDuringAnErasureGoesWithIt) {
  for (const char* id : {"p", "q"}) ASSERT_TRUE(Send(Put(Patient(id, "male"))).commit.ok());
  constexpr int kRecords = 450;  // more than two pieces
  for (int i = 0; i < kRecords; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(Send(Put(About("o" + n, "p"))).commit.ok());
    ASSERT_TRUE(Send(Put(R"({"resourceType":"Binary","id":"b)" + n +
                         R"(","contentType":"text/plain","securityContext":{"reference":"Observation/o)" + n +
                         R"("}})"))
                    .commit.ok());
  }
  std::vector<bool> moved(kRecords);
  std::thread mover([&] {
    for (int i = kRecords - 1; i >= 0; --i) {
      auto set = Put(About("o" + std::to_string(i), "q"));
      if (set->changes[0].before == nullptr || !Send(std::move(set)).commit.ok()) return;
      moved[static_cast<size_t>(i)] = true;
    }
  });
  const auto erased = engine_->Erase("Patient/p");
  mover.join();
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  for (int i = 0; i < kRecords; ++i) {
    const auto current = [&](const char* type, const char* prefix) {
      return engine_->directory().Current(engine_->IdHash(type, prefix + std::to_string(i)), engine_->Head());
    };
    const bool binary_gone = current("Binary", "b").deleted;
    if (!moved[static_cast<size_t>(i)]) {
      EXPECT_TRUE(binary_gone && current("Observation", "o").deleted) << i;
    } else if (!binary_gone) {  // else it was erased before its context moved
      EXPECT_TRUE(engine_->Read(current("Binary", "b").ordinal).ok()) << i;
    }
  }
}

TEST_F(EngineTest, AnErasureThatFailedHalfwayIsFinishedByTheNext) {
  const std::string name = R"(,"name":[{"family":"Zhuangzhou"}])";
  ASSERT_TRUE(Send(Put(Patient("half", "female", name))).commit.ok());
  const Ordinal first =
      engine_->directory().Current(engine_->IdHash("Patient", "half"), engine_->Head()).ordinal;
  EXPECT_NE(TextOf("Patient", "half").find("Zhuangzhou"), std::string::npos)
      << "and so in the cache of texts";
  gender_->forget_fails = true;
  EXPECT_FALSE(engine_->Erase("Patient/half").ok());
  std::string text;
  EXPECT_FALSE(engine_->ReadText(first, &text).ok()) << "the key has gone, and memory with it";
  EXPECT_FALSE(engine_->SaveViews().ok()) << "or the next start would not know that something is left to do";
  EXPECT_FALSE(engine_->Erase("Patient/half").ok()) << "it is not done";
  gender_->forget_fails = false;
  const int asked = gender_->forgotten;
  ASSERT_TRUE(engine_->Erase("Patient/half").ok());
  EXPECT_GT(gender_->forgotten, asked);
  EXPECT_TRUE(engine_->SaveViews().ok());
  EXPECT_EQ(engine_->Erase("Patient/half")->records, 0u);
}

// What a power cut would leave at each step: the folder as it lies then, opened by another life. That life tells what it finished.
TEST_F(EngineTest, AnErasureThatACrashCutOffIsFinishedByTheNextStart) {
  const std::string name = R"(,"name":[{"family":"Zhuangzhou"}])";
  constexpr int kRecords = 700;  // more than one piece of tombstones
  ASSERT_TRUE(Send(Put(Patient("cut", "female", name))).commit.ok());
  ASSERT_TRUE(Send(Put(Patient("keep", "male"))).commit.ok());
  auto records = std::make_unique<ChangeSet>();
  records->basis = engine_->Head();
  for (int i = 0; i < kRecords; ++i) {
    const std::string id = "o" + std::to_string(i);
    records->changes.push_back(
        {Make(R"({"resourceType":"Observation","id":")" + id +
                  R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/cut"}})",
              1),
         nullptr, 0});
    records->guards.push_back({engine_->IdHash("Observation", id), 0, {}, 0});
  }
  ASSERT_TRUE(Send(std::move(records)).commit.ok());
  const std::string living = folder_;
  std::vector<std::string> cut;
  erase_probe_ = [&](std::string_view step) -> Status {
    if (step == "destroyed") return {};  // nothing but contents and memory is left to do
    cut.push_back(living + "-" + std::to_string(cut.size()) + " " + std::string(step));
    std::filesystem::copy(living, cut.back(), std::filesystem::copy_options::recursive);
    return {};
  };
  Reopen();
  const auto erased = engine_->Erase("Patient/cut");
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  EXPECT_EQ(erased->records, kRecords + 1u);
  ASSERT_EQ(cut.size(), 5u) << "noted, deleted some twice, deleted, told";
  erase_probe_ = {};
  EXPECT_FALSE(engine_->has_resumed_erasures()) << "this one was not cut off";
  const OwnerNumber owner = engine_->keys().Find("Patient/cut").value();
  const std::vector<uint64_t> left = {kRecords + 1, kRecords + 1 - 500, 0, 0, 0};
  for (size_t i = 0; i < cut.size(); ++i) {
    const std::string& each = cut[i];
    SCOPED_TRACE(each);
    engine_.reset();
    folder_ = each;
    Open();
    CheckResumed(owner, left[i]);
    Reopen();
    EXPECT_FALSE(engine_->has_resumed_erasures()) << "told once, not at every start";
    EXPECT_EQ(gender_->counts, (std::map<std::string, int>{{"male", 1}}));
    EXPECT_TRUE(engine_->keys().Erasing().empty());
    for (const auto& [type, id] : {std::pair{"Patient", "cut"}, std::pair{"Observation", "o699"}}) {
      const auto versions = engine_->directory().Versions(engine_->IdHash(type, id), engine_->Head(), 10);
      ASSERT_EQ(versions.size(), 2u);
      EXPECT_TRUE(versions[0].deleted);
      for (const auto& version : versions)
        EXPECT_EQ(engine_->Read(version.ordinal).error().code, ErrorCode::kGone);
    }
    EXPECT_EQ(Send(Put(Patient("cut", "female", name))).commit.error().code, ErrorCode::kGone);
    EXPECT_EQ(engine_->Erase("Patient/cut")->records, 0u);
    engine_.reset();
    EXPECT_EQ(AllBytesUnder(each).find("Zhuangzhou"), std::string::npos);
    std::filesystem::remove_all(each);
  }
  folder_ = living;
}

TEST_F(EngineTest, AnErasureThatFailsBeforeItsFactIsFinishedByTheMaintenance) {
  std::atomic<bool> fails = true;  // the maintenance has a thread of its own
  erase_probe_ = [&](std::string_view step) -> Status {
    if (step == "deleted" && fails) return MakeError(ErrorCode::kUnavailable, "the database is away");
    return {};
  };
  Reopen();
  ASSERT_TRUE(Send(Put(Patient("late", "male"))).commit.ok());
  EXPECT_FALSE(engine_->Erase("Patient/late").ok());
  EXPECT_FALSE(engine_->Maintain().ok());
  EXPECT_EQ(Send(Put(Patient("late", "male"))).commit.error().code, ErrorCode::kGone)
      << "nothing more meanwhile";
  EXPECT_FALSE(engine_->has_resumed_erasures());
  const OwnerNumber owner = engine_->keys().Find("Patient/late").value();
  fails = false;
  EXPECT_TRUE(engine_->Maintain().ok());
  CheckResumed(owner, 0);
  EXPECT_TRUE(engine_->keys().Erasing().empty());
  EXPECT_EQ(engine_->Erase("Patient/late")->records, 0u);
}

TEST_F(EngineTest, AnErasureThatFailsBehindItsKeyIsToldOnceItIsFinished) {
  std::atomic<bool> fails = true;
  erase_probe_ = [&](std::string_view step) -> Status {
    if (step == "destroyed" && fails) return MakeError(ErrorCode::kUnavailable, "the disk is away");
    return {};
  };
  Reopen();
  ASSERT_TRUE(Send(Put(Patient("later", "male"))).commit.ok());
  const OwnerNumber owner = engine_->keys().Find("Patient/later").value();
  EXPECT_FALSE(engine_->Erase("Patient/later").ok());
  EXPECT_TRUE(engine_->keys().IsDestroyed(owner));
  EXPECT_FALSE(engine_->Maintain().ok());
  EXPECT_FALSE(engine_->has_resumed_erasures());
  fails = false;
  EXPECT_TRUE(engine_->Maintain().ok());
  CheckResumed(owner, 0);
}

TEST_F(EngineTest, AttachmentsLieApartAndGoWithTheirPerson) {
  const std::string scan(120'000, 'Q');
  const auto files = [&] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/contents"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  };
  ASSERT_TRUE(Send(Put(Patient("photo", "male", R"(,"photo":[{"data":")" + scan + R"("}])"))).commit.ok());
  EXPECT_EQ(files(), 1u);
  const std::string before = TextOf("Patient", "photo");
  EXPECT_NE(before.find(scan), std::string::npos);
  Reopen();
  EXPECT_EQ(TextOf("Patient", "photo"), before);
  ASSERT_TRUE(engine_->Erase("Patient/photo").ok());
  EXPECT_EQ(files(), 0u);
}

TEST_F(EngineTest, ErasureIsReal) {
  const std::string name = R"(,"name":[{"family":"Zhuangzhou","given":["Mengdie"]}])";
  ASSERT_TRUE(Send(Put(Patient("erase-me", "female", name))).commit.ok());
  ASSERT_TRUE(Send(Put(Patient("keep-me", "male"))).commit.ok());
  ASSERT_TRUE(
      Send(
          Put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"Butterfly"},"subject":{"reference":"Patient/erase-me"}})"))
          .commit.ok());
  auto erased = engine_->Erase("Patient/erase-me");
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  EXPECT_EQ(erased->records, 2u);
  EXPECT_EQ(gender_->counts, (std::map<std::string, int>{{"male", 1}}));
  const auto refused = Send(Put(
      R"({"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/erase-me"}})"));
  ASSERT_FALSE(refused.commit.ok());
  EXPECT_EQ(refused.commit.error().code, ErrorCode::kGone);
  for (int round = 0; round < 2; ++round) {
    for (const auto& [type, id] : {std::pair{"Patient", "erase-me"}, std::pair{"Observation", "o"}}) {
      const auto versions = engine_->directory().Versions(engine_->IdHash(type, id), engine_->Head(), 10);
      ASSERT_EQ(versions.size(), 2u);
      for (const auto& version : versions) {
        auto read = engine_->Read(version.ordinal);
        ASSERT_FALSE(read.ok());
        EXPECT_EQ(read.error().code, ErrorCode::kGone);
      }
    }
    EXPECT_NE(TextOf("Patient", "keep-me"), "");
    const std::vector<Ordinal> several = {1, NewestOf("Patient", "keep-me")};
    const auto read = engine_->ReadMany(several);
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0].error().code, ErrorCode::kGone);
    ASSERT_TRUE(read[1].ok()) << "one who is erased keeps nobody from the others";
    EXPECT_EQ((*read[1])->id, "keep-me");
    engine_.reset();
    const std::string bytes = AllBytesUnder(folder_);
    for (const char* word : {"Zhuangzhou", "Mengdie", "Butterfly", "erase-me", "zhuangzhou"}) {
      EXPECT_EQ(bytes.find(word), std::string::npos) << word;
    }
    if (round == 0) std::filesystem::remove_all(folder_ + "/views");
    Open();
    EXPECT_EQ(gender_->counts, (std::map<std::string, int>{{"male", 1}}));
  }
}

TEST_F(EngineTest, AnIdleOneLearnsByALookThatAnotherReigns) {
  ASSERT_TRUE(engine_->LookAtLog().ok());
  EXPECT_FALSE(engine_->fenced());
  EXPECT_TRUE(engine_->serving());
  SetLogLevel(LogLevel::kOff);
  ASSERT_TRUE(engine_->log().TakeEpoch().ok());  // as another server does
  EXPECT_FALSE(engine_->fenced()) << "nobody has looked";
  EXPECT_TRUE(engine_->LookAtLog().ok()) << "the store is there";
  EXPECT_TRUE(engine_->fenced());
  EXPECT_FALSE(engine_->serving());
  EXPECT_EQ(Send(Put(Patient("1", "male"))).commit.error().code, ErrorCode::kUnavailable);
  SetLogLevel(LogLevel::kInfo);
}

TEST_F(EngineTest, AFullQueueSaysBusyAndAStoppedEngineSaysSo) {
  engine_->Stop();
  const Outcome outcome = Send(Put(Patient("late", "male")));
  ASSERT_FALSE(outcome.commit.ok());
  EXPECT_EQ(outcome.commit.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tk::view
