#include "kernel/fhir/definitions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/fhir/canonicals.h"

namespace tk::fhir {
namespace {

std::string_view TypeName(TypeId type) {
  return type == kNoType ? "none" : Definitions::R4()->Type(type).name;
}

const ElementInfo* Element(std::string_view type, std::string_view name) {
  const auto r4 = Definitions::R4();
  return r4->FindElement(r4->FindType(type), Names::Find(name));
}

TEST(R4, HasTheOfficialTypes) {
  const auto r4 = Definitions::R4();
  const auto resources = r4->ResourceTypes();
  EXPECT_EQ(resources.size(), 146U);  // FHIR R4 resourcelist.html: 148 with the two abstract ones
  EXPECT_EQ(r4->Type(resources.front()).name, "Account");
  EXPECT_EQ(r4->Type(resources.back()).name, "VisionPrescription");
  EXPECT_EQ(r4->FindType("SubscriptionStatus"), kNoType);  // of a later release
  EXPECT_EQ(r4->FindType("vitalsigns"), kNoType);          // a profile is no type
  EXPECT_EQ(r4->FindType("SimpleQuantity"), kNoType);
  const TypeId patient = r4->FindType("Patient");
  EXPECT_TRUE(r4->IsResource(patient));
  EXPECT_TRUE(r4->IsA(patient, r4->FindType("DomainResource")));
  EXPECT_TRUE(r4->IsA(patient, r4->FindType("Resource")));
  EXPECT_FALSE(r4->IsA(patient, r4->FindType("Observation")));
  EXPECT_TRUE(r4->IsA(r4->FindType("Age"), r4->FindType("Quantity")));
  EXPECT_TRUE(r4->IsA(r4->FindType("code"), r4->FindType("string")));
  EXPECT_TRUE(r4->Type(r4->FindType("DomainResource")).is_abstract);
  EXPECT_EQ(r4->Type(r4->FindType("Patient.contact")).type_class, TypeClass::kBackbone);
  EXPECT_EQ(r4->Type(r4->FindType("decimal")).json_form, JsonForm::kNumber);
  EXPECT_EQ(r4->Type(r4->FindType("boolean")).json_form, JsonForm::kBoolean);
  EXPECT_EQ(r4->Type(r4->FindType("id")).regex, "[A-Za-z0-9\\-\\.]{1,64}");
}

TEST(R4, ElementsOfAType) {
  const ElementInfo* birth_date = Element("Patient", "birthDate");
  ASSERT_NE(birth_date, nullptr);
  EXPECT_EQ(TypeName(birth_date->type), "date");
  EXPECT_EQ(birth_date->max, 1);
  EXPECT_TRUE(birth_date->is_summary);
  EXPECT_EQ(Element("Patient", "name")->max, 0xffff);
  EXPECT_EQ(Element("Patient", "value"), nullptr);
  EXPECT_EQ(TypeName(Element("Patient", "id")->type), "id");
  EXPECT_EQ(TypeName(Element("HumanName", "id")->type), "string");
  EXPECT_EQ(TypeName(Element("Extension", "url")->type), "uri");
  EXPECT_EQ(TypeName(Element("Patient", "contact")->type), "Patient.contact");
  EXPECT_EQ(TypeName(Element("Patient.contact", "name")->type), "HumanName");
  EXPECT_EQ(TypeName(Element("Questionnaire.item", "item")->type), "Questionnaire.item");
  EXPECT_EQ(TypeName(Element("Bundle.entry", "link")->type), "Bundle.link");
  EXPECT_EQ(TypeName(Element("Bundle.entry", "resource")->type), "Resource");
  EXPECT_EQ(Element("Observation", "status")->min, 1);
  EXPECT_NE(Element("string", "extension"), nullptr);
  EXPECT_EQ(Element("string", "value"), nullptr);
}

TEST(R4, AChoiceAppearsOncePerType) {
  const ElementInfo* quantity = Element("Observation", "valueQuantity");
  const ElementInfo* text = Element("Observation", "valueString");
  ASSERT_NE(quantity, nullptr);
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(quantity->base_name, "value");
  EXPECT_NE(quantity->choice, 0);
  EXPECT_EQ(quantity->choice, text->choice);
  EXPECT_NE(quantity->choice, Element("Observation", "effectiveDateTime")->choice);
  EXPECT_EQ(TypeName(quantity->type), "Quantity");
  EXPECT_EQ(Element("Observation", "valueAddress"), nullptr);
  EXPECT_EQ(Element("Observation", "valueBase64Binary"), nullptr);
  EXPECT_NE(Element("Extension", "valueBase64Binary"), nullptr);
  EXPECT_EQ(Element("Observation", "value"), nullptr);
}

TEST(R4, ReferenceTargets) {
  std::vector<std::string_view> targets;
  for (const TypeId target : Element("Observation", "subject")->reference_targets)
    targets.push_back(TypeName(target));
  std::sort(targets.begin(), targets.end());
  EXPECT_EQ(targets, (std::vector<std::string_view>{"Device", "Group", "Location", "Patient"}));
  EXPECT_TRUE(Element("Observation", "focus")->reference_targets.empty());  // any
}

TEST(R4, RequiredCodes) {
  const auto r4 = Definitions::R4();
  const CodeSetId gender = Element("Patient", "gender")->required_codes;
  ASSERT_NE(gender, kNoCodeSet);
  EXPECT_EQ(r4->CodeSetUrl(gender), "http://hl7.org/fhir/ValueSet/administrative-gender");
  EXPECT_TRUE(r4->HasCode(gender, "", "female"));
  EXPECT_TRUE(r4->HasCode(gender, "http://hl7.org/fhir/administrative-gender", "female"));
  EXPECT_FALSE(r4->HasCode(gender, "http://example.org", "female"));
  EXPECT_FALSE(r4->HasCode(gender, "", "Female"));
  EXPECT_FALSE(r4->HasCode(gender, "", ""));
  EXPECT_EQ(r4->Codes(gender), (std::vector<std::string_view>{"female", "male", "other", "unknown"}));
  const CodeSetId media = Element("Attachment", "contentType")->required_codes;
  ASSERT_NE(media, kNoCodeSet);
  EXPECT_TRUE(r4->HasCode(media, "", "image/png"));
  EXPECT_FALSE(r4->HasCode(media, "", "png"));
  EXPECT_TRUE(r4->Codes(media).empty()) << "a grammar cannot be listed";
  EXPECT_NE(Element("Patient", "language")->required_codes, kNoCodeSet)
      << "the greatest set is all languages";
  EXPECT_EQ(Element("Observation", "code")->required_codes, kNoCodeSet);  // example strength
  EXPECT_TRUE(r4->HasCode(Element("Condition", "clinicalStatus")->required_codes,
                          "http://terminology.hl7.org/CodeSystem/condition-clinical", "active"));
}

TEST(R4, SearchParametersByType) {
  const auto r4 = Definitions::R4();
  const auto find = [&](std::string_view type, std::string_view code) {
    return r4->FindSearchParameter(r4->FindType(type), code);
  };
  ASSERT_NE(find("Patient", "birthdate"), nullptr);
  EXPECT_EQ(find("Patient", "birthdate")->expression, "Patient.birthDate");
  EXPECT_EQ(find("Person", "birthdate")->expression, "Person.birthDate");
  EXPECT_EQ(find("Patient", "birthdate")->type, SearchType::kDate);
  EXPECT_EQ(find("Patient", "_id")->expression, "Resource.id");
  EXPECT_NE(find("Bundle", "_lastUpdated"), nullptr);
  EXPECT_EQ(find("Bundle", "_text"), nullptr);  // of DomainResource only
  EXPECT_EQ(find("Patient", "no-such"), nullptr);
  EXPECT_EQ(find("InsurancePlan", "name")->expression, "name | alias");
  EXPECT_EQ(find("Patient", "age"), nullptr);  // of an extension, and without an expression
  for (const auto& [type, code] : {std::pair{"Patient", "mothersMaidenName"},
                                   {"Device", "din"},
                                   {"DiagnosticReport", "assessed-condition"},
                                   {"Observation", "amino-acid-change"},
                                   {"Observation", "dna-variant"},
                                   {"Observation", "gene-amino-acid-change"},
                                   {"Observation", "gene-dnavariant"},
                                   {"Observation", "gene-identifier"},
                                   {"QuestionnaireResponse", "item-subject"}})
    EXPECT_NE(find(type, code), nullptr) << type << " " << code;
  EXPECT_EQ(find("Patient", "part-agree"), nullptr);
  EXPECT_EQ(find("Observation", "code-value-quantity")->components.size(), 2U);
  EXPECT_EQ(find("Observation", "subject")->targets.size(), 4U);
  size_t count = 0;
  for (const TypeId type : r4->ResourceTypes()) count += r4->SearchParameters(type).size();
  EXPECT_GT(count, 2000U);
}

TEST(R4, NoExpressionNamesAnotherType) {
  const auto r4 = Definitions::R4();
  for (const TypeId type : r4->ResourceTypes()) {
    for (const SearchParameter& p : r4->SearchParameters(type)) {
      const size_t word = p.expression.find_first_not_of('(');
      if (word == std::string_view::npos) continue;
      const std::string_view rest = p.expression.substr(word);
      const std::string_view leading = rest.substr(0, rest.find_first_of(".) "));
      if (r4->FindType(leading) == kNoType) continue;
      EXPECT_TRUE(r4->IsA(type, r4->FindType(leading)))
          << p.url << " of " << r4->Type(type).name << ": " << p.expression;
    }
  }
}

TEST(R4, PatientCompartment) {
  const auto r4 = Definitions::R4();
  const auto observation = r4->PatientCompartment(r4->FindType("Observation"));
  EXPECT_EQ(std::vector<std::string_view>(observation.begin(), observation.end()),
            (std::vector<std::string_view>{"subject", "performer"}));
  EXPECT_TRUE(r4->PatientCompartment(r4->FindType("Organization")).empty());
}

constexpr const char* kStockItem =
    R"({"resourceType":"StructureDefinition","url":"https://example.org/StockItem",
  "name":"StockItem","status":"active","kind":"resource","abstract":false,"type":"StockItem",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource","derivation":"specialization",
  "differential":{"element":[
   {"path":"StockItem","min":0,"max":"*"},
   {"path":"StockItem.state","min":1,"max":"1","type":[{"code":"code"}],"isSummary":true,
    "binding":{"strength":"required","valueSet":"https://example.org/ValueSet/stock-state"}},
   {"path":"StockItem.amount[x]","min":0,"max":"1","type":[{"code":"Quantity"},{"code":"integer"}]},
   {"path":"StockItem.holder","min":0,"max":"1","type":[{"code":"Reference",
    "targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient","https://example.org/StockItem"]}]},
   {"path":"StockItem.batch","min":0,"max":"*","type":[{"code":"BackboneElement"}]},
   {"path":"StockItem.batch.expiry","min":1,"max":"1","type":[{"code":"date"}]},
   {"path":"StockItem.batch.part","min":0,"max":"*","contentReference":"#StockItem.batch"}]}})";
constexpr const char* kStockStates =
    R"({"resourceType":"CodeSystem","url":"https://example.org/stock-state","content":"complete",
  "concept":[{"code":"full","concept":[{"code":"brimming"}]},{"code":"empty"},{"code":"lost"}]})";
constexpr const char* kStockStateSet =
    R"({"resourceType":"ValueSet","url":"https://example.org/ValueSet/stock-state",
  "compose":{"include":[{"system":"https://example.org/stock-state"}],
             "exclude":[{"system":"https://example.org/stock-state","concept":[{"code":"lost"}]}]}})";
constexpr const char* kStockHolder =
    R"({"resourceType":"SearchParameter","url":"https://example.org/stock-patient","code":"patient",
  "base":["StockItem"],"type":"reference","expression":"StockItem.holder","target":["Patient"]})";

TEST(Extend, APlatformTypeIsLikeAnyOther) {
  const auto made =
      Definitions::Extend(Definitions::R4(), {kStockItem, kStockStates, kStockStateSet, kStockHolder});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const Definitions& d = **made;
  const TypeId stock = d.FindType("StockItem");
  ASSERT_NE(stock, kNoType);
  const auto element = [&](std::string_view type, std::string_view name) {
    return d.FindElement(d.FindType(type), Names::Find(name));
  };
  EXPECT_TRUE(d.IsA(stock, d.FindType("DomainResource")));
  EXPECT_EQ(d.ResourceTypes().size(), Definitions::R4()->ResourceTypes().size() + 1);
  EXPECT_NE(element("StockItem", "meta"), nullptr);  // inherited
  EXPECT_NE(element("StockItem", "contained"), nullptr);
  EXPECT_EQ(element("StockItem", "amountInteger")->choice, element("StockItem", "amountQuantity")->choice);
  EXPECT_EQ(element("StockItem", "batch")->type, d.FindType("StockItem.batch"));
  EXPECT_EQ(element("StockItem.batch", "part")->type, d.FindType("StockItem.batch"));
  EXPECT_NE(element("StockItem.batch", "modifierExtension"), nullptr);
  EXPECT_EQ(element("StockItem", "holder")->reference_targets.size(), 2U);
  const CodeSetId states = element("StockItem", "state")->required_codes;
  EXPECT_EQ(d.Codes(states), (std::vector<std::string_view>{"brimming", "empty", "full"}));
  EXPECT_NE(d.FindSearchParameter(stock, "patient"), nullptr);
  EXPECT_NE(d.FindSearchParameter(stock, "_lastUpdated"), nullptr);
  EXPECT_EQ(d.PatientCompartment(stock).size(), 1U);
  EXPECT_NE(d.hash(), Definitions::R4()->hash());
  EXPECT_EQ(d.Type(d.FindType("Patient")).element_count,
            Definitions::R4()->Type(Definitions::R4()->FindType("Patient")).element_count);
}

// A type of the platform's is a code wherever all types are: SearchParameter.base, CapabilityStatement.rest.resource.type …
TEST(Extend, ListsOfTypesNameThePlatformsTypes) {
  const std::string crate =
      R"({"resourceType":"StructureDefinition","url":"https://example.org/Crate","kind":"complex-type","type":"Crate",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Element","derivation":"specialization","differential":{"element":[
  {"path":"Crate","min":0,"max":"*"},{"path":"Crate.name","min":0,"max":"1","type":[{"code":"string"}]}]}})";
  const auto first = Definitions::Extend(Definitions::R4(), {kStockItem, kStockStates, kStockStateSet});
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  const auto made = Definitions::Extend(*first, {crate});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const Definitions& d = **made;
  const auto has = [&](const char* set, std::string_view code) {
    const CodeSetId found = d.FindCodeSet(std::string("http://hl7.org/fhir/") + set);
    EXPECT_NE(found, kNoCodeSet) << set;
    return d.HasCode(found, "", code);
  };
  for (const char* set : {"resource-types", "ValueSet/resource-types", "ValueSet/defined-types",
                          "ValueSet/all-types", "ValueSet/audit-entity-type"}) {
    EXPECT_TRUE(has(set, "StockItem")) << set;
    EXPECT_TRUE(has(set, "Patient")) << set;
    EXPECT_FALSE(has(set, "StockThing")) << set;
  }
  for (const char* set :
       {"data-types", "ValueSet/data-types", "ValueSet/defined-types", "ValueSet/all-types"}) {
    EXPECT_TRUE(has(set, "Crate")) << set;
    EXPECT_TRUE(has(set, "Quantity")) << set;
  }
  EXPECT_FALSE(has("data-types", "StockItem"));
  EXPECT_FALSE(has("resource-types", "Crate"));
  EXPECT_FALSE(has("ValueSet/subject-type", "StockItem"));  // five types by name
  const CodeSetId base = d.FindElement(d.FindType("SearchParameter"), Names::Find("base"))->required_codes;
  EXPECT_TRUE(d.HasCode(base, "", "StockItem"));
  EXPECT_EQ(d.Codes(base).size(), Definitions::R4()->Codes(base).size() + 1);
}

TEST(Extend, KeepsWhatItWasGiven) {
  const auto first = Definitions::Extend(Definitions::R4(), {kStockItem, kStockStates, kStockStateSet});
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  const auto made = Definitions::Extend(*first, {kStockHolder});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const Definitions& d = **made;
  EXPECT_NE(d.given().Find("StructureDefinition", "https://example.org/StockItem"), nullptr);
  EXPECT_NE(d.given().Find("ValueSet", "https://example.org/ValueSet/stock-state"), nullptr);
  EXPECT_NE(d.given().Find("CodeSystem", "https://example.org/stock-state"), nullptr);
  EXPECT_EQ(d.given().Find("StructureDefinition", "http://hl7.org/fhir/StructureDefinition/Patient"),
            nullptr);
  EXPECT_EQ(d.FindTypeByUrl("https://example.org/StockItem|1"), d.FindType("StockItem"));
  EXPECT_EQ(d.FindTypeByUrl("http://hl7.org/fhir/StructureDefinition/Patient"), d.FindType("Patient"));
  EXPECT_EQ(d.FindTypeByUrl("http://hl7.org/fhir/StructureDefinition/StockItem"), kNoType);
  EXPECT_EQ(d.FindTypeByUrl(""), kNoType);
}

TEST(Extend, MayBindToAnOfficialCodeSystem) {
  std::string value_set = kStockStateSet;
  value_set.replace(
      value_set.find("\"compose\""), std::string::npos,
      R"("compose":{"include":[{"valueSet":["http://hl7.org/fhir/ValueSet/administrative-gender"]},
                       {"system":"http://hl7.org/fhir/days-of-week"}]}})");
  const auto made = Definitions::Extend(Definitions::R4(), {kStockItem, value_set});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const CodeSetId states =
      (*made)->FindElement((*made)->FindType("StockItem"), Names::Find("state"))->required_codes;
  EXPECT_EQ((*made)->Codes(states).size(), 4U + 7U);
}

struct BadDefinition {
  const char* find;
  const char* replace;
  const char* says;
};

TEST(Extend, SaysWhatIsWrong) {
  const BadDefinition table[] = {
      {"\"type\":\"StockItem\"", "\"type\":\"Patient\"", "defined already"},
      {"\"type\":\"StockItem\"", "\"type\":\"Stock Item\"", "letters and digits"},
      {"\"derivation\":\"specialization\"", "\"derivation\":\"constraint\"", "specialization"},
      {"StructureDefinition/DomainResource", "StructureDefinition/DomainThing", "not defined"},
      {"ValueSet/stock-state", "ValueSet/other", "ValueSet/other is not defined"},
      {"{\"code\":\"date\"}", "{\"code\":\"datum\"}", "datum is not defined"},
      {"#StockItem.batch\"", "#StockItem.bitch\"", "contentReference"},
      {"StructureDefinition/Patient", "StructureDefinition/Patent", "is not defined"},
      {"{\"path\":\"StockItem\",", "{\"path\":\"Stock\",", "first element"},
      {"StockItem.amount[x]", "StockItem.amount", "[x]"},
      {"StockItem.amount[x]", "StockItem.amount.x", "parent"},
      {"StockItem.amount[x]", "StockItem.state", "twice"},
      {"\"kind\":\"resource\"", "\"kind\":\"logical\"", "must be resource"},
  };
  for (const BadDefinition& bad : table) {
    std::string text = kStockItem;
    ASSERT_NE(text.find(bad.find), std::string::npos) << bad.find;
    text.replace(text.find(bad.find), std::string_view(bad.find).size(), bad.replace);
    const auto made = Definitions::Extend(Definitions::R4(), {text, kStockStates, kStockStateSet});
    ASSERT_FALSE(made.ok()) << bad.replace;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
    EXPECT_NE(made.error().external.find("https://example.org/StockItem"), std::string::npos)
        << made.error().ToString();
    EXPECT_NE(made.error().external.find(bad.says), std::string::npos) << made.error().ToString();
  }
}

TEST(Extend, RefusesOpenSetsAndDoubleParameters) {
  std::string open = kStockStateSet;
  open.replace(open.find("https://example.org/stock-state"), 31, "http://unitsofmeasure.org");
  EXPECT_FALSE(Definitions::Extend(Definitions::R4(), {kStockItem, open}).ok());
  const auto twice = Definitions::Extend(
      Definitions::R4(), {kStockItem, kStockStates, kStockStateSet, kStockHolder, kStockHolder});
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().external.find("both define patient of StockItem"), std::string::npos)
      << twice.error().ToString();
  EXPECT_FALSE(Definitions::Extend(Definitions::R4(), {R"({"resourceType":"Patient","url":"x"})"}).ok());
  EXPECT_FALSE(Definitions::Extend(Definitions::R4(), {"{"}).ok());
}

}  // namespace
}  // namespace tk::fhir
