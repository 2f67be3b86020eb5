#include "apps/screening/daily.h"

#include <fmt/format.h>

#include <charconv>
#include <future>

#include "kernel/base/base64.h"
#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/table_import.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::screening {
namespace {

using exchange::JsonText;
using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr std::string_view kDocuments = "http://tongkang.dev/fhir/CodeSystem/screening-document";
constexpr size_t kKeptTold = 366;
constexpr int64_t kMinuteUs = 60 * kSecondUs, kDayMinutes = 1440;

struct Form {
  std::string_view name, type;
};
constexpr Form kForms[] = {{"xlsx", exchange::kXlsxType}, {"pdf", "application/pdf"}};

double NumberIn(fhir::Value value, double otherwise) {
  const auto read = exchange::ReadNumber(value.Number());
  return read.value_or(otherwise);
}

std::string IdOfDay(std::string_view day) { return fmt::format("screening-daily-{}", day); }

exchange::ReportTable AreaTable(const std::vector<AreaFigures>& areas) {
  exchange::ReportTable table{"各区情况",
                              {{"区", 2},
                               {"卡口登记", 1, true},
                               {"居民自报", 1, true},
                               {"单位填报", 1, true},
                               {"合计", 1, true},
                               {"发热人次", 1, true},
                               {"新增随访", 1, true},
                               {"办结随访", 1, true},
                               {"未办结", 1, true}},
                              {}};
  for (const AreaFigures& area : areas) {
    std::vector<std::string> row = {area.name};
    for (const uint64_t figure :
         {area.screener, area.self, area.organization, area.screener + area.self + area.organization,
          area.fever, area.opened, area.closed, area.open})
      row.push_back(std::to_string(figure));
    table.rows.push_back(std::move(row));
  }
  return table;
}

exchange::ReportTable ListTable(std::string title, const std::vector<Attendance>& attendances) {
  exchange::ReportTable table{std::move(title),
                              {{"姓名", 1.2},
                               {"性别", 0.6},
                               {"出生日期", 1.2},
                               {"电话", 1.4},
                               {"就诊时间", 2},
                               {"就诊机构", 2},
                               {"说明", 1.4}},
                              {}};
  for (const Attendance& one : attendances)
    table.rows.push_back({one.name, one.gender, one.birth, one.phone, one.when, one.place, one.note});
  return table;
}

exchange::Report ReportOf(const DayFigures& figures, double fever_limit_cel, Instant now_us) {
  exchange::Report report;
  report.title = "疫情防控筛查日报";
  report.lines = {fmt::format("统计日期：{}（0 时至 24 时）", figures.day),
                  fmt::format("生成时间：{}", FormatCityTime(now_us).substr(0, 16)),
                  fmt::format("发热：体温不低于 {} ℃；未办结为生成时的数量", fever_limit_cel)};
  report.tables.push_back(AreaTable(figures.areas));
  report.tables.push_back(ListTable("发热门诊就诊名单", figures.fever_clinic));
  report.tables.push_back(ListTable("重点人员就诊名单", figures.listed));
  report.footer = "本表含个人信息，仅限疫情防控工作使用";
  report.made_us = now_us;
  return report;
}

/// The three resources, only if none of this day is there.
std::string BundleOf(const std::string& day, const std::vector<std::string>& files, Instant now_us) {
  const std::string id = IdOfDay(day);
  std::string entries, contents;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(files[i].data());
    const std::string url = fmt::format("Binary/{}-{}", id, kForms[i].name);
    entries += fmt::format(
        R"({{"request":{{"method":"PUT","url":"{}"}},"resource":{{"resourceType":"Binary","id":"{}-{}","contentType":"{}","securityContext":{{"reference":"DocumentReference/{}"}},"data":"{}"}}}},)",
        url, id, kForms[i].name, kForms[i].type, id, ToBase64({bytes, files[i].size()}));
    contents +=
        fmt::format(R"({}{{"attachment":{{"contentType":"{}","url":"{}","title":"疫情防控筛查日报 {}"}}}})",
                    i == 0 ? "" : ",", kForms[i].type, url, day);
  }
  entries += fmt::format(
      R"({{"request":{{"method":"PUT","url":"DocumentReference/{}","ifNoneMatch":"*"}},"resource":{{"resourceType":"DocumentReference","id":"{}","status":"current","type":{{"coding":[{{"system":"http://tongkang.dev/fhir/CodeSystem/screening-document","code":"daily-report","display":"疫情防控筛查日报"}}]}},"date":"{}","description":"疫情防控筛查日报 {}","content":[{}]}}}})",
      id, id, FormatInstant(now_us), day, contents);
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
}

/// By the platform itself.
Request Asking(Method method, std::vector<std::string> path) {
  Request request;
  request.method = method;
  request.path = std::move(path);
  request.content_type = "application/fhir+json";
  request.prefer = "return=minimal";
  request.base_url = "http://platform/fhir";
  request.viewer = PlatformViewer({});
  return request;
}

Result<std::string> ReadDayAsked(const Request& request, const std::string& today) {
  std::string day = request.path.size() > 1 ? request.path[1] : std::string();
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name != "day") return interaction::UnknownParameter(parameter.name, "day");
    day = parameter.value;
  }
  const auto read = exchange::ReadDay(day);
  if (!read) return MakeIssue(ErrorCode::kIncorrect, "required", "day", "Say which day: day=2026-11-22.");
  day = exchange::DayText(*read);
  if (day > today) return MakeIssue(ErrorCode::kIncorrect, "value", "day", "This day has not come yet.");
  return day;
}

Response Json(std::string body) {
  Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace

Daily::Daily(const app::Context& context) : context_(context) {
  const auto settings = fhir::Document::Parse(context.settings);
  if (settings.ok()) {
    fever_limit_cel_ = NumberIn(settings->Root()["fever_limit_cel"], 0);
    report_minute_ = static_cast<int64_t>(NumberIn(settings->Root()["daily_report_minute"], -1));
  }
  if (report_minute_ >= 0) watch_ = std::thread([this] { Watch(); });
}

Daily::~Daily() {
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
}

std::string Daily::Today() const { return CityDay(context_.clock->NowUs()); }

void Daily::Watch() {
  constexpr std::chrono::seconds kEvery(20);
  std::unique_lock hold(mutex_);
  while (!changed_.wait_for(hold, kEvery, [this] { return stopping_; })) {
    hold.unlock();
    const Status made = context_.engine->ready() ? Look() : Status();
    if (!made.ok() && context_.report) context_.report("daily-report-not-made: " + made.error().external);
    hold.lock();
  }
}

Status Daily::Look() const {
  const Instant city_us = context_.clock->NowUs() + CityOffsetMin() * kMinuteUs;
  if (report_minute_ < 0 || city_us / kMinuteUs % kDayMinutes < report_minute_) return {};
  return Make(FormatInstant(city_us - kDayMinutes * kMinuteUs).substr(0, 10));
}

Response Daily::Ask(Method method, std::vector<std::string> path, std::string body) const {
  Request request = Asking(method, std::move(path));
  request.body = std::move(body);
  return Ask(std::move(request));
}

Response Daily::Ask(Request request) const {
  auto promise = std::make_shared<std::promise<Response>>();
  auto future = promise->get_future();
  context_.interactions->Handle(std::move(request),
                                [promise](Response response) { promise->set_value(std::move(response)); });
  return future.get();
}

Status Daily::Make(const std::string& day) const {
  if (Ask(Method::kGet, {"DocumentReference", IdOfDay(day)}).status == 200) return {};
  const DayFigures figures = TRY(Figures(context_, fever_limit_cel_).Of(day));
  const Instant now_us = context_.clock->NowUs();
  const exchange::Report report = ReportOf(figures, fever_limit_cel_, now_us);
  const std::string body = BundleOf(day, {TRY(XlsxOf(report)), TRY(PdfOf(report))}, now_us);
  const Response written = Ask(Method::kPost, {}, body);
  // Another one was faster.
  if (written.status == 200 || written.status == 412) return {};
  return MakeError(
      ErrorCode::kUnavailable,
      fmt::format("The report could not be kept (status {}): try again in a moment.", written.status),
      written.body.substr(0, 500));
}

Result<Response> Daily::Handle(const Request& request) const {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-daily"));
  if (!request.viewer->scope.everything)
    return MakeError(
        ErrorCode::kForbidden,
        "The report and its lists are of the whole city: an account without an area asks for them.");
  const bool get = request.method == Method::kGet || request.method == Method::kHead;
  if (request.path[0] == "daily" && request.path.size() == 1 && request.query.empty() && get) return Kept();
  const std::string day = TRY(ReadDayAsked(request, Today()));
  if (request.path[0] == "statistics" && get) return Statistics(day);
  if (request.path[0] == "daily" && request.path.size() == 3 && get) return Bytes(day, request.path[2]);
  if (request.path[0] == "daily" && request.path.size() < 3 && get) return Show(day);
  if (request.path[0] == "daily" && request.path.size() < 3 && request.method == Method::kPost) {
    if (day == Today())
      return MakeIssue(ErrorCode::kInvalid, "business-rule", "day",
                       "This day is not over: its report is made tomorrow.");
    TRY(Make(day));
    return Show(day);
  }
  return interaction::Refusal(405, "not-supported",
                              "Figures and reports are read by GET; POST daily makes one.");
}

Result<Response> Daily::Statistics(const std::string& day) const {
  const auto areas = TRY(Figures(context_, fever_limit_cel_).ByArea(day));
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Member("day", day).Key("areas").Array();
  for (const AreaFigures& area : areas) {
    json.Object().Member("code", area.code).Member("name", area.name);
    const std::pair<std::string_view, uint64_t> figures[] = {
        {"screener", area.screener}, {"self", area.self},     {"organization", area.organization},
        {"fever", area.fever},       {"opened", area.opened}, {"closed", area.closed},
        {"open", area.open}};
    for (const auto& [name, figure] : figures) json.Key(name).Int(static_cast<int64_t>(figure));
    json.End();
  }
  json.End().End();
  return Json(std::move(body));
}

Result<Response> Daily::Kept() const {
  constexpr std::string_view kBegin = "screening-daily-";
  Request asked = Asking(Method::kGet, {"DocumentReference"});
  asked.query =
      fmt::format("type={}|daily-report&_sort=-date&_count={}", PercentEncode(kDocuments), kKeptTold);
  const Response found = Ask(std::move(asked));
  if (found.status != 200)
    return MakeError(ErrorCode::kUnavailable, "The reports cannot be listed now: try again in a moment.");
  const fhir::Document bundle = TRY(fhir::Document::Parse(found.body));
  std::vector<std::pair<std::string, std::string>> reports;
  for (const fhir::Value entry : bundle.Root()["entry"]) {
    const fhir::Value kept = entry["resource"];
    const std::string id = kept["id"].ToString();
    if (id.starts_with(kBegin)) reports.emplace_back(id.substr(kBegin.size()), kept["date"].ToString());
  }
  std::sort(reports.rbegin(), reports.rend());
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Key("reports").Array();
  for (const auto& [day, made] : reports) json.Object().Member("day", day).Member("made", made).End();
  json.End().Key("minute").Int(report_minute_).End();
  return Json(std::move(body));
}

Result<Response> Daily::Show(const std::string& day) const {
  const Response kept = Ask(Method::kGet, {"DocumentReference", IdOfDay(day)});
  if (kept.status != 200)
    return MakeError(ErrorCode::kNotFound,
                     "There is no report of this day: POST to the same address makes it.");
  const fhir::Document document = TRY(fhir::Document::Parse(kept.body));
  return Json(fmt::format(
      R"({{"day":"{}","made":{},"document":"DocumentReference/{}","xlsx":"/app/screening/daily/{}/xlsx","pdf":"/app/screening/daily/{}/pdf"}})",
      day, JsonText(document.Root()["date"].ToString()), IdOfDay(day), day, day));
}

Result<Response> Daily::Bytes(const std::string& day, const std::string& form) const {
  for (const Form& each : kForms) {
    if (form != each.name) continue;
    const Response kept = Ask(Method::kGet, {"Binary", fmt::format("{}-{}", IdOfDay(day), each.name)});
    if (kept.status != 200) return MakeError(ErrorCode::kNotFound, "There is no report of this day.");
    const fhir::Document document = TRY(fhir::Document::Parse(kept.body));
    auto bytes = FromBase64(document.Root()["data"].ToString());
    if (!bytes) return MakeError(ErrorCode::kCorrupt, "The report that is kept cannot be read.");
    Response response;
    response.body = std::move(*bytes);
    response.content_type = each.type;
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"screening-{}.{}\"", day, each.name));
    return response;
  }
  return MakeError(ErrorCode::kNotFound, "A report is there as xlsx and as pdf.");
}

}  // namespace tk::screening
