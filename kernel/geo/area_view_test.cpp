// The view on a real log: random histories, restarts and rebuilds; incremental equals rebuilt.
#include "kernel/geo/area_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "kernel/base/base64.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/geo/area_file.h"
#include "kernel/view/engine.h"

namespace tk::geo {
namespace {

constexpr Instant kAreaNow = 1'795'000'000 * kSecondUs;

class AreaViewTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-areas-" + NewUuid());
    Open();
  }
  void TearDown() override {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  void Open(size_t replay_changes_max = 200'000) {
    view::EngineOptions options;
    options.folder = options.log.folder = folder_;
    options.definitions = definitions_;
    options.clock = &clock_;
    options.replay_changes_max = replay_changes_max;
    auto engine = view::Engine::Create(options, [&](const view::Directory&, const HashKey&) {
      std::vector<std::unique_ptr<view::View>> views;
      auto made = std::make_unique<AreaView>(definitions_);
      view_ = made.get();
      views.push_back(std::move(made));
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void Close() {
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }

  /// "" deletes.
  void Write(std::string_view type, const std::string& id, const std::string& members) {
    const view::Position head = engine_->Head();
    const auto version = engine_->directory().Current(engine_->IdHash(type, id), head);
    const bool exists = version.ordinal != 0 && !version.deleted;
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = head;
    view::Change change;
    if (exists) change.before = engine_->Read(version.ordinal).value();
    if (members.empty()) {
      if (!exists) return;
      change.now = view::MakeTombstone(*change.before);
    } else {
      auto document =
          fhir::Document::Parse(fmt::format(R"({{"resourceType":"{}","id":"{}"{}}})", type, id, members));
      ASSERT_TRUE(document.ok()) << document.error().ToString();
      change.now =
          view::MakeResource(*definitions_, std::move(document).value(), version.version + 1,
                             version.ordinal == 0 ? view::Operation::kCreate : view::Operation::kUpdate)
              .value();
    }
    set->changes.push_back(std::move(change));
    ASSERT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<view::Outcome> done;
    engine_->Submit(std::move(set), [&](view::Outcome outcome) { done.set_value(std::move(outcome)); });
    ASSERT_TRUE(done.get_future().get().commit.ok());
  }
  static std::string AreaMembers(std::string_view code, std::string_view name, std::string_view more = {}) {
    return fmt::format(
        R"(,"identifier":[{{"system":"http://tongkang.dev/fhir/sid/area","value":"{}"}}],"name":"{}"{})",
        code, name, more);
  }

  /// One random write; few ids, so that much is changed, renumbered, deleted and made again.
  void WriteAnything(SeededRandom* random) {
    const std::string code = "38010" + std::to_string(random->Below(3) + 1);
    const std::string below = random->Below(2) == 0 ? code : code + "00" + std::to_string(random->Below(3));
    const std::string name = "n" + std::to_string(random->Below(1000));
    switch (random->Below(6)) {
      case 0:
        return Write("Location", random->Below(3) == 0 ? "other" : "area-" + below, {});
      case 1:
        return Write("Organization", "o" + std::to_string(random->Below(4)),
                     random->Below(4) == 0
                         ? std::string()
                         : fmt::format(R"(,"name":"{}","partOf":{{"reference":"Organization/o{}"}})", name,
                                       random->Below(4)));
      case 2:
        return Write(
            "Location", "site" + std::to_string(random->Below(3)),
            fmt::format(
                R"(,"managingOrganization":{{"reference":"Organization/o{}"}},"partOf":{{"reference":"Location/area-{}"}})",
                random->Below(4), code));
      case 3:
        return Write("Location", "other", AreaMembers(random->Below(5) == 0 ? "bad" : below, name));
      case 4:
        return Write("Patient", "p", fmt::format(R"(,"name":[{{"family":"{}"}}])", name));
      default:
        return Write(
            "Location", "area-" + below,
            AreaMembers(below, name,
                        fmt::format(R"(,"status":"{}","position":{{"longitude":120.{},"latitude":30}})",
                                    random->Below(3) == 0 ? "inactive" : "active", random->Below(9) + 1)));
    }
  }
  /// All that is known, as bytes.
  std::string State() const { return PrintAreaFile({}, view_->Tree()->Everything()); }
  void Reopen(bool keep_saved) {
    Close();
    if (!keep_saved) std::filesystem::remove_all(folder_ / "views/areas");
    Open();
  }

  std::filesystem::path folder_;
  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  FixedClock clock_{kAreaNow};
  AreaView* view_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
};

TEST_F(AreaViewTest, IncrementalEqualsRebuilt) {
  SeededRandom random(20261123);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) {
      WriteAnything(&random);
      if (random.Below(4) == 0) (void)view_->Tree();
      if (random.Below(16) == 0) {
        ASSERT_TRUE(engine_->SaveViews().ok());
      }
    }
    const std::string incremental = State();
    Reopen(true);
    ASSERT_EQ(State(), incremental) << "saved and read again, round " << round;
    Reopen(false);
    ASSERT_EQ(State(), incremental) << "rebuilt, round " << round;
  }
  EXPECT_GT(view_->Tree()->size(), 3u);
}

TEST_F(AreaViewTest, ADamagedFileIsRebuiltBesideWhenTheLogIsLong) {
  SeededRandom random(5);
  for (int i = 0; i < 60; ++i) WriteAnything(&random);
  const std::string incremental = State();
  Close();
  const std::string path = folder_ / "views/areas/areas";
  std::string bytes = ReadFile(path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(WriteFileDurable(path, bytes).ok());
  Open(10);
  for (int i = 0; i < 500 && !engine_->ready(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(engine_->ready());
  EXPECT_EQ(State(), incremental);
  Write("Location", "area-380109", AreaMembers("380109", "新区"));
  EXPECT_NE(view_->Tree()->Find(ParseAreaCode("380109").value()), kNoArea);
}

TEST_F(AreaViewTest, TheSavedTreeIsReadBesideTheServer) {
  EXPECT_EQ(AreaView::LoadSaved(folder_).error().code, ErrorCode::kNotFound);
  Write("Location", "area-3801", AreaMembers("3801", "安和市"));
  ASSERT_TRUE(engine_->SaveViews().ok());
  const auto tree = AreaView::LoadSaved(folder_);
  ASSERT_TRUE(tree.ok()) << tree.error().ToString();
  EXPECT_EQ((*tree)->Path(0), "安和市");
}

TEST_F(AreaViewTest, BoundariesAndExtensionsAreRead) {
  const std::string ring = ToBase64(
      AsBytes(R"({"type":"Polygon","coordinates":[[[120,30],[121,30],[121,31],[120,31],[120,30]]]})"));
  const std::string extensions = fmt::format(
      R"(,"extension":[{{"url":"{}","valueAttachment":{{"contentType":"application/geo+json","data":"{}"}}}},{{"url":"{}","valuePeriod":{{"start":"2019-01-01","end":"2024-06-30"}}}},{{"url":"{}","valueReference":{{"reference":"Location/area-380103"}}}}])",
      kBoundaryExtension, ring, kValidityExtension, kSuccessorExtension);
  Write("Location", "area-380102", AreaMembers("380102", "东城区", extensions));
  Reopen(true);
  const AreaTreePtr tree = view_->Tree();
  ASSERT_EQ(tree->size(), 1u);
  const AreaFact fact = tree->Fact(0);
  EXPECT_EQ(fact.from, 20190101);
  EXPECT_EQ(fact.until, 20240630);
  EXPECT_EQ(CodeOf(fact.successor), "380103");
  EXPECT_EQ(tree->AreaAt({120'500'000, 30'500'000}), 0u);
  EXPECT_EQ(tree->AreaAt({122'500'000, 30'500'000}), kNoArea);
}

}  // namespace
}  // namespace tk::geo
