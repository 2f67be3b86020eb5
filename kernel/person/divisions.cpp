#include "kernel/person/divisions.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::person {

extern const char* const kDivisionsTsv;

namespace {

struct DivisionTable {
  std::vector<uint32_t> codes;
  std::vector<DivisionLists> lists;  // of codes[i]
  uint32_t newest = 0;
};

/// The number at the front of `text`, which then begins behind it and the separator.
uint32_t TakeNumber(std::string_view* text) {
  uint32_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  CHECK(read.ec == std::errc());  // our own data
  text->remove_prefix(std::min<size_t>(text->size(), static_cast<size_t>(read.ptr - text->data()) + 1));
  return number;
}

DivisionTable ReadDivisions() {
  std::vector<std::pair<uint32_t, DivisionLists>> rows;
  DivisionTable table;
  std::string_view text = kDivisionsTsv;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    DivisionLists lists;
    lists.first = TakeNumber(&line);
    lists.last = TakeNumber(&line);
    table.newest = std::max(table.newest, lists.last);
    while (!line.empty()) rows.emplace_back(TakeNumber(&line), lists);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [code, lists] : rows) {
    table.codes.push_back(code);
    table.lists.push_back(lists);
  }
  return table;
}

const DivisionTable& Divisions() {
  static const DivisionTable table = ReadDivisions();
  return table;
}

}  // namespace

std::span<const uint32_t> KnownDivisions() { return Divisions().codes; }

DivisionLists ListsOf(uint32_t division) {
  const DivisionTable& table = Divisions();
  const auto at = std::lower_bound(table.codes.begin(), table.codes.end(), division);
  if (at == table.codes.end() || *at != division) return {};
  return table.lists[static_cast<size_t>(at - table.codes.begin())];
}

bool IsWithdrawnDivision(uint32_t division) {
  const uint32_t last = ListsOf(division).last;
  return last != 0 && last != Divisions().newest;
}

}  // namespace tk::person
