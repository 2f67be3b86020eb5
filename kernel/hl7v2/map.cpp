#include "kernel/hl7v2/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"
#include "kernel/fhir/json_file.h"

namespace tk::hl7v2 {

extern const char* const kAdtJson;

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
  enum class Kind : uint8_t { kConstant, kExpression, kObject, kList, kEach } kind = Kind::kConstant;
  std::string json;       // kConstant
  std::vector<Way> ways;  // kExpression
  std::vector<std::pair<std::string, std::shared_ptr<const MapNode>>>
      members;  // kObject; kList: without names
  // kEach
  Place each;
  std::string each_text;
  size_t needs = 0;
  std::vector<std::pair<size_t, std::vector<std::string>>> where;
  std::shared_ptr<const MapNode> make;
};

namespace {

using NodePtr = std::shared_ptr<const MapNode>;
constexpr size_t kDateDigits = 8, kResidentNumberSize = 18;
constexpr std::string_view kConverters[] = {"date", "dateTime", "code", "code?", "system", "resident", "yes"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Where `sought` stands outside of single quotes.
size_t FindOutside(std::string_view text, std::string_view sought) {
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\'') quoted = !quoted;
    if (!quoted && text.substr(at).starts_with(sought)) return at;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> SplitBy(std::string_view text, std::string_view between) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = FindOutside(text, between);
    parts.push_back(TrimSpace(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + between.size());
  }
}

bool ReadPiece(std::string_view text, Way::Piece* piece) {
  using Kind = Way::Piece::Kind;
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    piece->kind = Kind::kText;
    piece->text = std::string(text.substr(1, text.size() - 2));
    return true;
  }
  if (text.starts_with('%')) {
    piece->kind = Kind::kVariable;
    piece->text = std::string(text.substr(1));
    return !piece->text.empty();
  }
  const bool relative = text.starts_with('.');
  piece->kind = relative ? Kind::kRelative : Kind::kPlace;
  const auto place = ReadPlace(relative ? "ANY-1" + std::string(text) : std::string(text));
  if (place) piece->place = *place;
  return place && place->field != 0;
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

/// An identifier system of an authority: namespace, universal id and its type. Source: HL7 v2.5.1 section 2.A.36 (HD), table 0301.
std::string SystemOf(const Part& authority, const std::string& sender) {
  const std::string name = authority.Subcomponent(1).Text(), id = authority.Subcomponent(2).Text(),
                    type = authority.Subcomponent(3).Text();
  const auto is_of = [](const std::string& text, std::string_view signs) {
    return std::all_of(text.begin(), text.end(),
                       [signs](char c) { return IsDigit(c) || signs.find(c) != std::string_view::npos; });
  };
  if (!id.empty() && type == "ISO" && is_of(id, ".")) return "urn:oid:" + id;
  if ((type == "UUID" || type == "GUID") && id.size() == 36 && is_of(ToLower(id), "abcdef-"))
    return "urn:uuid:" + ToLower(id);
  if ((type == "URI" || type == "URL") && id.find(' ') == std::string::npos && !id.empty()) return id;
  return name.empty() ? sender : fmt::format("{}/{}", sender, PercentEncode(name));
}

bool IsResidentNumber(const std::string& text) {
  return text.size() == kResidentNumberSize && std::all_of(text.begin(), text.end() - 1, IsDigit) &&
         (IsDigit(text.back()) || text.back() == 'X' || text.back() == 'x');
}

}  // namespace

namespace {

/// A DTM taken apart; no digits: it is none.
struct Dtm {
  std::string_view digits, zone;
};
Dtm ReadDtm(std::string_view text) {
  Dtm out;
  const auto all_digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), IsDigit);
  };
  const size_t zone_at = std::min(text.find_first_of("+-"), text.size());
  out.zone = text.substr(zone_at);
  const size_t point = std::min(text.find('.'), zone_at);
  const std::string_view digits = text.substr(0, point);
  const bool zone_good = out.zone.empty() || (out.zone.size() == 5 && all_digits(out.zone.substr(1)));
  const bool parts_good = point == zone_at || all_digits(text.substr(point + 1, zone_at - point - 1));
  if (zone_good && parts_good && all_digits(digits) && digits.size() >= 4 && digits.size() % 2 == 0)
    out.digits = digits;
  return out;
}

}  // namespace

std::string DateOf(std::string_view dtm) {
  const std::string_view digits = ReadDtm(dtm).digits;
  if (digits.empty()) return {};
  std::string out(digits.substr(0, 4));
  if (digits.size() >= 6) out.append("-").append(digits.substr(4, 2));
  if (digits.size() >= kDateDigits) out.append("-").append(digits.substr(6, 2));
  return ParseDateRange(out).ok() ? out : std::string();
}

std::string DateTimeOf(std::string_view dtm, int timezone_offset_min) {
  std::string out = DateOf(dtm);
  const auto [digits, zone] = ReadDtm(dtm);
  if (out.empty() || digits.size() <= kDateDigits) return out;
  const std::string_view minutes = digits.size() >= 12 ? digits.substr(10, 2) : "00";
  const std::string_view seconds = digits.size() >= 14 ? digits.substr(12, 2) : "00";
  out += fmt::format("T{}:{}:{}", digits.substr(8, 2), minutes, seconds);
  const int east_min = std::abs(timezone_offset_min);
  if (zone.empty())
    out += fmt::format("{}{:02}:{:02}", timezone_offset_min < 0 ? '-' : '+', east_min / 60, east_min % 60);
  else
    out += fmt::format("{}:{}", zone.substr(0, 3), zone.substr(3));
  return ParseDateRange(out).ok() ? out : std::string();
}

/// Reads a map's JSON; whatever is wrong is noted at its place.
class MapReader {
 public:
  explicit MapReader(fhir::JsonFile* file) : file_(file) {}

  std::shared_ptr<Map::Content> Read() {
    auto content = std::make_shared<Map::Content>();
    const fhir::Value root = file_->root();
    content->type = root["type"].ToString();
    if (content->type.empty()) file_->Note("type", "Say which messages: \"ADT\".");
    content->events = Texts(root["events"], "events");
    content->processing = Texts(root["processing"], "processing");
    content->versions = Texts(root["versions"], "versions");
    for (const fhir::Value table : root["codes"]) {
      auto& codes = content->codes[std::string(table.name_text())];
      for (const fhir::Value code : table) codes[std::string(code.name_text())] = code.ToString();
    }
    codes_ = &content->codes;
    ReadRequired(root["required"], content.get());
    size_t i = 0;
    for (const fhir::Value resource : root["resources"])
      content->resources.push_back(ReadResource(resource, fmt::format("resources[{}]", i++)));
    if (content->resources.empty()) file_->Note("resources", "A map makes at least one resource.");
    return content;
  }

 private:
  std::vector<std::string> Texts(fhir::Value list, std::string_view path) {
    std::vector<std::string> out;
    for (const fhir::Value item : list) out.push_back(item.ToString());
    if (out.empty()) file_->Note(path, "Give a list of texts.");
    return out;
  }

  void ReadRequired(fhir::Value list, Map::Content* content) {
    size_t i = 0;
    for (const fhir::Value item : list) {
      Map::Required required;
      const std::string path = fmt::format("required[{}].any", i++);
      required.text = item["text"].ToString();
      for (const fhir::Value text : item["any"]) {
        const auto place = ReadPlace(text.ToString());
        if (!place) file_->Note(path, "A place is written as PID-3 or PID-3.1.");
        if (place) required.any.push_back(*place);
        if (required.place.empty()) required.place = text.ToString();
      }
      if (required.any.empty()) file_->Note(path, "Give at least one place.");
      content->required.push_back(std::move(required));
    }
  }

  Map::Resource ReadResource(fhir::Value value, const std::string& path) {
    Map::Resource out;
    out.type = value["type"].ToString();
    if (out.type.empty()) file_->Note(path + ".type", "Name the resource type.");
    size_t i = 0;
    for (const fhir::Value way : value["key"])
      out.key.push_back(ReadNode(way, fmt::format("{}.key[{}]", path, i++)));
    if (out.key.empty())
      file_->Note(path + ".key", "Say what tells one from another: a list of expressions.");
    for (const fhir::Value name : value["merge"]) out.merge.push_back(name.ToString());
    out.make = ReadMembers(value["make"], path + ".make");
    out.otherwise = ReadMembers(value["otherwise"], path + ".otherwise");
    for (const fhir::Value event : value["on"])
      out.on[std::string(event.name_text())] =
          ReadMembers(event, fmt::format("{}.on.{}", path, event.name_text()));
    return out;
  }

  Map::Resource::Members ReadMembers(fhir::Value object, const std::string& path) {
    Map::Resource::Members out;
    for (const fhir::Value member : object)
      out.emplace_back(std::string(member.name_text()),
                       ReadNode(member, fmt::format("{}.{}", path, member.name_text())));
    return out;
  }

  NodePtr ReadNode(fhir::Value value, const std::string& path) {
    auto node = std::make_shared<MapNode>();
    if (value.is_object() && value["each"].present()) {
      ReadEach(value, path, node.get());
    } else if (value.is_object()) {
      node->kind = MapNode::Kind::kObject;
      node->members = ReadMembers(value, path);
    } else if (value.is_array()) {
      node->kind = MapNode::Kind::kList;
      size_t i = 0;
      for (const fhir::Value item : value)
        node->members.emplace_back(std::string(), ReadNode(item, fmt::format("{}[{}]", path, i++)));
    } else if (value.is_string() && value.ToString().starts_with('=')) {
      node->kind = MapNode::Kind::kExpression;
      ReadExpression(value.ToString().substr(1), path, node.get());
    } else {
      node->json = std::string(value.Json());
    }
    return node;
  }

  void ReadEach(fhir::Value value, const std::string& path, MapNode* node) {
    node->kind = MapNode::Kind::kEach;
    node->each_text = value["each"].ToString();
    const auto place = ReadPlace(node->each_text);
    if (!place || place->field == 0 || place->repetition != 0 || place->component != 0)
      file_->Note(path + ".each", "Name a field: PID-3.");
    if (place) node->each = *place;
    const std::string needs(value["needs"].Number());
    node->needs = needs.empty() ? 0 : static_cast<size_t>(std::strtoul(needs.c_str(), nullptr, 10));
    for (const fhir::Value one : value["where"]) {
      std::vector<std::string> values;
      for (const fhir::Value text : one) values.push_back(text.ToString());
      node->where.emplace_back(std::strtoul(std::string(one.name_text()).c_str(), nullptr, 10),
                               std::move(values));
    }
    node->make = ReadNode(value["make"], path + ".make");
  }

  void ReadExpression(std::string_view text, const std::string& path, MapNode* node) {
    for (std::string_view part : SplitBy(text, "??")) {
      Way way;
      if (const size_t bar = FindOutside(part, "|"); bar != std::string_view::npos) {
        ReadConverter(part.substr(bar + 1), path, &way);
        part = TrimSpace(part.substr(0, bar));
      }
      for (const std::string_view piece : SplitBy(part, "+")) {
        way.pieces.emplace_back();
        if (!ReadPiece(piece, &way.pieces.back()))
          file_->Note(path,
                      fmt::format("'{}' is no place (PID-3.1), part (.4), variable (%sender) or text in "
                                  "single quotes.",
                                  piece));
      }
      node->ways.push_back(std::move(way));
    }
  }

  void ReadConverter(std::string_view text, const std::string& path, Way* way) {
    const size_t colon = text.find(':');
    way->converter = std::string(text.substr(0, colon));
    if (std::find(std::begin(kConverters), std::end(kConverters), way->converter) == std::end(kConverters))
      file_->Note(path, fmt::format("There is no converter '{}'.", way->converter));
    if (colon == std::string_view::npos) return;
    way->table = std::string(text.substr(colon + 1));
    if (!codes_->contains(way->table))
      file_->Note(path, fmt::format("There is no table '{}' in codes.", way->table));
  }

  fhir::JsonFile* const file_;
  const decltype(Map::Content::codes)* codes_ = nullptr;
};

/// One message through a map.
class MapRun {
 public:
  MapRun(const Map::Content& map, const Message& message, const MapScene& scene, Mapped* out)
      : map_(map), message_(message), scene_(scene), out_(*out) {
    variables_["sender"] = scene.sender;
  }

  Status Run() {
    const std::string event = message_.event();
    for (const Map::Resource& resource : map_.resources) {
      MappedResource made;
      made.type = resource.type;
      made.merge = resource.merge;
      const std::string key = KeyOf(resource);
      if (key.empty())
        return MakeIssue(ErrorCode::kInvalid, "required", "",
                         fmt::format("Nothing tells which {} it is.", resource.type));
      made.id = scene_.id_of(resource.type, key);
      variables_[resource.type] = fmt::format("{}/{}", resource.type, made.id);
      const auto on = resource.on.find(event);
      const Map::Resource::Members none;
      const Map::Resource::Members& special = on == resource.on.end() ? none : on->second;
      for (const auto& [name, node] : special) Give(name, *node, &made.given);
      for (const auto& member : resource.make) {
        const bool taken = std::any_of(special.begin(), special.end(),
                                       [&member](const auto& one) { return one.first == member.first; });
        if (!taken) Give(member.first, *member.second, &made.given);
      }
      for (const auto& [name, node] : resource.otherwise) Give(name, *node, &made.otherwise);
      out_.resources.push_back(std::move(made));
    }
    return {};
  }

 private:
  struct Made {
    std::string json;
    bool asks = false, has = false;  // the message; something of it
    bool is_null = false;
    bool vanishes() const { return asks && !has; }
  };

  void Give(const std::string& name, const MapNode& node,
            std::vector<std::pair<std::string, std::string>>* out) {
    Made made = Make(node, Part());
    if (!made.vanishes())
      out->emplace_back(name, std::move(made.json));
    else if (made.is_null)
      out->emplace_back(name, std::string());
  }

  std::string KeyOf(const Map::Resource& resource) {
    for (const NodePtr& node : resource.key) {
      MapNode list;
      list.kind = MapNode::Kind::kList;
      list.members.emplace_back(std::string(), node);
      const Made made = Make(list, Part());
      if (made.vanishes()) continue;
      const auto document = fhir::Document::Parse(made.json);
      if (!document.ok()) continue;
      std::string key = document->Root().At(0).ToString();
      if (!key.empty() && !key.ends_with('|')) return key;
    }
    return {};
  }

  Made Make(const MapNode& node, const Part& part) {
    switch (node.kind) {
      case MapNode::Kind::kConstant:
        return {node.json, false, false, false};
      case MapNode::Kind::kExpression:
        return Evaluate(node, part);
      case MapNode::Kind::kObject:
        return MakeObject(node, part);
      case MapNode::Kind::kList:
      case MapNode::Kind::kEach:
        break;
    }
    return MakeList(node, part);
  }

  Made MakeObject(const MapNode& node, const Part& part) {
    Made out{"{", false, false, false};
    for (const auto& [name, member] : node.members) {
      const Made made = Make(*member, part);
      Join(made, &out);
      if (made.vanishes()) continue;
      if (out.json.size() > 1) out.json += ',';
      out.json += Quoted(name) + ":" + made.json;
    }
    out.json += '}';
    return out;
  }

  Made MakeList(const MapNode& node, const Part& part) {
    Made out{"[", false, false, false};
    const auto add = [&out](const Made& made) {
      Join(made, &out);
      if (made.vanishes()) return;
      if (out.json.size() > 1) out.json += ',';
      out.json += made.json;
    };
    for (const auto& [name, item] : node.members) {
      if (item->kind != MapNode::Kind::kEach) {
        add(Make(*item, part));
        continue;
      }
      out.asks = true;
      const Part field = hl7v2::At(message_, item->each);
      out.is_null = out.is_null || field.IsNull();
      for (size_t i = 1; i <= field.Repetitions(); ++i) {
        const Part repetition = field.Repetition(i);
        if (Matches(*item, repetition)) add(Make(*item->make, repetition));
      }
    }
    out.json += ']';
    return out;
  }

  static void Join(const Made& made, Made* all) {
    all->asks = all->asks || made.asks;
    all->has = all->has || made.has;
    all->is_null = all->is_null || made.is_null;
  }

  static bool Matches(const MapNode& each, const Part& repetition) {
    if (repetition.empty() || repetition.IsNull()) return false;
    if (each.needs != 0 && repetition.Component(each.needs).Text().empty()) return false;
    return std::all_of(each.where.begin(), each.where.end(), [&](const auto& one) {
      const std::string text = repetition.Component(one.first).Text();
      return std::find(one.second.begin(), one.second.end(), text) != one.second.end();
    });
  }

  /// The first way that has a value. Texts and variables alone are no value of the message, so an object is not kept for them.
  Made Evaluate(const MapNode& node, const Part& part) {
    Made out{{}, true, false, false};
    bool is_said = false;
    for (const Way& way : node.ways) {
      std::string text;
      Part last;
      bool of_message = false, complete = true;
      for (const Way::Piece& piece : way.pieces) {
        std::string value;
        if (piece.kind == Way::Piece::Kind::kText) {
          value = piece.text;
        } else if (piece.kind == Way::Piece::Kind::kVariable) {
          const auto known = variables_.find(piece.text);
          if (known != variables_.end()) value = known->second;
          complete = complete && !value.empty();
          of_message = true;
        } else {
          last = PartOf(piece, part);
          out.is_null = out.is_null || last.IsNull();
          value = last.Text();
          of_message = of_message || !value.empty();
        }
        text += value;
      }
      const bool is_system = way.converter == "system";
      if (!complete || (!of_message && !is_system && !IsText(way))) continue;
      const std::string json = Convert(way, text, last);
      if (json.empty()) continue;
      if (!is_said) out.json = json;
      is_said = true;
      out.has = of_message;
      break;
    }
    // A default of its own ('phone', an identifier system) stands beside what else there is, and is nothing by itself.
    if (is_said && !out.has) out.asks = false;
    return out;
  }

  static bool IsText(const Way& way) {
    return way.pieces.size() == 1 && way.pieces[0].kind == Way::Piece::Kind::kText;
  }

  Part PartOf(const Way::Piece& piece, const Part& part) const {
    if (piece.kind == Way::Piece::Kind::kPlace) return hl7v2::At(message_, piece.place);
    Part out = part.Component(piece.place.component);
    return piece.place.subcomponent == 0 ? out : out.Subcomponent(piece.place.subcomponent);
  }

  /// JSON; "" if it cannot be read, which is warned of where the converter says so.
  std::string Convert(const Way& way, const std::string& text, const Part& last) {
    const auto told = [this, &way](const std::string& converted, std::string_view condition,
                                   std::string_view mend) {
      if (converted.empty()) Warn(way, condition, mend);
      return converted.empty() ? std::string() : Quoted(converted);
    };
    if (way.converter.empty()) return Quoted(text);
    if (way.converter == "system") return Quoted(SystemOf(last, scene_.sender));
    if (way.converter == "date")
      return told(DateOf(text), "102", "Write a date as YYYYMMDD; this one was left out.");
    if (way.converter == "dateTime")
      return told(DateTimeOf(text, scene_.timezone_offset_min), "102",
                  "Write a time as YYYYMMDDHHMMSS+0800; this one was left out.");
    if (way.converter == "resident") return IsResidentNumber(text) ? Quoted(text) : std::string();
    if (way.converter == "yes") return text == "Y" ? "true" : text == "N" ? "false" : "";
    const auto& table = map_.codes.at(way.table);
    const auto known = table.find(text);
    if (known != table.end()) return Quoted(known->second);
    if (way.converter == "code") Warn(way, "103", "This code is not known here and was left out.");
    return {};
  }

  void Warn(const Way& way, std::string_view condition, std::string_view mend) {
    Note note;
    note.severity = 'W';
    note.condition = std::string(condition);
    const Way::Piece& piece = way.pieces.back();
    if (piece.kind == Way::Piece::Kind::kPlace) {
      note.place = fmt::format("{}-{}", piece.place.segment, piece.place.field);
      if (piece.place.component != 0) note.place += fmt::format(".{}", piece.place.component);
    }
    note.diagnostic = std::string(mend);
    out_.warnings.push_back(std::move(note));
  }

  const Map::Content& map_;
  const Message& message_;
  const MapScene& scene_;
  Mapped& out_;
  std::map<std::string, std::string, std::less<>> variables_;
};

Result<Map> Map::Load(std::string_view name, std::string_view json) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::string(name), std::string(json)));
  Map map;
  map.content_ = MapReader(&file).Read();
  if (!file.good()) return file.Failure();
  return map;
}

const Map& Map::Adt() {
  static const Map map = [] {
    auto loaded = Load("kernel/hl7v2/data/adt.json", kAdtJson);
    CHECK(loaded.ok());
    return std::move(loaded).value();
  }();
  return map;
}

Status Map::CheckHeader(const Message& message) const {
  const auto has = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  const auto list = [](const std::vector<std::string>& all) {
    return fmt::format("{}", fmt::join(all, ", "));
  };
  if (message.type() != content_->type)
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-9.1",
                     fmt::format("Messages of the type {} are read here.", content_->type));
  if (!has(content_->events, message.event()))
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-9.2",
                     fmt::format("The events {} are read here.", list(content_->events)));
  if (!has(content_->versions, message.version()))
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-12",
                     fmt::format("The versions {} are read here.", list(content_->versions)));
  const std::string processing = message.Field("MSH", 11).Component(1).Text();
  if (!processing.empty() && !has(content_->processing, processing))
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-11",
                     fmt::format("This server keeps real records: it takes messages marked {}.",
                                 list(content_->processing)));
  return {};
}

Result<Mapped> Map::Apply(const Message& message, const MapScene& scene) const {
  Error missing = MakeError(ErrorCode::kInvalid, "Required fields are missing.");
  for (const Required& required : content_->required) {
    const bool there = std::any_of(required.any.begin(), required.any.end(), [&](const Place& place) {
      const Part part = At(message, place);
      return !part.empty() && !part.IsNull();
    });
    if (!there) missing.issues.push_back({Severity::kError, "required", required.place, required.text});
  }
  if (!missing.issues.empty()) return missing;
  Mapped mapped;
  TRY(MapRun(*content_, message, scene, &mapped).Run());
  return mapped;
}

}  // namespace tk::hl7v2
