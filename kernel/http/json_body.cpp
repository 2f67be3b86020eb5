#include "kernel/http/json_body.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include <algorithm>

#include "kernel/base/text.h"

namespace tk::http {
namespace {

Error WantedBody(std::initializer_list<std::string_view> wanted,
                 std::initializer_list<std::string_view> optional) {
  std::string what;
  for (const std::string_view name : wanted)
    what += fmt::format("{}\"{}\": \"…\"", what.empty() ? "" : ", ", name);
  std::string text = "send {" + what + "}";
  if (optional.size() > 0) text += fmt::format("; there may be: {}", fmt::join(optional, ", "));
  return MakeError(ErrorCode::kIncorrect, std::move(text));
}

bool TextOfValue(const simdjson::dom::element& value, std::string* out) {
  std::string_view text;
  bool flag = false;
  simdjson::dom::array list;
  if (value.get(text) == simdjson::SUCCESS) {
    *out = text;
    return true;
  }
  if (value.get(flag) == simdjson::SUCCESS) {
    *out = flag ? "true" : "";
    return true;
  }
  if (value.get(list) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : list) {
    if (item.get(text) != simdjson::SUCCESS || text.find(' ') != std::string_view::npos) return false;
    out->append(out->empty() ? "" : " ").append(text);
  }
  return true;
}

}  // namespace

Result<JsonBody> JsonBody::Read(const Request& request, std::initializer_list<std::string_view> wanted,
                                std::initializer_list<std::string_view> optional) {
  if (!ToLower(request.content_type).starts_with("application/json"))
    return MakeError(ErrorCode::kUnsupported, "send Content-Type: application/json");
  simdjson::dom::parser parser;
  simdjson::dom::object document;
  const simdjson::padded_string padded(request.body);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS) return WantedBody(wanted, optional);
  JsonBody body;
  for (const auto field : document) {
    const bool must = std::find(wanted.begin(), wanted.end(), field.key) != wanted.end();
    const bool may = std::find(optional.begin(), optional.end(), field.key) != optional.end();
    std::string text;
    std::string_view plain;
    if (!must && !may) return WantedBody(wanted, optional);
    if (must ? field.value.get(plain) != simdjson::SUCCESS : !TextOfValue(field.value, &text))
      return WantedBody(wanted, optional);
    if (!body.texts_.emplace(field.key, must ? std::string(plain) : text).second)
      return WantedBody(wanted, optional);
  }
  for (const std::string_view name : wanted) {
    if (!body.Has(name)) return WantedBody(wanted, optional);
  }
  return body;
}

const std::string& JsonBody::operator[](std::string_view name) const {
  static const std::string nothing;
  const auto at = texts_.find(name);
  return at == texts_.end() ? nothing : at->second;
}

std::vector<std::string> JsonBody::List(std::string_view name) const {
  std::vector<std::string> out;
  for (std::string_view rest = (*this)[name]; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

void JsonBody::Forget() {
  for (auto& [name, text] : texts_) sodium_memzero(text.data(), text.size());
}

void WriteTexts(fhir::JsonWriter* json, const std::vector<std::string>& texts) {
  json->Array();
  for (const std::string& text : texts) json->String(text);
  json->End();
}

}  // namespace tk::http
