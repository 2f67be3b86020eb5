// What a map's JSON becomes when it is read; of the reader (map_read.cpp) and the run (map.cpp) alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/hl7v2/message.h"

namespace tk::hl7v2 {

/// One way of an expression.
struct Way {
  struct Piece {
    enum class Kind : uint8_t { kPlace, kRelative, kVariable, kText } kind = Kind::kText;
    Place place;       // of kRelative: component and subcomponent
    std::string text;  // of a variable its name
  };
  std::vector<Piece> pieces;
  std::string converter, table;
};

struct MapNode {
  enum class Kind : uint8_t {
    kConstant,
    kExpression,
    kObject,
    kList,
    kEach,
    kWhen,
    kMade,
    kFirst
  } kind = Kind::kConstant;
  std::string json;       // kConstant
  std::vector<Way> ways;  // kExpression
  std::vector<std::pair<std::string, std::shared_ptr<const MapNode>>>
      members;  // kObject; kList, kFirst: without names
  // kWhen: each place has one of the texts ("" is one)
  std::vector<std::pair<Place, std::vector<std::string>>> when;
  std::shared_ptr<const MapNode> presupposed;  // kWhen: has a value; may be null
  std::string made;  // kMade: the type of what was made before, within the same group
  // kEach
  Place each;
  std::string each_text;
  size_t needs = 0;
  std::vector<std::pair<size_t, std::vector<std::string>>> where;
  std::shared_ptr<const MapNode> make;  // of kWhen too
};

}  // namespace tk::hl7v2
