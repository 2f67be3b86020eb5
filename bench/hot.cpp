// The hot paths, each alone, for counting instructions: `tongkang_hot PATH TIMES`. bench/instructions.mjs runs it under callgrind twice, with
// different TIMES, and divides the difference, so that start-up does not count.
// Exit:   0 done; 1 a path did not do what it should (nothing is counted that failed); 2 wrong use.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <map>

#include "bench/city.h"
#include "kernel/access/viewer.h"
#include "kernel/base/clock.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/interaction.h"
#include "kernel/rules/rule.h"
#include "kernel/search/test_engine.h"
#include "kernel/search/test_house.h"

namespace tk::bench {
namespace {

using interaction::Method;

constexpr Instant kNow = Instant{1'750'000'000} * kSecondUs;
constexpr uint64_t kPersons = 12;

/// A post that may do all, in one area; "" = everywhere.
std::shared_ptr<const access::Viewer> ViewerOf(std::string_view area) {
  auto post = std::make_shared<access::Post>();
  post->name = "doctor";
  post->all_types = true;
  post->reads = post->writes = post->operations = {"*"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = "hot";
  viewer->post = std::move(post);
  viewer->area = std::string(area);
  if (area.empty()) return viewer;
  const auto range = view::AreaRange(area).value();
  viewer->scope.everything = false;
  viewer->scope.area_low = range.first;
  viewer->scope.area_high = range.second;
  return viewer;
}

/// Engine, index and interactions over a small city in a temporary folder.
class Town {
 public:
  Town() : folder_(std::filesystem::temp_directory_path() / ("tk-hot-" + NewUuid())) {
    std::filesystem::create_directories(folder_ / "views/search");
    engine_ = search::OpenTestEngine(folder_, &clock_, &index_).value();
    interaction::Context context;
    context.engine = engine_.get();
    context.index = index_;
    context.clock = &clock_;
    interactions_ = std::make_unique<interaction::Interactions>(context);
    viewer_ = ViewerOf("");
    std::string bundle;
    for (uint64_t next = 0; next < kPersons;) {
      city_.NextBundle(&next, kPersons, &bundle);
      CHECK(Send(Method::kPost, "", "", bundle).status == 200);
    }
    const interaction::Response found = Send(Method::kGet, "Observation", "_count=1", "");
    observation_ = Between(found.body, R"("id":")");
    patient_ = Between(found.body, R"("reference":"Patient/)");
    viewer_ = ViewerOf("3801");  // from here on as a post with an area
  }
  ~Town() {
    interactions_.reset();
    engine_->Stop();
    engine_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Town(const Town&) = delete;
  Town& operator=(const Town&) = delete;

  interaction::Response Send(Method method, std::string_view path, std::string query,
                             std::string body) const {
    interaction::Request request;
    request.method = method;
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      request.path.emplace_back(part);
    }
    request.query = std::move(query);
    request.body = std::move(body);
    if (!request.body.empty()) request.content_type = "application/fhir+json";
    request.base_url = "http://town/fhir";
    request.viewer = viewer_;
    auto promise = std::make_shared<std::promise<interaction::Response>>();
    auto future = promise->get_future();
    interactions_->Handle(std::move(request), [promise](interaction::Response response) {
      promise->set_value(std::move(response));
    });
    return future.get();
  }

  const City& city() const { return city_; }
  const std::string& patient() const { return patient_; }
  const std::string& observation() const { return observation_; }

 private:
  static std::string Between(std::string_view text, std::string_view mark) {
    const size_t from = text.find(mark);
    CHECK(from != std::string_view::npos);
    return std::string(
        text.substr(from + mark.size(), text.find('"', from + mark.size()) - from - mark.size()));
  }

  std::filesystem::path folder_;
  FixedClock clock_{kNow};
  City city_{1};
  search::Index* index_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
  std::unique_ptr<interaction::Interactions> interactions_;
  std::shared_ptr<const access::Viewer> viewer_;
  std::string patient_, observation_;
};

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
  const std::vector<std::string> ids = {"f1"};
  for (Times i = 0; i < times; ++i) {
    const auto made = rules::Fire(*definitions, rule, change, kNow, ids);
    CHECK(made.ok() && made->empty());
  }
}

/// Reads, searches: the request that `make` says, again and again on one town.
void Ask(Times times, int status,
         const std::function<std::pair<std::string, std::string>(const Town&)>& make) {
  const Town town;
  const auto [path, query] = make(town);
  for (Times i = 0; i < times; ++i) CHECK(town.Send(Method::kGet, path, query, "").status == status);
}

void Create(Times times) {
  const Town town;
  for (Times i = 0; i < times; ++i) {
    CHECK(town.Send(Method::kPost, "Observation", "", town.city().ObservationOf(town.patient(), i)).status ==
          201);
  }
}

/// Transactions of ten persons, 200 entries.
void Transaction(Times times) {
  constexpr uint64_t kPersonsEach = 10;
  const Town town;
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
       const Town town;
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
