// Reading the room's data files: the first thing that is not as it must be is remembered with its path, and read as empty.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tk::person::linkage {

class JsonNode {
 public:
  JsonNode(simdjson::dom::element value, std::string path, std::string* fault, bool there = true)
      : value_(value), path_(std::move(path)), fault_(fault), there_(there) {}

  const std::string& path() const { return path_; }
  bool Has(std::string_view key) const { return there_ && value_[key].error() == simdjson::SUCCESS; }
  JsonNode At(std::string_view key) const {
    simdjson::dom::element found;
    std::string path = path_ + "." + std::string(key);
    const bool there = there_ && value_[key].get(found) == simdjson::SUCCESS;
    if (!there) Refuse("is missing", path);
    return {found, std::move(path), fault_, there};
  }
  std::string Text() const {
    std::string_view text;
    if (!there_ || value_.get(text) != simdjson::SUCCESS) Refuse("must be a text", path_);
    return std::string(text);
  }
  double Number(double low, double high) const {
    double number = 0;
    if (!there_ || value_.get(number) != simdjson::SUCCESS || number < low || number > high)
      Refuse("must be a number from " + std::to_string(low) + " to " + std::to_string(high), path_);
    return number;
  }
  bool Flag() const {
    bool flag = false;
    if (!there_ || value_.get(flag) != simdjson::SUCCESS) Refuse("must be true or false", path_);
    return flag;
  }
  std::vector<JsonNode> Items() const {
    std::vector<JsonNode> items;
    simdjson::dom::array array;
    if (!there_ || value_.get(array) != simdjson::SUCCESS)
      Refuse("must be an array", path_);
    else
      for (const simdjson::dom::element item : array)
        items.emplace_back(item, path_ + "[" + std::to_string(items.size()) + "]", fault_);
    return items;
  }
  std::vector<std::pair<std::string, JsonNode>> Members() const {
    std::vector<std::pair<std::string, JsonNode>> members;
    simdjson::dom::object object;
    if (!there_ || value_.get(object) != simdjson::SUCCESS)
      Refuse("must be an object", path_);
    else
      for (const auto& [key, value] : object)
        members.emplace_back(std::string(key), JsonNode(value, path_ + "." + std::string(key), fault_));
    return members;
  }
  void Refuse(std::string_view what, std::string_view path) const {
    if (fault_->empty()) *fault_ = std::string(path) + " " + std::string(what);
  }

 private:
  simdjson::dom::element value_;
  std::string path_;
  std::string* fault_;
  bool there_;  // what is not there must not be asked: simdjson has no document to look into
};

}  // namespace tk::person::linkage
