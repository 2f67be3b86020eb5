#include "kernel/interaction/merge_links.h"

#include <fmt/format.h>

#include "kernel/fhir/patch.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kWasActive = "was-active", kWasOne = "was-one";
constexpr std::string_view kDirect = "direct", kByOthers = "by-others";
constexpr std::string_view kReplacedBy = "replaced-by", kReplaces = "replaces";

std::string TypeOfLink(fhir::Value link) { return link["type"].ToString(); }
std::string OtherOf(fhir::Value link) { return link["other"]["reference"].ToString(); }

using Parts = std::vector<std::pair<std::string_view, std::string_view>>;

std::string MergeLinkJson(std::string_view other, std::string_view type, const Parts& parts) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("extension").Array().Object().Member("url", person::kPersonLinkUrl);
  json.Key("extension").Array();
  for (const auto& part : parts)
    json.Object().Member("url", part.first).Member("valueCode", part.second).End();
  json.End().End().End();
  json.Key("other").Object().Member("reference", other).End();
  json.Member("type", type).End();
  return out;
}

/// The step that puts a link behind those that are there.
std::string AddLinkStep(bool has_links, std::string_view link) {
  return has_links ? fmt::format(R"({{"op":"add","path":"/link/-","value":{}}})", link)
                   : fmt::format(R"({{"op":"add","path":"/link","value":[{}]}})", link);
}

std::string ActiveStep(fhir::Value patient, std::string_view value) {
  if (value == "absent")
    return patient["active"] ? std::string(R"({"op":"remove","path":"/active"})") : std::string();
  return fmt::format(R"({{"op":"{}","path":"/active","value":{}}})", patient["active"] ? "replace" : "add",
                     value);
}

void AppendStep(std::string step, std::string* steps) {
  if (step.empty()) return;
  *steps += steps->empty() ? "" : ",";
  *steps += step;
}

}  // namespace

std::string ReplacedBySteps(fhir::Value source, std::string_view target, WasOne was_one) {
  const fhir::Value active = source["active"];
  const std::string was = active ? std::string(active.Json()) : "absent";
  Parts parts = {{kWasActive, was}};
  if (was_one != WasOne::kNot) parts.emplace_back(kWasOne, was_one == WasOne::kDirect ? kDirect : kByOthers);
  return fmt::format("[{},{}]", ActiveStep(source, "false"),
                     AddLinkStep(source["link"].present(), MergeLinkJson(target, kReplacedBy, parts)));
}

WasOne WasOneBefore(fhir::Value source, std::string_view target) {
  for (const fhir::Value link : source["link"]) {
    if (!person::IsPersonLink(link) || TypeOfLink(link) != kReplacedBy || OtherOf(link) != target) continue;
    const std::string code = person::PartOfPersonLink(link, kWasOne)["valueCode"].ToString();
    return code == kDirect ? WasOne::kDirect : code == kByOthers ? WasOne::kByOthers : WasOne::kNot;
  }
  return WasOne::kNot;
}

std::string ReplacesSteps(fhir::Value target, std::string_view source) {
  if (HasMergeLink(target, kReplaces, source)) return "[]";  // of a source that was deleted and came back
  return fmt::format(
      "[{}]", AddLinkStep(target["link"].present(), MergeLinkJson(source, kReplaces, {{"grade", "manual"}})));
}

namespace {

/// Removes the links at these places, ascending, of `count`, and puts active as it was.
std::string RemoveSteps(fhir::Value patient, const std::vector<size_t>& places, size_t count,
                        const std::string& was) {
  if (places.empty()) return {};
  std::string steps;
  if (places.size() == count) {
    AppendStep(R"({"op":"remove","path":"/link"})", &steps);
  } else {
    for (auto place = places.rbegin(); place != places.rend(); ++place)
      AppendStep(fmt::format(R"({{"op":"remove","path":"/link/{}"}})", *place), &steps);
  }
  if (was == "true" || was == "false" || was == "absent") AppendStep(ActiveStep(patient, was), &steps);
  return "[" + steps + "]";
}

bool IsUnmarked(fhir::Value link, std::string_view type, std::string_view other) {
  return !person::IsPersonLink(link) && TypeOfLink(link) == type && OtherOf(link) == other;
}

}  // namespace

std::string TakeBackSteps(fhir::Value patient, const std::set<std::string>& others) {
  std::vector<size_t> places;
  std::string was;
  size_t at = 0;
  for (const fhir::Value link : patient["link"]) {
    if (person::IsPersonLink(link) && others.contains(OtherOf(link))) {
      places.push_back(at);
      if (TypeOfLink(link) == kReplacedBy)
        was = person::PartOfPersonLink(link, kWasActive)["valueCode"].ToString();
    }
    ++at;
  }
  return RemoveSteps(patient, places, at, was);
}

std::string TakeBackUnmarkedSteps(fhir::Value patient, std::string_view type, std::string_view other,
                                  const std::string& was) {
  std::vector<size_t> places;
  size_t at = 0;
  for (const fhir::Value link : patient["link"]) {
    if (IsUnmarked(link, type, other)) places.push_back(at);
    ++at;
  }
  return RemoveSteps(patient, places, at, was);
}

bool HasUnmarkedLink(fhir::Value patient, std::string_view type, std::string_view other) {
  for (const fhir::Value link : patient["link"]) {
    if (IsUnmarked(link, type, other)) return true;
  }
  return false;
}

std::string MergedInto(fhir::Value patient) {
  for (const fhir::Value link : patient["link"]) {
    if (person::IsPersonLink(link) && TypeOfLink(link) == kReplacedBy) return OtherOf(link);
  }
  return {};
}

bool HasMergeLink(fhir::Value patient, std::string_view type, std::string_view other) {
  for (const fhir::Value link : patient["link"]) {
    if (person::IsPersonLink(link) && (type.empty() || TypeOfLink(link) == type) &&
        (other.empty() || OtherOf(link) == other))
      return true;
  }
  return false;
}

Status CheckNoNewMergeLinks(const Room& room, const view::Resource* before, const view::Resource& now) {
  if (room.TypeName(now.type) != "Patient" || now.op == view::Operation::kDelete) return {};
  size_t at = 0;
  for (const fhir::Value link : now.document.Root()["link"]) {
    const size_t place = at++;
    if (!person::IsPersonLink(link)) continue;
    if (before != nullptr && HasMergeLink(before->document.Root(), TypeOfLink(link), OtherOf(link))) continue;
    return MakeIssue(ErrorCode::kForbidden, "forbidden", fmt::format("Patient.link[{}]", place),
                     "A link that is marked by the extension person-link is made by $merge alone: leave the "
                     "extension out, if your own system says so of its records, or ask for $merge.");
  }
  return {};
}

Result<view::ResourcePtr> WithMergeLinks(const Room& room, const view::Resource& before,
                                         view::ResourcePtr now) {
  if (room.TypeName(now->type) != "Patient" || now->op == view::Operation::kDelete ||
      !HasMergeLink(before.document.Root(), {}, {}))
    return now;
  const fhir::Value sent = now->document.Root();
  std::string steps;
  bool has_links = sent["link"].present();
  for (const fhir::Value kept : before.document.Root()["link"]) {
    if (!person::IsPersonLink(kept)) continue;
    size_t at = 0, same = SIZE_MAX;
    for (const fhir::Value link : sent["link"]) {
      if (TypeOfLink(link) == TypeOfLink(kept) && OtherOf(link) == OtherOf(kept)) same = at;
      ++at;
    }
    if (same == SIZE_MAX) {
      AppendStep(AddLinkStep(has_links, kept.Json()), &steps);
      has_links = true;
    } else if (sent["link"].At(same).Json() != kept.Json()) {
      AppendStep(fmt::format(R"({{"op":"replace","path":"/link/{}","value":{}}})", same, kept.Json()),
                 &steps);
    }
    if (TypeOfLink(kept) == kReplacedBy && (!sent["active"] || sent["active"].IsTrue()))
      AppendStep(ActiveStep(sent, "false"), &steps);
  }
  if (steps.empty()) return now;
  const fhir::Document patch = TRY(fhir::Document::Parse("[" + steps + "]"));
  return view::MakeResource(*room.definitions, TRY(fhir::ApplyJsonPatch(sent, patch.Root())), now->version,
                            now->op);
}

}  // namespace tk::interaction
