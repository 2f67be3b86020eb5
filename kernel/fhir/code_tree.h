// The codes of one code system and what stands above each: by nesting, and by the properties parent, child and subsumedBy.
// Source: FHIR R4 codesystem.html 4.8.10 (hierarchy), codesystem-concept-properties.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Immutable, never copied; holds no part of the resource that it was made from.
class CodeTree {
 public:
  using Place = uint32_t;
  static constexpr Place kNone = 0xffff'ffff;

  /// Cost: a visit of each concept and property.
  explicit CodeTree(Value code_system);
  CodeTree(const CodeTree&) = delete;
  CodeTree& operator=(const CodeTree&) = delete;

  const std::string& url() const { return url_; }
  const std::string& version() const { return version_; }
  /// content = complete: all its codes are here.
  bool is_complete() const { return is_complete_; }
  size_t size() const { return nodes_.size(); }
  /// Without regard to case where the code system has none (caseSensitive false).
  Place Find(std::string_view code) const;
  /// As the code system writes it.
  const std::string& Code(Place place) const { return *nodes_[place].code; }
  bool IsInactive(Place place) const { return nodes_[place].is_inactive; }
  const std::vector<Place>& Parents(Place place) const { return nodes_[place].parents; }
  const std::vector<Place>& Children(Place place) const { return nodes_[place].children; }
  /// Itself and all that stand below it, or above. Each once; rings do no harm.
  std::vector<Place> Below(Place place) const { return Reach(place, &Node::children); }
  std::vector<Place> Above(Place place) const { return Reach(place, &Node::parents); }

 private:
  struct Node {
    const std::string* code;  // a key of places_, or one of spellings_
    bool is_inactive = false;
    std::vector<Place> parents, children;
  };
  void Add(Value concepts, Place parent, int depth);
  void Link(Value concepts, int depth);
  void Join(Place parent, Place child);
  std::vector<Place> Reach(Place from, const std::vector<Place> Node::*next) const;

  std::string url_, version_;
  bool is_complete_ = false;
  bool folds_case_ = false;
  std::unordered_map<std::string, Place> places_;  // by code, in lower case if `folds_case_`
  std::deque<std::string> spellings_;              // of the codes whose key is another
  std::vector<Node> nodes_;
};

}  // namespace tk::fhir
