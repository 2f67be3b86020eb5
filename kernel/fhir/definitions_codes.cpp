#include "kernel/fhir/definitions_codes.h"

#include <algorithm>
#include <set>

namespace tk::fhir {
namespace {

using Codes = std::set<SystemCode>;

bool IsComplete(Value code_system) { return code_system["content"].ToString() == "complete"; }

void CollectConcepts(Value concepts, const std::string& system, Codes* out) {
  for (const Value item : concepts) {
    out->emplace(system, item["code"].ToString());
    CollectConcepts(item["concept"], system, out);
  }
}

/// Codes below `code` by nesting and by the properties parent and subsumedBy.
void CollectBelow(Value concepts, const std::string& code, bool within, std::set<std::string>* out) {
  for (const Value item : concepts) {
    const std::string own = item["code"].ToString();
    bool below = within;
    for (const Value property : item["property"]) {
      const std::string kind = property["code"].ToString();
      if ((kind == "parent" || kind == "subsumedBy") &&
          (property["valueCode"].ToString() == code || out->count(property["valueCode"].ToString()) != 0)) {
        below = true;
      }
    }
    if (below) out->insert(own);
    CollectBelow(item["concept"], code, below || own == code, out);
  }
}

std::set<std::string> Below(Value code_system, const std::string& code) {
  std::set<std::string> out;
  for (size_t before = SIZE_MAX; before != out.size();) {  // parents may stand after their children
    before = out.size();
    CollectBelow(code_system["concept"], code, false, &out);
  }
  return out;
}

/// One filter over a complete code system; false if we cannot decide it.
bool ApplyFilter(Value filter, Value code_system, const std::string& system, Codes* codes) {
  const std::string op = filter["op"].ToString();
  const std::string value = filter["value"].ToString();
  const std::string property = filter["property"].ToString();
  if (op != "is-a" && op != "descendent-of" && op != "is-not-a") return false;
  if (property != "concept" && property != "code") return false;
  std::set<std::string> below = Below(code_system, value);
  if (op != "descendent-of") below.insert(value);
  const bool keep = op != "is-not-a";
  for (auto i = codes->begin(); i != codes->end();) {
    i = (below.count(i->second) != 0 && i->first == system) == keep ? std::next(i) : codes->erase(i);
  }
  return true;
}

bool FromSystem(Value include, const CodeSource& source, Codes* out) {
  const std::string system = include["system"].ToString();
  if (include["concept"].size() > 0) {
    for (const Value item : include["concept"]) out->emplace(system, item["code"].ToString());
    return true;
  }
  const Value code_system = source.FindCodeSystem(system);
  if (!code_system.present()) {
    const auto compiled = source.Compiled(system);
    if (!compiled || include["filter"].size() > 0) return false;  // the nesting is not kept
    out->insert(compiled->begin(), compiled->end());
    return true;
  }
  if (!IsComplete(code_system)) return false;
  CollectConcepts(code_system["concept"], system, out);
  for (const Value filter : include["filter"]) {
    if (!ApplyFilter(filter, code_system, system, out)) return false;
  }
  return true;
}

std::optional<Codes> Import(std::string_view url, const CodeSource& source, int depth_max) {
  const Value value_set = source.FindValueSet(url);
  std::optional<std::vector<SystemCode>> list =
      value_set.present() ? ExpandValueSet(value_set, source, depth_max) : source.Compiled(url);
  if (!list) return std::nullopt;
  return Codes(list->begin(), list->end());
}

/// One include or exclude: the codes of its system that are also in each of its value sets.
std::optional<Codes> Part(Value include, const CodeSource& source, int depth_max) {
  Codes codes;
  const bool has_system = include["system"].present();
  if (has_system && !FromSystem(include, source, &codes)) return std::nullopt;
  bool first = !has_system;
  for (const Value item : include["valueSet"]) {
    const std::string url = item.ToString();
    const auto imported = Import(WithoutVersion(url), source, depth_max - 1);
    if (!imported) return std::nullopt;
    if (first) {
      codes = *imported;
    } else {
      Codes both;
      std::set_intersection(codes.begin(), codes.end(), imported->begin(), imported->end(),
                            std::inserter(both, both.end()));
      codes = std::move(both);
    }
    first = false;
  }
  return codes;
}

}  // namespace

std::string_view WithoutVersion(std::string_view canonical) {
  return canonical.substr(0, canonical.find('|'));
}

std::optional<std::vector<SystemCode>> ListCodeSystem(Value code_system) {
  if (!IsComplete(code_system)) return std::nullopt;
  Codes codes;
  CollectConcepts(code_system["concept"], code_system["url"].ToString(), &codes);
  return std::vector<SystemCode>(codes.begin(), codes.end());
}

std::optional<std::vector<SystemCode>> ExpandValueSet(Value value_set, const CodeSource& source,
                                                      int depth_max) {
  if (depth_max <= 0 || !value_set["compose"].present()) return std::nullopt;
  Codes all;
  for (const Value include : value_set["compose"]["include"]) {
    auto codes = Part(include, source, depth_max);
    if (!codes) return std::nullopt;
    all.merge(*codes);
  }
  for (const Value exclude : value_set["compose"]["exclude"]) {
    const auto codes = Part(exclude, source, depth_max);
    if (!codes) return std::nullopt;
    for (const SystemCode& code : *codes) all.erase(code);
  }
  return std::vector<SystemCode>(all.begin(), all.end());
}

}  // namespace tk::fhir
