// A person is erased though entries of the log are damaged: in this life, and by a start that finds the erasure begun. What cannot be finished holds up
// no start.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/engine.h"

namespace tk::view {
namespace {

constexpr const char* kSecret = "Zhuangzhou";

/// Where in a stored row a byte is turned: in what is sealed, or in the header before it (row.h), where the id's hash stands.
enum class Where { kSealed, kIdHash };

/// Holds nothing, and stands where it was saved last: a start reads it the tail behind that.
class KeptView final : public View {
 public:
  explicit KeptView(std::optional<Mark>* kept) : kept_(kept) {}
  std::string_view name() const override { return "kept"; }
  uint32_t format_version() const override { return 1; }
  Result<std::unique_ptr<Prepared>> Prepare(const Change&) const override {
    return std::make_unique<Prepared>();
  }
  void Apply(const Change&, const Prepared&, Ordinal) override {}
  void Publish(uint64_t t, Ordinal end_ordinal) override {
    t_ = t;
    end_ = end_ordinal;
  }
  Result<Mark> Save(const std::string&, const Mark& mark) override {
    *kept_ = Mark{mark.incarnation, t_, end_, mark.definitions_hash, 1};
    return **kept_;
  }
  Result<Mark> Load(const std::string&, const Mark&) override {
    if (*kept_) return **kept_;
    return MakeError(ErrorCode::kNotFound, "nothing was saved");
  }
  void Clear() override {}
  void SetOldestPinned(Ordinal) override {}
  size_t memory_bytes() const override { return 0; }
  size_t disk_bytes() const override { return 0; }

 private:
  std::optional<Mark>* const kept_;
  std::atomic<uint64_t> t_{0};
  std::atomic<Ordinal> end_{1};
};

class EraseDamagedTest : public testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    CaptureDiagnostics(&said_);
    folder_ = std::filesystem::temp_directory_path() / ("tk-erase-damaged-" + NewUuid());
    Open();
  }
  void TearDown() override {
    engine_.reset();
    CaptureDiagnostics(nullptr);
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    EngineOptions options;
    options.folder = folder_;
    options.definitions = fhir::Definitions::R4();
    options.clock = &clock_;
    options.erase_probe = probe_;
    auto engine = Engine::Create(options, [this](const Directory&, const HashKey&) {
      std::vector<std::unique_ptr<View>> views;
      views.push_back(std::make_unique<KeptView>(&kept_));
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void Close() {
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }
  Ordinal Store(const std::string& json) {
    auto set = std::make_unique<ChangeSet>();
    set->basis = engine_->Head();
    set->changes.push_back(
        {MakeResource(engine_->definitions(), fhir::Document::Parse(json).value(), 1, Operation::kCreate)
             .value(),
         nullptr, 0});
    EXPECT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<Outcome> done;
    engine_->Submit(std::move(set), [&](Outcome outcome) { done.set_value(std::move(outcome)); });
    const Outcome outcome = done.get_future().get();
    EXPECT_TRUE(outcome.commit.ok());
    return outcome.commit->first_ordinal;
  }
  Ordinal StorePerson(const std::string& id) {
    return Store(R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":")" + kSecret +
                 R"("}]})");
  }
  Ordinal StoreNote(const std::string& id, const std::string& patient) {
    return Store(R"({"resourceType":"Observation","id":")" + id +
                 R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + patient +
                 R"("}})");
  }
  /// Turns a byte of these rows where they lie; the engine is closed then.
  void CloseAndDamage(std::vector<Ordinal> ordinals) {
    std::vector<std::string> sealed;
    for (const Ordinal each : ordinals) sealed.push_back(engine_->log().Read(each)->sealed);
    Close();
    std::string bytes = ReadFile(folder_ + "/log.db", size_t{1} << 30).value();
    for (const std::string& each : sealed) {
      const size_t at = bytes.find(each);
      ASSERT_NE(at, std::string::npos);
      const size_t turned = GetParam() == Where::kSealed ? at + each.size() / 2 : at - 43 + 20;
      bytes[turned] = static_cast<char>(bytes[turned] ^ 0x10);
    }
    ASSERT_TRUE(WriteFileDurable(folder_ + "/log.db", bytes).ok());
  }
  std::vector<Directory::Version> VersionsOf(std::string_view type, std::string_view id) const {
    return engine_->directory().Versions(engine_->IdHash(type, id), engine_->Head(), 10);
  }
  void CheckGone(std::string_view type, std::string_view id) const {
    SCOPED_TRACE(id);
    const auto versions = VersionsOf(type, id);
    ASSERT_EQ(versions.size(), 2u);
    EXPECT_TRUE(versions[0].deleted);
    for (const auto& version : versions)
      EXPECT_EQ(engine_->Read(version.ordinal).error().code, ErrorCode::kGone);
  }
  void ExpectNoTrace() const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!file.is_regular_file()) continue;
      EXPECT_EQ(ReadFile(file.path(), size_t{1} << 30)->find(kSecret), std::string::npos) << file.path();
    }
  }
  std::vector<Engine::ResumedErasure> Resumed() const {
    std::vector<Engine::ResumedErasure> told;
    EXPECT_TRUE(engine_
                    ->TellResumedErasures([&](const Engine::ResumedErasure& each) -> Status {
                      told.push_back(each);
                      return {};
                    })
                    .ok());
    return told;
  }

  std::string folder_, said_;
  std::optional<Mark> kept_;
  std::function<Status(std::string_view)> probe_;
  FixedClock clock_{Instant{1'795'000'000} * kSecondUs};
  std::unique_ptr<Engine> engine_;
};
INSTANTIATE_TEST_SUITE_P(Where, EraseDamagedTest, testing::Values(Where::kSealed, Where::kIdHash));

TEST_P(EraseDamagedTest, GoesOverWhatIsDamagedOfThePerson) {
  const Ordinal person = StorePerson("a"), note = StoreNote("n1", "a");
  StoreNote("n2", "a");
  const Ordinal keep = StorePerson("keep");
  CloseAndDamage({person, note});
  Open();
  EXPECT_EQ(engine_->Read(note).error().code, ErrorCode::kCorrupt);
  const auto erased = engine_->Erase("Patient/a");
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  EXPECT_EQ(erased->records, 3u);
  EXPECT_EQ(erased->damaged, 2u);
  EXPECT_EQ(engine_->entries_damaged(), 2u);
  EXPECT_EQ(engine_->erasures_failed(), 0u);
  EXPECT_NE(said_.find(R"("event":"entry-damaged","ordinal":1,"type":"Patient")"), std::string::npos)
      << said_;
  for (int life = 0; life < 2; ++life) {
    CheckGone("Patient", "a");
    CheckGone("Observation", "n1");
    CheckGone("Observation", "n2");
    EXPECT_TRUE(engine_->Read(keep).ok());
    EXPECT_EQ(engine_->Erase("Patient/a")->records, 0u);
    Close();
    Open();
  }
}

TEST_P(EraseDamagedTest, GoesOverADamagedRecordThatStandsWhereHisStands) {
  StorePerson("a");
  StoreNote("n", "a");
  const auto binary = [](const std::string& id) {
    return R"({"resourceType":"Binary","id":")" + id +
           R"(","contentType":"text/plain","securityContext":{"reference":"Observation/n"}})";
  };
  const Ordinal first = Store(binary("b1"));
  Store(binary("b2"));
  CloseAndDamage({first});
  Open();
  const auto erased = engine_->Erase("Patient/a");
  ASSERT_TRUE(erased.ok()) << erased.error().ToString();
  EXPECT_EQ(erased->records, 4u);
  EXPECT_EQ(erased->damaged, 1u);
  for (const char* id : {"b1", "b2"}) CheckGone("Binary", id);
}

// The folder as a power cut leaves it at every step, opened by another life.
TEST_P(EraseDamagedTest, IsFinishedByTheStartThatFindsItBegun) {
  const Ordinal person = StorePerson("a"), note = StoreNote("n1", "a");
  StoreNote("n2", "a");
  CloseAndDamage({person, note});
  const std::string living = folder_;
  std::vector<std::string> cut;
  probe_ = [&](std::string_view step) -> Status {
    cut.push_back(living + "-" + std::to_string(cut.size()) + "-" + std::string(step));
    std::filesystem::copy(living, cut.back(), std::filesystem::copy_options::recursive);
    return {};
  };
  Open();
  ASSERT_TRUE(engine_->Erase("Patient/a").ok());
  ASSERT_EQ(cut.size(), 5u) << "noted, deleted some, deleted, told, destroyed";
  probe_ = {};
  const std::optional<Mark> before = kept_;
  for (const std::string& each : cut) {
    SCOPED_TRACE(each);
    Close();
    folder_ = each;
    kept_ = before;
    Open();
    ASSERT_NE(engine_, nullptr);
    const auto resumed = Resumed();
    const bool was_noted = each.ends_with("-noted");
    if (each.ends_with("-destroyed")) {
      EXPECT_TRUE(resumed.empty());
    } else {
      ASSERT_EQ(resumed.size(), 1u);
      EXPECT_EQ(resumed[0].erased.records, was_noted ? 3u : 0u);
      EXPECT_EQ(resumed[0].erased.damaged, was_noted ? 2u : 0u);
    }
    EXPECT_TRUE(engine_->keys().Erasing().empty());
    EXPECT_EQ(engine_->erasures_failed(), 0u);
    CheckGone("Patient", "a");
    CheckGone("Observation", "n1");
    Close();
    ExpectNoTrace();
    std::filesystem::remove_all(each);
  }
  folder_ = living;
}

TEST_P(EraseDamagedTest, WhatCannotBeFinishedIsToldAndHoldsUpNoStart) {
  std::atomic<bool> fails = true;
  probe_ = [&](std::string_view step) -> Status {
    if (step == "deleted" && fails) return MakeError(ErrorCode::kUnavailable, "a page is away");
    return {};
  };
  Close();
  Open();
  StorePerson("a");
  const Ordinal keep = StorePerson("keep");
  EXPECT_FALSE(engine_->Erase("Patient/a").ok());
  EXPECT_EQ(engine_->erasures_failed(), 1u);
  Close();
  Open();
  ASSERT_NE(engine_, nullptr);
  EXPECT_TRUE(engine_->ready());
  EXPECT_TRUE(engine_->Read(keep).ok());
  EXPECT_EQ(engine_->erasures_failed(), 1u);
  EXPECT_EQ(engine_->keys().Erasing().size(), 1u) << "it stays asked for";
  EXPECT_NE(said_.find("erasure-failed"), std::string::npos) << said_;
  for (int round = 0; round < 3; ++round) EXPECT_FALSE(engine_->Maintain().ok());
  EXPECT_TRUE(engine_->SaveViews().ok()) << "the tail does not grow for ever";
  fails = false;
  EXPECT_TRUE(engine_->Maintain().ok());
  EXPECT_EQ(engine_->erasures_failed(), 0u);
  EXPECT_EQ(Resumed().size(), 1u);
  CheckGone("Patient", "a");
}

}  // namespace
}  // namespace tk::view
