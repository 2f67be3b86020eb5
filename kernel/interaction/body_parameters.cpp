#include "kernel/interaction/body_parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/permit.h"

namespace tk::interaction {

Result<BodyParameters> BodyParameters::Read(const fhir::Document& document,
                                            std::initializer_list<std::string_view> known) {
  const fhir::Value root = document.Root();
  const std::string list = fmt::format("{}", fmt::join(known, ", "));
  if (root["resourceType"].ToString() != "Parameters")
    return MakeIssue(ErrorCode::kIncorrect, "value", "resourceType",
                     fmt::format("Send a Parameters resource with: {}.", list));
  std::vector<std::string> seen;
  size_t i = 0;
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string path = fmt::format("Parameters.parameter[{}].name", i++);
    const std::string name = parameter["name"].ToString();
    if (std::find(known.begin(), known.end(), name) == known.end())
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", path,
                       fmt::format("There is no such parameter here; there are: {}.", list));
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return MakeIssue(ErrorCode::kIncorrect, "value", path, "This parameter is given twice.");
    seen.push_back(name);
  }
  return BodyParameters(root);
}

fhir::Value BodyParameters::Find(std::string_view name) const {
  for (const fhir::Value parameter : root_["parameter"]) {
    if (parameter["name"].ToString() == name) return parameter;
  }
  return {};
}

std::string BodyParameters::PathOf(std::string_view name) const {
  size_t i = 0;
  for (const fhir::Value parameter : root_["parameter"]) {
    if (parameter["name"].ToString() == name) return fmt::format("Parameters.parameter[{}]", i);
    ++i;
  }
  return "Parameters.parameter";
}

Result<std::string> BodyParameters::PatientId(const Call& call, std::string_view name) const {
  std::string reference = Find(name)["valueReference"]["reference"].ToString();
  const std::string& base = call.request.base_url;
  if (reference.size() > base.size() && reference.starts_with(base) && reference[base.size()] == '/')
    reference.erase(0, base.size() + 1);
  constexpr std::string_view kPatient = "Patient/";
  std::string id = reference.starts_with(kPatient) ? reference.substr(kPatient.size()) : std::string();
  if (!IsId(id))
    return MakeIssue(ErrorCode::kIncorrect, Find(name) ? "value" : "required",
                     PathOf(name) + (Find(name) ? ".valueReference.reference" : ""),
                     fmt::format("Give the parameter {} with a valueReference to a Patient of this server: "
                                 "Patient/[id].",
                                 name));
  return id;
}

Result<bool> BodyParameters::Flag(std::string_view name) const {
  const fhir::Value parameter = Find(name);
  if (!parameter) return false;
  const fhir::Value value = parameter["valueBoolean"];
  if (value.kind() != fhir::Kind::kTrue && value.kind() != fhir::Kind::kFalse)
    return MakeIssue(ErrorCode::kIncorrect, "value", PathOf(name),
                     fmt::format("The parameter {} has a valueBoolean.", name));
  return value.IsTrue();
}

Result<std::string> BodyParameters::Text(std::string_view name, size_t bytes_max) const {
  const fhir::Value parameter = Find(name);
  if (!parameter) return std::string();
  std::string text = parameter["valueString"].ToString();
  if (text.size() > bytes_max || text.find_first_not_of(" \t\r\n") == std::string::npos)
    return MakeIssue(
        ErrorCode::kIncorrect, "value", PathOf(name),
        fmt::format("The parameter {} has a valueString with a text of at most {} bytes.", name, bytes_max));
  return text;
}

}  // namespace tk::interaction
