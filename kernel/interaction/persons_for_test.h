// Patients with valid numbers of the division that nobody has, and what tests ask of the person index.
#pragma once

#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/person/identifier.h"

namespace tk::interaction {

inline std::string ResidentIdOf(std::string_view birth, int sequence) {
  std::string body = "380102" + std::string(birth);
  for (int place = 100; place > 0; place /= 10) body += static_cast<char>('0' + sequence / place % 10);
  return body + person::ResidentCheckDigit(body);
}

/// A Patient as sources write them.
struct TestPatient {
  std::string id = {}, name = "王晓芳", birth = "1980-01-02", resident_id = {}, phone = {}, area = {},
              gender = "female";
  std::string extra = {};  // further members, with a comma before
  std::string Json() const {
    std::string json = R"({"resourceType":"Patient")";
    if (!id.empty()) json += R"(,"id":")" + id + "\"";
    if (!area.empty())
      json += R"(,"meta":{"tag":[{"system":")" + std::string(view::kAreaSystem) + R"(","code":")" + area +
              R"("}]})";
    if (!resident_id.empty())
      json += R"(,"identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
              resident_id + R"("}])";
    json += R"(,"active":true,"name":[{"text":")" + name + R"("}])";
    if (!phone.empty()) json += R"(,"telecom":[{"system":"phone","value":")" + phone + R"("}])";
    json += R"(,"gender":")" + gender + R"(","birthDate":")" + birth + "\"" + extra + "}";
    return json;
  }
};

class PersonsTest : public InteractionTest {
 protected:
  PersonsTest() { with_persons_ = true; }

  void PutPatient(const TestPatient& patient) {
    const Response response = Put("Patient/" + patient.id, patient.Json());
    ASSERT_LT(response.status, 300) << response.body;
  }
  /// A new resource, past the interactions: as an older program wrote it.
  void WritePast(const std::string& json) {
    auto document = fhir::Document::Parse(json);
    ASSERT_TRUE(document.ok()) << json;
    auto made = view::MakeResource(*definitions_, std::move(document).value(), 1, view::Operation::kCreate);
    ASSERT_TRUE(made.ok());
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = engine_->Head();
    set->changes.push_back({std::move(made).value(), nullptr, 0});
    ASSERT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<bool> done;
    engine_->Submit(std::move(set), [&done](view::Outcome outcome) { done.set_value(outcome.commit.ok()); });
    ASSERT_TRUE(done.get_future().get());
  }
  /// Parameters of two Patients.
  static std::string Pair(std::string_view a, std::string_view b) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/)" +
           std::string(a) + R"("}},{"name":"other","valueReference":{"reference":"Patient/)" +
           std::string(b) + R"("}}]})";
  }
  /// "a b c": the records of $person, sorted.
  std::string RecordsOf(std::string_view id) const {
    const Response response = Get("Patient/" + std::string(id) + "/$person");
    if (response.status != 200) return "[" + std::to_string(response.status) + "]";
    std::vector<std::string> names;
    const fhir::Document document = Parsed(response);
    for (const fhir::Value link : document.Root()["link"])
      names.push_back(link["target"]["reference"].ToString().substr(8));
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
    return all;
  }
  std::string AnchorOf(std::string_view id) const {
    return At(Parsed(Get("Patient/" + std::string(id) + "/$person")), "id");
  }
  /// "certain:a probable:b" of a $match.
  std::string MatchesOf(const TestPatient& patient, std::string_view more = {}) const {
    const Response response =
        Post("Patient/$match", R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" +
                                   patient.Json() + "}" + std::string(more) + "]}");
    if (response.status != 200) return "[" + std::to_string(response.status) + "]";
    std::string all;
    const fhir::Document document = Parsed(response);
    for (const fhir::Value entry : document.Root()["entry"]) {
      all += (all.empty() ? "" : " ") + entry["search"]["extension"].At(0)["valueCode"].ToString() + ":" +
             entry["resource"]["id"].ToString();
    }
    return all;
  }
  /// "two-persons:a>b,c": the reviews that are open, sorted.
  std::string Reviews() const {
    std::vector<std::string> tasks;
    const fhir::Document document = Parsed(Get("Task?status=requested&_count=100"));
    for (const fhir::Value entry : document.Root()["entry"]) {
      const fhir::Value task = entry["resource"];
      std::string text = task["code"]["coding"].At(0)["code"].ToString() + ":" +
                         task["for"]["reference"].ToString().substr(8) + ">";
      for (const fhir::Value input : task["input"])
        text += input["valueReference"]["reference"].ToString().substr(8) + ",";
      text.pop_back();
      tasks.push_back(std::move(text));
    }
    std::sort(tasks.begin(), tasks.end());
    std::string all;
    for (const std::string& task : tasks) all += (all.empty() ? "" : " ") + task;
    return all;
  }
};

}  // namespace tk::interaction
