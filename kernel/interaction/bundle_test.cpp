// transaction and batch.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "kernel/base/text.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class Bundles : public InteractionTest {
 protected:
  static std::string Bundle(std::string_view type, const std::vector<std::string>& entries) {
    std::string json = R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
    for (size_t i = 0; i < entries.size(); ++i) json += (i > 0 ? "," : "") + entries[i];
    return json + "]}";
  }
  static std::string Entry(std::string_view method, std::string_view url, std::string_view resource = {},
                           std::string_view full_url = {}, std::string_view more = {}) {
    std::string json = "{";
    if (!full_url.empty()) json += R"("fullUrl":")" + std::string(full_url) + R"(",)";
    if (!resource.empty()) json += R"("resource":)" + std::string(resource) + ",";
    return json + R"("request":{"method":")" + std::string(method) + R"(","url":")" + std::string(url) +
           "\"" + std::string(more) + "}}";
  }
  static std::string Observation(std::string_view subject, std::string_view id = {}) {
    return std::string(R"({"resourceType":"Observation",)") +
           (id.empty() ? "" : R"("id":")" + std::string(id) + R"(",)") +
           R"("status":"final","code":{"text":"t"},"subject":{"reference":")" + std::string(subject) +
           R"("}})";
  }
  static std::string IdAt(const fhir::Document& answer, int entry) {
    Response response;
    response.location = At(answer, "entry." + std::to_string(entry) + ".response.location");
    return IdOf(response);
  }
};

TEST_F(Bundles, ConditionsThatCannotHoldAreRefusedAndNotPassedOver) {
  const struct {
    std::string_view method, url, more, status, path;
  } cases[] = {
      {"POST", "Patient", R"(,"ifMatch":"W/\"1\"")", "400 Bad Request", ".ifMatch"},
      {"POST", "Patient", R"(,"ifMatch":"")", "422 Unprocessable Content", ".ifMatch"},
      {"PUT", "Patient/a", R"(,"ifMatch":"")", "422 Unprocessable Content", ".ifMatch"},
      {"PUT", "Patient/a", R"(,"ifNoneMatch":"")", "422 Unprocessable Content", ".ifNoneMatch"},
      {"POST", "Patient", R"(,"ifNoneExist":"")", "422 Unprocessable Content", ".ifNoneExist"},
      {"DELETE", "Patient?identifier=urn:x|nobody", R"(,"ifMatch":"W/\"1\"")", "412 Precondition Failed", ""},
  };
  for (const auto& [method, url, more, status, path] : cases) {
    const std::string body = method == "DELETE" ? "" : PatientJson(method == "PUT" ? "a" : "");
    const std::string entry = Entry(method, url, body, {}, more);
    const fhir::Document batch = Parsed(Post("", Bundle("batch", {entry})));
    EXPECT_EQ(At(batch, "entry.0.response.status"), status) << entry;
    const Response refused = Post("", Bundle("transaction", {Entry("GET", "Patient"), entry}));
    EXPECT_EQ(std::to_string(refused.status), status.substr(0, 3)) << entry;
    EXPECT_EQ(IssuePath(refused), "Bundle.entry[1].request" + std::string(path)) << entry;
  }
  EXPECT_EQ(engine_->Head().t, 0u) << "nothing was written";
}

TEST_F(Bundles, LinksBetweenEntriesAndAnswersInOrder) {
  const Response response =
      Post("", Bundle("transaction", {Entry("GET", "Observation?subject=Patient/none&_summary=count"),
                                      Entry("POST", "Observation", Observation("urn:uuid:p")),
                                      Entry("POST", "Patient", PatientJson(""), "urn:uuid:p"),
                                      Entry("PUT", "Patient/fixed", PatientJson("fixed"))}));
  ASSERT_EQ(response.status, 200) << response.body;
  const fhir::Document answer = Parsed(response);
  EXPECT_EQ(At(answer, "type"), "transaction-response");
  EXPECT_EQ(At(answer, "entry.0.response.status"), "200 OK");
  EXPECT_EQ(At(answer, "entry.0.resource.total"), "0");
  EXPECT_EQ(At(answer, "entry.1.response.status"), "201 Created");
  EXPECT_EQ(At(answer, "entry.3.response.etag"), "W/\"1\"");
  const Response observation = Get("Observation/" + IdAt(answer, 1));
  EXPECT_NE(observation.body.find("Patient/" + IdAt(answer, 2)), std::string::npos) << observation.body;
  EXPECT_EQ(engine_->Head().t, 1u) << "one transaction";
}

TEST_F(Bundles, GetsSeeTheStateAfterTheWrites) {
  const fhir::Document answer =
      Parsed(Post("", Bundle("transaction", {Entry("GET", "Patient/a"),
                                             Entry("PUT", "Patient/a", PatientJson("a", "Seen"))})));
  EXPECT_EQ(At(answer, "entry.0.resource.name.0.family"), "Seen");
}

TEST_F(Bundles, AGetThatFailsRefusesTheWholeTransaction) {
  Put("Patient/a", PatientJson("a"));
  Put("Patient/gone", PatientJson("gone"));
  Delete("Patient/gone");
  const uint64_t before = engine_->Head().t;
  const std::vector<std::pair<std::string, int>> failing = {{"Patient/none", 404},
                                                            {"Patient/gone", 410},
                                                            {"Patient?foo=1", 400},
                                                            {"Nope/1", 404},
                                                            {"Observation?_sort=zzz", 400}};
  for (const auto& [url, status] : failing) {
    for (const bool writes : {true, false}) {
      std::vector<std::string> entries = {Entry("GET", "Patient/a"), Entry("GET", url)};
      if (writes) entries.push_back(Entry("POST", "Patient", PatientJson("")));
      const Response refused = Post("", Bundle("transaction", entries));
      EXPECT_EQ(refused.status, status) << url << refused.body;
      EXPECT_EQ(IssuePath(refused), "Bundle.entry[1].request.url");
    }
  }
  const Response deleted =
      Post("", Bundle("transaction", {Entry("GET", "Patient/a"), Entry("DELETE", "Patient/a")}));
  EXPECT_EQ(deleted.status, 410);
  EXPECT_EQ(engine_->Head().t, before) << "nothing was written";
  const fhir::Document history = Parsed(
      Post("", Bundle("transaction", {Entry("GET", "Patient/a/_history"),
                                      Entry("GET", "Patient/a/_history/1"), Entry("DELETE", "Patient/a")})));
  EXPECT_EQ(At(history, "entry.0.resource.total"), "2") << "the state after the writes";
  EXPECT_EQ(At(history, "entry.1.response.status"), "200 OK");
}

TEST_F(Bundles, SearchesOfSeveralTypesAreEntriesToo) {
  Put("Patient/a", PatientJson("a"));
  const std::string form =
      R"({"resourceType":"Binary","contentType":"application/x-www-form-urlencoded","data":"X2lkPWE="})";
  const std::vector<std::string> entries = {
      Entry("GET", "?_type=Patient,Observation&_id=a"), Entry("POST", "_search?_type=Patient,Observation"),
      Entry("POST", "_search?_type=Patient,Observation", form), Entry("POST", "Patient/_search?_id=none"),
      Entry("POST", "Patient/a/_search")};
  for (const char* type : {"batch", "transaction"}) {
    const Response response = Post("", Bundle(type, entries));
    ASSERT_EQ(response.status, 200) << response.body;
    const fhir::Document answer = Parsed(response);
    for (int i = 0; i < 5; ++i) {
      const std::string entry = fmt::format("entry.{}.", i);
      EXPECT_EQ(At(answer, entry + "response.status"), "200 OK") << type << i;
      EXPECT_EQ(At(answer, entry + "resource.type"), "searchset") << type << i;
      EXPECT_EQ(At(answer, entry + "resource.entry.0.resource.id"), i == 3 ? "" : "a") << type << i;
    }
  }
  const Response nested = Post("", Bundle("transaction", {Entry("POST", "", Bundle("batch", {}))}));
  EXPECT_EQ(nested.status, 400);
  EXPECT_EQ(IssuePath(nested), "Bundle.entry[0].request.url");
}

TEST_F(Bundles, AllOrNothing) {
  Put("Patient/old", PatientJson("old"));
  const uint64_t before = engine_->Head().t;
  const Response bad = Post(
      "", Bundle("transaction", {Entry("DELETE", "Patient/old"), Entry("POST", "Patient", PatientJson("")),
                                 Entry("POST", "Patient", R"({"resourceType":"Patient","nickname":"x"})")}));
  EXPECT_EQ(bad.status, 422) << bad.body;
  EXPECT_EQ(IssuePath(bad), "Bundle.entry[2].resource.nickname");
  const Response stale =
      Post("", Bundle("transaction",
                      {Entry("POST", "Patient", PatientJson("")),
                       Entry("PUT", "Patient/old", PatientJson("old"), "", R"(,"ifMatch":"W/\"9\"")")}));
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(engine_->Head().t, before);
  EXPECT_EQ(Get("Patient/old").status, 200);
}

/// While it lives, no file may grow beyond a few pages: as if the disk were full.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit full = before_;
    full.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Bundles, AFullDiskLeavesNothingOfATransaction) {
  Put("Patient/old", PatientJson("old"));
  const uint64_t before = engine_->Head().t;
  const std::string bundle =
      Bundle("transaction", {Entry("PUT", "Patient/t0", PatientJson("t0", std::string(200'000, 'x'))),
                             Entry("DELETE", "Patient/old"), Entry("PUT", "Patient/t1", PatientJson("t1"))});
  {
    const FullDisk full;
    EXPECT_GE(Post("", bundle).status, 500);
  }
  EXPECT_EQ(engine_->Head().t, before);
  EXPECT_EQ(Get("Patient/t0").status, 404);
  EXPECT_EQ(Get("Patient/t1").status, 404);
  EXPECT_EQ(Get("Patient/old").status, 200);
  EXPECT_EQ(Post("", bundle).status, 200) << "there is room again";
  Close();
  Open();
  EXPECT_EQ(Get("Patient/t0").status, 200);
  EXPECT_EQ(Get("Patient/t1").status, 200);
  EXPECT_EQ(Get("Patient/old").status, 410);
}

TEST_F(Bundles, TheSameResourceTwiceIsRefused) {
  Put("Patient/a", PatientJson("a"));
  EXPECT_EQ(Post("", Bundle("transaction",
                            {Entry("PUT", "Patient/a", PatientJson("a")), Entry("DELETE", "Patient/a")}))
                .status,
            400);
  EXPECT_EQ(Post("", Bundle("transaction", {Entry("PUT", "Patient/b", PatientJson("b")),
                                            Entry("PUT", "Patient/b", PatientJson("b"))}))
                .status,
            400);
  EXPECT_EQ(Post("", Bundle("transaction", {Entry("POST", "Patient", PatientJson(""), "urn:uuid:x"),
                                            Entry("POST", "Patient", PatientJson(""), "urn:uuid:x")}))
                .status,
            400);
}

TEST_F(Bundles, TheSameResourceMeantTwiceIsRefusedThoughItIsNotThere) {
  const std::string same = R"({"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]})";
  const std::string put = Entry("PUT", "Patient?identifier=urn:x|1", same),
                    again = Entry("PUT", "Patient?identifier=urn%3Ax%7C1", same);
  EXPECT_EQ(Post("", Bundle("transaction", {put, again})).status, 400);
  EXPECT_EQ(
      Post("", Bundle("transaction",
                      {Entry("POST", "Patient", same, "", R"(,"ifNoneExist":"identifier=urn:x|1")"), put}))
          .status,
      400);
  EXPECT_EQ(Post("", Bundle("transaction",
                            {Entry("PUT", "Patient/n", PatientJson("n")), Entry("DELETE", "Patient/n")}))
                .status,
            400);
  EXPECT_EQ(engine_->Head().t, 0u);
  EXPECT_EQ(
      Post("", Bundle("transaction",
                      {put,
                       Entry("PUT", "Patient?identifier=urn:x|2",
                             R"({"resourceType":"Patient","identifier":[{"system":"urn:x","value":"2"}]})")}))
          .status,
      200);
  EXPECT_EQ(
      Post("", Bundle("transaction", {Entry("DELETE", "Patient/n"), Entry("DELETE", "Patient/m")})).status,
      200);
}

TEST_F(Bundles, ConditionsInTransactions) {
  const std::string doctor =
      R"({"resourceType":"Practitioner","identifier":[{"system":"urn:d","value":"1"}]})";
  const std::string bundle =
      Bundle("transaction",
             {Entry("POST", "Practitioner", doctor, "urn:uuid:d", R"(,"ifNoneExist":"identifier=urn:d|1")")});
  const std::string first = IdAt(Parsed(Post("", bundle)), 0);
  const fhir::Document again = Parsed(Post("", bundle));
  EXPECT_EQ(At(again, "entry.0.response.status"), "200 OK");
  EXPECT_EQ(IdAt(again, 0), first);
  // A reference to the condition's resource, by fullUrl and by condition.
  const auto observation = [](std::string_view performer) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"t"},"performer":[{"reference":")" +
           std::string(performer) + R"("}]})";
  };
  const Response linked = Post(
      "",
      Bundle("transaction",
             {Entry("POST", "Practitioner", doctor, "urn:uuid:d", R"(,"ifNoneExist":"identifier=urn:d|1")"),
              Entry("POST", "Observation", observation("urn:uuid:d")),
              Entry("POST", "Observation", observation("Practitioner?identifier=urn:d|1"))}));
  ASSERT_EQ(linked.status, 200) << linked.body;
  const fhir::Document answer = Parsed(linked);
  for (const int entry : {1, 2})
    EXPECT_NE(Get("Observation/" + IdAt(answer, entry)).body.find("Practitioner/" + first),
              std::string::npos);
  const Response none = Post(
      "",
      Bundle("transaction", {Entry("POST", "Observation", observation("Practitioner?identifier=urn:d|2"))}));
  EXPECT_EQ(none.status, 412);
  EXPECT_EQ(IssuePath(none), "Bundle.entry[0].resource.performer[0].reference");
}

TEST_F(Bundles, ConditionalUpdateDeleteAndPatchEntries) {
  const std::string patient = R"({"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]})";
  const fhir::Document created =
      Parsed(Post("", Bundle("transaction", {Entry("PUT", "Patient?identifier=urn:x|1", patient)})));
  EXPECT_EQ(At(created, "entry.0.response.status"), "201 Created");
  // [{"op":"add","path":"/active","value":true}]
  const std::string patch =
      R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0="})";
  const Response patched =
      Post("", Bundle("transaction", {Entry("PATCH", "Patient?identifier=urn:x|1", patch)}));
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_NE(Get("Patient/" + IdAt(created, 0)).body.find("\"active\":true"), std::string::npos);
  const fhir::Document deleted =
      Parsed(Post("", Bundle("transaction", {Entry("DELETE", "Patient?identifier=urn:x|1"),
                                             Entry("DELETE", "Patient?identifier=urn:x|9")})));
  EXPECT_EQ(At(deleted, "entry.0.response.status"), "204 No Content");
  EXPECT_EQ(At(deleted, "entry.1.response.status"), "204 No Content");
  EXPECT_EQ(Get("Patient/" + IdAt(created, 0)).status, 410);
}

TEST_F(Bundles, BadBundlesAreRefusedWithTheirPath) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Bundle("collection", {}), "Bundle.type"},
      {R"({"resourceType":"Bundle","type":"transaction","entry":[{}]})", "Bundle.entry[0].request"},
      {Bundle("transaction", {Entry("PUSH", "Patient")}), "Bundle.entry[0].request.method"},
      {Bundle("transaction", {Entry("POST", "Patient")}), "Bundle.entry[0].resource"},
      {Bundle("transaction", {Entry("POST", "Thing", "{}")}), "Bundle.entry[0].request.url"},
      {Bundle("transaction", {Entry("PUT", "Patient", PatientJson("a"))}), "Bundle.entry[0].request.url"},
      {Bundle("transaction", {Entry("GET", "http://elsewhere/fhir/Patient/1")}),
       "Bundle.entry[0].request.url"},
      {R"({"resourceType":"Bundle","type":"transaction","entry":[{"requst":{}}]})", "Bundle.entry[0]"},
      {Bundle("transaction", {Entry("PUT", "Patient/a", PatientJson("b"))}), "Bundle.entry[0].resource.id"},
  };
  for (const auto& [bundle, path] : cases) {
    const Response refused = Post("", bundle);
    EXPECT_GE(refused.status, 400) << bundle;
    EXPECT_EQ(IssuePath(refused), path) << refused.body;
  }
  EXPECT_GE(Post("", PatientJson("a")).status, 400);
  EXPECT_EQ(engine_->Head().t, 0u);
}

TEST_F(Bundles, AnIdempotentTransactionIsDoneOnce) {
  Put("Patient/gone", PatientJson("gone"));
  Request request =
      Make(Method::kPost, "",
           Bundle("transaction", {Entry("POST", "Patient", PatientJson("")), Entry("DELETE", "Patient/gone"),
                                  Entry("PUT", "Patient/p", PatientJson("p"))}));
  request.idempotency_key = "once";
  const Response first = Send(request), second = Send(request);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(engine_->Head().t, 2u);
  request.body =
      Bundle("transaction", {Entry("POST", "Patient", PatientJson("", "Other")),
                             Entry("DELETE", "Patient/gone"), Entry("PUT", "Patient/p", PatientJson("p"))});
  EXPECT_EQ(Send(request).status, 409) << "the same key for something else";
}

TEST_F(Bundles, OneConditionIsOneHoweverItIsWritten) {
  const auto patient = R"({"resourceType":"Patient","identifier":[{"system":"u","value":"d"}]})";
  const auto post = [&](std::string_view condition) {
    return Entry("POST", "Patient", patient, "", fmt::format(R"(,"ifNoneExist":"{}")", condition));
  };
  const Response response =
      Post("", Bundle("transaction", {post("identifier=u|d&active:missing=true"),
                                      post("identifier=u%7Cd&active:missing=true"),
                                      post("active:missing=true&identifier=u|d&identifier=u|d")}));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(At(Parsed(response), "entry.0.response.status"), "201 Created");
  EXPECT_EQ(At(Parsed(response), "entry.1.response.status"), "200 OK");
  EXPECT_EQ(At(Parsed(response), "entry.2.response.status"), "200 OK");
  EXPECT_EQ(At(Parsed(Get("Patient?_summary=count")), "total"), "1");
  // The values of one criterion are a set; a comma behind a backslash is no comma between two.
  const auto statuses = [&](std::initializer_list<std::string_view> conditions) {
    std::vector<std::string> entries;
    for (const std::string_view condition : conditions) entries.push_back(post(condition));
    const Response made = Post("", Bundle("transaction", entries));
    EXPECT_EQ(made.status, 200) << made.body;
    std::string all;
    for (size_t i = 0; i < entries.size(); ++i)
      all += At(Parsed(made), fmt::format("entry.{}.response.status", i)).substr(0, 3) + " ";
    return all;
  };
  EXPECT_EQ(statuses({"identifier=a", "identifier=a,a", "identifier=a&_count=1"}), "201 200 200 ");
  EXPECT_EQ(statuses({"identifier=b,c", "identifier=c,b,c", "identifier=b"}), "201 200 201 ");
  EXPECT_EQ(statuses({"identifier=e%5C,e", "identifier=e", "identifier=e%5C%5C,e"}), "201 201 201 ");
}

TEST_F(Bundles, WhoIsMadeTwiceUnderTwoConditionsIsRefused) {
  const auto patient =
      R"({"resourceType":"Patient","active":true,"identifier":[{"system":"u","value":"d"}]})";
  const auto post = [&](std::string_view condition) {
    return Entry("POST", "Patient", patient, "", fmt::format(R"(,"ifNoneExist":"{}")", condition));
  };
  const std::string put = Entry("PUT", "Patient?identifier=d", patient);
  for (const auto& entries : std::vector<std::vector<std::string>>{
           {post("identifier=u|d"), post("identifier=u|x,u|d")},
           {post("identifier=u|d"), post("identifier=d")},
           {post("identifier=u|d"), post("identifier=u|d&active=true")},
           {post("identifier:missing=false&identifier=u|d"), post("identifier=u|d")},
           {post("identifier=u|d"), Entry("POST", "Patient", patient)},
           {put, post("identifier=u|d")}}) {
    const Response response = Post("", Bundle("transaction", entries));
    EXPECT_EQ(response.status, 400) << entries[1];
    EXPECT_EQ(At(Parsed(response), "issue.0.code"), "duplicate") << response.body;
  }
  // Nor does it need an exact criterion: what the resources hold is looked at.
  const auto named = R"({"resourceType":"Patient","birthDate":"2000-01-01","name":[{"family":"Bar"}]})";
  const auto make = [&](std::string_view condition) {
    return Entry("POST", "Patient", named, "", fmt::format(R"(,"ifNoneExist":"{}")", condition));
  };
  for (const auto& entries : std::vector<std::vector<std::string>>{
           {make("name=Bar"), make("name=bar")},
           {make("name=Bar"), make("family=Bar")},
           {make("name=Bar"), make("name:contains=ar&birthdate=2000")},
           {make("birthdate=2000-01-01"), make("birthdate=ge2000-01-01&birthdate=le2000-01-01")},
           {make("name=Bar"), Entry("PUT", "Patient?family=BAR", named)},
           {Entry("PUT", "Patient?name=Bar", named), Entry("PUT", "Patient?name=bar", named)}}) {
    const Response response = Post("", Bundle("transaction", entries));
    EXPECT_EQ(response.status, 400) << entries[1];
    EXPECT_EQ(At(Parsed(response), "issue.0.code"), "duplicate") << response.body;
  }
  const fhir::Document twice = Parsed(Post("", Bundle("transaction", {put, put})));
  EXPECT_EQ(At(twice, "issue.0.expression.0"), "Bundle.entry[1].request.url");
  EXPECT_EQ(At(Parsed(Get("Patient?_summary=count")), "total"), "0");
  // Nor is whom a condition excludes meant by it.
  const auto female = R"({"resourceType":"Patient","gender":"female"})";
  EXPECT_EQ(
      Post("",
           Bundle(
               "transaction",
               {Entry("POST", "Patient", female),
                Entry(
                    "POST", "Patient", R"({"resourceType":"Patient","gender":"male"})", "",
                    R"(,"ifNoneExist":"gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender")")}))
          .status,
      200);
  Delete("Patient?gender=female");
  Delete("Patient?gender=male");
  // Others of their own do not disturb one another.
  const auto called = R"({"resourceType":"Patient","birthDate":"2000-01-01","name":[{"family":"Foo"}]})";
  EXPECT_EQ(Post("", Bundle("transaction", {make("name=Bar&birthdate=2000-01-01"),
                                            Entry("POST", "Patient", called, "",
                                                  R"(,"ifNoneExist":"name=Foo&birthdate=2000-01-01")")}))
                .status,
            200);
  const auto other = R"({"resourceType":"Patient","identifier":[{"system":"u","value":"e"}]})";
  EXPECT_EQ(
      Post("", Bundle("transaction", {post("identifier=u|d"), Entry("POST", "Patient", other, "",
                                                                    R"(,"ifNoneExist":"identifier=u|e")")}))
          .status,
      200);
}

TEST_F(Bundles, ARepeatedTransactionIsKnownByItsLinksToo) {
  const std::string urn = "urn:uuid:6c2a5e3e-7a52-4d1a-8a4e-0e1b6c0f1d11";
  const std::string other = "urn:uuid:6c2a5e3e-7a52-4d1a-8a4e-0e1b6c0f1d12";
  Put("Patient/known", R"({"resourceType":"Patient","id":"known","identifier":[{"value":"7"}]})");
  const auto about = [&](std::string_view subject) {
    return Bundle("transaction", {Entry("POST", "Patient", PatientJson("", "A"), urn),
                                  Entry("POST", "Patient", PatientJson("", "B"), other),
                                  Entry("POST", "Observation", Observation(subject))});
  };
  int keys = 0;
  for (const std::string& subject :
       {urn, std::string("Patient?identifier=7"), std::string("http://test/fhir/Patient/known")}) {
    Request request = Make(Method::kPost, "", about(subject));
    request.idempotency_key = fmt::format("links-{}", ++keys);
    const Response first = Send(Request(request));
    ASSERT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(Send(Request(request)).body, first.body) << subject;
    request.body = about(subject == urn ? other : "Practitioner/x");
    EXPECT_EQ(Send(std::move(request)).status, 409) << subject;
  }
}

TEST_F(Bundles, ARepeatedTransactionIsKnownByItsPatchesToo) {
  const auto patch = [](std::string_view operations) {
    std::string data = ToBase64Url({reinterpret_cast<const uint8_t*>(operations.data()), operations.size()});
    std::replace(data.begin(), data.end(), '-', '+');
    std::replace(data.begin(), data.end(), '_', '/');
    while (data.size() % 4 != 0) data += '=';
    return R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":")" + data + "\"}";
  };
  Put("Patient/p", PatientJson("p"));
  const auto with = [&](const std::string& url, std::string_view operations) {
    Request request =
        Make(Method::kPost, "", Bundle("transaction", {Entry("PATCH", url, patch(operations))}));
    request.idempotency_key = "patched";
    return request;
  };
  const std::string_view active = R"([{"op":"add","path":"/active","value":true}])";
  const Response first = Send(with("Patient/p", active));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(Send(with("Patient/p", active)).body, first.body);
  EXPECT_EQ(Send(with("Patient/p", R"([{"op":"test","path":"/resourceType","value":"Patient"},)"
                                   R"({"op":"add","path":"/active","value":true}])"))
                .body,
            first.body)
      << "what comes of it is the same";
  for (const std::string_view other :
       {R"([{"op":"add","path":"/active","value":false}])", R"([{"op":"remove","path":"/active"}])", "[]",
        "{}", R"([{"op":"add","path":"/active","value":true},{"op":"add","path":"/gender","value":"male"}])"})
    EXPECT_EQ(Send(with("Patient/p", other)).status, 409) << other;
  // Later versions do not change what the first was made of.
  Put("Patient/p", PatientJson("p", "Later"));
  EXPECT_EQ(Send(with("Patient/p", active)).body, first.body);
  EXPECT_EQ(At(Parsed(Get("Patient/p")), "name.0.family"), "Later");
}

TEST_F(Bundles, ARepeatMayComeByAnotherNameOfTheServer) {
  const auto about = [&](std::string_view subject) {
    return Bundle("transaction", {Entry("POST", "Observation", Observation(subject))});
  };
  Put("Patient/known", PatientJson("known"));
  int keys = 0;
  // The first by the name in the reference, or by another: then the reference is kept as it is.
  for (const auto& [one, two] :
       {std::pair<std::string, std::string>{"http://test/fhir", "https://city.example/fhir"},
        {"https://city.example/fhir", "http://test/fhir"}}) {
    Request request = Make(Method::kPost, "", about("http://test/fhir/Patient/known"));
    Request single = Make(Method::kPost, "Observation", Observation("http://test/fhir/Patient/known"));
    request.idempotency_key = fmt::format("name-{}", ++keys);
    single.idempotency_key = request.idempotency_key + "-single";
    for (Request* each : {&request, &single}) {
      each->base_url = one;
      const Response first = Send(Request(*each));
      ASSERT_LT(first.status, 300) << first.body;
      const uint64_t t = engine_->Head().t;
      each->base_url = two;
      const Response again = Send(Request(*each));
      EXPECT_EQ(again.status, first.status) << again.body;
      EXPECT_EQ(again.etag, first.etag);
      EXPECT_EQ(engine_->Head().t, t);
    }
    request.body = about("http://test/fhir/Patient/known2");
    single.body = Observation("http://test/fhir/Practitioner/known");
    EXPECT_EQ(Send(std::move(request)).status, 409);
    EXPECT_EQ(Send(std::move(single)).status, 409);
  }
}

TEST_F(Bundles, AGetAnswersNothingThatWasNotModifiedSince) {
  Put("Patient/a", PatientJson("a"));
  const std::string at = At(Parsed(Get("Patient/a")), "meta.lastUpdated");
  const auto get = [](std::string_view since, std::string_view more = "") {
    return Entry("GET", "Patient/a", {}, {}, fmt::format(R"(,"ifModifiedSince":"{}"{})", since, more));
  };
  const std::vector<std::string> entries = {get(at), get("2099-01-01T08:00:00+08:00"),
                                            get("2001-01-01T00:00:00Z"),
                                            get("2099-01-01T00:00:00Z", R"(,"ifNoneMatch":"W/\"7\"")")};
  for (const char* type : {"batch", "transaction"}) {
    const fhir::Document answer = Parsed(Post("", Bundle(type, entries)));
    EXPECT_EQ(At(answer, "entry.0.response.status"), "304 Not Modified") << type;
    EXPECT_EQ(At(answer, "entry.0.resource"), "") << type;
    EXPECT_EQ(At(answer, "entry.1.response.status"), "304 Not Modified") << type;
    EXPECT_EQ(At(answer, "entry.2.response.status"), "200 OK") << type;
    EXPECT_EQ(At(answer, "entry.3.response.status"), "200 OK") << type << ": the ETag goes before";
  }
  for (const char* wrong : {"", "x", "2099-01-01", "2099-02-30T00:00:00Z", "2099-01-01T00:00:00"}) {
    const fhir::Document answer = Parsed(Post("", Bundle("batch", {get(wrong)})));
    EXPECT_EQ(At(answer, "entry.0.response.status"), "400 Bad Request") << wrong;
    EXPECT_EQ(At(answer, "entry.0.response.outcome.issue.0.expression.0"),
              "Bundle.entry[0].request.ifModifiedSince");
  }
}

TEST_F(Bundles, BatchEntriesStandAlone) {
  Put("Patient/c", PatientJson("c"));
  const Response response =
      Post("", Bundle("batch", {Entry("POST", "Patient", PatientJson("")),
                                Entry("POST", "Patient", R"({"resourceType":"Patient","nickname":"x"})"),
                                Entry("GET", "Patient/none"), Entry("PUT", "Patient/b", PatientJson("b")),
                                Entry("GET", "metadata?_format=xml"), "{}", Entry("HEAD", "Patient/c")}));
  ASSERT_EQ(response.status, 200) << response.body;
  const fhir::Document answer = Parsed(response);
  EXPECT_EQ(At(answer, "type"), "batch-response");
  EXPECT_EQ(At(answer, "entry.0.response.status"), "201 Created");
  EXPECT_EQ(At(answer, "entry.1.response.status"), "422 Unprocessable Content");
  EXPECT_EQ(At(answer, "entry.1.response.outcome.resourceType"), "OperationOutcome");
  EXPECT_EQ(At(answer, "entry.2.response.status"), "404 Not Found");
  EXPECT_EQ(At(answer, "entry.3.response.status"), "201 Created");
  EXPECT_EQ(At(answer, "entry.4.response.status"), "406 Not Acceptable");
  EXPECT_EQ(At(answer, "entry.6.response.status"), "200 OK");
  EXPECT_EQ(At(answer, "entry.6.response.etag"), "W/\"1\"");
  EXPECT_EQ(At(answer, "entry.6.resource"), "");
  EXPECT_EQ(At(answer, "entry.5.response.outcome.issue.0.expression.0"), "Bundle.entry[5].request");
  EXPECT_EQ(Get("Patient/b").status, 200);
}

TEST_F(Bundles, LargeBatchesDoNotFillTheQueue) {
  std::vector<std::string> entries;
  for (int i = 0; i < 600; ++i)
    entries.push_back(
        Entry("PUT", "Basic/b" + std::to_string(i),
              R"({"resourceType":"Basic","id":"b)" + std::to_string(i) + R"(","code":{"text":"x"}})"));
  const fhir::Document answer = Parsed(Post("", Bundle("batch", entries)));
  for (int i = 0; i < 600; ++i)
    ASSERT_EQ(At(answer, "entry." + std::to_string(i) + ".response.status"), "201 Created");
}

/// Test files of another server: a Bundle is either taken or refused with an OperationOutcome; nothing else happens.
TEST_F(Bundles, CorpusOfTestFiles) {
  const char* shared = std::getenv("TK_SHARED");
  const std::filesystem::path archive = std::filesystem::path(shared != nullptr ? shared : "../shared") /
                                        "corpora/fhir-search/fhir-search.tar.zst";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "not here: " << archive;
  const std::string unpack =
      "zstd -dc --long=27 '" + archive.string() + "' | tar x -C '" + folder_.string() + "'";
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  size_t taken = 0, refused = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "fhir-search")) {
    const std::string name = file.path().filename();
    if (file.path().extension() != ".json" || name.find("Bundle") == std::string::npos) continue;
    std::ifstream stream(file.path());
    std::stringstream text;
    text << stream.rdbuf();
    const Response response = Post("", text.str());
    const fhir::Document answer = Parsed(response);
    if (response.status == 200) {
      ++taken;
      EXPECT_EQ(At(answer, "resourceType"), "Bundle") << name;
    } else {
      ++refused;
      EXPECT_LT(response.status, 500) << name << response.body;
      EXPECT_EQ(At(answer, "resourceType"), "OperationOutcome") << name;
    }
    RecordProperty(name, response.status);
  }
  EXPECT_GT(taken, 0u);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace tk::interaction
