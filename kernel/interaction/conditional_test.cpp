// Conditional create, update, patch, delete; many at once.
#include <atomic>
#include <thread>

#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class Conditional : public InteractionTest {
 protected:
  static std::string WithIdentifier(std::string_view value, std::string_view id = {}) {
    std::string json = R"({"resourceType":"Patient",)";
    if (!id.empty()) json += R"("id":")" + std::string(id) + R"(",)";
    return json + R"("identifier":[{"system":"urn:x","value":")" + std::string(value) + R"("}]})";
  }
  Response CreateIfNone(std::string_view value) const {
    Request request = Make(Method::kPost, "Patient", WithIdentifier(value));
    request.if_none_exist = "identifier=urn:x|" + std::string(value);
    return Send(std::move(request));
  }
  std::string Count(std::string_view value) const {
    return At(Parsed(Get("Patient?identifier=urn:x|" + std::string(value) + "&_summary=count")), "total");
  }
};

TEST_F(Conditional, CreateOnceThenTheExisting) {
  const Response first = CreateIfNone("1");
  ASSERT_EQ(first.status, 201) << first.body;
  const Response second = CreateIfNone("1");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.location, first.location);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(Count("1"), "1");
  Post("Patient", WithIdentifier("1"));
  EXPECT_EQ(CreateIfNone("1").status, 412) << "several";
}

TEST_F(Conditional, ConditionsWithoutCriteriaOrWithUnknownOnesAreRefused) {
  for (const char* condition : {"_count=3", "nickname=x", "?"}) {
    Request request = Make(Method::kPost, "Patient", WithIdentifier("1"));
    request.if_none_exist = condition;
    EXPECT_EQ(Send(std::move(request)).status, 400) << condition;
  }
  EXPECT_EQ(Delete("Patient").status, 400);
}

TEST_F(Conditional, UpdateByTheTable) {
  const Response created = Put("Patient?identifier=urn:x|1", WithIdentifier("1"));
  ASSERT_EQ(created.status, 201) << created.body;
  const Response updated = Put("Patient?identifier=urn:x|1", WithIdentifier("1"));
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(IdOf(updated), IdOf(created));
  EXPECT_EQ(updated.etag, "W/\"2\"");
  EXPECT_EQ(Put("Patient?identifier=urn:x|1", WithIdentifier("1", IdOf(created))).status, 200)
      << "its own id";
  EXPECT_EQ(Put("Patient?identifier=urn:x|1", WithIdentifier("1", "other")).status, 400) << "another id";
  const Response with_id = Put("Patient?identifier=urn:x|2", WithIdentifier("2", "mine"));
  EXPECT_EQ(with_id.status, 201);
  EXPECT_EQ(IdOf(with_id), "mine");
  EXPECT_EQ(Put("Patient?identifier=urn:x|3", WithIdentifier("3", "mine")).status, 409)
      << "that id is another's";
  Post("Patient", WithIdentifier("1"));
  EXPECT_EQ(Put("Patient?identifier=urn:x|1", WithIdentifier("1")).status, 412);
}

TEST_F(Conditional, DeleteOneNoneAndSeveral) {
  EXPECT_EQ(Delete("Patient?identifier=urn:x|1").status, 204);
  const Response created = Post("Patient", WithIdentifier("1"));
  EXPECT_EQ(Delete("Patient?identifier=urn:x|1").status, 204);
  EXPECT_EQ(Get("Patient/" + IdOf(created)).status, 410);
  Post("Patient", WithIdentifier("2"));
  Post("Patient", WithIdentifier("2"));
  EXPECT_EQ(Delete("Patient?identifier=urn:x|2").status, 412);
  EXPECT_EQ(Count("2"), "2");
}

TEST_F(Conditional, PatchOneNoneAndSeveral) {
  EXPECT_EQ(Patch("Patient?identifier=urn:x|1", "[]").status, 404);
  Post("Patient", WithIdentifier("1"));
  EXPECT_EQ(Patch("Patient?identifier=urn:x|1", R"([{"op":"add","path":"/active","value":true}])").status,
            200);
  Post("Patient", WithIdentifier("1"));
  EXPECT_EQ(Patch("Patient?identifier=urn:x|1", "[]").status, 412);
}

TEST_F(Conditional, ManyAtOnceMakeExactlyOne) {
  constexpr int kThreads = 8, kRounds = 12;
  std::atomic<int> created{0}, found{0}, other{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const int status = CreateIfNone("r" + std::to_string(round)).status;
        (status == 201 ? created : status == 200 ? found : other)++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, kRounds);
  EXPECT_EQ(found, kRounds * (kThreads - 1));
  EXPECT_EQ(other, 0);
  for (int round = 0; round < kRounds; ++round) EXPECT_EQ(Count("r" + std::to_string(round)), "1");
}

TEST_F(Conditional, UpdatesOfOneResourceAtOnceAllCount) {
  constexpr int kThreads = 8, kRounds = 10;
  Put("Patient/a", PatientJson("a"));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round)
        good += Put("Patient/a", PatientJson("a")).status == 200 ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kRounds);
  EXPECT_EQ(Get("Patient/a").etag, "W/\"" + std::to_string(kThreads * kRounds + 1) + "\"");
}

}  // namespace
}  // namespace tk::interaction
