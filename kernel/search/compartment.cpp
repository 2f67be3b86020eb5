#include "kernel/search/compartment.h"

#include <fmt/format.h>

#include "kernel/search/key_walk.h"

namespace tk::search {
namespace {

constexpr std::string_view kName = "_compartment";  // no query has it: names with a low line are FHIR's

/// The keys of his references, and himself: of the type Patient.
class PersonNode final : public Node {
 public:
  PersonNode(const Ground& ground, std::vector<uint64_t> keys, Ordinal himself)
      : links_(ground, std::move(keys)), himself_(himself) {}
  uint64_t Estimate() const override { return links_.Estimate() + 1; }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    if (himself_ != 0 && !each({himself_, kUnknownTime})) return;
    links_.Gather(each);
  }
  bool Holds(Candidate& candidate) const override {
    return candidate.ordinal == himself_ || links_.Holds(candidate);
  }

 private:
  const KeysNode links_;
  const Ordinal himself_;
};

/// Before whom content may be hidden: of what is hidden his own. Who else is named in it (as performer, as asserter) is content.
class ShownNode final : public Node {
 public:
  ShownNode(const Ground& ground, std::vector<uint64_t> keys, Ordinal himself)
      : ground_(ground), links_(ground, std::move(keys)), person_(OwnerOf(himself)) {}
  uint64_t Estimate() const override { return links_.Estimate(); }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    links_.Gather([&](const Candidate& candidate) { return !IsShown(candidate.ordinal) || each(candidate); });
  }
  bool Holds(Candidate& candidate) const override {
    return IsShown(candidate.ordinal) && links_.Holds(candidate);
  }
  bool in_time() const override { return true; }

 private:
  view::OwnerNumber OwnerOf(Ordinal ordinal) const {
    const view::Directory& directory = ground_.setting.directory;
    return ordinal == 0 ? 0 : directory.OwnerNow(directory.Get(ordinal).owner);
  }
  bool IsShown(Ordinal ordinal) const { return !ground_.Hides(ordinal) || OwnerOf(ordinal) == person_; }

  const Ground& ground_;
  const KeysNode links_;
  const view::OwnerNumber person_;
};

}  // namespace

Status NarrowToCompartment(const fhir::Definitions& definitions, std::string_view patient_id, Query* query) {
  const std::string_view type = definitions.Type(query->type).name;
  if (type != "Patient" && definitions.PatientCompartment(query->type).empty())
    return MakeIssue(ErrorCode::kNotFound, "not-supported", "",
                     fmt::format("No reference of {} puts it into the compartment of a Patient: search {} by "
                                 "itself.",
                                 type, type));
  Criterion criterion;
  criterion.name = criterion.special = kName;
  criterion.terms.emplace_back().code = patient_id;
  query->criteria.insert(query->criteria.begin(), std::move(criterion));
  return {};
}

bool IsCompartment(const Criterion& criterion) { return criterion.special == kName; }

std::unique_ptr<Node> MakeCompartmentNode(const Ground& ground, const Criterion& criterion) {
  const Extractor& extractor = ground.setting.extractor;
  const fhir::Definitions& definitions = extractor.definitions();
  const HashKey& key = ground.setting.hash_key;
  const std::string name = "Patient/" + criterion.terms[0].code;
  const fhir::TypeId patient = definitions.FindType("Patient");
  std::vector<uint64_t> keys;
  for (const std::string_view code : definitions.PatientCompartment(ground.type)) {
    const fhir::SearchParameter* parameter = definitions.FindSearchParameter(ground.type, code);
    if (parameter == nullptr || parameter->type != fhir::SearchType::kReference) continue;
    for (const Extractor::Source& source : extractor.At(extractor.IdOf(*parameter)).sources) {
      if (source.type == fhir::kNoType || source.type == patient)
        keys.push_back(ReferenceKey(key, source.parameter, name));
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  const bool is_patient = ground.type == patient;
  if (!is_patient && ground.request.scope.hidden == nullptr)
    return std::make_unique<KeysNode>(ground, std::move(keys));
  const auto himself = ground.setting.directory.Current(KeyedHash(key, name), ground.request.position);
  if (!is_patient) return std::make_unique<ShownNode>(ground, std::move(keys), himself.ordinal);
  return std::make_unique<PersonNode>(ground, std::move(keys), himself.deleted ? 0 : himself.ordinal);
}

}  // namespace tk::search
