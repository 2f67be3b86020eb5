// Mistakes in the files of platform types are told with file, place and reason, and nothing that cannot be asked is loaded.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kernel/app/app.h"
#include "kernel/base/file.h"

namespace tk::app {
namespace {

constexpr std::string_view kStockItem = R"({"resourceType": "StructureDefinition",
  "url": "http://tongkang.dev/test/StructureDefinition/StockItem", "name": "StockItem", "status": "active",
  "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "StockItem",
  "baseDefinition": "http://hl7.org/fhir/StructureDefinition/DomainResource", "derivation": "specialization",
  "differential": {"element": [
    {"id": "StockItem", "path": "StockItem", "min": 0, "max": "*"},
    {"id": "StockItem.name", "path": "StockItem.name", "min": 1, "max": "1", "type": [{"code": "string"}]}]}})";

std::string Parameter(std::string_view code, std::string_view type, std::string_view expression,
                      std::string_view more = "") {
  std::string out =
      R"({"resourceType": "SearchParameter", "status": "active", "base": ["StockItem"], "url": )";
  out += "\"http://tongkang.dev/test/SearchParameter/StockItem-" + std::string(code) + "\"";
  out += ", \"code\": \"" + std::string(code) + "\", \"type\": \"" + std::string(type) + "\"";
  if (!expression.empty()) out += ", \"expression\": \"" + std::string(expression) + "\"";
  return out + std::string(more) + "}";
}

class TypeFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "tk_types_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Put("stock_item.json", kStockItem);
    Put("sp_name.json", Parameter("name", "string", "StockItem.name"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteFileDurable(folder_ + "/" + name, text).ok());
  }
  /// What is said of the folder with this file in it; "" if it is loaded.
  std::string Told(const std::string& name, std::string_view text) {
    Put(name, text);
    const auto loaded = LoadDefinitions({}, folder_);
    std::filesystem::remove(folder_ + "/" + name);
    return loaded.ok() ? "" : loaded.error().external;
  }
  static bool Has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
  std::string folder_;
};

TEST_F(TypeFilesTest, WhatIsRightIsLoaded) {
  const auto loaded = LoadDefinitions({}, folder_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().external;
  EXPECT_NE((*loaded)->FindSearchParameter((*loaded)->FindType("StockItem"), "name"), nullptr);
  EXPECT_EQ(Told("good.json", Parameter("start", "string", "StockItem.name.substring(0, 2)")), "");
  EXPECT_EQ(Told("of_r4.json",
                 R"({"resourceType": "SearchParameter", "status": "active", "base": ["DomainResource"],
      "url": "http://tongkang.dev/test/SearchParameter/any-text", "code": "any-text", "type": "string",
      "expression": "DomainResource.text.status"})"),
            "");
  ASSERT_TRUE(LoadDefinitions({}, "").ok());
  ASSERT_TRUE(LoadDefinitions({}, folder_ + "/none").ok());
}

TEST_F(TypeFilesTest, AParameterThatCannotBeAskedIsRefusedWithItsFileAndPlace) {
  struct Case {
    std::string_view type, expression, why, more = {};
  };
  for (const Case& bad : {
           Case{"token", "StockItem.(", "column 11"},
           Case{"string", "StockItem.nothere", "nothere"},
           Case{"string", "StockItem.name.nothere", "nothere"},
           Case{"string", "StockItem.name.frobnicate()", "frobnicate"},
           Case{"string", "StockItem.name.toQuantity(1, 2, 3)", "toQuantity"},
           Case{"string", "StockItem.name | StockItem.nothere", "nothere"},
           Case{"string", "", "no expression"},
           Case{"special", "StockItem.name", "cannot be asked"},
           Case{"composite", "StockItem", "",
                R"(, "component": [{"definition": "http://nowhere", "expression": "name"}])"},
       }) {
    const std::string told = Told("sp_bad.json", Parameter("bad", bad.type, bad.expression, bad.more));
    EXPECT_TRUE(told.starts_with(folder_ + "/sp_bad.json: ")) << bad.expression << ": " << told;
    EXPECT_TRUE(Has(told, "SearchParameter/StockItem-bad")) << told;
    EXPECT_TRUE(Has(told, bad.why)) << told;
    EXPECT_TRUE(Has(told, "mend it")) << told;
  }
}

TEST_F(TypeFilesTest, BrokenFilesAreNamed) {
  const std::string broken = folder_ + "/broken.json: ";
  EXPECT_TRUE(Told("broken.json", "{]").starts_with(broken + "JSON, line 1, column 2"));
  EXPECT_TRUE(Has(Told("broken.json", "{}"), broken + "it has no resourceType"));
  EXPECT_TRUE(Has(Told("broken.json", R"({"resourceType": "ValueSet"})"), broken + "it has no url"));
  EXPECT_TRUE(Told("broken.json", R"({"resourceType": "Patient", "url": "http://x"})").starts_with(broken));
  EXPECT_TRUE(Told("broken.json", Parameter("odd", "sound", "StockItem.name")).starts_with(broken));
  // Two files that do not go together are both named.
  const std::string twice = Told("broken.json", Parameter("name", "token", "StockItem.name"));
  EXPECT_TRUE(Has(twice, "both define name")) << twice;
  EXPECT_TRUE(Has(twice, folder_ + "/broken.json")) << twice;
  std::string of_app(kStockItem);
  of_app.replace(of_app.find("\"resource\""), 10, "\"logical\"");
  const File file{"types/stock.json", of_app};
  const Pack pack{"stock", std::span(&file, 1)};
  const auto loaded = LoadDefinitions(std::span(&pack, 1), "");
  ASSERT_FALSE(loaded.ok());
  EXPECT_TRUE(loaded.error().external.starts_with("apps/stock/types/stock.json: "))
      << loaded.error().external;
}

}  // namespace
}  // namespace tk::app
