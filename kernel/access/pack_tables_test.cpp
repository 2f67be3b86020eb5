// Who is named nowhere is bound; a pack says of its own posts how far, and the city has the last word.
#include "kernel/access/pack_tables.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "kernel/access/decision.h"
#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

constexpr view::OwnerNumber kOwner = 7;
constexpr uint64_t kArea = 380102000000000;

PackPost OfFile(const std::string& app, std::string_view more) {
  const auto document =
      fhir::Document::Parse(R"({"id":"driver","source":{"edition":"1","date":"2026-11-23","text":")" + app +
                            "\"}" + std::string(more.empty() ? "" : ",") + std::string(more) + "}");
  PackPost brought;
  brought.app = app;
  brought.post.name = "driver";
  brought.post.title_zh = "驾驶员";
  brought.post.title_en = "Driver";
  brought.post.reads = {"Observation", "Patient"};
  brought.post.source = SourceIn(document->Root()["source"]);
  auto tables = TablesIn(document->Root());
  EXPECT_TRUE(tables.ok()) << tables.error().external;
  if (tables.ok()) brought.tables = std::move(tables).value();
  return brought;
}

struct World {
  Posts posts = Posts::BuiltIn().value();
  Policies policies = *Policies::BuiltIn();

  Status Bring(const PackPost& brought) {
    TRY(posts.Add(brought));
    return policies.Add(brought);
  }
  Viewer ViewerOf(const std::string& post) const {
    Viewer viewer;
    viewer.account = "wang";
    viewer.organization = "Organization/h1";
    viewer.post = posts.Find(post);
    viewer.policies = std::make_shared<const Policies>(policies);
    viewer.masks = viewer.policies->MasksOf(post);
    viewer.scope.everything = false;
    viewer.scope.area_low = kArea;
    viewer.scope.area_high = kArea + 1;
    return viewer;
  }
};

Fact Denied() {
  Fact fact;
  fact.kind = Fact::Kind::kConsent;
  fact.owner = kOwner;
  fact.source = "Consent/1";
  fact.permits = false;
  fact.actors = {std::string(kAnybody)};
  return fact;
}

Decision Ask(const Viewer& viewer, const std::vector<Fact>& facts) {
  AccessQuestion question;
  question.deed = Deed::kRead;
  question.type = "Patient";
  question.owner = kOwner;
  question.area = kArea;
  return Decide(viewer, question, facts, 1'780'000'000 * kSecondUs);
}

const Step* Find(const Decision& decision, std::string_view name) {
  const auto at = std::find_if(decision.steps.begin(), decision.steps.end(),
                               [&](const Step& step) { return step.name == name; });
  return at == decision.steps.end() ? nullptr : &*at;
}

TEST(PackTables, WhoIsNamedNowhereIsBound) {
  World world;
  ASSERT_TRUE(world.Bring(OfFile("fetch", "")).ok());
  ASSERT_TRUE(world.posts.Read("[mine]\nreads = [\"Patient\"]\nsource = \"the city\"\n", "posts.toml").ok());
  for (const char* post : {"driver", "mine"}) {
    const Viewer viewer = world.ViewerOf(post);
    EXPECT_FALSE(world.policies.IsNamed(post));
    EXPECT_TRUE(IsBoundBySpecial(viewer)) << post;
    EXPECT_TRUE(Ask(viewer, {}).permits) << post;
    const Decision denied = Ask(viewer, {Denied()});
    EXPECT_FALSE(denied.permits) << post;
    ASSERT_NE(Find(denied, "consent"), nullptr) << post;
    EXPECT_EQ(Find(denied, "consent")->rule, "policies.toml [unnamed]");
    EXPECT_FALSE(Find(denied, "consent")->source.empty());
    Fact treats;
    treats.owner = kOwner;
    treats.actors = {"Organization/h1"};
    EXPECT_EQ(Find(Ask(viewer, {treats}), "relation"), nullptr) << "no relation opens to it";
  }
}

// Whoever acts by law stands here, by hand: who makes a post of the platform free of Consents must change this too.
TEST(PackTables, EveryPostOfThePlatformIsNamed) {
  const World world;
  std::vector<std::string> by_law;
  for (const std::string& post : world.posts.Names()) {
    EXPECT_TRUE(world.policies.IsNamed(post)) << post;
    if (world.policies.LawOf(post) == nullptr) continue;
    by_law.push_back(post);
    EXPECT_FALSE(world.policies.LawOf(post)->source.empty()) << post;
    EXPECT_FALSE(IsBoundBySpecial(world.ViewerOf(post))) << post;
    EXPECT_EQ(world.policies.OpenOf(post), nullptr) << post;
  }
  EXPECT_EQ(by_law, (std::vector<std::string>{"admin", "auditor", "card-desk", "index-clerk", "operator",
                                              "security-officer"}));
}

TEST(PackTables, APackSaysHowItsPostIsBound) {
  World like;
  ASSERT_TRUE(like.Bring(OfFile("fetch", R"("like":"screener")")).ok());
  EXPECT_EQ(like.policies.OpenOf("driver"), like.policies.OpenOf("screener"));
  EXPECT_EQ(like.policies.MasksOf("driver"), like.policies.MasksOf("screener"));
  ASSERT_TRUE(
      like.policies.Read("[masks.screener]\npurpose=\"operations\"\nsource=\"the city\"", "policies.toml")
          .ok());
  EXPECT_EQ(like.policies.MasksOf("driver"), nullptr) << "as the city has it";

  World own;
  const Status brought = own.Bring(OfFile(
      "fetch",
      R"("open":{"purpose":"treatment","relation":true,"source":{"text":"s\"1","edition":"2","date":"2026"}},
"masks":{"purpose":"operations","identifier":"3+0","birthDate":"year","exact":["identifier"],"exact_per_hour":7,"without":["Observation.note"],"source":"s"})"));
  ASSERT_TRUE(brought.ok()) << brought.error().external;
  const OpenPolicy* const open = own.policies.OpenOf("driver");
  EXPECT_TRUE(open->relation && open->consent && !open->special) << "consent binds where it is not said";
  EXPECT_EQ(open->source, "s\"1 (2, 2026)");
  const auto masks = own.policies.MasksOf("driver");
  ASSERT_NE(masks, nullptr);
  EXPECT_TRUE(masks->identifier && masks->birth_date && masks->exact_identifier && !masks->phone);
  EXPECT_EQ(masks->exact_per_hour, 7);
  EXPECT_TRUE(masks->without.contains("Observation"));
  const Decision denied = Ask(own.ViewerOf("driver"), {Denied()});
  EXPECT_FALSE(denied.permits);
  EXPECT_EQ(Find(denied, "consent")->rule, "pack fetch, post driver: open");
  EXPECT_EQ(Find(Ask(own.ViewerOf("driver"), {}), "mask")->rule, "pack fetch, post driver: masks");

  World law;
  ASSERT_TRUE(law.Bring(OfFile("fetch", R"("by_law":{"source":"an order"})")).ok());
  const Decision free = Ask(law.ViewerOf("driver"), {Denied()});
  EXPECT_TRUE(free.permits);
  ASSERT_NE(Find(free, "law"), nullptr);
  EXPECT_EQ(Find(free, "law")->source, "an order");
  EXPECT_FALSE(IsBoundBySpecial(law.ViewerOf("driver")));
  // The city's word stands above the pack's.
  ASSERT_TRUE(
      law.policies.Read("[open.driver]\npurpose=\"operations\"\nsource=\"the city\"", "policies.toml").ok());
  EXPECT_FALSE(Ask(law.ViewerOf("driver"), {Denied()}).permits);
  EXPECT_TRUE(IsBoundBySpecial(law.ViewerOf("driver")));
}

TEST(PackTables, AreRefusedWithWhatIsAllowed) {
  const auto refused = [](std::string_view more, std::string_view says) {
    World world;
    const Status brought = world.Bring(OfFile("fetch", more));
    EXPECT_FALSE(brought.ok()) << more;
    if (!brought.ok()) {
      EXPECT_NE(brought.error().external.find(says), std::string::npos) << brought.error().external;
    }
  };
  refused(R"("like":"admin")", "names no other post");
  refused(R"("like":"nobody")", "names no other post");
  refused(R"("like":"cdc-officer")", "names cdc-officer, which sees level 5");
  refused(R"("like":"cdc-officer")", "says \"by_law\" with its source");
  refused(R"("like":"resident")", "(family)");
  refused(R"("open":{"purpose":"fun","source":"s"})", "'purpose'");
  refused(R"("open":{"purpose":"operations"})", "'source' is missing");
  refused(R"("open":{"purpose":"operations","special":true,"source":"s"})", "by_law");
  refused(R"("open":{"purpose":"operations","family":true,"source":"s"})", "no pack's to give");
  refused(R"("open":{"purpose":"operations","consents":true,"source":"s"})", "unknown key 'consents'");
  refused(R"("masks":{"purpose":"operations","identifier":"3+4","source":"s"})", "birth date");
  refused(R"("by_law":{})", "'source' is missing");
  const auto unread = [](std::string_view post) {
    const auto document = fhir::Document::Parse(post);
    return TablesIn(document->Root()).ok() ? std::string() : TablesIn(document->Root()).error().external;
  };
  EXPECT_NE(unread(R"({"id":"a","like":1})").find("is the name of a post"), std::string::npos);
  EXPECT_NE(unread(R"({"id":"a","open":[]})").find("is an object"), std::string::npos);
  EXPECT_NE(unread(R"({"id":"a","masks":{"exact":[1]}})").find("a list of texts"), std::string::npos);
  EXPECT_NE(unread(R"({"id":"a","by_law":{"source":"s"},"like":"doctor"})").find("goes not together"),
            std::string::npos);
  PackPost doctor = OfFile("fetch", "");
  doctor.post.name = "doctor";
  doctor.tables = {{"by_law", "[by_law.doctor]\nsource = \"s\"\n"}};
  World world;
  const Status platform = world.Bring(doctor);
  ASSERT_FALSE(platform.ok());
  EXPECT_NE(platform.error().external.find("is the platform's"), std::string::npos);
}

// What a pack cannot give its post it does not get by being like another one, whatever a city makes of that one later.
TEST(PackTables, LikeAnotherIsNoMoreThanAPackMayGive) {
  World world;
  ASSERT_TRUE(world.Bring(OfFile("fetch", R"("like":"screener")")).ok());
  const auto refused = [&](std::string_view file, std::string_view says) {
    Policies city = world.policies;
    const Status read = city.Read(file, "policies.toml");
    ASSERT_FALSE(read.ok()) << file;
    EXPECT_NE(read.error().external.find(says), std::string::npos) << read.error().external;
    EXPECT_NE(read.error().external.find("[by_law.driver] with the source"), std::string::npos);
  };
  const std::string special =
      "# ours\n[open.screener]\npurpose=\"operations\"\nspecial=true\nsource=\"the city\"\n";
  refused(special, "policies.toml:2: the post driver of the pack fetch");
  refused("[open.screener]\npurpose=\"operations\"\nconsent=false\nsource=\"s\"", "(consent = false)");
  refused("[open.screener]\npurpose=\"self\"\nfamily=true\nsource=\"s\"", "(family)");
  refused("[by_law.screener]\nsource=\"s\"", "policies.toml:1: the post driver");
  refused("\n[like.screener]\npost=\"cdc-officer\"\nsource=\"s\"", "policies.toml:2: the post driver");
  // With the city's own word for it, either goes; and the screener like another one takes the driver along, masks and all.
  for (const char* own :
       {"[by_law.driver]\nsource=\"s\"", "[like.driver]\npost=\"cdc-officer\"\nsource=\"s\"",
        "[open.driver]\npurpose=\"operations\"\nspecial=true\nsource=\"s\""}) {
    Policies city = world.policies;
    const Status read = city.Read(special + own, "policies.toml");
    EXPECT_TRUE(read.ok()) << own << read.error().external;
  }
  Policies city = world.policies;
  ASSERT_TRUE(
      city.Read("[like.screener]\npost=\"doctor\"\nsource=\"s\"\n[masks.doctor]\npurpose=\"treatment\"\n"
                "phone=\"3+4\"\nsource=\"s\"",
                "policies.toml")
          .ok());
  EXPECT_EQ(city.OpenOf("driver"), city.OpenOf("doctor"));
  ASSERT_NE(city.MasksOf("doctor"), nullptr);
  EXPECT_EQ(city.MasksOf("driver"), city.MasksOf("doctor"));
}

TEST(PackTables, TwoPacksOfOnePostSayTheSameOrOneIsSilent) {
  World world;
  ASSERT_TRUE(world.Bring(OfFile("fetch", R"("like":"screener")")).ok());
  ASSERT_TRUE(world.Bring(OfFile("carry", R"("like":"screener")")).ok());
  ASSERT_TRUE(world.Bring(OfFile("drive", "")).ok());
  const Status other = world.Bring(OfFile("free", R"("by_law":{"source":"an order"})"));
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().external.find("the pack fetch says of the post driver something else"),
            std::string::npos);
}

TEST(PackTables, AreReadBackBelowTheCitysOwn) {
  const std::string folder = ::testing::TempDir() + "tk_pack_tables_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  const std::vector<PackPost> brought = {OfFile("fetch", R"("by_law":{"source":"an order"})")};
  ASSERT_TRUE(WritePackPosts(folder, brought).ok());
  auto policies = Policies::Load(folder);
  ASSERT_TRUE(policies.ok()) << policies.error().external;
  EXPECT_NE((*policies)->LawOf("driver"), nullptr);
  ASSERT_TRUE(
      WriteFileDurable(folder + "/policies.toml", "[like.driver]\npost=\"doctor\"\nsource=\"the city\"")
          .ok());
  policies = Policies::Load(folder);
  ASSERT_TRUE(policies.ok()) << policies.error().external;
  EXPECT_EQ((*policies)->LawOf("driver"), nullptr);
  EXPECT_EQ((*policies)->OpenOf("driver"), (*policies)->OpenOf("doctor"));
  // A pack of before, which says what none may say now.
  ASSERT_TRUE(WriteFileDurable(folder + "/policies.toml", "").ok());
  const std::vector<PackPost> before = {OfFile("fetch", R"("like":"cdc-officer")")};
  ASSERT_TRUE(WritePackPosts(folder, before).ok());
  policies = Policies::Load(folder);
  ASSERT_FALSE(policies.ok());
  EXPECT_NE(policies.error().external.find("pack_posts.json: post driver: "), std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tk::access
