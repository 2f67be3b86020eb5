// Stored value sets and code systems as searches and profiles use them, stored search parameters that do not fit, and what is answered while the
// index cannot be asked.
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

/// The real index, which can be told to be in the making.
class UnreadyIndex final : public search::Index {
 public:
  explicit UnreadyIndex(search::Index* inner) : inner_(inner) {}
  bool ready = true;

  Status IsReady() const {
    if (ready) return {};
    return MakeError(ErrorCode::kUnavailable, "The search index is being built, 7 % are done.");
  }
  std::shared_ptr<const fhir::Definitions> definitions() const override { return inner_->definitions(); }
  Status CheckParameter(std::string_view id, const fhir::Document& parameter,
                        std::span<const view::ResourcePtr> beside) const override {
    TRY(IsReady());
    return inner_->CheckParameter(id, parameter, beside);
  }
  std::vector<Issue> FaultsOf(std::string_view url) const override { return inner_->FaultsOf(url); }
  Result<search::Page> Search(const search::Query& query, const search::PageRequest& request) const override {
    TRY(IsReady());
    return inner_->Search(query, request);
  }
  Result<uint64_t> Count(const search::Query& query, const search::PageRequest& request) const override {
    TRY(IsReady());
    return inner_->Count(query, request);
  }
  Result<search::Included> Include(const search::Query& query, std::span<const view::Ordinal> matches,
                                   const search::IncludeRequest& request) const override {
    return inner_->Include(query, matches, request);
  }
  Result<std::vector<view::Ordinal>> Compartment(std::string_view patient,
                                                 const view::Position& position) const override {
    return inner_->Compartment(patient, position);
  }
  Result<std::vector<view::Ordinal>> ReferencesTo(std::string_view named,
                                                  const view::Position& position) const override {
    return inner_->ReferencesTo(named, position);
  }
  Result<view::Ordinal> FindKey(uint64_t key, const view::Position& position) const override {
    return inner_->FindKey(key, position);
  }
  bool MayAffect(const view::Prepared& prepared, fhir::TypeId type,
                 const search::Query& query) const override {
    return inner_->MayAffect(prepared, type, query);
  }
  Result<Meant> WhoIsMeant(std::span<const Made> changes, std::span<const search::Query* const> queries,
                           const MeantOptions& options) const override {
    return inner_->WhoIsMeant(changes, queries, options);
  }
  // The engine has the real one.
  std::string_view name() const override { return inner_->name(); }
  uint32_t format_version() const override { return inner_->format_version(); }
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override {
    return inner_->Prepare(change);
  }
  void Apply(const view::Change&, const view::Prepared&, view::Ordinal) override {}
  void Publish(uint64_t, view::Ordinal) override {}
  Result<view::Mark> Save(const std::string&, const view::Mark& mark) override { return mark; }
  Result<view::Mark> Load(const std::string&, const view::Mark& mark) override { return mark; }
  void Clear() override {}
  void SetOldestPinned(view::Ordinal) override {}
  size_t memory_bytes() const override { return 0; }
  size_t disk_bytes() const override { return 0; }

 private:
  search::Index* inner_;
};

class CodesTest : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    ASSERT_EQ(
        Put("CodeSystem/s",
            R"({"resourceType":"CodeSystem","id":"s","url":"http://t/s","status":"active",)"
            R"("content":"complete","concept":[{"code":"top","concept":[{"code":"low"}]},{"code":"other"}]})")
            .status,
        201);
    PutSet("low");
    for (const char* code : {"top", "low", "other"}) {
      ASSERT_EQ(Put("Observation/" + std::string(code),
                    R"({"resourceType":"Observation","id":")" + std::string(code) +
                        R"(","status":"final","code":{"coding":[{"system":"http://t/s","code":")" + code +
                        R"("}]}})")
                    .status,
                201);
    }
  }
  void PutSet(const std::string& code) {
    const Response put = Put(
        "ValueSet/v",
        R"({"resourceType":"ValueSet","id":"v","url":"http://t/v","status":"active","compose":{"include":[)"
        R"({"system":"http://t/s","concept":[{"code":")" +
            code + R"("}]}]}})");
    ASSERT_TRUE(put.status == 200 || put.status == 201) << put.body;
  }
  std::set<std::string> Found(const std::string& query) {
    const Response response = Get("Observation?" + query);
    EXPECT_EQ(response.status, 200) << query << response.body;
    const fhir::Document document = Parsed(response);
    std::set<std::string> out;
    for (const fhir::Value entry : document.Root()["entry"]) out.insert(entry["resource"]["id"].ToString());
    return out;
  }
  using Ids = std::set<std::string>;
};

TEST_F(CodesTest, SearchesUseWhatIsStored) {
  EXPECT_EQ(Found("code:in=http://t/v"), (Ids{"low"}));
  EXPECT_EQ(Found("code:in=ValueSet/v"), (Ids{"low"}));
  EXPECT_EQ(Found("code:in=http://test/fhir/ValueSet/v"), (Ids{"low"}));
  EXPECT_EQ(Found("code:not-in=http://t/v"), (Ids{"top", "other"}));
  EXPECT_EQ(Found("code:below=http://t/s%7Ctop"), (Ids{"top", "low"}));
  EXPECT_EQ(Found("code:above=http://t/s%7Clow"), (Ids{"top", "low"}));
  EXPECT_EQ(Found("status:in=http://hl7.org/fhir/ValueSet/observation-status"), (Ids{"top", "low", "other"}));
  // A code that nobody knows is no error: whoever has it is found, and it is told.
  const Response stray = Get("Observation?code:below=http://t/s%7Cstray");
  EXPECT_EQ(stray.status, 200) << stray.body;
  EXPECT_NE(stray.body.find("code system http://t/s has no such code"), std::string::npos) << stray.body;
  EXPECT_EQ(stray.body.find("(ignored)"), std::string::npos);
  const Response unknown = Get("Observation?code:in=http://t/nowhere");
  EXPECT_EQ(unknown.status, 400) << unknown.body;
  EXPECT_EQ(IssuePath(unknown), "code:in");
  EXPECT_NE(unknown.body.find("not-supported"), std::string::npos);
  EXPECT_NE(unknown.body.find("value set http://t/nowhere is not known here"), std::string::npos)
      << unknown.body;
  EXPECT_NE(Get("metadata").body.find(":in :not-in :above :below"), std::string::npos);
}

TEST_F(CodesTest, AChangedValueSetCountsAtOnceAndPagesKeepTheirs) {
  PutSet("other");
  EXPECT_EQ(Found("code:in=http://t/v"), (Ids{"other"}));
  const Response first = Get("Observation?code:not-in=http://t/v&_count=1");
  const std::string next = NextOf(first);
  ASSERT_NE(next, "");
  PutSet("low");
  EXPECT_EQ(Found("code:in=http://t/v"), (Ids{"low"}));
  const Response second = Get(next);
  const Ids pages{At(Parsed(first), "entry.0.resource.id"), At(Parsed(second), "entry.0.resource.id")};
  EXPECT_EQ(pages, (Ids{"top", "low"}));
  ASSERT_EQ(Delete("ValueSet/v").status, 204);
  EXPECT_EQ(Get("Observation?code:in=http://t/v").status, 400);
}

TEST_F(CodesTest, ConditionsUseThemToo) {
  Request request = Make(Method::kPost, "Observation",
                         R"({"resourceType":"Observation","status":"final","code":{"text":"x"}})");
  request.if_none_exist = "code:in=http://t/v";
  EXPECT_EQ(Send(request).status, 200);
  request.if_none_exist = "code:below=http://t/s%7Cother&status=amended";
  EXPECT_EQ(Send(request).status, 201);
}

TEST_F(CodesTest, BindingsOfProfilesReachTheOfficialHierarchies) {
  ASSERT_EQ(
      Put("ValueSet/classes",
          R"({"resourceType":"ValueSet","id":"classes","url":"http://t/classes","status":"active","compose":{"include":[)"
          R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","filter":[{"property":"concept","op":"is-a","value":"_ActEncounterCode"}]}]}})")
          .status,
      201);
  ASSERT_EQ(
      Put("StructureDefinition/visit",
          R"({"resourceType":"StructureDefinition","id":"visit","url":"http://t/visit","name":"Visit","status":"active","kind":"resource","abstract":false,)"
          R"("type":"Encounter","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Encounter","derivation":"constraint","differential":{"element":[)"
          R"({"id":"Encounter","path":"Encounter"},{"id":"Encounter.class","path":"Encounter.class","binding":{"strength":"required","valueSet":"http://t/classes"}}]}})")
          .status,
      201);
  const auto post = [&](const char* code) {
    return Post("Encounter",
                R"({"resourceType":"Encounter","meta":{"profile":["http://t/visit"]},"status":"finished",)"
                R"("class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":")" +
                    std::string(code) + R"("}})");
  };
  EXPECT_EQ(post("ACUTE").status, 201);
  const Response refused = post("FLEXP");
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(IssuePath(refused), "Encounter.class");
}

// FHIR R4 CodeSystem.caseSensitive.
TEST_F(CodesTest, BindingsCompareCodesAsTheirStoredCodeSystemDoes) {
  const auto system = [](const char* sensitive) {
    return R"({"resourceType":"CodeSystem","id":"ci","url":"http://t/ci","status":"active","content":"complete","caseSensitive":)" +
           std::string(sensitive) + R"(,"concept":[{"code":"Abc"},{"code":"Def"}]})";
  };
  ASSERT_EQ(Put("CodeSystem/ci", system("false")).status, 201);
  ASSERT_EQ(
      Put("ValueSet/abc",
          R"({"resourceType":"ValueSet","id":"abc","url":"http://t/abc","status":"active","compose":{"include":[)"
          R"({"system":"http://t/ci","concept":[{"code":"Abc"}]}]}})")
          .status,
      201);
  ASSERT_EQ(
      Put("StructureDefinition/coded",
          R"({"resourceType":"StructureDefinition","id":"coded","url":"http://t/coded","name":"Coded","status":"active","kind":"resource","abstract":false,)"
          R"("type":"Observation","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation","derivation":"constraint","differential":{"element":[)"
          R"({"id":"Observation.code","path":"Observation.code","binding":{"strength":"required","valueSet":"http://t/abc"}}]}})")
          .status,
      201);
  const auto post = [&](const char* code) {
    return Post("Observation",
                R"({"resourceType":"Observation","meta":{"profile":["http://t/coded"]},"status":"final",)"
                R"("code":{"coding":[{"system":"http://t/ci","code":")" +
                    std::string(code) + R"("}]}})")
        .status;
  };
  EXPECT_EQ(post("Abc"), 201);
  EXPECT_EQ(post("ABC"), 201);
  EXPECT_EQ(post("def"), 422);
  ASSERT_EQ(Put("CodeSystem/ci", system("true")).status, 200);
  EXPECT_EQ(post("ABC"), 422);
  EXPECT_EQ(post("Abc"), 201);
}

TEST_F(CodesTest, ASearchParameterThatDoesNotFitIsRefused) {
  const auto parameter = [](const std::string& code, const std::string& expression,
                            const std::string& status = "active") {
    return R"({"resourceType":"SearchParameter","id":"p","url":"http://t/p","name":"x","description":"x","status":")" +
           status + R"(","code":")" + code + R"(","base":["Patient"],"type":"date","expression":")" +
           expression + "\"}";
  };
  const Response broken = Put("SearchParameter/p", parameter("born", "Patient.nothere"));
  EXPECT_EQ(broken.status, 422) << broken.body;
  EXPECT_EQ(IssuePath(broken), "SearchParameter.expression");
  const Response clash = Put("SearchParameter/p", parameter("birthdate", "Patient.birthDate"));
  EXPECT_EQ(clash.status, 422) << clash.body;
  EXPECT_EQ(IssuePath(clash), "SearchParameter.code");
  EXPECT_NE(clash.body.find("SearchParameter/individual-birthdate"), std::string::npos) << clash.body;
  EXPECT_EQ(Post("SearchParameter", parameter("birthdate", "Patient.birthDate")).status, 422);
  EXPECT_EQ(Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                         parameter("born", "Patient.nothere") +
                         R"(,"request":{"method":"PUT","url":"SearchParameter/p"}}]})")
                .status,
            422);
  EXPECT_EQ(Put("SearchParameter/p", parameter("born", "Patient.nothere", "draft")).status, 201);
  EXPECT_EQ(Put("SearchParameter/p", parameter("born", "Patient.birthDate")).status, 200);
  EXPECT_EQ(Put("SearchParameter/p", parameter("born", "Patient.birthDate")).status,
            200);  // in its own place
}

TEST_F(CodesTest, NothingPassesForUnknownWhileTheIndexCannotBeAsked) {
  ASSERT_EQ(
      Put("StructureDefinition/named",
          R"({"resourceType":"StructureDefinition","id":"named","url":"http://t/named","name":"Named","status":"active","kind":"resource","abstract":false,)"
          R"("type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[)"
          R"({"id":"Patient","path":"Patient"},{"id":"Patient.name","path":"Patient.name","min":1}]}})")
          .status,
      201);
  UnreadyIndex index(index_);
  Context context;
  context.engine = engine_.get();
  context.index = &index;
  context.clock = &clock_;
  context.software_version = "test";
  interactions_ = std::make_unique<Interactions>(context);
  const std::string claims =
      R"({"resourceType":"Patient","meta":{"profile":["http://t/named"]},"active":true})";
  index.ready = false;
  const auto expect_later = [](const Response& response) {
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_TRUE(std::any_of(response.headers.begin(), response.headers.end(),
                            [](const auto& header) { return header.first == "Retry-After"; }));
  };
  expect_later(Post("Patient", claims));
  expect_later(Post("Patient/$validate", claims));
  expect_later(Get("Observation?code:in=http://t/v"));
  expect_later(Put(
      "SearchParameter/p",
      R"({"resourceType":"SearchParameter","id":"p","url":"http://t/p","name":"x","description":"x","status":"active","code":"born","base":["Patient"],"type":"date","expression":"Patient.birthDate"})"));
  EXPECT_EQ(Post("Patient", R"({"resourceType":"Patient","active":true})").status, 201);  // claims nothing
  index.ready = true;
  EXPECT_EQ(Post("Patient", claims).status, 422);
  EXPECT_EQ(Found("code:in=http://t/v"), (Ids{"low"}));
  interactions_.reset();  // before its index
}

TEST_F(CodesTest, EverythingWithinDatesIsTheCareOfThatTime) {
  ASSERT_EQ(Put("Patient/p", PatientJson("p")).status, 201);
  const auto put = [&](const std::string& type, const std::string& id, const std::string& rest) {
    const Response response =
        Put(type + "/" + id, R"({"resourceType":")" + type + R"(","id":")" + id + "\"," + rest + "}");
    ASSERT_EQ(response.status, 201) << response.body;
  };
  const std::string subject = R"("subject":{"reference":"Patient/p"},)";
  const auto encounter = [&](const char* id, const char* start, const char* end) {
    put("Encounter", id,
        subject + R"("status":"finished","class":{"code":"IMP"},"period":{"start":")" + start +
            R"(","end":")" + end + "\"}");
  };
  encounter("within", "2013-05-01", "2013-05-03");
  encounter("across", "2014-12-31T10:00:00+08:00", "2015-01-01T10:00:00+08:00");
  encounter("before", "2012-05-01", "2012-05-03");
  put("Encounter", "undated", subject + R"("status":"planned","class":{"code":"IMP"})");
  put("Condition", "old", subject + R"("recordedDate":"2001-01-01")");
  put("AllergyIntolerance", "noted",
      R"("patient":{"reference":"Patient/p"},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"entered-in-error"}]},"recordedDate":"2001-01-01")");
  put("CarePlan", "running",
      subject + R"("status":"active","intent":"plan","period":{"start":"2010-01-01"})");
  const auto found = [&](const std::string& query) {
    const fhir::Document document = Parsed(Get("Patient/p/$everything?" + query));
    Ids out;
    for (const fhir::Value entry : document.Root()["entry"]) out.insert(entry["resource"]["id"].ToString());
    return out;
  };
  // A date of the record (recordedDate) leaves nothing out, nor does a missing one; the rest is as Type?date=ge2013&date=le2014 finds it.
  const Ids always{"p", "old", "noted", "undated", "running"};
  const auto with = [&](std::initializer_list<const char*> more) {
    Ids out = always;
    out.insert(more.begin(), more.end());
    return out;
  };
  EXPECT_EQ(found("start=2013&end=2014"), with({"within"}));
  EXPECT_EQ(found("start=2013&end=2015"), with({"within", "across"}));
  EXPECT_EQ(found("start=2014-12-31&end=2015-01-02"), with({"across"}));
  EXPECT_EQ(found("start=2013"), with({"within", "across"}));
  EXPECT_EQ(found("end=2012"), with({"before"}));
}

}  // namespace
}  // namespace tk::interaction
