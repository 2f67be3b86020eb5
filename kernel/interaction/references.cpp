#include "kernel/interaction/references.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/fhir/json_text.h"

namespace tk::interaction {

using fhir::Value;

namespace {

/// The quote that begins there in a JSON string's text: \" or '; "" if none does.
std::string_view QuoteAt(std::string_view raw, size_t at) {
  if (raw[at] == '\'') return raw.substr(at, 1);
  return raw.substr(at, 2) == "\\\"" ? raw.substr(at, 2) : std::string_view();
}

std::string_view WithoutBlanksBehind(std::string_view raw) {
  for (;;) {
    if (raw.ends_with(' '))
      raw.remove_suffix(1);
    else if (raw.ends_with("\\n") || raw.ends_with("\\r") || raw.ends_with("\\t"))
      raw.remove_suffix(2);
    else
      return raw;
  }
}

/// Does a tag's text end with the name and the = of an attribute that is a link?
bool IsLinkBefore(std::string_view raw) {
  raw = WithoutBlanksBehind(raw);
  if (!raw.ends_with('=')) return false;
  raw.remove_suffix(1);
  raw = WithoutBlanksBehind(raw);
  for (const std::string_view name : {std::string_view("href"), std::string_view("src")}) {
    if (!raw.ends_with(name)) continue;
    const std::string_view before = raw.substr(0, raw.size() - name.size());
    return WithoutBlanksBehind(before).size() < before.size();
  }
  return false;
}

}  // namespace

LinkRewriter::LinkRewriter(const fhir::Definitions& definitions, const LinkTargets& targets, Resolve resolve)
    : definitions_(definitions),
      targets_(targets),
      resolve_(std::move(resolve)),
      reference_(definitions.FindType("Reference")),
      element_(definitions.FindType("Element")),
      xhtml_(definitions.FindType("xhtml")),
      uris_{definitions.FindType("uri"), definitions.FindType("url"), definitions.FindType("oid"),
            definitions.FindType("uuid")},
      id_name_(fhir::Names::Find("id")),
      reference_name_(fhir::Names::Find("reference")) {}

LinkRewriter::Kind LinkRewriter::KindOf(fhir::TypeId type) const {
  if (type == reference_) return Kind::kReference;
  switch (definitions_.Type(type).type_class) {
    case fhir::TypeClass::kPrimitive:
      if (type == xhtml_) return Kind::kXhtml;
      return std::find(uris_.begin(), uris_.end(), type) != uris_.end() ? Kind::kUri : Kind::kNone;
    case fhir::TypeClass::kResource:
      return Kind::kResource;
    default:
      return Kind::kElement;
  }
}

std::string LinkRewriter::Place::Path() const {
  if (above == nullptr) return std::string(name);
  return name.empty() ? fmt::format("{}[{}]", above->Path(), index)
                      : fmt::format("{}.{}", above->Path(), name);
}

Result<fhir::Document> LinkRewriter::Rewrite(Value resource, fhir::TypeId type, std::string_view full_url,
                                             std::string_view id, std::string_view path) {
  Work work;
  work.start = resource.node().at;
  // A fullUrl that ends in Type/id has a base, against which the relative references of its resource are read.
  const size_t last = full_url.rfind('/');
  const size_t before =
      last == std::string_view::npos || last == 0 ? std::string_view::npos : full_url.rfind('/', last - 1);
  if (before != std::string_view::npos &&
      definitions_.IsResource(definitions_.FindType(full_url.substr(before + 1, last - before - 1)))) {
    work.base = std::string(full_url.substr(0, before + 1));
  }
  const Value old_id = resource[id_name_];
  for (const Value member : resource) {
    if (member.name() == id_name_ && member.is_string() && member.node().size != 0) {
      work.edits.push_back({member.node().at - work.start, member.node().size, std::string(id)});
    } else {
      TRY(Member(member, type, Place{nullptr, path, 0}, &work));
    }
  }
  if (old_id && (!old_id.is_string() || old_id.node().size == 0)) return WithWholeId(resource, id, &work);
  return fhir::Document::OfPart(resource, std::move(work.edits), old_id ? std::string_view() : id);
}

/// The id that came is no usable string: the whole value gives way.
Result<fhir::Document> LinkRewriter::WithWholeId(Value resource, std::string_view id, Work* work) const {
  const Value old_id = resource[id_name_];
  const auto at =
      static_cast<uint32_t>(old_id.Json().data() - old_id.document()->Text().data()) - work->start;
  const auto size = static_cast<uint32_t>(old_id.Json().size());
  std::erase_if(work->edits,
                [&](const fhir::TextEdit& edit) { return edit.at >= at && edit.at < at + size; });
  work->edits.push_back({at, size, fmt::format("\"{}\"", id)});
  std::sort(work->edits.begin(), work->edits.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return fhir::Document::Parse(TRY(fhir::ApplyEdits(resource.Json(), work->edits)));
}

Status LinkRewriter::Object(Value object, fhir::TypeId type, const Place& place, Work* work) {
  for (const Value member : object) TRY(Member(member, type, place, work));
  return {};
}

Status LinkRewriter::Member(Value member, fhir::TypeId type, const Place& place, Work* work) {
  const fhir::ElementInfo* element = definitions_.FindElement(type, member.name());
  if (element != nullptr) {
    return Item(member, element->type, Place{&place, element->name, 0}, work);
  }
  const std::string_view name = member.name_text();
  if (name.size() <= 1 || name[0] != '_') return {};
  return Item(member, element_, Place{&place, name, 0}, work);  // id and extensions of a primitive
}

Status LinkRewriter::Item(Value value, fhir::TypeId type, const Place& place, Work* work) {
  const Kind kind = KindOf(type);
  if (kind == Kind::kNone) return {};
  if (value.is_array()) {
    size_t i = 0;
    for (const Value item : value) TRY(Item(item, type, Place{&place, {}, i++}, work));
    return {};
  }
  if (value.is_string()) {
    if (kind == Kind::kXhtml) Narrative(value, work);
    if (kind == Kind::kUri) Uri(value, work);
    return {};
  }
  if (!value.is_object()) return {};
  if (kind == Kind::kReference) {
    for (const Value member : value) {
      if (member.name() == reference_name_ && member.is_string()) {
        TRY(Reference(member, Place{&place, "reference", 0}, work));
      } else {
        TRY(Member(member, type, place, work));
      }
    }
    return {};
  }
  if (kind == Kind::kResource) {  // contained, or inside a Bundle or Parameters: its own type rules
    const fhir::TypeId own = definitions_.FindType(value["resourceType"].ToString());
    if (own != fhir::kNoType) type = own;
  }
  return Object(value, type, place, work);
}

std::string LinkRewriter::Target(std::string_view link, const Work& work) const {
  const std::string_view whole = link.substr(0, link.find('#'));
  auto found = targets_.find(whole);
  if (found == targets_.end() && !work.base.empty() && whole.find(':') == std::string_view::npos)
    found = targets_.find(work.base + std::string(whole));
  if (found == targets_.end()) return {};
  return found->second + std::string(link.substr(whole.size()));
}

Status LinkRewriter::Reference(Value text, const Place& place, Work* work) {
  std::string scratch;
  const std::string_view link = text.String(scratch);
  if (link.empty() || link[0] == '#') return {};
  std::string target = Target(link, *work);
  if (target.empty()) {
    const size_t mark = link.find('?');
    const fhir::TypeId type =
        mark == std::string::npos ? fhir::kNoType : definitions_.FindType(link.substr(0, mark));
    if (definitions_.IsResource(type)) {
      auto resolved = resolve_(type, link.substr(mark + 1));
      if (!resolved.ok())
        return MakeIssue(resolved.error().code, TraitsOf(resolved.error().code).issue_type, place.Path(),
                         resolved.error().external);
      target = std::move(resolved).value();
    } else if (link.rfind("urn:uuid:", 0) == 0 || link.rfind("urn:oid:", 0) == 0) {
      return MakeIssue(ErrorCode::kInvalid, "not-found", place.Path(),
                       "This reference names no fullUrl of the bundle.");
    } else {
      return {};
    }
  }
  work->edits.push_back({text.node().at - work->start, text.node().size, fhir::EscapedText(target)});
  return {};
}

void LinkRewriter::Uri(Value text, Work* work) const {
  std::string scratch;
  const std::string target = Target(text.String(scratch), *work);
  if (!target.empty())
    work->edits.push_back({text.node().at - work->start, text.node().size, fhir::EscapedText(target)});
}

void LinkRewriter::Narrative(Value text, Work* work) const {
  // The string as it stands in the JSON: its double quotes are written \". Once from left to right, and over a quoted value in one step, so that
  // no two edits overlap, whatever the values hold.
  const std::string_view raw = text.Json().substr(1, text.node().size);
  for (size_t at = raw.find('<'); at != std::string_view::npos; at = raw.find('<', at)) {
    if (raw.substr(at, 4) == "<!--") {
      at = raw.find("-->", at);
      if (at == std::string_view::npos) return;
      continue;
    }
    while (at < raw.size() && raw[at] != '>') {
      const std::string_view quote = QuoteAt(raw, at);
      if (quote.empty()) {
        ++at;
        continue;
      }
      const size_t begin = at + quote.size(), end = raw.find(quote, begin);
      if (end == std::string_view::npos) return;
      std::string target =
          IsLinkBefore(raw.substr(0, at)) ? Target(raw.substr(begin, end - begin), *work) : std::string();
      if (!target.empty())
        work->edits.push_back({text.node().at - work->start + static_cast<uint32_t>(begin),
                               static_cast<uint32_t>(end - begin), std::move(target)});
      at = end + quote.size();
    }
  }
}

}  // namespace tk::interaction
