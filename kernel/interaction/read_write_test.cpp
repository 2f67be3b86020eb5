// read, vread, create, update, patch, delete: the good ways and the bad ones.
#include <fmt/format.h>

#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/interaction/prefer.h"

namespace tk::interaction {
namespace {

class ReadWrite : public InteractionTest {};

TEST_F(ReadWrite, CreateGivesIdVersionAndLocation) {
  const Response created = Post("Patient", PatientJson("will-be-replaced"));
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.etag, "W/\"1\"");
  EXPECT_NE(created.last_modified_us, 0);
  const std::string id = IdOf(created);
  EXPECT_EQ(id.size(), 36u);
  const fhir::Document body = Parsed(created);
  EXPECT_EQ(At(body, "id"), id);
  EXPECT_EQ(At(body, "meta.versionId"), "1");
  const Response read = Get("Patient/" + id);
  ASSERT_EQ(read.status, 200);
  EXPECT_EQ(read.body, created.body) << "what create answers is what a read answers";
  EXPECT_EQ(read.last_modified_us, created.last_modified_us);
}

TEST_F(ReadWrite, BadBodiesAreRefusedWithTheirPath) {
  EXPECT_EQ(Post("Patient", "").status, 400);
  EXPECT_EQ(Post("Patient", "{\"resourceType\":\"Patient\"").status, 400);
  const Response unknown = Post("Patient", R"({"resourceType":"Patient","nickname":"x"})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(IssuePath(unknown), "Patient.nickname");
  EXPECT_GE(Post("Patient", R"({"resourceType":"Observation","status":"final","code":{"text":"a"}})").status,
            400);
  EXPECT_GE(Post("Patient", R"({"active":true})").status, 400);
  Request form = Make(Method::kPost, "Patient", "a=b");
  form.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(Send(std::move(form)).status, 415);
  EXPECT_EQ(engine_->Head().t, 0u) << "nothing of this was written";
}

TEST_F(ReadWrite, ErrorTextsNameNoValues) {
  const Response refused = Post("Patient", R"({"resourceType":"Patient","birthDate":"zhangsan-secret"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body.find("zhangsan-secret"), std::string::npos) << refused.body;
  EXPECT_EQ(Get("Patient/zhangsan-secret").body.find("zhangsan"), std::string::npos);
}

TEST_F(ReadWrite, UpdateAsCreateThenUpdateThenVRead) {
  EXPECT_EQ(Put("Patient/a", PatientJson("a", "One")).status, 201);
  const Response second = Put("Patient/a", PatientJson("a", "Two"));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.etag, "W/\"2\"");
  EXPECT_EQ(Put("Patient/a", PatientJson("a", "Two")).etag, "W/\"3\"")
      << "the same content makes a version too";
  EXPECT_NE(Get("Patient/a/_history/1").body.find("One"), std::string::npos);
  EXPECT_NE(Get("Patient/a").body.find("Two"), std::string::npos);
  EXPECT_EQ(Get("Patient/a/_history/4").status, 404);
  EXPECT_EQ(Get("Patient/a/_history/x").status, 404);
  EXPECT_EQ(Get("Patient/b").status, 404);
}

TEST_F(ReadWrite, UpdateNeedsTheIdOfTheUrl) {
  const Response other = Put("Patient/a", PatientJson("b"));
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(IssuePath(other), "Patient.id");
  EXPECT_EQ(Put("Patient/a", PatientJson("")).status, 400);
  EXPECT_EQ(Put("Patient/a_b", PatientJson("a_b")).status, 400);
  EXPECT_EQ(Put("Patient/" + std::string(65, 'a'), PatientJson(std::string(65, 'a'))).status, 400);
}

TEST_F(ReadWrite, IfMatchGuardsUpdatePatchAndDelete) {
  Put("Patient/a", PatientJson("a"));
  Put("Patient/a", PatientJson("a"));
  for (const Method method : {Method::kPut, Method::kPatch, Method::kDelete}) {
    Request stale = Make(method, "Patient/a",
                         method == Method::kPut     ? PatientJson("a")
                         : method == Method::kPatch ? "[]"
                                                    : "");
    stale.if_match = "W/\"1\"";
    EXPECT_EQ(Send(std::move(stale)).status, 412);
  }
  Request right = Make(Method::kPut, "Patient/a", PatientJson("a", "Right"));
  right.if_match = "W/\"2\"";
  EXPECT_EQ(Send(std::move(right)).status, 200);
  Request any = Make(Method::kPut, "Patient/a", PatientJson("a"));
  any.if_match = "*";
  EXPECT_EQ(Send(std::move(any)).status, 200);
  Put("Patient/b", PatientJson("b"));
  Request listed = Make(Method::kPut, "Patient/b", PatientJson("b"));
  listed.if_match = "W/\"7\", W/\"1\"";
  EXPECT_EQ(Send(std::move(listed)).status, 200);
  Request nothing = Make(Method::kPut, "Patient/none", PatientJson("none"));
  nothing.if_match = "*";
  EXPECT_EQ(Send(std::move(nothing)).status, 412);
  Request absent = Make(Method::kPut, "Patient/new", PatientJson("new"));
  absent.if_match = "W/\"1\"";
  EXPECT_EQ(Send(std::move(absent)).status, 412);
  Request nobody = Make(Method::kDelete, "Patient?identifier=urn:x|nobody");
  nobody.if_match = "W/\"1\"";
  EXPECT_EQ(Send(std::move(nobody)).status, 412);
}

TEST_F(ReadWrite, IfMatchIsRefusedWhereThereIsNoVersion) {
  const auto with = [&](Method method, std::string_view target, std::string body, std::string if_match) {
    Request request = Make(method, target, std::move(body));
    request.if_match = std::move(if_match);
    return Send(std::move(request));
  };
  for (const std::string if_match :
       {"W/\"1\"", "*", ","}) {  // "," is what the header without a value comes as
    const Response refused = with(Method::kPost, "Patient", PatientJson(""), if_match);
    EXPECT_EQ(refused.status, 400) << if_match;
    EXPECT_NE(refused.body.find("If-None-Exist"), std::string::npos) << "it says what to use instead";
    EXPECT_EQ(with(Method::kPost, "", R"({"resourceType":"Bundle","type":"batch"})", if_match).status, 400);
  }
  EXPECT_EQ(with(Method::kPut, "Patient/a", PatientJson("a"), ",").status, 400);
  EXPECT_EQ(engine_->Head().t, 0u) << "nothing was written";
}

TEST_F(ReadWrite, DeleteThenGoneThenBack) {
  Put("Patient/a", PatientJson("a"));
  const Response deleted = Delete("Patient/a");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.etag, "W/\"2\"");
  const Response gone = Get("Patient/a");
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.etag, "W/\"2\"");
  EXPECT_EQ(Get("Patient/a/_history/1").status, 200);
  EXPECT_EQ(Get("Patient/a/_history/2").status, 410);
  EXPECT_EQ(Delete("Patient/a").status, 204) << "again: nothing to do";
  EXPECT_EQ(Delete("Patient/never").status, 204);
  const Response back = Put("Patient/a", PatientJson("a"));
  EXPECT_EQ(back.status, 201);
  EXPECT_EQ(back.etag, "W/\"3\"");
  EXPECT_EQ(Get("Patient/a").status, 200);
}

TEST_F(ReadWrite, ConditionalRead) {
  const Response created = Put("Patient/a", PatientJson("a"));
  Request none_match = Make(Method::kGet, "Patient/a");
  none_match.if_none_match = created.etag;
  const Response same = Send(std::move(none_match));
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.audit_action, "read");
  EXPECT_EQ(same.audit_id, "a");
  EXPECT_TRUE(same.body.empty());
  Request since = Make(Method::kGet, "Patient/a");
  since.if_modified_since = "Sat, 29 Oct 2044 19:43:31 GMT";
  EXPECT_EQ(Send(std::move(since)).status, 304);
  Request older = Make(Method::kGet, "Patient/a");
  older.if_modified_since = "Sat, 29 Oct 1994 19:43:31 GMT";
  EXPECT_EQ(Send(std::move(older)).status, 200);
  Request head = Make(Method::kHead, "Patient/a");
  const Response headed = Send(std::move(head));
  EXPECT_EQ(headed.status, 200);
  EXPECT_TRUE(headed.body.empty());
  EXPECT_EQ(headed.etag, created.etag);
}

// Last-Modified has whole seconds: who read the first version of a second must hear of the second.
TEST_F(ReadWrite, ADateTellsNoTwoVersionsOfOneSecondApart) {
  const auto since = [this](std::string_view date) {
    Request request = Make(Method::kGet, "Patient/a");
    request.if_modified_since = date;
    return Send(std::move(request)).status;
  };
  const std::string date = "Sat, 29 Oct 2044 19:43:31 GMT", later = "Sat, 29 Oct 2044 19:43:32 GMT";
  const auto at = [&](Instant us) { clock_.Set(*ParseHttpDate(date) + us); };
  at(100);
  EXPECT_EQ(Put("Patient/a", PatientJson("a")).status, 201);
  EXPECT_EQ(since(date), 304) << "the only one of its second";
  at(200);
  EXPECT_EQ(Put("Patient/a", PatientJson("a", "male")).status, 200);
  EXPECT_EQ(since(date), 200);
  EXPECT_EQ(since(later), 304);
  at(kSecondUs + 100);
  EXPECT_EQ(Delete("Patient/a").status, 204);
  at(kSecondUs + 200);
  EXPECT_EQ(Put("Patient/a", PatientJson("a")).status, 201);
  EXPECT_EQ(since(later), 200) << "written anew in the second of the delete";
  at(5 * kSecondUs);
  EXPECT_EQ(Put("Patient/a", PatientJson("a", "female")).status, 200);
  EXPECT_EQ(since("Sat, 29 Oct 2044 19:43:36 GMT"), 304);
}

TEST_F(ReadWrite, PreferSaysWhatComesBack) {
  Request minimal = Make(Method::kPost, "Patient", PatientJson(""));
  minimal.prefer = "return=minimal";
  const Response small = Send(std::move(minimal));
  EXPECT_EQ(small.status, 201);
  EXPECT_TRUE(small.body.empty());
  EXPECT_FALSE(small.location.empty());
  Request outcome = Make(Method::kPost, "Patient", PatientJson(""));
  outcome.prefer = "return=OperationOutcome";
  EXPECT_EQ(At(Parsed(Send(std::move(outcome))), "resourceType"), "OperationOutcome");
}

TEST_F(ReadWrite, PatchChangesAndRefuses) {
  Put("Patient/a", PatientJson("a", "Old"));
  const Response patched = Patch(
      "Patient/a",
      R"([{"op":"test","path":"/meta/versionId","value":"1"},{"op":"replace","path":"/name/0/family","value":"New"}])");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.etag, "W/\"2\"");
  EXPECT_NE(Get("Patient/a").body.find("New"), std::string::npos);
  EXPECT_GE(Patch("Patient/a", R"([{"op":"replace","path":"/id","value":"b"}])").status, 400);
  EXPECT_EQ(Patch("Patient/a", R"([{"op":"add","path":"/nickname","value":"b"}])").status, 422);
  EXPECT_GE(Patch("Patient/a", R"([{"op":"test","path":"/name/0/family","value":"Old"}])").status, 400);
  EXPECT_EQ(Patch("Patient/none", "[]").status, 404);
  Request wrong = Make(Method::kPatch, "Patient/a", "{}");
  wrong.content_type = "application/fhir+json";
  EXPECT_EQ(Send(std::move(wrong)).status, 415);
  EXPECT_EQ(Get("Patient/a").etag, "W/\"2\"") << "the refused ones changed nothing";
}

TEST_F(ReadWrite, SummaryElementsPrettyAndFormat) {
  Put("Patient/a",
      R"({"resourceType":"Patient","id":"a","active":true,"maritalStatus":{"text":"m"},"name":[{"family":"F"}]})");
  const Response elements = Get("Patient/a?_elements=active");
  EXPECT_NE(elements.body.find("active"), std::string::npos);
  EXPECT_EQ(elements.body.find("family"), std::string::npos);
  EXPECT_NE(elements.body.find("SUBSETTED"), std::string::npos);
  EXPECT_EQ(Get("Patient/a?_summary=true").body.find("maritalStatus"), std::string::npos);
  EXPECT_NE(Get("Patient/a?_pretty=true").body.find("\n"), std::string::npos);
  EXPECT_EQ(Get("Patient/a?_summary=most").status, 400);
  EXPECT_EQ(Get("Patient/a?_elements=nothing").status, 400);
  EXPECT_EQ(Get("Patient/a?colour=red").status, 400) << "nothing is passed over silently";
  EXPECT_EQ(Get("Patient/a?_format=xml").status, 406);
  Request xml = Make(Method::kGet, "Patient/a");
  xml.accept = "application/fhir+xml";
  const Response refused = Send(std::move(xml));
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(At(Parsed(refused), "resourceType"), "OperationOutcome");
}

// A part sent back would take away the rest: R4 search.html#summary.
TEST_F(ReadWrite, ACutCopyIsNotWrittenOverTheWhole) {
  const std::string whole =
      R"({"resourceType":"Patient","id":"a","active":true,"birthDate":"1970-05-05","name":[{"family":"F"}]})";
  Put("Patient/a", whole);
  const std::string cut = Get("Patient/a?_elements=name").body;
  const Response refused = Send(Make(Method::kPut, "Patient/a", cut));
  ASSERT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(At(Parsed(refused), "issue.0.expression.0"), "Patient.meta.tag[0]");
  EXPECT_NE(At(Parsed(refused), "issue.0.diagnostics").find("without _summary"), std::string::npos);
  EXPECT_EQ(Send(Make(Method::kPost, "Patient", cut)).status, 422);
  const std::string entry = R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + cut +
                            R"(,"request":{"method":"PUT","url":"Patient/a"}}]})";
  EXPECT_EQ(Send(Make(Method::kPost, "", entry)).status, 422);
  const std::string tag =
      R"([{"op":"add","path":"/meta/tag","value":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}])";
  EXPECT_EQ(Patch("Patient/a", tag).status, 422);
  EXPECT_NE(Send(Make(Method::kPost, "Patient/$validate", cut)).body.find("SUBSETTED"), std::string::npos);
  EXPECT_EQ(Get("Patient/a").etag, "W/\"1\"") << "the refused ones changed nothing";
  // The code of another system is somebody's own word.
  std::string other = whole;
  other.insert(other.size() - 1, R"(,"meta":{"tag":[{"system":"http://a.example/x","code":"SUBSETTED"}]})");
  EXPECT_EQ(Send(Make(Method::kPut, "Patient/a", other)).status, 200);
}

TEST_F(ReadWrite, RouterSaysWhatIsOffered) {
  EXPECT_EQ(Get("Nothing/1").status, 404);
  EXPECT_EQ(Get("patient/1").status, 404);
  EXPECT_EQ(Get("DomainResource/1").status, 404);
  const Response wrong = Delete("metadata");
  EXPECT_EQ(wrong.status, 405);
  ASSERT_FALSE(wrong.headers.empty());
  EXPECT_EQ(wrong.headers[0].first, "Allow");
  EXPECT_EQ(wrong.headers[0].second, "GET, HEAD");
  EXPECT_EQ(Get("Patient/1/$unknown").status, 404);
}

TEST_F(ReadWrite, AnIdempotencyKeyGivesTheFirstAnswerAgain) {
  Request first = Make(Method::kPost, "Patient", PatientJson("", "K"));
  first.idempotency_key = "key-1";
  const Response once = Send(first);
  const Response twice = Send(first);
  ASSERT_EQ(once.status, 201) << once.body;
  EXPECT_EQ(twice.status, 201);
  EXPECT_EQ(twice.location, once.location);
  EXPECT_EQ(twice.etag, once.etag);
  EXPECT_EQ(twice.body, once.body);
  EXPECT_EQ(engine_->Head().t, 1u);
  Request other_body = first;
  other_body.body = PatientJson("", "L");
  EXPECT_EQ(Send(std::move(other_body)).status, 409) << "the same key for something else";
  Request other_system = first;
  other_system.idempotency_key = "key-2";
  const auto with_system = [](std::string_view system) {
    return fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"http://{}.example.org/card","value":"7"}}]}})",
        system);
  };
  other_system.body = with_system("a");
  EXPECT_EQ(Send(Request(other_system)).status, 201);
  EXPECT_EQ(Send(Request(other_system)).status, 201);
  other_system.body = with_system("b");
  EXPECT_EQ(Send(std::move(other_system)).status, 409) << "a system is no link";
  Request tagged = first;
  tagged.body = R"({"resourceType":"Patient","meta":{"tag":[{"code":"t"}]},"name":[{"family":"K"}]})";
  EXPECT_EQ(Send(std::move(tagged)).status, 409) << "its tags are the client's";
  Request with_meta = first;
  with_meta.body = R"({"resourceType":"Patient","id":"mine","name":[{"family":"K"}]})";
  EXPECT_EQ(Send(std::move(with_meta)).location, once.location) << "its id is not the client's to choose";
  Request other_account = first;
  auto other = AdminViewer();
  other->account = "other";
  other_account.viewer = other;
  EXPECT_NE(Send(std::move(other_account)).location, once.location) << "keys are an account's own";
}

TEST_F(ReadWrite, PostsLimitTypes) {
  auto limited = AdminViewer();
  auto post = std::make_shared<access::Post>();
  post->reads = {"Patient"};
  limited->post = post;
  Put("Patient/a", PatientJson("a"));
  viewer_ = limited;
  EXPECT_EQ(Get("Patient/a").status, 200);
  const Response refused = Get("Observation/a");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.audit_type + "/" + refused.audit_id, "Observation/a") << "attempts are audited";
  EXPECT_EQ(Put("Patient/a", PatientJson("a")).status, 403);
  EXPECT_EQ(Post("Patient", PatientJson("")).status, 403);
  EXPECT_EQ(Delete("Patient/a").status, 403);
  EXPECT_EQ(Get("Patient/a/$everything").status, 403);
  EXPECT_EQ(Get("_history").status, 403);
  EXPECT_EQ(Post("Patient/$validate", PatientJson("a")).status, 403);
}

TEST_F(ReadWrite, AreasLimitRecords) {
  Put("Patient/east", PatientJson("east", "E", "380102"));
  Put("Patient/west", PatientJson("west", "W", "380103"));
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Get("Patient/east").status, 200);
  EXPECT_EQ(Get("Patient/west").status, 404) << "as if it were not there";
  EXPECT_EQ(Get("Patient/west/_history").status, 404);
  EXPECT_EQ(Put("Patient/west", PatientJson("west", "X", "380102")).status, 403);
  const Response deleted = Delete("Patient/west"), never = Delete("Patient/never");
  EXPECT_EQ(deleted.status, never.status) << "as if it were not there";
  EXPECT_EQ(deleted.etag + deleted.body, never.etag + never.body);
  for (const std::string id : {"west", "never"}) {
    Request request = Make(Method::kDelete, "Patient/" + id);
    request.if_match = "W/\"1\"";
    EXPECT_EQ(Send(std::move(request)).status, 412) << id;
  }
  EXPECT_EQ(Put("Patient/east", PatientJson("east", "E", "380103")).status, 403)
      << "a record may not be moved out of sight";
  EXPECT_EQ(Put("Patient/nowhere", PatientJson("nowhere")).status, 403);
  EXPECT_EQ(Put("Patient/mine", PatientJson("mine", "M", "380102001")).status == 403, false);
  const auto observation = [](std::string_view patient) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"t"},"subject":{"reference":"Patient/)" +
           std::string(patient) + R"("}})";
  };
  EXPECT_EQ(Post("Observation", observation("east")).status, 201);
  EXPECT_EQ(Post("Observation", observation("west")).status, 403);
}

TEST_F(ReadWrite, TransactionsTellNothingOfOtherAreas) {
  Put("Patient/west", PatientJson("west", "W", "380103"));
  const auto admin = viewer_;
  viewer_ = AreaViewer("380102");
  const auto answer = [this](const std::string& method, const std::string& id, const std::string& more) {
    Response response =
        Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":")" + method +
                     R"(","url":"Patient/)" + id + "\"" + more + "}]}");
    for (size_t at = response.body.find(id); at != std::string::npos; at = response.body.find(id))
      response.body.replace(at, id.size(), "?");
    return std::to_string(response.status) + " " + response.body;
  };
  const std::string patch =
      R"(},"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="})";
  EXPECT_EQ(answer("DELETE", "west", "}"), answer("DELETE", "never", "}"));
  EXPECT_EQ(answer("DELETE", "west", R"(,"ifMatch":"W/\"1\""})"),
            answer("DELETE", "never", R"(,"ifMatch":"W/\"1\""})"));
  EXPECT_EQ(answer("PATCH", "west", patch), answer("PATCH", "never", patch));
  EXPECT_EQ(answer("PATCH", "west", patch).substr(0, 3), "404");
  viewer_ = admin;
  EXPECT_EQ(Get("Patient/west").etag, "W/\"1\"") << "and it stays";
}

}  // namespace
}  // namespace tk::interaction
