// Slices that are told apart by what their references lead to: within a Bundle, contained, and not here at all.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

constexpr std::string_view kCore = "http://hl7.org/fhir/StructureDefinition/";

/// A profile on `type` whose element is closed and sliced by where `path` leads; two slices, once each, with these targets.
std::string SlicedByTarget(const std::string& type, const std::string& element, const std::string& kind,
                           const std::string& path, const std::string& one, const std::string& other) {
  const std::string at = type + "." + element;
  const std::string below = path.starts_with("item") ? ".item" : "";
  const auto slice = [&](const std::string& name, const std::string& target) {
    const std::string id = at + ":" + name;
    std::string text = R"({"id":")" + id + R"(","path":")" + at + R"(","sliceName":")" + name;
    text += R"(","min":1,"max":"1")";
    if (!below.empty()) text += R"(},{"id":")" + id + below + R"(","path":")" + at + below + "\"";
    return text + R"(,"type":[{"code":"Reference","targetProfile":[")" + target + R"("]}]})";
  };
  return R"({"resourceType":"StructureDefinition","url":"http://x/p","type":")" + type +
         R"(","derivation":"constraint","baseDefinition":")" + std::string(kCore) + type +
         R"(","differential":{"element":[{"id":")" + at + R"(","path":")" + at +
         R"(","slicing":{"discriminator":[{"type":")" + kind + R"(","path":")" + path +
         R"("}],"rules":"closed"}},)" + slice("one", one) + "," + slice("other", other) + "]}}";
}

class ProfileTargets : public testing::Test {
 protected:
  void Add(std::string_view json) {
    canonicals_.Add(std::make_shared<const Document>(Document::Parse(json).value()));
  }
  std::string Told(const std::string& json, bool with_information = false, uint64_t work_max = 2'000'000) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const Document document = Document::Parse(json).value();
    ProfileOptions options;
    options.warnings = with_information;
    options.work_max = work_max;
    ProfileChecker checker(profiles, options);
    checker.CheckClaims(document.Root());
    std::string text;
    for (const Issue& issue : checker.Take())
      text += issue.path + ": " + issue.text.substr(0, issue.text.find(" (profile")) + "\n";
    return text;
  }
  MemoryCanonicals canonicals_;
};

std::string Claiming(const std::string& type, const std::string& members) {
  return R"({"resourceType":")" + type + R"(","meta":{"profile":["http://x/p"]})" + members + "}";
}

std::string ListOf(const std::string& one, const std::string& other) {
  return Claiming("List", R"(,"status":"current","mode":"working","entry":[{"item":{)" + one +
                              R"(}},{"item":{)" + other + "}}]");
}

// As the sections of documents are sliced.
TEST_F(ProfileTargets, ADocumentsEntriesAreInItsBundle) {
  Add(SlicedByTarget("Composition", "section.entry", "type", "resolve()", std::string(kCore) + "Observation",
                     std::string(kCore) + "Condition"));
  const auto document = [](const std::string& one, const std::string& other) {
    const auto entry = [](const std::string& id, const std::string& resource) {
      return R"({"fullUrl":"http://x.org/fhir/)" + id + R"(","resource":)" + resource + "}";
    };
    return R"({"resourceType":"Bundle","type":"document","entry":[)" +
           entry("Composition/k", Claiming("Composition", R"(,"section":[{"entry":[{"reference":")" + one +
                                                              R"("},{"reference":")" + other + R"("}]}])")) +
           "," + entry("Observation/o", R"({"resourceType":"Observation","status":"final"})") + "," +
           entry("Condition/c", R"({"resourceType":"Condition"})") + "]}";
  };
  EXPECT_EQ(Told(document("Observation/o", "Condition/c")), "");
  EXPECT_EQ(Told(document("Condition/c", "http://x.org/fhir/Observation/o")), "");
  const std::string at = "Bundle.entry[0].resource.section[0].entry: ";
  EXPECT_EQ(
      Told(document("Observation/o", "Observation/o")),
      at + "slice one: is there 2 times; at most 1\n" + at + "slice other: is there 0 times; at least 1\n");
}

TEST_F(ProfileTargets, WhatIsNotHereIsOfTheTypeThatTheReferenceNames) {
  Add(SlicedByTarget("List", "entry", "type", "item.resolve()", std::string(kCore) + "Condition",
                     std::string(kCore) + "Observation"));
  EXPECT_EQ(
      Told(ListOf(R"("reference":"Condition/c")", R"("reference":"http://y/Observation/o/_history/1")")), "");
  EXPECT_EQ(
      Told(ListOf(R"("type":"Condition","identifier":{"value":"1"})", R"("reference":"Observation/o")")), "");
  EXPECT_EQ(Told(ListOf(R"("reference":"Condition/c")", R"("reference":"Patient/p")")),
            "List.entry[1]: belongs to none of the slices, and they are closed\n"
            "List.entry: slice other: is there 0 times; at least 1\n");
  // Neither says what it is: it may be the one that is missing.
  const std::string unknown = ListOf(R"("reference":"Condition/c")", R"("reference":"urn:uuid:a")");
  EXPECT_EQ(Told(unknown), "");
  EXPECT_EQ(Told(unknown, true),
            "List.entry[1]: may be of a slice: what it refers to is not known here, not checked\n");
  EXPECT_EQ(Told(ListOf(R"("reference":"Condition/c")", R"("reference":"Condition/d")")),
            "List.entry: slice one: is there 2 times; at most 1\n"
            "List.entry: slice other: is there 0 times; at least 1\n");
}

TEST_F(ProfileTargets, ProfilesOfTargetsTellSlicesApart) {
  for (const std::string name : {"one", "other"}) {
    Add(R"({"resourceType":"StructureDefinition","url":"http://x/)" + name +
        R"(","type":"Organization","derivation":"constraint","baseDefinition":")" + std::string(kCore) +
        R"(Organization","differential":{"element":[{"path":"Organization.name","fixedString":")" + name +
        R"("}]}})");
  }
  Add(SlicedByTarget("Patient", "generalPractitioner", "profile", "$this.resolve()", "http://x/one",
                     "http://x/other"));
  const auto patient = [](const std::string& first, const std::string& second) {
    return Claiming("Patient", R"(,"contained":[{"resourceType":"Organization","id":"a","name":"one"},)"
                               R"({"resourceType":"Organization","id":"b","name":"other"}],)"
                               R"("generalPractitioner":[{"reference":")" +
                                   first + R"("},{"reference":")" + second + R"("}])");
  };
  EXPECT_EQ(Told(patient("#a", "#b")), "");
  EXPECT_EQ(Told(patient("#b", "#a")), "");
  EXPECT_EQ(Told(patient("#a", "#a")),
            "Patient.generalPractitioner: slice one: is there 2 times; at most 1\n"
            "Patient.generalPractitioner: slice other: is there 0 times; at least 1\n");
  // An organisation, but which?
  EXPECT_EQ(Told(patient("#a", "Organization/1")), "");
  EXPECT_EQ(Told(patient("#a", "Practitioner/1")),
            "Patient.generalPractitioner[1]: belongs to none of the slices, and they are closed\n"
            "Patient.generalPractitioner: slice other: is there 0 times; at least 1\n");
}

TEST_F(ProfileTargets, ARelativeReferenceIsOfItsOwnServer) {
  Add(R"({"resourceType":"StructureDefinition","url":"http://x/woman","type":"Patient","derivation":"constraint","baseDefinition":")" +
      std::string(kCore) +
      R"(Patient","differential":{"element":[{"path":"Patient.gender","fixedCode":"female"}]}})");
  Add(R"({"resourceType":"StructureDefinition","url":"http://x/p","type":"Observation","derivation":"constraint","baseDefinition":")" +
      std::string(kCore) +
      R"(Observation","differential":{"element":[{"path":"Observation.subject","type":)" +
      R"([{"code":"Reference","targetProfile":["http://x/woman"]}]}]}})");
  const auto bundle = [](const std::string& server) {
    const auto patient = [](const std::string& root, const std::string& gender) {
      return R"({"fullUrl":")" + root +
             R"(/Patient/1","resource":{"resourceType":"Patient","id":"1","gender":")" + gender + R"("}},)";
    };
    return R"({"resourceType":"Bundle","type":"collection","entry":[)" + patient("http://a", "male") +
           patient("http://b", "female") + R"({"fullUrl":")" + server + R"(/Observation/o","resource":)" +
           Claiming("Observation", R"(,"id":"o","subject":{"reference":"Patient/1"})") + "}]}";
  };
  EXPECT_EQ(Told(bundle("http://b")), "");
  EXPECT_EQ(Told(bundle("http://c")), "");
  EXPECT_EQ(Told(bundle("http://a")),
            "Bundle.entry[2].resource.subject: refers to a Patient that is none of: http://x/woman; "
            "Bundle.entry[0].resource.gender: has not the value that is fixed\n");
}

TEST_F(ProfileTargets, AClaimedTypeIsTheResourcesOwn) {
  const auto told = [&](const std::string& type) {
    return Told(R"({"resourceType":"Observation","meta":{"profile":[")" + std::string(kCore) + type +
                R"("]}})");
  };
  EXPECT_EQ(told("Observation"), "");
  EXPECT_EQ(told("DomainResource"), "");
  EXPECT_EQ(told("Patient"), "Observation: claims to be a Patient\n");
}

// An Observation has all that a profile on Condition asks for, and is none.
TEST_F(ProfileTargets, AProfileOfATargetIsOfItsType) {
  for (const std::string type : {"Condition", "Observation"}) {
    Add(R"({"resourceType":"StructureDefinition","url":"http://x/)" + type + R"(","type":")" + type +
        R"(","derivation":"constraint","baseDefinition":")" + std::string(kCore) + type +
        R"(","differential":{"element":[{"path":")" + type + R"(.subject","min":1}]}})");
  }
  Add(SlicedByTarget("List", "entry", "profile", "item.resolve()", "http://x/Condition",
                     "http://x/Observation"));
  const auto list = [](const std::string& one, const std::string& other) {
    return Claiming(
        "List",
        R"(,"status":"current","mode":"working","contained":[{"resourceType":"Condition","id":"c","subject":{"display":"s"}},)"
        R"({"resourceType":"Observation","id":"o","subject":{"display":"s"}}],"entry":[{"item":{"reference":")" +
            one + R"("}},{"item":{"reference":")" + other + R"("}}])");
  };
  EXPECT_EQ(Told(list("#o", "#c")), "");
  EXPECT_EQ(Told(list("#c", "#o")), "");
  EXPECT_EQ(Told(list("#o", "#o")),
            "List.entry: slice one: is there 0 times; at least 1\n"
            "List.entry: slice other: is there 2 times; at most 1\n");
}

/// A profile on Observation whose members are sliced by profile: this one, or the other.
std::string MembersByProfile(const std::string& own, const std::string& other, bool closed = false) {
  const auto slice = [](const std::string& name, const std::string& target) {
    return R"(,{"id":"Observation.hasMember:)" + name + R"(","path":"Observation.hasMember","sliceName":")" +
           name + R"(","max":"*","type":[{"code":"Reference","targetProfile":["http://x/)" + target +
           R"("]}]})";
  };
  return R"({"resourceType":"StructureDefinition","url":"http://x/)" + own +
         R"(","type":"Observation","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",)"
         R"("differential":{"element":[{"id":"Observation.modifierExtension","path":"Observation.modifierExtension","max":"0"},)"
         R"({"id":"Observation.hasMember","path":"Observation.hasMember","slicing":{)"
         R"x("discriminator":[{"type":"profile","path":"resolve()"}],"rules":")x" +
         std::string(closed ? "closed" : "open") + R"("}})" + slice("a", own) + slice("b", other) + "]}}";
}

/// Observations of a Bundle that claim http://x/p; "a:bc b:a c:a" – a has the members b and c.
std::string MembersOfEachOther(std::string_view links) {
  std::string entries;
  for (size_t at = 0; at < links.size();) {
    const size_t end = std::min(links.find(' ', at), links.size());
    const std::string_view one = links.substr(at, end - at);
    std::string members;
    for (const char member : one.substr(2))
      members += std::string(members.empty() ? "" : ",") + R"({"reference":"Observation/)" + member + R"("})";
    entries += std::string(entries.empty() ? "" : ",") + R"({"fullUrl":"http://x.org/Observation/)" + one[0] +
               R"(","resource":)" +
               Claiming("Observation", R"(,"status":"final","code":{"text":"x"})" +
                                           (members.empty() ? "" : R"(,"hasMember":[)" + members + "]")) +
               "}";
    at = end + 1;
  }
  return R"({"resourceType":"Bundle","type":"collection","entry":[)" + entries + "]}";
}

// However many ways lead through a cycle: twelve that all have each other as members are judged with little work.
TEST_F(ProfileTargets, ThatLeadBackAreJudgedOnce) {
  Add(MembersByProfile("p", "q"));
  Add(MembersByProfile("q", "p"));
  const auto all = [](std::string_view names) {
    std::string links;
    for (const char name : names)
      links += std::string(links.empty() ? "" : " ") + name + ":" + std::string(names);
    return links;
  };
  for (const std::string& links : {std::string("a:b b:a"), std::string("a:bc b:a c:a"),
                                   std::string("a:bcd b:ac c:ab d:a"), all("abcdef"), all("abcdefghijkl")})
    EXPECT_EQ(Told(MembersOfEachOther(links), false, 100'000), "") << links;
}

// What breaks its profile does so by every way to it.
TEST_F(ProfileTargets, ThatLeadBackAreJudgedRightly) {
  Add(MembersByProfile("p", "q", true));
  Add(MembersByProfile("q", "p", true));
  EXPECT_EQ(Told(MembersOfEachOther("a:bc b:ac c:ab")), "");
  std::string json = MembersOfEachOther("a:bc b:ac c:ab d:d");
  const std::string text = R"(Observation/c","resource":{"resourceType":"Observation",)";
  json.replace(json.find(text), text.size(), text + R"("modifierExtension":[{"url":"http://x/no"}],)");
  const std::string told = Told(json);
  const std::string none = "belongs to none of the slices, and they are closed\n";
  for (const char* place : {"entry[0].resource.hasMember[1]", "entry[1].resource.hasMember[1]"})
    EXPECT_NE(told.find("Bundle." + std::string(place) + ": " + none), std::string::npos) << told;
  EXPECT_NE(told.find("Bundle.entry[2].resource.modifierExtension: must not be there\n"), std::string::npos)
      << told;
  EXPECT_EQ(told.find("Bundle.entry[3]"), std::string::npos) << told;
}

}  // namespace
}  // namespace tk::fhir
