// Chains and _has by example, what is refused, and that nothing out of scope is learned through a joined resource.
#include "kernel/search/joins.h"

#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

/// Two families of records: Ann (area 100) and Bob (area 200), with a practitioner who is nobody's.
struct JoinHouse {
  JoinHouse() {
    house.directory.SetArea(1, 100);
    house.directory.SetArea(2, 200);
    doc =
        house.Put(R"({"resourceType":"Practitioner","id":"doc","name":[{"family":"Heal"}],"gender":"male"})");
    org = house.Put(R"({"resourceType":"Organization","id":"north","name":"North Hospital"})");
    clinic = house.Put(
        R"({"resourceType":"Organization","id":"clinic","name":"Clinic","partOf":{"reference":"Organization/north"}})");
    ann = house.Put(
        R"({"resourceType":"Patient","id":"ann","name":[{"family":"Annis"}],"gender":"female",)"
        R"("identifier":[{"system":"urn:card","value":"7"}],"birthDate":"1980-05-05",)"
        R"("generalPractitioner":[{"reference":"Practitioner/doc"}],"managingOrganization":{"reference":"Organization/clinic"}})",
        1);
    bob = house.Put(
        R"({"resourceType":"Patient","id":"bob","name":[{"family":"Bobson"}],"gender":"male","birthDate":"1990-01-01"})",
        2);
    group = house.Put(
        R"({"resourceType":"Group","id":"g","type":"person","actual":true,"code":{"coding":[{"code":"cohort"}]},)"
        R"("member":[{"entity":{"reference":"Patient/ann"}}]})");
    fever = Observation("fever", "Patient/ann", "8310-5", 1);
    pulse = Observation("pulse", "Patient/ann/_history/1", "8867-4", 1);
    bobs = Observation("bobs", "Patient/bob", "8310-5", 2);
    grouped = Observation("grouped", "Group/g", "8310-5", 0);
    away = Observation("away", "http://other.example/fhir/Patient/ann", "8310-5", 0);
    derived = house.Put(
        R"({"resourceType":"Observation","id":"derived","status":"final","code":{"coding":[{"code":"sum"}]},)"
        R"("subject":{"reference":"Patient/ann"},"derivedFrom":[{"reference":"Observation/fever"}]})",
        1);
  }
  view::Ordinal Observation(const std::string& id, const std::string& subject, const std::string& code,
                            view::OwnerNumber owner) {
    return house.Put(R"({"resourceType":"Observation","id":")" + id +
                         R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
                         code + R"("}]},"subject":{"reference":")" + subject +
                         R"("},"performer":[{"reference":"Practitioner/doc"}],"valueQuantity":{"value":37}})",
                     owner);
  }
  std::vector<view::Ordinal> Found(const std::string& type, const std::string& text,
                                   const PageRequest& request = {}) const {
    const auto page = house.Ask(type, text, request);
    if (!page.ok()) {
      ADD_FAILURE() << type << "?" << text << ": " << page.error().ToString();
      return {};
    }
    auto found = page->ordinals;
    std::sort(found.begin(), found.end());
    return found;
  }

  House house;
  view::Ordinal doc, org, clinic, ann, bob, group, fever, pulse, bobs, grouped, away, derived;
};

struct JoinCase {
  const char* type;
  const char* text;
  std::vector<view::Ordinal> expected;  // by ordinal
};

TEST(Joins, ChainsFindByWhatIsReferredTo) {
  const JoinHouse h;
  const std::vector<JoinCase> cases = {
      {"Observation", "subject:Patient.name=annis", {h.fever, h.pulse, h.derived}},
      {"Observation", "patient.name=annis", {h.fever, h.pulse, h.derived}},
      {"Observation", "patient.family:exact=Bobson", {h.bobs}},
      {"Observation", "patient.family:exact=bobson", {}},
      {"Observation", "subject:Patient.identifier=urn:card|7", {h.fever, h.pulse, h.derived}},
      {"Observation", "subject:Patient.identifier=urn:card|8", {}},
      {"Observation", "patient.birthdate=gt1985", {h.bobs}},
      {"Observation", "patient.gender:not=female", {h.bobs}},
      {"Observation", "patient.identifier:missing=true", {h.bobs}},
      {"Observation", "patient._id=bob,ann&code=8310-5", {h.fever, h.bobs}},
      {"Observation", "patient.name:contains=obso", {h.bobs}},
      {"Observation", "subject:Group.code=cohort", {h.grouped}},
      // Without a type: every type that has the parameter. Group and Patient both have identifier; Group alone has member.
      {"Observation", "subject.identifier=7", {h.fever, h.pulse, h.derived}},
      {"Observation", "subject.member=Patient/ann", {h.grouped}},
      {"Observation", "subject:Group.member:Patient.name=annis", {h.grouped}},
      {"Observation", "patient.general-practitioner:Practitioner.name=heal", {h.fever, h.pulse, h.derived}},
      {"Observation", "patient.general-practitioner.name=heal", {h.fever, h.pulse, h.derived}},
      {"Observation", "patient.organization.partof.name=north", {h.fever, h.pulse, h.derived}},
      {"Observation", "patient.organization.name=north", {}},
      {"Observation", "performer:Practitioner.gender=male&patient.gender=male", {h.bobs}},
      {"Observation", "patient.name=annis&patient.gender=male", {}},
      {"Observation", "derived-from:Observation.code=8310-5", {h.derived}},
      {"Observation", "derived-from:Observation.patient.name=annis", {h.derived}},
      {"Observation", "patient.name=annis&code=8867-4", {h.pulse}},
      {"Patient", "general-practitioner:Practitioner._id=doc", {h.ann}},
  };
  for (const JoinCase& c : cases) EXPECT_EQ(h.Found(c.type, c.text), c.expected) << c.type << "?" << c.text;
}

TEST(Joins, HasFindsByWhatRefersHere) {
  const JoinHouse h;
  const std::vector<JoinCase> cases = {
      {"Patient", "_has:Observation:patient:code=8310-5", {h.ann, h.bob}},
      {"Patient", "_has:Observation:subject:code=http://loinc.org|8867-4", {h.ann}},
      {"Patient", "_has:Observation:patient:code=8310-5&_has:Observation:patient:code=8867-4", {h.ann}},
      {"Patient", "_has:Observation:patient:code=8310-5&gender=male", {h.bob}},
      {"Patient", "_has:Observation:patient:value-quantity=gt40", {}},
      {"Patient", "_has:Observation:patient:code:not=8310-5", {h.ann}},
      {"Patient", "_has:Observation:patient:performer:Practitioner=doc&_id=bob", {h.bob}},
      {"Patient", "_has:Group:member:code=cohort", {h.ann}},
      {"Practitioner", "_has:Patient:general-practitioner:gender=female", {h.doc}},
      {"Practitioner", "_has:Patient:general-practitioner:_has:Observation:patient:code=8867-4", {h.doc}},
      {"Practitioner", "_has:Patient:general-practitioner:_has:Observation:patient:code=none", {}},
      {"Practitioner", "_has:Observation:performer:patient.name=bobson", {h.doc}},
      {"Observation", "patient._has:Group:member:code=cohort", {h.fever, h.pulse, h.derived}},
      {"Observation", "_has:Observation:derived-from:code=sum", {h.fever}},
      {"Organization", "_has:Organization:partof:_id=clinic", {h.org}},
      {"Organization", "_has:Patient:organization:name=annis", {h.clinic}},
  };
  for (const JoinCase& c : cases) EXPECT_EQ(h.Found(c.type, c.text), c.expected) << c.type << "?" << c.text;
}

TEST(Joins, AListFindsWhatItNames) {
  JoinHouse h;
  h.house.Put(
      R"({"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{"item":{"reference":"Patient/ann"}},{"item":{"reference":"Observation/fever"}}]})");
  h.house.Put(
      R"({"resourceType":"List","id":"m","status":"current","mode":"working","entry":[{"item":{"reference":"Patient/bob"}}]})");
  EXPECT_EQ(h.Found("Patient", "_list=l"), std::vector{h.ann});
  EXPECT_EQ(h.Found("Patient", "_list=l,m"), (std::vector{h.ann, h.bob}));
  EXPECT_EQ(h.Found("Patient", "_list=l&_list=m"), std::vector<view::Ordinal>());
  EXPECT_EQ(h.Found("Observation", "_list=l&code=8310-5"), std::vector{h.fever});
  EXPECT_EQ(h.Found("Observation", "_list=none"), std::vector<view::Ordinal>());
}

TEST(Joins, FollowUpdatesAndDeletesAndStandAtOlderPositions) {
  JoinHouse h;
  PageRequest old;
  old.position = h.house.Head();
  const auto annis = h.Found("Observation", "patient.name=annis");
  h.house.Put(R"({"resourceType":"Patient","id":"ann","name":[{"family":"Newname"}]})", 1);
  EXPECT_TRUE(h.Found("Observation", "patient.name=annis").empty());
  EXPECT_EQ(h.Found("Observation", "patient.name=newname"), annis);
  EXPECT_EQ(h.Found("Observation", "patient.name=annis", old), annis);
  h.house.Delete("Observation", "pulse");
  EXPECT_TRUE(h.Found("Patient", "_has:Observation:patient:code=8867-4").empty());
  EXPECT_EQ(h.Found("Patient", "_has:Observation:patient:code=8867-4", old), std::vector{h.ann});
  h.house.Delete("Patient", "bob");
  EXPECT_TRUE(h.Found("Observation", "patient.name=bobson").empty());
  EXPECT_EQ(h.Found("Observation", "patient.name=bobson", old), std::vector{h.bobs});
}

// Whether the answer depends on a record that the asker may not see: for each question, in each scope, only what could be found if the records
// outside the scope were not there.
TEST(Joins, WhatIsOutOfScopeIsNotLearnedThroughAJoin) {
  JoinHouse h;
  // A note in Ann's area that refers to Bob, and one of nobody's.
  const auto note = h.house.Put(
      R"({"resourceType":"Observation","id":"note","status":"final","code":{"coding":[{"code":"note"}]},"subject":{"reference":"Patient/bob"}})",
      1);
  const auto open = h.house.Put(
      R"({"resourceType":"Observation","id":"open","status":"final","code":{"coding":[{"code":"open"}]},"subject":{"reference":"Patient/bob"},)"
      R"("derivedFrom":[{"reference":"Observation/bobs"}]})");
  PageRequest all, in_100, in_200, only_ann;
  in_100.scope = {false, 100, 101, 0};
  in_200.scope = {false, 200, 201, 0};
  only_ann.scope = {false, 0, 0, 1};
  struct Row {
    const char* type;
    const char* text;
    std::vector<view::Ordinal> all, in_100, in_200, only_ann;
  };
  const std::vector<Row> rows = {
      {"Observation", "patient.name=bobson", {h.bobs, note, open}, {}, {h.bobs, open}, {}},
      {"Observation", "patient.name:contains=bob", {h.bobs, note, open}, {}, {h.bobs, open}, {}},
      {"Observation", "patient.gender:not=female", {h.bobs, note, open}, {}, {h.bobs, open}, {}},
      {"Observation", "patient.identifier:missing=true", {h.bobs, note, open}, {}, {h.bobs, open}, {}},
      {"Observation", "patient._id=bob&code=note", {note}, {}, {}, {}},
      {"Observation",
       "derived-from:Observation.code=8310-5",
       {h.derived, open},
       {h.derived},
       {open},
       {h.derived}},
      {"Observation", "derived-from:Observation.patient.name=bobson", {open}, {}, {open}, {}},
      {"Patient", "_has:Observation:patient:code=note", {h.bob}, {}, {}, {}},
      {"Patient", "_has:Observation:patient:code=8310-5", {h.ann, h.bob}, {h.ann}, {h.bob}, {h.ann}},
      {"Practitioner", "_has:Observation:performer:patient.name=bobson", {h.doc}, {}, {h.doc}, {}},
      {"Practitioner", "_has:Patient:general-practitioner:gender=female", {h.doc}, {h.doc}, {}, {h.doc}},
      {"Practitioner",
       "_has:Patient:general-practitioner:_has:Observation:patient:code=8867-4",
       {h.doc},
       {h.doc},
       {},
       {h.doc}},
      {"Group", "member:Patient.name=annis", {h.group}, {h.group}, {}, {h.group}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(h.Found(row.type, row.text, all), row.all) << row.text;
    EXPECT_EQ(h.Found(row.type, row.text, in_100), row.in_100) << row.text << " in 100";
    EXPECT_EQ(h.Found(row.type, row.text, in_200), row.in_200) << row.text << " in 200";
    EXPECT_EQ(h.Found(row.type, row.text, only_ann), row.only_ann) << row.text << " only Ann";
    for (const auto& [request, expected] : {std::pair(in_100, row.in_100), std::pair(in_200, row.in_200)}) {
      for (const char* total : {"&_summary=count", "&_total=accurate", "&_total=estimate"}) {
        const auto page = h.house.Ask(row.type, row.text + std::string(total), request);
        ASSERT_TRUE(page.ok());
        EXPECT_EQ(page->total, expected.size()) << row.text << total;
      }
    }
  }
}

TEST(Joins, TypesThatMayNotBeReadAreNotGoneThrough) {
  const House house;
  ParseOptions options;
  options.may_read = [](std::string_view type) { return type != "Patient"; };
  const auto ask = [&](const char* type, const char* text) {
    return ParseQuery(*house.definitions, house.definitions->FindType(type), text, options);
  };
  for (const char* text :
       {"subject:Patient.name=x", "patient.name=x", "derived-from:Observation.patient.name=x"})
    EXPECT_EQ(ask("Observation", text).error().code, ErrorCode::kForbidden) << text;
  EXPECT_EQ(ask("Practitioner", "_has:Patient:general-practitioner:name=x").error().code,
            ErrorCode::kForbidden);
  EXPECT_EQ(ask("Patient", "_revinclude=Patient:link").error().code, ErrorCode::kForbidden);
  const auto rest = ask("Observation", "subject.identifier=x");
  ASSERT_TRUE(rest.ok()) << rest.error().ToString();
  for (const auto& branch : rest->criteria[0].join->branches)
    EXPECT_NE(house.definitions->Type(branch.type).name, "Patient");
}

TEST(Joins, DeadlineAndSizeEndAJoinWithAWordAboutIt) {
  const JoinHouse h;
  House& house = const_cast<House&>(h.house);
  for (int i = 0; i < 600; ++i)
    house.Put(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","gender":"female"})", 1);
  PageRequest late;
  late.deadline_us = 1;
  for (const char* text : {"patient.gender=female&_sort=date", "patient.gender:not=male&_sort=date",
                           "patient.birthdate:missing=true&_sort=date"}) {
    const auto page = house.Ask("Observation", text, late);
    ASSERT_FALSE(page.ok()) << text;
    EXPECT_EQ(page.error().code, ErrorCode::kTimeout) << text;
    EXPECT_NE(page.error().external.find("patient."), std::string::npos) << page.error().external;
  }
}

TEST(Joins, ExplainsThePlan) {
  const JoinHouse h;
  const auto page = h.house.Ask("Observation", "patient.name=annis&code=8310-5&_explain=true");
  ASSERT_TRUE(page.ok());
  ASSERT_NE(page->explanation, nullptr);
  const Explanation& told = *page->explanation;
  ASSERT_EQ(told.steps.size(), 2u);
  EXPECT_EQ(told.steps[0].criterion, "patient.name");
  EXPECT_EQ(told.steps[0].role, Explanation::Step::Role::kProbe);
  EXPECT_EQ(told.steps[1].criterion, "code");
  EXPECT_EQ(told.steps[1].role, Explanation::Step::Role::kDriver);
  EXPECT_EQ(told.steps[1].estimate, 4u);
  EXPECT_EQ(told.candidates, 4u);
  EXPECT_GE(told.probes, 2u);
  EXPECT_EQ(h.house.Ask("Observation", "patient.name=annis")->explanation, nullptr);
}

TEST(Joins, AWriterIsToldOfChangesToJoinedTypes) {
  JoinHouse h;
  const auto query = [&](const char* type, const char* text) {
    return *ParseQuery(*h.house.definitions, h.house.definitions->FindType(type), text, {});
  };
  auto document = fhir::Document::Parse(R"({"resourceType":"Patient","id":"new","name":[{"family":"X"}]})");
  auto now = std::make_shared<view::Resource>();
  now->type = h.house.definitions->FindType("Patient");
  now->id = "new";
  now->document = std::move(*document);
  const auto prepared = h.house.index->Prepare({now, nullptr, 0});
  ASSERT_TRUE(prepared.ok());
  const auto affects = [&](const Query& asked) {
    return h.house.index->MayAffect(**prepared, now->type, asked);
  };
  EXPECT_TRUE(affects(query("Observation", "patient.name=y")));
  EXPECT_TRUE(affects(query("Practitioner", "_has:Patient:general-practitioner:gender=male")));
  EXPECT_FALSE(affects(query("Observation", "code=y")));
  EXPECT_FALSE(affects(query("Patient", "identifier=y&_has:Observation:patient:code=z")));
}

}  // namespace
}  // namespace tk::search
