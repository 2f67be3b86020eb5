// Pages of large resources end early and go on behind their last; the answers of one batch have a limit together, in bytes and in time.
#include <fmt/format.h>

#include <set>

#include "kernel/base/clock.h"
#include "kernel/interaction/bundle_entries.h"
#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

constexpr size_t kLarge = 900'000;
constexpr int kMany = 40;  // 36 MB: more than one page takes

class LargeAnswer : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    const std::string text(kLarge, 'x');
    for (int i = 0; i < kMany; ++i) {
      ASSERT_EQ(
          Put(fmt::format("Patient/p{}", i),
              fmt::format(
                  R"({{"resourceType":"Patient","id":"p{}","active":true,"text":{{"status":"generated",)"
                  R"("div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">{}</div>"}}}})",
                  i, text))
              .status,
          201);
    }
  }
  /// Follows the links; ids in the order they came, pages in `*pages`.
  std::vector<std::string> Walk(const std::string& path, int* pages) {
    std::vector<std::string> ids;
    std::string at = path;
    for (*pages = 0; !at.empty() && *pages < 100; ++*pages) {
      const Response response = Get(at);
      EXPECT_EQ(response.status, 200) << response.body.substr(0, 300);
      EXPECT_LT(response.body.size(), kPageBytesMax + 2 * kLarge);
      const fhir::Document document = fhir::Document::Parse(response.body).value();
      for (const fhir::Value entry : document.Root()["entry"])
        ids.push_back(entry["resource"]["id"].ToString());
      at.clear();
      for (const fhir::Value link : document.Root()["link"]) {
        if (link["relation"].ToString() != "next") continue;
        at = link["url"].ToString();
        at = at.substr(at.find("/fhir/") + 6);
      }
    }
    return ids;
  }
  void ExpectAllOnce(const std::string& path) {
    int pages = 0;
    const std::vector<std::string> ids = Walk(path, &pages);
    EXPECT_GT(pages, 1) << path;
    EXPECT_EQ(ids.size(), static_cast<size_t>(kMany)) << path;
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), static_cast<size_t>(kMany)) << path;
  }
  static std::string BatchOf(int entries, std::string_view url) {
    std::string body = R"({"resourceType":"Bundle","type":"batch","entry":[)";
    for (int i = 0; i < entries; ++i)
      body += fmt::format(R"({}{{"request":{{"method":"GET","url":"{}"}}}})", i == 0 ? "" : ",", url);
    return body + "]}";
  }
};

TEST_F(LargeAnswer, PagesEndEarlyAndGoOn) {
  ExpectAllOnce("Patient?_count=1000");
  ExpectAllOnce("Patient?active=true&_sort=-_lastUpdated,_id&_count=1000");
  ExpectAllOnce("Patient/_history?_count=1000");
  ExpectAllOnce("_history?_count=1000");
}

TEST_F(LargeAnswer, ABatchAnswersNoMoreThanItsLimit) {
  const Response response = Post("", BatchOf(20, "Patient?_count=1000"));
  EXPECT_EQ(response.status, 200);
  EXPECT_LT(response.body.size(), kAnswerBytesMax + kPageBytesMax + 4 * kLarge);
  const fhir::Document document =
      fhir::Document::Parse(response.body, {.bytes_max = size_t{256} << 20}).value();
  ASSERT_EQ(document.Root()["entry"].size(), 20u);
  EXPECT_EQ(At(document, "entry.0.response.status"), "200 OK");
  EXPECT_EQ(At(document, "entry.19.response.status").substr(0, 3), "413");
  EXPECT_EQ(At(document, "entry.19.response.outcome.issue.0.code"), "too-costly");
}

TEST_F(LargeAnswer, ABatchEndsWithItsTime) {
  Request request = Make(Method::kPost, "", BatchOf(3, "Patient/p1"));
  request.deadline_us = MonotonicUs() - 1;
  const fhir::Document document = fhir::Document::Parse(Send(std::move(request)).body).value();
  EXPECT_EQ(At(document, "entry.2.response.status").substr(0, 3), "503");
  EXPECT_EQ(At(document, "entry.2.response.outcome.issue.0.code"), "timeout");
}

}  // namespace
}  // namespace tk::interaction
