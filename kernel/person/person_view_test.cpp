// The view by itself: what is saved is loaded, in pieces, wherever a Save was cut; what cannot be used leaves no file; of one who is forgotten nothing
// stays in any; one that was rebuilt beside takes its place.
#include "kernel/person/person_view.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/engine.h"

namespace tk::person {
namespace {

/// Of whom each ordinal is.
class OwnersByOrdinal final : public view::Directory {
 public:
  Version Current(uint64_t, const view::Position&) const override { return {0, 0, false}; }
  std::vector<Version> Versions(uint64_t, const view::Position&, size_t) const override { return {}; }
  Column Get(view::Ordinal ordinal) const override {
    return {fhir::kNoType, view::Operation::kCreate, static_cast<view::OwnerNumber>(ordinal)};
  }
  bool Live(view::Ordinal, const view::Position&) const override { return true; }
  bool InScope(view::Ordinal, const view::Scope&) const override { return true; }
  uint64_t AreaOf(view::OwnerNumber) const override { return 0; }
  uint64_t AreasGeneration() const override { return 0; }
  uint64_t LiveCount(fhir::TypeId) const override { return 0; }
};

class PersonViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-person-view-" + NewUuid());
    std::filesystem::create_directories(folder_);
    view_ = Make();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<PersonView> Make() {
    PersonViewOptions options;
    options.definitions = definitions_;
    options.directory = &directory_;
    options.journal_bytes_min = 0;
    options.save_probe = [this](std::string_view step) -> Status {
      steps_.emplace_back(step);
      if (steps_.size() != cut_at_) return {};
      return MakeError(ErrorCode::kUnavailable, "cut here");
    };
    return std::make_unique<PersonView>(options);
  }
  /// As the ordinal that comes next.
  void Put(const std::string& json) { Put(json, ++ordinal_, view_.get()); }
  void Put(const std::string& json, view::Ordinal ordinal, view::View* view) {
    auto resource =
        view::MakeResource(*definitions_, fhir::Document::Parse(json).value(), 1, view::Operation::kCreate);
    view::Change change;
    change.now = resource.value();
    const auto prepared = view->Prepare(change).value();
    ASSERT_NE(prepared, nullptr);
    view->Apply(change, *prepared, ordinal);
    view->Publish(ordinal, ordinal + 1);
    if (ordinal > log_.size()) log_.push_back(json);
  }
  /// All that the folder's files come to, with the log's tail.
  std::string LoadedAndCaughtUp() {
    auto loaded = Make();
    const auto mark = loaded->Load(folder_, Head());
    if (!mark.ok()) return mark.error().ToString();
    for (view::Ordinal at = mark->end_ordinal; at <= ordinal_; ++at) Put(log_[at - 1], at, loaded.get());
    return Told(*loaded->Read());
  }
  /// "a b, c": live records with ordinals, person by person.
  static std::string Told(const People& people) {
    std::vector<std::string> persons;
    for (Row row = 0; row < people.row_count(); ++row) {
      if (!people.IsLive(row) || people.AnchorOf(people.EntryOf(row)) != row) continue;
      std::string told;
      for (const Row member : people.MembersOf(row)) {
        told += std::to_string(people.HashOf(member) % 10007) + "@" +
                std::to_string(people.OrdinalOf(member)) + "/" + std::to_string(people.FirstOf(member)) +
                "/" + std::to_string(people.ChangedOf(member)) + " ";
      }
      persons.push_back(std::move(told));
    }
    std::sort(persons.begin(), persons.end());
    std::string all;
    for (const std::string& person : persons) all += person + "\n";
    return all;
  }
  size_t FileCount() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }
  uintmax_t FolderBytes() const {
    uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) bytes += file.file_size();
    return bytes;
  }
  static std::string Patient(const std::string& id, const std::string& name) {
    return R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"text":")" + name +
           R"("}],"birthDate":"1980-01-02"})";
  }
  static std::string Link(const std::string& a, const std::string& b) {
    return R"({"resourceType":"Linkage","id":"l","item":[{"type":"source","resource":{"reference":"Patient/)" +
           a + R"("}},{"type":"alternate","resource":{"reference":"Patient/)" + b + R"("}}]})";
  }
  view::Mark Head() const { return {1, ordinal_, ordinal_ + 1, 7, 0}; }
  /// What a Save leaves that ends before its manifest.
  bool AppendToEnd(const std::string& text) const {
    const std::string path = folder_ / "changes-1";
    return WriteFileDurable(path, ReadFile(path).value() + text).ok();
  }
  bool FilesHold(const std::string& text) const {
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      if (ReadFile(file.path()).value().find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::filesystem::path folder_;
  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  OwnersByOrdinal directory_;
  std::unique_ptr<PersonView> view_;
  view::Ordinal ordinal_ = 0;
  std::vector<std::string> log_;    // by ordinal, from 1
  std::vector<std::string> steps_;  // of Saves, as heard
  size_t cut_at_ = 0;               // at which of them a Save ends; 0: at none
};

TEST_F(PersonViewTest, WhatIsSavedInPiecesIsLoadedWhole) {
  Put(Patient("a", "王晓芳"));
  Put(Patient("b", "李建国"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  Put(Link("a", "b"));
  Put(Patient("c", "赵无双"));
  const auto saved = view_->Save(folder_, Head());
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->end_ordinal, 5u);
  Put(Patient("d", "钱多多"));  // not saved
  auto loaded = Make();
  const auto mark = loaded->Load(folder_, Head());
  ASSERT_TRUE(mark.ok()) << mark.error().ToString();
  EXPECT_EQ(mark->end_ordinal, 5u);
  EXPECT_EQ(loaded->Read()->records(), 3u);
  EXPECT_EQ(loaded->Read()->persons(), 2u);
}

TEST_F(PersonViewTest, WhatIsAheadOfTheLogIsNotTakenAndLeavesNoFile) {
  Put(Patient("a", "王晓芳"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  view::Mark behind = Head();
  behind.t = 0;
  behind.end_ordinal = 1;
  auto loaded = Make();
  EXPECT_EQ(loaded->Load(folder_, behind).error().code, ErrorCode::kConflict);
  loaded->Clear();
  EXPECT_FALSE(FilesHold("晓芳"));
  EXPECT_EQ(loaded->Load(folder_, behind).error().code, ErrorCode::kNotFound);
}

TEST_F(PersonViewTest, OfOneWhoIsForgottenNothingStays) {
  Put(Patient("a", "王晓芳"));  // of owner 1
  Put(Patient("b", "李建国"));
  Put(Link("a", "b"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  Put(Patient("c", "赵无双"));  // of owner 4, not saved yet
  ASSERT_TRUE(AppendToEnd("王晓芳"));
  const view::OwnerNumber gone[] = {1, 4};
  ASSERT_TRUE(view_->Forget(gone).ok());
  EXPECT_EQ(view_->Read()->records(), 1u);
  EXPECT_FALSE(FilesHold("晓芳"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  EXPECT_FALSE(FilesHold("无双"));
  EXPECT_TRUE(FilesHold("建国"));
  auto loaded = Make();
  ASSERT_TRUE(loaded->Load(folder_, Head()).ok());
  EXPECT_EQ(loaded->Read()->records(), 1u);
}

TEST_F(PersonViewTest, WhateverChangesItsFilesStayAFewTimesWhatIsLive) {
  for (const char* id : {"a", "b", "c", "d"}) Put(Patient(id, std::string("王晓") + id));
  Put(Link("a", "b"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  const uintmax_t whole = FolderBytes();
  uintmax_t most = 0;
  for (int round = 0; round < 24; ++round) {
    Put(Patient(round % 2 == 0 ? "a" : "c", "李建" + std::to_string(round)));
    ASSERT_TRUE(view_->Save(folder_, Head()).ok());
    most = std::max(most, FolderBytes());
    ASSERT_EQ(FileCount(), 2u);
    ASSERT_EQ(LoadedAndCaughtUp(), Told(*view_->Read()));
  }
  EXPECT_LE(most, 3 * whole);
  EXPECT_FALSE(FilesHold("王晓a"));
}

TEST_F(PersonViewTest, ASaveThatIsCutAnywhereLosesNothing) {
  // Steps of a Save that appends, and of one that writes anew.
  size_t cuts = 0;
  for (size_t cut = 1; cut <= 12; ++cut) {
    TearDown();
    SetUp();
    ordinal_ = 0;
    log_.clear();
    steps_.clear();
    cut_at_ = 0;
    for (const char* id : {"a", "b", "c"}) Put(Patient(id, std::string("王晓") + id));
    Put(Link("a", "b"));
    ASSERT_TRUE(view_->Save(folder_, Head()).ok());
    steps_.clear();
    cut_at_ = cut;
    bool was_cut = false;
    for (int round = 0; round < 20 && !was_cut; ++round) {
      Put(Patient("c", "赵无" + std::to_string(round)));
      was_cut = !view_->Save(folder_, Head()).ok();
    }
    ASSERT_TRUE(was_cut);
    ++cuts;
    Put(Patient("d", "钱多多"));
    EXPECT_EQ(LoadedAndCaughtUp(), Told(*view_->Read())) << "cut at step " << cut << ", " << steps_.back();
    // Had it only failed (a full disk), the next Save is whole again.
    cut_at_ = 0;
    ASSERT_TRUE(view_->Save(folder_, Head()).ok());
    EXPECT_EQ(FileCount(), 2u);
    auto loaded = Make();
    EXPECT_EQ(loaded->Load(folder_, Head())->end_ordinal, ordinal_ + 1);
    EXPECT_EQ(Told(*loaded->Read()), Told(*view_->Read()));
  }
  EXPECT_EQ(cuts, 12u);
  EXPECT_NE(std::find(steps_.begin(), steps_.end(), "written"), steps_.end());
}

TEST_F(PersonViewTest, WhatComesWhileItIsWrittenAnewIsThere) {
  Put(Patient("a", "王晓芳"));
  Put(Patient("b", "李建国"));
  PersonViewOptions options;
  options.definitions = definitions_;
  options.directory = &directory_;
  options.save_probe = [this](std::string_view step) -> Status {
    if (step == "begun") Put(Patient("c", "赵无双"));
    if (step == "written") {
      Put(Patient("a", "王大芳"));
      Put(Link("b", "c"));
    }
    return {};
  };
  view_ = std::make_unique<PersonView>(options);
  for (view::Ordinal at = 1; at <= 2; ++at) Put(log_[at - 1], at, view_.get());
  const auto saved = view_->Save(folder_, {1, 100, 101, 7, 0});
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->end_ordinal, 6u);
  EXPECT_EQ(LoadedAndCaughtUp(), Told(*view_->Read()));
  EXPECT_EQ(view_->Read()->records(), 3u);
}

TEST_F(PersonViewTest, OfOneWhoIsForgottenNothingStaysInWhatACutSaveLeft) {
  Put(Patient("a", "王晓芳"));
  Put(Patient("b", "李建国"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  ASSERT_TRUE(WriteFileDurable(folder_ / "changes-9", "李建国 of another number").ok());
  const view::OwnerNumber gone[] = {2};
  ASSERT_TRUE(view_->Forget(gone).ok());
  EXPECT_FALSE(FilesHold("建国"));
  EXPECT_TRUE(FilesHold("晓芳"));
}

TEST_F(PersonViewTest, OneThatWasRebuiltBesideTakesItsPlaceWhole) {
  for (const char* id : {"a", "b", "c"}) Put(Patient(id, std::string("王晓") + id));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  Put(Link("a", "b"));
  const std::string before = Told(*view_->Read());
  log_.push_back(Patient("e", "孙小梅"));  // that the one that serves never heard of
  view::View* const next = view_->BeginRebuild().value();
  ++ordinal_;
  for (view::Ordinal at = 1; at <= ordinal_; ++at) Put(log_[at - 1], at, next);
  EXPECT_EQ(Told(*view_->Read()), before);  // the old one serves
  view_->SwitchOver();
  EXPECT_EQ(view_->Read()->records(), 4u);
  EXPECT_EQ(LoadedAndCaughtUp(), Told(*view_->Read())) << "not saved yet: the old files and the log's tail";
  Put(Patient("d", "钱多多"));
  const view::OwnerNumber gone[] = {3};
  ASSERT_TRUE(view_->Forget(gone).ok());
  EXPECT_FALSE(FilesHold("王晓c"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  auto loaded = Make();
  ASSERT_TRUE(loaded->Load(folder_, Head()).ok());
  EXPECT_EQ(Told(*loaded->Read()), Told(*view_->Read()));
  EXPECT_EQ(loaded->Read()->records(), 4u);
}

TEST_F(PersonViewTest, WhatWasPackedAheadIsNotPackedAgain) {
  view::Change change;
  change.now = view::MakeResource(*definitions_, fhir::Document::Parse(Patient("a", "王晓芳")).value(), 1,
                                  view::Operation::kCreate)
                   .value();
  const PackedPatientPtr ahead = view_->PackAhead(change);
  EXPECT_EQ(ahead->packed, view_->PackPatient(change.now->document.Root()));
  EXPECT_EQ(ahead->keys, view_->KeysOf(ahead->packed));
  const auto prepared = view_->Prepare(change).value();
  EXPECT_EQ(ahead.use_count(), 2) << "here and in what was prepared, no longer kept";
  (void)view_->PackAhead(change);
  EXPECT_TRUE(view_->Forget({}).ok());
  const PackedPatientPtr again = view_->PackAhead(change);
  EXPECT_EQ(again.use_count(), 2);
  EXPECT_TRUE(view_->Forget({}).ok());
  EXPECT_EQ(again.use_count(), 1) << "what is forgotten is not kept here either";
}

TEST_F(PersonViewTest, OneThatIsBeingBuiltSaysSo) {
  Put(Patient("a", "王晓芳"));
  ASSERT_TRUE(view_->Save(folder_, Head()).ok());
  ASSERT_TRUE(WriteFileDurable(folder_ / "manifest", "nonsense").ok());
  auto loaded = Make();
  EXPECT_FALSE(loaded->Load(folder_, Head()).ok());
  EXPECT_EQ(loaded->standing(), view::Standing::kUnusable);
  EXPECT_EQ(loaded->CheckUsable().error().code, ErrorCode::kUnavailable);
  Put(log_[0], 1, loaded->BeginRebuild().value());
  loaded->SwitchOver();
  EXPECT_TRUE(loaded->CheckUsable().ok());
  EXPECT_EQ(loaded->Read()->records(), 1u);
}

}  // namespace
}  // namespace tk::person
