// From a message to the members of FHIR resources, by a map that is data (data/adt.json): templates of JSON whose strings say where a value stands.
// Flow:   Map::Load(text) → Apply(message, scene) → for each resource: type, key, the members that the message gives; warnings of what could not be read
// Template: a string that begins with '=' is an expression; everything else stands as it is. An expression is one or more ways with " ?? " between, the
//         first that has a value counts. A way is a place ("PID-7", "PV1-19.4"), a place within the repetition of an "each" (".5", ".2.1"), several of
//         these joined by "+", a variable ("%sender", "%Patient"), or 'text'; then, if wanted, "|" and a converter:
//           date, dateTime      of DT, DTM and TS; as precise as it was sent; times without a zone are the server's
//           code:TABLE          by "codes" of the map; a value that is not in it is warned of. code?:TABLE: is not
//           system              a CX's or HD's assigning authority as an identifier system: urn:oid:, urn:uuid:, a URI, or %sender/namespace
//           resident            the value if it has the shape of a resident number (GB 11643-1999: 17 digits and a digit or X)
//           yes                 Y and N as true and false
//           number              an NM as a JSON number, without "+" and leading zeros; of another: nothing. no-number: the text of what is no number
//           lines               all repetitions, each whole whatever delimiters stand in it, joined by line breaks (ST, TX, FT)
//           token               a code of FHIR: no blanks at its ends, and no two together
//           coding:TABLE        a name of a coding system (table 0396) by "codes"; of another one %sender/cs/NAME
//           instant             a dateTime that says its second; of another: nothing
//         {"each": PLACE, "needs": N, "where": {N: [value …]}, "make": template} in a list: one item for each repetition that has component N.
//         {"when": {PLACE: [text …]}, "make": template}: only where each place has one of the texts ("": is empty or absent).
//         {"needs": expression, "make": template}: only where the expression has a value; both may stand together.
//         {"first": [template …]}: the first that has a value.
//         {"made": TYPE}: references to the resources of that type that were made before in the same group; in a list all, else the first.
//         What has expressions and no value of the message vanishes, with all around it that has no other.
// Members: "make" of every message, "on" by event in their place, "otherwise" only where neither the message nor what is stored has the member, "merge" names
//         members of which parts are replaced. A field with two quotes ("") takes its member out (null_members); one that is not there changes nothing.
// Segments that repeat: a resource with "for": SEGMENT is made once for each such segment (with "when": only where it holds). A place in it stands in that segment,
//         in the last one of its name before, or, of names in "behind": {NAME: [segments that end the search]}, in those after it ("each" takes all of them).
//         A resource without "for" is made once, with "when" only where it holds. A requirement ("any") may be of some "events" alone.
//         "let": {NAME: expression} are variables of one such resource. "group": SEGMENT of the map: what lies between two of them belongs together. Keys that
//         a message has twice are told apart by their order.
// Maps:   "base": "adt" takes over the codes of that map, and {"base": TYPE} in "resources" one of its resources.
// Errors: kInvalid with all required places that are missing. Source of the maps: the map's own "source".
#pragma once

#include <functional>
#include <map>

#include "kernel/hl7v2/ack.h"
#include "kernel/hl7v2/message.h"

namespace tk::hl7v2 {

struct MapNode;  // of a template, read

struct MapScene {
  std::string sender;  // base of identifier systems: "http://tongkang.dev/fhir/sid/hl7v2/…"
  int timezone_offset_min = 480;
  /// Of a resource, by type and key ("authority|number"): becomes the variable %Type as "Type/id" for those that follow.
  std::function<std::string(std::string_view type, std::string_view key)> id_of;
};

struct MappedResource {
  std::string type, id;
  std::vector<std::pair<std::string, std::string>> given;      // member, JSON; "" takes it out
  std::vector<std::pair<std::string, std::string>> otherwise;  // where there is none
  std::vector<std::string> merge;
};
struct Mapped {
  std::vector<MappedResource> resources;
  std::vector<Note> warnings;
};

class Map {
 public:
  /// Errors: kInvalid with line, column and element path of everything that is wrong.
  static Result<Map> Load(std::string_view name, std::string_view json);
  /// The maps that are linked in: registrations, results.
  static const Map& Adt();
  static const Map& Oru();
  /// The one that reads messages of this type; Adt() if none does, whose CheckHeader then says so.
  static const Map& For(const Message& message);

  /// Is it a message of this map, of a version that is read, and real (MSH-11)? Errors: kUnsupported / kInvalid at the place in MSH.
  Status CheckHeader(const Message& message) const;
  Result<Mapped> Apply(const Message& message, const MapScene& scene) const;

 private:
  struct Resource {
    std::string type;
    std::vector<std::shared_ptr<const MapNode>> key;
    std::vector<std::string> merge;
    using Members = std::vector<std::pair<std::string, std::shared_ptr<const MapNode>>>;
    Members make, otherwise;
    std::map<std::string, Members, std::less<>> on;
    std::string each_segment;             // "for"; empty: once
    std::shared_ptr<const MapNode> when;  // kWhen, null: always
    std::map<std::string, std::vector<std::string>, std::less<>> behind;
    Members let;
  };
  struct Required {
    std::vector<Place> any;
    std::string place, text;
    std::vector<std::string> events;  // of these alone; empty: always
  };
  struct Content {
    std::string type, group;
    std::vector<std::string> events, processing, versions;
    std::vector<Required> required;
    std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> codes;
    std::vector<Resource> resources;
  };
  friend class MapReader;
  friend class MapRun;
  std::shared_ptr<const Content> content_;
};

/// "20261123", "202611230900+0800" → "2026-11-23", "2026-11-23T09:00:00+08:00"; "" if there is no such day or time. Source: HL7 v2.5.1 section 2.A.22 (DTM).
std::string DateOf(std::string_view dtm);
std::string DateTimeOf(std::string_view dtm, int timezone_offset_min);

}  // namespace tk::hl7v2
