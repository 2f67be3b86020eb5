#include "kernel/interaction/conformance.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "kernel/fhir/official_profiles.h"
#include "kernel/fhir/questionnaire.h"
#include "kernel/fhir/validate_structures.h"
#include "kernel/forms/form.h"
#include "kernel/interaction/prefer.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kTypes[] = {"StructureDefinition", "ValueSet", "CodeSystem", "Questionnaire",
                                       "Measure"};
constexpr size_t kKeptMax = 4096;
constexpr size_t kCandidatesMax = 1000;
constexpr int64_t kStateAgeMaxUs = 60 * kSecondUs;

/// The urls of R4's own profiles and extensions have this in them; few resources else.
bool NamesDefinition(std::string_view text) {
  constexpr std::string_view kPart = "/StructureDefinition/";
  return memmem(text.data(), text.size(), kPart.data(), kPart.size()) != nullptr;
}

}  // namespace

class Conformance::State final : public fhir::Canonicals {
 public:
  State(const Context& context, std::shared_ptr<const terminology::BuiltIn> built_in, uint64_t changes,
        int64_t made_us, std::shared_ptr<terminology::Kept> lists, const forms::Forms* forms,
        const std::vector<Beside>& beside = {})
      : forms_(forms),
        built_in_(std::move(built_in)),
        changes_(changes),
        made_us_(made_us),
        context_(context),
        position_(context.engine->Head()),
        profiles_(context.engine->definitions(), *this),
        terminology_(context.engine->definitions(), *this, std::move(lists)) {
    search::PageRequest request = Request();
    search::Query query;
    query.type = context_.engine->definitions().FindType("StructureDefinition");
    const auto count = context_.index->Count(query, request);
    has_profiles_ = !count.ok() || *count > 0;
    for (const Beside& one : beside) {
      written_.insert(one.type + "/" + one.id);
      if (one.document == nullptr) continue;
      beside_.emplace(one.type + "/" + one.id, one.document);
      beside_.emplace(one.type + " " + one.document->Root()["url"].ToString(), one.document);
      has_profiles_ = has_profiles_ || one.type == "StructureDefinition";
    }
  }

  std::shared_ptr<const fhir::Document> Find(std::string_view type,
                                             std::string_view canonical) const override {
    const std::string key = std::string(type) + " " + std::string(canonical);
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = kept_.find(key); known != kept_.end()) return known->second;
    }
    auto found = Search(type, canonical);
    const std::lock_guard lock(mutex_);
    if (!found.ok() && IsPassing(found.error())) {
      if (!failure_) failure_ = found.error();
      return nullptr;
    }
    std::shared_ptr<const fhir::Document> document = found.ok() ? *found : nullptr;
    if (document == nullptr) document = built_in_->Find(type, canonical);
    if (document == nullptr && type == "Questionnaire" && forms_ != nullptr) {
      const auto form = forms_->Find(canonical);
      if (form != nullptr) document = form->questionnaire;
    }
    if (kept_.size() >= kKeptMax) kept_.clear();
    return kept_[key] = std::move(document);
  }
  Status Complete() const override {
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    return {};
  }

  bool has_profiles() const { return has_profiles_; }
  fhir::Profiles& profiles() { return profiles_; }
  const terminology::Terminology& terminology() const { return terminology_; }
  bool IsFresh(uint64_t changes, int64_t now_us) const {
    return changes == changes_ && now_us < made_us_ + kStateAgeMaxUs && Complete().ok();
  }

 private:
  /// Not the question's fault: asked again later it may be answered.
  static bool IsPassing(const Error& error) {
    return error.code != ErrorCode::kIncorrect && error.code != ErrorCode::kUnsupported &&
           error.code != ErrorCode::kTooLarge;
  }
  search::PageRequest Request() const {
    search::PageRequest request;
    request.position = position_;
    request.count = kCandidatesMax;
    return request;
  }

  Result<std::shared_ptr<const fhir::Document>> Search(std::string_view type,
                                                       std::string_view canonical) const {
    const size_t bar = canonical.find('|');
    const fhir::Definitions& definitions = context_.engine->definitions();
    const std::string local = std::string(type) + "/";
    const bool by_id = canonical.starts_with(local);
    const std::string_view plain = canonical.substr(0, bar);
    const std::string asked =
        by_id ? "_id=" + PercentEncode(plain.substr(local.size())) : "url=" + PercentEncode(plain);
    search::Query query =
        TRY(search::ParseQuery(definitions, definitions.FindType(type), asked, search::ParseOptions{}));
    const search::Page page = TRY(context_.index->Search(query, Request()));
    std::shared_ptr<const fhir::Document> best;
    // True: no other comes before it.
    const auto is_it = [&](const std::shared_ptr<const fhir::Document>& document) {
      const fhir::Value root = document->Root();
      if (!by_id && root["url"].ToString() != plain) return false;
      if (bar != std::string_view::npos && root["version"].ToString() != canonical.substr(bar + 1))
        return false;
      if (by_id) return true;
      if (best == nullptr) best = document;
      return root["status"].ToString() == "active";
    };
    const auto [begin, end] =
        beside_.equal_range(by_id ? std::string(plain) : std::string(type) + " " + std::string(plain));
    for (auto i = begin; i != end; ++i) {
      if (is_it(i->second)) return i->second;
    }
    for (const view::Ordinal ordinal : page.ordinals) {
      auto read = context_.engine->Read(ordinal);
      if (!read.ok() && read.error().code == ErrorCode::kGone) continue;
      const view::ResourcePtr resource = TRY(std::move(read));
      if (!written_.empty() &&
          written_.count(std::string(type) + "/" + resource->document.Root()["id"].ToString()) != 0)
        continue;
      std::shared_ptr<const fhir::Document> document(resource, &resource->document);
      if (is_it(document)) return document;
    }
    return best;
  }

  const forms::Forms* const forms_;
  const std::shared_ptr<const terminology::BuiltIn> built_in_;
  const uint64_t changes_;
  const int64_t made_us_;
  const Context context_;
  const view::Position position_;
  bool has_profiles_ = true;
  std::unordered_set<std::string> written_;  // "Type/id" of what is not what is stored
  std::unordered_multimap<std::string, std::shared_ptr<const fhir::Document>>
      beside_;  // by "Type/id" and "Type url"
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const fhir::Document>> kept_;
  mutable std::optional<Error> failure_;  // under mutex_: the first look-up that came to nothing
  fhir::Profiles profiles_;
  terminology::Terminology terminology_;
};

Conformance::Conformance(const Context& context)
    : context_(context),
      built_in_(std::make_shared<const terminology::BuiltIn>(context.engine->definitions())) {}
Conformance::~Conformance() = default;

std::vector<fhir::TypeId> Conformance::Types(const fhir::Definitions& definitions) {
  std::vector<fhir::TypeId> types;
  for (const std::string_view name : kTypes) types.push_back(definitions.FindType(name));
  return types;
}

void Conformance::UseForms(const forms::Forms* forms) {
  const std::lock_guard lock(mutex_);
  forms_ = forms;
  state_ = nullptr;
}

std::shared_ptr<Conformance::State> Conformance::Current() {
  const uint64_t changes = changes_.load(std::memory_order_acquire);
  const int64_t now_us = context_.clock->NowUs();
  const std::lock_guard lock(mutex_);
  if (state_ == nullptr || !state_->IsFresh(changes, now_us))
    state_ = std::make_shared<State>(context_, built_in_, changes, now_us, lists_, forms_);
  return state_;
}

std::shared_ptr<Conformance::State> Conformance::With(const std::vector<Beside>& beside) const {
  return std::make_shared<State>(context_, built_in_, changes_.load(std::memory_order_acquire),
                                 context_.clock->NowUs(), terminology::MakeKept(), forms_, beside);
}

std::shared_ptr<const terminology::Terminology> Conformance::Terminology() {
  const std::shared_ptr<State> state = Current();
  return {state, &state->terminology()};
}

std::shared_ptr<fhir::Profiles> Conformance::Profiles() {
  const std::shared_ptr<State> state = Current();
  return {state, &state->profiles()};
}

Status CheckConformance(const Room& room, const Call& call, fhir::Value resource,
                        std::shared_ptr<Conformance::State> state) {
  const std::string type = resource["resourceType"].ToString();
  const bool has_answers = type == "QuestionnaireResponse" || type == "Bundle";
  if (state == nullptr) state = room.conformance->Current();
  const bool may_claim = state->has_profiles() || NamesDefinition(resource.document()->Text());
  if (!has_answers && !may_claim) return {};
  fhir::ProfileOptions options;
  options.now_us = room.context.clock->NowUs();
  options.deadline_us = call.request.deadline_us;
  options.work_max = fhir::ProfileWorkFor(resource);
  options.issues_max = fhir::kIssuesTold + 1;
  options.own_base = call.request.base_url;
  fhir::ProfileChecker checker(state->profiles(), options);
  if (may_claim) checker.CheckClaims(resource);
  std::vector<Issue> issues = checker.Take();
  if (has_answers) {
    for (Issue& issue : fhir::CheckAnswers(*room.definitions, state->profiles(), resource, false,
                                           options.now_us, checker.time(), options.own_base))
      issues.push_back(std::move(issue));
  }
  if (checker.time().over())
    return MakeError(
        ErrorCode::kTimeout,
        "The time of this request was over before the resource was checked against its profiles and "
        "questionnaires: it is not stored. Send it again, or in smaller parts.");
  TRY(state->Complete());  // else something would pass for unknown
  if (issues.empty()) return {};
  fhir::TellAtMost(fhir::kIssuesTold, false, &issues);
  Error error = MakeError(fhir::RefusedFor(issues), issues.front().path + ": " + issues.front().text);
  error.issues = std::move(issues);
  return error;
}

Status CheckProfile(const Room& room, const Call& call, fhir::Value structure,
                    std::shared_ptr<Conformance::State> state) {
  if (fhir::OfficialStructure(structure["url"].ToString()) != nullptr) return {};
  constexpr size_t kTold = 20;
  fhir::CheckTime time(call.request.deadline_us);
  if (state == nullptr) state = room.conformance->Current();
  std::vector<Issue> issues = fhir::UnusableProblems(state->profiles(), structure, kTold, time);
  if (time.over())
    return MakeError(
        ErrorCode::kTimeout,
        "The time of this request was over before the profile's elements, invariants and forms were "
        "read: it is not stored. Send it again, or as several profiles.");
  TRY(state->Complete());  // else its base would pass for unknown
  if (issues.empty()) return {};
  Error error = MakeError(ErrorCode::kInvalid, "the profile cannot be applied: " + issues.front().path +
                                                   ": " + issues.front().text);
  error.issues = std::move(issues);
  return error;
}

Result<std::vector<Issue>> ValidateConformance(const Room& room, const Call& call, fhir::Value resource,
                                               fhir::TypeId expected,
                                               const std::vector<std::string>& profiles) {
  const std::shared_ptr<Conformance::State> state = room.conformance->Current();
  fhir::FullOptions options;
  options.base.expected = expected;
  options.base.warnings = true;
  options.profiles = profiles;
  options.own_base = call.request.base_url;
  options.now_us = room.context.clock->NowUs();
  options.deadline_us = call.request.deadline_us;
  std::vector<Issue> issues = fhir::ValidateFully(*room.definitions, state->profiles(), resource, options);
  TRY(state->Complete());
  return issues;
}

}  // namespace tk::interaction
