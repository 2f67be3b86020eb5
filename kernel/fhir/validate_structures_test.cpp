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
  EXPECT_EQ(
      ToldOfStructure("Observation", "",
                      std::string(R"({"path":"Observation.value[x]","type":[{"code":"date"}],)") + binding),
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
    const auto issues = ConstraintProblems(*Definitions::R4(), document->Root(), 10, time);
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
    for (const Issue& issue : ConstraintProblems(*Definitions::R4(), document->Root(), 10, time))
      paths += issue.path;
    MemoryCanonicals none;
    Profiles profiles(*Definitions::R4(), none);
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
  EXPECT_TRUE(ConstraintProblems(*Definitions::R4(), document->Root(), 10, over).empty());
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
