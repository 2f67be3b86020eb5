// Chains look into contained resources; of Bundles what stands in them is found by its address and asked by chains.
#include <gtest/gtest.h>

#include "kernel/search/nested.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

using view::Ordinal;

class NestedSearch : public testing::Test {
 protected:
  std::vector<Ordinal> Found(const std::string& type, const std::string& text, PageRequest request = {}) {
    const auto page = house_.Ask(type, text, request);
    EXPECT_TRUE(page.ok()) << text << ": " << page.error().ToString();
    if (!page.ok()) return {~Ordinal{0}};
    auto found = page->ordinals;
    std::sort(found.begin(), found.end());
    const auto counted = house_.Ask(type, text + "&_summary=count", request);
    EXPECT_TRUE(counted.ok() && counted->total == found.size()) << text;
    return found;
  }
  std::string Refused(const std::string& type, const std::string& text) {
    const auto page = house_.Ask(type, text);
    EXPECT_FALSE(page.ok()) << text;
    return page.ok() ? "" : page.error().external;
  }
  using List = std::vector<Ordinal>;
  House house_;
};

/// A prescription of a medicine that it contains, made by a firm that it contains too, at `manager` if that is given.
std::string Prescription(const std::string& id, const std::string& code, const std::string& manager = "") {
  return R"({"resourceType":"MedicationRequest","id":")" + id +
         R"(","status":"active","intent":"order","authoredOn":"2020-01-02","subject":{"reference":"Patient/p"},)"
         R"("contained":[{"resourceType":"Medication","id":"med","status":"active","manufacturer":{"reference":"#firm"},"code":{"coding":[{"system":"urn:m","code":")" +
         code + R"("}]},"ingredient":[{"itemCodeableConcept":{"coding":[{"code":")" + code +
         R"("}]}}]},{"resourceType":"Organization","id":"firm","name":"Firm )" + code + "\"" +
         (manager.empty() ? "" : R"(,"partOf":{"reference":")" + manager + "\"}") +
         R"(}],"medicationReference":{"reference":"#med"}})";
}

// FHIR R4 search.html 3.1.1.5.5, with its own example.
TEST_F(NestedSearch, ChainsLookIntoContainedResources) {
  const Ordinal m1 = house_.Put(Prescription("m1", "abc")), m2 = house_.Put(Prescription("m2", "xyz"));
  house_.Put(
      R"({"resourceType":"Medication","id":"stored","code":{"coding":[{"system":"urn:m","code":"abc"}]},"ingredient":[{"itemCodeableConcept":{"coding":[{"code":"abc"}]}}]})");
  const Ordinal m3 = house_.Put(
      R"({"resourceType":"MedicationRequest","id":"m3","status":"active","intent":"order","subject":{"reference":"Patient/p"},"medicationReference":{"reference":"Medication/stored"}})");
  EXPECT_EQ(Found("MedicationRequest", "medication.ingredient-code=abc"), (List{m1, m3}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc"), (List{m1, m3}));
  EXPECT_EQ(Found("MedicationRequest", "medication:Medication.code=urn:m%7Cxyz"), (List{m2}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code:not=abc"), (List{m2}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc&subject=p&status=active"), (List{m1, m3}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=none"), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication.status:missing=true"), (List{m3}));
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.name=firm"), (List{m1, m2}));
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.name:exact=Firm%20xyz"), (List{m2}));
  EXPECT_EQ(Found("Patient", "_has:MedicationRequest:patient:medication.code=abc"), (List{}));
  const Ordinal p = house_.Put(R"({"resourceType":"Patient","id":"p","gender":"female"})");
  EXPECT_EQ(Found("Patient", "_has:MedicationRequest:patient:medication.code=xyz"), (List{p}));
  // In the order of time, page by page.
  bool good = true;
  EXPECT_EQ(house_.AskAll("MedicationRequest", "medication.code=abc,xyz&subject=p", 1, &good).size(), 3u);
  EXPECT_TRUE(good);
}

TEST_F(NestedSearch, OfAContainedOneTheIdIsItsContainersAlone) {
  const Ordinal m1 = house_.Put(Prescription("m1", "abc"));
  EXPECT_EQ(Found("MedicationRequest", "medication._id=med"), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication=med"), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication._id:missing=true"), (List{m1}));
  EXPECT_EQ(Found("MedicationRequest", "medication._lastUpdated=ge2000"), (List{}));
  EXPECT_EQ(Found("Medication", "code=abc"), (List{})) << "it is not searched by itself";
  EXPECT_EQ(Found("MedicationRequest", "medication._has:MedicationRequest:medication:status=active"),
            (List{}));
}

TEST_F(NestedSearch, GoesOnFromAContainedOneToStoredOnes) {
  const Ordinal m1 = house_.Put(Prescription("m1", "abc", "Organization/big"));
  house_.Put(Prescription("m2", "abc", "Organization/other"));
  house_.Put(R"({"resourceType":"Organization","id":"big","name":"Big"})");
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=big"), (List{m1}));
  house_.Put(R"({"resourceType":"Organization","id":"big","name":"Small"})");
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=big"), (List{}));
  house_.Delete("Organization", "big");
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=small"), (List{}));
}

TEST_F(NestedSearch, HierarchiesAreAskedOfContainedOnesToo) {
  house_.Put(R"({"resourceType":"Location","id":"house"})");
  house_.Put(R"({"resourceType":"Location","id":"room","partOf":{"reference":"Location/house"}})");
  const Ordinal o = house_.Put(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"encounter":{"reference":"#e"},"contained":[{"resourceType":"Encounter","id":"e","status":"planned","class":{"code":"a"},"location":[{"location":{"reference":"Location/room"}}]}]})");
  EXPECT_EQ(Found("Observation", "encounter.location:below=house"), (List{o}));
  EXPECT_EQ(Found("Observation", "encounter.location=house"), (List{}));
  EXPECT_EQ(Found("Observation", "encounter.location:above=house"), (List{}));
  EXPECT_EQ(Found("Observation", "encounter.location:above=room"), (List{o}));
}

TEST_F(NestedSearch, FollowsUpdatesDeletesAndPins) {
  const Ordinal first = house_.Put(Prescription("m1", "abc"));
  PageRequest then;
  then.position = house_.Head();
  const Ordinal second = house_.Put(Prescription("m1", "xyz"));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc"), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=xyz"), (List{second}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc", then), (List{first}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=xyz", then), (List{}));
  house_.Delete("MedicationRequest", "m1");
  EXPECT_EQ(Found("MedicationRequest", "medication.code=xyz"), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc", then), (List{first}));
}

TEST_F(NestedSearch, IsOfItsContainerAndLeaksNothing) {
  house_.directory.SetArea(1, 101);
  house_.directory.SetArea(2, 102);
  const Ordinal mine = house_.Put(Prescription("m1", "abc", "Organization/o"), 1);
  const Ordinal other = house_.Put(Prescription("m2", "abc", "Organization/o"), 2);
  house_.Put(R"({"resourceType":"Organization","id":"o","name":"Secret"})", 2);
  PageRequest one, two;
  one.scope = {false, 101, 102, 0};
  two.scope = {false, 102, 103, 0};
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc", one), (List{mine}));
  EXPECT_EQ(Found("MedicationRequest", "medication.code=abc", two), (List{other}));
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=secret", one), (List{}));
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=secret", two), (List{other}));
  EXPECT_EQ(Found("MedicationRequest", "medication.manufacturer.partof.name=secret"), (List{mine, other}));
}

TEST_F(NestedSearch, WhatRefersToAContainedOneIsNotMissing) {
  const Ordinal m1 = house_.Put(Prescription("m1", "abc"));
  EXPECT_EQ(Found("MedicationRequest", "medication:missing=false"), (List{m1}));
  EXPECT_EQ(Found("MedicationRequest", "medication:missing=true"), (List{}));
  const Ordinal o1 = house_.Put(
      R"({"resourceType":"Observation","id":"o1","status":"final","code":{"text":"t"},"contained":[{"resourceType":"Patient","id":"x","name":[{"family":"Zhen"}]}],"subject":{"reference":"#x"}})");
  const Ordinal o2 = house_.Put(
      R"({"resourceType":"Observation","id":"o2","status":"final","code":{"text":"t"},"contained":[{"resourceType":"Group","id":"x","type":"person","actual":true}],"subject":{"reference":"#x"}})");
  EXPECT_EQ(Found("Observation", "subject:missing=false"), (List{o1, o2}));
  EXPECT_EQ(Found("Observation", "patient:missing=false"), (List{o1}));
  EXPECT_EQ(Found("Observation", "patient.name=zhen"), (List{o1}));
  EXPECT_EQ(Found("Observation", "subject.name=zhen"), (List{o1}));
  EXPECT_EQ(Found("Observation", "subject:Group.type=person"), (List{o2}));
}

TEST_F(NestedSearch, ContainedOnesMayReferInCirclesAndToTheirContainer) {
  const Ordinal o = house_.Put(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"code":"c"}]},"hasMember":[{"reference":"#a"}],"contained":[)"
      R"({"resourceType":"Observation","id":"a","status":"final","code":{"coding":[{"code":"a"}]},"hasMember":[{"reference":"#b"}]},)"
      R"({"resourceType":"Observation","id":"b","status":"final","code":{"coding":[{"code":"b"}]},"hasMember":[{"reference":"#a"},{"reference":"#"}]}]})");
  const std::string link = "has-member:Observation.";
  EXPECT_EQ(Found("Observation", link + "code=a"), (List{o}));
  EXPECT_EQ(Found("Observation", link + "code=b"), (List{}));
  EXPECT_EQ(Found("Observation", link + link + "code=b"), (List{o}));
  EXPECT_EQ(Found("Observation", link + link + link + "code=c"), (List{o})) << "the container itself";
  EXPECT_EQ(Found("Observation", link + link + link + "_id=o"), (List{o}));
  EXPECT_EQ(Found("Observation", link + link + link + link + "code=b"), (List{o}));
  EXPECT_EQ(Found("Observation", link + link + link + link + "code=c"), (List{}));
}

TEST_F(NestedSearch, AmongManyContainedOnesEachIsFound) {
  std::string contained, members;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i), comma = i == 0 ? "" : ",";
    contained += comma + R"({"resourceType":"Observation","id":"c)" + n +
                 R"(","status":"final","code":{"coding":[{"code":"k)" + n + R"("}]}})";
    members += comma + R"({"reference":"#c)" + n + R"("})";
  }
  const Ordinal o = house_.Put(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"contained":[)" +
      contained + R"(],"hasMember":[)" + members + R"(,{"reference":"#none"}]})");
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(Found("Observation", "has-member:Observation.code=k" + std::to_string(i)), (List{o}));
  EXPECT_EQ(Found("Observation", "has-member:Observation.code=k30"), (List{}));
}

TEST_F(NestedSearch, CanonicalsToContainedOnes) {
  const Ordinal q = house_.Put(
      R"({"resourceType":"PlanDefinition","id":"p","status":"active","contained":[{"resourceType":"Library","id":"l","status":"draft","name":"Local"}],"library":["#l"]})");
  const auto* depends =
      house_.definitions->FindSearchParameter(house_.definitions->FindType("PlanDefinition"), "depends-on");
  ASSERT_NE(depends, nullptr);
  EXPECT_EQ(Found("PlanDefinition", "depends-on:Library.name=local"), (List{q}));
  EXPECT_EQ(Found("PlanDefinition", "depends-on:Library.status=active"), (List{}));
}

/// A document whose entries are at `root` ("" without fullUrl), of which the patient is `subject`.
std::string DocumentBundle(const std::string& id, const std::string& root, const std::string& subject,
                           const std::string& more = "") {
  const auto entry = [&](const std::string& name, const std::string& text) {
    return "{" + (root.empty() ? "" : R"("fullUrl":")" + root + name + R"(",)") + R"("resource":)" + text +
           "}";
  };
  return R"({"resourceType":"Bundle","id":")" + id +
         R"(","type":"document","timestamp":"2020-01-01T00:00:00Z","entry":[)" +
         entry(
             "Composition/c-" + id,
             R"({"resourceType":"Composition","id":"c-)" + id +
                 R"(","status":"final","meta":{"lastUpdated":"2019-05-06T07:08:09Z"},"type":{"coding":[{"system":"http://loinc.org","code":"28655-9"}]},"date":"2019-01-01","title":"T","author":[{"reference":"#a"}],"contained":[{"resourceType":"Practitioner","id":"a","name":[{"family":"Writer"}]}],"subject":{"reference":")" +
                 subject + R"("}})") +
         more + "]}";
}

// FHIR R4 search.html 3.1.1.4.12, the last paragraph.
TEST_F(NestedSearch, BundlesAreFoundByTheCompositionThatStandsInThem) {
  const Ordinal d = house_.Put(DocumentBundle("d", "http://x.org/fhir/", "Patient/p"));
  house_.Put(R"({"resourceType":"Composition","id":"c-e","status":"final"})");
  const Ordinal m = house_.Put(
      R"({"resourceType":"Bundle","id":"m","type":"message","entry":[{"fullUrl":"urn:uuid:267b18ce-3d37-4581-9baa-6fada338038b","resource":{"resourceType":"MessageHeader","id":"h","eventCoding":{"system":"urn:e","code":"admin-notify"},"source":{"endpoint":"http://s"}}}]})");
  const Ordinal empty = house_.Put(R"({"resourceType":"Bundle","id":"e","type":"collection"})");
  EXPECT_EQ(Found("Bundle", "composition=c-d"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition=Composition/c-d"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition:Composition=c-d"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition=http://x.org/fhir/Composition/c-d"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition=http://y.org/fhir/Composition/c-d"), (List{}));
  EXPECT_EQ(Found("Bundle", "composition=c-e"), (List{})) << "stored by itself";
  EXPECT_EQ(Found("Bundle", "composition:missing=false"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition:missing=true"), (List{m, empty}));
  EXPECT_EQ(Found("Bundle", "message=h"), (List{m}));
  EXPECT_EQ(Found("Bundle", "message=urn:uuid:267b18ce-3d37-4581-9baa-6fada338038b"), (List{m}));
  EXPECT_EQ(Found("Bundle", "message:missing=false"), (List{m}));
  EXPECT_EQ(Found("Bundle", "composition.type=28655-9"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition.type=other"), (List{}));
  EXPECT_EQ(Found("Bundle", "composition.patient=p"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition._id=c-d"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition._id:not=c-d"), (List{}));
  EXPECT_EQ(Found("Bundle", "composition._lastUpdated=2019-05-06"), (List{d}));
  EXPECT_EQ(Found("Bundle", "composition._lastUpdated=gt2020"), (List{}));
  EXPECT_EQ(Found("Bundle", "composition.author:Practitioner.name=writer"), (List{d}));
  EXPECT_EQ(Found("Bundle", "message.event=admin-notify"), (List{m}));
  EXPECT_EQ(Found("Bundle", "_sort=composition"), (List{d, m, empty}));
}

TEST_F(NestedSearch, ReferencesInABundleMeanItsEntriesThenRecordsHere) {
  const std::string patient = R"({"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]})";
  house_.Put(R"({"resourceType":"Patient","id":"p","name":[{"family":"Stored"}]})");
  const Ordinal theirs =
      house_.Put(DocumentBundle("a", "http://x.org/fhir/", "Patient/p",
                                R"(,{"fullUrl":"http://x.org/fhir/Patient/p","resource":)" + patient + "}"));
  const Ordinal elsewhere = house_.Put(DocumentBundle("b", "http://x.org/fhir/", "Patient/p"));
  const Ordinal by_uuid = house_.Put(DocumentBundle(
      "c", "", "urn:uuid:1f0b4ed6-0b1c-4c9f-9c38-1e6f7a3f6d55",
      R"(,{"fullUrl":"urn:uuid:1f0b4ed6-0b1c-4c9f-9c38-1e6f7a3f6d55","resource":)" + patient + "}"));
  const Ordinal ours = house_.Put(DocumentBundle("d", "", "Patient/p"));
  EXPECT_EQ(Found("Bundle", "composition.patient.name=inside"), (List{theirs, by_uuid}));
  EXPECT_EQ(Found("Bundle", "composition.patient.name=stored"), (List{ours}))
      << "that Patient/p is another server's: " << elsewhere;
  EXPECT_EQ(Found("Bundle", "composition.subject:Patient._id=p"), (List{theirs, by_uuid, ours}));
}

TEST_F(NestedSearch, WhatStandsInItIsNotIncludedAndNobodyElsesTarget) {
  house_.Put(DocumentBundle("d", "http://x.org/fhir/", "Patient/p"));
  EXPECT_NE(Refused("Bundle", "_include=Bundle:composition").find("stands in the Bundle itself"),
            std::string::npos);
  EXPECT_NE(Refused("Bundle", "_include:iterate=Bundle:message").find("comes with it"), std::string::npos);
  EXPECT_NE(Refused("Composition", "_revinclude=Bundle:composition").find("stands in"), std::string::npos);
  EXPECT_NE(Refused("Composition", "_has:Bundle:composition:type=document").find("stands in"),
            std::string::npos);
  EXPECT_TRUE(house_.Ask("Bundle", "_include=*").ok());
  EXPECT_NE(Refused("Bundle", "composition:identifier=a%7Cb").find("not offered"), std::string::npos);
  EXPECT_NE(Refused("Bundle", "composition:below=http://x.org/C").find("not offered"), std::string::npos);
  const Ordinal own = house_.Put(R"({"resourceType":"Composition","id":"c-d","status":"final"})");
  EXPECT_EQ(Found("Composition", "_revinclude=*"), (List{own}));
  EXPECT_TRUE(house_.index->ReferencesTo("Composition/c-d", house_.Head())->empty());
}

TEST(HoldsResources, TellsByTheElementThatIsNamedLast) {
  const auto definitions = fhir::Definitions::R4();
  const auto holds = [&](std::string_view type, std::string_view expression) {
    return HoldsResources(
        *definitions,
        {"x", "http://x", fhir::SearchType::kReference, definitions->FindType(type), expression, {}, {}});
  };
  EXPECT_TRUE(holds("Bundle", "Bundle.entry[0].resource"));
  EXPECT_TRUE(holds("Bundle", "Bundle.entry.resource.ofType(Patient)"));
  EXPECT_TRUE(holds("Bundle", "(Bundle.entry.resource as Patient)"));
  EXPECT_TRUE(holds("Bundle", "Bundle.entry.where(fullUrl.exists()).first().resource | Bundle.link"));
  EXPECT_TRUE(holds("Patient", "Patient.contained"));
  EXPECT_FALSE(holds("Bundle", "Bundle.entry.resource.ofType(Composition).subject"));
  EXPECT_FALSE(holds("Linkage", "Linkage.item.resource"));
  EXPECT_FALSE(holds("Observation", "Observation.subject.where(resolve() is Patient)"));
  size_t all = 0;
  for (const fhir::TypeId type : definitions->ResourceTypes()) {
    for (const auto& parameter : definitions->SearchParameters(type))
      all += HoldsResources(*definitions, parameter);
  }
  EXPECT_EQ(all, 2u) << "Bundle's composition and message";
}

}  // namespace
}  // namespace tk::search
