#include "apps/roster/question.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/exchange/cells.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/interaction/prefer.h"

namespace tk::roster {

using interaction::Request;
using interaction::Response;

namespace {

constexpr size_t kRowsMax = 1000;

Result<std::string> DayIn(const interaction::Parameter& parameter) {
  const auto read = exchange::ReadDay(parameter.value);
  if (!read)
    return MakeIssue(ErrorCode::kIncorrect, "value", parameter.name,
                     "There is no such day: write it as 2026-11-23.");
  return exchange::DayText(*read);
}

Result<size_t> NumberIn(const interaction::Parameter& parameter, size_t max) {
  size_t number = 0;
  const std::string& text = parameter.value;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || number > max)
    return MakeIssue(ErrorCode::kIncorrect, "value", parameter.name,
                     fmt::format("Give a whole number of at most {}.", max));
  return number;
}

}  // namespace

Result<Question> ReadQuestion(const app::Context& context, const Request& request, std::string_view takes) {
  Question question;
  question.day = question.from = question.until = Today(context);
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    const std::string& name = parameter.name;
    if (fmt::format(" {},", takes).find(fmt::format(" {},", name)) == std::string::npos)
      return interaction::UnknownParameter(name, takes);
    if (name == "organization") question.organization = parameter.value;
    if (name == "unit") question.unit = parameter.value;
    if (name == "day") question.day = TRY(DayIn(parameter));
    if (name == "from") question.from = TRY(DayIn(parameter));
    if (name == "until") question.until = TRY(DayIn(parameter));
    if (name == "_count") question.count = TRY(NumberIn(parameter, kRowsMax));
    if (name == "_offset") question.offset = TRY(NumberIn(parameter, kMembersMax));
    if (name == "format" && parameter.value != "json" && parameter.value != "xlsx")
      return MakeIssue(ErrorCode::kIncorrect, "value", "format", "A list is given as json or xlsx.");
    if (name == "format") question.as_xlsx = parameter.value == "xlsx";
  }
  return question;
}

std::string Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.1f}", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

ListAnswer::ListAnswer(const Question& question, std::string title, std::vector<std::string> columns,
                       std::vector<std::string> heads)
    : question_(question), title_(std::move(title)), columns_(std::move(columns)), heads_(std::move(heads)) {}

std::pair<size_t, size_t> ListAnswer::RangeOf(size_t total) const {
  if (question_.as_xlsx) return {0, total};
  const size_t from = std::min(question_.offset, total);
  return {from, std::min(from + question_.count, total)};
}

void ListAnswer::Add(std::vector<std::string> cells, view::OwnerNumber owner) {
  rows_.push_back(std::move(cells));
  if (owner != 0) owners_.push_back(owner);
}

Result<Response> ListAnswer::Finish(const app::Context& context, size_t total) {
  Response response = question_.as_xlsx ? TRY(Spreadsheet(context)) : Page(total);
  std::sort(owners_.begin(), owners_.end());
  owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
  response.audit_owners.assign(owners_.begin(), owners_.end());
  return response;
}

Response ListAnswer::Page(size_t total) const {
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Member("day", question_.day).Key("total").Int(static_cast<int64_t>(total));
  json.Key("rows").Array();
  for (const auto& row : rows_) {
    json.Object();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!row[i].empty()) json.Member(columns_[i], row[i]);
    }
    json.End();
  }
  json.End().End();
  return JsonAnswer(200, std::move(body));
}

Result<Response> ListAnswer::Spreadsheet(const app::Context& context) const {
  exchange::Report report;
  report.title = title_;
  report.lines = {"日期：" + question_.day};
  report.lines.insert(report.lines.end(), lines_.begin(), lines_.end());
  report.made_us = context.clock->NowUs();
  report.footer = "本表含个人信息，仅限疫情防控工作使用";
  exchange::ReportTable table{title_, {}, rows_};
  for (const std::string& head : heads_) table.columns.push_back({head});
  report.tables.push_back(std::move(table));
  Response response;
  response.body = TRY(exchange::XlsxOf(report));
  response.content_type = exchange::kXlsxType;
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("attachment; filename=\"roster-{}.xlsx\"", question_.day));
  return response;
}

}  // namespace tk::roster
