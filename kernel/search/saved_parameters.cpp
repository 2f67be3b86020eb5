#include "kernel/search/saved_parameters.h"

#include <fmt/format.h>

#include <charconv>

#include "kernel/base/hash.h"

namespace tk::search {
namespace {

// Expressions may run over several lines.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '\t' || c == '\n') out += '\\';
    out += c == '\t' ? 't' : c == '\n' ? 'n' : c;
  }
  return out;
}
std::string Plain(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i];
  }
  return out;
}

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(Plain(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool Number(const std::string& text, uint32_t max, uint32_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && *out <= max;
}

bool ReadLine(std::string_view line, SavedParameters* out) {
  const std::vector<std::string> fields = Split(line, '\t');
  uint32_t number = 0;
  if (fields[0] == "type" && fields.size() >= 3 && Number(fields[2], fhir::kNoType, &number)) {
    out->types.push_back({fields[1],
                          static_cast<fhir::TypeId>(number),
                          {fields.begin() + 3, fields.end()},
                          out->parameters.size(),
                          0});
    return true;
  }
  if (fields[0] == "parameter" && fields.size() >= 5 && !out->types.empty() &&
      Number(fields[3], static_cast<uint32_t>(fhir::SearchType::kSpecial), &number)) {
    out->parameters.push_back({fields[1],
                               fields[2],
                               fields[4],
                               static_cast<fhir::SearchType>(number),
                               {fields.begin() + 5, fields.end()}});
    ++out->types.back().count;
    return true;
  }
  return false;
}

}  // namespace

SavedParameters::Parameter DescribeParameter(const fhir::Definitions& definitions,
                                             const fhir::SearchParameter& parameter) {
  SavedParameters::Parameter out{std::string(parameter.code),
                                 std::string(parameter.url),
                                 std::string(parameter.expression),
                                 parameter.type,
                                 {}};
  for (const fhir::TypeId target : parameter.targets) out.targets.emplace_back(definitions.Type(target).name);
  return out;
}

SavedParameters DescribeParameters(const fhir::Definitions& definitions) {
  SavedParameters out;
  for (const fhir::TypeId id : definitions.ResourceTypes()) {
    SavedParameters::Type& type = out.types.emplace_back();
    type.name = definitions.Type(id).name;
    type.id = id;
    for (const std::string_view code : definitions.PatientCompartment(id))
      type.compartment.emplace_back(code);
    type.first = out.parameters.size();
    for (const fhir::SearchParameter& parameter : definitions.SearchParameters(id))
      out.parameters.push_back(DescribeParameter(definitions, parameter));
    type.count = out.parameters.size() - type.first;
  }
  return out;
}

std::string PrintParameters(const SavedParameters& saved) {
  std::string out;
  for (const SavedParameters::Type& type : saved.types) {
    out += fmt::format("type\t{}\t{}", type.name, type.id);
    for (const std::string& code : type.compartment) out += "\t" + Escaped(code);
    out += '\n';
    for (size_t i = type.first; i < type.first + type.count; ++i) {
      const SavedParameters::Parameter& p = saved.parameters[i];
      out += fmt::format("parameter\t{}\t{}\t{}\t{}", Escaped(p.code), Escaped(p.url),
                         static_cast<int>(p.type), Escaped(p.expression));
      for (const std::string& target : p.targets) out += "\t" + target;
      out += '\n';
    }
  }
  out += fmt::format("crc\t{}\n", Crc32c({reinterpret_cast<const uint8_t*>(out.data()), out.size()}));
  return out;
}

Result<SavedParameters> ReadParameters(std::string_view text) {
  const Error corrupt = MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                                  "the list of its search parameters");
  const size_t crc_at = text.rfind("crc\t");
  if (crc_at == std::string_view::npos ||
      text.substr(crc_at) !=
          fmt::format("crc\t{}\n", Crc32c({reinterpret_cast<const uint8_t*>(text.data()), crc_at})))
    return corrupt;
  SavedParameters out;
  for (text = text.substr(0, crc_at); !text.empty();) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || !ReadLine(text.substr(0, end), &out)) return corrupt;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace tk::search
