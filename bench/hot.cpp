// The hot paths, each alone, for counting instructions: `tongkang_hot PATH TIMES`. bench/instructions.mjs runs it under callgrind twice, with
// different TIMES, and divides the difference, so that start-up does not count.
// Exit:   0 done; 1 a path did not do what it should (nothing is counted that failed); 2 wrong use.
#include <cstdio>
#include <functional>
#include <map>

#include "bench/town.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/validate.h"
#include "kernel/rules/rule.h"
#include "kernel/search/test_house.h"

namespace tk::bench {
namespace {

using interaction::Method;

constexpr uint64_t kPersons = 12;

using Times = uint64_t;

void ParseAndValidate(Times times) {
  const auto definitions = fhir::Definitions::R4();
  const std::string text = City(1).ObservationOf("1f0c7c0e-7d6e-4c0b-9a3a-3a2b1c0d9e8f", 1);
  for (Times i = 0; i < times; ++i) {
    const auto document = fhir::Document::Parse(text);
    CHECK(document.ok());
    CHECK(fhir::Validate(*definitions, document->Root()).empty());
  }
}

fhir::Document Reading(std::string_view code, std::string_view value) {
  return fhir::Document::
      Parse(R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"1","lastUpdated":"2025-06-15T15:06:40Z"},"status":"final",)"
            R"("category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],)"
            R"("code":{"coding":[{"system":"http://loinc.org","code":")" +
            std::string(code) +
            R"("}]},"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},)"
            R"("effectiveDateTime":"2025-06-15T08:30:00+08:00","performer":[{"reference":"Practitioner/d1"}],)"
            R"("valueQuantity":{"value":)" +
            std::string(value) + R"(,"unit":"C","system":"http://unitsofmeasure.org","code":"Cel"}})")
          .value();
}

/// Invariants as R4 writes them, all on an Observation: one round is all of them.
constexpr std::string_view kInvariants[] = {
    "contained.contained.empty()",
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()",
    "contained.meta.security.empty()",
    "text.`div`.exists()",
    "dataAbsentReason.empty() or value.empty()",
    "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
    "hasValue() or (children().count() > id.count())",
    "extension.exists() != value.exists()",
    "value.ofType(Quantity).code.empty() or value.ofType(Quantity).system.exists()",
    "subject.reference.startsWith('#').not()",
    "subject.all(reference.exists() or identifier.exists() or display.exists())",
    "effective.ofType(Period).start.hasValue().not() or effective.ofType(Period).end.hasValue().not() or "
    "(effective.ofType(Period).start <= effective.ofType(Period).end)",
    "referenceRange.all(low.exists() or high.exists() or text.exists())",
    "status = 'final' or status = 'amended'",
    "category.coding.where(code = 'vital-signs').exists() implies subject.exists()",
    "(status in ('cancelled' | 'entered-in-error')).not()",
    "value.ofType(Quantity).value >= 30 and value.ofType(Quantity).value < 45.0",
    "code.coding.exists(system = 'http://loinc.org' and code = '8867-4')",
    "code.coding.count() >= 1",
    "meta.lastUpdated >= @2020-01-01T00:00:00Z"};

void Invariants(Times times) {
  const auto definitions = fhir::Definitions::R4();
  const fhir::Document document = Reading("8867-4", "37.3");
  const fhir::path::Item context = fhir::path::ResourceItem(*definitions, document.Root());
  std::vector<fhir::path::Expression> expressions;
  for (const std::string_view text : kInvariants)
    expressions.push_back(fhir::path::Expression::Compile(text, *definitions, context.type).value());
  fhir::path::Environment environment;
  environment.resource = document.Root();
  for (Times i = 0; i < times; ++i) {
    for (const fhir::path::Expression& expression : expressions)
      CHECK(expression.Test(environment, context).ok());
  }
}

/// The expressions of all search parameters of an Observation, without what search makes of their results.
void SearchExpressions(Times times) {
  const auto definitions = fhir::Definitions::R4();
  const fhir::Document document = Reading("8867-4", "37.3");
  const fhir::path::Item context = fhir::path::ResourceItem(*definitions, document.Root());
  std::vector<fhir::path::Expression> expressions;
  for (const fhir::SearchParameter& parameter : definitions->SearchParameters(context.type)) {
    if (!parameter.expression.empty())
      expressions.push_back(fhir::path::Expression::Compile(parameter.expression, *definitions, context.type,
                                                            fhir::path::kForSearchParameters)
                                .value());
  }
  std::vector<const fhir::path::Expression*> pointers;
  for (const fhir::path::Expression& expression : expressions) pointers.push_back(&expression);
  const fhir::path::ExpressionSet set(pointers);
  fhir::path::Environment environment;
  environment.resource = document.Root();
  for (Times i = 0; i < times; ++i) {
    size_t found = 0;
    const Status status =
        set.Evaluate(environment, context, [&](size_t, const fhir::path::Collection& items) -> Status {
          found += items.size();
          return {};
        });
    CHECK(status.ok() && found > 10);
  }
}

/// One rule on one Observation that it does not concern (`code` is another's), or whose value is below the limit.
void Judge(Times times, std::string_view code) {
  constexpr std::string_view kRule =
      R"j({"id": "hot.fever", "version": 1, "title": {"zh-CN": "发热", "en": "Fever"},
    "source": {"text": "bench", "edition": "1", "date": "2025-06-15"}, "constants": {"limit": {"value": 37.3}},
    "on": {"type": "Observation", "operations": ["create"]},
    "where": "subject.reference.exists() and status in ('final' | 'amended') and code.coding.where(system = 'http://loinc.org' and code = '8310-5').exists() and value.ofType(Quantity).where(code = 'Cel' and value >= %limit).exists()",
    "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "fever"}, "subject": "=subject"}}]})j";
  const auto definitions = fhir::Definitions::R4();
  const rules::Rule rule = rules::ParseRule(*definitions, "hot", "fever.json", kRule, {}).value();
  view::Change change;
  change.now = view::MakeResource(*definitions, Reading(code, "36.6"), 1, view::Operation::kCreate).value();
  for (Times i = 0; i < times; ++i) {
    const auto made = rules::Fire(*definitions, rule, change, kTownNow, {});
    CHECK(made.ok() && made->empty());
  }
}

/// Reads, searches: the request that `make` says, again and again on one town.
void Ask(Times times, int status,
         const std::function<std::pair<std::string, std::string>(const Town&)>& make) {
  const Town town(kPersons);
  const auto [path, query] = make(town);
  for (Times i = 0; i < times; ++i) CHECK(town.Send(Method::kGet, path, query, "").status == status);
}

void Create(Times times) {
  const Town town(kPersons);
  for (Times i = 0; i < times; ++i) {
    CHECK(town.Send(Method::kPost, "Observation", "", town.city().ObservationOf(town.patient(), i)).status ==
          201);
  }
}

/// Transactions of ten persons, 200 entries.
void Transaction(Times times) {
  constexpr uint64_t kPersonsEach = 10;
  const Town town(kPersons);
  for (Times i = 0; i < times; ++i) {
    std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (uint64_t person = 0; person < kPersonsEach; ++person) {
      if (person > 0) bundle += ',';
      town.city().AppendPerson(kPersons + i * kPersonsEach + person, &bundle);
    }
    CHECK(town.Send(Method::kPost, "", "", bundle + "]}").status == 200);
  }
}

/// The 200 resources of ten persons, each as the transaction's entry holds it: what one step of an ingest works on.
std::vector<std::string> TwoHundred() {
  (void)fhir::Definitions::R4();  // names are known before anything is parsed
  std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (uint64_t person = 0; person < 10; ++person) {
    if (person > 0) bundle += ',';
    City(1).AppendPerson(person, &bundle);
  }
  const fhir::Document document = fhir::Document::Parse(bundle + "]}").value();
  std::vector<std::string> texts;
  for (const fhir::Value entry : document.Root()["entry"]) {
    std::string text(entry["resource"].Json());
    // With an id, as they have it when they are stored.
    text.replace(1, 0, "\"id\":\"r" + std::to_string(texts.size()) + "\",");
    texts.push_back(std::move(text));
  }
  CHECK(texts.size() >= 200);  // one of the ten has a long record
  texts.resize(200);
  return texts;
}

void ParseEach(Times times) {
  const std::vector<std::string> texts = TwoHundred();
  for (Times i = 0; i < times; ++i) {
    for (const std::string& text : texts) CHECK(fhir::Document::Parse(text).ok());
  }
}

/// Structure, codes, references and invariants.
void ValidateEach(Times times) {
  const auto definitions = fhir::Definitions::R4();
  std::vector<fhir::Document> documents;
  for (const std::string& text : TwoHundred()) documents.push_back(fhir::Document::Parse(text).value());
  for (Times i = 0; i < times; ++i) {
    for (const fhir::Document& document : documents)
      CHECK(fhir::CheckValid(*definitions, document.Root()).ok());
  }
}

/// All that the index takes out of a resource: FHIRPath of every search parameter, folding, units, hashes.
void ExtractEach(Times times) {
  const search::House house;
  std::vector<view::ResourcePtr> resources;
  for (const std::string& text : TwoHundred()) {
    resources.push_back(view::MakeResource(*house.definitions, fhir::Document::Parse(text).value(), 1,
                                           view::Operation::kCreate)
                            .value());
  }
  for (Times i = 0; i < times; ++i) {
    for (const view::ResourcePtr& resource : resources)
      CHECK(house.index->Prepare(view::Change{resource, nullptr, 0}).ok());
  }
}

const std::map<std::string_view, std::function<void(Times)>> kPaths = {
    {"each-of-200-parse", ParseEach},
    {"each-of-200-validate", ValidateEach},
    {"each-of-200-extract", ExtractEach},
    {"parse-and-validate", ParseAndValidate},
    {"create", Create},
    {"invariants", Invariants},
    {"search-expressions", SearchExpressions},
    {"rule-of-another", [](Times times) { Judge(times, "8867-4"); }},
    {"rule-below-limit", [](Times times) { Judge(times, "8310-5"); }},
    {"transaction-200", Transaction},
    {"read",
     [](Times times) {
       Ask(times, 200, [](const Town& town) {
         return std::pair{"Observation/" + town.observation(), std::string()};
       });
     }},
    {"search-newest-20",
     [](Times times) {
       Ask(times, 200, [](const Town& town) {
         return std::pair<std::string, std::string>{
             "Observation",
             "patient=" + town.patient() + "&code=http://loinc.org%7C8867-4&_sort=-date&_count=20"};
       });
     }},
    {"search-newest-20-of-many",
     [](Times times) {
       // Of some hundred observations of the patient; a page of 20 texts.
       constexpr uint64_t kMany = 400;
       const Town town(kPersons);
       for (uint64_t i = 0; i < kMany; ++i)
         CHECK(town.Send(Method::kPost, "Observation", "", town.city().ObservationOf(town.patient(), i))
                   .status == 201);
       const std::string query =
           "patient=" + town.patient() + "&code=http://loinc.org%7C8867-4&_sort=-date&_count=20";
       for (Times i = 0; i < times; ++i)
         CHECK(town.Send(Method::kGet, "Observation", query, "").status == 200);
     }},
    {"search-identifier",
     [](Times times) {
       Ask(times, 200, [](const Town& town) {
         return std::pair<std::string, std::string>{
             "Patient", "identifier=" + std::string("http://tongkang.dev/fhir/sid/cn-resident-id%7C") +
                            town.city().PersonOf(3).resident_id};
       });
     }},
    {"search-name",
     [](Times times) {
       Ask(times, 200, [](const Town& town) {
         return std::pair<std::string, std::string>{"Patient", "name=" + town.city().PersonOf(3).name};
       });
     }},
    {"search-encounter-date",
     [](Times times) {
       Ask(times, 200, [](const Town&) {
         return std::pair<std::string, std::string>{"Encounter", "date=ge2025-06-01"};
       });
     }},
    {"search-count",
     [](Times times) {
       Ask(times, 200, [](const Town&) {
         return std::pair<std::string, std::string>{"Observation",
                                                    "code=http://loinc.org%7C8867-4&_summary=count"};
       });
     }},
    {"everything",
     [](Times times) {
       Ask(times, 200, [](const Town& town) {
         return std::pair<std::string, std::string>{"Patient/" + town.patient() + "/$everything", ""};
       });
     }},
};

int Run(int argc, char** argv) {
  const auto path = argc == 3 ? kPaths.find(argv[1]) : kPaths.end();
  Times times = 0;
  if (path == kPaths.end() || std::sscanf(argv[2], "%lu", &times) != 1) {
    for (const auto& [name, run] : kPaths) std::puts(std::string(name).c_str());
    return argc == 1 ? 0 : 2;
  }
  path->second(times);
  return 0;
}

}  // namespace
}  // namespace tk::bench

int main(int argc, char** argv) { return tk::bench::Run(argc, argv); }
