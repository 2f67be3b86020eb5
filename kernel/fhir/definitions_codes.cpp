#include "kernel/fhir/definitions_codes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "kernel/base/text.h"

namespace tk::fhir {
namespace {

using Codes = std::set<SystemCode>;
using CodePlace = CodeTree::Place;

/// The parts of "a,b" without the blanks around them.
std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    out.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

/// One value set and all that it imports.
class Expander {
 public:
  Expander(const CodeSource& source, const ExpansionLimits& limits) : source_(source), limits_(limits) {}

  Result<Codes> ValueSet(Value value_set, int depth) {
    const std::string url = value_set["url"].ToString();
    if (depth > limits_.depth_max)
      return TooLarge("value set " + url + ": value sets import each other more than " +
                      std::to_string(limits_.depth_max) + " deep");
    const Value compose = value_set["compose"];
    if (!compose.present()) return Expansion(value_set["expansion"], url);
    const Value inactive = compose["inactive"];
    const bool active_only = inactive.present() && !inactive.IsTrue();
    Codes all;
    size_t i = 0;
    for (const Value include : compose["include"]) {
      Codes codes = TRY(Part(include, active_only, depth, Where(url, "compose.include", i++)));
      all.merge(codes);
      TRY(CheckSize(all, url));
    }
    i = 0;
    for (const Value exclude : compose["exclude"]) {
      const Codes codes = TRY(Part(exclude, false, depth, Where(url, "compose.exclude", i++)));
      for (const SystemCode& code : codes) all.erase(code);
    }
    return all;
  }

  /// The codes of an expansion that somebody else made, where it is whole: neither a page nor cut short. It is all that such a value set says.
  /// Source: FHIR R4 valueset.html#expansion, extensions valueset-toocostly and valueset-unclosed.
  Result<Codes> Expansion(Value expansion, const std::string& url) {
    bool is_whole = expansion.present();
    for (const Value extension : expansion["extension"]) {
      const std::string kind = extension["url"].ToString();
      if (kind.ends_with("/valueset-toocostly") || kind.ends_with("/valueset-unclosed")) is_whole = false;
    }
    Codes codes;
    size_t count = 0;
    TRY(Contained(expansion["contains"], url, &codes, &count));
    const Value total = expansion["total"];
    if (!is_whole || expansion["offset"].Number().find_first_not_of('0') != std::string_view::npos ||
        (total.present() && total.Number() != std::to_string(count)))
      return Unlisted("value set " + url + " has neither a compose nor a whole expansion");
    TRY(CheckSize(codes, url));
    return codes;
  }

 private:
  Status Contained(Value contains, const std::string& url, Codes* out, size_t* count) {
    TRY(Step(contains.size(), "value set " + url + ", expansion: "));
    for (const Value item : contains) {
      ++*count;
      if (item["code"].present() && !item["abstract"].IsTrue())
        out->insert(Spelled(item["system"].ToString(), item["code"].ToString()));
      TRY(Contained(item["contains"], url, out, count));
    }
    return {};
  }

  static std::string Where(const std::string& url, const char* list, size_t i) {
    return "value set " + url + ", " + list + "[" + std::to_string(i) + "]: ";
  }
  static Error Unlisted(std::string text) {
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "", std::move(text));
  }
  static Error TooLarge(std::string text) {
    return MakeIssue(ErrorCode::kTooLarge, "too-costly", "", std::move(text));
  }
  Status CheckSize(const Codes& codes, const std::string& url) const {
    if (codes.size() <= limits_.codes_max) return {};
    return TooLarge("value set " + url + " has more than " + std::to_string(limits_.codes_max) + " codes");
  }
  Status Step(size_t codes, const std::string& where) {
    steps_ += codes;
    if (steps_ <= limits_.steps_max) return {};
    return TooLarge(where + "more than " + std::to_string(limits_.steps_max) +
                    " codes would have to be looked at");
  }

  /// One include or exclude: the codes of its system that are also in each of its value sets.
  Result<Codes> Part(Value part, bool active_only, int depth, const std::string& where) {
    Codes codes;
    bool first = !part["system"].present();
    if (!first) codes = TRY(FromSystem(part, active_only, where));
    for (const Value item : part["valueSet"]) {
      Codes imported = TRY(Import(item.ToString(), depth, where));
      TRY(Step(codes.size() + imported.size(), where));
      if (first) {
        codes = std::move(imported);
      } else {
        Codes both;
        std::set_intersection(codes.begin(), codes.end(), imported.begin(), imported.end(),
                              std::inserter(both, both.end()));
        codes = std::move(both);
      }
      first = false;
    }
    return codes;
  }

  Result<Codes> Import(const std::string& canonical, int depth, const std::string& where) {
    TRY(Step(1, where));  // also of one that has no codes
    const Value value_set = source_.FindValueSet(canonical);
    if (value_set.present()) return ValueSet(value_set, depth + 1);
    const auto list = source_.Compiled(WithoutVersion(canonical));
    if (!list) return Unlisted(where + "value set " + canonical + " is not known here or cannot be listed");
    return Spelled(*list);
  }

  /// As it is listed: codes that are the same in upper and lower case, in lower case.
  SystemCode Spelled(std::string system, std::string code) {
    const auto [known, is_new] = folds_case_.emplace(system, false);
    if (is_new) known->second = source_.FoldsCase(system);
    return {std::move(system), known->second ? ToLower(code) : std::move(code)};
  }
  Codes Spelled(const std::vector<SystemCode>& list) {
    Codes codes;
    for (const auto& [system, code] : list) codes.insert(Spelled(system, code));
    return codes;
  }

  Result<Codes> FromSystem(Value part, bool active_only, const std::string& where) {
    const std::string system = part["system"].ToString();
    Codes out;
    if (part["concept"].size() > 0) {
      TRY(Step(part["concept"].size(), where));
      for (const Value item : part["concept"]) out.insert(Spelled(system, item["code"].ToString()));
      return out;
    }
    std::string canonical = system;
    if (part["version"].present()) canonical += "|" + part["version"].ToString();
    const std::shared_ptr<const CodeTree> tree = source_.FindCodeSystem(canonical);
    if (tree == nullptr) {
      const auto compiled = source_.Compiled(system);
      if (!compiled) return Unlisted(where + "code system " + canonical + " is not known here");
      if (part["filter"].size() > 0)
        return Unlisted(where + "the hierarchy of code system " + canonical + " is not known here");
      return Spelled(*compiled);
    }
    if (!tree->is_complete())
      return Unlisted(where + "not all codes of code system " + canonical + " are known here");
    TRY(Step(tree->size(), where));
    std::vector<bool> kept(tree->size(), true);
    for (const Value filter : part["filter"]) TRY(ApplyFilter(filter, *tree, where, &kept));
    for (CodePlace place = 0; place < tree->size(); ++place) {
      if (!kept[place] || (active_only && tree->IsInactive(place))) continue;
      if (out.size() == limits_.codes_max)
        return TooLarge(where + "more than " + std::to_string(limits_.codes_max) + " codes");
      out.insert(Spelled(system, tree->Code(place)));
    }
    return out;
  }

  Status ApplyFilter(Value filter, const CodeTree& tree, const std::string& where, std::vector<bool>* kept) {
    const std::string property = filter["property"].ToString(), op = filter["op"].ToString(),
                      value = filter["value"].ToString();
    TRY(Step(tree.size(), where));
    const CodePlace place = tree.Find(value);
    std::vector<CodePlace> named;
    bool keep = true;
    const bool of_code = property == "concept" || property == "code";
    if (property == "parent" && op == "=") {
      if (place != CodeTree::kNone) named = tree.Children(place);
    } else if (of_code && (op == "is-a" || op == "descendent-of" || op == "is-not-a")) {
      if (place != CodeTree::kNone) named = tree.Below(place);
      if (op == "descendent-of") std::erase(named, place);
      keep = op != "is-not-a";
    } else if (of_code && op == "generalizes") {
      if (place != CodeTree::kNone) named = tree.Above(place);
    } else if (of_code && (op == "=" || op == "in" || op == "not-in")) {
      for (const std::string& code : op == "=" ? std::vector<std::string>{value} : SplitList(value)) {
        if (const CodePlace each = tree.Find(code); each != CodeTree::kNone) named.push_back(each);
      }
      keep = op != "not-in";
    } else {
      return Unlisted(where + "the filter '" + property + " " + op + "' is not decided here");
    }
    std::vector<bool> is_named(tree.size(), false);
    for (const CodePlace each : named) is_named[each] = true;
    for (size_t i = 0; i < kept->size(); ++i) (*kept)[i] = (*kept)[i] && is_named[i] == keep;
    return {};
  }

  const CodeSource& source_;
  const ExpansionLimits& limits_;
  size_t steps_ = 0;
  std::map<std::string, bool> folds_case_;  // by system
};

}  // namespace

std::string_view WithoutVersion(std::string_view canonical) {
  return canonical.substr(0, canonical.find('|'));
}

std::optional<std::vector<SystemCode>> ListCodeSystem(const CodeTree& code_system) {
  if (!code_system.is_complete()) return std::nullopt;
  std::vector<SystemCode> out;
  for (CodePlace place = 0; place < code_system.size(); ++place)
    out.emplace_back(code_system.url(), code_system.Code(place));
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<SystemCode>> ExpandValueSet(Value value_set, const CodeSource& source,
                                               const ExpansionLimits& limits) {
  const Codes codes = TRY(Expander(source, limits).ValueSet(value_set, 1));
  return std::vector<SystemCode>(codes.begin(), codes.end());
}

}  // namespace tk::fhir
