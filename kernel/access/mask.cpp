#include "kernel/access/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernel/access/numbers.h"
#include "kernel/fhir/json_text.h"

namespace tk::access {
namespace {

using fhir::Value;

constexpr size_t kHiddenMin = 4;  // fewer stars than that hide nothing
constexpr std::string_view kLabel =
    R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"MASKED","display":"masked"})";
// FHIR R4: the types that are persons and no staff.
constexpr std::array<std::string_view, 3> kPersonTypes = {"Patient", "Person", "RelatedPerson"};
// Members that hold codes, addresses of records and binary data: a run of digits there is no person's.
constexpr std::array<std::string_view, 26> kNoTexts = {
    "code",           "contentType", "data",    "fullUrl",   "hash",         "id",
    "implicitRules",  "lastUpdated", "profile", "reference", "resourceType", "sigFormat",
    "source",         "status",      "system",  "unit",      "url",          "valueBase64Binary",
    "valueCanonical", "valueCode",   "valueId", "valueOid",  "valueUri",     "valueUrl",
    "valueUuid",      "versionId"};

template <size_t kSize>
bool IsAmong(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Quoted(std::string_view text) {
  std::string out;
  fhir::AppendJsonString(text, &out);
  return out;
}

/// Bytes of the first `count` characters.
size_t BytesOf(std::string_view text, size_t count) {
  size_t at = 0;
  while (at < text.size() && count > 0) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    --count;
  }
  return at;
}

size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Is there anything in the text that masking could change? The long way is not gone for what has neither persons nor numbers.
bool MayHold(const Masks& masks, std::string_view json) {
  if (MayHoldNumber(json)) return true;
  const auto has = [json](std::string_view name) {
    return memmem(json.data(), json.size(), name.data(), name.size()) != nullptr;
  };
  for (const std::string_view type : kPersonTypes) {
    if (has(fmt::format("\"{}\"", type))) return true;
  }
  for (const auto& [type, elements] : masks.without) {
    if (has(fmt::format("\"{}\"", type))) return true;
  }
  return has(R"("identifier")") || has(R"("valueIdentifier")") || has(R"("valueContactPoint")") ||
         has("\\u") ||
         ((masks.name || masks.address) && (has(R"("display")") || has(R"("text")") || has(R"("value)")));
}

bool HoldsNumber(Value value) {
  size_t next = 0;
  return MayHoldNumber(value.Json()) && NextNumber(value.Json(), 0, &next).has_value();
}

/// The item with another value, without what might tell the old one, or another number.
template <class Change>
std::string WithValue(Value item, const Change& change) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  for (const Value member : item) {
    const std::string_view name = member.name_text();
    const bool is_value = name == "value" && member.is_string();
    if (name == "_value" || name == "extension" || (!is_value && HoldsNumber(member))) continue;
    json.Key(name);
    if (is_value)
      json.String(change(member.ToString()));
    else
      json.Raw(member.Json());
  }
  json.End();
  return out;
}

std::string MaskIdentifier(const Masks& masks, Value item) {
  return WithValue(item, [&](const std::string& value) { return MaskedEnds(value, *masks.identifier); });
}

std::string MaskContactPoint(const Masks& masks, Value item) {
  const std::string system = item["system"].ToString();
  return WithValue(item, [&](const std::string& value) -> std::string {
    const size_t at = value.find('@');
    if (at != std::string::npos && at > 0)
      return fmt::format("{}***{}", value.substr(0, BytesOf(value, 1)), value.substr(at));
    return system == "url" ? "***" : MaskedEnds(value, *masks.phone);
  });
}

/// 张*: the surname, or the first character of a name written in one.
std::string MaskedName(std::string_view family, std::string_view text) {
  if (!family.empty()) return std::string(family) + "*";
  return std::string(text.substr(0, BytesOf(text, 1))) + "*";
}

std::string MaskHumanName(const Masks&, Value item) {
  const std::string family = item["family"].ToString();
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  for (const Value member : item) {
    const std::string_view name = member.name_text();
    if (name == "text")
      json.Member(name, MaskedName(family, member.ToString()));
    else if (name == "given")
      json.Key(name).Array().String("*").End();
    else if (name == "use" || name == "family" || name == "period" || name == "id")
      json.Key(name).Raw(member.Json());
  }
  json.End();
  return out;
}

std::string MaskAddress(const Masks&, Value item) {
  constexpr std::array<std::string_view, 8> kKept = {"id",   "use",      "type",  "period",
                                                     "city", "district", "state", "country"};
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  for (const Value member : item) {
    if (IsAmong(kKept, member.name_text())) json.Key(member.name_text()).Raw(member.Json());
  }
  json.End();
  return out;
}

std::string MaskDate(const Masks&, Value item) { return Quoted(item.ToString().substr(0, 4)); }
std::string MaskText(const Masks&, Value item) { return Quoted(MaskedName({}, item.ToString())); }

using Maker = std::string (*)(const Masks& masks, Value item);

/// The same JSON whatever the order of members, and however its strings are escaped (RFC 8259).
void AppendCanonical(Value value, std::string* out) {
  if (value.is_array()) {
    out->push_back('[');
    for (const Value item : value) AppendCanonical(item, out);
    out->push_back(']');
  } else if (value.is_object()) {
    std::vector<Value> members(value.begin(), value.end());
    std::sort(members.begin(), members.end(), [](Value a, Value b) { return a.name_text() < b.name_text(); });
    out->push_back('{');
    for (const Value member : members) {
      out->append(member.name_text()).push_back(':');
      AppendCanonical(member, out);
    }
    out->push_back('}');
  } else if (value.is_string()) {
    out->append(Quoted(value.ToString())).push_back(',');
  } else {
    out->append(value.Json()).push_back(',');
  }
}

std::string CanonicalOf(std::string_view json) {
  std::string out;
  const auto document = fhir::Document::Parse(fmt::format("[{}]", json));
  if (document.ok()) AppendCanonical(document->Root(), &out);
  return out;
}

/// One thing that was masked, as it was and as it went out.
struct Hidden {
  std::string path;
  std::string masked;  // canonical; "" = the member was taken out
  std::string name;    // of the member, then
  std::string original;
  bool used = false;
};

enum class Ground : uint8_t {
  kAround,  // a Bundle: only what it holds
  kPublic,  // staff, places, definitions
  kPerson,
  kAbout  // any other record
};

/// Is this a reference to staff or to an organization?
bool IsPublicReference(IsPublicType is_public, Value reference) {
  const std::string type = reference["type"].ToString();
  if (!type.empty()) return is_public(type);
  const std::string link = reference["reference"].ToString();
  const size_t slash = link.find('/');
  return slash != std::string::npos && is_public(link.substr(0, slash));
}

/// Does this reference name an account? Who works on something says so by it: no number of a person, and what looks like one in it is masked as in any text.
bool NamesAccount(Value reference) {
  return reference["identifier"]["system"].ToString() == "http://tongkang.dev/fhir/sid/account";
}

/// One pass over a document. With `hidden` and not restoring it keeps what it masks; restoring it puts that back.
class Pass {
  using Elements = std::vector<std::string>;

 public:
  Pass(const Masks& masks, IsPublicType is_public, std::string* out)
      : masks_(masks), is_public_(is_public), out_(out), json_(out) {}

  std::vector<Hidden>* hidden = nullptr;
  bool restores = false;
  size_t changed = 0;
  std::string refused;   // path of an item that still holds stars
  std::string not_seen;  // path of an element that was sent, and is stored and left out for him

  void Resource(Value root) {
    const std::string type = root["resourceType"].ToString();
    const Ground where = IsMaskedAsPerson(type)                           ? Ground::kPerson
                         : type == "Bundle"                               ? Ground::kAround
                         : type == "OperationOutcome" || is_public_(type) ? Ground::kPublic
                                                                          : Ground::kAbout;
    const auto left_out = masks_.without.find(type);
    const Elements* const outer_without =
        std::exchange(without_, left_out == masks_.without.end() ? nullptr : &left_out->second);
    if (where == Ground::kPublic && without_ == nullptr && !root["contained"]) {
      without_ = outer_without;
      json_.Raw(root.Json());
      return;
    }
    const bool is_top = path_.empty() || where_ == Ground::kAround;
    const Ground outer = std::exchange(where_, where);
    const std::string outer_path = is_top ? std::exchange(path_, type) : path_;
    const size_t before = changed;
    Labelling labelling;
    json_.Object();
    for (const Value member : root) ResourceMember(root, member, is_top, &labelling);
    if (restores && is_top) PutBack(root);
    json_.End();
    const bool labels = is_top && where != Ground::kAround && !restores;
    if (labels && changed > before) labelling.Insert(out_);
    where_ = outer;
    path_ = outer_path;
    without_ = outer_without;
  }

 private:
  /// Ground the label can be put in, known while the resource is written.
  struct Labelling {
    size_t at = std::string::npos;
    std::string before, after;
    bool is_there = false;
    void Insert(std::string* out) const {
      if (!is_there && at != std::string::npos) out->insert(at, before + std::string(kLabel) + after);
    }
  };

  void ResourceMember(Value root, Value member, bool is_top, Labelling* labelling) {
    const std::string_view name = member.name_text();
    if (name == "meta") {
      if (restores && IsLabelAlone(member)) {
        ++changed;
        return;
      }
      json_.Key(name);
      Meta(member, labelling);
      return;
    }
    if (IsTakenOut(name)) {
      if (is_top && hidden != nullptr)
        hidden->push_back({path_, {}, std::string(name), std::string(member.Json())});
      ++changed;
      return;
    }
    Member(root, member);
    const bool is_first = name == "resourceType" || name == "id";
    if (is_first && labelling->before.empty())
      *labelling = {out_->size(), R"(,"meta":{"security":[)", "]}", false};
    else if (is_first && labelling->before.starts_with(",\"meta\""))
      labelling->at = out_->size();
  }

  bool IsTakenOut(std::string_view name) const {
    if (restores) return false;
    if (name == "text")
      return where_ == Ground::kPerson || masks_.name || masks_.address || without_ != nullptr;
    if (IsLeftOut(name)) return true;
    if (where_ != Ground::kPerson) return false;
    return (name == "_birthDate" && masks_.birth_date) || (name == "photo" && masks_.name);
  }

  /// With the extensions of a primitive.
  bool IsLeftOut(std::string_view name) const {
    if (without_ == nullptr) return false;
    if (name.starts_with('_')) name.remove_prefix(1);
    return std::binary_search(without_->begin(), without_->end(), name);
  }

  static bool IsLabel(Value coding) {
    return coding["code"].ToString() == kMaskedCode && coding["system"].ToString() == kMaskedSystem;
  }

  static bool IsLabelAlone(Value meta) {
    const Value security = meta["security"];
    return meta.size() == 1 && security.size() == 1 && IsLabel(security.At(0));
  }

  void Meta(Value meta, Labelling* labelling) {
    const Value security = meta["security"];
    const auto label = std::find_if(security.begin(), security.end(), IsLabel);
    labelling->is_there = security.is_array() && label != security.end();
    if (restores) return MetaWithoutLabel(meta, labelling->is_there);
    json_.Object();
    if (!security.is_array())
      *labelling = {out_->size(), R"("security":[)", meta.size() == 0 ? "]" : "],", labelling->is_there};
    for (const Value member : meta) {
      json_.Key(member.name_text());
      if (member.name_text() == "security" && member.is_array() && member.size() != 0) {
        json_.Array();
        *labelling = {out_->size(), "", ",", labelling->is_there};
        for (const Value coding : member) json_.Raw(coding.Json());
        json_.End();
      } else {
        json_.Raw(member.Json());
      }
    }
    json_.End();
  }

  void MetaWithoutLabel(Value meta, bool is_there) {
    if (!is_there) {
      json_.Raw(meta.Json());
      return;
    }
    ++changed;
    json_.Object();
    for (const Value member : meta) {
      if (member.name_text() != "security") {
        json_.Key(member.name_text()).Raw(member.Json());
      } else if (member.size() > 1) {
        json_.Key("security").Array();
        for (const Value coding : member) {
          if (!IsLabel(coding)) json_.Raw(coding.Json());
        }
        json_.End();
      }
    }
    json_.End();
  }

  /// What masking took out of the resource comes back where the sender has nothing in its place.
  void PutBack(Value root) {
    for (Hidden& one : *hidden) {
      if (one.name.empty() || one.path != path_) continue;
      if (root[one.name]) {
        if (IsLeftOut(one.name) && not_seen.empty()) not_seen = fmt::format("{}.{}", path_, one.name);
        continue;
      }
      const bool belongs = one.name != "_birthDate" || WasPutBack(path_ + ".birthDate");
      if (!belongs) continue;
      json_.Key(one.name).Raw(one.original);
      ++changed;
    }
  }
  bool WasPutBack(std::string_view path) const {
    return std::any_of(hidden->begin(), hidden->end(),
                       [path](const Hidden& one) { return one.used && one.path == path; });
  }

  /// How this member is masked; nullptr: by what it holds.
  Maker MakerOf(Value parent, Value member) const {
    if (where_ != Ground::kPerson && where_ != Ground::kAbout) return nullptr;
    const std::string_view name = member.name_text();
    const bool person = where_ == Ground::kPerson;
    if (name == "identifier") {
      if (!masks_.identifier || IsPublicReference(is_public_, parent) || NamesAccount(parent)) return nullptr;
      const bool is_root = parent["resourceType"].present();
      return (person && (is_root || member.is_object())) || (!is_root && member.is_object()) ? MaskIdentifier
                                                                                             : nullptr;
    }
    if (name == "valueIdentifier") return masks_.identifier ? MaskIdentifier : nullptr;
    if ((person && name == "telecom") || name == "valueContactPoint")
      return masks_.phone ? MaskContactPoint : nullptr;
    if ((person && name == "name") || name == "valueHumanName") return masks_.name ? MaskHumanName : nullptr;
    if ((person && name == "address") || name == "valueAddress")
      return masks_.address ? MaskAddress : nullptr;
    if (person && name == "birthDate") return masks_.birth_date ? MaskDate : nullptr;
    if (!masks_.name) return nullptr;
    if (person && name == "valueString") return MaskText;
    if (name != "display") return nullptr;
    const bool refers = parent["reference"].present() || parent["identifier"].is_object();
    return refers && !IsPublicReference(is_public_, parent) ? MaskText : nullptr;
  }

  void Member(Value parent, Value member) {
    const std::string_view name = member.name_text();
    json_.Key(name);
    const size_t length = path_.size();
    path_.append(".").append(name);
    const Maker maker = MakerOf(parent, member);
    if (maker != nullptr && member.is_array()) {
      json_.Array();
      size_t i = 0;
      for (const Value item : member) Item(item, maker, i++);
      json_.End();
    } else if (maker != nullptr && !member.is_array()) {
      Item(member, maker, 0);
    } else {
      Any(member, name);
    }
    path_.resize(length);
  }

  void Item(Value item, Maker maker, size_t place) {
    if (!item.is_object() && !item.is_string()) {
      json_.Raw(item.Json());
    } else if (restores) {
      if (TakeHidden(item)) return;
      if (refused.empty() && item.Json().find('*') != std::string_view::npos)
        refused = fmt::format("{}[{}]", path_, place);
      json_.Raw(item.Json());
    } else {
      Put(item, maker(masks_, item));
    }
  }

  void Put(Value item, const std::string& masked) {
    json_.Raw(masked);
    if (masked == item.Json()) return;
    ++changed;
    if (hidden != nullptr) hidden->push_back({path_, CanonicalOf(masked), {}, std::string(item.Json())});
  }

  bool TakeHidden(Value item) {
    std::string canonical;
    for (Hidden& one : *hidden) {
      if (one.used || !one.name.empty() || one.path != path_) continue;
      if (canonical.empty()) canonical = CanonicalOf(item.Json());
      if (one.masked != canonical) continue;
      one.used = true;
      ++changed;
      json_.Raw(one.original);
      return true;
    }
    return false;
  }

  void Any(Value value, std::string_view name) {
    if (value.is_object() && value["resourceType"].is_string()) {
      Resource(value);
    } else if (value.is_object()) {
      json_.Object();
      for (const Value member : value) Member(value, member);
      json_.End();
    } else if (value.is_array()) {
      json_.Array();
      for (const Value item : value) Any(item, name);
      json_.End();
    } else if (value.is_string()) {
      Text(value, name);
    } else {
      json_.Raw(value.Json());
    }
  }

  void Text(Value value, std::string_view name) {
    if (value.node().size < kNumberBytesMin) {  // no number fits in, nor its mask
      json_.Raw(value.Json());
      return;
    }
    const bool is_looked_at =
        (where_ == Ground::kPerson || where_ == Ground::kAbout) && !IsAmong(kNoTexts, name);
    std::string scratch;
    if (is_looked_at && restores) {
      if (TakeHidden(value)) return;
      if (refused.empty() && HoldsMaskedNumber(value.String(scratch))) refused = path_;
      json_.Raw(value.Json());
      return;
    }
    const auto masked = is_looked_at ? MaskedNumbers(value.String(scratch), masks_) : std::nullopt;
    if (masked) {
      Put(value, Quoted(*masked));
      return;
    }
    json_.Raw(value.Json());
    // Stars that are stored come back as they are.
    if (hidden != nullptr && is_looked_at && HoldsMaskedNumber(value.String(scratch)))
      hidden->push_back({path_, CanonicalOf(value.Json()), {}, std::string(value.Json())});
  }

  const Masks& masks_;
  const IsPublicType is_public_;
  std::string* const out_;
  fhir::JsonWriter json_;
  Ground where_ = Ground::kAround;
  std::string path_;
  const Elements* without_ = nullptr;  // of the resource that is written
};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || fhir::IsDigit(c) || c == '_' || c == '$';
}

}  // namespace

bool IsMaskedAsPerson(std::string_view type) { return IsAmong(kPersonTypes, type); }

std::string MaskedEnds(std::string_view text, const Ends& ends) {
  const size_t count = CharactersOf(text);
  const auto first = static_cast<size_t>(ends.first), last = static_cast<size_t>(ends.last);
  if (count < first + last + kHiddenMin) return std::string(count, '*');
  const size_t head = BytesOf(text, first), tail = BytesOf(text, count - last);
  std::string out(text.substr(0, head));
  out.append(count - first - last, '*').append(text.substr(tail));
  return out;
}

std::optional<std::string> MaskedNumbers(std::string_view text, const Masks& masks) {
  std::optional<std::string> out;
  if (!MayHoldNumber(text)) return out;
  size_t copied = 0, next = 0;
  while (const auto found = NextNumber(text, next, &next)) {
    const auto& ends = found->is_resident ? masks.identifier : masks.phone;
    if (!ends) continue;
    if (!out) out.emplace();
    const auto first = static_cast<size_t>(ends->first), last = static_cast<size_t>(ends->last);
    const bool hides_all = found->count < first + last + kHiddenMin;
    for (size_t i = 0; i < found->count; ++i) {
      if (!hides_all && (i < first || i + last >= found->count)) continue;
      const NumberFound::Place& place = found->places[i];
      out->append(text.substr(copied, place.at - copied)).push_back('*');
      copied = place.at + place.bytes;
    }
  }
  if (out) out->append(text.substr(copied));
  return out;
}

Result<bool> AppendMasked(const Masks& masks, IsPublicType is_public, std::string_view json,
                          std::string* out) {
  if (!masks.any() || !MayHold(masks, json)) {
    out->append(json);
    return false;
  }
  const fhir::Document document = TRY(fhir::Document::Parse(json));
  std::string text;
  text.reserve(json.size() + json.size() / 8);
  Pass pass(masks, is_public, &text);
  pass.Resource(document.Root());
  out->append(pass.changed != 0 ? text : document.Text());
  return pass.changed != 0;
}

namespace {

/// Items that look alike masked and are not are told apart by their places alone: good as long as nothing of the element they stand in was changed. The
/// element where that is not so; "" if there is none.
Result<std::string> MixedUp(const std::vector<Hidden>& hidden, std::string_view as_seen, Value sent) {
  const auto is_like = [](const Hidden& a, const Hidden& b) {
    return a.name.empty() && b.name.empty() && a.path == b.path && a.masked == b.masked &&
           a.original != b.original;
  };
  std::optional<fhir::Document> seen;
  for (size_t i = 0; i < hidden.size(); ++i) {
    const bool has_like = std::any_of(hidden.begin() + static_cast<ptrdiff_t>(i) + 1, hidden.end(),
                                      [&](const Hidden& other) { return is_like(hidden[i], other); });
    if (!has_like) continue;
    if (!seen) seen = TRY(fhir::Document::Parse(as_seen));
    const std::string_view path = hidden[i].path;
    const size_t from = path.find('.') + 1;
    const std::string_view element = path.substr(from, path.find('.', from) - from);
    std::string before, now;
    AppendCanonical(seen->Root()[element], &before);
    AppendCanonical(sent[element], &now);
    if (before != now) return std::string(path.substr(0, from + element.size()));
  }
  return std::string();
}

}  // namespace

Result<std::optional<std::string>> Unmask(const Masks& masks, IsPublicType is_public, std::string_view stored,
                                          Value sent) {
  std::vector<Hidden> hidden;
  if (!stored.empty()) {
    const fhir::Document document = TRY(fhir::Document::Parse(stored));
    std::string as_seen;
    Pass pass(masks, is_public, &as_seen);
    pass.hidden = &hidden;
    pass.Resource(document.Root());
    if (const std::string mixed = TRY(MixedUp(hidden, as_seen, sent)); !mixed.empty())
      return MakeIssue(
          ErrorCode::kInvalid, "business-rule", mixed,
          "Several items of this element look alike to you and are not: which is which cannot be "
          "told once one is changed, moved or left out. Send the element as you got it; who sees it "
          "whole changes it.");
  }
  std::string text;
  Pass pass(masks, is_public, &text);
  pass.hidden = &hidden;
  pass.restores = true;
  pass.Resource(sent);
  if (!pass.refused.empty())
    return MakeIssue(ErrorCode::kInvalid, "business-rule", pass.refused,
                     "This is masked text, and not as it was given to you: kept, it would take the place of "
                     "the truth. Send the item unchanged (it then stays as it is stored), or whole.");
  if (!pass.not_seen.empty())
    return MakeIssue(
        ErrorCode::kInvalid, "business-rule", pass.not_seen,
        "Your post does not see this element, and one is stored: leave it out, and it stays as it "
        "is.");
  if (pass.changed == 0) return std::optional<std::string>();
  return std::optional(std::move(text));
}

std::vector<std::string_view> MaskedElements(const Masks& masks, std::string_view type) {
  std::vector<std::string_view> elements;
  if (const auto at = masks.without.find(type); at != masks.without.end())
    elements.assign(at->second.begin(), at->second.end());
  if (!IsMaskedAsPerson(type)) return elements;
  if (masks.identifier) elements.emplace_back("identifier");
  if (masks.phone) elements.emplace_back("telecom");
  if (masks.name) elements.emplace_back("name");
  if (masks.address) elements.emplace_back("address");
  if (masks.birth_date) elements.emplace_back("birthDate");
  return elements;
}

bool LooksAtMasked(const Masks& masks, std::string_view type, std::string_view expression,
                   std::string_view* element) {
  constexpr std::array<std::string_view, 8> kAnything = {"children",  "descendants", "repeat", "extension",
                                                         "contained", "contact",     "photo",  "$this"};
  const std::vector<std::string_view> masked = MaskedElements(masks, type);
  if (masked.empty()) return false;
  size_t words = 0;
  for (size_t at = 0; at < expression.size();) {
    size_t end = at;
    while (end < expression.size() && IsWordCharacter(expression[end])) ++end;
    const std::string_view word = expression.substr(at, end - at);
    at = std::max(end, at + 1);
    if (word.empty()) continue;
    ++words;
    if (const auto found = std::find(masked.begin(), masked.end(), word); found != masked.end()) {
      *element = *found;
      return true;
    }
    if (IsAmong(kAnything, word)) {
      *element = "*";
      return true;
    }
  }
  *element = "*";
  return words < 2;  // the type alone: all of it
}

}  // namespace tk::access
