#include "apps/point-of-care/list_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <unordered_map>

#include "apps/point-of-care/hooks.h"
#include "kernel/access/inquiries.h"
#include "kernel/access/mask.h"
#include "kernel/base/text.h"
#include "kernel/exchange/person_cells.h"
#include "kernel/exchange/table_import.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/write.h"
#include "kernel/person/name.h"

namespace tk::point_of_care {
namespace {

using exchange::ImportReport;
using exchange::JsonText;
using interaction::Done;
using interaction::Method;
using interaction::Request;
using interaction::Response;

enum ListColumn : size_t {
  kName,
  kNumber,
  kPhone,
  kBirth,
  kGender,
  kReason,
  kFrom,
  kUntil,
  kEntry,
  kLevel,
  kInstruction,
  kStatus,
  kListColumns
};
using exchange::PersonField;
constexpr std::string_view kReasonNames[] = {"reason", "原因"};
constexpr std::string_view kFromNames[] = {"from", "起始日期"};
constexpr std::string_view kUntilNames[] = {"until", "截止日期"};
constexpr std::string_view kEntryNames[] = {"entry", "编号"};
constexpr std::string_view kLevelNames[] = {"level", "级别"};
constexpr std::string_view kInstructionNames[] = {"instruction", "处置要求"};
constexpr std::string_view kStatusNames[] = {"status", "状态"};
/// The person's columns stand first, in the order of PersonField.
const CsvColumn kColumns[kListColumns] = {{exchange::HeadsOf(PersonField::kName), true},
                                          {exchange::HeadsOf(PersonField::kNumber)},
                                          {exchange::HeadsOf(PersonField::kPhone)},
                                          {exchange::HeadsOf(PersonField::kBirth)},
                                          {exchange::HeadsOf(PersonField::kGender)},
                                          {kReasonNames, true},
                                          {kFromNames},
                                          {kUntilNames},
                                          {kEntryNames},
                                          {kLevelNames},
                                          {kInstructionNames},
                                          {kStatusNames}};
constexpr size_t kTextBytesMax = 1000, kChunkRows = 50;
constexpr std::string_view kReviewTold = "listed-review";  // of access::Inquiries
constexpr std::string_view kEntrySystem = "http://tongkang.dev/fhir/sid/watch-entry";

struct ListRow {
  uint64_t line = 0;
  exchange::PersonRow person;
  std::string key, reason, entry, level, instruction, status;
  int32_t from = 0, until = 0;
};

/// `word` among pairs of what people write and what it means; "" if it is none.
std::string_view Meant(std::string_view word,
                       std::span<const std::pair<std::string_view, std::string_view>> words) {
  for (const auto& [written, meant] : words) {
    if (word == written) return meant;
  }
  return {};
}
constexpr std::pair<std::string_view, std::string_view> kLevels[] = {
    {"info", "info"},    {"提示", "info"},         {"warning", "warning"},
    {"警告", "warning"}, {"critical", "critical"}, {"严重", "critical"}};
constexpr std::pair<std::string_view, std::string_view> kStates[] = {
    {"有效", "active"}, {"在列", "active"},  {"active", "active"},
    {"解除", "ended"},  {"已解除", "ended"}, {"ended", "ended"}};

class RowReader : exchange::RowCells<ListColumn> {
 public:
  RowReader(const CsvRow& row, const CsvColumns& columns, ImportReport* report)
      : RowCells(row, columns, kColumns, report) {}

  std::optional<ListRow> Read() {
    ListRow made;
    made.line = line();
    const exchange::PersonTexts texts{Cell(kName), Cell(kNumber), Cell(kPhone), Cell(kBirth), Cell(kGender)};
    if (const auto fault = exchange::ReadPerson(texts, &made.person))
      Refuse(static_cast<ListColumn>(fault->field), std::string(fault->text));
    ReadRest(&made);
    made.key = !made.entry.empty() ? "entry|" + made.entry : exchange::KeyOf(made.person);
    return good() ? std::optional(std::move(made)) : std::nullopt;
  }

 private:
  void ReadRest(ListRow* made) {
    made->reason = Cell(kReason);
    if (made->reason.empty()) Refuse(kReason, "The reason is missing: nobody is listed without one.");
    made->instruction = Cell(kInstruction);
    if (std::max(made->reason.size(), made->instruction.size()) > kTextBytesMax)
      Refuse(made->reason.size() > kTextBytesMax ? kReason : kInstruction,
             "The text is longer than 1000 bytes.");
    made->from = Day(kFrom);
    made->until = Day(kUntil);
    if (made->from != 0 && made->until != 0 && made->until < made->from)
      Refuse(kUntil, "It ends before it begins.");
    made->entry = Cell(kEntry);
    if (!Cell(kLevel).empty()) {
      made->level = Meant(Cell(kLevel), kLevels);
      if (made->level.empty()) Refuse(kLevel, "Write info 提示, warning 警告 or critical 严重.");
    }
    if (!Cell(kStatus).empty()) {
      made->status = Meant(Cell(kStatus), kStates);
      if (made->status.empty()) Refuse(kStatus, "Write active 有效 or ended 解除.");
    }
  }
};

/// One request's import.
class ListImport {
 public:
  ListImport(const app::Context& context, const Request& request, std::string list)
      : context_(context),
        request_(request),
        list_(std::move(list)),
        viewer_(std::make_shared<access::Viewer>(*request.viewer)) {
    // Whoever may import writes these records by it, and by nothing else.
    auto post = std::make_shared<access::Post>(*request.viewer->post);
    post->all_types = false;
    post->reads = {"Linkage", "Patient", "Task", "WatchEntry", "WatchList"};
    post->writes = {"Patient", "WatchEntry"};
    post->operations = {"$link"};
    viewer_->post = std::move(post);
    viewer_->masks = nullptr;
  }

  Result<std::string> Run(bool check_only) {
    const Response list = AskAs(context_, As(), {"WatchList", list_}, {});
    if (list.status != 200)
      return MakeIssue(ErrorCode::kNotFound, "not-found", "list",
                       "There is no such WatchList: make it first.");
    const fhir::Document document = TRY(fhir::Document::Parse(list.body));
    const std::string_view days = document.Root()["validDays"].Number();
    std::from_chars(days.data(), days.data() + days.size(), valid_days_);
    TRY(ReadRows());
    TRY(CheckTries());
    report_.kept = !check_only;
    for (size_t from = 0; from < rows_.size(); from += kChunkRows) {
      if (request_.deadline_us != 0 && MonotonicUs() > request_.deadline_us)
        return MakeError(ErrorCode::kTimeout,
                         "The time for one request is over. What was written stays: send the same table "
                         "again, and it goes on.");
      TRY(WriteChunk(std::span(rows_).subspan(from, std::min(kChunkRows, rows_.size() - from)), check_only));
    }
    return Json();
  }

 private:
  struct Made {
    uint64_t line = 0;
    std::string id, patient, entry;  // JSON; "" is there already
    std::string number;
    bool is_new = false;
  };

  Request As() const {
    Request request;
    request.base_url = request_.base_url;
    request.request_id = request_.request_id;
    request.deadline_us = request_.deadline_us;
    request.viewer = viewer_;
    return request;
  }

  Status ReadRows() {
    exchange::ImportOptions options;
    const std::string type = ToLower(request_.content_type);
    if (const size_t at = type.find("charset="); at != std::string::npos)
      options.charset = type.substr(at + 8);
    std::unordered_map<std::string, uint64_t> lines;
    return exchange::ReadTable(
        request_.body, options, kColumns, &report_, [&](const CsvRow& row, const CsvColumns& columns) {
          auto read = RowReader(row, columns, &report_).Read();
          if (!read) return;
          if (rows_.size() >= kListRowsMax)
            return report_.Refuse(row.line, "", "A table has at most 100,000 rows: send it in parts.");
          const auto [known, fresh] = lines.emplace(read->key, row.line);
          if (!fresh)
            return report_.Refuse(row.line, "entry",
                                  fmt::format("Line {} is the same entry: keep one of them.", known->second));
          rows_.push_back(std::move(*read));
        });
  }

  /// Who imports sees numbers masked by these; null: whole.
  const access::Masks* MaskedBy() const {
    const access::Masks* const masks = request_.viewer->masks.get();
    return masks != nullptr && masks->identifier ? masks : nullptr;
  }

  /// What he sees of the row's number (without one, of its telephone) and birth date: whatever he tries for one person looks like that person's. "": he sees it whole.
  static std::string LookOf(const access::Masks& masks, const ListRow& row) {
    constexpr int32_t kYear = 10'000;
    const bool has_number = !row.person.number.empty();
    const auto& ends = has_number ? masks.identifier : masks.phone;
    if (!ends) return {};
    return fmt::format(
        "{}|{}",
        access::MaskedEnds(has_number ? row.person.number : access::NumberTold(row.person.phone), *ends),
        masks.birth_date ? row.person.birth / kYear : row.person.birth);
  }

  /// Of who sees numbers masked, lists are as long as they are; but what could all be one person's is tries: which row is joined, or put before a clerk, tells which is right.
  /// So are many numbers for one name as the person index compares names, and, whatever names stand beside them, many that look alike to him.
  Status CheckTries() const {
    const access::Masks* const masks = MaskedBy();
    if (masks == nullptr) return {};
    std::unordered_map<std::string, std::vector<std::string>> tries;  // by what they have in common
    for (const ListRow& row : rows_) {
      const exchange::PersonRow& who = row.person;
      const std::string told = !who.number.empty()
                                   ? access::NumberTold(who.number)
                                   : fmt::format("{}|{}", access::NumberTold(who.phone), who.birth);
      if (const uint64_t name = person::NameKey(person::ReadName(who.name)); name != 0)
        tries[fmt::format("listed-name|{:016x}", name)].push_back(told);
      if (const std::string look = LookOf(*masks, row); !look.empty())
        tries[fmt::format("listed-look|{:016x}", KeyedHash(context_.engine->hash_key(), look))].push_back(
            told);
    }
    for (const auto& each : tries) {
      if (!context_.interactions->inquiries()->Take(each.first, request_.viewer->account,
                                                    masks->exact_per_hour, each.second))
        return access::Inquiries::Refusal(
            masks->exact_per_hour,
            "numbers for persons of one name, or numbers and birth years that look alike masked,");
    }
    return {};
  }

  Result<view::ResourcePtr> Stored(std::string_view type, const std::string& id) const {
    const auto version =
        context_.engine->directory().Current(context_.engine->IdHash(type, id), context_.engine->Head());
    if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
    return context_.engine->Read(version.ordinal);
  }

  std::string PeriodText(const ListRow& row, fhir::Value before) const {
    std::string start = row.from != 0 ? exchange::DayText(row.from) : before["start"].ToString();
    if (start.empty()) start = FormatInstant(context_.clock->NowUs());
    std::string end = row.until != 0 ? exchange::DayText(row.until) : before["end"].ToString();
    if (end.empty() && valid_days_ > 0) end = EndAfter(start);
    return end.empty() ? fmt::format(R"({{"start":{}}})", JsonText(start))
                       : fmt::format(R"({{"start":{},"end":{}}})", JsonText(start), JsonText(end));
  }

  /// Of so many days from `start`, a day or a moment, as it is written: the last day, or the moment.
  std::string EndAfter(const std::string& start) const {
    constexpr int64_t kDayUs = 86'400 * kSecondUs;
    constexpr size_t kDaySize = 10;
    const auto begin = ParseDateRange(start, 0);
    if (!begin.ok()) return {};
    if (start.size() == kDaySize)
      return FormatInstant(begin->low_us + (valid_days_ - 1) * kDayUs).substr(0, kDaySize);
    return FormatInstant(begin->low_us + valid_days_ * kDayUs);
  }

  std::string EntryText(const ListRow& row, const std::string& id, fhir::Value before,
                        std::string_view source) const {
    std::vector<std::pair<std::string_view, std::string>> given;
    if (!row.entry.empty())
      given.emplace_back("identifier", exchange::IdentifiersWith(before, kEntrySystem, row.entry));
    const std::string status = !row.status.empty()          ? row.status
                               : before["status"].present() ? before["status"].ToString()
                                                            : "active";
    given.emplace_back("status", JsonText(status));
    given.emplace_back("list", fmt::format(R"({{"reference":"WatchList/{}"}})", list_));
    given.emplace_back("subject", fmt::format(R"({{"reference":"Patient/{}"}})", id));
    given.emplace_back("reason", fmt::format(R"({{"text":{}}})", JsonText(row.reason)));
    if (!row.level.empty()) given.emplace_back("level", JsonText(row.level));
    if (!row.instruction.empty()) given.emplace_back("instruction", JsonText(row.instruction));
    given.emplace_back("period", PeriodText(row, before["period"]));
    if (!before["recorded"].present())
      given.emplace_back("recorded", JsonText(FormatInstant(context_.clock->NowUs())));
    return exchange::Remade("WatchEntry", id, before, {}, source, given);
  }

  /// `text(before, source)` as JSON; "" if that is there already.
  template <class Text>
  Result<std::string> Changed(std::string_view type, const std::string& id, Text text, bool* is_new) const {
    const view::ResourcePtr before = TRY(Stored(type, id));
    *is_new = before == nullptr;
    if (before != nullptr) {
      const fhir::Value root = before->document.Root();
      const std::string source = root["meta"]["source"].ToString();
      const fhir::Document same = TRY(fhir::Document::Parse(text(root, source)));
      if (interaction::IsMadeOf(root, same.Root())) return std::string();
    }
    const std::string json = text(before == nullptr ? fhir::Value() : before->document.Root(),
                                  "urn:tongkang:import:" + request_.request_id);
    TRY(context_.interactions->MakeVersion(context_.engine->definitions().FindType(type),
                                           TRY(fhir::Document::Parse(json)), 1, request_.deadline_us));
    return json;
  }

  Result<Made> MakeRow(const ListRow& row) const {
    Made made;
    made.line = row.line;
    made.number = row.person.number;
    made.id =
        fmt::format("listed-{:016x}", context_.engine->KeyOf(fmt::format("watch|{}|{}", list_, row.key)));
    bool is_new_patient = false;
    made.patient = TRY(Changed(
        "Patient", made.id,
        [&](fhir::Value before, std::string_view source) {
          return exchange::PatientOf(row.person, made.id, before, {}, {}, source);
        },
        &is_new_patient));
    made.entry = TRY(Changed(
        "WatchEntry", made.id,
        [&](fhir::Value before, std::string_view source) { return EntryText(row, made.id, before, source); },
        &made.is_new));
    return made;
  }

  Status WriteChunk(std::span<const ListRow> rows, bool check_only) {
    std::vector<Made> chunk;
    for (const ListRow& row : rows) {
      auto made = MakeRow(row);
      if (!made.ok() && made.error().code != ErrorCode::kInvalid) return made.TakeError();
      if (!made.ok()) {
        report_.Refuse(row.line, "",
                       made.error().issues.empty() ? made.error().external : made.error().issues[0].text);
      } else if (made->patient.empty() && made->entry.empty()) {
        ++report_.unchanged;
      } else {
        ++(made->is_new ? report_.added : report_.changed);
        chunk.push_back(std::move(*made));
      }
    }
    if (chunk.empty() || check_only) return {};
    TRY(Send(chunk));
    for (const Made& made : chunk) TRY(LookAtJoins(made));
    return {};
  }

  Status Send(const std::vector<Made>& chunk) {
    std::string entries;
    const auto put = [&](std::string_view type, const std::string& id, const std::string& json) {
      if (json.empty()) return;
      entries += fmt::format(R"({}{{"resource":{},"request":{{"method":"PUT","url":"{}/{}"}}}})",
                             entries.empty() ? "" : ",", json, type, id);
    };
    for (const Made& made : chunk) {
      put("Patient", made.id, made.patient);
      put("WatchEntry", made.id, made.entry);
    }
    Request request = As();
    request.method = Method::kPost;
    request.content_type = "application/fhir+json";
    request.prefer = "return=minimal";
    request.body = R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
    auto promise = std::make_shared<std::promise<Response>>();
    auto future = promise->get_future();
    context_.interactions->Handle(std::move(request),
                                  [promise](Response response) { promise->set_value(std::move(response)); });
    const Response answer = future.get();
    if (answer.status == 200) return {};
    return MakeError(answer.status == 503 ? ErrorCode::kUnavailable : ErrorCode::kBusy,
                     fmt::format("Rows from line {} on could not be written (status {}). What was written "
                                 "before stays: send the same table again.",
                                 chunk.front().line, answer.status));
  }

  /// What the person index made of a record: joined, or a clerk is asked.
  Status LookAtJoins(const Made& made) {
    if (made.patient.empty()) return {};
    if (TRY(Count("Linkage", fmt::format("item=Patient/{}", made.id))) > 0) ++joined_;
    if (TRY(Count("Task", fmt::format("patient=Patient/{}&status=requested&code={}%7C", made.id,
                                      view::kReviewSystem))) > 0 &&
        MayTellReview(made))
      review_.push_back(made.line);
    return {};
  }

  /// That a clerk is asked about a number tells that it is somebody's, whatever his name is: to who sees numbers masked of so many within an hour.
  bool MayTellReview(const Made& made) const {
    const access::Masks* const masks = MaskedBy();
    if (masks == nullptr || made.number.empty()) return true;
    const std::string told = access::NumberTold(made.number);
    return context_.interactions->inquiries()->Take(kReviewTold, request_.viewer->account,
                                                    masks->exact_per_hour, std::span(&told, 1));
  }
  /// Whether any line was left out is not told: that would tell the next one.
  bool IsReviewCut() const {
    const access::Masks* const masks = MaskedBy();
    return masks != nullptr && context_.interactions->inquiries()->IsUsedUp(
                                   kReviewTold, request_.viewer->account, masks->exact_per_hour);
  }

  Result<size_t> Count(std::string_view type, const std::string& criteria) const {
    const Response found = AskAs(context_, As(), {std::string(type)}, criteria);
    if (found.status != 200)
      return MakeError(ErrorCode::kUnavailable,
                       "What became of the rows cannot be asked now: send the same table again.");
    return TRY(fhir::Document::Parse(found.body)).Root()["entry"].size();
  }

  std::string Json() const {
    std::string out;
    fhir::JsonWriter json(&out);
    const auto number = [&json](std::string_view name, uint64_t value) {
      json.Key(name).Int(static_cast<int64_t>(value));
    };
    json.Object();
    number("rows", report_.rows);
    number("added", report_.added);
    number("changed", report_.changed);
    number("unchanged", report_.unchanged);
    number("refused", report_.refused);
    number("joined", joined_);
    json.Key("review").Array();
    for (const uint64_t line : review_) json.Int(static_cast<int64_t>(line));
    json.End().Key("review_cut").Bool(IsReviewCut()).Key("issues").Array();
    for (const exchange::RowIssue& issue : report_.issues) {
      json.Object();
      number("line", issue.line);
      json.Member("column", issue.column).Member("text", issue.text).End();
    }
    json.End().Key("unknown_columns").Array();
    for (const std::string& column : report_.unknown_columns) json.String(column);
    json.End().Key("kept").Bool(report_.kept).End();
    return out;
  }

  const app::Context& context_;
  const Request& request_;
  const std::string list_;
  const std::shared_ptr<access::Viewer> viewer_;
  ImportReport report_;
  std::vector<ListRow> rows_;
  int valid_days_ = 0;
  uint64_t joined_ = 0;
  std::vector<uint64_t> review_;
};

struct Asked {
  std::string list;
  bool check_only = false;
};

Result<Asked> ReadAsked(const Request& request) {
  Asked asked;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "list")
      asked.list = parameter.value;
    else if (parameter.name == "check" && (parameter.value == "true" || parameter.value == "false"))
      asked.check_only = parameter.value == "true";
    else
      return interaction::UnknownParameter(parameter.name, "list, check (true or false)");
  }
  if (!interaction::IsId(asked.list))
    return MakeIssue(ErrorCode::kIncorrect, "required", "list", "Say which WatchList: ?list= and its id.");
  return asked;
}

Result<Response> Import(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "watch-import"));
  TRY(interaction::CheckMayWrite(*request.viewer, "WatchEntry"));
  if (!request.viewer->scope.everything)
    return MakeError(ErrorCode::kForbidden,
                     "Lists are of the whole city: they are imported by an account without an area.");
  if (!exchange::IsTableType(request.content_type))
    return interaction::Refusal(415, "not-supported",
                                fmt::format("Send the table as text/csv or as {}.", exchange::kXlsxType));
  const Asked asked = TRY(ReadAsked(request));
  Response response;
  response.body = TRY(ListImport(context, request, asked.list).Run(asked.check_only));
  response.content_type = "application/json; charset=utf-8";
  return response;
}

}  // namespace

void HandleImport(const app::Context& context, Request request, Done done) {
  if (request.method != Method::kPost) return done(OnlyBy("POST"));
  auto answer = Import(context, request);
  Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
  response.audit_type = "WatchEntry";
  response.audit_action = "import";
  done(std::move(response));
}

}  // namespace tk::point_of_care
