// Rights that packs bring: added to what is there, never a duty over the platform, and the city's own file has the last word.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

PackPost Brought(std::string app, std::string name, std::vector<std::string> reads,
                 std::vector<std::string> writes, std::vector<std::string> operations = {}) {
  PackPost brought;
  brought.app = std::move(app);
  brought.post.name = std::move(name);
  brought.post.title_zh = "保管";
  brought.post.title_en = "Keeper";
  brought.post.reads = std::move(reads);
  brought.post.writes = std::move(writes);
  brought.post.operations = std::move(operations);
  brought.post.source = "a test";
  return brought;
}

Viewer Of(const Posts& posts, const char* name) {
  Viewer viewer;
  viewer.post = posts.Find(name);
  return viewer;
}

TEST(PackPosts, AreReadBackAndTheCityHasTheLastWord) {
  const std::string folder = ::testing::TempDir() + "tk_pack_posts_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  std::vector<PackPost> brought = {Brought("stock", "keeper", {"Task"}, {"Shelf"}, {"stock-count"}),
                                   Brought("stock", "doctor", {"Shelf"}, {})};
  brought[0].post.tasks = {"http://stock"};
  ASSERT_TRUE(WritePackPosts(folder, brought).ok());
  auto posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok()) << posts.error().external;
  const Viewer keeper = Of(*posts, "keeper"), doctor = Of(*posts, "doctor");
  EXPECT_TRUE(keeper.MayRead("Task") && keeper.MayWrite("Shelf") && keeper.MayCall("stock-count"));
  EXPECT_TRUE(keeper.MayRead("Shelf"));  // who writes it sees it
  EXPECT_FALSE(keeper.MayWrite("Task") || keeper.MayRead("Patient"));
  EXPECT_TRUE(doctor.MayRead("Shelf") && doctor.MayRead("Patient") && doctor.MayWrite("Condition"));
  EXPECT_FALSE(doctor.MayWrite("Shelf"));
  ASSERT_TRUE(WriteFileDurable(folder + "/posts.toml",
                               "[keeper]\ntitle_zh = \"保\"\ntitle_en = \"K\"\nreads = [\"Shelf\"]\nwrites = "
                               "[]\noperations = []\nsource = \"the city\"\n")
                  .ok());
  posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok());
  EXPECT_FALSE(Of(*posts, "keeper").MayWrite("Shelf"));
  ASSERT_TRUE(WritePackPosts(folder, {}).ok());  // the pack is taken out
  posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok());
  EXPECT_FALSE(Of(*posts, "doctor").MayRead("Shelf"));
  std::filesystem::remove_all(folder);
}

std::vector<std::string> KindsOf(const Posts& posts, const char* name) {
  const auto kinds = Policies::BuiltIn()->TasksOf(*posts.Find(name));
  return kinds ? kinds->systems : std::vector<std::string>{"all"};
}

TEST(PackPosts, SeeOfTasksTheKindsTheyName) {
  Posts posts = Posts::BuiltIn().value();
  const auto bring = [&](std::string app, std::string name, std::vector<std::string> reads,
                         std::vector<std::string> writes, std::vector<std::string> tasks) {
    PackPost brought = Brought(std::move(app), std::move(name), std::move(reads), std::move(writes));
    brought.post.tasks = std::move(tasks);
    return posts.Add(brought);
  };
  const Status unnamed = bring("stock", "keeper", {}, {"Task"}, {});
  ASSERT_FALSE(unnamed.ok());
  EXPECT_NE(unnamed.error().external.find("Name the systems"), std::string::npos);
  EXPECT_FALSE(bring("stock", "keeper", {"Task"}, {}, {""}).ok());
  ASSERT_TRUE(bring("stock", "keeper", {"Task"}, {}, {"http://stock"}).ok());
  EXPECT_EQ(KindsOf(posts, "keeper"), std::vector<std::string>{"http://stock"});
  ASSERT_TRUE(bring("cold-chain", "keeper", {}, {}, {"http://cold"}).ok());
  EXPECT_EQ(KindsOf(posts, "keeper"), (std::vector<std::string>{"http://cold", "http://stock"}));
  // Of the platform's posts those that see kinds see one more, and who sees all sees all.
  ASSERT_TRUE(bring("stock", "screener", {"Task"}, {}, {"http://stock"}).ok());
  EXPECT_EQ(KindsOf(posts, "screener").back(), "http://stock");
  EXPECT_EQ(KindsOf(posts, "screener").size(), 2u);
  ASSERT_TRUE(bring("stock", "doctor", {"Task"}, {}, {}).ok());
  EXPECT_EQ(KindsOf(posts, "doctor"), std::vector<std::string>{"all"});
  // A city that words the post anew does not open the other kinds by it.
  ASSERT_TRUE(posts
                  .Read("[keeper]\ntitle_zh = \"保\"\ntitle_en = \"K\"\nreads = [\"Task\"]\nwrites = "
                        "[]\noperations = []\nsource = \"the city\"\n",
                        "posts.toml")
                  .ok());
  EXPECT_EQ(KindsOf(posts, "keeper"), (std::vector<std::string>{"http://cold", "http://stock"}));
}

TEST(PackPosts, AnswerTheFormsThatNameThem) {
  const std::string folder = ::testing::TempDir() + "tk_pack_forms_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  std::vector<PackPost> brought = {Brought("stock", "keeper", {}, {"Shelf"}),
                                   Brought("stock", "doctor", {}, {}), Brought("stock", "resident", {}, {}),
                                   Brought("stock", "card-desk", {}, {})};
  for (PackPost& each : brought) each.post.forms = {"http://form"};
  brought[0].post.organization = {{"Shelf", "store"}};
  ASSERT_TRUE(WritePackPosts(folder, brought).ok());
  auto posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok()) << posts.error().external;
  const auto bound = [&](const char* name) {
    const auto post = posts->Find(name);
    EXPECT_TRUE(Of(*posts, name).MayWrite("QuestionnaireResponse")) << name;
    return std::string(post->reads_by_form ? "r" : "") + (post->writes_by_form ? "w" : "");
  };
  EXPECT_EQ(bound("keeper"), "rw");
  EXPECT_EQ(bound("doctor"), "") << "what is his stays his";
  EXPECT_EQ(bound("resident"), "w");
  EXPECT_EQ(bound("card-desk"), "rw");
  EXPECT_EQ(posts->Find("keeper")->forms, std::vector<std::string>{"http://form"});
  EXPECT_EQ(posts->Find("keeper")->organization.at("Shelf"), "store");
  // A city that words the post anew does not open other forms and organizations by it.
  ASSERT_TRUE(WriteFileDurable(folder + "/posts.toml",
                               "[keeper]\ntitle_zh = \"保\"\ntitle_en = \"K\"\nreads = [\"Shelf\", "
                               "\"QuestionnaireResponse\"]\nwrites = [\"QuestionnaireResponse\"]\n"
                               "operations = []\nsource = \"the city\"\n")
                  .ok());
  posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok());
  EXPECT_EQ(bound("keeper"), "rw");
  EXPECT_EQ(posts->Find("keeper")->organization.size(), 1u);
  EXPECT_EQ(posts->Find("keeper")->forms, std::vector<std::string>{"http://form"});
  // What it says of forms itself stands in place of theirs.
  ASSERT_TRUE(WriteFileDurable(folder + "/posts.toml",
                               "[night-desk]\ntitle_zh = \"夜\"\ntitle_en = \"N\"\nreads = []\nwrites = "
                               "[]\noperations = []\nforms_seen = [\"http://form\"]\nsource = \"the city\"\n")
                  .ok());
  posts = Posts::Load(folder);
  ASSERT_TRUE(posts.ok());
  EXPECT_EQ(posts->Find("night-desk")->forms_seen, std::vector<std::string>{"http://form"});
  EXPECT_TRUE(Of(*posts, "night-desk").MayRead("QuestionnaireResponse"));
  EXPECT_FALSE(Of(*posts, "night-desk").MayWrite("QuestionnaireResponse"));
  EXPECT_TRUE(posts->Find("night-desk")->reads_by_form);
  std::filesystem::remove_all(folder);
}

TEST(PackPosts, WhoeverWritesAnswersMayAnswerAFormThatNamesNobody) {
  Posts posts = Posts::BuiltIn().value();
  PackPost open;
  open.app = "stock";
  open.post.forms = {"http://form"};
  ASSERT_TRUE(posts.Add(open).ok());
  for (const char* name : {"doctor", "screener", "cdc-officer"})
    EXPECT_EQ(posts.Find(name)->forms, std::vector<std::string>{"http://form"}) << name;
  for (const char* name : {"card-desk", "resident", "auditor"})
    EXPECT_TRUE(posts.Find(name)->forms.empty()) << name;
}

TEST(PackPosts, AnOrganizationsPartIsNeitherOpenedNorTakenFromOthers) {
  Posts posts = Posts::BuiltIn().value();
  const auto bring = [&](std::string name, std::vector<std::string> reads, std::string type) {
    PackPost brought = Brought("stock", std::move(name), std::move(reads), {});
    if (!type.empty()) brought.post.organization = {{type, "store"}};
    return posts.Add(brought);
  };
  EXPECT_FALSE(bring("keeper", {"Shelf"}, "Drawer").ok()) << "a type that it does not read";
  EXPECT_FALSE(bring("doctor", {"Encounter"}, "Encounter").ok()) << "would take from the doctor";
  ASSERT_TRUE(bring("keeper", {"Shelf"}, "Shelf").ok());
  ASSERT_TRUE(bring("keeper", {"Shelf"}, "").ok());
  EXPECT_EQ(posts.Find("keeper")->organization.size(), 1u);
}

TEST(PackPosts, GiveNoDutyAndNothingOfOthers) {
  Posts posts = Posts::BuiltIn().value();
  EXPECT_FALSE(posts.Add(Brought("stock", "keeper", {}, {}, {"accounts"})).ok());
  EXPECT_FALSE(posts.Add(Brought("stock", "keeper", {}, {}, {"*"})).ok());
  EXPECT_FALSE(posts.Add(Brought("stock", "keeper", {"*"}, {})).ok());
  for (const char* duty : {"admin", "security-officer", "auditor", "operator"})
    EXPECT_FALSE(posts.Add(Brought("stock", duty, {"Shelf"}, {})).ok()) << duty;
  PackPost nameless = Brought("stock", "keeper", {"Shelf"}, {});
  nameless.post.title_en.clear();
  EXPECT_FALSE(posts.Add(nameless).ok());
  EXPECT_EQ(posts.Find("keeper"), nullptr);
  PackPost unsourced = Brought("stock", "doctor", {"Shelf"}, {});
  unsourced.post.source.clear();
  EXPECT_FALSE(posts.Add(unsourced).ok());
}

}  // namespace
}  // namespace tk::access
