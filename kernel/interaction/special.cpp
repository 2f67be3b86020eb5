#include "kernel/interaction/special.h"

#include <algorithm>
#include <array>

#include "kernel/access/decision.h"
#include "kernel/access/mask.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/summary.h"

namespace tk::interaction {
namespace {

/// nullptr: nothing is hidden from him.
const access::SpecialCodes* HiddenFrom(const access::Viewer& viewer) {
  return access::IsBoundBySpecial(viewer) ? &viewer.policies->special() : nullptr;
}

/// A copy in which such resources have lost their content. Depth: the parser's.
class SpecialHider {
 public:
  SpecialHider(const Room& room, const access::Viewer& viewer, std::string* out)
      : room_(room), viewer_(viewer), codes_(*HiddenFrom(viewer)), json_(out) {}

  void Copy(fhir::Value value) {
    // What governs the city (value sets, questionnaires) names diseases and nobody who has them.
    const bool is_tree = value.is_object() || value.is_array();
    if (!is_tree || !codes_.MayHold(value.Json()) || GovernsTheCity(value["resourceType"].ToString())) {
      json_.Raw(value.Json());
    } else if (value.is_array()) {
      json_.Array();
      for (const fhir::Value item : value) Copy(item);
      json_.End();
    } else if (IsOneRecord(value)) {
      if (codes_.IsIn(value) && !IsOpen(value))
        Shell(value);
      else
        json_.Raw(value.Json());
    } else {
      json_.Object();
      for (const fhir::Value member : value) {
        json_.Key(member.name_text());
        Copy(member);
      }
      json_.End();
    }
  }

  size_t hidden = 0;

 private:
  bool IsOneRecord(fhir::Value object) const {
    const std::string type = object["resourceType"].ToString();
    return type != "Bundle" && type != "Parameters" &&
           room_.definitions->IsResource(room_.definitions->FindType(type));
  }

  /// Of what nobody knows whose it is: not.
  bool IsOpen(fhir::Value resource) const {
    if (viewer_.scope.beyond == nullptr) return false;
    const auto& open = viewer_.scope.beyond->open;
    const view::OwnerNumber owner = IsSubsetted(resource) ? OwnerOfCut(resource) : OwnerOf(resource);
    return owner != 0 && std::binary_search(open.begin(), open.end(), owner);
  }

  view::OwnerNumber OwnerOf(fhir::Value resource) const {
    const fhir::TypeId type = room_.definitions->FindType(resource["resourceType"].ToString());
    const std::string name = room_.engine().owners().NameOf(type, resource["id"].ToString(), resource);
    if (name.empty()) return 0;
    const auto owner = room_.engine().keys().Find(name);
    return owner.ok() ? *owner : 0;
  }

  /// What was cut was judged by what it names before (summary.h), and may name nobody now.
  view::OwnerNumber OwnerOfCut(fhir::Value resource) const {
    const uint64_t id_hash =
        room_.engine().IdHash(resource["resourceType"].ToString(), resource["id"].ToString());
    const auto version = room_.directory().Current(id_hash, room_.engine().Head());
    return version.ordinal == 0 ? 0
                                : room_.directory().OwnerNow(room_.directory().Get(version.ordinal).owner);
  }

  void Shell(fhir::Value resource) {
    constexpr std::array<std::string_view, 6> kKept = {"resourceType", "id",  "subject",
                                                       "patient",      "for", "beneficiary"};
    ++hidden;
    json_.Object();
    for (const fhir::Value member : resource) {
      if (std::find(kKept.begin(), kKept.end(), member.name_text()) != kKept.end())
        json_.Key(member.name_text()).Raw(member.Json());
    }
    json_.Key("meta").Object();
    for (const fhir::Value member : resource["meta"]) {
      if (member.name_text() != "security") json_.Key(member.name_text()).Raw(member.Json());
    }
    json_.Key("security").Array().Object();
    json_.Member("system", access::kMaskedSystem).Member("code", access::kMaskedCode).End().End();
    json_.End().End();
  }

  const Room& room_;
  const access::Viewer& viewer_;
  const access::SpecialCodes& codes_;
  fhir::JsonWriter json_;
};

/// What a criterion would tell.
struct SpecialJudge {
  const access::SpecialCodes& codes;

  static bool LooksAtCodes(const fhir::SearchParameter* parameter) {
    return parameter != nullptr && parameter->type == fhir::SearchType::kToken &&
           (parameter->expression.find("code") != std::string_view::npos ||
            parameter->expression.find("Code") != std::string_view::npos);
  }
  bool Names(const search::Term& term) const {
    return (!term.code.empty() && codes.Has({}, term.code)) ||
           std::any_of(term.parts.begin(), term.parts.end(),
                       [this](const search::Term& part) { return Names(part); });
  }
  bool Tells(const search::Criterion& criterion) const {
    if (criterion.join != nullptr)
      return std::any_of(criterion.join->branches.begin(), criterion.join->branches.end(),
                         [this](const auto& branch) { return Tells(branch.inner); });
    if (criterion.modifier == "text") return LooksAtCodes(criterion.parameter);
    if (criterion.codes != nullptr)
      return std::any_of(criterion.codes->codes().begin(), criterion.codes->codes().end(),
                         [this](const auto& code) { return codes.Has(code.first, code.second); });
    const bool is_code =
        criterion.parameter != nullptr && (criterion.parameter->type == fhir::SearchType::kToken ||
                                           criterion.parameter->type == fhir::SearchType::kComposite);
    return is_code && std::any_of(criterion.terms.begin(), criterion.terms.end(),
                                  [this](const search::Term& term) { return Names(term); });
  }
};

Error MayNotAskSpecial(std::string_view what) {
  return MakeIssue(
      ErrorCode::kForbidden, "forbidden", std::string(what),
      "Who has a special disease is not searched or sorted by: look at the records of those whom "
      "you treat.");
}

}  // namespace

view::HiddenMarks SpecialMarks(std::shared_ptr<const access::Policies> policies) {
  if (policies->special().empty()) return {};
  return {policies->special().fingerprint(), [policies](fhir::Value root) {
            return !GovernsTheCity(root["resourceType"].ToString()) && policies->special().IsIn(root);
          }};
}

std::shared_ptr<const view::HiddenSight> SpecialSightOf(const view::Engine* engine,
                                                        const access::Viewer& viewer) {
  if (!access::IsBoundBySpecial(viewer)) return nullptr;
  static const auto kMarked = std::make_shared<const view::HiddenSight>();
  if (engine->directory().marked_by() == viewer.policies->special().fingerprint()) return kMarked;
  return std::make_shared<const view::HiddenSight>(
      view::HiddenSight{[engine, holds = SpecialMarks(viewer.policies).holds](view::Ordinal ordinal) {
        const auto text = engine->OpenText(ordinal);
        if (!text.ok()) return true;  // of what cannot be read nobody knows
        if ((*text)->json.empty()) return false;
        const auto document = fhir::Document::Parse((*text)->json);
        return !document.ok() || holds(document->Root());
      }});
}

Result<std::optional<std::string>> WithoutSpecial(const Room& room, const access::Viewer& viewer,
                                                  std::string_view json) {
  const access::SpecialCodes* const codes = HiddenFrom(viewer);
  if (codes == nullptr || !codes->MayHold(json)) return std::optional<std::string>();
  const fhir::Document document = TRY(fhir::Document::Parse(json));
  std::string out;
  SpecialHider hider(room, viewer, &out);
  hider.Copy(document.Root());
  if (hider.hidden == 0) return std::optional<std::string>();
  return std::optional(std::move(out));
}

Status CheckNotSpecial(const Room& room, const access::Viewer& viewer, std::string_view text) {
  if (!TRY(WithoutSpecial(room, viewer, text))) return {};
  return MakeError(ErrorCode::kForbidden,
                   "This record tells of a special disease, which you see without its content, and neither "
                   "change nor delete: who treats the person does.");
}

Status CheckMayAskSpecial(const access::Viewer& viewer, const search::Query& query) {
  const access::SpecialCodes* const codes = HiddenFrom(viewer);
  if (codes == nullptr) return {};
  const SpecialJudge judge{*codes};
  for (const search::Criterion& criterion : query.criteria) {
    if (judge.Tells(criterion)) return MayNotAskSpecial(criterion.name);
  }
  for (const search::SortKey& key : query.sort) {
    if (SpecialJudge::LooksAtCodes(key.parameter)) return MayNotAskSpecial("_sort");
  }
  return {};
}

}  // namespace tk::interaction
