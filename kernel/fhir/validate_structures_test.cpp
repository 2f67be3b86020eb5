// What a profile's definition is told of itself.
#include "kernel/fhir/validate_structures.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

constexpr const char* kBase =
    R"({"resourceType":"StructureDefinition","url":"http://x/base","kind":"complex-type","type":"Extension","derivation":"constraint",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension",
  "differential":{"element":[{"id":"Extension","path":"Extension"},{"id":"Extension.url","path":"Extension.url","fixedUri":"http://x/base"}]}})";

std::string ToldOfStructure(std::string_view type, std::string_view base, std::string_view elements) {
  MemoryCanonicals canonicals;
  canonicals.Add(std::make_shared<const Document>(Document::Parse(kBase).value()));
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto document = Document::Parse(
      R"({"resourceType":"StructureDefinition","url":"http://x/p","derivation":"constraint","type":")" +
      std::string(type) + R"(","baseDefinition":")" + std::string(base) + R"(","differential":{"element":[)" +
      std::string(elements) + "]}}");
  EXPECT_TRUE(document.ok()) << elements;
  std::string told;
  CheckTime time;
  for (const Issue& issue : StructureProblems(profiles, document->Root(), 100, time))
    told += issue.path.substr(std::string_view("StructureDefinition.differential.").size()) + " ";
  return told;
}

TEST(Structures, PathsAreOfTheType) {
  const auto path = [](const char* type, const char* name) {
    return ToldOfStructure(type, "", R"({"path":")" + std::string(name) + R"("})");
  };
  for (const char* good :
       {"Observation", "Observation.value[x]", "Observation.valueQuantity", "Observation.value[x].code",
        "Observation.component.referenceRange.low", "Observation.status.extension",
        "Observation.contained.id", "Observation.extension.value[x]",
        "Observation.subject.identifier.assigner.display", "Observation.status.value"})
    EXPECT_EQ(path("Observation", good), "") << good;
  for (const char* bad : {"Observation...unit", "Observation.valu[x]", "Observation.value", "Patient.name",
                          "Observation.code.unit"})
    EXPECT_EQ(path("Observation", bad), "element[0].path ") << bad;
  EXPECT_EQ(path("Bundle", "Bundle.entry.resource.name"), "");
}

// Fifty types to the power of twelve, if each were kept as often as it is met.
TEST(Structures, PathsThatComeBackToTheSameTypes) {
  const auto deep = [](size_t times, const char* end) {
    std::string path = "Extension";
    for (size_t i = 0; i < times; ++i) path += ".value[x].extension";
    return ToldOfStructure("Extension", "", R"({"path":")" + path + end + R"("})");
  };
  EXPECT_EQ(deep(12, ""), "");
  EXPECT_EQ(deep(12, ".url"), "");
  EXPECT_EQ(deep(12, ".name"), "element[0].path ");
  EXPECT_EQ(deep(31, ".url"), "");  // 64 parts
  EXPECT_EQ(deep(32, ""), "element[0].path ");
}

TEST(Structures, BindingsFixedValuesAndDiscriminators) {
  const char* const binding = R"("binding":{"strength":"required","valueSet":"http://x/v"}})";
  EXPECT_EQ(ToldOfStructure("Patient", "", std::string(R"({"path":"Patient.gender",)") + binding), "");
  EXPECT_EQ(ToldOfStructure("Patient", "", std::string(R"({"path":"Patient.birthDate",)") + binding),
            "element[0].binding ");
  EXPECT_EQ(ToldOfStructure(
                "Observation", "",
                std::string(R"({"path":"Observation.value[x]","type":[{"code":"dateTime"}],)") + binding),
            "element[0].binding ");
  const auto url = [](const char* fixed) {
    return ToldOfStructure(
        "Extension", "http://x/base",
        R"({"id":"Extension.url","path":"Extension.url","fixedUri":")" + std::string(fixed) + R"("})");
  };
  EXPECT_EQ(url("http://x/base"), "");
  EXPECT_EQ(url("http://x/p"), "element[0].fixedUri ");
  const auto sliced = [](const char* by) {
    return ToldOfStructure(
        "Patient", "",
        R"({"path":"Patient.extension","slicing":{"discriminator":[{"type":"value","path":")" +
            std::string(by) + R"("}],"rules":"open"}})");
  };
  EXPECT_EQ(sliced("url"), "");
  EXPECT_EQ(sliced("type"), "element[0].slicing.discriminator[0] ");
}

// Each says more than its base permits, or less than it asks for.
TEST(Structures, WhatContradictsTheType) {
  const auto told = [](const char* type, const char* id, const char* rest) {
    const std::string name(id);
    std::string path;
    bool in_slice = false;
    for (const char c : name) {
      in_slice = c == ':' || (in_slice && c != '.');
      if (!in_slice) path += c;
    }
    return ToldOfStructure(type, "http://hl7.org/fhir/StructureDefinition/" + std::string(type),
                           R"({"id":")" + name + R"(","path":")" + path + R"(",)" + rest + "}");
  };
  struct Case {
    const char *type, *id, *rest, *member;
  };
  const Case kBad[] = {
      {"Patient", "Patient.gender", R"("min":2)", "min"},
      {"Patient", "Patient.gender", R"("max":"2")", "max"},
      {"Patient", "Patient.gender", R"("max":"*")", "max"},
      {"Patient", "Patient.gender:x", R"("sliceName":"x","max":"2")", "max"},
      {"Patient", "Patient.gender", R"("type":[{"code":"string"}])", "type[0].code"},
      {"Patient", "Patient.contact", R"("type":[{"code":"HumanName"}])", "type[0].code"},
      {"Patient", "Patient.deceased[x]", R"("type":[{"code":"boolean"},{"code":"date"}])", "type[1].code"},
      {"Observation", "Observation.status", R"("min":0)", "min"},
      {"Observation", "Observation.component.code", R"("min":0)", "min"},
      {"Patient", "Patient.gender", R"("binding":{"strength":"example","valueSet":"http://x/v"})",
       "binding.strength"},
      {"Attachment", "Attachment.contentType",
       R"("binding":{"strength":"preferred","valueSet":"http://x/v"})", "binding.strength"},
      {"Patient", "Patient.birthDate", R"("fixedString":"2000-01-01")", "fixedString"},
      {"Patient", "Patient.name", R"("patternString":"x")", "patternString"},
      {"Observation", "Observation.value[x]", R"("type":[{"code":"Quantity"}],"patternString":"x")",
       "patternString"},
      {"Observation", "Observation.valueQuantity", R"("fixedString":"x")", "fixedString"}};
  for (const Case& bad : kBad)
    EXPECT_EQ(told(bad.type, bad.id, bad.rest), "element[0]." + std::string(bad.member) + " ")
        << bad.id << bad.rest;
  const Case kGood[] = {
      {"Patient", "Patient", R"("min":0,"max":"*")", ""},
      {"Patient", "Patient.gender", R"("min":1,"max":"1")", ""},
      {"Patient", "Patient.gender", R"("max":"0")", ""},
      {"Observation", "Observation.code:x", R"("sliceName":"x","min":0)", ""},
      {"Condition", "Condition.onset[x]:onsetAge", R"("sliceName":"onsetAge","min":0)", ""},
      {"MedicationRequest", "MedicationRequest.medicationReference", R"("min":0)", ""},
      {"Patient", "Patient.gender", R"("type":[{"code":"code"}])", ""},
      {"Patient", "Patient.id", R"("type":[{"code":"id"}])", ""},
      {"Patient", "Patient.id", R"("type":[{"code":"http://hl7.org/fhirpath/System.String"}])", ""},
      {"Extension", "Extension.url",
       R"("type":[{"code":"http://hl7.org/fhirpath/System.String"}],"fixedUri":"http://x/p")", ""},
      {"Extension", "Extension.value[x]", R"("type":[{"code":"Age"},{"code":"markdown"}])", ""},
      {"Extension", "Extension.extension.value[x]", R"("type":[{"code":"code"}],"fixedCode":"x")", ""},
      {"Patient", "Patient.contact", R"("type":[{"code":"BackboneElement"}])", ""},
      {"Timing", "Timing.repeat", R"("type":[{"code":"Element"}])", ""},
      {"Questionnaire", "Questionnaire.item.item", R"("min":0,"max":"*")", ""},
      {"Observation", "Observation.component.referenceRange", R"("min":1)", ""},
      {"Patient", "Patient.contained", R"("type":[{"code":"Organization"}])", ""},
      {"Bundle", "Bundle.entry:x.resource", R"("min":1,"type":[{"code":"Patient"}])", ""},
      {"Observation", "Observation.subject",
       R"("type":[{"code":"Reference","targetProfile":["http://x/patient"]}])", ""},
      {"Observation", "Observation.referenceRange.low", R"("type":[{"code":"SimpleQuantity"}])", ""},
      {"Patient", "Patient.gender", R"("binding":{"strength":"required","valueSet":"http://x/v"})", ""},
      {"Patient", "Patient.language", R"("binding":{"strength":"preferred","valueSet":"http://x/v"})", ""},
      {"Patient", "Patient.identifier.system", R"("fixedUri":"http://x/s")", ""},
      {"Patient", "Patient.name", R"("patternHumanName":{"family":"x"})", ""},
      {"Observation", "Observation.valueQuantity", R"("patternQuantity":{"code":"x"})", ""},
      {"Observation", "Observation.value[x]", R"("type":[{"code":"string"}],"patternString":"x")", ""}};
  for (const Case& good : kGood) EXPECT_EQ(told(good.type, good.id, good.rest), "") << good.id << good.rest;
}

/// What is told of a profile of Observation with these elements, "severity path: text" a line.
std::string ToldOf(const std::string& elements, const std::string& base, bool write,
                   const MemoryCanonicals& canonicals = {}) {
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto document = Document::Parse(
      R"({"resourceType":"StructureDefinition","url":"http://x/p","type":"Observation","derivation":"constraint","baseDefinition":")" +
      base + R"(","differential":{"element":[)" + elements + "]}}");
  CheckTime time;
  std::string text;
  for (const Issue& issue : write ? UnusableProblems(profiles, document->Root(), 100, time)
                                  : StructureProblems(profiles, document->Root(), 100, time))
    text += (issue.severity == Severity::kError ? "error " : "warning ") +
            issue.path.substr(std::string_view("StructureDefinition.differential.").size()) + ": " +
            issue.text + "\n";
  return text;
}

std::string ManySlices(size_t first, size_t count, const char* before = "") {
  std::string out = before;
  for (size_t i = first; i < first + count; ++i) {
    const std::string name = "s" + std::to_string(i);
    out += std::string(out.empty() ? "" : ",") + R"({"id":"Observation.component:)" + name +
           R"(","path":"Observation.component","sliceName":")" + name + "\"}";
  }
  return out;
}

// Source: FHIR R4 terminologies.html#strength; extensible is weakened by preferred and example.
TEST(Structures, AWeakenedExtensibleBindingIsToldAndNotRefused) {
  const std::string observation = "http://hl7.org/fhir/StructureDefinition/Observation";
  const auto bound = [](const std::string& element, const std::string& strength) {
    return R"({"id":")" + element + R"(","path":")" + element + R"(","binding":{"strength":")" + strength +
           R"(","valueSet":"http://x/v"}})";
  };
  EXPECT_EQ(
      ToldOf(bound("Observation.dataAbsentReason", "preferred"), observation, false),
      "warning element[0].binding.strength: Observation.dataAbsentReason: is weaker (preferred) than that of "
      "the base (extensible)\n");
  EXPECT_EQ(ToldOf(bound("Observation.dataAbsentReason", "example"), observation, true), "");
  EXPECT_EQ(ToldOf(bound("Observation.dataAbsentReason", "extensible"), observation, false), "");
  EXPECT_EQ(ToldOf(bound("Observation.category", "example"), observation, false), "");  // preferred there
  MemoryCanonicals canonicals;
  canonicals.Add(std::make_shared<const Document>(
      Document::Parse(
          R"({"resourceType":"StructureDefinition","url":"http://x/b","type":"Observation","derivation":"constraint","baseDefinition":")" +
          observation + R"(","differential":{"element":[)" + bound("Observation.category", "extensible") +
          "]}}")
          .value()));
  EXPECT_EQ(
      ToldOf(bound("Observation.category", "example"), "http://x/b", false, canonicals),
      "warning element[0].binding.strength: Observation.category: is weaker (example) than that of the base "
      "(extensible)\n");
}

TEST(Structures, MoreSlicesThanAreAppliedAreRefused) {
  const std::string observation = "http://hl7.org/fhir/StructureDefinition/Observation";
  const char* const sliced =
      R"({"id":"Observation.component","path":"Observation.component","slicing":{"rules":"open","discriminator":[{"type":"value","path":"code"}]}})";
  const std::string told =
      "sliceName: Observation.component:s512: with it Observation.component has more than 512 slices, with "
      "those "
      "of the base: more of one element are not applied\n";
  for (const bool write : {false, true}) {
    EXPECT_EQ(ToldOf(ManySlices(0, 512, sliced), observation, write), "");
    EXPECT_EQ(ToldOf(ManySlices(0, 514, sliced), observation, write), "error element[513]." + told);
  }
  MemoryCanonicals canonicals;
  canonicals.Add(std::make_shared<const Document>(
      Document::Parse(
          R"({"resourceType":"StructureDefinition","url":"http://x/b","type":"Observation","derivation":"constraint","baseDefinition":")" +
          observation + R"(","differential":{"element":[)" + ManySlices(0, 500, sliced) + "]}}")
          .value()));
  EXPECT_EQ(ToldOf(ManySlices(490, 22), "http://x/b", true, canonicals), "");
  EXPECT_EQ(ToldOf(ManySlices(490, 24), "http://x/b", true, canonicals), "error element[22]." + told);
}

TEST(Structures, WhatContradictsTheProfileItIsBasedOn) {
  const char* const base =
      R"({"resourceType":"StructureDefinition","url":"http://x/b","type":"Observation","derivation":"constraint",
      "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation","differential":{"element":[
      {"id":"Observation.category","path":"Observation.category","min":1,"max":"3",
       "binding":{"strength":"required","valueSet":"http://x/v"}},
      {"id":"Observation.category:x","path":"Observation.category","sliceName":"x","min":1},
      {"id":"Observation.value[x]","path":"Observation.value[x]","type":[{"code":"Quantity"},{"code":"string"}]}]}})";
  const auto told = [&](const std::string& id, const std::string& path, const std::string& rest,
                        bool write = false, std::string_view version = "4.0.1") {
    MemoryCanonicals canonicals;
    canonicals.Add(std::make_shared<const Document>(Document::Parse(base).value()));
    Profiles profiles(*Definitions::R4(), canonicals);
    const auto document = Document::Parse(
        R"({"resourceType":"StructureDefinition","url":"http://x/p","type":"Observation","derivation":"constraint","fhirVersion":")" +
        std::string(version) + R"(","baseDefinition":"http://x/b","differential":{"element":[{"id":")" + id +
        R"(","path":")" + path + R"(",)" + rest + "}]}}");
    CheckTime time;
    std::string text;
    for (const Issue& issue : write ? UnusableProblems(profiles, document->Root(), 100, time)
                                    : StructureProblems(profiles, document->Root(), 100, time))
      text += issue.path.substr(std::string_view("StructureDefinition.differential.element[0].").size()) +
              ": " + issue.text + "\n";
    return text;
  };
  const std::string category = "Observation.category", value = "Observation.value[x]";
  for (const bool write : {false, true}) {
    EXPECT_EQ(told(category, category, R"("min":0)", write),
              "min: Observation.category: asks for less (0) than the base does (1)\n");
    EXPECT_EQ(told(category, category, R"("max":"4")", write),
              "max: Observation.category: permits more (4) than the base does (3)\n");
    EXPECT_EQ(told(category, category, R"("min":4)", write),
              "min: Observation.category: asks for more (4) than the base permits (3)\n");
    EXPECT_EQ(told(category + ":x", category, R"("sliceName":"x","min":0)", write),
              "min: Observation.category:x: asks for less (0) than the base does (1)\n");
    EXPECT_EQ(
        told(category, category, R"("binding":{"strength":"extensible","valueSet":"http://x/v"})", write),
        "binding.strength: Observation.category: is weaker (extensible) than that of the base (required)\n");
    EXPECT_EQ(
        told(value, value, R"("type":[{"code":"boolean"}])", write),
        "type[0].code: Observation.value[x]: boolean is none of the base's types (Quantity, string) and "
        "specializes none of them\n");
    EXPECT_EQ(
        told(value + ":valueBoolean", value, R"("sliceName":"valueBoolean","type":[{"code":"boolean"}])",
             write),
        "type[0].code: Observation.value[x]:valueBoolean: boolean is none of the base's types (Quantity, "
        "string) and specializes none of them\n");
    EXPECT_EQ(told(category + ":y", category, R"("sliceName":"y","min":0)", write), "");
    EXPECT_EQ(told(category, category, R"("min":2,"max":"2")", write), "");
    EXPECT_EQ(told(value, value, R"("type":[{"code":"Age"}])", write), "");
    EXPECT_EQ(told(category, category, R"("min":0)", write, "5.0.0"), "");
  }
  EXPECT_EQ(told("Observation.foo", "Observation.foo", R"("min":1)", true),
            "path: names no element of the type that the profile constrains\n");
  EXPECT_EQ(told("Observation.foo", "Observation.foo", R"("min":1)", true, "5.0.0"), "");
}

TEST(Structures, OrderTypesOfProfilesAndUrls) {
  const auto two = [](const char* one, const char* other) {
    return ToldOfStructure("Patient", "",
                           R"({"path":")" + std::string(one) + R"("},{"path":")" + other + R"("})");
  };
  EXPECT_EQ(two("Patient.identifier", "Patient.birthDate"), "");
  EXPECT_EQ(two("Patient.birthDate", "Patient.identifier"), "element[1].path ");
  EXPECT_EQ(two("Patient.contact.name", "Patient.contact"), "");
  EXPECT_EQ(two("Patient.contact.name.given", "Patient.contact.name.family"), "element[1].path ");
  EXPECT_EQ(two("Patient.deceasedDateTime", "Patient.deceasedBoolean"), "");
  const auto type = [](const char* profile) {
    return ToldOfStructure("Observation", "",
                           R"({"path":"Observation.value[x]","type":[{"code":"Quantity","profile":[")" +
                               std::string(profile) + R"("]}]})");
  };
  EXPECT_EQ(type("http://hl7.org/fhir/StructureDefinition/SimpleQuantity"), "");
  EXPECT_EQ(type("http://x/unknown"), "");
  EXPECT_EQ(type("http://hl7.org/fhir/StructureDefinition/Count"), "element[0].type[0].profile[0] ");
  const char* const base = "http://hl7.org/fhir/StructureDefinition/Extension";
  const auto url = [&](const char* fixed) {
    return ToldOfStructure(
        "Extension", base,
        R"({"id":"Extension.url","path":"Extension.url","fixedUri":")" + std::string(fixed) + R"("})");
  };
  EXPECT_EQ(url("http://x/p"), "");
  EXPECT_EQ(url("http://x/q"), "element[0].fixedUri ");
  const char* const missing = R"("meaningWhenMissing":"so"})";
  EXPECT_EQ(ToldOfStructure("Patient", "", std::string(R"({"path":"Patient.active",)") + missing),
            "element[0].meaningWhenMissing ");
  EXPECT_EQ(ToldOfStructure("Extension", base, std::string(R"({"path":"Extension.value[x]",)") + missing),
            "");
}

TEST(Structures, InvariantsCanBeRead) {
  const auto told = [](std::string_view path, std::string_view severity, std::string_view expression) {
    const auto document = Document::Parse(
        R"({"resourceType":"StructureDefinition","url":"http://x/p","derivation":"constraint","type":"Patient","differential":{"element":[{"path":")" +
        std::string(path) + R"(","constraint":[{"key":"k","severity":")" + std::string(severity) +
        R"(","human":"h","expression":")" + std::string(expression) + R"("}]}]}})");
    EXPECT_TRUE(document.ok());
    CheckTime time;
    const MemoryCanonicals none;
    Profiles profiles(*Definitions::R4(), none);
    const auto issues = UnusableProblems(profiles, document->Root(), 10, time);
    return issues.empty() ? "" : issues[0].path;
  };
  const std::string place = "StructureDefinition.differential.element[0].constraint[0].expression";
  EXPECT_EQ(told("Patient.name", "error", "family.exists() or given.exists()"), "");
  EXPECT_EQ(told("Patient.name", "error", "family.exists("), place);
  EXPECT_EQ(told("Patient.name", "error", "famly.exists()"), place);
  EXPECT_EQ(told("Patient.name", "warning", "famly.exists()"), "");
  EXPECT_EQ(told("Patient.extension.value[x]", "error", "code.exists() or value.exists()"), "")
      << "of a choice any type's element may be named";
  EXPECT_EQ(told("Patient.contained", "error", "descendants().where(famly = 'x').empty()"), "");
}

TEST(Structures, FormsCanBeRead) {
  const auto told = [](std::string_view pattern, std::string_view url = "regex") {
    const auto document = Document::Parse(
        R"({"resourceType":"StructureDefinition","url":"http://x/p","derivation":"constraint","type":"Patient","differential":{"element":[)"
        R"({"path":"Patient"},{"path":"Patient.id","extension":[{"url":"http://x/other","valueString":"(a"},)"
        R"({"url":"http://hl7.org/fhir/StructureDefinition/)" +
        std::string(url) + R"(","valueString":")" + std::string(pattern) + R"("}]}]}})");
    EXPECT_TRUE(document.ok());
    CheckTime time;
    std::string paths;
    MemoryCanonicals none;
    Profiles profiles(*Definitions::R4(), none);
    for (const Issue& issue : UnusableProblems(profiles, document->Root(), 10, time)) paths += issue.path;
    std::string of_validate;
    for (const Issue& issue : StructureProblems(profiles, document->Root(), 10, time))
      of_validate += issue.severity == Severity::kError ? issue.path : "";
    EXPECT_EQ(paths, of_validate);
    return paths;
  };
  const std::string place = "StructureDefinition.differential.element[1].extension[1].valueString";
  EXPECT_EQ(told("[a-z]+"), "");
  EXPECT_EQ(told("(?!x)[a-z]+"), "") << "looking ahead is read";
  EXPECT_EQ(told(R"(^[\\u4e00-\\u9fa5]+$)"), "");
  EXPECT_EQ(told("(a"), place);
  EXPECT_EQ(told("[z-a]"), place);
  EXPECT_EQ(told("(a", "minLength"), "");
}

TEST(Structures, ReadingTheirFormsEndsWithTheTime) {
  const auto document = Document::Parse(
      R"({"resourceType":"StructureDefinition","url":"http://x/p","derivation":"constraint","type":"Patient","differential":{"element":[)"
      R"({"path":"Patient.id","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"(a"}]}]}})");
  CheckTime over(MonotonicUs() - 1);
  const MemoryCanonicals none;
  Profiles profiles(*Definitions::R4(), none);
  EXPECT_TRUE(UnusableProblems(profiles, document->Root(), 10, over).empty());
  EXPECT_TRUE(over.over());
}

TEST(Structures, ContextsAreElementsThatThereAre) {
  const auto told = [](std::string_view expression, std::string_view version = "4.0.1") {
    const MemoryCanonicals canonicals;
    Profiles profiles(*Definitions::R4(), canonicals);
    const auto document = Document::Parse(
        R"({"resourceType":"StructureDefinition","url":"http://x/p","derivation":"constraint","type":"Extension","fhirVersion":")" +
        std::string(version) + R"(","context":[{"type":"element","expression":")" + std::string(expression) +
        R"("}],"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension"})");
    CheckTime time;
    return StructureProblems(profiles, document->Root(), 100, time).size();
  };
  for (const char* right : {"Patient", "Element", "Patient.contact.name", "Observation.value[x]", "HumanName",
                            "http://x/profile#Patient.nme", "Bundle.entry.resource"})
    EXPECT_EQ(told(right), 0U) << right;
  EXPECT_EQ(told("Patient.nme"), 1U);
  EXPECT_EQ(told("Patent"), 1U);
  EXPECT_EQ(told("Patient.nme", "5.0.0"), 0U);
}

}  // namespace
}  // namespace tk::fhir
