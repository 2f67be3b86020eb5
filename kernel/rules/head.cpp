#include "kernel/rules/head.h"

#include <fmt/format.h>

#include <charconv>

#include "kernel/base/city_time.h"

namespace tk::rules {

using fhir::path::Collection;
using fhir::path::Item;

namespace {

void ReadSource(fhir::JsonFile* file, Wants wants, Head* head) {
  const fhir::Value source = file->root()["source"];
  head->source_text = source["text"].ToString();
  head->source_edition = source["edition"].ToString();
  head->source_date = source["date"].ToString();
  if (!source.present() && wants == Wants::kSourceOfConstants && !file->root()["constants"].present()) return;
  if (head->source_text.empty() || head->source_edition.empty() || head->source_date.empty())
    file->Note("source",
               "needs text, edition and date: every constant of medicine or law carries its source");
}

void ReadConstants(fhir::JsonFile* file, fhir::Value settings, Head* head) {
  for (const fhir::Value constant : file->root()["constants"]) {
    const std::string name(constant.name_text());
    const fhir::Value setting = constant["setting"];
    const fhir::Value number = setting.present() ? settings[setting.ToString()] : constant["value"];
    const std::string unit = constant["unit"].ToString();
    const std::string value(number.Number());
    if (value.empty()) {
      file->Note("constants." + name, setting.present()
                                          ? "names a setting that settings.json has no number for"
                                          : "needs a number as value");
      continue;
    }
    if (fhir::path::IsOwnVariable(name) || name == "now" || name == "depth" || name == "rule" ||
        name == "before" || name == "each")
      file->Note("constants." + name, "is a name of the language: choose another");
    Item item;
    item.type = unit.empty() ? fhir::path::kSystemDecimal : fhir::path::kSystemQuantity;
    if (unit.empty())
      item.computed = value;
    else
      item.computed = Item::Quantity{value, unit};
    head->variables.emplace_back(name, Collection{std::move(item)});
  }
}

}  // namespace

Item CityTimeItem(Instant us) {
  Item item;
  item.type = fhir::path::kSystemDateTime;
  item.computed = FormatCityTime(us);
  return item;
}

Item TextItem(std::string text) {
  Item item;
  item.type = fhir::path::kSystemString;
  item.computed = std::move(text);
  return item;
}

Head ReadHead(fhir::JsonFile* file, std::string_view app, fhir::Value settings, Wants wants) {
  Head head;
  const fhir::Value root = file->root();
  head.app = std::string(app);
  head.id = root["id"].ToString();
  if (head.id.empty()) file->Note("id", "is missing");
  const std::string_view version = root["version"].Number();
  const auto parsed = std::from_chars(version.data(), version.data() + version.size(), head.version);
  if (version.empty() || parsed.ec != std::errc() || parsed.ptr != version.data() + version.size() ||
      head.version < 1)
    file->Note("version", "must be a whole number from 1");
  head.title_zh = root["title"]["zh-CN"].ToString();
  head.title_en = root["title"]["en"].ToString();
  if (head.title_zh.empty() || head.title_en.empty()) file->Note("title", "needs zh-CN and en");
  ReadSource(file, wants, &head);
  head.variables.emplace_back("rule", Collection{TextItem(head.name())});
  ReadConstants(file, settings, &head);
  return head;
}

const Collection* HeadVariables::Find(std::string_view name) const {
  if (name == "now") {
    if (now_item_.empty()) now_item_.push_back(CityTimeItem(now_us_));
    return &now_item_;
  }
  if (name == "depth") {
    if (depth_item_.empty()) {
      Item& depth = depth_item_.emplace_back();
      depth.type = fhir::path::kSystemInteger;
      depth.computed = int64_t{depth_};
    }
    return &depth_item_;
  }
  for (const auto& [known, items] : head_.variables) {
    if (known == name) return &items;
  }
  return nullptr;
}

}  // namespace tk::rules
