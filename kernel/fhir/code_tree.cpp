#include "kernel/fhir/code_tree.h"

#include <algorithm>

#include "kernel/base/text.h"

namespace tk::fhir {
namespace {
constexpr int kConceptDepthMax = 64;
}

CodeTree::CodeTree(Value code_system)
    : url_(code_system["url"].ToString()),
      version_(code_system["version"].ToString()),
      is_complete_(code_system["content"].ToString() == "complete"),
      folds_case_(code_system["caseSensitive"].kind() == Kind::kFalse) {
  Add(code_system["concept"], kNone, 0);
  Link(code_system["concept"], 0);
}

CodeTree::Place CodeTree::Find(std::string_view code) const {
  const auto found = places_.find(folds_case_ ? ToLower(code) : std::string(code));
  return found == places_.end() ? kNone : found->second;
}

void CodeTree::Add(Value concepts, Place parent, int depth) {
  if (depth > kConceptDepthMax) return;
  for (const Value item : concepts) {
    std::string code = item["code"].ToString();
    const auto [at, is_new] =
        places_.emplace(folds_case_ ? ToLower(code) : code, static_cast<Place>(nodes_.size()));
    if (is_new) {
      const bool is_key = at->first == code;
      if (!is_key) spellings_.push_back(std::move(code));
      nodes_.push_back({is_key ? &at->first : &spellings_.back(), false, {}, {}});
    }
    if (parent != kNone) Join(parent, at->second);
    Add(item["concept"], at->second, depth + 1);
  }
}

/// Properties name codes that may stand anywhere, so they are read when all are known.
void CodeTree::Link(Value concepts, int depth) {
  if (depth > kConceptDepthMax) return;
  for (const Value item : concepts) {
    const Place own = Find(item["code"].ToString());
    for (const Value property : item["property"]) {
      const std::string kind = property["code"].ToString();
      if (kind == "inactive" && property["valueBoolean"].IsTrue()) nodes_[own].is_inactive = true;
      if (kind == "status" && property["valueCode"].ToString() == "retired") nodes_[own].is_inactive = true;
      if (kind != "parent" && kind != "subsumedBy" && kind != "child") continue;
      const Place other = Find(property["valueCode"].ToString());
      if (other == kNone) continue;
      if (kind == "child")
        Join(own, other);
      else
        Join(other, own);
    }
    Link(item["concept"], depth + 1);
  }
}

void CodeTree::Join(Place parent, Place child) {
  std::vector<Place>& parents = nodes_[child].parents;
  if (std::find(parents.begin(), parents.end(), parent) != parents.end()) return;
  parents.push_back(parent);
  nodes_[parent].children.push_back(child);
}

std::vector<CodeTree::Place> CodeTree::Reach(Place from, const std::vector<Place> Node::*next) const {
  std::vector<Place> out{from};
  std::vector<bool> seen(nodes_.size(), false);
  seen[from] = true;
  for (size_t i = 0; i < out.size(); ++i) {
    for (const Place place : nodes_[out[i]].*next) {
      if (seen[place]) continue;
      seen[place] = true;
      out.push_back(place);
    }
  }
  return out;
}

}  // namespace tk::fhir
