#include "kernel/base/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/base/text.h"

namespace tk {
namespace {

constexpr std::array<char, 4> kSeparators = {',', '\t', ';', '|'};

char SeparatorOf(std::string_view text) {
  std::array<size_t, kSeparators.size()> counts{};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    const auto* const found = std::find(kSeparators.begin(), kSeparators.end(), c);
    if (found != kSeparators.end()) ++counts.at(static_cast<size_t>(found - kSeparators.begin()));
  }
  return kSeparators.at(static_cast<size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin()));
}

}  // namespace

CsvReader::CsvReader(std::string_view text, char separator)
    : text_(text), separator_(separator != '\0' ? separator : SeparatorOf(text)) {}

void CsvReader::TakeLineEnd() {
  if (at_ >= text_.size()) return;
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

void CsvReader::SkipLine() {
  while (!AtLineEnd()) ++at_;
  TakeLineEnd();
}

void CsvReader::Fault(CsvRow* row, std::string_view what) {
  row->fault = what;
  row->fault_column = fields_.size() + 1;
  SkipLine();
}

bool CsvReader::Next(CsvRow* row) {
  while (at_ < text_.size()) {
    row->fields.clear();
    row->fault = {};
    row->fault_column = 0;
    row->line = line_;
    if (AtLineEnd()) {
      TakeLineEnd();
      continue;
    }
    fields_.clear();
    scratch_.clear();
    if (!ReadRow(row)) return true;
    for (const Field& field : fields_) {
      const std::string_view whole = field.in_scratch ? std::string_view(scratch_) : text_;
      row->fields.push_back(whole.substr(field.from, field.size));
    }
    // A row of separators alone is what a spreadsheet leaves of one that was emptied.
    if (std::all_of(row->fields.begin(), row->fields.end(), [](std::string_view f) { return f.empty(); }))
      continue;
    return true;
  }
  return false;
}

bool CsvReader::ReadRow(CsvRow* row) {
  while (true) {
    if (fields_.size() == kCsvFieldsMax) {
      Fault(row, "The row has more than 256 fields.");
      return false;
    }
    if (!ReadField(row)) return false;
    if (fields_.back().size > kCsvFieldBytesMax) {
      fields_.pop_back();
      Fault(row, "The field is longer than 1 MB.");
      return false;
    }
    if (AtLineEnd()) {
      TakeLineEnd();
      return true;
    }
    ++at_;  // the separator
  }
}

bool CsvReader::ReadField(CsvRow* row) {
  if (at_ < text_.size() && text_[at_] == '"') return ReadQuoted(row);
  const size_t from = at_;
  while (!AtLineEnd() && text_[at_] != separator_) ++at_;
  fields_.push_back({from, at_ - from, false});
  return true;
}

bool CsvReader::ReadQuoted(CsvRow* row) {
  const size_t from = ++at_;
  const size_t scratch_from = scratch_.size();
  size_t copied = from;
  bool doubled = false;
  while (true) {
    const size_t stop = text_.find_first_of("\"\r\n", at_);
    if (stop == std::string_view::npos) {
      at_ = text_.size();
      Fault(row, "A quote is opened here and not closed: close it, or write it twice where it is meant.");
      return false;
    }
    at_ = stop;
    if (text_[at_] != '"') {
      TakeLineEnd();
      continue;
    }
    ++at_;
    if (at_ >= text_.size() || text_[at_] != '"') break;
    doubled = true;
    scratch_.append(text_.substr(copied, at_ - copied));
    copied = ++at_;
  }
  const size_t end = at_ - 1;
  if (doubled) {
    scratch_.append(text_.substr(copied, end - copied));
    fields_.push_back({scratch_from, scratch_.size() - scratch_from, true});
  } else {
    fields_.push_back({from, end - from, false});
  }
  if (AtLineEnd() || text_[at_] == separator_) return true;
  fields_.pop_back();
  Fault(row, "Something follows a closing quote: write a quote inside a field twice.");
  return false;
}

std::string_view CsvColumns::Of(const CsvRow& row, size_t wanted) const {
  const size_t field = at[wanted];
  return field < row.fields.size() ? TrimSpace(row.fields[field]) : std::string_view();
}

Result<CsvColumns> FindColumns(const CsvRow& head, std::span<const CsvColumn> wanted) {
  CsvColumns found;
  found.heads = head.fields.size();
  found.at.assign(wanted.size(), CsvColumns::kNone);
  for (size_t field = 0; field < head.fields.size(); ++field) {
    const std::string_view name = TrimSpace(head.fields[field]);
    const auto is_named = [name](const CsvColumn& column) {
      return std::any_of(column.names.begin(), column.names.end(),
                         [name](std::string_view each) { return EqualsIgnoreCase(each, name); });
    };
    const auto column = std::find_if(wanted.begin(), wanted.end(), is_named);
    if (column == wanted.end()) {
      if (!name.empty()) found.unknown.emplace_back(name);
      continue;
    }
    size_t& at = found.at[static_cast<size_t>(column - wanted.begin())];
    if (at != CsvColumns::kNone)
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("Two columns are headed {}: keep one.", fmt::join(column->names, " or ")));
    at = field;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].required && found.at[i] == CsvColumns::kNone)
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("The first row must name the columns, and none is named {}.",
                                   fmt::join(wanted[i].names, " or ")));
  }
  return found;
}

void AppendCsvField(std::string_view field, std::string* out) {
  const bool plain =
      field.find_first_of(",\t;|\"\r\n") == std::string_view::npos && TrimSpace(field).size() == field.size();
  if (plain) {
    out->append(field);
    return;
  }
  out->push_back('"');
  for (const char c : field) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace tk
