#include "kernel/app/indicator.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/fhir/path/decimal.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/search_type.h"
#include "kernel/rules/template.h"
#include "kernel/search/query.h"

namespace tk::app {
namespace {

using fhir::path::Decimal;
using interaction::Request;
using interaction::Response;

constexpr size_t kDimensionsMax = 8;
constexpr size_t kDigitsOfDay = 10, kDigitsOfMonth = 7, kDigitsOfYear = 4;

// ---- the file --------------------------------------------------------------------------------------------------------

/// One indicator file being read.
class Reader {
 public:
  Reader(const fhir::Definitions& definitions, fhir::JsonFile* file, Indicator* indicator)
      : definitions_(definitions), file_(*file), indicator_(*indicator) {}

  void Read() {
    const fhir::Value root = file_.root();
    indicator_.where = root["where"].ToString();
    indicator_.numerator = root["numerator"].ToString();
    indicator_.has_numerator = root["numerator"].present();
    CheckSearch("where", indicator_.where);
    CheckSearch("numerator", indicator_.numerator);
    if (root["sum"].present()) indicator_.sum = Compile("sum", root["sum"].ToString());
    indicator_.period = root["period"].ToString();
    if (!indicator_.period.empty()) CheckDate();
    ReadDimensions();
    indicator_.filters = ReadFilters(definitions_, &file_, indicator_.type);
    for (const ListFilter& filter : indicator_.filters) {
      if (filter.id == "by" || filter.id == "from" || filter.id == "until")
        file_.Note("filters", "by, from and until are names of their own: choose another id");
    }
  }

 private:
  void CheckSearch(const std::string& path, const std::string& query) {
    const auto parsed = search::ParseQuery(definitions_, indicator_.type, query, search::ParseOptions());
    if (!parsed.ok()) return file_.Note(path, parsed.error());
    if (!parsed->sort.empty() || !parsed->includes.empty())
      file_.Note(path, "is a search of criteria alone: neither _sort nor _include");
  }
  void CheckDate() {
    const auto* const parameter = definitions_.FindSearchParameter(indicator_.type, indicator_.period);
    if (parameter == nullptr || parameter->type != fhir::SearchType::kDate)
      file_.Note("period", fmt::format("{} has no search parameter of dates called {}",
                                       definitions_.Type(indicator_.type).name, indicator_.period));
  }
  std::unique_ptr<const fhir::path::Expression> Compile(const std::string& path, const std::string& text) {
    auto compiled = fhir::path::Expression::Compile(text, definitions_, indicator_.type);
    if (compiled.ok()) return std::make_unique<const fhir::path::Expression>(std::move(compiled).value());
    file_.Note(path, compiled.error());
    return nullptr;
  }

  void ReadDimensions() {
    const fhir::Value list = file_.root()["dimensions"];
    if (list.size() > kDimensionsMax)
      return file_.Note("dimensions", fmt::format("may be {} at most", kDimensionsMax));
    for (size_t i = 0; i < list.size(); ++i) ReadDimension(fmt::format("dimensions[{}]", i), list.At(i));
  }

  void ReadDimension(const std::string& path, fhir::Value json) {
    Dimension dimension;
    static_cast<Titles&>(dimension) = ReadTitles(&file_, path, json);
    if (json["area"].present() == json["value"].present())
      file_.Note(path, "needs a value (FHIRPath) or an area (county, township …), one of them");
    if (json["area"].present() && !geo::ReadAreaLevel(json["area"].ToString(), &dimension.level))
      file_.Note(path + ".area", "is no level of areas: province, city, county, township, village, grid");
    if (json["value"].present()) dimension.value = Compile(path + ".value", json["value"].ToString());
    const std::string by = json["by"].ToString();
    constexpr std::pair<std::string_view, size_t> kParts[] = {
        {"day", kDigitsOfDay}, {"month", kDigitsOfMonth}, {"year", kDigitsOfYear}};
    for (const auto& [name, digits] : kParts) {
      if (by == name) dimension.date_digits = digits;
    }
    if (!json["by"].ToString().empty() && dimension.date_digits == 0)
      file_.Note(path + ".by", "may be day, month or year");
    dimension.search = json["search"].ToString();
    const std::string parameter = dimension.search.substr(0, dimension.search.find(':'));
    if (!parameter.empty() && definitions_.FindSearchParameter(indicator_.type, parameter) == nullptr)
      file_.Note(path + ".search", "is no search parameter of the type");
    indicator_.dimensions.push_back(std::move(dimension));
  }

  const fhir::Definitions& definitions_;
  fhir::JsonFile& file_;
  Indicator& indicator_;
};

// ---- what is asked ---------------------------------------------------------------------------------------------------

struct IndicatorAsked {
  std::string query;  // of the records that there are
  std::string from, until;
  std::vector<const Dimension*> by;
};

Status ReadBy(const Indicator& indicator, const std::string& text, std::vector<const Dimension*>* by) {
  std::string_view left = text;
  while (!left.empty()) {
    const std::string_view id = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), id.size() + 1));
    const auto at = std::find_if(indicator.dimensions.begin(), indicator.dimensions.end(),
                                 [&](const Dimension& each) { return each.id == id; });
    if (at == indicator.dimensions.end()) {
      std::vector<std::string> known;
      for (const Dimension& each : indicator.dimensions) known.push_back(each.id);
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("by: this indicator's dimensions are: {}", fmt::join(known, ", ")));
    }
    if (std::find(by->begin(), by->end(), &*at) == by->end()) by->push_back(&*at);
  }
  return {};
}

Result<IndicatorAsked> ReadAsked(const Indicator& indicator, std::string_view query) {
  IndicatorAsked asked;
  asked.query = indicator.where;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(query))) {
    const bool is_period = parameter.name == "from" || parameter.name == "until";
    const auto filter = std::find_if(indicator.filters.begin(), indicator.filters.end(),
                                     [&](const ListFilter& each) { return each.id == parameter.name; });
    if (parameter.name == "by") {
      TRY(ReadBy(indicator, parameter.value, &asked.by));
    } else if (is_period && !indicator.period.empty()) {
      (parameter.name == "from" ? asked.from : asked.until) = parameter.value;
      asked.query = JoinQueries(std::move(asked.query), fmt::format("{}={}{}", indicator.period,
                                                                    parameter.name == "from" ? "ge" : "lt",
                                                                    PercentEncode(parameter.value)));
    } else if (filter != indicator.filters.end()) {
      asked.query = JoinQueries(std::move(asked.query),
                                fmt::format("{}={}", filter->parameter, PercentEncode(parameter.value)));
    } else {
      std::vector<std::string> known = {"by"};
      if (!indicator.period.empty()) known.insert(known.end(), {"from", "until"});
      for (const ListFilter& each : indicator.filters) known.push_back(each.id);
      return MakeError(ErrorCode::kIncorrect, fmt::format("{}: this indicator is asked by {}", parameter.name,
                                                          fmt::join(known, ", ")));
    }
  }
  return asked;
}

// ---- counting --------------------------------------------------------------------------------------------------------

struct Cell {
  uint64_t count = 0, of = 0;
  Decimal sum;
  std::vector<view::OwnerNumber> counted, all;  // whose records those are, while they are few
};

class Counter {
 public:
  Counter(const interaction::Interactions& interactions, const view::Engine& engine,
          const Indicator& indicator, const Request& request, IndicatorAsked asked, Instant now_us)
      : interactions_(interactions),
        engine_(engine),
        definitions_(engine.definitions()),
        indicator_(indicator),
        request_(request),
        asked_(std::move(asked)),
        names_(indicator, 0, now_us) {
    environment_.definitions = &definitions_;
    environment_.now_us = now_us;
    environment_.offset_min = CityOffsetMin();
    environment_.more_variables = &names_;
  }

  Result<Response> Answer();

 private:
  using Each = std::function<Status(fhir::Value record)>;
  Result<fhir::Document> Ask(const std::string& query, bool tells);
  Status EachOf(const std::string& query, const Each& each);
  Result<uint64_t> Total(const std::string& query);
  Result<std::vector<std::string>> KeysOf(fhir::Value record) const;
  Result<std::string> KeyOf(const Dimension& dimension, fhir::Value record) const;
  view::OwnerNumber OwnerOf(fhir::Value record) const;
  void TellOfFewIn(const Cell& cell);
  Status Take(fhir::Value record, bool counts);
  Status Sum(fhir::Value record, Cell* cell) const;
  std::string Counting() const { return JoinQueries(asked_.query, indicator_.numerator); }
  void WriteCell(const Cell& cell, const std::string& records, fhir::JsonWriter* out) const;
  std::string RecordsOf(const std::vector<std::string>& keys) const;
  std::string Text() const;

  const interaction::Interactions& interactions_;
  const view::Engine& engine_;
  const fhir::Definitions& definitions_;
  const Indicator& indicator_;
  const Request& request_;
  const IndicatorAsked asked_;
  const rules::HeadVariables names_;
  fhir::path::Environment environment_;  // of every record, which is its own %resource
  std::optional<Response> refusal_;
  std::map<std::vector<std::string>, Cell> cells_;
  std::vector<view::OwnerNumber> owners_;  // whom the numbers show: a count of few does
  size_t opened_ = 0;
};

/// The reader's own search. A refusal is kept as it came, and ends the counting.
Result<fhir::Document> Counter::Ask(const std::string& query, bool tells) {
  Request request = request_;
  request.path = {std::string(definitions_.Type(indicator_.type).name)};
  request.query = query;
  request.tells_owners = tells;
  std::optional<Response> answer;
  interactions_.Handle(std::move(request), [&answer](Response response) { answer = std::move(response); });
  CHECK(answer.has_value());  // reads answer on this thread
  owners_.insert(owners_.end(), answer->audit_owners.begin(), answer->audit_owners.end());
  if (answer->status == 200) return fhir::Document::Parse(answer->body);
  refusal_ = std::move(answer);
  return MakeError(ErrorCode::kInternal, "the search was refused");
}

Status Counter::EachOf(const std::string& query, const Each& each) {
  std::string next = JoinQueries(query, "_count=1000");
  while (!next.empty()) {
    const fhir::Document page = TRY(Ask(next, false));  // numbers of many show nobody
    next.clear();
    for (const fhir::Value link : page.Root()["link"]) {
      const std::string url = link["url"].ToString();
      if (link["relation"].ToString() == "next") next = url.substr(url.find('?') + 1);
    }
    for (const fhir::Value entry : page.Root()["entry"]) {
      if (entry["search"]["mode"].ToString() != "match") continue;
      if (++opened_ > kIndicatorRecordsMax)
        return MakeError(ErrorCode::kTooLarge,
                         fmt::format("more than {} records would have to be looked at: narrow the period or "
                                     "filter, or ask without by",
                                     kIndicatorRecordsMax));
      TRY(each(entry["resource"]));
    }
  }
  return {};
}

Result<uint64_t> Counter::Total(const std::string& query) {
  const fhir::Document page = TRY(Ask(JoinQueries(query, "_summary=count"), true));
  const std::string_view digits = page.Root()["total"].Number();
  uint64_t total = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), total);
  CHECK(read.ec == std::errc() && !digits.empty());
  return total;
}

/// As a dimension's key: a text as it is, all else as JSON; "" where there is nothing.
std::string TextOf(const fhir::path::Item& item) {
  std::string json;
  fhir::JsonWriter out(&json);
  rules::WriteItem(item, &out);
  const auto document = fhir::Document::Parse("[" + json + "]");
  const fhir::Value value = document.ok() ? document->Root().At(0) : fhir::Value();
  return value.is_string() ? value.ToString() : json;
}

/// "2026-11-23T23:30:00Z" → "2026-11-24": the day in the city.
std::string DateIn(const std::string& text, size_t digits) {
  const auto range = ParseDateRange(text, CityOffsetMin());
  if (!range.ok() || static_cast<size_t>(range->precision) < digits) return {};
  return CityDay(range->low_us).substr(0, digits);
}

/// 0: it is nobody's, or is no more.
view::OwnerNumber Counter::OwnerOf(fhir::Value record) const {
  const view::Directory& directory = engine_.directory();
  const std::string_view type = definitions_.Type(indicator_.type).name;
  const auto version = directory.Current(engine_.IdHash(type, record["id"].ToString()), engine_.Head());
  return version.ordinal == 0 ? 0 : directory.OwnerNow(directory.Get(version.ordinal).owner);
}

void Counter::TellOfFewIn(const Cell& cell) {
  const auto tell = [this](uint64_t number, const std::vector<view::OwnerNumber>& whose) {
    if (number <= interaction::kFewCounted) owners_.insert(owners_.end(), whose.begin(), whose.end());
  };
  tell(cell.count, cell.counted);
  tell(cell.of, cell.all);
}

Result<std::string> Counter::KeyOf(const Dimension& dimension, fhir::Value record) const {
  if (dimension.value == nullptr) {
    const view::OwnerNumber owner = OwnerOf(record);
    const uint64_t area = owner == 0 ? 0 : engine_.directory().AreaOf(owner);
    constexpr uint64_t kMarksEnd = 100;  // below it are the directory's marks, no divisions
    if (area < kMarksEnd || area == view::kAreaErased) return std::string();
    return geo::CodeOf(geo::AboveIn(area, dimension.level));
  }
  fhir::path::Collection found;
  TRY(dimension.value->Evaluate(environment_, fhir::path::ResourceItem(definitions_, record), &found));
  if (found.empty()) return std::string();
  std::string text = TextOf(found.front());
  return dimension.date_digits == 0 ? text : DateIn(text, dimension.date_digits);
}

Result<std::vector<std::string>> Counter::KeysOf(fhir::Value record) const {
  std::vector<std::string> keys;
  for (const Dimension* const dimension : asked_.by) keys.push_back(TRY(KeyOf(*dimension, record)));
  return keys;
}

Status Counter::Sum(fhir::Value record, Cell* cell) const {
  fhir::path::Collection found;
  TRY(indicator_.sum->Evaluate(environment_, fhir::path::ResourceItem(definitions_, record), &found));
  if (found.empty()) return {};
  const auto number = Decimal::Parse(TextOf(found.front()));
  const auto sum = number ? fhir::path::Add(cell->sum, *number) : std::nullopt;
  if (!sum)
    return MakeError(ErrorCode::kInvalid, "sum: is no number in one of the records, or too large in all");
  cell->sum = *sum;
  return {};
}

Status Counter::Take(fhir::Value record, bool counts) {
  Cell& cell = cells_[TRY(KeysOf(record))];
  if (cells_.size() > kIndicatorGroupsMax)
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("there are more than {} groups: ask by fewer dimensions", kIndicatorGroupsMax));
  const uint64_t number = ++(counts ? cell.count : cell.of);
  if (number <= interaction::kFewCounted) {
    if (const view::OwnerNumber owner = OwnerOf(record); owner != 0)
      (counts ? cell.counted : cell.all).push_back(owner);
  }
  return counts && indicator_.sum != nullptr ? Sum(record, &cell) : Status();
}

/// The search whose matches are those of a group that count; "" where a dimension cannot be searched by.
std::string Counter::RecordsOf(const std::vector<std::string>& keys) const {
  std::string query = Counting();
  for (size_t i = 0; i < keys.size(); ++i) {
    const Dimension& dimension = *asked_.by[i];
    if (dimension.search.empty() || keys[i].empty()) return {};
    query = JoinQueries(std::move(query), fmt::format("{}={}", dimension.search, PercentEncode(keys[i])));
  }
  return fmt::format("/fhir/{}{}{}", definitions_.Type(indicator_.type).name, query.empty() ? "" : "?",
                     query);
}

void Counter::WriteCell(const Cell& cell, const std::string& records, fhir::JsonWriter* out) const {
  out->Key("count").Int(static_cast<int64_t>(cell.count));
  if (indicator_.has_numerator) {
    out->Key("of").Int(static_cast<int64_t>(cell.of));
    if (cell.of > 0)
      out->Key("share").Raw(
          fmt::format("{:.6f}", static_cast<double>(cell.count) / static_cast<double>(cell.of)));
  }
  if (indicator_.sum != nullptr) out->Key("sum").Raw(cell.sum.Trimmed().ToString());
  if (!records.empty()) out->Member("records", records);
}

void WriteIndicator(const fhir::Definitions& definitions, const Indicator& indicator, fhir::JsonWriter* out) {
  WriteTitles({indicator.id, indicator.title_zh, indicator.title_en}, out);
  out->Key("version").Int(indicator.version);
  out->Member("type", definitions.Type(indicator.type).name);
  if (!indicator.period.empty()) out->Member("period", indicator.period);
  out->Key("dimensions").Array();
  for (const Dimension& dimension : indicator.dimensions) {
    out->Object();
    WriteTitles(dimension, out);
    out->End();
  }
  out->End();
  WriteFilters(indicator.filters, out);
}

std::string Counter::Text() const {
  Cell total;
  for (const auto& [keys, cell] : cells_) {
    total.count += cell.count;
    total.of += cell.of;
    total.sum = fhir::path::Add(total.sum, cell.sum).value_or(total.sum);
  }
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  WriteIndicator(definitions_, indicator_, &out);
  if (!asked_.from.empty()) out.Member("from", asked_.from);
  if (!asked_.until.empty()) out.Member("until", asked_.until);
  out.Key("by").Array();
  for (const Dimension* const dimension : asked_.by) out.String(dimension->id);
  out.End().Key("total").Object();
  WriteCell(total, RecordsOf({}), &out);
  out.End().Key("groups").Array();
  for (const auto& [keys, cell] : cells_) {
    if (asked_.by.empty()) break;
    out.Object().Key("keys").Object();
    for (size_t i = 0; i < keys.size(); ++i) out.Member(asked_.by[i]->id, keys[i]);
    out.End();
    WriteCell(cell, RecordsOf(keys), &out);
    out.End();
  }
  out.End().End();
  return text;
}

Result<Response> Counter::Answer() {
  const auto count = [this]() -> Status {
    if (asked_.by.empty() && indicator_.sum == nullptr) {
      Cell& all = cells_[std::vector<std::string>()];
      all.count = TRY(Total(Counting()));
      if (indicator_.has_numerator) all.of = TRY(Total(asked_.query));
      return {};
    }
    TRY(EachOf(Counting(), [this](fhir::Value record) { return Take(record, true); }));
    if (!indicator_.has_numerator) return {};
    return EachOf(asked_.query, [this](fhir::Value record) { return Take(record, false); });
  };
  Status counted = count();
  if (refusal_) return std::move(*refusal_);
  TRY(std::move(counted));
  for (const auto& [keys, cell] : cells_) TellOfFewIn(cell);
  std::sort(owners_.begin(), owners_.end());
  owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
  Response response;
  response.audit_owners = std::move(owners_);
  response.body = Text();
  response.content_type = "application/json; charset=utf-8";
  response.audit_type = definitions_.Type(indicator_.type).name;
  return response;
}

}  // namespace

Result<Indicator> ParseIndicator(const fhir::Definitions& definitions, std::string_view app, std::string name,
                                 std::string_view json, fhir::Value settings) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::string(json)));
  Indicator indicator;
  static_cast<rules::Head&>(indicator) =
      rules::ReadHead(&file, app, settings, rules::Wants::kSourceOfConstants);
  indicator.type = definitions.FindType(file.root()["type"].ToString());
  if (!definitions.IsResource(indicator.type))
    file.Note("type", "names no resource type");
  else
    Reader(definitions, &file, &indicator).Read();
  if (!file.good()) return file.Failure();
  return indicator;
}

std::string IndicatorsJson(const fhir::Definitions& definitions, const std::vector<Indicator>& indicators) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("indicators").Array();
  for (const Indicator& indicator : indicators) {
    out.Object();
    WriteIndicator(definitions, indicator, &out);
    out.End();
  }
  out.End().End();
  return text;
}

Result<Response> AnswerIndicator(const interaction::Interactions& interactions, const view::Engine& engine,
                                 const Indicator& indicator, const Request& request, Instant now_us) {
  Response response =
      TRY(Counter(interactions, engine, indicator, request, TRY(ReadAsked(indicator, request.query)), now_us)
              .Answer());
  response.audit_action = "indicator";
  return response;
}

}  // namespace tk::app
