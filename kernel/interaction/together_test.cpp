// Writes that came at the same time: each is answered as if it had come alone.
#include <atomic>
#include <mutex>
#include <thread>

#include "kernel/base/random.h"
#include "kernel/base/short_work.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class Together : public InteractionTest {
 protected:
  /// The answers in the order of the requests; every one has been answered exactly once.
  std::vector<Response> SendAll(std::vector<Request> requests, PutOff put_off = {}) const {
    struct Answers {
      std::mutex mutex;
      std::condition_variable changed;
      std::vector<std::vector<Response>> of;
      size_t count = 0;
    };
    auto answers = std::make_shared<Answers>();
    const size_t wanted = requests.size();
    answers->of.resize(wanted);
    std::vector<Asked> asked;
    for (size_t i = 0; i < wanted; ++i) {
      asked.push_back({std::move(requests[i]),
                       [answers, i](Response response) {
                         const std::lock_guard lock(answers->mutex);
                         answers->of[i].push_back(std::move(response));
                         ++answers->count;
                         answers->changed.notify_all();
                       },
                       put_off});
    }
    interactions_->HandleAll(std::move(asked));
    std::unique_lock lock(answers->mutex);
    EXPECT_TRUE(
        answers->changed.wait_for(lock, std::chrono::seconds(60), [&] { return answers->count >= wanted; }));
    std::vector<Response> all;
    for (auto& some : answers->of) {
      EXPECT_EQ(some.size(), 1u);
      all.push_back(some.empty() ? Response() : std::move(some.front()));
    }
    return all;
  }
};

TEST_F(Together, EachHasItsOwnAnswer) {
  const Response before = Put("Patient/old", PatientJson("old"));
  ASSERT_EQ(before.status, 201) << before.body;
  std::vector<Request> requests;
  for (int i = 0; i < 40; ++i) {  // more than one piece
    requests.push_back(Make(Method::kPost, "Patient", PatientJson("", "Family" + std::to_string(i))));
    requests.push_back(Make(Method::kPost, "Patient", R"({"resourceType":"Patient","gender":7})"));
    requests.push_back(Make(Method::kPost, "Patient", "{"));
    requests.push_back(Make(Method::kGet, "Patient/old"));
    requests.push_back(Make(Method::kPost, "Nothing", "{}"));
  }
  requests.push_back(Make(Method::kDelete, "Patient/old"));
  const std::vector<Response> answers = SendAll(std::move(requests));
  for (size_t i = 0; i < 200; i += 5) {
    ASSERT_EQ(answers[i].status, 201) << answers[i].body;
    EXPECT_EQ(At(Parsed(answers[i]), "name.0.family"), "Family" + std::to_string(i / 5));
    const Response kept = Get("Patient/" + IdOf(answers[i]));
    EXPECT_EQ(kept.body, answers[i].body);
    EXPECT_EQ(answers[i + 1].status, 422) << answers[i + 1].body;
    EXPECT_EQ(IssuePath(answers[i + 1]), "Patient.gender");
    EXPECT_EQ(answers[i + 2].status, 400);
    EXPECT_EQ(answers[i + 3].body, before.body) << "a read sees what stood before";
    EXPECT_EQ(answers[i + 4].status, 404);
  }
  EXPECT_EQ(answers.back().status, 204);
}

TEST_F(Together, OneWinsWhereSeveralWantTheSame) {
  std::vector<Request> same_version, same_condition, same_key;
  ASSERT_EQ(Put("Patient/1", PatientJson("1")).status, 201);
  for (int i = 0; i < 20; ++i) {
    Request put = Make(Method::kPut, "Patient/1", PatientJson("1", "F" + std::to_string(i)));
    put.if_match = "W/\"1\"";
    same_version.push_back(std::move(put));
    Request post = Make(Method::kPost, "Patient",
                        R"({"resourceType":"Patient","identifier":[{"system":"urn:x","value":"9"}]})");
    post.if_none_exist = "identifier=urn:x|9";
    same_condition.push_back(std::move(post));
    Request keyed = Make(Method::kPost, "Patient", PatientJson("", "Keyed"));
    keyed.idempotency_key = "one";
    same_key.push_back(std::move(keyed));
  }
  const auto count = [](const std::vector<Response>& answers, int status) {
    return std::count_if(answers.begin(), answers.end(),
                         [&](const Response& r) { return r.status == status; });
  };
  const auto versions = SendAll(std::move(same_version));
  EXPECT_EQ(count(versions, 200), 1);
  EXPECT_EQ(count(versions, 412), 19);
  const auto conditions = SendAll(std::move(same_condition));
  EXPECT_EQ(count(conditions, 201), 1);
  EXPECT_EQ(count(conditions, 200), 19);
  for (const Response& answer : conditions) EXPECT_EQ(answer.location, conditions.front().location);
  const auto keys = SendAll(std::move(same_key));
  for (const Response& answer : keys) {
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.location, keys.front().location);
  }
}

TEST_F(Together, OneSearchParameterOfACodeIsStored) {
  const auto parameter = [](const std::string& id, const std::string& code) {
    return R"({"resourceType":"SearchParameter",)" + (id.empty() ? "" : R"("id":")" + id + R"(",)") +
           R"("url":"http://own/)" + code + id +
           R"(","name":"x","description":"x","status":"active","code":")" + code +
           R"(","base":["Patient"],"type":"string","expression":"Patient.name.text"})";
  };
  std::vector<Request> puts, posts;
  for (const char* id : {"one", "two", "three", "four", "five", "six"}) {
    puts.push_back(Make(Method::kPut, std::string("SearchParameter/") + id, parameter(id, "raced")));
    posts.push_back(Make(Method::kPost, "SearchParameter", parameter("", "posted")));
  }
  puts.push_back(Make(Method::kPut, "SearchParameter/other", parameter("other", "different")));
  const auto count = [](const std::vector<Response>& answers, int status) {
    return std::count_if(answers.begin(), answers.end(),
                         [&](const Response& r) { return r.status == status; });
  };
  const auto put = SendAll(std::move(puts));
  EXPECT_EQ(count(put, 201), 2);
  EXPECT_EQ(count(put, 422), 5);
  EXPECT_EQ(put.back().status, 201);
  const auto posted = SendAll(std::move(posts));
  EXPECT_EQ(count(posted, 201), 1);
  EXPECT_EQ(count(posted, 422), 5);
  EXPECT_EQ(At(Parsed(Get("SearchParameter?_summary=count")), "total"), "3");
}

// A small body upon a large resource: the large one is opened where it holds up nobody.
TEST_F(Together, WhatIsWrittenUponSomethingLargeIsPutOff) {
  SeededRandom random(1);
  std::string photo;
  while (photo.size() < 2 * ShortWork::kBytesMax)
    photo += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[random.Below(32)];
  const std::string large =
      R"({"resourceType":"Patient","id":"large","photo":[{"contentType":"image/png","data":")" + photo +
      R"("}]})";
  for (const char* id : {"large", "other"}) {
    std::string body = large;
    body.replace(body.find("large"), 5, id);
    ASSERT_EQ(Put(std::string("Patient/") + id, body).status, 201);
  }
  ASSERT_EQ(Put("Patient/small", PatientJson("small")).status, 201);
  std::atomic<int> count = 0;
  std::vector<std::thread> workers;
  const PutOff put_off = [&](std::function<void()> work) {
    ++count;
    workers.emplace_back(std::move(work));
  };
  std::vector<Request> requests;
  requests.push_back(Make(Method::kPut, "Patient/large", PatientJson("large")));
  requests.push_back(Make(Method::kPut, "Patient/small", PatientJson("small", "New")));
  requests.push_back(Make(Method::kDelete, "Patient/other"));
  const std::vector<Response> answers = SendAll(std::move(requests), put_off);
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(answers[0].status, 200) << answers[0].body;
  EXPECT_EQ(answers[1].status, 200) << answers[1].body;
  EXPECT_EQ(answers[2].status, 204) << answers[2].body;
  EXPECT_EQ(count, 2);
  EXPECT_EQ(Get("Patient/large").body, answers[0].body);
  EXPECT_EQ(Get("Patient/other").status, 410);
}

TEST_F(Together, OnlyLightWritesAreGathered) {
  EXPECT_TRUE(interactions_->IsGathered(Make(Method::kPost, "Patient", "{}")));
  EXPECT_TRUE(interactions_->IsGathered(Make(Method::kPut, "Patient/1", "{}")));
  EXPECT_TRUE(interactions_->IsGathered(Make(Method::kDelete, "Patient/1")));
  EXPECT_FALSE(interactions_->IsGathered(Make(Method::kGet, "Patient/1")));
  EXPECT_FALSE(interactions_->IsGathered(Make(Method::kPost, "", "{}"))) << "a bundle";
  EXPECT_FALSE(interactions_->IsGathered(Make(Method::kPost, "Patient/_search", "a=b")));
  EXPECT_FALSE(interactions_->IsGathered(Make(Method::kPost, "Patient/1/$erase", "{}")));
  EXPECT_FALSE(interactions_->IsGathered(Make(Method::kPost, "Patient", std::string(100'000, ' '))));
}

TEST_F(Together, WhatMayTakeLongIsNotAnsweredOnANetworkThread) {
  for (const char* path :
       {"Patient", "Patient/_history", "_history", "Patient/1/_history", "Patient/1/$everything"})
    EXPECT_TRUE(interactions_->IsHeavy(Make(Method::kGet, path))) << path;
  for (const char* path : {"Patient/_search", "Patient/$validate", "$fhirpath", "Patient/1/$erase", ""})
    EXPECT_TRUE(interactions_->IsHeavy(Make(Method::kPost, path, "a=b"))) << path;
  EXPECT_TRUE(interactions_->IsHeavy(Make(Method::kPatch, "Patient/1", "[]"))) << "of what size is not known";
  EXPECT_FALSE(interactions_->IsHeavy(Make(Method::kGet, "Patient/1")));
  EXPECT_FALSE(interactions_->IsHeavy(Make(Method::kGet, "Patient/1/_history/1")));
  EXPECT_FALSE(interactions_->IsHeavy(Make(Method::kPut, "Patient/1", "{}")));
}

}  // namespace
}  // namespace tk::interaction
