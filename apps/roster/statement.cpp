#include "apps/roster/statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/exchange/cells.h"
#include "kernel/exchange/table_import.h"

namespace tk::roster {
namespace {

using exchange::JsonText;

constexpr std::string_view kReasonOrder[] = {"fever",      "symptoms", "travel",
                                             "absent-ill", "code",     "isolation"};
constexpr std::string_view kColourOrder[] = {"", "green", "yellow", "red"};
constexpr std::string_view kAbsenceOrder[] = {"", "present", "other", "ill", "isolated"};

std::string Worse(std::span<const std::string_view> order, const std::string& left,
                  const std::string& right) {
  const auto place = [&](const std::string& code) { return std::find(order.begin(), order.end(), code); };
  return place(left) < place(right) ? right : left;
}

Statement Read(fhir::Value said) {
  Statement one;
  one.channel = said["channel"].ToString();
  for (const fhir::Value reason : said["reason"]) one.reasons.push_back(reason.ToString());
  one.temperature = std::string(said["temperature"].Number());
  one.health_code = said["healthCode"].ToString();
  one.absence = said["absence"].ToString();
  one.reading = IdIn(said["reading"]["reference"].ToString());
  return one;
}

std::string OneJson(const Statement& one) {
  std::string text = fmt::format(R"({{"channel":{},"result":{})", JsonText(one.channel),
                                 JsonText(one.reasons.empty() ? "normal" : "exception"));
  const std::pair<std::string_view, std::string> more[] = {
      {"reason", ReasonsJson(one.reasons)},
      {"temperature", one.temperature},
      {"healthCode", one.health_code.empty() ? "" : JsonText(one.health_code)},
      {"absence", one.absence.empty() ? "" : JsonText(one.absence)},
      {"reading", one.reading.empty()
                      ? ""
                      : fmt::format(R"({{"reference":{}}})", JsonText("Observation/" + one.reading))}};
  for (const auto& [name, json] : more) {
    if (!json.empty()) text += fmt::format(R"(,"{}":{})", name, json);
  }
  return text + "}";
}

}  // namespace

Statement StatementOf(const DayReport& one, const Settings& settings, std::string_view channel,
                      const std::string& reading) {
  Statement said;
  said.channel = channel;
  for (const std::string_view reason : ReasonsOf(one, settings)) said.reasons.emplace_back(reason);
  said.temperature = one.reading.temperature;
  said.health_code = one.health_code;
  said.absence = one.absence;
  said.reading = reading;
  return said;
}

std::vector<Statement> WithStatement(fhir::Value report, Statement said) {
  std::vector<Statement> all;
  for (const fhir::Value each : report["statement"]) all.push_back(Read(each));
  if (all.empty() && report.present()) all.push_back(Read(report));
  const auto own =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.channel == said.channel; });
  if (own == all.end()) {
    all.push_back(std::move(said));
  } else {
    *own = std::move(said);
  }
  return all;
}

Statement Folded(const std::vector<Statement>& statements, const Statement& last) {
  Statement all;
  all.channel = last.channel;
  all.reading = last.reading;
  for (const std::string_view reason : kReasonOrder) {
    const bool is_said = std::any_of(statements.begin(), statements.end(), [&](const Statement& each) {
      return std::find(each.reasons.begin(), each.reasons.end(), reason) != each.reasons.end();
    });
    if (is_said) all.reasons.emplace_back(reason);
  }
  for (const Statement& each : statements) {
    const auto warm = exchange::ReadNumber(each.temperature);
    if (warm && *warm > exchange::ReadNumber(all.temperature).value_or(0)) all.temperature = each.temperature;
    all.health_code = Worse(kColourOrder, all.health_code, each.health_code);
    all.absence = Worse(kAbsenceOrder, all.absence, each.absence);
    if (all.reading.empty()) all.reading = each.reading;
  }
  return all;
}

std::string JsonOf(const std::vector<Statement>& statements) {
  std::string text;
  for (const Statement& each : statements) text += (text.empty() ? "[" : ",") + OneJson(each);
  return text + "]";
}

std::string ReasonsJson(const std::vector<std::string>& reasons) {
  std::string list;
  for (const std::string& reason : reasons) list += (list.empty() ? "[" : ",") + JsonText(reason);
  return list.empty() ? list : list + "]";
}

}  // namespace tk::roster
