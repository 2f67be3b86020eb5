// Search parameters: one row for each type they search, with the part of the expression that concerns the type.
#include <algorithm>
#include <array>
#include <cctype>

#include "kernel/fhir/definitions_compiler.h"

namespace tk::fhir {
namespace {

constexpr std::array<std::string_view, 9> kSearchTypes = {
    "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};

std::string_view Trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

/// The branches of a union at the top level: outside of parentheses, brackets and quotes.
std::vector<std::string_view> SplitUnion(std::string_view expression) {
  std::vector<std::string_view> parts;
  int depth = 0;
  char quote = 0;
  size_t start = 0;
  for (size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (quote != 0) {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == '|' && depth == 0) {
      parts.push_back(Trim(expression.substr(start, i - start)));
      start = i + 1;
    }
  }
  parts.push_back(Trim(expression.substr(start)));
  return parts;
}

/// The first identifier, e.g. "Patient" of "(Patient.deceased as dateTime)".
std::string_view Leading(std::string_view part) {
  while (!part.empty() && (part.front() == '(' || part.front() == ' ')) part.remove_prefix(1);
  size_t end = 0;
  while (end < part.size() && std::isalnum(static_cast<unsigned char>(part[end]))) ++end;
  return part.substr(0, end);
}

Error ParameterProblem(Value parameter, std::string_view member, std::string_view text) {
  return MakeIssue(ErrorCode::kInvalid, "invalid", "SearchParameter." + std::string(member),
                   parameter["url"].ToString() + ": " + std::string(text));
}

}  // namespace

Status Compiler::AddParameter(Value parameter) {
  const std::string expression = parameter["expression"].ToString();
  const std::vector<std::string_view> branches = SplitUnion(expression);
  if (parameter["code"].ToString().empty()) return ParameterProblem(parameter, "code", "is missing");
  if (parameter["base"].size() == 0) return ParameterProblem(parameter, "base", "is missing");
  for (const Value base : parameter["base"]) {
    const std::string name = base.ToString();
    const TypeId type = Named(name);
    if (type == kNoType || tables_.types[type].type_class != static_cast<uint8_t>(TypeClass::kResource)) {
      return ParameterProblem(parameter, "base", name + " is not a resource type");
    }
    std::string own;
    for (const std::string_view branch : branches) {
      const std::string_view leading = Leading(branch);
      const TypeId named = Named(leading);
      const bool other =
          named != kNoType && named != type && leading != "Resource" && leading != "DomainResource";
      if (branch.empty() || other) continue;  // what names no type concerns every base
      if (!own.empty()) own += " | ";
      own += branch;
    }
    if (own.empty() && !expression.empty())
      return ParameterProblem(parameter, "expression", "says nothing about " + name);
    TRY(AddParameterFor(parameter, type, own));
  }
  return {};
}

Status Compiler::AddParameterFor(Value parameter, TypeId resource, const std::string& expression) {
  ParameterRow row;
  const std::string kind = parameter["type"].ToString();
  const auto found = std::find(kSearchTypes.begin(), kSearchTypes.end(), kind);
  if (found == kSearchTypes.end())
    return ParameterProblem(parameter, "type", "is not a type of search parameter");
  row.type = static_cast<uint8_t>(found - kSearchTypes.begin());
  row.code = Pool(parameter["code"].ToString());
  row.url = Pool(parameter["url"].ToString());
  row.expression = Pool(expression);
  row.resource = resource;
  row.first_target = static_cast<uint32_t>(tables_.type_lists.size());
  for (const Value target : parameter["target"]) {
    const TypeId type = Named(target.ToString());
    if (type == kNoType) return ParameterProblem(parameter, "target", target.ToString() + " is not defined");
    tables_.type_lists.push_back(type);
    ++row.target_count;
  }
  row.first_component = static_cast<uint32_t>(tables_.components.size());
  for (const Value component : parameter["component"]) {
    tables_.components.push_back(
        {Pool(component["definition"].ToString()), Pool(component["expression"].ToString())});
    ++row.component_count;
  }
  tables_.parameters.push_back(row);
  // A parameter of an abstract type is one of every type below it.
  if (tables_.types[resource].is_abstract == 0) return {};
  for (size_t i = 0; i < tables_.types.size(); ++i) {
    const TypeRow& type = tables_.types[i];
    if (type.is_abstract != 0 || type.type_class != static_cast<uint8_t>(TypeClass::kResource)) continue;
    TypeId base = type.base;
    while (base != kNoType && base != resource) base = tables_.types[base].base;
    if (base != resource) continue;
    row.resource = static_cast<TypeId>(i);
    tables_.parameters.push_back(row);
  }
  return {};
}

// New types have the parameters of Resource and DomainResource, like every type.
void Compiler::AddInheritedParameters() {
  for (size_t i = base_types_; has_base_ && i < tables_.types.size(); ++i) {
    const TypeRow& type = tables_.types[i];
    if (type.type_class != static_cast<uint8_t>(TypeClass::kResource) || type.is_abstract != 0) continue;
    for (TypeId base = type.base; base != kNoType; base = tables_.types[base].base) {
      for (uint32_t p = 0; p < base_parameters_; ++p) {
        ParameterRow row = tables_.parameters[p];
        if (row.resource != base) continue;
        row.resource = static_cast<TypeId>(i);
        tables_.parameters.push_back(row);
      }
    }
  }
}

Status Compiler::SortParameters() {
  const auto key = [this](const ParameterRow& row) {
    return std::pair(row.resource, tables_.Text(row.code));
  };
  std::stable_sort(tables_.parameters.begin(), tables_.parameters.end(),
                   [&](const ParameterRow& a, const ParameterRow& b) { return key(a) < key(b); });
  const auto twice =
      std::adjacent_find(tables_.parameters.begin(), tables_.parameters.end(),
                         [&](const ParameterRow& a, const ParameterRow& b) { return key(a) == key(b); });
  if (twice == tables_.parameters.end()) return {};
  const std::string type(tables_.Text(tables_.types[twice->resource].name));
  return MakeIssue(ErrorCode::kInvalid, "duplicate", "SearchParameter.code",
                   std::string(tables_.Text(twice->url)) + " and " +
                       std::string(tables_.Text((twice + 1)->url)) + ": both define " +
                       std::string(tables_.Text(twice->code)) + " of " + type);
}

void Compiler::AddCompartment(Value compartment) {
  if (compartment["code"].ToString() != "Patient") return;
  for (const Value resource : compartment["resource"]) {
    const TypeId type = Named(resource["code"].ToString());
    if (type == kNoType) continue;
    for (const Value parameter : resource["param"])
      tables_.compartment.push_back({type, 0, Pool(parameter.ToString())});
  }
  std::stable_sort(tables_.compartment.begin(), tables_.compartment.end(),
                   [](const CompartmentRow& a, const CompartmentRow& b) { return a.type < b.type; });
}

// A platform type that no CompartmentDefinition mentions is in a Patient's compartment through its reference parameters
// "patient" and "subject": an author who forgets the compartment must not hide a person's data from $everything and access.
void Compiler::AddDefaultCompartment() {
  const TypeId patient = Named("Patient");
  for (const ParameterRow& row : tables_.parameters) {
    if (row.resource < base_types_) continue;
    const std::string_view code = tables_.Text(row.code);
    if (code != "patient" && code != "subject") continue;
    const auto first = tables_.type_lists.begin() + row.first_target;
    if (std::find(first, first + row.target_count, patient) == first + row.target_count) continue;
    const auto mentioned = std::find_if(
        tables_.compartment.begin(), tables_.compartment.end(),
        [&](const CompartmentRow& c) { return c.type == row.resource && tables_.Text(c.code) == code; });
    if (mentioned == tables_.compartment.end()) tables_.compartment.push_back({row.resource, 0, row.code});
  }
  std::stable_sort(tables_.compartment.begin(), tables_.compartment.end(),
                   [](const CompartmentRow& a, const CompartmentRow& b) { return a.type < b.type; });
}

}  // namespace tk::fhir
