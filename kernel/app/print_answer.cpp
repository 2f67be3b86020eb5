// A print form filled: the reader's own reads and searches, put on a sheet.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/app/asking.h"
#include "kernel/app/filters.h"
#include "kernel/app/print.h"
#include "kernel/base/text.h"
#include "kernel/exchange/sheet.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::app {
namespace {

using exchange::SheetPart;
using fhir::path::Collection;
using interaction::Request;
using interaction::Response;

constexpr size_t kReferencesMax = 50, kItemsMax = 20;
constexpr std::string_view kNothing = "—";

/// To the limit, between two characters.
std::string Shortened(std::string text) {
  if (text.size() <= kPrintTextBytesMax) return text;
  size_t length = kPrintTextBytesMax;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  text.resize(length);
  return text;
}

/// What was read of one of `with`.
struct Found {
  Collection items;
  bool is_closed = false;  // the reader may not see them: that is no "there are none"
  bool has_more = false;   // than are printed at once
};

/// Everything that is on a page comes through here: as the reader sees it, and told to the audit.
class PrintReading {
 public:
  PrintReading(const PrintPlace& place, const Request& request) : place_(place), request_(request) {}

  Response Get(std::vector<std::string> path, std::string query,
               std::shared_ptr<const access::Viewer> viewer = nullptr) {
    Request asked;
    asked.path = std::move(path);
    asked.query = std::move(query);
    asked.base_url = request_.base_url;
    asked.request_id = request_.request_id;
    asked.deadline_us = request_.deadline_us;
    const bool is_his = viewer == nullptr;
    asked.viewer = is_his ? request_.viewer : std::move(viewer);
    Response answer = Ask(*place_.interactions, std::move(asked));
    if (is_his && answer.status == 200) {
      owners_.insert(owners_.end(), answer.audit_owners.begin(), answer.audit_owners.end());
      if (answer.audit_owner != 0) owners_.push_back(answer.audit_owner);
    }
    return answer;
  }
  /// The document lives as long as this.
  Result<fhir::Value> Keep(const std::string& json) {
    documents_.push_back(std::make_unique<fhir::Document>(TRY(fhir::Document::Parse(json))));
    return documents_.back()->Root();
  }
  std::vector<uint32_t> TakeOwners() {
    std::sort(owners_.begin(), owners_.end());
    owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
    return std::move(owners_);
  }

 private:
  const PrintPlace& place_;
  const Request& request_;
  std::vector<std::unique_ptr<fhir::Document>> documents_;
  std::vector<uint32_t> owners_;
};

/// One form on its way to a sheet.
class PrintFilling {
 public:
  PrintFilling(const PrintPlace& place, const Print& print, Language language, const Request& request,
               PrintReading* reading)
      : place_(place),
        print_(print),
        language_(language),
        request_(request),
        reading_(*reading),
        now_us_(place.clock->NowUs()),
        names_(print, 0, now_us_),
        shown_{place.definitions, language, place.offset_min} {
    environment_.definitions = place.definitions;
    environment_.now_us = now_us_;
    environment_.offset_min = place.offset_min;
    environment_.deadline_us = request.deadline_us;
    environment_.more_variables = &names_;
  }

  void Take(fhir::Value record) {
    record_ = fhir::path::ResourceItem(*place_.definitions, record);
    environment_.resource = record;
  }
  Result<bool> Fits() const {
    if (print_.where == nullptr) return true;
    return print_.where->Test(environment_, record_);
  }
  Result<exchange::Sheet> Fill();

 private:
  Result<Found> Read(const PrintSource& source);
  Result<Found> ReadNamed(const PrintSource& source, const Collection& named);
  Result<Found> Search(const PrintSource& source);
  Result<bool> IsOfItsOwn(fhir::Value resource) const;
  Result<std::string> Said(const PrintText& text) const;
  Result<std::string> Value(const PrintValue& value, const fhir::path::Item& context) const;
  Result<std::string> Institution();
  Result<SheetPart> Fields(const PrintPart& part) const;
  Result<SheetPart> Table(const PrintPart& part) const;
  std::string Printed() const;
  const char* Either(const char* chinese, const char* english) const {
    return language_ == Language::kEnglish ? english : chinese;
  }

  const PrintPlace& place_;
  const Print& print_;
  const Language language_;
  const Request& request_;
  PrintReading& reading_;
  const Instant now_us_;
  const rules::HeadVariables names_;
  const Shown shown_;
  fhir::path::Environment environment_;
  fhir::path::Item record_;
  std::vector<Found> found_;  // as print_.sources
};

Result<Found> PrintFilling::ReadNamed(const PrintSource& source, const Collection& named) {
  Found found;
  const std::string type(place_.definitions->Type(source.type).name);
  for (size_t i = 0; i < std::min(named.size(), kReferencesMax); ++i) {
    const fhir::Value node = named[i].node;
    std::string name = node.is_object() ? node["reference"].ToString() : node.ToString();
    if (const auto* text = std::get_if<std::string>(&named[i].computed); !node.present() && text != nullptr)
      name = *text;
    const size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(0, slash) != type) continue;
    const std::string id = name.substr(slash + 1);
    if (!interaction::IsId(id)) continue;
    const Response answer = reading_.Get({type, id}, {});
    if (answer.status != 200) {
      found.is_closed = true;
      continue;
    }
    found.items.push_back(fhir::path::ResourceItem(*place_.definitions, TRY(reading_.Keep(answer.body))));
  }
  found.has_more = named.size() > kReferencesMax;
  return found;
}

/// Whom a record means by the Patients who stand in it now (decision 0044).
Result<fhir::Document> OfWhomItMeans(const PrintPlace& place, fhir::Document record) {
  const std::string type = record.Root()["resourceType"].ToString(), id = record.Root()["id"].ToString();
  return rules::WithPatients(std::move(record), [&](std::string_view patient) {
    return place.interactions->PatientMeant(type, id, patient);
  });
}

/// Not one of the one before, whose Patient has become another person's since.
Result<bool> PrintFilling::IsOfItsOwn(fhir::Value resource) const {
  const std::string json(resource.Json());
  const auto meant = OfWhomItMeans(place_, TRY(fhir::Document::Parse(json)));
  if (!meant.ok() && meant.error().code != ErrorCode::kInvalid) return meant.error();
  return meant.ok() && meant->Text() == json;
}

Result<Found> PrintFilling::Search(const PrintSource& source) {
  Found found;
  std::string query = source.find.text;
  if (source.find.value != nullptr) {
    Collection asked;
    TRY(source.find.value->Evaluate(environment_, record_, &asked));
    if (asked.empty()) return found;  // it depends on what is not there
    query = shown_.Of(asked[0]);
  }
  const Response answer =
      reading_.Get({std::string(place_.definitions->Type(source.type).name)},
                   JoinQueries(std::move(query), fmt::format("_count={}", kPrintRowsMax)));
  if (answer.status == 403) {
    found.is_closed = true;
    return found;
  }
  if (answer.status != 200)
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("with.{} of the print form {} is answered {}: mend its find", source.name,
                                 print_.id, answer.status));
  const fhir::Value bundle = TRY(reading_.Keep(answer.body));
  for (const fhir::Value entry : bundle["entry"]) {
    if (entry["search"]["mode"].ToString() == "match" && TRY(IsOfItsOwn(entry["resource"])))
      found.items.push_back(fhir::path::ResourceItem(*place_.definitions, entry["resource"]));
  }
  for (const fhir::Value link : bundle["link"])
    found.has_more = found.has_more || link["relation"].ToString() == "next";
  return found;
}

Result<Found> PrintFilling::Read(const PrintSource& source) {
  if (source.reference == nullptr) return Search(source);
  Collection named;
  TRY(source.reference->Evaluate(environment_, record_, &named));
  return ReadNamed(source, named);
}

Result<std::string> PrintFilling::Said(const PrintText& text) const {
  const PrintWords& words = text[static_cast<size_t>(language_)];
  if (words.value == nullptr) return words.text;
  Collection items;
  TRY(words.value->Evaluate(environment_, record_, &items));
  return items.empty() ? std::string() : Shortened(shown_.Of(items[0]));
}

Result<std::string> PrintFilling::Value(const PrintValue& value, const fhir::path::Item& context) const {
  Collection items;
  TRY(value.value->Evaluate(environment_, context, &items));
  std::string out;
  for (size_t i = 0; i < std::min(items.size(), kItemsMax); ++i) {
    const std::string one = shown_.Of(items[i], value.codes);
    if (!one.empty()) out.append(out.empty() ? "" : Either("；", "; ")).append(one);
  }
  if (items.size() > kItemsMax || out.size() > kPrintTextBytesMax) out = Shortened(std::move(out)) + " …";
  return out.empty() ? std::string(kNothing) : out;
}

Result<SheetPart> PrintFilling::Fields(const PrintPart& part) const {
  SheetPart out{.kind = part.kind, .title = TRY(Said(part.title)), .columns = part.columns};
  for (const PrintValue& value : part.values) {
    exchange::SheetField field{TRY(Said(value.title)), std::string(kNothing), value.columns};
    if (value.of == kOfRecord) {
      field.value = TRY(Value(value, record_));
    } else if (const Found& found = found_[value.of]; !found.items.empty()) {
      field.value = TRY(Value(value, found.items[0]));
    } else if (found.is_closed) {
      field.value = Either("（无权查看）", "(not open to you)");
    }
    out.fields.push_back(std::move(field));
  }
  return out;
}

Result<SheetPart> PrintFilling::Table(const PrintPart& part) const {
  SheetPart out{.kind = part.kind};
  out.table.title = TRY(Said(part.title));
  for (const PrintValue& value : part.values)
    out.table.columns.push_back({TRY(Said(value.title)), value.share, value.right});
  Collection rows;
  TRY(part.rows->Evaluate(environment_, record_, &rows));
  bool has_more = rows.size() > kPrintRowsMax, is_closed = false;
  for (size_t i = 0; i < found_.size(); ++i) {
    if (part.rows->text() != "%" + print_.sources[i].name) continue;
    has_more = has_more || found_[i].has_more;
    is_closed = found_[i].is_closed;
  }
  for (size_t i = 0; i < std::min(rows.size(), kPrintRowsMax); ++i) {
    std::vector<std::string> cells;
    for (const PrintValue& value : part.values) cells.push_back(TRY(Value(value, rows[i])));
    out.table.rows.push_back(std::move(cells));
  }
  if (is_closed) {
    out.table.note = Either("（有记录无权查看）", "(some of these are not open to you)");
  } else if (has_more) {
    out.table.note =
        fmt::format("{} {}", Either("还有更多，此处只印前", "there are more; these are the first"),
                    out.table.rows.size());
  } else if (rows.empty()) {
    const std::string empty = TRY(Said(part.text));
    out.table.note = empty.empty() ? Either("无", "none") : empty;
  }
  return out;
}

/// Where the reader works, if the form says nothing else. The name of an organization is nobody's secret: the platform looks it up.
Result<std::string> PrintFilling::Institution() {
  const std::string said = TRY(Said(print_.institution));
  const std::string& organization = request_.viewer->organization;
  const size_t slash = organization.find('/');
  if (!said.empty() || slash == std::string::npos) return said;
  const Response answer =
      reading_.Get({organization.substr(0, slash), organization.substr(slash + 1)}, {}, PlatformViewer());
  return answer.status == 200 ? TRY(reading_.Keep(answer.body))["name"].ToString() : std::string();
}

std::string PrintFilling::Printed() const {
  const access::Viewer& by = *request_.viewer;
  return fmt::format("{} {}　{} {}　{}", Either("打印时间", "Printed"), CityTime(now_us_, place_.offset_min),
                     Either("打印人", "by"), by.display.empty() ? by.account : by.display, print_.name());
}

Result<exchange::Sheet> PrintFilling::Fill() {
  for (const PrintSource& source : print_.sources) {
    found_.push_back(TRY(Read(source)));
    environment_.variables.emplace_back(source.name, found_.back().items);
  }
  exchange::Sheet sheet;
  sheet.institution = TRY(Institution());
  sheet.title = language_ == Language::kEnglish ? print_.title_en : print_.title_zh;
  sheet.number = TRY(Said(print_.number));
  if (sheet.number.empty())
    sheet.number = fmt::format("{} {}", Either("编号", "No."), environment_.resource["id"].ToString());
  sheet.qr_text = TRY(Said(print_.qr));
  sheet.qr_title = TRY(Said(print_.qr_title));
  for (const PrintPart& part : print_.parts) {
    if (part.when != nullptr && !TRY(part.when->Test(environment_, record_))) continue;
    switch (part.kind) {
      case SheetPart::Kind::kFields:
        sheet.parts.push_back(TRY(Fields(part)));
        break;
      case SheetPart::Kind::kTable:
        sheet.parts.push_back(TRY(Table(part)));
        break;
      case SheetPart::Kind::kText:
      case SheetPart::Kind::kSmallText:
        sheet.parts.push_back(
            {.kind = part.kind, .title = TRY(Said(part.title)), .text = TRY(Said(part.text))});
        break;
      case SheetPart::Kind::kSignatures:
        sheet.parts.push_back({.kind = part.kind});
        for (const PrintText& who : part.signatures) sheet.parts.back().signatures.push_back(TRY(Said(who)));
        break;
    }
  }
  sheet.footer = Printed();
  sheet.made_us = now_us_;
  sheet.width_mm = print_.width_mm;
  sheet.height_mm = print_.height_mm;
  sheet.margin_mm = print_.margin_mm;
  sheet.pages_max = kPrintPagesMax;
  return sheet;
}

struct PrintAsked {
  Language language = Language::kChinese;
  bool as_text = false;
};
Result<PrintAsked> ReadPrintAsked(const Request& request) {
  PrintAsked asked;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "lang" && (parameter.value == "zh-CN" || parameter.value == "en"))
      asked.language = parameter.value == "en" ? Language::kEnglish : Language::kChinese;
    else if (parameter.name == "as" && (parameter.value == "pdf" || parameter.value == "text"))
      asked.as_text = parameter.value == "text";
    else
      return interaction::UnknownParameter(parameter.name, "lang=zh-CN, lang=en, as=pdf, as=text");
  }
  return asked;
}

bool IsFor(const Print& print, const access::Viewer& viewer) {
  return print.posts.empty() || viewer.post->name == "admin" ||
         std::binary_search(print.posts.begin(), print.posts.end(), viewer.post->name);
}

Result<Response> Answered(const PrintPlace& place, const Print& print, const PrintAsked& asked,
                          const Request& request, const Response& record, PrintReading* reading) {
  PrintFilling filling(place, print, asked.language, request, reading);
  const fhir::Document own = TRY(OfWhomItMeans(place, TRY(fhir::Document::Parse(record.body))));
  filling.Take(TRY(reading->Keep(std::string(own.Text()))));
  if (!TRY(filling.Fits()))
    return MakeError(ErrorCode::kNotFound, "this form is not for this record as it is now");
  const exchange::Sheet sheet = TRY(filling.Fill());
  Response response;
  response.audit_owners = reading->TakeOwners();
  if (asked.as_text) {
    response.content_type = "text/plain; charset=utf-8";
    response.body = exchange::TextOf(sheet);
    return response;
  }
  response.content_type = "application/pdf";
  response.body = TRY(exchange::PdfOf(sheet));
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("inline; filename=\"{}-{}.pdf\"", print.app, print.id));
  return response;
}

/// The record as the reader sees it, or why not. Errors: kNotFound of a path that names none.
Result<Response> ReadRecord(std::span<const std::string> path, PrintReading* reading) {
  if (path.size() != 2 || !interaction::IsId(path[1]))
    return MakeError(ErrorCode::kNotFound, "name the record: …/<Type>/<id>");
  return reading->Get({path[0], path[1]}, {});
}

}  // namespace

Result<Response> AnswerPrint(const PrintPlace& place, const Print& print, std::span<const std::string> path,
                             const Request& request) {
  const PrintAsked asked = TRY(ReadPrintAsked(request));
  if (!IsFor(print, *request.viewer))
    return MakeError(ErrorCode::kForbidden,
                     fmt::format("the print form {} is for: {}", print.id, fmt::join(print.posts, ", ")));
  PrintReading reading(place, request);
  Response record = TRY(ReadRecord(path, &reading));
  if (record.status != 200) return record;
  if (path[0] != place.definitions->Type(print.type).name)
    return MakeError(ErrorCode::kNotFound, fmt::format("the print form {} is for a {}", print.id,
                                                       place.definitions->Type(print.type).name));
  auto answered = Answered(place, print, asked, request, record, &reading);
  Response response = answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error());
  response.audit_action = "print";
  response.audit_type = record.audit_type;
  response.audit_id = record.audit_id;
  response.audit_owner = record.audit_owner;
  return response;
}

Result<Response> FittingPrints(const PrintPlace& place, std::span<const Print* const> prints,
                               std::span<const std::string> path, const Request& request) {
  PrintReading reading(place, request);
  Response record = TRY(ReadRecord(path, &reading));
  if (record.status != 200) return record;
  const fhir::Value resource = TRY(reading.Keep(record.body));
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("prints").Array();
  for (const Print* const print : prints) {
    if (path[0] != place.definitions->Type(print->type).name || !IsFor(*print, *request.viewer)) continue;
    PrintFilling filling(place, *print, Language::kChinese, request, &reading);
    filling.Take(resource);
    const auto fits = filling.Fits();
    if (!fits.ok() || !*fits) continue;
    out.Object().Member("id", print->id).Member("app", print->app);
    out.Key("title").Object().Member("zh-CN", print->title_zh).Member("en", print->title_en).End();
    out.Member("path", fmt::format("/app/{}/prints/{}/{}/{}", print->app, print->id, path[0], path[1])).End();
  }
  out.End().End();
  record.body = std::move(text);
  record.content_type = "application/json; charset=utf-8";
  record.etag.clear();
  record.last_modified_us = 0;
  return record;
}

}  // namespace tk::app
