#include "kernel/hl7v2/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"
#include "kernel/fhir/json_file.h"
#include "kernel/hl7v2/map_content.h"

namespace tk::hl7v2 {

namespace {

using NodePtr = std::shared_ptr<const MapNode>;
constexpr size_t kDateDigits = 8, kSecondDigits = 14, kDateSize = 10, kResidentNumberSize = 18,
                 kNumberDigitsMax = 18;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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

/// An NM as JSON has numbers; "" if it is none. Source: HL7 v2.5.1 section 2.A.47 (NM): sign, digits, point.
std::string NumberOf(std::string_view text) {
  text = TrimSpace(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point), part = text.substr(std::min(point + 1, text.size()));
  const auto digits = [](std::string_view all) { return std::all_of(all.begin(), all.end(), IsDigit); };
  if (whole.size() + part.size() == 0 || whole.size() + part.size() > kNumberDigitsMax || !digits(whole) ||
      !digits(part))
    return {};
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  return fmt::format("{}{}{}{}", negative ? "-" : "", whole.empty() ? "0" : whole, part.empty() ? "" : ".",
                     part);
}

std::string TokenOf(std::string_view text) {
  std::string out;
  for (const char c : TrimSpace(text)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) out.push_back(c);
    if (blank && !out.ends_with(' ')) out.push_back(' ');
  }
  return out;
}

/// Each repetition whole, a line each.
std::string LinesOf(const Part& field) {
  std::string out;
  for (size_t i = 1; i <= field.Repetitions(); ++i) out += (i == 1 ? "" : "\n") + field.Repetition(i).Whole();
  return std::string(TrimSpace(out));
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

/// One message through a map.
class MapRun {
 public:
  MapRun(const Map::Content& map, const Message& message, const MapScene& scene, Mapped* out)
      : map_(map), message_(message), scene_(scene), out_(*out) {
    variables_["sender"] = scene.sender;
  }

  Status Run() {
    for (const Map::Resource& resource : map_.resources) {
      resource_ = &resource;
      at_ = message_.segments().size();
      if (resource.each_segment.empty()) {
        if (resource.when == nullptr || Holds(*resource.when)) TRY(MakeResource(resource));
        continue;
      }
      for (size_t i = 0; i < message_.segments().size(); ++i) {
        if (message_.segments()[i].name != resource.each_segment) continue;
        at_ = i;
        if (resource.when == nullptr || Holds(*resource.when)) TRY(MakeResource(resource));
      }
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
  struct Before {  // a resource that was made
    std::string type, id;
    size_t group;
  };

  Status MakeResource(const Map::Resource& resource) {
    for (const auto& [name, node] : resource.let) {
      const auto document = fhir::Document::Parse("[" + Make(*node, Part()).json + "]");
      variables_[name] = document.ok() ? document->Root().At(0).ToString() : std::string();
    }
    MappedResource made;
    made.type = resource.type;
    made.merge = resource.merge;
    const std::string key = KeyOf(resource);
    if (key.empty())
      return MakeIssue(ErrorCode::kInvalid, "required", resource.each_segment,
                       fmt::format("Nothing tells which {} it is.", resource.type));
    made.id = scene_.id_of(resource.type, key);
    const auto is_taken = [&] {
      return std::any_of(before_.begin(), before_.end(),
                         [&made](const Before& one) { return one.type == made.type && one.id == made.id; });
    };
    for (size_t n = 2; is_taken(); ++n) made.id = scene_.id_of(resource.type, fmt::format("{}|{}", key, n));
    before_.push_back({made.type, made.id, GroupOf(at_)});
    variables_[resource.type] = fmt::format("{}/{}", resource.type, made.id);
    GiveAll(resource, &made);
    out_.resources.push_back(std::move(made));
    return {};
  }

  void GiveAll(const Map::Resource& resource, MappedResource* made) {
    const auto on = resource.on.find(message_.event());
    const Map::Resource::Members none;
    const Map::Resource::Members& special = on == resource.on.end() ? none : on->second;
    for (const auto& [name, node] : special) Give(name, *node, &made->given);
    for (const auto& member : resource.make) {
      const bool taken = std::any_of(special.begin(), special.end(),
                                     [&member](const auto& one) { return one.first == member.first; });
      if (!taken) Give(member.first, *member.second, &made->given);
    }
    for (const auto& [name, node] : resource.otherwise) Give(name, *node, &made->otherwise);
  }

  /// The segments where a place of this name stands, seen from where we are.
  std::vector<const Segment*> SegmentsOf(std::string_view name) const {
    const std::vector<Segment>& all = message_.segments();
    if (at_ >= all.size()) {
      const Segment* first = message_.Find(name);
      return first == nullptr ? std::vector<const Segment*>() : std::vector<const Segment*>{first};
    }
    if (const auto behind = resource_->behind.find(name); behind != resource_->behind.end()) {
      std::vector<const Segment*> out;
      for (size_t i = at_ + 1; i < all.size(); ++i) {
        const auto& ends = behind->second;
        if (std::find(ends.begin(), ends.end(), all[i].name) != ends.end()) break;
        if (all[i].name == name) out.push_back(&all[i]);
      }
      return out;
    }
    for (size_t i = at_ + 1; i-- > 0;) {
      if (all[i].name == name) return {&all[i]};
    }
    return {};
  }

  Part PlaceAt(const Place& place) const {
    const auto segments = SegmentsOf(place.segment);
    return hl7v2::At(message_, segments.empty() ? nullptr : segments.front(), place);
  }

  /// Where the group begins that a segment lies in.
  size_t GroupOf(size_t at) const {
    const std::vector<Segment>& all = message_.segments();
    if (at >= all.size()) return all.size();
    for (size_t i = at + 1; i-- > 0;) {
      if (all[i].name == map_.group) return i;
    }
    return all.size();
  }

  bool Holds(const MapNode& when) const {
    return std::all_of(when.when.begin(), when.when.end(), [this](const auto& one) {
      const std::string text = PlaceAt(one.first).Text();
      return std::find(one.second.begin(), one.second.end(), text) != one.second.end();
    });
  }

  Made MakeMade(const MapNode& node, bool is_list) const {
    Made out{{}, true, false, false};
    for (const Before& one : before_) {
      if (one.type != node.made || one.group != GroupOf(at_)) continue;
      if (!is_list && out.has) break;
      out.json += fmt::format(R"({}{{"reference":{}}})", out.has ? "," : "", Quoted(one.type + "/" + one.id));
      out.has = true;
    }
    return out;
  }

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
      case MapNode::Kind::kWhen:
        return MakeWhen(node, part);
      case MapNode::Kind::kFirst:
        return MakeFirst(node, part);
      case MapNode::Kind::kMade:
        return MakeMade(node, false);
      case MapNode::Kind::kList:
      case MapNode::Kind::kEach:
        break;
    }
    return MakeList(node, part);
  }

  Made MakeWhen(const MapNode& node, const Part& part) {
    const Made nothing{{}, true, false, false};
    if (!Holds(node)) return nothing;
    if (node.presupposed != nullptr && Make(*node.presupposed, part).vanishes()) return nothing;
    return Make(*node.make, part);
  }

  Made MakeFirst(const MapNode& node, const Part& part) {
    Made out{{}, true, false, false};
    for (const auto& [name, item] : node.members) {
      const Made made = Make(*item, part);
      out.is_null = out.is_null || made.is_null;
      if (!made.vanishes()) return made;
    }
    return out;
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
      if (item->kind == MapNode::Kind::kMade) {
        add(MakeMade(*item, true));
        continue;
      }
      if (item->kind != MapNode::Kind::kEach) {
        add(Make(*item, part));
        continue;
      }
      out.asks = true;
      for (const Segment* segment : SegmentsOf(item->each.segment)) {
        const Part field = hl7v2::At(message_, segment, item->each);
        out.is_null = out.is_null || field.IsNull();
        for (size_t i = 1; i <= field.Repetitions(); ++i) {
          const Part repetition = field.Repetition(i);
          if (Matches(*item, repetition)) add(Make(*item->make, repetition));
        }
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
          value = way.converter == "lines" ? LinesOf(last) : last.Text();
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
    if (piece.kind == Way::Piece::Kind::kPlace) return PlaceAt(piece.place);
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
    if (way.converter == "instant") {
      const std::string time = DateTimeOf(text, scene_.timezone_offset_min);
      return time.size() > kDateSize && ReadDtm(text).digits.size() >= kSecondDigits ? Quoted(time)
                                                                                     : std::string();
    }
    if (way.converter == "token") return TokenOf(text).empty() ? std::string() : Quoted(TokenOf(text));
    if (way.converter == "number") return NumberOf(text);
    if (way.converter == "no-number") return NumberOf(text).empty() ? Quoted(text) : std::string();
    if (way.converter == "lines") return Quoted(text);
    if (way.converter == "resident") return IsResidentNumber(text) ? Quoted(text) : std::string();
    if (way.converter == "yes") return text == "Y" ? "true" : text == "N" ? "false" : "";
    const auto& table = map_.codes.at(way.table);
    const auto known = table.find(text);
    if (known != table.end()) return Quoted(known->second);
    if (way.converter == "coding")
      return text.empty() ? std::string()
                          : Quoted(fmt::format("{}/cs/{}", scene_.sender, PercentEncode(text)));
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
  std::vector<Before> before_;
  const Map::Resource* resource_ = nullptr;  // that is being made
  size_t at_ = 0;  // of its segment; their number: the resource stands for the whole message
};

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
  const std::string event = message.event();
  for (const Required& required : content_->required) {
    const auto& events = required.events;
    if (!events.empty() && std::find(events.begin(), events.end(), event) == events.end()) continue;
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
