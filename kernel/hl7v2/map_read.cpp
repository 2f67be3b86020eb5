#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kernel/base/text.h"
#include "kernel/fhir/json_file.h"
#include "kernel/hl7v2/map.h"
#include "kernel/hl7v2/map_content.h"

namespace tk::hl7v2 {

extern const char* const kAdtJson;
extern const char* const kOruJson;

namespace {

using NodePtr = std::shared_ptr<const MapNode>;
constexpr std::string_view kConverters[] = {"date",   "dateTime", "instant", "code",   "code?",
                                            "system", "resident", "yes",     "number", "no-number",
                                            "lines",  "coding",   "token"};

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

}  // namespace

/// Reads a map's JSON; whatever is wrong is noted at its place.
class MapReader {
 public:
  MapReader(fhir::JsonFile* file, const Map::Content& base) : file_(file), base_(base) {}

  std::shared_ptr<Map::Content> Read() {
    auto content = std::make_shared<Map::Content>();
    const fhir::Value root = file_->root();
    content->type = root["type"].ToString();
    content->group = root["group"].ToString();
    const bool has_base = root["base"].ToString() == "adt";
    if (has_base)
      content->codes = base_.codes;
    else if (root["base"].present())
      file_->Note("base", "There is the base 'adt'.");
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
    for (const fhir::Value resource : root["resources"]) {
      const std::string path = fmt::format("resources[{}]", i++);
      content->resources.push_back(resource["base"].present()
                                       ? BaseResource(resource["base"].ToString(), path)
                                       : ReadResource(resource, path));
    }
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
      for (const fhir::Value event : item["events"]) required.events.push_back(event.ToString());
      if (required.any.empty()) file_->Note(path, "Give at least one place.");
      content->required.push_back(std::move(required));
    }
  }

  Map::Resource BaseResource(const std::string& type, const std::string& path) {
    for (const Map::Resource& resource : base_.resources) {
      if (resource.type == type) return resource;
    }
    file_->Note(path + ".base", fmt::format("The base makes no {}.", type));
    return {};
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
    out.each_segment = value["for"].ToString();
    if (value["when"].present()) {
      auto when = std::make_shared<MapNode>();
      ReadWhen(value["when"], path + ".when", when.get());
      out.when = std::move(when);
    }
    for (const fhir::Value segment : value["behind"])
      out.behind[std::string(segment.name_text())] = Texts(segment, path + ".behind");
    out.let = ReadMembers(value["let"], path + ".let");
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
    } else if (value.is_object() && (value["when"].present() || value["needs"].present())) {
      node->kind = MapNode::Kind::kWhen;
      if (value["when"].present()) ReadWhen(value["when"], path + ".when", node.get());
      if (value["needs"].present()) node->presupposed = ReadNode(value["needs"], path + ".needs");
      node->make = ReadNode(value["make"], path + ".make");
    } else if (value.is_object() && value["first"].present()) {
      node->kind = MapNode::Kind::kFirst;
      size_t i = 0;
      for (const fhir::Value item : value["first"])
        node->members.emplace_back(std::string(), ReadNode(item, fmt::format("{}.first[{}]", path, i++)));
    } else if (value.is_object() && value["made"].present()) {
      node->kind = MapNode::Kind::kMade;
      node->made = value["made"].ToString();
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

  void ReadWhen(fhir::Value value, const std::string& path, MapNode* node) {
    node->kind = MapNode::Kind::kWhen;
    for (const fhir::Value one : value) {
      const auto place = ReadPlace(one.name_text());
      if (!place || place->field == 0) file_->Note(path, "A place is written as OBX-2 or OBX-5.1.");
      if (place) node->when.emplace_back(*place, Texts(one, path));
    }
    if (node->when.empty()) file_->Note(path, "Give at least one place with its texts.");
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
  const Map::Content& base_;
  const decltype(Map::Content::codes)* codes_ = nullptr;
};

namespace {

const Map& Linked(std::string_view name, const char* json) {
  auto loaded = Map::Load(name, json);
  CHECK(loaded.ok());
  return *new Map(std::move(loaded).value());  // for as long as the program runs
}

}  // namespace

Result<Map> Map::Load(std::string_view name, std::string_view json) {
  static const Content none;
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::string(name), std::string(json)));
  const bool has_base = file.root()["base"].ToString() == "adt";
  Map map;
  map.content_ = MapReader(&file, has_base ? *Adt().content_ : none).Read();
  if (!file.good()) return file.Failure();
  return map;
}

const Map& Map::Adt() {
  static const Map& map = Linked("kernel/hl7v2/data/adt.json", kAdtJson);
  return map;
}

const Map& Map::Oru() {
  static const Map& map = Linked("kernel/hl7v2/data/oru.json", kOruJson);
  return map;
}

const Map& Map::For(const Message& message) { return message.type() == Oru().content_->type ? Oru() : Adt(); }

}  // namespace tk::hl7v2
