// Reading a table of city/data: a place in it, which knows its path, so that a fault names what is wrong and where.
// Flow:   JSON → Node(root, name, &fault) → typed reads; the first fault stays in `fault`, and what could not be read is empty
#pragma once

#include <fmt/format.h>
#include <simdjson.h>

#include <string>
#include <vector>

namespace tk::city {

/// A place in a table. The first thing that is not as it must be is remembered, and read as empty.
class Node {
 public:
  Node(simdjson::dom::element value, std::string path, std::string* fault)
      : value_(value), path_(std::move(path)), fault_(fault) {}

  Node operator[](std::string_view key) const {
    const std::string path = path_ + "." + std::string(key);
    simdjson::dom::element found =
        value_;  // when it is missing, so that reading goes on; the fault is told all the same
    if (value_[key].get(found) != simdjson::SUCCESS) Fail(path, "is missing");
    return Node(found, path, fault_);
  }
  bool Has(std::string_view key) const { return value_[key].error() == simdjson::SUCCESS; }
  std::string Text() const {
    std::string_view text;
    if (value_.get(text) != simdjson::SUCCESS) Fail(path_, "must be a text");
    return std::string(text);
  }
  double Number() const {
    double number = 0;
    if (value_.get(number) != simdjson::SUCCESS || number < 0) Fail(path_, "must be a number, 0 or more");
    return number;
  }
  bool Truth() const {
    bool truth = false;
    if (value_.get(truth) != simdjson::SUCCESS) Fail(path_, "must be true or false");
    return truth;
  }
  /// Below zero too: a slope.
  double Signed() const {
    double number = 0;
    if (value_.get(number) != simdjson::SUCCESS) Fail(path_, "must be a number");
    return number;
  }
  uint32_t Count(uint32_t most = 1'000'000'000) const {
    uint64_t number = 0;
    if (value_.get(number) != simdjson::SUCCESS || number > most)
      Fail(path_, fmt::format("must be a whole number from 0 to {}", most));
    return static_cast<uint32_t>(number);
  }
  std::vector<Node> Items() const {
    std::vector<Node> items;
    simdjson::dom::array array;
    if (value_.get(array) != simdjson::SUCCESS) {
      Fail(path_, "must be an array");
      return items;
    }
    for (const simdjson::dom::element item : array)
      items.emplace_back(item, fmt::format("{}[{}]", path_, items.size()), fault_);
    return items;
  }
  std::vector<std::pair<std::string, Node>> Fields() const {
    std::vector<std::pair<std::string, Node>> fields;
    simdjson::dom::object object;
    if (value_.get(object) != simdjson::SUCCESS) {
      Fail(path_, "must be an object");
      return fields;
    }
    for (const auto field : object)
      fields.emplace_back(field.key, Node(field.value, path_ + "." + std::string(field.key), fault_));
    return fields;
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Node& item : Items()) texts.push_back(item.Text());
    return texts;
  }
  std::vector<double> Numbers(size_t count) const {
    std::vector<double> numbers;
    for (const Node& item : Items()) numbers.push_back(item.Number());
    if (numbers.size() != count) Fail(path_, fmt::format("must have {} numbers", count));
    numbers.resize(count);
    return numbers;
  }
  std::vector<uint32_t> Counts(size_t count) const {
    std::vector<uint32_t> counts;
    for (const Node& item : Items()) counts.push_back(item.Count());
    if (counts.size() != count) Fail(path_, fmt::format("must have {} numbers", count));
    counts.resize(count);
    return counts;
  }
  void Fail(const std::string& path, std::string_view what) const {
    if (fault_->empty()) *fault_ = path + " " + std::string(what);
  }
  const std::string& path() const { return path_; }

 private:
  simdjson::dom::element value_;
  std::string path_;
  std::string* fault_;
};

}  // namespace tk::city
