#include "kernel/interaction/person_reviews.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/fhir/patch.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {

Status AddPatched(const Room& room, const Current& current, std::string_view patch, view::ChangeSet* set) {
  const view::ResourcePtr before = TRY(room.engine().Read(current.version.ordinal));
  const fhir::Document steps = TRY(fhir::Document::Parse(patch));
  fhir::Document document = TRY(fhir::ApplyJsonPatch(before->document.Root(), steps.Root()));
  view::ResourcePtr now = TRY(view::MakeResource(*room.definitions, std::move(document),
                                                 current.version.version + 1, view::Operation::kUpdate));
  return AddWrite(room, current, std::move(now), set, true);
}

namespace {

using person::kNoRow;
using person::People;
using person::Row;

/// Who is who once the decision is written.
class AfterDecision {
 public:
  AfterDecision(const People& people, const NewDecision& decision)
      : people_(people), decision_(decision), a_(people.Find(decision.a)), b_(people.Find(decision.b)) {}

  bool AreSame(Row x, Row y) const {
    if (x == y) return true;
    if (!decision_.same) return !people_.JoinedWithout(x, y, decision_.turned).empty();
    return people_.IsSamePerson(x, y) || AreOnBothSides(x, y);
  }
  bool AreApart(Row x, Row y) const {
    if (AreSame(x, y)) return false;
    if (people_.IsHeldApart(x, y)) return true;
    if (decision_.same) return false;
    return (AreSame(x, a_) && AreSame(y, b_)) || (AreSame(x, b_) && AreSame(y, a_));
  }
  /// Is it of just these two, or was there one of theirs by a person?
  bool IsDecided(Row x, Row y) const {
    if (AreApart(x, y)) return true;
    if ((x == a_ && y == b_) || (x == b_ && y == a_)) return true;
    const auto decisions = people_.DecisionsOf(x);
    return std::any_of(decisions.begin(), decisions.end(), [&](const person::DecisionView& each) {
      return each.active && each.manual && (each.source == y || each.alternate == y);
    });
  }

 private:
  bool AreOnBothSides(Row x, Row y) const {
    const auto crosses = [&](Row one, Row other) {
      return people_.IsSamePerson(one, a_) && people_.IsSamePerson(other, b_);
    };
    return crosses(x, y) || crosses(y, x);
  }
  const People& people_;
  const NewDecision& decision_;
  const Row a_, b_;
};

struct Review {
  Current current;
  std::string code;
  std::vector<uint64_t> records;  // the new one first
};

std::string PatientName(fhir::Value reference) {
  std::string name = reference["reference"].ToString();
  return name.starts_with("Patient/") ? name : std::string();
}

Review ReadReview(const Room& room, const view::Engine::Text& text, fhir::Value task) {
  Review review;
  review.current.id_hash = room.engine().IdHash("Task", text.header.id);
  review.current.version = room.directory().Current(review.current.id_hash, room.engine().Head());
  for (const fhir::Value coding : task["code"]["coding"]) {
    if (coding["system"].ToString() == kReviewSystem) review.code = coding["code"].ToString();
  }
  const auto add = [&](fhir::Value reference) {
    const std::string name = PatientName(reference);
    if (!name.empty()) review.records.push_back(room.engine().IdHash("Patient", name.substr(8)));
  };
  add(task["for"]);
  for (const fhir::Value input : task["input"]) add(input["valueReference"]);
  return review;
}

bool IsSettled(const People& people, const AfterDecision& after, const Review& review) {
  std::vector<Row> rows;
  for (const uint64_t record : review.records) {
    const Row row = people.Find(record);
    if (row != kNoRow && people.IsLive(row)) rows.push_back(row);
  }
  const bool by_person = review.code == person::CodeOf(person::Finding::Kind::kContradiction);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t k = i + 1; k < rows.size(); ++k) {
      if (by_person && i > 0) continue;
      const bool settled = by_person ? after.IsDecided(rows[i], rows[k])
                                     : after.AreSame(rows[i], rows[k]) || after.AreApart(rows[i], rows[k]);
      if (!settled) return false;
    }
  }
  return true;
}

/// Open reviews about any of these Patients, whoever may see them.
Result<std::vector<Review>> OpenReviews(const Room& room, const view::Position& basis,
                                        const std::vector<std::string>& patients) {
  search::ParseOptions options;
  options.now_us = room.context.clock->NowUs();
  const std::string asked =
      fmt::format("patient={}&code={}|&status=requested,received,accepted,in-progress,on-hold",
                  fmt::join(patients, ","), kReviewSystem);
  const fhir::TypeId task = room.definitions->FindType("Task");
  options.length_max = asked.size();
  const search::Query query = TRY(search::ParseQuery(room.index().definitions(), task, asked, options));
  search::PageRequest request;
  request.position = basis;
  request.count = kReviewsMax;
  request.read = [engine = &room.engine()](view::Ordinal ordinal) { return engine->Read(ordinal); };
  std::vector<Review> reviews;
  for (const view::Ordinal ordinal : TRY(room.index().Search(query, request)).ordinals) {
    const auto text = TRY(room.engine().OpenText(ordinal));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    reviews.push_back(ReadReview(room, *text, document.Root()));
  }
  return reviews;
}

}  // namespace

Status SettleReviews(const Room& room, const view::Position& basis, const NewDecision& decision,
                     view::ChangeSet* set) {
  std::vector<view::Ordinal> members;
  {
    const auto people = room.context.persons->Read();
    for (const uint64_t record : {decision.a, decision.b}) {
      const Row row = people->Find(record);
      if (row == kNoRow) continue;
      for (const Row member : people->MembersOf(row)) members.push_back(people->OrdinalOf(member));
    }
  }
  if (members.size() > kReviewedRecordsMax) members.resize(kReviewedRecordsMax);
  std::vector<std::string> patients;
  for (const view::Ordinal ordinal : members)
    patients.push_back("Patient/" + TRY(room.engine().OpenText(ordinal))->header.id);
  std::vector<Review> reviews = TRY(OpenReviews(room, basis, patients));
  {
    const auto people = room.context.persons->Read();
    const AfterDecision after(*people, decision);
    std::erase_if(reviews, [&](const Review& review) { return !IsSettled(*people, after, review); });
  }
  for (const Review& review : reviews) {
    const std::string patch = fmt::format(
        R"([{{"op":"replace","path":"/status","value":"completed"}},{{"op":"add","path":"/output","value":[{{"type":{{"coding":[{{"system":"{}","code":"decision"}}]}},"valueReference":{{"reference":"{}"}}}}]}}])",
        kReviewSystem, decision.linkage);
    TRY(AddPatched(room, review.current, patch, set));
  }
  return {};
}

Status SettleReviewsOfGone(const Room& room, const view::Position& basis,
                           const std::vector<std::string>& patients, view::ChangeSet* set) {
  std::set<uint64_t> gone;
  for (const std::string& name : patients) gone.insert(room.engine().IdHash("Patient", name.substr(8)));
  for (const Review& review : TRY(OpenReviews(room, basis, patients))) {
    const auto is_there = [&](uint64_t record) {
      const auto version = room.directory().Current(record, basis);
      return !gone.contains(record) && version.ordinal != 0 && !version.deleted;
    };
    if (std::count_if(review.records.begin(), review.records.end(), is_there) < 2)
      TRY(AddPatched(room, review.current, R"([{"op":"replace","path":"/status","value":"cancelled"}])",
                     set));
  }
  return {};
}

}  // namespace tk::interaction
