#include "kernel/person/linkage/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "kernel/base/text.h"
#include "kernel/person/linkage/json_node.h"

extern "C" {
extern const char tk_linkage_model_begin[], tk_linkage_model_end[];
}

namespace tk::person::linkage {
namespace {

constexpr std::array<std::string_view, kKeyParts> kPartNames = {
    "id",         "id.tail",         "id.birthless",  "phone",    "email",      "email.local", "birth",
    "birth.year", "birth.month-day", "family",        "given",    "given.text", "given.start", "family.start",
    "name",       "address.numbers", "address.words", "division", "mother",     "sex"};

constexpr double kFrequencyBitsMax = 10;  // what rarity may add at most: a typing error is rare too

/// Fields that a part holds equal, or nearly so.
uint32_t HeldBy(KeyPart part) {
  switch (part) {
    case KeyPart::kId:
    case KeyPart::kIdTail:
    case KeyPart::kIdBirthless:
      return BitOf(Field::kId) | BitOf(Field::kCard);
    case KeyPart::kPhone:
      return BitOf(Field::kPhone);
    case KeyPart::kEmail:
    case KeyPart::kEmailLocal:
      return BitOf(Field::kEmail);
    case KeyPart::kBirth:
    case KeyPart::kBirthYear:
    case KeyPart::kMonthDay:
      return BitOf(Field::kBirth);
    case KeyPart::kFamily:
    case KeyPart::kFamilyStart:
      return BitOf(Field::kFamily);
    case KeyPart::kGiven:
    case KeyPart::kGivenText:
    case KeyPart::kGivenStart:
      return BitOf(Field::kGiven);
    case KeyPart::kName:
      return BitOf(Field::kFamily) | BitOf(Field::kGiven);
    case KeyPart::kNumbers:
    case KeyPart::kWords:
      return BitOf(Field::kAddress);
    case KeyPart::kDivision:
      return BitOf(Field::kDivision);
    case KeyPart::kMother:
      return BitOf(Field::kRelation);
    case KeyPart::kSex:
      return BitOf(Field::kSex);
  }
  return 0;
}

uint32_t FieldSet(const JsonNode& names) {
  uint32_t bits = 0;
  for (const JsonNode& item : names.Items()) {
    const size_t field = FieldNamed(item.Text());
    if (field == kFieldCount)
      item.Refuse("names no field", item.path());
    else
      bits |= 1U << field;
  }
  return bits;
}

void ReadField(const JsonNode& node, Field field, FieldModel* out) {
  out->used = true;
  double m = 0, u = 0;
  for (const auto& [name, level] : node.At("levels").Members()) {
    const size_t number = LevelNamed(field, name);
    const size_t from = field == Field::kRelation ? 1 : level::kDifferent;
    if (number < from || number >= kLevelsMax) {
      level.Refuse("names no level of this field", level.path());
      continue;
    }
    out->m[number] = level.At("m").Number(0, 1);
    out->u[number] = level.At("u").Number(0, 1);
    m += out->m[number];
    u += out->u[number];
  }
  if (std::abs(m - 1) > 0.01 || std::abs(u - 1) > 0.01)
    node.Refuse("must have shares m and u that add up to 1", node.path());
  if (!node.Has("frequency")) return;
  const JsonNode frequency = node.At("frequency");
  out->by_frequency = true;
  out->frequency_unknown = frequency.At("unknown").Number(1e-12, 1);
  const std::vector<JsonNode> values = frequency.At("values").Items();
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    out->frequency[static_cast<uint32_t>(values[i].Number(0, 4294967295.0))] =
        static_cast<float>(values[i + 1].Number(1e-12, 1));
  }
}

Pass ReadPass(const JsonNode& node) {
  Pass pass;
  for (const JsonNode& item : node.At("parts").Items()) {
    const auto found = std::find(kPartNames.begin(), kPartNames.end(), item.Text());
    if (found == kPartNames.end()) {
      item.Refuse("names no part of a key", item.path());
      continue;
    }
    pass.parts.push_back(static_cast<KeyPart>(found - kPartNames.begin()));
    pass.held |= HeldBy(pass.parts.back());
  }
  if (pass.parts.empty() || pass.parts.size() > kPassParts)
    node.Refuse("must have 1 to 4 parts", node.path());
  pass.trains = node.Has("trains") && node.At("trains").Flag();
  return pass;
}

void ReadParts(const JsonNode& root, Model* model) {
  model->name = root.At("name").Text();
  model->version = static_cast<uint32_t>(root.At("version").Number(1, 1e9));
  model->date = root.At("date").Text();
  model->source = root.At("source").Text();
  model->prior_bits = root.At("prior_bits").Number(-100, 0);
  if (root.Has("entries")) model->entries = static_cast<size_t>(root.At("entries").Number(0, 1e9));
  model->block_max = static_cast<uint32_t>(root.At("block_max").Number(2, 100000));
  model->shared_from = static_cast<uint32_t>(root.At("shared_from").Number(2, 1000));
  const JsonNode thresholds = root.At("thresholds");
  model->thresholds = {thresholds.At("possible").Number(-200, 200),
                       thresholds.At("probable").Number(-200, 200),
                       thresholds.At("certain").Number(-200, 200)};
  for (const auto& [name, node] : root.At("fields").Members()) {
    const size_t field = FieldNamed(name);
    if (field == kFieldCount)
      node.Refuse("names no field", node.path());
    else
      ReadField(node, static_cast<Field>(field), &model->fields[field]);
  }
  for (const JsonNode& node : root.At("groups").Items())
    model->groups.push_back({FieldSet(node.At("fields")), node.At("most_bits").Number(0, 100)});
  for (const JsonNode& node : root.At("passes").Items()) model->passes.push_back(ReadPass(node));
  if (model->passes.size() > kPassesMax) root.Refuse("has too many passes", "$.passes");
}

using Out = std::back_insert_iterator<std::string>;

void WriteField(Field field, const FieldModel& model, std::string* out) {
  fmt::format_to(Out(*out), "    \"{}\": {{\n      \"levels\": {{", TraitsOf(field).name);
  bool first = true;
  for (size_t i = 1; i < kLevelsMax; ++i) {
    if (TraitsOf(field).levels[i].empty()) break;
    fmt::format_to(Out(*out), "{}\n        \"{}\": {{\"m\": {:.9f}, \"u\": {:.9f}}}", first ? "" : ",",
                   TraitsOf(field).levels[i], model.m[i], model.u[i]);
    first = false;
  }
  *out += "\n      }";
  if (model.by_frequency) {
    std::vector<std::pair<uint32_t, float>> values(model.frequency.begin(), model.frequency.end());
    std::sort(values.begin(), values.end());
    fmt::format_to(Out(*out), ",\n      \"frequency\": {{\"unknown\": {:.9f}, \"values\": [",
                   model.frequency_unknown);
    for (size_t i = 0; i < values.size(); ++i)
      fmt::format_to(Out(*out), "{}{},{:.7f}",
                     i == 0       ? ""
                     : i % 8 == 0 ? ",\n        "
                                  : ",",
                     values[i].first, values[i].second);
    *out += "]}";
  }
  *out += "\n    }";
}

}  // namespace

std::string_view NameOf(KeyPart part) { return kPartNames[static_cast<size_t>(part)]; }

double Model::Bits(Field field, uint8_t level, uint32_t value) const {
  const FieldModel& model = fields[static_cast<size_t>(field)];
  if (!model.used || level == level::kMissing) return 0;
  const double m = std::max(model.m[level], 1e-9);
  double u = std::max(model.u[level], 1e-9);
  const double plain = std::log2(m / u);
  if (!model.by_frequency || value == 0) return plain;
  const auto found = model.frequency.find(value);
  u = found == model.frequency.end() ? model.frequency_unknown : double{found->second};
  return std::min(std::log2(m / u), plain + kFrequencyBitsMax);
}

Result<Model> Model::Read(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return MakeError(ErrorCode::kIncorrect, "a model for matching must be JSON");
  Model model;
  std::string fault;
  ReadParts(JsonNode(root, "$", &fault), &model);
  if (!fault.empty()) return MakeError(ErrorCode::kIncorrect, "model for matching: " + fault);
  return model;
}

Model Model::ForEntries(size_t count) const {
  Model model = *this;
  if (entries == 0 || count == 0) return model;
  model.prior_bits -= std::log2(static_cast<double>(count) / static_cast<double>(entries));
  model.entries = count;
  return model;
}

std::string Model::Label() const {
  return mark.empty() ? fmt::format("{} {}", name, version) : fmt::format("{} {} ({})", name, version, mark);
}

Status Model::CheckServes() const {
  const auto fault = [](std::string_view what) {
    return MakeError(ErrorCode::kIncorrect, fmt::format("model for matching: {}", what));
  };
  if (passes.empty())
    return fault(
        "$.passes: there is none, so no two records would ever be compared; the platform's has some");
  const bool weighs = std::any_of(fields.begin(), fields.end(), [](const FieldModel& field) {
    if (!field.used) return false;
    for (size_t level = 1; level < kLevelsMax; ++level)
      if (field.m[level] > field.u[level]) return true;
    return false;
  });
  if (!weighs)
    return fault("$.fields: none speaks for two records (m above u at a level), so nobody would be joined");
  if (thresholds.possible > thresholds.probable || thresholds.probable > thresholds.certain)
    return fault(fmt::format("$.thresholds: possible {} ≤ probable {} ≤ certain {} must hold",
                             thresholds.possible, thresholds.probable, thresholds.certain));
  return {};
}

std::string Model::ToJson() const {
  std::string out = "{\n  \"name\": ";
  AppendJsonString(name, &out);
  fmt::format_to(Out(out), ",\n  \"version\": {},\n  \"date\": ", version);
  AppendJsonString(date, &out);
  out += ",\n  \"source\": ";
  AppendJsonString(source, &out);
  fmt::format_to(Out(out),
                 ",\n  \"prior_bits\": {:.4f},\n  \"entries\": {},\n  \"thresholds\": {{\"possible\": "
                 "{:.3f}, \"probable\": "
                 "{:.3f}, \"certain\": "
                 "{:.3f}}},\n  \"block_max\": {},\n  \"shared_from\": {},\n  \"groups\": [",
                 prior_bits, entries, thresholds.possible, thresholds.probable, thresholds.certain, block_max,
                 shared_from);
  for (size_t g = 0; g < groups.size(); ++g) {
    out += g == 0 ? "{\"fields\": [" : ", {\"fields\": [";
    bool first = true;
    for (size_t i = 0; i < kFieldCount; ++i) {
      if ((groups[g].fields >> i & 1) == 0) continue;
      fmt::format_to(Out(out), "{}\"{}\"", first ? "" : ", ", TraitsOf(static_cast<Field>(i)).name);
      first = false;
    }
    fmt::format_to(Out(out), "], \"most_bits\": {:.3f}}}", groups[g].most_bits);
  }
  out += "],\n  \"passes\": [";
  for (size_t p = 0; p < passes.size(); ++p) {
    out += p == 0 ? "\n    {\"parts\": [" : ",\n    {\"parts\": [";
    for (size_t i = 0; i < passes[p].parts.size(); ++i)
      fmt::format_to(Out(out), "{}\"{}\"", i == 0 ? "" : ", ", NameOf(passes[p].parts[i]));
    out += passes[p].trains ? "], \"trains\": true}" : "]}";
  }
  out += "\n  ],\n  \"fields\": {";
  bool first = true;
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (!fields[i].used) continue;
    out += first ? "\n" : ",\n";
    WriteField(static_cast<Field>(i), fields[i], &out);
    first = false;
  }
  return out + "\n  }\n}\n";
}

const Model& CityModel() {
  static const Model model = [] {
    Result<Model> read = Model::Read(
        {tk_linkage_model_begin, static_cast<size_t>(tk_linkage_model_end - tk_linkage_model_begin)});
    CHECK(read.ok());
    return std::move(read).value();
  }();
  return model;
}

}  // namespace tk::person::linkage
