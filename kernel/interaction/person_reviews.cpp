#include "kernel/interaction/person_reviews.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

#include "kernel/base/random.h"
#include "kernel/fhir/patch.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/former_identity.h"
#include "kernel/interaction/lane.h"
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

constexpr std::string_view kPatientSlash = "Patient/";

struct Review {
  Current current;
  std::string code;
  std::string subject;  // "Patient/1": the new record
  bool is_open = false;
  std::vector<uint64_t> records;  // the new one first
  /// Of a contradiction: what a person said before this change of the new record and one of the others.
  struct Said {
    uint64_t other = 0;
    std::string linkage;  // "Linkage/1"
    bool since = false;   // it is asked; else it is what is asked about
  };
  std::vector<Said> said;
  const Said* SaidOf(uint64_t other) const {
    const auto at =
        std::find_if(said.begin(), said.end(), [other](const Said& each) { return each.other == other; });
    return at == said.end() ? nullptr : &*at;
  }
  bool is_contradiction() const { return code == person::CodeOf(person::Finding::Kind::kContradiction); }
  bool is_of_identity() const { return code == person::CodeOf(person::Finding::Kind::kIdentityChanged); }
  /// Whose the record is now, of which no other is asked.
  bool asks_whose() const { return is_of_identity() && records.size() == 1; }
  /// Of two whom the new record fits, which stay when it goes.
  bool is_of_two() const { return code == person::CodeOf(person::Finding::Kind::kTwoPersons); }
};

std::string PatientName(fhir::Value reference) {
  std::string name = reference["reference"].ToString();
  return name.starts_with(kPatientSlash) ? name : std::string();
}

uint64_t HashOfPatient(const Room& room, std::string_view name) {
  return room.engine().IdHash("Patient", name.substr(kPatientSlash.size()));
}

Review ReadReview(const Room& room, const view::Engine::Text& text, fhir::Value task) {
  Review review;
  review.current.id_hash = room.engine().IdHash("Task", text.header.id);
  review.current.version = room.directory().Current(review.current.id_hash, room.engine().Head());
  for (const fhir::Value coding : task["code"]["coding"]) {
    if (coding["system"].ToString() == kReviewSystem) review.code = coding["code"].ToString();
  }
  const std::string status = task["status"].ToString();
  review.is_open = status != "completed" && status != "cancelled";
  const auto add = [&](fhir::Value reference) {
    const std::string name = PatientName(reference);
    if (!name.empty()) review.records.push_back(HashOfPatient(room, name));
  };
  add(task["for"]);
  review.subject = PatientName(task["for"]);
  for (const fhir::Value input : task["input"]) add(input["valueReference"]);
  return review;
}

constexpr std::string_view kIsOpen = "&status=requested,received,accepted,in-progress,on-hold";

/// Reviews that a search finds, whoever may see them; a page after the other until `each` says that it is enough.
Status ForReviews(const Room& room, const view::Position& basis, std::string_view criteria,
                  const std::function<Status(const Review&, fhir::Value)>& each, size_t max = SIZE_MAX) {
  search::ParseOptions options;
  options.now_us = room.context.clock->NowUs();
  const std::string asked = fmt::format("{}&code={}|", criteria, kReviewSystem);
  options.length_max = asked.size();
  const search::Query query =
      TRY(search::ParseQuery(room.index().definitions(), room.definitions->FindType("Task"), asked, options));
  search::PageRequest request;
  request.position = basis;
  request.count = std::min(max, kReviewsMax);
  request.read = [engine = &room.engine()](view::Ordinal ordinal) { return engine->Read(ordinal); };
  for (size_t found = 0; found < max;) {
    const search::Page page = TRY(room.index().Search(query, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      auto opened = room.engine().OpenText(ordinal);
      if (!opened.ok() && opened.error().code == ErrorCode::kGone) continue;  // erased meanwhile
      const view::Engine::TextPtr text = TRY(std::move(opened));
      const fhir::Document document = TRY(fhir::Document::Parse(text->json));
      TRY(each(ReadReview(room, *text, document.Root()), document.Root()));
    }
    found += page.ordinals.size();
    if (page.next_cursor.empty()) break;
    request.cursor = page.next_cursor;
  }
  return {};
}

/// Open reviews about any of these Patients.
Result<std::vector<Review>> OpenReviews(const Room& room, const view::Position& basis,
                                        const std::vector<std::string>& patients) {
  std::vector<Review> reviews;
  std::set<uint64_t> known;
  for (const std::string_view parameter : {"patient", "based-on"}) {
    TRY(ForReviews(
        room, basis, fmt::format("{}={}{}", parameter, fmt::join(patients, ","), kIsOpen),
        [&](const Review& review, fhir::Value) {
          if (known.insert(review.current.id_hash).second) reviews.push_back(review);
          return Status();
        },
        kReviewsMax));
  }
  return reviews;
}

/// Fills `said`. What a decision says and when is read, so not under the person view's lock; whoever settles guards the records.
void NoteSaid(const Room& room, Review* review) {
  if (!review->is_contradiction() || review->records.empty()) return;
  std::vector<std::pair<uint64_t, uint64_t>> linkages;  // with the other
  {
    const auto people = room.context.persons->Read();
    const person::Row row = people->Find(review->records.front());
    if (row == person::kNoRow) return;
    for (const person::DecisionView& each : people->DecisionsOf(row)) {
      const uint64_t other = people->HashOf(each.source == row ? each.alternate : each.source);
      const bool is_asked =
          std::find(review->records.begin() + 1, review->records.end(), other) != review->records.end();
      if (each.active && each.manual && is_asked) linkages.emplace_back(other, each.linkage);
    }
  }
  if (linkages.empty()) return;
  const Current& task = review->current;
  const auto versions = room.directory().Versions(task.id_hash, room.engine().Head(), task.version.version);
  const view::Ordinal asked = versions.empty() ? 0 : versions.back().ordinal;
  for (const auto& each : linkages) {
    const auto stored = ReadLinkage(room, each.second);
    if (!stored.ok()) continue;  // erased meanwhile, or being changed: then the guard hands the set back
    review->said.push_back({each.first, "Linkage/" + stored->id, SaidAt(room.engine(), each.second) > asked});
  }
  // Of several about the same two the newest answer counts.
  std::stable_sort(review->said.begin(), review->said.end(),
                   [](const Review::Said& a, const Review::Said& b) { return a.since && !b.since; });
}

/// What becomes of a review; none: it stays.
struct ReviewOutcome {
  bool completed = false;
  std::string_view cause;   // of one that is cancelled
  std::string linkage;      // that completes it; "": one of before
  bool is_decided = false;  // by a decision of this set
};

std::optional<ReviewOutcome> OutcomeFor(const AfterWrite& after, const Review& review,
                                        std::string_view gone) {
  if (review.asks_whose()) {
    if (after.IsThere(review.records.front())) return std::nullopt;
    return ReviewOutcome{false, gone, {}};
  }
  std::vector<uint64_t> there;
  for (const uint64_t record : review.records) {
    if (after.IsThere(record)) there.push_back(record);
  }
  const bool lost_new = there.empty() || there.front() != review.records.front();
  if (there.size() < 2 || (lost_new && !review.is_of_two())) return ReviewOutcome{false, gone, {}};
  const bool is_changed = std::any_of(review.records.begin(), review.records.end(),
                                      [&](uint64_t record) { return after.IsChanged(record); });
  bool differ = false;
  std::string stands;  // of a contradiction: what was said, and is contradicted no more
  for (size_t i = 0; i < there.size(); ++i) {
    for (size_t k = i + 1; k < there.size(); ++k) {
      if ((review.is_contradiction() || review.is_of_identity()) && i > 0) continue;
      const Review::Said* const said = review.SaidOf(there[k]);
      const bool decided =
          review.is_contradiction()
              ? after.IsDecidedByPerson(there[i], there[k]) || (said != nullptr && said->since)
              : after.AreSame(there[i], there[k]) || after.AreApart(there[i], there[k]);
      if (!decided && (!is_changed || review.is_of_identity() || after.StillAsks(there[i], there[k])))
        return std::nullopt;
      if (said != nullptr && after.AreSame(there[i], there[k]))
        stands = said->linkage;
      else if (!decided)
        differ = true;
    }
  }
  if (differ) return ReviewOutcome{false, kRecordsDiffer, {}};
  if (const NewDecision* const decision = after.DecisionAbout(there))
    return ReviewOutcome{true, {}, decision->linkage, true};
  if (there.size() < review.records.size()) return ReviewOutcome{false, gone, {}};
  return ReviewOutcome{true, {}, stands};
}

std::string StepsOf(const ReviewOutcome& outcome) {
  if (!outcome.completed)
    return fmt::format(
        R"({{"op":"replace","path":"/status","value":"cancelled"}},{{"op":"add","path":"/statusReason","value":{{"coding":[{{"system":"{}","code":"{}"}}]}}}})",
        kReviewSystem, outcome.cause);
  std::string steps = R"({"op":"replace","path":"/status","value":"completed"})";
  if (!outcome.linkage.empty())
    steps += fmt::format(
        R"(,{{"op":"add","path":"/output","value":[{{"type":{{"coding":[{{"system":"{}","code":"decision"}}]}},"valueReference":{{"reference":"{}"}}}}]}})",
        kReviewSystem, outcome.linkage);
  return steps;
}

/// Names of the Patients whose reviews the change may settle.
Result<std::vector<std::string>> PatientsConcerned(const Room& room, const PersonChange& change) {
  std::set<std::string> names;
  std::set<view::Ordinal> members;
  {
    const auto people = room.context.persons->Read();
    for (const NewDecision& decision : change.decisions) {
      for (const uint64_t record : {decision.a, decision.b}) {
        const person::Row row = people->Find(record);
        if (row == person::kNoRow) continue;
        for (const person::Row member : people->MembersOf(row)) members.insert(people->OrdinalOf(member));
      }
    }
  }
  for (const NewRecord& record : change.records) {
    if (names.size() < kReviewedRecordsMax) names.insert(record.name);
  }
  for (const view::Ordinal ordinal : members) {
    if (names.size() >= kReviewedRecordsMax) break;
    names.insert(std::string(kPatientSlash) + TRY(room.engine().OpenText(ordinal))->header.id);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace

Result<bool> IsAsked(const Room& room, const view::Position& basis, std::string_view code,
                     const std::string& record, uint64_t other) {
  const std::vector<Review> reviews = TRY(OpenReviews(room, basis, {record}));
  const uint64_t hash = HashOfPatient(room, record);
  return std::any_of(reviews.begin(), reviews.end(), [&](const Review& review) {
    return review.code == code && !review.records.empty() && review.records.front() == hash &&
           std::find(review.records.begin(), review.records.end(), other) != review.records.end();
  });
}

Result<Identity> IdentityAsked(const Room& room, const view::Position& basis, const std::string& record) {
  Identity asked;
  const uint64_t hash = HashOfPatient(room, record);
  for (const Review& review : TRY(OpenReviews(room, basis, {record}))) {
    if (review.records.empty() || review.records.front() != hash) continue;
    asked.contradicts = asked.contradicts || review.is_contradiction();
    if (!review.is_of_identity()) continue;
    asked.is_asked = true;
    if (review.asks_whose()) asked.whose = review.current;
  }
  return asked;
}

namespace {

using Settled = std::vector<std::pair<const Review*, ReviewOutcome>>;

/// Does a contradiction of a record that became another's go because of what is written of the other one? Of what is written itself change.whose knows.
bool LeavesWhose(const Room& room, const PersonChange& change, const std::vector<Review>& reviews,
                 const Review& review, const ReviewOutcome& outcome) {
  if (!review.is_contradiction() || outcome.is_decided || review.subject.empty() || room.facts == nullptr)
    return false;
  const bool is_written = std::any_of(change.records.begin(), change.records.end(),
                                      [&](const NewRecord& each) { return each.name == review.subject; });
  const uint64_t record = review.records.front();
  const bool is_asked = std::any_of(reviews.begin(), reviews.end(), [&](const Review& each) {
    return each.is_of_identity() && !each.records.empty() && each.records.front() == record;
  });
  const auto stands = room.directory().Current(record, room.engine().Head());
  return !is_written && !is_asked && stands.ordinal != 0 && !stands.deleted &&
         room.facts->records().IsToBeAnswered(record);
}

/// Of records whose contradictions go with no decision: nobody has said whose they are. What ends the question may be written of the other.
Status AskWhose(const Room& room, const PersonChange& change, const std::vector<Review>& reviews,
                const Settled& settled, view::ChangeSet* set) {
  std::map<uint64_t, std::string> whose = change.whose;
  for (const auto& [review, outcome] : settled) {
    if (LeavesWhose(room, change, reviews, *review, outcome))
      whose.emplace(review->records.front(), review->subject);
  }
  for (const auto& record : whose) {
    const bool waits = std::any_of(reviews.begin(), reviews.end(), [&](const Review& review) {
      if (!review.is_contradiction() || review.records.front() != record.first) return false;
      return std::none_of(settled.begin(), settled.end(),
                          [&](const auto& each) { return each.first == &review; });
    });
    if (waits) continue;
    const std::string_view code = person::CodeOf(person::Finding::Kind::kIdentityChanged);
    TRY(AddMade(room, ReviewJson(room, NewUuid(), {code, record.second, {}}), set));
  }
  return {};
}

}  // namespace

Status SettleReviews(const Room& room, const view::Position& basis, const PersonChange& change,
                     view::ChangeSet* set) {
  const std::vector<std::string> patients = TRY(PatientsConcerned(room, change));
  if (patients.empty()) return {};
  std::vector<Review> reviews = TRY(OpenReviews(room, basis, patients));
  if (reviews.empty() && change.whose.empty()) return {};
  for (Review& review : reviews) NoteSaid(room, &review);
  Settled settled;
  std::vector<uint64_t> looked_at;
  {
    const auto people = room.context.persons->Read();
    const AfterWrite after(*people, change);
    for (const Review& review : reviews) {
      looked_at.insert(looked_at.end(), review.records.begin(), review.records.end());
      if (auto outcome = OutcomeFor(after, review, kRecordGone))
        settled.emplace_back(&review, std::move(*outcome));
    }
  }
  for (const auto& each : settled)
    TRY(AddPatched(room, each.first->current, "[" + StepsOf(each.second) + "]", set));
  TRY(AskWhose(room, change, reviews, settled, set));
  set->guards.push_back(PersonGuard(room, {}, std::move(looked_at)));
  return {};
}

namespace {

/// Takes him out of one Task: the candidate, what was compared with him if it was he, and the review itself if nothing is left to ask.
class Clearing {
 public:
  Clearing(const Room& room, const std::string& patient) : room_(room), patient_(patient) {
    change_.erased = {HashOfPatient(room, patient)};
  }

  Result<Plan> operator()(const view::Position& basis) {
    auto set = std::make_unique<view::ChangeSet>();
    std::set<uint64_t> known;
    const auto clear = [&](const Review& review, fhir::Value task) {
      return known.insert(review.current.id_hash).second ? Clear(review, task, set.get()) : Status();
    };
    TRY(ForReviews(room_, basis, "based-on=" + patient_, clear));
    TRY(ForReviews(room_, basis, "based-on:missing=true", clear));
    Plan plan;
    if (set->changes.empty()) return plan;
    plan.set = std::move(set);
    plan.answer = [](const view::Commit&) { return Response(); };
    return plan;
  }

 private:
  /// Where in the array references to him stand, the last first.
  std::vector<size_t> PlacesIn(fhir::Value array, bool is_input) const {
    std::vector<size_t> places;
    size_t at = 0;
    for (const fhir::Value each : array) {
      if ((is_input ? each["valueReference"] : each)["reference"].ToString() == patient_)
        places.push_back(at);
      ++at;
    }
    std::reverse(places.begin(), places.end());
    return places;
  }

  Status Clear(const Review& review, fhir::Value task, view::ChangeSet* set) const {
    const std::vector<size_t> inputs = PlacesIn(task["input"], true);
    if (inputs.empty() || task["for"]["reference"].ToString() == patient_) return {};
    std::string steps;
    const auto add = [&steps](std::string step) { steps += (steps.empty() ? "" : ",") + std::move(step); };
    const auto remove = [&](std::string_view member, const std::vector<size_t>& places) {
      if (places.size() == task[member].size())
        return add(fmt::format(R"({{"op":"remove","path":"/{}"}})", member));
      for (const size_t place : places)
        add(fmt::format(R"({{"op":"remove","path":"/{}/{}"}})", member, place));
    };
    remove("input", inputs);
    if (const auto places = PlacesIn(task["basedOn"], false); !places.empty()) remove("basedOn", places);
    // The first is the one that the levels are about.
    if (inputs.back() == 0)
      add(fmt::format(R"({{"op":"replace","path":"/extension","value":{}}})", UnscoredReasonJson(room_)));
    if (review.is_open) {
      if (const auto outcome = OutcomeOfOpen(review)) add(StepsOf(*outcome));
    }
    return AddPatched(room_, review.current, "[" + steps + "]", set);
  }

  std::optional<ReviewOutcome> OutcomeOfOpen(Review review) const {
    if (room_.context.persons != nullptr) {
      NoteSaid(room_, &review);
      const auto people = room_.context.persons->Read();
      return OutcomeFor(AfterWrite(*people, change_), review, kRecordErased);
    }
    if (review.records.size() > 2) return std::nullopt;
    return ReviewOutcome{false, kRecordErased, {}};
  }

  const Room& room_;
  const std::string patient_;
  PersonChange change_;
};

}  // namespace

Status ClearErased(const Room& room, const std::string& patient) {
  if (!patient.starts_with(kPatientSlash)) return {};
  std::promise<Response> answered;
  room.lane->Run(Clearing(room, patient),
                 [&answered](Response response) { answered.set_value(std::move(response)); });
  const Response response = answered.get_future().get();
  if (response.status < 300) return {};
  return MakeError(ErrorCode::kUnavailable,
                   "Reviews of the person index that name this person could not be rid of him: ask for the "
                   "erasure once more.");
}

}  // namespace tk::interaction
