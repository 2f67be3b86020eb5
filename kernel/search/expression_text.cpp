#include "kernel/search/expression_text.h"

#include <algorithm>

namespace tk::search {

using fhir::SearchParameter;

std::string_view Bare(std::string_view text) {
  for (;;) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
    if (text.size() < 2 || text.front() != '(' || text.back() != ')') return text;
    int depth = 0;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
      if (depth == 0) return text;  // the first one closes before the end
    }
    text = text.substr(1, text.size() - 2);
  }
}

std::vector<std::string_view> UnionParts(std::string_view text) {
  std::vector<std::string_view> parts;
  text = Bare(text);
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == '|' && depth == 0) {
      parts.push_back(Bare(text.substr(from, i - from)));
      from = i + 1;
    }
  }
  parts.push_back(Bare(text.substr(from)));
  return parts;
}

namespace {

/// "(Observation.value as Quantity)" and "value.as(Quantity)" in one form, without the type.
std::string PlainForm(std::string_view part, std::string_view type) {
  part = Bare(part);
  std::string out;
  if (const size_t at = part.find(" as "); at != std::string_view::npos) {
    out = std::string(Bare(part.substr(0, at))) + ".as(" + std::string(Bare(part.substr(at + 4))) + ")";
  } else {
    out = part;
  }
  if (out.size() > type.size() && out.compare(0, type.size(), type) == 0 && out[type.size()] == '.')
    out.erase(0, type.size() + 1);
  return out;
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text == end ||
         (text.size() > end.size() + 1 && text.compare(text.size() - end.size(), end.size(), end) == 0 &&
          text[text.size() - end.size() - 1] == '.');
}

}  // namespace

std::vector<std::string> PlainForms(std::string_view expression, std::string_view type) {
  std::vector<std::string> out;
  for (const std::string_view part : UnionParts(expression)) {
    std::string form = PlainForm(part, type);
    if (form.find("as(SampledData)") == std::string::npos) out.push_back(std::move(form));
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// In one official composite (DocumentReference relationship) the two names are exchanged: the one whose own expression ends as the component's
/// does is meant.
const SearchParameter* ComponentParameter(std::span<const SearchParameter> list, std::string_view type,
                                          const SearchParameter& composite, size_t component) {
  auto find = [&](std::string_view url) -> const SearchParameter* {
    for (const SearchParameter& each : list) {
      if (each.url == url && each.type != fhir::SearchType::kComposite) return &each;
    }
    return nullptr;
  };
  const auto wanted = PlainForms(composite.components[component].expression, type);
  auto fits = [&](const SearchParameter* parameter) {
    if (parameter == nullptr || wanted.empty()) return false;
    const auto forms = PlainForms(parameter->expression, type);
    return std::any_of(forms.begin(), forms.end(),
                       [&](const std::string& form) { return EndsWith(form, wanted.front()); });
  };
  const SearchParameter* named = find(composite.components[component].definition_url);
  if (fits(named)) return named;
  for (const SearchParameter::Component& other : composite.components) {
    if (const SearchParameter* parameter = find(other.definition_url); fits(parameter)) return parameter;
  }
  return named;
}

}  // namespace tk::search
