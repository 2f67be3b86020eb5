#include "kernel/app/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <limits>
#include <unordered_map>

#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/table_import.h"
#include "kernel/fhir/validate.h"
#include "kernel/geo/area_facts.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/write.h"
#include "kernel/person/identifier.h"

namespace tk::app {
namespace {

using fhir::path::Collection;
using fhir::path::Item;
using interaction::Request;
using interaction::Response;

constexpr size_t kImportColumnsMax = 100, kCodesMax = 1000, kConditionsMax = 50;
constexpr size_t kRowsAtOnce = 500;

constexpr std::pair<std::string_view, ImportColumn::Check> kCellChecks[] = {
    {"resident-number", ImportColumn::Check::kResidentNumber},
    {"telephone", ImportColumn::Check::kTelephone},
    {"division", ImportColumn::Check::kDivision}};

constexpr std::pair<std::string_view, ImportColumn::Kind> kCellKinds[] = {
    {"string", ImportColumn::Kind::kString},      {"code", ImportColumn::Kind::kCode},
    {"decimal", ImportColumn::Kind::kDecimal},    {"integer", ImportColumn::Kind::kInteger},
    {"boolean", ImportColumn::Kind::kBoolean},    {"date", ImportColumn::Kind::kDate},
    {"Reference", ImportColumn::Kind::kReference}};

// ---- the file --------------------------------------------------------------------------------------------------------

void ReadCodes(fhir::JsonFile* file, const std::string& path, fhir::Value codes, ImportColumn* column) {
  if (codes.size() == 0 || codes.size() > kCodesMax)
    file->Note(path, fmt::format("needs 1 to {} codes, each with zh-CN and en", kCodesMax));
  for (const fhir::Value code : codes) {
    const std::string value(code.name_text());
    for (const std::string& word : {value, code["zh-CN"].ToString(), code["en"].ToString()}) {
      const auto known = std::find_if(column->codes.begin(), column->codes.end(),
                                      [&](const auto& each) { return each.first == ToLower(word); });
      if (word.empty())
        file->Note(path + "." + value, "needs zh-CN and en");
      else if (known == column->codes.end())
        column->codes.emplace_back(ToLower(word), value);
      else if (known->second != value)
        file->Note(path + "." + value, fmt::format("has a word of another code: {}", word));
    }
  }
}

void ReadColumnChecks(fhir::JsonFile* file, const std::string& path, fhir::Value json, ImportColumn* column) {
  using Kind = ImportColumn::Kind;
  column->exists = json["exists"].IsTrue();
  if (json["exists"].present() && column->kind != Kind::kReference)
    file->Note(path + ".exists", "is said of a Reference: whether the record is there");
  if (!json["check"].present()) return;
  const std::string name = json["check"].ToString();
  const auto* const check = std::find_if(std::begin(kCellChecks), std::end(kCellChecks),
                                         [&](const auto& each) { return each.first == name; });
  if (check == std::end(kCellChecks))
    file->Note(path + ".check", "may be resident-number, telephone, division");
  else if (column->kind != Kind::kString)
    file->Note(path + ".check", "is said of a string");
  else
    column->check = check->second;
}

ImportColumn ReadColumn(const fhir::Definitions& definitions, fhir::JsonFile* file, const std::string& path,
                        fhir::Value json) {
  ImportColumn column;
  static_cast<Titles&>(column) = ReadTitles(file, path, json);
  column.required = json["required"].IsTrue();
  const std::string type = json["type"].ToString();
  const auto* const kind = std::find_if(std::begin(kCellKinds), std::end(kCellKinds),
                                        [&](const auto& each) { return each.first == type; });
  if (kind == std::end(kCellKinds)) {
    file->Note(path + ".type", "may be string, code, decimal, integer, boolean, date, Reference");
    return column;
  }
  column.kind = kind->second;
  if (column.kind == ImportColumn::Kind::kCode) ReadCodes(file, path + ".codes", json["codes"], &column);
  column.to = json["to"].ToString();
  if (column.kind == ImportColumn::Kind::kReference &&
      !definitions.IsResource(definitions.FindType(column.to)))
    file->Note(path + ".to", "must name the type that is referred to");
  ReadColumnChecks(file, path, json, &column);
  if (fhir::path::IsOwnVariable(column.id) || column.id == "now" || column.id == "rule" ||
      column.id == "depth")
    file->Note(path + ".id", "is a name of the language: choose another");
  return column;
}

void ReadColumns(const fhir::Definitions& definitions, fhir::JsonFile* file, Import* import) {
  const fhir::Value columns = file->root()["columns"];
  if (columns.size() == 0 || columns.size() > kImportColumnsMax)
    return file->Note("columns", fmt::format("must be a list of 1 to {}", kImportColumnsMax));
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string path = fmt::format("columns[{}]", i);
    ImportColumn column = ReadColumn(definitions, file, path, columns.At(i));
    for (const ImportColumn& other : import->columns) {
      if (other.id == column.id || other.zh == column.zh || other.en == column.en)
        file->Note(path, fmt::format("has the id or a title of the column {}", other.id));
    }
    import->columns.push_back(std::move(column));
  }
}

void ReadIdentity(fhir::JsonFile* file, Import* import) {
  const fhir::Value identity = file->root()["identity"];
  if (identity.size() == 0) file->Note("identity", "is missing: the columns that say which record a row is");
  for (size_t i = 0; i < identity.size(); ++i) {
    const std::string id = identity.At(i).ToString();
    const auto column = std::find_if(import->columns.begin(), import->columns.end(),
                                     [&](const ImportColumn& each) { return each.id == id; });
    if (column == import->columns.end())
      file->Note(fmt::format("identity[{}]", i), "names no column");
    else if (!column->required)
      file->Note(fmt::format("identity[{}]", i), "is a column that may be empty: make it required");
    else
      import->identity.push_back(static_cast<size_t>(column - import->columns.begin()));
  }
}

/// What a template is asked with: the head's names and a row's cells.
fhir::path::Environment EnvironmentOf(const fhir::Definitions& definitions, const Import& import,
                                      std::vector<Collection> cells, const fhir::path::Variables& head_names,
                                      Instant now_us) {
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.now_us = now_us;
  environment.offset_min = CityOffsetMin();
  environment.more_variables = &head_names;
  for (size_t i = 0; i < import.columns.size(); ++i)
    environment.variables.emplace_back(import.columns[i].id, std::move(cells[i]));
  return environment;
}

void ReadConditions(const fhir::Definitions& definitions, fhir::JsonFile* file, Import* import) {
  const fhir::Value conditions = file->root()["conditions"];
  if (conditions.present() && (!conditions.is_array() || conditions.size() > kConditionsMax))
    return file->Note("conditions", fmt::format("must be a list of at most {}", kConditionsMax));
  const rules::HeadVariables names(*import, 0, 0);
  for (size_t i = 0; i < conditions.size(); ++i) {
    const fhir::Value json = conditions.At(i);
    const std::string path = fmt::format("conditions[{}]", i), id = json["column"].ToString();
    ImportCondition condition;
    condition.zh = json["message"]["zh-CN"].ToString();
    condition.en = json["message"]["en"].ToString();
    if (condition.zh.empty() || condition.en.empty()) file->Note(path + ".message", "needs zh-CN and en");
    const auto column = std::find_if(import->columns.begin(), import->columns.end(),
                                     [&](const ImportColumn& each) { return each.id == id; });
    if (column != import->columns.end())
      condition.column = column->zh;
    else if (json["column"].present())
      file->Note(path + ".column", "names no column");
    auto compiled = fhir::path::Expression::Compile(json["where"].ToString(), definitions, import->type);
    if (!compiled.ok()) {
      file->Note(path + ".where", compiled.error());
      continue;
    }
    // Names that are no columns fail with empty cells as they would with others.
    Collection nothing;
    const auto environment =
        EnvironmentOf(definitions, *import, std::vector<Collection>(import->columns.size()), names, 0);
    if (const Status tried = compiled->Evaluate(environment, Item(), &nothing); !tried.ok())
      file->Note(path + ".where", tried.error());
    condition.where = std::make_unique<const fhir::path::Expression>(std::move(compiled).value());
    import->conditions.push_back(std::move(condition));
  }
}

void ReadMake(const fhir::Definitions& definitions, fhir::JsonFile* file, Import* import) {
  const fhir::Value make = file->root()["make"];
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", definitions.Type(import->type).name);
  for (const fhir::Value member : make) {
    const std::string name(member.name_text());
    if (name == "id" || name == "resourceType" || name == "meta")
      file->Note("make." + name, "is made by the platform: leave it out");
    else
      out.Key(name).Raw(member.Json());
  }
  out.End();
  const auto document = fhir::Document::Parse(text);
  if (!document.ok()) return file->Note("make", document.error());
  auto compiled = rules::Template::Compile(definitions, fhir::kNoType, document->Root());
  if (!compiled.ok()) return file->Note("make", compiled.error());
  // Names that are no columns fail with empty cells as they would with others.
  const rules::HeadVariables names(*import, 0, 0);
  const auto tried = compiled->Render(
      EnvironmentOf(definitions, *import, std::vector<Collection>(import->columns.size()), names, 0), Item(),
      "a");
  if (!tried.ok()) return file->Note("make", tried.error());
  import->make = std::make_unique<const rules::Template>(std::move(compiled).value());
}

// ---- rows ------------------------------------------------------------------------------------------------------------

Item ComputedItem(fhir::TypeId type, decltype(Item::computed) computed) {
  Item item;
  item.type = type;
  item.computed = std::move(computed);
  return item;
}

/// What the platform asks of such a number; "" = it is good.
std::string_view FaultOf(ImportColumn::Check check, std::string_view cell) {
  const auto is_faulty = [cell](person::IdKind kind) {
    return person::Classify(cell, kind).remarks.faults();
  };
  switch (check) {
    case ImportColumn::Check::kNone:
      break;
    case ImportColumn::Check::kResidentNumber:
      if (person::Classify(cell, person::IdKind::kResidentId).kind != person::IdKind::kResidentId ||
          is_faulty(person::IdKind::kResidentId))
        return "Is no valid resident number (18 characters, the last one checks the others): compare it with "
               "the document.";
      break;
    case ImportColumn::Check::kTelephone:
      if (is_faulty(person::IdKind::kMobile))
        return "Is no phone number: write it with its area code, or 11 digits of a mobile.";
      break;
    case ImportColumn::Check::kDivision:
      if (!geo::ParseAreaCode(cell).ok())
        return "Is no division's code: write it as 380102 (2, 4, 6, 9, 12 or 15 digits).";
      break;
  }
  return {};
}

/// What the cell says; empty where it says nothing. Errors: kInvalid: what it should be.
Result<Collection> ReadCell(const ImportColumn& column, std::string_view cell) {
  using Kind = ImportColumn::Kind;
  const auto wrong = [](std::string text) { return MakeError(ErrorCode::kInvalid, std::move(text)); };
  if (cell.empty())
    return column.required ? Result<Collection>(wrong("Is missing: fill it in.")) : Collection();
  switch (column.kind) {
    case Kind::kString:
      if (const std::string_view fault = FaultOf(column.check, cell); !fault.empty())
        return wrong(std::string(fault));
      break;
    case Kind::kCode: {
      const auto code = std::find_if(column.codes.begin(), column.codes.end(),
                                     [&](const auto& each) { return each.first == ToLower(cell); });
      if (code != column.codes.end()) return Collection{rules::TextItem(code->second)};
      std::vector<std::string_view> words;
      for (const auto& [word, meant] : column.codes) words.push_back(word);
      return wrong(fmt::format("May be one of: {}.", fmt::join(words, ", ")));
    }
    case Kind::kDecimal:
    case Kind::kInteger: {
      const bool whole = column.kind == Kind::kInteger;
      const auto number = fhir::Document::Parse(fmt::format("[{}]", cell));
      const std::string_view digits = number.ok() ? number->Root().At(0).Number() : std::string_view();
      if (digits != cell || (whole && digits.find_first_of(".eE") != std::string_view::npos))
        return wrong(whole ? "Is no whole number: write it as 12." : "Is no number: write it as 12.5.");
      return Collection{ComputedItem(fhir::path::kSystemDecimal, std::string(digits))};
    }
    case Kind::kBoolean: {
      const auto yes = exchange::ReadActive(cell);
      const std::string word = ToLower(cell);
      const bool is_yes = word == "是" || word == "yes" || word == "true";
      const bool is_no = word == "否" || word == "no" || word == "false";
      if (!is_yes && !is_no && !yes) return wrong("May be yes 是 or no 否.");
      return Collection{ComputedItem(fhir::path::kSystemBoolean, is_yes || (!is_no && *yes))};
    }
    case Kind::kDate: {
      const auto day = exchange::ReadDay(cell);
      if (!day) return wrong("There is no such day: write it as 2024-06-30.");
      return Collection{
          rules::TextItem(fmt::format("{:04}-{:02}-{:02}", *day / 10000, *day / 100 % 100, *day % 100))};
    }
    case Kind::kReference:
      if (!interaction::IsId(cell))
        return wrong(
            fmt::format("Is no id of a {}: 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'.", column.to));
      return Collection{rules::TextItem(fmt::format("{}/{}", column.to, cell))};
  }
  return Collection{rules::TextItem(std::string(cell))};
}

/// A row as the resource that it is to become.
struct ImportRow {
  uint64_t line = 0;
  std::string id, json;
};

/// What is wrong with one row: it is refused once, and told of kRowIssuesMax times at most.
class RowFaults {
 public:
  RowFaults(exchange::ImportReport* report, uint64_t line) : report_(*report), line_(line) {}
  void Add(std::string_view column, std::string text) {
    if (++count_ == 1) return report_.Refuse(line_, column, std::move(text));
    if (count_ <= kRowIssuesMax && report_.issues.size() < report_.issues_max)
      report_.issues.push_back({line_, std::string(column), std::move(text)});
  }
  bool empty() const { return count_ == 0; }

 private:
  exchange::ImportReport& report_;
  const uint64_t line_;
  size_t count_ = 0;
};

/// `before` with the members of `made` in place of its own.
std::string Merged(fhir::Value before, fhir::Value made) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  for (const fhir::Value member : made) out.Key(member.name_text()).Raw(member.Json());
  for (const fhir::Value member : before) {
    if (!made[member.name_text()].present()) out.Key(member.name_text()).Raw(member.Json());
  }
  out.End();
  return text;
}

class Importer {
 public:
  Importer(const interaction::Interactions& interactions, const view::Engine& engine, const Import& import,
           const Request& request, bool check_only, Instant now_us)
      : interactions_(interactions),
        engine_(engine),
        definitions_(engine.definitions()),
        import_(import),
        request_(request),
        check_only_(check_only),
        now_us_(now_us),
        names_(import, 0, now_us),
        type_(definitions_.Type(import.type).name) {
    report_.kept = !check_only;
  }

  Result<Response> Run(const exchange::ImportOptions& options);

 private:
  void TakeRow(const CsvRow& row, const CsvColumns& columns);
  std::optional<std::vector<Collection>> CellsOf(const CsvRow& row, const CsvColumns& columns,
                                                 std::string* identity);
  bool IsThere(std::string_view type, std::string_view id) const;
  void CheckNamed(const ImportColumn& column, std::string_view cell, RowFaults* faults) const;
  Status CheckConditions(const std::string& json, fhir::path::Environment environment,
                         RowFaults* faults) const;
  Status Flush();
  Result<fhir::Document> AskBatch(const std::string& entries, bool is_write);
  Result<bool> IsThereAlready(fhir::Value before, fhir::Value now, const std::string& id) const;
  void TakeAnswers(fhir::Value answers, const std::vector<const ImportRow*>& sent,
                   const std::vector<bool>& is_new);
  std::string Text() const;

  const interaction::Interactions& interactions_;
  const view::Engine& engine_;
  const fhir::Definitions& definitions_;
  const Import& import_;
  const Request& request_;
  const bool check_only_;
  const Instant now_us_;
  const rules::HeadVariables names_;
  const std::string type_;
  exchange::ImportReport report_;
  std::vector<ImportRow> rows_;
  std::unordered_map<uint64_t, uint64_t> lines_;  // record → the line that it is in
  std::vector<uint32_t> owners_;
  Status failed_;
};

/// A record of the sender's own sight.
bool Importer::IsThere(std::string_view type, std::string_view id) const {
  const auto version = engine_.directory().Current(engine_.IdHash(type, id), engine_.Head());
  if (version.ordinal == 0 || version.deleted) return false;
  const view::Scope scope = request_.viewer->scope.For(definitions_.FindType(type));
  return scope.all() || engine_.directory().InScope(version.ordinal, scope);
}

void Importer::CheckNamed(const ImportColumn& column, std::string_view cell, RowFaults* faults) const {
  if (cell.empty()) return;
  if (column.exists && !IsThere(column.to, cell))
    faults->Add(column.zh, fmt::format("There is no {} with this id.", column.to));
  if (column.check != ImportColumn::Check::kDivision) return;
  const auto area = geo::ParseAreaCode(cell);
  if (area.ok() && !IsThere("Location", geo::AreaId(*area)))
    faults->Add(column.zh, "There is no division of this code here.");
}

Status Importer::CheckConditions(const std::string& json, fhir::path::Environment environment,
                                 RowFaults* faults) const {
  if (import_.conditions.empty()) return {};
  const fhir::Document made = TRY(fhir::Document::Parse(json));
  environment.resource = made.Root();
  const Item context = fhir::path::ResourceItem(definitions_, made.Root());
  for (const ImportCondition& condition : import_.conditions) {
    const auto holds = condition.where->Test(environment, context);
    if (holds.ok() && *holds) continue;
    faults->Add(condition.column,
                holds.ok() ? fmt::format("{} / {}", condition.zh, condition.en) : holds.error().external);
  }
  return {};
}

// All that is wrong with a row is told.
std::optional<std::vector<Collection>> Importer::CellsOf(const CsvRow& row, const CsvColumns& columns,
                                                         std::string* identity) {
  std::vector<Collection> cells;
  RowFaults faults(&report_, row.line);
  for (size_t i = 0; i < import_.columns.size(); ++i) {
    const ImportColumn& column = import_.columns[i];
    auto read = ReadCell(column, columns.Of(row, i));
    if (read.ok())
      CheckNamed(column, columns.Of(row, i), &faults);
    else
      faults.Add(column.zh, read.error().external);
    cells.push_back(read.ok() ? std::move(read).value() : Collection());
  }
  if (!faults.empty()) return std::nullopt;
  for (const size_t column : import_.identity) {  // by what they mean, however it is written
    fhir::JsonWriter out(identity);
    rules::WriteItem(cells[column].front(), &out);
  }
  return cells;
}

void Importer::TakeRow(const CsvRow& row, const CsvColumns& columns) {
  if (!failed_.ok()) return;
  std::string identity = fmt::format("import|{}|{}|", import_.app, import_.id);
  auto cells = CellsOf(row, columns, &identity);
  if (!cells) return;
  // Two keyed hashes: nobody learns from an id what the columns said.
  const uint64_t key = engine_.KeyOf(identity);
  const auto [first, is_new] = lines_.emplace(key, row.line);
  if (!is_new)
    return report_.Refuse(row.line, {},
                          fmt::format("Line {} is the same record: keep one of them.", first->second));
  const std::string id = fmt::format("{:016x}{:016x}", key, engine_.KeyOf(identity + "|"));
  const auto environment = EnvironmentOf(definitions_, import_, std::move(*cells), names_, now_us_);
  auto made = import_.make->Render(environment, Item(), id);
  if (!made.ok()) return report_.Refuse(row.line, {}, made.error().external);
  RowFaults faults(&report_, row.line);
  if (Status checked = CheckConditions(*made, environment, &faults); !checked.ok())
    return report_.Refuse(row.line, {}, checked.error().external);
  if (!faults.empty()) return;
  rows_.push_back({row.line, id, std::move(made).value()});
  if (rows_.size() >= kRowsAtOnce) failed_ = Flush();
}

/// Would `now` change nothing of what is stored? `before`: that, as the viewer sees it.
Result<bool> Importer::IsThereAlready(fhir::Value before, fhir::Value now, const std::string& id) const {
  if (interaction::IsMadeOf(before, now)) return true;
  const access::Viewer& viewer = *request_.viewer;
  const access::Masks* const masks = interaction::MasksOf(viewer);
  if (masks == nullptr) return false;
  // Only tried, a value that he does not see is neither right nor wrong: nobody finds it by asking.
  const fhir::Document seen = TRY(fhir::Document::Parse(interaction::AsSeen(viewer, now.Json())));
  if (!interaction::IsMadeOf(before, seen.Root())) return false;
  if (check_only_) return true;
  const auto version = engine_.directory().Current(engine_.IdHash(type_, id), engine_.Head());
  if (version.ordinal == 0 || version.deleted) return false;
  std::string stored;
  TRY(engine_.ReadText(version.ordinal, &stored));
  // What a write would be kept as (interaction/masked.h); what it would be refused by is told by the write.
  const auto whole = access::Unmask(*masks, interaction::GovernsTheCity, stored, now);
  if (!whole.ok()) return false;
  const fhir::Document kept = TRY(fhir::Document::Parse(stored));
  const fhir::Document sent = TRY(fhir::Document::Parse(*whole ? std::string_view(**whole) : now.Json()));
  return interaction::IsMadeOf(kept.Root(), sent.Root());
}

Result<fhir::Document> Importer::AskBatch(const std::string& entries, bool is_write) {
  Request request = request_;
  request.method = interaction::Method::kPost;
  request.path.clear();
  request.query.clear();
  request.content_type = "application/fhir+json";
  if (is_write) request.prefer = "return=minimal";
  request.idempotency_key.clear();
  request.body = fmt::format(R"({{"resourceType":"Bundle","type":"batch","entry":[{}]}})", entries);
  auto promise = std::make_shared<std::promise<Response>>();
  auto answered = promise->get_future();
  interactions_.Handle(std::move(request),
                       [promise](Response response) { promise->set_value(std::move(response)); });
  Response response = answered.get();
  owners_.insert(owners_.end(), response.audit_owners.begin(), response.audit_owners.end());
  report_.last_t = std::max(report_.last_t, response.audit_t);
  if (response.status == 200) return fhir::Document::Parse(response.body);
  const auto outcome = fhir::Document::Parse(response.body);
  return MakeError(response.status == 503 || response.status == 429 ? ErrorCode::kBusy : ErrorCode::kInternal,
                   outcome.ok() ? outcome->Root()["issue"].At(0)["diagnostics"].ToString()
                                : "the rows could not be written");
}

Status Importer::Flush() {
  if (rows_.empty()) return {};
  if (request_.deadline_us != 0 && MonotonicUs() > request_.deadline_us)
    return MakeError(
        ErrorCode::kTimeout,
        "The time for one request is over. What was written stays: send the same table again, and "
        "it goes on.");
  std::string asked;
  for (const ImportRow& row : rows_)
    asked += fmt::format(R"({}{{"request":{{"method":"GET","url":"{}/{}"}}}})", asked.empty() ? "" : ",",
                         type_, row.id);
  const fhir::Document there = TRY(AskBatch(asked, false));
  const fhir::Value found = there.Root()["entry"];
  std::string puts;
  std::vector<const ImportRow*> sent;
  std::vector<bool> is_new;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const fhir::Value before = found.At(i)["resource"];
    const bool exists = before["resourceType"].ToString() == type_;
    const fhir::Document made = TRY(fhir::Document::Parse(rows_[i].json));
    const fhir::Document now = exists ? TRY(fhir::Document::Parse(Merged(before, made.Root())))
                                      : TRY(fhir::Document::Parse(rows_[i].json));
    if (exists && TRY(IsThereAlready(before, now.Root(), rows_[i].id))) {
      ++report_.unchanged;
      continue;
    }
    if (const Status valid = fhir::CheckValid(definitions_, now.Root()); !valid.ok()) {
      report_.Refuse(rows_[i].line, {}, valid.error().external);
      continue;
    }
    const std::string guard =
        exists ? fmt::format(R"(,"ifMatch":"W/\"{}\"")", before["meta"]["versionId"].ToString()) : "";
    puts += fmt::format(R"({}{{"resource":{},"request":{{"method":"PUT","url":"{}/{}"{}}}}})",
                        puts.empty() ? "" : ",", now.Text(), type_, rows_[i].id, guard);
    sent.push_back(&rows_[i]);
    is_new.push_back(!exists);
  }
  if (check_only_) {
    for (const bool fresh : is_new) ++(fresh ? report_.added : report_.changed);
  } else if (!sent.empty()) {
    const fhir::Document written = TRY(AskBatch(puts, true));
    TakeAnswers(written.Root()["entry"], sent, is_new);
  }
  rows_.clear();
  return {};
}

void Importer::TakeAnswers(fhir::Value answers, const std::vector<const ImportRow*>& sent,
                           const std::vector<bool>& is_new) {
  for (size_t i = 0; i < sent.size(); ++i) {
    const fhir::Value response = answers.At(i)["response"];
    if (response["status"].ToString().starts_with("20")) {
      ++(is_new[i] ? report_.added : report_.changed);
      continue;
    }
    const fhir::Value issue = response["outcome"]["issue"].At(0);
    const std::string place = issue["expression"].At(0).ToString();
    report_.Refuse(sent[i]->line, {},
                   fmt::format("{}{}{}", place, place.empty() ? "" : ": ", issue["diagnostics"].ToString()));
  }
}

std::string Importer::Text() const {
  std::string text;
  fhir::JsonWriter out(&text);
  const auto number = [&out](std::string_view name, uint64_t value) {
    out.Key(name).Int(static_cast<int64_t>(value));
  };
  out.Object().Member("import", import_.name());
  number("rows", report_.rows);
  number("added", report_.added);
  number("changed", report_.changed);
  number("unchanged", report_.unchanged);
  number("refused", report_.refused);
  out.Key("kept").Bool(report_.kept).Member("charset", report_.charset);
  out.Key("issues").Array();
  for (const exchange::RowIssue& issue : report_.issues) {
    out.Object();
    number("line", issue.line);
    if (!issue.column.empty()) out.Member("column", issue.column);
    out.Member("text", issue.text).End();
  }
  out.End().Key("unknown_columns").Array();
  for (const std::string& column : report_.unknown_columns) out.String(column);
  out.End().End();
  return text;
}

Result<Response> Importer::Run(const exchange::ImportOptions& options) {
  std::vector<std::vector<std::string_view>> names;
  for (const ImportColumn& column : import_.columns) names.push_back({column.zh, column.id, column.en});
  std::vector<CsvColumn> heads;
  for (size_t i = 0; i < names.size(); ++i) heads.push_back({names[i], import_.columns[i].required});
  TRY(exchange::ReadTable(request_.body, options, heads, &report_,
                          [this](const CsvRow& row, const CsvColumns& columns) { TakeRow(row, columns); }));
  if (failed_.ok()) failed_ = Flush();
  TRY(std::move(failed_));
  std::stable_sort(report_.issues.begin(), report_.issues.end(),
                   [](const exchange::RowIssue& a, const exchange::RowIssue& b) { return a.line < b.line; });
  std::sort(owners_.begin(), owners_.end());
  owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
  Response response;
  response.body = Text();
  response.content_type = "application/json; charset=utf-8";
  response.audit_t = report_.last_t;
  response.audit_owners = owners_;
  return response;
}

void WriteImport(const fhir::Definitions& definitions, const Import& import, fhir::JsonWriter* out) {
  WriteTitles({import.id, import.title_zh, import.title_en}, out);
  out->Key("version").Int(import.version);
  out->Member("type", definitions.Type(import.type).name).Key("columns").Array();
  for (const ImportColumn& column : import.columns) {
    out->Object();
    WriteTitles(column, out);
    out->Key("required").Bool(column.required).End();
  }
  out->End();
}

/// What a cell of the column says, for who fills it in.
std::string Explained(const ImportColumn& column) {
  using Kind = ImportColumn::Kind;
  std::string what;
  switch (column.kind) {
    case Kind::kString:
      what = "文字 text";
      break;
    case Kind::kCode:
      for (const auto& [word, code] : column.codes) what += what.empty() ? word : " / " + word;
      break;
    case Kind::kDecimal:
      what = "数字 a number: 12.5";
      break;
    case Kind::kInteger:
      what = "整数 a whole number: 12";
      break;
    case Kind::kBoolean:
      what = "是 yes / 否 no";
      break;
    case Kind::kDate:
      what = "日期 a day: 2024-06-30";
      break;
    case Kind::kReference:
      what = fmt::format("编号 the id of a {}", column.to);
      break;
  }
  return fmt::format("{} ({}): {}{}", column.zh, column.en, what, column.required ? "; 必填 required" : "");
}

Result<Response> TemplateOf(const Import& import, const Request& request) {
  bool is_sheet = false;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name != "as" || (parameter.value != "csv" && parameter.value != "xlsx"))
      return interaction::UnknownParameter(parameter.name, "as (csv or xlsx)");
    is_sheet = parameter.value == "xlsx";
  }
  std::vector<std::string> heads, explained;
  for (const ImportColumn& column : import.columns) {
    heads.push_back(column.zh);
    explained.push_back(Explained(column));
  }
  Response response;
  if (is_sheet) {
    response.body = TRY(exchange::XlsxTemplate(heads, explained));
  } else {
    response.body = "\xEF\xBB\xBF";  // by which spreadsheets know that it is UTF-8
    for (const std::string& head : heads) {
      if (&head != &heads.front()) response.body += ',';
      AppendCsvField(head, &response.body);
    }
    response.body += "\r\n";
  }
  response.content_type = is_sheet ? std::string(exchange::kXlsxType) : "text/csv; charset=utf-8";
  response.headers.emplace_back(
      "Content-Disposition",
      fmt::format("attachment; filename=\"{}-{}.{}\"", import.app, import.id, is_sheet ? "xlsx" : "csv"));
  return response;
}

Result<Response> RunImport(const interaction::Interactions& interactions, const view::Engine& engine,
                           const Import& import, const Request& request, Instant now_us) {
  TRY(interaction::CheckMayWrite(*request.viewer, engine.definitions().Type(import.type).name));
  if (!exchange::IsTableType(request.content_type))
    return interaction::Refusal(415, "not-supported",
                                fmt::format("Send the table as text/csv or as {}.", exchange::kXlsxType));
  // Whether a record is there is told to who may read its type.
  for (const ImportColumn& column : import.columns) {
    if (column.exists) TRY(interaction::CheckMayRead(*request.viewer, column.to));
  }
  exchange::ImportOptions options;
  options.deadline_us = request.deadline_us;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "check" && (parameter.value == "true" || parameter.value == "false"))
      options.check_only = parameter.value == "true";
    else if (parameter.name == "charset")
      options.charset = parameter.value;
    else
      return interaction::UnknownParameter(parameter.name, "check (true or false), charset");
  }
  Response response =
      TRY(Importer(interactions, engine, import, request, options.check_only, now_us).Run(options));
  response.audit_type = engine.definitions().Type(import.type).name;
  return response;
}

}  // namespace

Result<Import> ParseImport(const fhir::Definitions& definitions, std::string_view app, std::string name,
                           std::string_view json, fhir::Value settings) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::string(json)));
  Import import;
  static_cast<rules::Head&>(import) = rules::ReadHead(&file, app, settings, rules::Wants::kSourceOfConstants);
  import.type = definitions.FindType(file.root()["type"].ToString());
  ReadColumns(definitions, &file, &import);
  ReadIdentity(&file, &import);
  if (!definitions.IsResource(import.type))
    file.Note("type", "names no resource type");
  else if (file.good())
    ReadConditions(definitions, &file, &import);
  if (definitions.IsResource(import.type) && file.good()) ReadMake(definitions, &file, &import);
  if (!file.good()) return file.Failure();
  return import;
}

std::string ImportsJson(const fhir::Definitions& definitions, const std::vector<Import>& imports) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("imports").Array();
  for (const Import& import : imports) {
    out.Object();
    WriteImport(definitions, import, &out);
    out.End();
  }
  out.End().End();
  return text;
}

Result<Response> AnswerImport(const interaction::Interactions& interactions, const view::Engine& engine,
                              const std::vector<Import>& imports, const Request& request, Instant now_us) {
  const bool is_read =
      request.method == interaction::Method::kGet || request.method == interaction::Method::kHead;
  const std::vector<std::string>& path = request.path;
  if (path.size() == 1 && is_read) {
    Response response;
    response.body = ImportsJson(engine.definitions(), imports);
    response.content_type = "application/json; charset=utf-8";
    return response;
  }
  const auto import = std::find_if(imports.begin(), imports.end(),
                                   [&](const Import& each) { return path.size() > 1 && each.id == path[1]; });
  const bool is_template = path.size() == 3 && path[2] == "template";
  if (path.size() == 1 || import == imports.end() || (path.size() == 3 && !is_template) || path.size() > 3)
    return MakeError(
        ErrorCode::kNotFound,
        "this app offers of imports: GET imports, POST imports/<import>, GET imports/<import>/template");
  if (is_template && is_read) return TemplateOf(*import, request);
  if (!is_template && request.method == interaction::Method::kPost) {
    auto ran = RunImport(interactions, engine, *import, request, now_us);
    Response response = ran.ok() ? std::move(*ran) : interaction::OutcomeOf(ran.error());
    response.audit_action = "import";
    return response;
  }
  Response refusal = interaction::OutcomeOf(MakeError(
      ErrorCode::kUnsupported, is_template ? "a template is read" : "a table is imported by POST alone"));
  refusal.status = 405;
  refusal.headers.emplace_back("Allow", is_template ? "GET" : "POST");
  return refusal;
}

}  // namespace tk::app
