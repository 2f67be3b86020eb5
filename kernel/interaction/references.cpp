#include "kernel/interaction/references.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::interaction {

using fhir::Value;

LinkRewriter::LinkRewriter(const fhir::Definitions& definitions, const LinkTargets& targets, Resolve resolve)
    : definitions_(definitions),
      targets_(targets),
      resolve_(std::move(resolve)),
      reference_(definitions.FindType("Reference")),
      element_(definitions.FindType("Element")),
      xhtml_(definitions.FindType("xhtml")),
      uris_{definitions.FindType("uri"), definitions.FindType("url"), definitions.FindType("oid"),
            definitions.FindType("uuid")} {}

Result<fhir::Document> LinkRewriter::Rewrite(Value resource, fhir::TypeId type, std::string_view full_url,
                                             std::string_view id, const std::string& path) {
  Work work;
  work.start = resource.node().at;
  work.id = id;
  // A fullUrl that ends in Type/id has a base, against which the relative references of its resource are read.
  const size_t last = full_url.rfind('/');
  const size_t before =
      last == std::string_view::npos || last == 0 ? std::string_view::npos : full_url.rfind('/', last - 1);
  if (before != std::string_view::npos &&
      definitions_.IsResource(definitions_.FindType(full_url.substr(before + 1, last - before - 1)))) {
    work.base = std::string(full_url.substr(0, before + 1));
  }
  TRY(Object(resource, type, path, true, &work));
  return fhir::Document::Parse(fhir::ApplyEdits(resource.Json(), work.edits));
}

void LinkRewriter::RootEdit(Value member, bool has_id, Work* work) const {
  const std::string_view name = member.name_text();
  const auto at =
      static_cast<uint32_t>(member.Json().data() - member.document()->Text().data()) - work->start;
  const auto size = static_cast<uint32_t>(member.Json().size());
  if (name == "id") work->edits.push_back({at, size, fmt::format("\"{}\"", work->id)});
  if (name == "resourceType" && !has_id)
    work->edits.push_back({at + size, 0, fmt::format(R"(,"id":"{}")", work->id)});
}

Status LinkRewriter::Object(Value object, fhir::TypeId type, const std::string& path, bool is_root,
                            Work* work) {
  const bool has_id = is_root && object["id"].present();
  for (const Value member : object) {
    if (is_root) RootEdit(member, has_id, work);
    std::string_view name = member.name_text();
    if (name.size() > 1 && name[0] == '_') {  // id and extensions of a primitive
      TRY(Item(member, element_, fmt::format("{}.{}", path, name), work));
      continue;
    }
    const fhir::ElementInfo* element = definitions_.FindElement(type, fhir::Names::Find(name));
    if (element != nullptr) TRY(Member(member, *element, fmt::format("{}.{}", path, name), work));
  }
  return {};
}

Status LinkRewriter::Member(Value value, const fhir::ElementInfo& element, const std::string& path,
                            Work* work) {
  return Item(value, element.type, path, work);
}

Status LinkRewriter::Item(Value value, fhir::TypeId type, const std::string& path, Work* work) {
  if (value.is_array()) {
    size_t i = 0;
    for (const Value item : value) TRY(Item(item, type, fmt::format("{}[{}]", path, i++), work));
    return {};
  }
  if (value.is_string()) {
    if (type == xhtml_) Narrative(value, work);
    for (const fhir::TypeId uri : uris_) {
      if (type == uri) Uri(value, work);
    }
    return {};
  }
  if (!value.is_object()) return {};
  if (type == reference_) {
    for (const Value member : value) {
      if (member.name_text() == "reference" && member.is_string()) {
        TRY(Reference(member, path + ".reference", work));
      } else if (const fhir::ElementInfo* element =
                     definitions_.FindElement(type, fhir::Names::Find(member.name_text()))) {
        TRY(Member(member, *element, fmt::format("{}.{}", path, member.name_text()), work));
      }
    }
    return {};
  }
  if (definitions_.IsResource(type)) {  // contained, or inside a Bundle or Parameters: its own type rules
    const fhir::TypeId own = definitions_.FindType(value["resourceType"].ToString());
    if (own != fhir::kNoType) type = own;
  }
  return Object(value, type, path, false, work);
}

std::string LinkRewriter::Target(std::string_view link, const Work& work) const {
  const std::string_view whole = link.substr(0, link.find('#'));
  auto found = targets_.find(std::string(whole));
  if (found == targets_.end() && !work.base.empty() && whole.find(':') == std::string_view::npos)
    found = targets_.find(work.base + std::string(whole));
  if (found == targets_.end()) return {};
  return found->second + std::string(link.substr(whole.size()));
}

Status LinkRewriter::Reference(Value text, const std::string& path, Work* work) {
  const std::string link = text.ToString();
  if (link.empty() || link[0] == '#') return {};
  std::string target = Target(link, *work);
  if (target.empty()) {
    const size_t mark = link.find('?');
    const fhir::TypeId type = mark == std::string::npos
                                  ? fhir::kNoType
                                  : definitions_.FindType(std::string_view(link).substr(0, mark));
    if (definitions_.IsResource(type)) {
      auto resolved = resolve_(type, std::string_view(link).substr(mark + 1));
      if (!resolved.ok())
        return MakeIssue(resolved.error().code, TraitsOf(resolved.error().code).issue_type, path,
                         resolved.error().external);
      target = std::move(resolved).value();
    } else if (link.rfind("urn:uuid:", 0) == 0 || link.rfind("urn:oid:", 0) == 0) {
      return MakeIssue(ErrorCode::kInvalid, "not-found", path,
                       "This reference names no fullUrl of the bundle.");
    } else {
      return {};
    }
  }
  work->edits.push_back({text.node().at - work->start, text.node().size, std::move(target)});
  return {};
}

void LinkRewriter::Uri(Value text, Work* work) {
  std::string target = Target(text.ToString(), *work);
  if (!target.empty())
    work->edits.push_back({text.node().at - work->start, text.node().size, std::move(target)});
}

void LinkRewriter::Narrative(Value text, Work* work) {
  // The string as it stands in the JSON: its double quotes are written \".
  const std::string_view raw = text.Json().substr(1, text.node().size);
  for (const std::string_view attribute : {std::string_view("href="), std::string_view("src=")}) {
    for (size_t at = raw.find(attribute); at != std::string_view::npos; at = raw.find(attribute, at + 1)) {
      size_t begin = at + attribute.size();
      const std::string_view quote =
          raw.substr(begin, 2) == "\\\"" ? raw.substr(begin, 2) : raw.substr(begin, 1);
      if (quote != "\\\"" && quote != "'") continue;
      begin += quote.size();
      const size_t end = raw.find(quote, begin);
      if (end == std::string_view::npos) break;
      std::string target = Target(raw.substr(begin, end - begin), *work);
      if (target.empty()) continue;
      work->edits.push_back({text.node().at - work->start + static_cast<uint32_t>(begin),
                             static_cast<uint32_t>(end - begin), std::move(target)});
    }
  }
  std::sort(work->edits.begin(), work->edits.end(),
            [](const fhir::TextEdit& a, const fhir::TextEdit& b) { return a.at < b.at; });
}

}  // namespace tk::interaction
