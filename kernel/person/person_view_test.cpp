// The view by itself: what is saved is loaded, in pieces; what cannot be used leaves no file; of one who is forgotten nothing stays in any.
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

  std::unique_ptr<PersonView> Make() const {
    PersonViewOptions options;
    options.definitions = definitions_;
    options.directory = &directory_;
    return std::make_unique<PersonView>(options);
  }
  /// As the ordinal that comes next.
  void Put(const std::string& json) {
    auto resource =
        view::MakeResource(*definitions_, fhir::Document::Parse(json).value(), 1, view::Operation::kCreate);
    view::Change change;
    change.now = resource.value();
    const auto prepared = view_->Prepare(change).value();
    ASSERT_NE(prepared, nullptr);
    ++ordinal_;
    view_->Apply(change, *prepared, ordinal_);
    view_->Publish(ordinal_, ordinal_ + 1);
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

}  // namespace
}  // namespace tk::person
