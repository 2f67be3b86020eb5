#include "bench/linkage_sets.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "kernel/base/file.h"
#include "kernel/base/text.h"
#include "kernel/person/linkage/text_likeness.h"

namespace tk::bench {
namespace {

using person::linkage::HashOf;
using person::linkage::NameValue;
using person::linkage::Record;

class Row {
 public:
  Row(const std::map<std::string, size_t, std::less<>>& columns, const std::vector<std::string>& cells)
      : columns_(columns), cells_(cells) {}
  std::string_view operator[](std::string_view name) const {
    const auto found = columns_.find(name);
    return found == columns_.end() || found->second >= cells_.size() ? std::string_view()
                                                                     : cells_[found->second];
  }

 private:
  const std::map<std::string, size_t, std::less<>>& columns_;
  const std::vector<std::string>& cells_;
};

uint32_t DigitsOf(std::string_view text) {
  uint32_t number = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

NameValue LatinName(std::string_view family, std::string_view given) {
  NameValue name;
  name.family = ToLower(TrimSpace(family));
  name.given = ToLower(TrimSpace(given));
  const auto sound = [](const std::string& text) {
    const std::string digits = person::linkage::LatinSound(text);
    return text.empty() ? 0 : HashOf(digits.empty() ? text : digits);
  };
  name.family_sound = sound(name.family);
  name.given_sound = sound(name.given);
  return name;
}

void AddId(std::string_view text, Record* record) {
  if (text.empty()) return;
  record->ids.push_back({person::Classify(text, person::IdKind::kRecordNumber), 1});
}

Record FebrlRecord(const Row& row) {
  Record record;
  if (!row["surname"].empty() || !row["given_name"].empty())
    record.names.push_back(LatinName(row["surname"], row["given_name"]));
  if (const uint32_t birth = DigitsOf(row["date_of_birth"]); birth != 0)
    record.births.push_back(static_cast<int32_t>(birth));
  AddId(row["soc_sec_id"], &record);
  std::string address(row["street_number"]);
  for (const char* part : {"address_1", "address_2", "suburb"}) address.append(" ").append(row[part]);
  record.addresses.push_back({DigitsOf(row["postcode"]), address});
  return record;
}

Record FakeRecord(const Row& row) {
  Record record;
  if (!row["surname"].empty() || !row["first_name"].empty())
    record.names.push_back(LatinName(row["surname"], row["first_name"]));
  if (const uint32_t birth = DigitsOf(row["dob"]); birth != 0)
    record.births.push_back(static_cast<int32_t>(birth));
  if (!row["city"].empty()) record.addresses.push_back({0, std::string(row["city"])});
  if (!row["email"].empty()) record.emails.push_back(ToLower(row["email"]));
  return record;
}

uint64_t PairsOf(const std::map<std::string, uint64_t>& counts) {
  uint64_t pairs = 0;
  for (const auto& [name, n] : counts) pairs += n * (n - 1) / 2;
  return pairs;
}

}  // namespace

Accuracy AccuracyOf(uint64_t right, uint64_t found, uint64_t all, double threshold) {
  Accuracy a;
  a.right = right;
  a.wrong = found - right;
  a.missed = all - right;
  a.precision = found == 0 ? 0 : static_cast<double>(right) / static_cast<double>(found);
  a.recall = all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all);
  a.f1 = found + all == 0 ? 0 : 2.0 * static_cast<double>(right) / static_cast<double>(found + all);
  a.threshold = threshold;
  return a;
}

const std::vector<SetSpec>& KnownSets() {
  static const std::vector<SetSpec> sets = {
      {"febrl1", {"febrl/dataset1.csv"}, "febrl"},
      {"febrl2", {"febrl/dataset2.csv"}, "febrl"},
      {"febrl4", {"febrl/dataset4a.csv", "febrl/dataset4b.csv"}, "febrl"},
      {"fake_1000", {"splink/fake_1000.csv"}, "fake"},
  };
  return sets;
}

std::vector<std::vector<std::string>> ReadCsv(std::string_view text) {
  std::vector<std::vector<std::string>> rows(1);
  std::string cell;
  bool quoted = false;
  const auto end_cell = [&] {
    rows.back().push_back(std::string(TrimSpace(cell)));
    cell.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"')
        cell += text[++i];
      else
        quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end_cell();
    } else if (c == '\n' && !quoted) {
      end_cell();
      rows.emplace_back();
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (!cell.empty() || !rows.back().empty()) end_cell();
  if (rows.back().empty()) rows.pop_back();
  return rows;
}

Status ReadSet(const std::string& folder, const SetSpec& spec, LabelledSet* set) {
  std::string packed;
  set->name = spec.name;
  const bool febrl = std::string_view(spec.kind) == "febrl";
  for (const char* file : spec.files) {
    const std::string text = TRY(ReadFile(folder + "/" + file));
    const auto rows = ReadCsv(text);
    if (rows.empty()) return MakeError(ErrorCode::kIncorrect, std::string(file) + " is empty");
    std::map<std::string, size_t, std::less<>> columns;
    for (size_t i = 0; i < rows[0].size(); ++i) columns[rows[0][i]] = i;
    for (size_t r = 1; r < rows.size(); ++r) {
      const Row row(columns, rows[r]);
      Pack(febrl ? FebrlRecord(row) : FakeRecord(row), &packed);
      set->records.Add(packed);
      // rec-N-org and rec-N-dup-k are of person N.
      const std::string_view id = febrl ? row["rec_id"] : row["cluster"];
      const size_t from = febrl ? id.find('-') + 1 : 0;
      set->person.emplace_back(febrl ? id.substr(from, id.find('-', from) - from) : id);
      if (set->person.back().empty())
        return MakeError(ErrorCode::kIncorrect,
                         std::string(file) + ": row " + std::to_string(r + 1) + " names no person");
    }
  }
  return {};
}

SetResult Judge(const std::vector<person::linkage::Link>& links, const std::vector<std::string>& person,
                double threshold) {
  SetResult result;
  std::map<std::string, uint64_t> counts;
  for (const std::string& name : person) ++counts[name];
  result.true_pairs = PairsOf(counts);
  std::vector<std::pair<double, bool>> ranked;
  ranked.reserve(links.size());
  for (const auto& link : links) {
    ranked.emplace_back(-double{link.bits}, person[link.a] == person[link.b]);
    result.reached += ranked.back().second;
  }
  std::sort(ranked.begin(), ranked.end());
  uint64_t right = 0, found = 0, fixed_right = 0, fixed_found = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    right += ranked[i].second;
    ++found;
    if (-ranked[i].first >= threshold) {
      fixed_right = right;
      fixed_found = found;
    }
    if (i + 1 < ranked.size() && ranked[i + 1].first == ranked[i].first) continue;
    const Accuracy here = AccuracyOf(right, found, result.true_pairs, -ranked[i].first);
    if (here.f1 > result.best.f1) result.best = here;
  }
  result.fixed = AccuracyOf(fixed_right, fixed_found, result.true_pairs, threshold);
  return result;
}

}  // namespace tk::bench
