#include "apps/screening/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "apps/screening/entry.h"
#include "kernel/base/city_time.h"
#include "kernel/base/text.h"

namespace tk::screening {
namespace {

constexpr std::string_view kCity = "";  // the area of all

/// "380102" of 380102000000, "3801" of 380100000000: as long as its level has digits.
std::string ShortCode(std::string code) {
  while (code.size() > 6 && code.ends_with("000")) code.resize(code.size() - 3);
  while (code.size() <= 6 && code.size() > 2 && code.ends_with("00")) code.resize(code.size() - 2);
  return code;
}

std::string FirstPhone(fhir::Value patient) {
  for (const fhir::Value telecom : patient["telecom"]) {
    if (telecom["system"].ToString() == "phone") return telecom["value"].ToString();
  }
  return {};
}

std::string NameOf(fhir::Value patient) {
  const fhir::Value name = patient["name"].At(0);
  if (name["text"].present()) return name["text"].ToString();
  return name["family"].ToString() + name["given"].At(0).ToString();
}

}  // namespace

std::shared_ptr<const access::Viewer> PlatformViewer(const std::string& area) {
  auto post = std::make_shared<access::Post>();
  post->name = "platform";
  post->all_types = true;
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = "platform";
  viewer->post = std::move(post);
  if (const auto range = view::AreaRange(area); !area.empty() && range.ok()) {
    viewer->area = area;
    viewer->scope.everything = false;
    viewer->scope.area_low = range->first;
    viewer->scope.area_high = range->second;
  }
  return viewer;
}

Result<fhir::Document> Figures::Get(std::vector<std::string> path, const std::string& query,
                                    const std::string& area) const {
  interaction::Request request;
  request.path = std::move(path);
  request.query = query;
  request.base_url = "http://platform/fhir";
  request.viewer = PlatformViewer(area);
  interaction::Response answer;
  context_.interactions->Handle(std::move(request),
                                [&answer](interaction::Response response) { answer = std::move(response); });
  if (answer.status == 200) return fhir::Document::Parse(answer.body);
  return MakeError(answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                   "The figures cannot be asked now: try again in a moment.", answer.body.substr(0, 500));
}

Result<uint64_t> Figures::Count(const std::string& area, std::string_view type,
                                const std::string& criteria) const {
  const fhir::Document found = TRY(Get({std::string(type)}, criteria + "&_summary=count", area));
  const std::string_view digits = found.Root()["total"].Number();
  uint64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

Result<std::vector<fhir::Document>> Figures::All(std::string_view type, const std::string& criteria) const {
  std::vector<fhir::Document> pages;
  std::string query = criteria + "&_count=1000";
  for (size_t records = 0;;) {
    pages.push_back(TRY(Get({std::string(type)}, query)));
    const fhir::Value page = pages.back().Root();
    records += page["entry"].size();
    if (records > kListedMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("A list of the day has more than {} rows.", kListedMax));
    std::string next;
    for (const fhir::Value link : page["link"]) {
      if (link["relation"].ToString() == "next") next = link["url"].ToString();
    }
    if (next.empty()) return pages;
    query = next.substr(next.find('?') + 1);
  }
}

Result<AreaFigures> Figures::OfArea(const std::string& code, std::string name, const std::string& day) const {
  AreaFigures figures;
  figures.code = code;
  figures.name = std::move(name);
  const std::string readings =
      fmt::format("code=http%3A%2F%2Floinc.org%7C8310-5&date={}&status:not=entered-in-error", day);
  const auto channel = [](std::string_view each) {
    return fmt::format("{}%7C{}", PercentEncode(kChannelSystem), each);
  };
  figures.screener = TRY(Count(code, "Observation", readings + "&category=" + channel("screener")));
  figures.self = TRY(Count(code, "Observation", readings + "&category=" + channel("self")));
  figures.organization = TRY(Count(code, "Observation", readings + "&category=" + channel("organization")));
  figures.fever = TRY(
      Count(code, "Observation",
            fmt::format("{}&category={},{},{}&value-quantity=ge{}%7Chttp%3A%2F%2Funitsofmeasure.org%7CCel",
                        readings, channel("screener"), channel("self"), channel("organization"),
                        fever_limit_cel_)));
  const std::string tasks =
      "code=http%3A%2F%2Ftongkang.dev%2Ffhir%2FCodeSystem%2Fscreening-task%7Cfever-follow-up";
  figures.opened = TRY(Count(code, "Task", fmt::format("{}&authored-on={}", tasks, day)));
  figures.closed = TRY(Count(code, "Task", fmt::format("{}&status=completed&modified={}", tasks, day)));
  figures.open =
      TRY(Count(code, "Task", tasks + "&status=requested,received,ready,accepted,in-progress,on-hold"));
  return figures;
}

Result<std::vector<AreaFigures>> Figures::ByArea(const std::string& day) const {
  std::vector<AreaFigures> areas;
  const fhir::Document top =
      TRY(Get({"Location"}, "partof:missing=true&status=active&_count=1000&_elements=id,name,identifier"));
  for (const fhir::Value entry : top.Root()["entry"]) {
    const std::string id = entry["resource"]["id"].ToString();
    constexpr std::string_view kAreaId = "area-";
    if (!id.starts_with(kAreaId)) continue;
    const fhir::Document below = TRY(
        Get({"Location"}, fmt::format("partof=Location/{}&status=active&_count=1000&_elements=id,name", id)));
    for (const fhir::Value child : below.Root()["entry"]) {
      const std::string child_id = child["resource"]["id"].ToString();
      if (!child_id.starts_with(kAreaId)) continue;
      if (areas.size() == kAreasMax)
        return MakeError(ErrorCode::kTooLarge,
                         fmt::format("More than {} areas lie below the city.", kAreasMax));
      const std::string code = ShortCode(child_id.substr(kAreaId.size()));
      if (!view::AreaRange(code).ok()) continue;
      areas.push_back(TRY(OfArea(code, child["resource"]["name"].ToString(), day)));
    }
  }
  std::sort(areas.begin(), areas.end(),
            [](const AreaFigures& a, const AreaFigures& b) { return a.code < b.code; });
  areas.push_back(TRY(OfArea(std::string(kCity), "全市", day)));
  return areas;
}

Result<Attendance> Figures::Attended(fhir::Value subject, fhir::Value encounter) const {
  Attendance attendance;
  const std::string reference = subject["reference"].ToString();
  constexpr std::string_view kPatient = "Patient/";
  if (reference.starts_with(kPatient)) {
    const auto patient = Get({"Patient", reference.substr(kPatient.size())});
    if (patient.ok()) {
      const fhir::Value root = patient->Root();
      attendance.name = NameOf(root);
      attendance.gender = root["gender"].ToString() == "male"     ? "男"
                          : root["gender"].ToString() == "female" ? "女"
                                                                  : "";
      attendance.birth = root["birthDate"].ToString();
      attendance.phone = FirstPhone(root);
    }
  }
  attendance.when = encounter["period"]["start"].ToString();
  attendance.place = encounter["serviceProvider"]["display"].ToString();
  const std::string provider = encounter["serviceProvider"]["reference"].ToString();
  constexpr std::string_view kOrganization = "Organization/";
  if (attendance.place.empty() && provider.starts_with(kOrganization)) {
    const auto organization = Get({"Organization", provider.substr(kOrganization.size())});
    if (organization.ok()) attendance.place = organization->Root()["name"].ToString();
  }
  return attendance;
}

Result<DayFigures> Figures::Of(const std::string& day) const {
  DayFigures figures;
  figures.day = day;
  figures.areas = TRY(ByArea(day));
  const auto range = TRY(ParseDateRange(day, CityOffsetMin()));
  // What begins on the day: it may last longer, or be without an end yet.
  const std::string begins =
      fmt::format("date=sa{}&date=lt{}", FormatInstant(range.low_us - 1), FormatInstant(range.high_us));
  const auto visits =
      TRY(All("Encounter", fmt::format("{}&status:not=entered-in-error,cancelled&type={}%7Cfever-clinic",
                                       begins, PercentEncode(kVisitTypeSystem))));
  for (const fhir::Document& page : visits) {
    for (const fhir::Value entry : page.Root()["entry"])
      figures.fever_clinic.push_back(TRY(Attended(entry["resource"]["subject"], entry["resource"])));
  }
  const auto flags = TRY(All("Flag", begins));
  for (const fhir::Document& page : flags) {
    for (const fhir::Value entry : page.Root()["entry"]) {
      const fhir::Value flag = entry["resource"];
      if (flag["status"].ToString() == "entered-in-error" ||
          flag["code"]["coding"].At(0)["code"].ToString() != "listed")
        continue;
      const std::string visit = flag["encounter"]["reference"].ToString();
      const auto encounter = Get({"Encounter", visit.substr(visit.find('/') + 1)});
      Attendance attendance =
          TRY(Attended(flag["subject"], encounter.ok() ? encounter->Root() : fhir::Value()));
      if (attendance.when.empty()) attendance.when = flag["period"]["start"].ToString();
      attendance.note = flag["code"]["text"].ToString();
      figures.listed.push_back(std::move(attendance));
    }
  }
  return figures;
}

}  // namespace tk::screening
