// A post that sees identifiers, telecom and the birth date masked: every way out, and every way around.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/access/inquiries.h"
#include "kernel/access/policies.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kCard = "380101197103046119", kPhone = "19900009011";
constexpr std::string_view kPerson =
    R"({"resourceType":"Patient","id":"p","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"380101197103046119"}],)"
    R"("name":[{"family":"Test"}],"telecom":[{"system":"phone","value":"19900009011"}],"gender":"male","birthDate":"1971-03-04"})";

class MaskedTest : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    ASSERT_EQ(Put("Patient/p", std::string(kPerson)).status, 201);
    ASSERT_EQ(Put("Patient/p", std::string(kPerson)).status, 200);
    ASSERT_EQ(
        Put("Observation/o",
            R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},)"
            R"("subject":{"reference":"Patient/p","identifier":{"system":"s","value":"380101197103046119"}},)"
            R"("note":[{"text":"call 19900009011"}]})")
            .status,
        201);
    all_ = viewer_;
    auto masked = std::make_shared<access::Viewer>(*AdminViewer());
    masked->account = "officer";
    masked->policies = access::Policies::BuiltIn();
    masked->masks = masked->policies->MasksOf("cdc-officer");
    ASSERT_NE(masked->masks, nullptr);
    viewer_ = masked;
  }
  static bool Leaks(const Response& response) {
    for (const std::string_view secret : {kCard, kPhone, std::string_view("1971-03-04")}) {
      if (response.body.find(secret) != std::string::npos) return true;
    }
    return false;
  }
  /// A new person with that number: the status.
  int MakeNumbered(std::string_view number) {
    return Post(
               "Patient",
               fmt::format(
                   R"({{"resourceType":"Patient","name":[{{"text":"李"}}],"identifier":[{{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"}}]}})",
                   number))
        .status;
  }
  /// What is stored, whole.
  std::string Stored(std::string_view target) {
    const auto masked = std::exchange(viewer_, all_);
    const std::string body = Get(target).body;
    viewer_ = masked;
    return body;
  }
  std::shared_ptr<const access::Viewer> all_;
};

TEST_F(MaskedTest, EveryWayOut) {
  for (const char* way : {"Patient/p", "Patient/p?_elements=identifier,telecom,birthDate",
                          "Patient/p?_summary=true", "Patient/p?_pretty=true", "Patient/p/_history/1",
                          "Patient/p/_history", "Patient/_history", "_history", "Patient?_id=p",
                          "Patient?_id=p&_elements=telecom", "Observation?_include=Observation:subject",
                          "Patient?_revinclude=Observation:subject", "Observation/o", "Patient/p/$everything",
                          "Patient/p/Observation", "Patient/p/*", "?_type=Patient,Observation"}) {
    const Response response = Get(way);
    EXPECT_EQ(response.status, 200) << way << response.body;
    EXPECT_FALSE(Leaks(response)) << way << response.body;
    EXPECT_NE(response.body.find("****"), std::string::npos) << way << response.body;
    EXPECT_NE(response.body.find("MASKED"), std::string::npos) << way << response.body;
  }
  EXPECT_EQ(At(Parsed(Get("Patient/p")), "identifier.0.value"), "380*************19");
  EXPECT_EQ(At(Parsed(Get("Patient/p")), "birthDate"), "1971");
  for (const char* type : {"batch", "transaction"}) {
    const Response response = Post(
        "",
        std::string(R"({"resourceType":"Bundle","type":")") + type +
            R"(","entry":[{"request":{"method":"GET","url":"Patient/p"}},{"request":{"method":"GET","url":"Patient?_id=p"}}]})");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_FALSE(Leaks(response)) << response.body;
    EXPECT_NE(response.body.find("MASKED"), std::string::npos) << response.body;
  }
}

TEST_F(MaskedTest, WritesAnswerMaskedToo) {
  Request put = Make(Method::kPut, "Patient/q",
                     R"({"resourceType":"Patient","id":"q","telecom":[{"value":"19900009011"}]})");
  put.prefer = "return=representation";
  EXPECT_FALSE(Leaks(Send(put)));
  Request exists = Make(Method::kPost, "Patient", R"({"resourceType":"Patient"})");
  exists.if_none_exist = "identifier=http://tongkang.dev/fhir/sid/cn-resident-id|380101197103046119";
  const Response found = Send(exists);
  EXPECT_EQ(found.status, 200) << found.body;
  EXPECT_FALSE(Leaks(found));
  EXPECT_NE(found.body.find("MASKED"), std::string::npos);
}

TEST_F(MaskedTest, WhatIsMaskedIsNotAskedFor) {
  for (const char* way :
       {"Patient?phone=19900009011", "Patient?telecom=19900009011", "Patient?birthdate=1971-03-04",
        "Patient?birthdate=gt1971-03", "Patient?_sort=birthdate", "Patient?_sort=-phone",
        "Patient?_sort=identifier", "Patient?identifier=http://tongkang.dev/fhir/sid/cn-resident-id|",
        "Patient?identifier:not=x|1", "Observation?subject:Patient.phone=19900009011",
        "Observation?patient.birthdate=1971-03-04",
        "Patient?_has:Observation:subject:patient.phone=19900009011",
        "?_type=Patient,Person&phone=19900009011", "Patient/p/Patient?telecom=19900009011"}) {
    const Response response = Get(way);
    EXPECT_EQ(response.status, 403) << way << response.body;
  }
  EXPECT_EQ(Ids("Patient?identifier=http://tongkang.dev/fhir/sid/cn-resident-id|380101197103046119"), "p");
  EXPECT_EQ(Ids("Observation?subject:identifier=380101197103046119"), "o");
  EXPECT_EQ(Ids("Patient?identifier:missing=false"), "p");
  EXPECT_EQ(Ids("Patient?name=Test&_sort=family"), "p");
  for (const Method method : {Method::kPut, Method::kPatch, Method::kDelete})
    EXPECT_EQ(Send(Make(method, "Patient?phone=19900009011", "[]")).status, 403);
  Request exists = Make(Method::kPost, "Patient", R"({"resourceType":"Patient"})");
  exists.if_none_exist = "phone=19900009011";
  EXPECT_EQ(Send(exists).status, 403);
  const Response bundled = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","status":"final",)"
      R"("code":{"text":"c"},"subject":{"reference":"Patient?phone=19900009011"}},"request":{"method":"POST","url":"Observation"}}]})");
  EXPECT_EQ(bundled.status, 403) << bundled.body;
}

TEST_F(MaskedTest, NumbersInTextsAreNotFoundDigitByDigit) {
  const auto masked = std::exchange(viewer_, all_);
  ASSERT_EQ(
      Put("Observation/t",
          R"({"resourceType":"Observation","id":"t","status":"final","code":{"coding":[{"system":"s","code":"c-1","display":"of 19900009011"}],)"
          R"("text":"of 19900009011"},"identifier":[{"value":"380101197103046119"}],"subject":{"reference":"Patient/p"},)"
          R"("valueString":"call him at 19900009011"})")
          .status,
      201);
  ASSERT_EQ(Put("Organization/h", R"({"resourceType":"Organization","id":"h","name":"House 19"})").status,
            201);
  viewer_ = masked;
  for (const char* way :
       {"Observation?value-string:contains=1990",
        "Observation?value-string=call%20him%20at%201",
        "Observation?value-string:exact=call%20him%20at%2019900009011",
        "Observation?value-string=x,call%209",
        "Observation?_id=t&value-string:contains=%EF%BC%91",  // full width
        "Observation?value-string:contains=%E2%91%A0",        // a digit in a ring, which is folded
        "Observation?value-string:contains=%E4%B8%89%E5%85%AB%E3%80%87",  // 三八〇
        "Observation?code:text=of%2019",
        "Observation?identifier=380101197103046119",
        "Observation?identifier=x,380101197103046119",
        "Observation?identifier:not=380101197103046119",
        "Observation?code-value-string=c-1$call%20him%20at%2019",
        "Observation?_sort=value-string",
        "Observation?_sort=-identifier",
        "Patient?name=19900",
        "Patient?family:contains=3",
        "Patient?_has:Observation:subject:value-string:contains=19900",
        "Observation?subject:Patient.name=19900",
        "?_type=Observation,Patient&_id=t&name=1",
        "Patient/p/Observation?value-string:contains=199"}) {
    for (const char* more : {"", "&_summary=count"}) {
      const std::string asked = std::string(way) + more;
      const int status = Get(asked).status;
      EXPECT_TRUE(status == 403 || (status == 400 && asked.starts_with("?_type"))) << status << asked;
    }
  }
  const Response told = Get("Observation?value-string:contains=1990");
  EXPECT_NE(told.body.find("without digits"), std::string::npos) << told.body;
  for (const Method method : {Method::kPut, Method::kPatch, Method::kDelete})
    EXPECT_EQ(Send(Make(method, "Observation?value-string:contains=199", "[]")).status, 403);
  // Words, codes, ids and dates are asked for as before, and what governs the city.
  EXPECT_EQ(Ids("Observation?value-string:contains=him"), "t");
  EXPECT_EQ(Ids("Observation?code=s|c-1"), "t");
  EXPECT_EQ(Ids("Observation?_id=t&value-string:missing=false"), "t");
  EXPECT_EQ(Ids("Observation?_id=t,o&_sort=date&_count=10&_lastUpdated=gt2000-01-01"), "t o");
  EXPECT_EQ(Ids("Organization?name=House%2019&_sort=name"), "h");
  EXPECT_EQ(Ids("Patient?family=Test&_sort=name"), "p");
  viewer_ = all_;
  EXPECT_EQ(Ids("Observation?value-string:contains=1990"), "t") << "who sees it whole asks as he likes";
}

TEST_F(MaskedTest, AWholeValueIsAskedForAlone) {
  const std::string card(kCard), other = "380101197103046118";
  const std::string several[] = {"Patient?identifier=" + card + "," + other,
                                 "Patient?_id=p&identifier=" + card,
                                 "Patient?_id=p&_summary=count&identifier=" + other,
                                 "Patient?name=Test&identifier=" + card,
                                 "Patient?_lastUpdated=gt2000&identifier=" + card,
                                 "Patient?identifier=" + card + "&identifier=" + card,
                                 "Patient?identifier:missing=false&identifier=" + card,
                                 "Patient?gender=male&identifier=" + card,
                                 "Observation?subject:identifier=" + card + "," + other,
                                 "Observation?_id=o&subject:identifier=" + card,
                                 "Observation?subject:Patient.identifier=" + card,
                                 "Patient?_has:RelatedPerson:patient:identifier=" + card,
                                 "Patient?_has:Observation:subject:subject.identifier=" + card,
                                 "Patient/p/Patient?identifier=" + card,
                                 "Patient/p/RelatedPerson?identifier=" + card,
                                 "?_type=Patient,Person&_id=p&identifier=" + card};
  for (const std::string& way : several) EXPECT_EQ(Get(way).status, 403) << way;
  const Response told = Get("Patient?_id=p&identifier=" + card);
  EXPECT_NE(told.body.find("alone"), std::string::npos) << told.body;
  EXPECT_FALSE(Leaks(told)) << told.body;
  const std::string halves = "identifier=" + card + "," + other;
  for (const Method method : {Method::kPut, Method::kPatch, Method::kDelete})
    EXPECT_EQ(Send(Make(method, "Patient?" + halves, "[]")).status, 403);
  Request exists = Make(Method::kPost, "Patient", R"({"resourceType":"Patient"})");
  exists.if_none_exist = halves;
  EXPECT_EQ(Send(exists).status, 403);
  const Response batched = Post(
      "", R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?)" +
              halves + R"("}},{"request":{"method":"GET","url":"Patient?identifier=)" + card + R"("}}]})");
  EXPECT_EQ(At(Parsed(batched), "entry.0.response.status").substr(0, 3), "403") << batched.body;
  EXPECT_EQ(At(Parsed(batched), "entry.1.response.status").substr(0, 3), "200") << batched.body;
  viewer_ = all_;
  EXPECT_EQ(Ids("Patient?_id=p&" + halves), "p") << "who sees it whole asks as he likes";
}

TEST_F(MaskedTest, WhoeverTriesNumbersIsSlowed) {
  auto few = std::make_shared<access::Viewer>(*viewer_);
  auto masks = std::make_shared<access::Masks>(*few->masks);
  masks->exact_per_hour = 3;
  few->masks = std::move(masks);
  viewer_ = few;
  const std::string ask = "Patient?identifier=" + std::string(kCard);
  EXPECT_EQ(Ids(ask), "p");
  EXPECT_EQ(Ids("Patient?identifier=380101197103046118"), "");
  EXPECT_EQ(Ids(ask), "p") << "asked before: no new try";
  // In a batch, and by a condition, it is one question too.
  const std::string third = "Patient?identifier=380101197103046126",
                    fourth = "Patient?identifier=380101197103046134";
  const Response batched =
      Post("", R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":")" +
                   third + R"("}}]})");
  EXPECT_EQ(At(Parsed(batched), "entry.0.response.status").substr(0, 3), "200") << batched.body;
  const Response refused = Get(fourth);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(Ids(ask), "p") << "what he knows already";
  EXPECT_FALSE(Leaks(refused));
  // And whoever watches is told.
  EXPECT_EQ(refused.audit_reason, "enumeration");
  EXPECT_EQ(interactions_->inquiries()->alarms().accounts, 1u);
  EXPECT_EQ(interactions_->inquiries()->alarms().refused, 1u);
  Request exists = Make(Method::kPost, "Patient", R"({"resourceType":"Patient"})");
  exists.if_none_exist = fourth.substr(8);
  EXPECT_EQ(Send(exists).status, 429);
  EXPECT_EQ(Ids("Patient?_id=p"), "p") << "what is not masked is asked as before";
  auto other = std::make_shared<access::Viewer>(*few);
  other->account = "colleague";
  viewer_ = other;
  EXPECT_EQ(Ids(ask), "p");
  viewer_ = few;
  clock_.Advance(3601 * kSecondUs);
  EXPECT_EQ(Ids(ask), "p");
}

TEST_F(MaskedTest, PatchTestsNothing) {
  const std::string test = R"([{"op":"test","path":"/telecom/0/value","value":"19900009011"}])";
  const std::string wrong = R"([{"op":"test","path":"/telecom/0/value","value":"19900009012"}])";
  const Response right = Patch("Patient/p", test), no = Patch("Patient/p", wrong);
  EXPECT_EQ(right.status, 403);
  EXPECT_EQ(right.body, no.body);
  const std::string copy = R"([{"op":"copy","from":"/telecom/0/value","path":"/language"}])";
  EXPECT_EQ(Patch("Patient?_id=p", copy).status, 403);
  EXPECT_EQ(Patch("Observation/o", copy).status, 403) << "its note holds a number";
  ASSERT_EQ(
      Put("Observation/n", R"({"resourceType":"Observation","id":"n","status":"final","code":{"text":"c"}})")
          .status,
      201);
  EXPECT_EQ(Patch("Observation/n", R"([{"op":"add","path":"/language","value":"zh"}])").status, 200);
}

TEST_F(MaskedTest, MaskedTextNeverTakesThePlaceOfTheTruth) {
  const fhir::Document seen = Parsed(Get("Patient/p"));
  std::string sent(seen.Text());
  sent.replace(sent.find("\"male\""), 6, "\"female\"");
  EXPECT_EQ(Put("Patient/p", sent).status, 200);
  const std::string stored = Stored("Patient/p");
  for (const std::string_view truth :
       {kCard, kPhone, std::string_view("1971-03-04"), std::string_view("female")})
    EXPECT_NE(stored.find(truth), std::string::npos) << truth << stored;
  EXPECT_EQ(stored.find("MASKED"), std::string::npos) << stored;
  // The same through a transaction, and by a condition.
  const Response bundled = Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                                        sent + R"(,"request":{"method":"PUT","url":"Patient/p"}}]})");
  EXPECT_EQ(bundled.status, 200) << bundled.body;
  EXPECT_NE(Stored("Patient/p").find(kPhone), std::string::npos);
  EXPECT_EQ(Put("Patient?identifier=380101197103046119", sent).status, 200);
  EXPECT_NE(Stored("Patient/p").find(kPhone), std::string::npos);
  // Stars that are not his.
  const Response refused =
      Put("Patient/p", R"({"resourceType":"Patient","id":"p","telecom":[{"value":"199****0000"}]})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(IssuePath(refused), "Patient.telecom[0]");
  EXPECT_EQ(Post("Patient", sent).status, 422) << "nothing is stored that it could stand for";
}

TEST_F(MaskedTest, NumbersThatHeWritesCountAsThoseHeAsksFor) {
  auto few = std::make_shared<access::Viewer>(*viewer_);
  auto masks = std::make_shared<access::Masks>(*few->masks);
  masks->exact_per_hour = 2;
  few->masks = masks;
  viewer_ = few;
  EXPECT_EQ(MakeNumbered("380101197103046127"), 201);
  EXPECT_EQ(Put("Patient/p", std::string(Parsed(Get("Patient/p")).Text())).status, 200) << "nothing new";
  EXPECT_EQ(MakeNumbered("380101197103046135"), 201);
  EXPECT_EQ(MakeNumbered("380101197103046143"), 429);
  viewer_ = AdminViewer();
  EXPECT_EQ(MakeNumbered("380101197103046143"), 201);
}

TEST_F(MaskedTest, OneNumberCountsOnceHoweverItIsTold) {
  auto few = std::make_shared<access::Viewer>(*viewer_);
  auto masks = std::make_shared<access::Masks>(*few->masks);
  masks->exact_per_hour = 1;
  few->masks = masks;
  viewer_ = few;
  const std::string number = "38010219710304611X", sid = "http://tongkang.dev/fhir/sid/cn-resident-id";
  Request made =
      Make(Method::kPost, "Patient",
           fmt::format(R"({{"resourceType":"Patient","identifier":[{{"system":"{}","value":"{}"}}]}})", sid,
                       number));
  made.if_none_exist = fmt::format("identifier={}|{}", sid, number);
  EXPECT_EQ(Send(made).status, 201) << "asked and written at once";
  EXPECT_EQ(Get("Patient?identifier=" + number).status, 200) << "without the system";
  EXPECT_EQ(Get("Patient?identifier=38010219710304611x").status, 200) << "a small x";
  EXPECT_EQ(MakeNumbered(number), 201) << "in another record";
  EXPECT_EQ(MakeNumbered("380102 19710304 611X"), 201) << "with blanks, as the person index reads it";
  EXPECT_EQ(interactions_->inquiries()->alarms().refused, 0u);
  EXPECT_EQ(Get("Patient?identifier=380102197103046128").status, 429);
  // What was refused is not told by being told again in the same request.
  const std::string twice =
      R"({"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","identifier":[{"value":"380102197103046128"}]}})";
  const Response batched =
      Post("", R"({"resourceType":"Bundle","type":"batch","entry":[)" + twice + "," + twice + "]}");
  EXPECT_EQ(At(Parsed(batched), "entry.0.response.status").substr(0, 3), "429") << batched.body;
  EXPECT_EQ(At(Parsed(batched), "entry.1.response.status").substr(0, 3), "429") << batched.body;
}

TEST_F(MaskedTest, NoWayOfWritingANumberIsUncounted) {
  const auto masks = std::make_shared<access::Masks>(*viewer_->masks);
  masks->exact_per_hour = 3;
  const auto few = [&](const std::string& account) {
    auto viewer = std::make_shared<access::Viewer>(*all_);
    viewer->masks = masks;
    viewer->account = account;
    viewer_ = viewer;
  };
  const auto person = [](std::string_view id, std::string_view number) {
    return fmt::format(
        R"({{"resourceType":"Patient","id":"{}","address":[{{"text":"{}"}}]{}}})", id, number,
        number.empty()
            ? ""
            : fmt::format(
                  R"(,"identifier":[{{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"}}])",
                  number));
  };
  // Written as a text first, then as what it is.
  few("texts");
  const std::string in_text =
      R"({"resourceType":"Patient","id":"t","address":[{"text":"380101197103046127 380101197103046135"}]})";
  EXPECT_EQ(Put("Patient/t", in_text).status, 201);
  EXPECT_EQ(Put("Patient/t", person("t", "380101197103046127")).status, 200);
  EXPECT_EQ(Put("Patient/t", person("t", "380101197103046135")).status, 200);
  EXPECT_EQ(Put("Patient/t", person("t", "380101197103046143")).status, 429);
  // By steps, alone and in a Bundle.
  few("steps");
  const auto steps = [](std::string_view number) {
    return fmt::format(
        R"([{{"op":"add","path":"/identifier","value":[{{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"}}]}}])",
        number);
  };
  for (const char* id : {"s0", "s1"})
    ASSERT_EQ(Put(fmt::format("Patient/{}", id), fmt::format(R"({{"resourceType":"Patient","id":"{}"}})", id))
                  .status,
              201);
  EXPECT_EQ(Patch("Patient/s0", steps("380101197103046127")).status, 200);
  EXPECT_EQ(Patch("Patient/s1", R"([{"op":"add","path":"/birthDate","value":"1971-03-04"}])").status, 200);
  EXPECT_EQ(MakeNumbered("380101197103046135"), 201);
  EXPECT_EQ(MakeNumbered("380101197103046143"), 429);
  // In a batch each counts once, however often it is attempted.
  few("batch");
  std::string entries;
  for (const char* number : {"380101197103046127", "380101197103046135", "380101197103046143"})
    entries += fmt::format(R"({}{{"resource":{},"request":{{"method":"POST","url":"Patient"}}}})",
                           entries.empty() ? "" : ",", person("x", number));
  const fhir::Document answer =
      Parsed(Post("", R"({"resourceType":"Bundle","type":"batch","entry":[)" + entries + "]}"));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(At(answer, fmt::format("entry.{}.response.status", i)).substr(0, 3), "201") << answer.Text();
}

TEST_F(MaskedTest, WhatHeDoesNotSeeGoesToNobodyElse) {
  const auto reading = [](std::string_view person) {
    return fmt::format(
        R"({{"resourceType":"Observation","id":"r","status":"final","code":{{"text":"c"}},"subject":{{"reference":"Patient/{}"}},"note":[{{"text":"call {}"}}]}})",
        person, kPhone);
  };
  const auto masked = std::exchange(viewer_, nullptr);
  viewer_ = AdminViewer();
  ASSERT_EQ(Put("Patient/q", PatientJson("q")).status, 201);
  ASSERT_EQ(Put("Observation/r", reading("p")).status, 201);
  viewer_ = masked;
  std::string seen(Parsed(Get("Observation/r")).Text());
  ASSERT_EQ(seen.find(kPhone), std::string::npos);
  seen.replace(seen.find("Patient/p"), 9, "Patient/q");
  EXPECT_EQ(Put("Observation/r", seen).status, 403);
  EXPECT_EQ(
      Put("Observation/r", R"({"resourceType":"Observation","id":"r","status":"final","code":{"text":"c"}})")
          .status,
      403);
  EXPECT_NE(Stored("Observation/r").find("Patient/p"), std::string::npos);
  // What he sees whole he may turn.
  viewer_ = AdminViewer();
  ASSERT_EQ(
      Put("Observation/s",
          R"({"resourceType":"Observation","id":"s","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/p"}})")
          .status,
      201);
  viewer_ = masked;
  EXPECT_EQ(
      Put("Observation/s",
          R"({"resourceType":"Observation","id":"s","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/q"}})")
          .status,
      200);
}

TEST_F(MaskedTest, RepeatedRequestsAreKnownAgain) {
  const std::string seen(Parsed(Get("Patient/p")).Text());
  const std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + seen +
                             R"(,"request":{"method":"PUT","url":"Patient/p"}}]})";
  Request first = Make(Method::kPost, "", bundle);
  first.idempotency_key = "k1";
  EXPECT_EQ(Send(first).status, 200);
  const Response again = Send(first);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_NE(again.body.find("/_history/3"), std::string::npos) << again.body;
}

TEST_F(MaskedTest, RevealShowsOneAndSaysWhy) {
  const auto reveal = [&](std::string_view reason) {
    return Post("Patient/p/$reveal",
                R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":")" +
                    std::string(reason) + R"("}]})");
  };
  const Response shown = reveal("contact-person");
  EXPECT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(At(Parsed(shown), "telecom.0.value"), kPhone);
  EXPECT_EQ(shown.body.find("MASKED"), std::string::npos);
  EXPECT_EQ(shown.audit_action, "reveal");
  EXPECT_EQ(shown.audit_reason, "contact-person");
  EXPECT_EQ(shown.audit_id, "p");
  EXPECT_EQ(reveal("curiosity").status, 400);
  EXPECT_EQ(Post("Patient/p/$reveal", R"({"resourceType":"Parameters"})").status, 400);
  EXPECT_EQ(
      Post("Patient/none/$reveal",
           R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"contact-person"}]})")
          .status,
      404);
  EXPECT_FALSE(Leaks(Get("Patient/p"))) << "nothing stays open";
  const Response batched = Post(
      "",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"contact-person"}]},)"
      R"("request":{"method":"POST","url":"Patient/p/$reveal"}}]})");
  EXPECT_FALSE(Leaks(batched)) << batched.body;
  auto without = std::make_shared<access::Viewer>(*viewer_);
  auto post = std::make_shared<access::Post>(*without->post);
  post->operations = {"$everything"};
  without->post = post;
  viewer_ = without;
  EXPECT_EQ(reveal("contact-person").status, 403);
}

}  // namespace
}  // namespace tk::interaction
