// What is lost takes nothing else with it: records of a type that the program has no definition of any more, and attachments that are missing or
// damaged. They are told, what is whole is answered, and persons are erased all the same.
#include <fmt/format.h>

#include <fstream>
#include <thread>

#include "kernel/base/file.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

constexpr const char* kStockItem =
    R"({"resourceType":"StructureDefinition","url":"https://example.org/StockItem","name":"StockItem","status":"active",
  "kind":"resource","abstract":false,"type":"StockItem","derivation":"specialization",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource",
  "differential":{"element":[{"id":"StockItem","path":"StockItem"},
    {"id":"StockItem.name","path":"StockItem.name","min":0,"max":"1","type":[{"code":"string"}]},
    {"id":"StockItem.holder","path":"StockItem.holder","min":0,"max":"1","type":[{"code":"Reference",
     "targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]}]}})";
constexpr const char* kStockHolder =
    R"({"resourceType":"SearchParameter","url":"https://example.org/stock-patient","code":"patient","status":"active",
  "base":["StockItem"],"type":"reference","expression":"StockItem.holder","target":["Patient"]})";
constexpr const char* kReason =
    R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"consent-withdrawn"}]})";

class LossesTest : public InteractionTest {
 protected:
  void Reopen() {
    Close();
    Open();
  }
  /// Texts of all entries of mode outcome, or of a refusal.
  static std::string Told(const Response& response) {
    const fhir::Document document = Parsed(response);
    std::string told;
    const auto add = [&told](fhir::Value outcome) {
      for (const fhir::Value issue : outcome["issue"])
        told += issue["details"]["text"].ToString() + issue["diagnostics"].ToString() + "\n";
    };
    add(document.Root());
    for (const fhir::Value entry : document.Root()["entry"]) {
      if (entry["search"]["mode"].ToString() == "outcome") add(entry["resource"]);
      add(entry["response"]["outcome"]);
    }
    return told;
  }
  /// "Patient/q Patient/r": what is there, but for what is told.
  static std::string Names(const Response& response) {
    const fhir::Document document = Parsed(response);
    std::string names;
    for (const fhir::Value entry : document.Root()["entry"]) {
      const fhir::Value resource = entry["resource"];
      if (!resource || resource["resourceType"].ToString() == "OperationOutcome") continue;
      names +=
          (names.empty() ? "" : " ") + resource["resourceType"].ToString() + "/" + resource["id"].ToString();
    }
    return names;
  }
  static bool Has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
};

class ForgottenTypeTest : public LossesTest {
 protected:
  void SetUp() override {
    LossesTest::SetUp();
    auto extended = fhir::Definitions::Extend(fhir::Definitions::R4(), {kStockItem, kStockHolder});
    ASSERT_TRUE(extended.ok()) << extended.error().ToString();
    known_ = *extended;
    definitions_ = known_;
    Reopen();
    EXPECT_EQ(Put("Patient/a", R"({"resourceType":"Patient","id":"a"})").status, 201);
    for (const char* id : {"1", "2", "3"}) {
      EXPECT_EQ(
          Put("StockItem/" + std::string(id), R"({"resourceType":"StockItem","id":")" + std::string(id) +
                                                  R"(","holder":{"reference":"Patient/a"}})")
              .status,
          201);
    }
    EXPECT_EQ(Put("StockItem/4", R"({"resourceType":"StockItem","id":"4","name":"masks"})").status, 201);
    EXPECT_EQ(Delete("StockItem/3").status, 204);
    Know(fhir::Definitions::R4());
  }
  void Know(std::shared_ptr<const fhir::Definitions> definitions) {
    definitions_ = std::move(definitions);
    Reopen();
  }
  /// "StockItem 3".
  std::string Unknown() const {
    std::string text;
    for (const auto& type : engine_->UnknownTypes()) text += type.name + " " + std::to_string(type.records);
    return text;
  }
  std::shared_ptr<const fhir::Definitions> known_;
};

TEST_F(ForgottenTypeTest, IsToldAndAllElseGoesOn) {
  EXPECT_EQ(Unknown(), "StockItem 3");
  for (const char* target : {"StockItem/1", "StockItem/1/_history/1", "StockItem/1/_history",
                             "StockItem?_id=1", "StockItem", "Patient/a/StockItem"}) {
    const Response answer = Get(target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_TRUE(Has(Told(answer), "no definition of it")) << target << ": " << answer.body;
  }
  EXPECT_EQ(Delete("StockItem/1").status, 404);
  EXPECT_FALSE(Has(Told(Get("StockThing/1")), "no definition of it"));
  EXPECT_EQ(Names(Get("_history")), "Patient/a");
  EXPECT_EQ(Names(Get("Patient?_revinclude=*")), "Patient/a");
  const Response all = Get("Patient/a/$everything");
  EXPECT_EQ(Names(all), "Patient/a");
  EXPECT_TRUE(Has(Told(all), "StockItem"));
  ASSERT_TRUE(engine_->RequestRebuild("search", "a test").ok());
  // A start that makes the views anew tells the same.
  Close();
  std::filesystem::remove_all(folder_ / "views");
  Open();
  EXPECT_EQ(Unknown(), "StockItem 3");
  // And so does one that loads them.
  Reopen();
  EXPECT_EQ(Unknown(), "StockItem 3");
}

TEST_F(ForgottenTypeTest, GoesWithItsPersonAndTheOthersComeBackWithTheirDefinition) {
  const Response erased = Post("Patient/a/$erase", kReason);
  EXPECT_EQ(erased.status, 200) << erased.body;
  EXPECT_TRUE(Has(erased.body, "3 records")) << erased.body;
  EXPECT_EQ(Unknown(), "StockItem 1");
  EXPECT_EQ(Get("Patient/a").status, 410);
  Reopen();
  EXPECT_EQ(Unknown(), "StockItem 1");
  Know(known_);
  EXPECT_EQ(Unknown(), "");
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(Get("StockItem/" + std::string(id)).status, 410);
  EXPECT_EQ(Get("StockItem/4").status, 200);
  EXPECT_EQ(Names(Get("StockItem")), "StockItem/4");
  EXPECT_EQ(Put("StockItem/4", R"({"resourceType":"StockItem","id":"4","name":"gowns"})").status, 200);
}

TEST_F(ForgottenTypeTest, AnErasureThatWasCutOffIsFinishedByTheStart) {
  const view::OwnerNumber owner = engine_->keys().Find("Patient/a").value();
  ASSERT_TRUE(engine_->keys().NoteErasing(owner, clock_.NowUs()).ok());
  Reopen();
  EXPECT_TRUE(engine_->has_resumed_erasures());
  EXPECT_TRUE(engine_->keys().IsDestroyed(owner));
  EXPECT_EQ(Unknown(), "StockItem 1");
  Know(known_);
  EXPECT_EQ(Get("StockItem/1").status, 410);
  EXPECT_EQ(Names(Get("StockItem")), "StockItem/4");
}

enum class How { kFlipped, kGone };

class LostAttachmentTest : public LossesTest, public testing::WithParamInterface<How> {
 protected:
  static std::string Picture(std::string_view family = "Zhuangzhou") {
    return R"({"resourceType":"Patient","id":"p","name":[{"family":")" + std::string(family) +
           R"("}],"identifier":[{"system":"s","value":"1"}],"photo":[{"contentType":"image/png","data":")" +
           std::string(100'000, 'A') + R"("}]})";
  }
  void SetUp() override {
    LossesTest::SetUp();
    EXPECT_EQ(Put("Patient/p", Picture()).status, 201);
    EXPECT_EQ(Put("Patient/q", R"({"resourceType":"Patient","id":"q","name":[{"family":"Zhuang"}]})").status,
              201);
    EXPECT_EQ(Put("Observation/o",
                  R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
                      "subject":{"reference":"Patient/p"}})")
                  .status,
              201);
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder_ / "contents"))
      if (each.is_regular_file()) file_ = each.path();
    whole_ = ReadFile(file_).value();
    Close();
    Lose();
    Open();
  }
  void Lose() {
    if (GetParam() == How::kGone) {
      std::filesystem::remove(file_);
      return;
    }
    std::fstream bytes(file_, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(-20, std::ios::end);
    bytes.put(static_cast<char>(whole_[whole_.size() - 20] ^ 1));
  }
  void CheckWholePages() {
    for (const char* target : {"Patient", "Patient?name=zhuang", "Patient?name:contains=uang",
                               "Patient?_elements=name", "Patient?_summary=true", "Patient?_sort=_id"}) {
      const Response page = Get(target);
      EXPECT_EQ(page.status, 200) << target << page.body;
      EXPECT_EQ(Names(page), "Patient/q") << target;
      EXPECT_TRUE(Has(Told(page), "Patient/p (version 1)")) << target << ": " << page.body;
    }
    EXPECT_EQ(At(Parsed(Get("Patient?name=zhuang&_summary=count")), "total"), "2");
    EXPECT_EQ(Names(Get("?_type=Patient,Observation&_sort=_lastUpdated")), "Patient/q Observation/o");
    EXPECT_EQ(Names(Get("Observation?subject:Patient.name=zhuangzhou")), "Observation/o");
    const Response included = Get("Observation?_include=Observation:subject");
    EXPECT_EQ(Names(included), "Observation/o");
    EXPECT_TRUE(Has(Told(included), "Patient/p"));
    const Response all = Get("Patient/p/$everything");
    EXPECT_EQ(Names(all), "Observation/o");
    EXPECT_TRUE(Has(Told(all), "Patient/p"));
  }
  std::filesystem::path file_;
  std::string whole_;
};
INSTANTIATE_TEST_SUITE_P(How, LostAttachmentTest, testing::Values(How::kFlipped, How::kGone));

TEST_P(LostAttachmentTest, LeavesAllElseOfThePagesAndIsTold) {
  const Response read = Get("Patient/p");
  EXPECT_EQ(read.status, 500);
  EXPECT_TRUE(Has(Told(read), "Patient/p (version 1) cannot be read: 1 of its attachments")) << read.body;
  EXPECT_EQ(engine_->attachments_lost(), 1u);
  CheckWholePages();
  for (const char* target : {"_history", "Patient/_history", "Patient/p/_history"}) {
    const Response history = Get(target);
    EXPECT_EQ(history.status, 200) << target;
    EXPECT_TRUE(Has(history.body, R"("url":"Patient/p"})")) << target << history.body;
    EXPECT_TRUE(Has(Told(history), "Patient/p (version 1)")) << target;
    EXPECT_FALSE(Has(Names(history), "Patient/p"));
  }
  Request conditional = Make(Method::kPost, "Patient", R"({"resourceType":"Patient"})");
  conditional.if_none_exist = "identifier=s|1";
  const Response found = Send(conditional);
  EXPECT_EQ(found.status, 200);
  EXPECT_TRUE(Has(found.location, "Patient/p/_history/1"));
  const Response together = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000009",
      "resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|1"}},
      {"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},
      "subject":{"reference":"urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000009"}},"request":{"method":"POST","url":"Observation"}}]})");
  EXPECT_EQ(together.status, 200) << together.body;
  EXPECT_EQ(Patch("Patient/p", R"([{"op":"add","path":"/gender","value":"male"}])").status, 500);
}

TEST_P(LostAttachmentTest, IsIndexedByAllElseWhenViewsAreMadeAnew) {
  ASSERT_TRUE(engine_->RequestRebuild("search", "a test").ok());
  while (engine_->view_states()[1].kind != view::ViewState::Kind::kServing) {
    ASSERT_EQ(engine_->view_states()[1].failure, "");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(engine_->attachments_lost(), 1u);
  CheckWholePages();
  Close();
  std::filesystem::remove_all(folder_ / "views");
  Open();
  EXPECT_EQ(engine_->attachments_lost(), 1u) << "the start has met it";
  CheckWholePages();
  // The file is back: nothing is to be rebuilt.
  ASSERT_TRUE(WriteFileDurable(file_, whole_).ok());
  EXPECT_EQ(Names(Get("Patient?name=zhuang&_sort=_id")), "Patient/p Patient/q");
  while (engine_->attachments_lost() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_P(LostAttachmentTest, IsWrittenAnewDeletedAndErased) {
  EXPECT_EQ(Put("Patient/p", R"({"resourceType":"Patient","id":"p","name":[{"family":"Neu"}]})").status, 200);
  EXPECT_EQ(Names(Get("Patient?_sort=_id")), "Patient/p Patient/q");
  EXPECT_EQ(At(Parsed(Get("Patient?name=zhuangzhou&_summary=count")), "total"), "0");
  EXPECT_EQ(Get("Patient/p/_history/1").status, 500);
  // The same picture once more: its file is written anew, and the former version is whole too.
  EXPECT_EQ(Put("Patient/p", Picture("Noch")).status, 200);
  EXPECT_EQ(Get("Patient/p").status, 200);
  EXPECT_EQ(Get("Patient/p/_history/1").status, 200);
  Close();
  Lose();
  Open();
  EXPECT_EQ(Delete("Patient/p").status, 204);
  EXPECT_EQ(Get("Patient/p").status, 410);
  const Response erased = Post("Patient/p/$erase", kReason);
  EXPECT_EQ(erased.status, 200) << erased.body;
  EXPECT_EQ(Get("Observation/o").status, 410);
}

TEST_P(LostAttachmentTest, ThePersonIsErasedAndAnErasureCutOffIsFinished) {
  const view::OwnerNumber owner = engine_->keys().Find("Patient/p").value();
  ASSERT_TRUE(engine_->keys().NoteErasing(owner, clock_.NowUs()).ok());
  Reopen();
  EXPECT_TRUE(engine_->has_resumed_erasures());
  EXPECT_TRUE(engine_->keys().IsDestroyed(owner));
  EXPECT_EQ(Get("Patient/p").status, 410);
  EXPECT_EQ(Get("Patient/p/_history/1").status, 410);
  EXPECT_EQ(Get("Observation/o").status, 410);
  EXPECT_EQ(Names(Get("Patient")), "Patient/q");
  EXPECT_EQ(Told(Get("Patient")), "");
  EXPECT_FALSE(std::filesystem::exists(file_.parent_path()));
  Reopen();
  EXPECT_EQ(Names(Get("Patient?name=zhuang")), "Patient/q");
}

TEST_P(LostAttachmentTest, ThePersonIsErasedAtOnce) {
  const Response erased = Post("Patient/p/$erase", kReason);
  EXPECT_EQ(erased.status, 200) << erased.body;
  EXPECT_TRUE(Has(erased.body, "2 records")) << erased.body;
  EXPECT_EQ(Get("Patient/p").status, 410);
  EXPECT_EQ(Get("Observation/o").status, 410);
}

class DamagedEntryTest : public LossesTest {
 protected:
  void SetUp() override {
    LossesTest::SetUp();
    const auto patient = [](std::string_view id, std::string_view family) {
      return fmt::format(R"({{"resourceType":"Patient","id":"{}","name":[{{"family":"{}"}}]}})", id, family);
    };
    EXPECT_EQ(Put("Patient/p", patient("p", "Zhuangzhou")).status, 201);
    EXPECT_EQ(Put("Patient/q", patient("q", "Zhuang")).status, 201);
    EXPECT_EQ(Put("Observation/o",
                  R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"Butterfly"},
                      "subject":{"reference":"Patient/p"}})")
                  .status,
              201);
  }
  view::Ordinal OrdinalOf(std::string_view type, std::string_view id) const {
    return engine_->directory().Current(engine_->IdHash(type, id), engine_->Head()).ordinal;
  }
  /// Turns a byte of what is sealed there, in the middle of log.db, between two lives.
  void Damage(view::Ordinal ordinal) {
    const std::string sealed = engine_->log().Read(ordinal)->sealed;
    Close();
    std::string bytes = ReadFile(folder_ / "log.db", size_t{1} << 30).value();
    const size_t at = bytes.find(sealed);
    ASSERT_NE(at, std::string::npos);
    bytes[at + sealed.size() / 2] = static_cast<char>(bytes[at + sealed.size() / 2] ^ 1);
    ASSERT_TRUE(WriteFileDurable(folder_ / "log.db", bytes).ok());
    Open();
  }
  void CheckErased() {
    for (const char* target :
         {"Patient/p", "Patient/p/_history/1", "Observation/o", "Observation/o/_history/1"})
      EXPECT_EQ(Get(target).status, 410) << target;
    EXPECT_EQ(Names(Get("Patient?name=zhuang")), "Patient/q");
    EXPECT_EQ(Names(Get("Patient?name=zhuangzhou")), "");
    EXPECT_EQ(At(Parsed(Get("Patient?name=zhuang&_summary=count")), "total"), "1");
    EXPECT_EQ(At(Parsed(Get("Patient?_summary=count")), "total"), "1");
    EXPECT_EQ(Names(Get("Observation?code:text=butterfly")), "");
    EXPECT_EQ(Told(Get("Patient?_sort=_id")), "");
    EXPECT_EQ(Names(Get("_history")), "Patient/q");
  }
  void ExpectNoTrace() const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!file.is_regular_file()) continue;
      const std::string bytes = ReadFile(file.path(), size_t{1} << 30).value();
      for (const char* word : {"zhuangzhou", "Zhuangzhou", "ZHUANGZHOU", "utterfly", "BUTTERFLY"})
        EXPECT_EQ(bytes.find(word), std::string::npos) << file.path() << " has " << word;
    }
  }
};

TEST_F(DamagedEntryTest, IsLeftOutOfPagesAndTold) {
  Damage(OrdinalOf("Patient", "p"));
  EXPECT_EQ(engine_->entries_damaged(), 0u);
  const Response read = Get("Patient/p");
  EXPECT_EQ(read.status, 500);
  EXPECT_TRUE(Has(Told(read), "damaged; run verify and restore from a backup")) << read.body;
  EXPECT_EQ(engine_->entries_damaged(), 1u);
  for (const char* target :
       {"Patient?name=zhuang", "Patient", "Patient?_sort=_lastUpdated", "Patient?_elements=name"}) {
    const Response page = Get(target);
    EXPECT_EQ(page.status, 200) << target << page.body;
    EXPECT_EQ(Names(page), "Patient/q") << target;
    EXPECT_TRUE(Has(Told(page), "One of type Patient cannot be read and is left out")) << page.body;
  }
  const Response all = Get("Patient/p/$everything");
  EXPECT_EQ(all.status, 200) << all.body;
  EXPECT_EQ(Names(all), "Observation/o");
  EXPECT_TRUE(Has(Told(all), "One of type Patient")) << all.body;
  EXPECT_EQ(Get("Patient/p/_history").status, 500);
  EXPECT_EQ(Get("Patient/q").status, 200);
  EXPECT_EQ(engine_->entries_damaged(), 1u);
}

TEST_F(DamagedEntryTest, ItsPersonIsErasedAllTheSame) {
  Damage(OrdinalOf("Patient", "p"));
  Damage(OrdinalOf("Observation", "o"));
  const Response erased = Post("Patient/p/$erase", kReason);
  EXPECT_EQ(erased.status, 200) << erased.body;
  EXPECT_TRUE(Has(Told(erased), "Erased: 2 records")) << erased.body;
  EXPECT_TRUE(Has(Told(erased), "2 of them are damaged in the log")) << erased.body;
  EXPECT_EQ(erased.audit_damaged, 2u);
  EXPECT_EQ(erased.audit_unseen, 0u);
  CheckErased();
  // As after a kill: the views as they were saved before, the log as it is now.
  const auto living = folder_;
  folder_ += "-killed";
  std::filesystem::copy(living, folder_, std::filesystem::copy_options::recursive);
  const auto engine = std::move(engine_);
  const auto interactions = std::move(interactions_);
  Open();
  CheckErased();
  Close();
  ExpectNoTrace();
  std::filesystem::remove_all(folder_);
  folder_ = living;
}

TEST_F(DamagedEntryTest, AnErasureCutOffIsFinishedByTheStart) {
  const view::OwnerNumber owner = engine_->keys().Find("Patient/p").value();
  ASSERT_TRUE(engine_->keys().NoteErasing(owner, clock_.NowUs()).ok());
  Damage(OrdinalOf("Observation", "o"));  // opens again
  ASSERT_NE(engine_, nullptr);
  EXPECT_TRUE(engine_->has_resumed_erasures());
  EXPECT_TRUE(engine_->keys().IsDestroyed(owner));
  CheckErased();
  Reopen();
  CheckErased();
  Close();
  ExpectNoTrace();
}

TEST_F(DamagedEntryTest, OfAnotherThatTheErasureWouldLookIntoIsTold) {
  const auto bundle = [](std::string_view id, std::string_view one, std::string_view other) {
    return fmt::format(
        R"({{"resourceType":"Bundle","id":"{}","type":"collection","entry":[{{"resource":{{"resourceType":"Patient","id":"{}"}}}},
            {{"resource":{{"resourceType":"Patient","id":"{}"}}}}]}})",
        id, one, other);
  };
  EXPECT_EQ(Put("Bundle/b", bundle("b", "q", "r")).status, 201);
  const view::Ordinal ordinal = OrdinalOf("Bundle", "b");
  Damage(ordinal);
  const Response erased = Post("Patient/p/$erase", kReason);
  EXPECT_EQ(erased.status, 200) << erased.body;
  EXPECT_TRUE(Has(Told(erased), "1 versions of Bundles or Parameters are damaged")) << erased.body;
  EXPECT_TRUE(Has(Told(erased), fmt::format("(entries of the log: {})", ordinal))) << erased.body;
  EXPECT_EQ(erased.audit_damaged, 0u);
  EXPECT_EQ(erased.audit_unseen, 1u);
  EXPECT_EQ(engine_->entries_damaged(), 1u);
  EXPECT_EQ(Get("Patient/p").status, 410);
  // One that is whole and holds him still refuses.
  EXPECT_EQ(Put("Bundle/c", bundle("c", "q", "r")).status, 201);
  EXPECT_EQ(Post("Patient/q/$erase", kReason).status, 409);
}

}  // namespace
}  // namespace tk::interaction
