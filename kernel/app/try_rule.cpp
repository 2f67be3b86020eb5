#include "kernel/app/try_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/access/decision.h"
#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::app {
namespace {

using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr std::string_view kTryRule = "try-rule";
constexpr size_t kCountDefault = 50, kCountMax = 1000;
constexpr int64_t kPageUs = 2 * kSecondUs;
constexpr int64_t kAnswerUs = kSecondUs / 4;  // of a request's time, to write the answer in
constexpr size_t kRuleBytesMax = size_t{256} << 10;

/// What is asked for, and how far the pages before have come.
struct Asked {
  Instant from_us = 0, until_us = 0;
  bool has_from = false;
  size_t count = kCountDefault;
  view::Ordinal at = 0;  // 0: the beginning
  uint64_t judged = 0, fired = 0, failed = 0, unreadable = 0;
};

Error NoPage() {
  return MakeError(ErrorCode::kIncorrect, "_page is no page of this trial: follow `next` as it was given.");
}

/// "AT-JUDGED-FIRED-FAILED-UNREADABLE".
Status ReadPage(std::string_view text, Asked* asked) {
  uint64_t* const numbers[] = {&asked->at, &asked->judged, &asked->fired, &asked->failed, &asked->unreadable};
  for (uint64_t* const number : numbers) {
    const std::string_view part = text.substr(0, text.find('-'));
    const auto read = std::from_chars(part.data(), part.data() + part.size(), *number);
    if (part.empty() || read.ec != std::errc() || read.ptr != part.data() + part.size()) return NoPage();
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return text.empty() && asked->at != 0 ? Status() : Status(NoPage());
}

Result<Instant> ReadTime(const interaction::Parameter& parameter) {
  const auto range = ParseDateRange(parameter.value, CityOffsetMin());
  if (range.ok()) return range->low_us;
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("{} is no date: give one such as 2026-11-01 or 2026-11-21T08:00:00+08:00 "
                               "(with '+' as %2B).",
                               parameter.name));
}

Result<Asked> ReadAsked(const Request& request, Instant now_us) {
  Asked asked;
  asked.until_us = now_us;  // of what comes later the following pages must know nothing
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "from") {
      asked.from_us = TRY(ReadTime(parameter));
      asked.has_from = true;
    } else if (parameter.name == "until") {
      asked.until_us = std::min(now_us, TRY(ReadTime(parameter)));
    } else if (parameter.name == "_count") {
      asked.count = parameter.value == "0" ? 0 : std::min(kCountMax, TRY(interaction::ParseCount(parameter)));
    } else if (parameter.name == "_page") {
      TRY(ReadPage(parameter.value, &asked));
    } else {
      return interaction::UnknownParameter(parameter.name, "from, until, _count, _page");
    }
  }
  if (!asked.has_from)
    return MakeError(ErrorCode::kIncorrect, "say from when on: from=2026-11-01, and until= if not until now");
  return asked;
}

Result<rules::Rule> InstalledRule(const fhir::Definitions& definitions, const App& app,
                                  std::string_view name) {
  const auto file = std::find_if(app.parts.begin(), app.parts.end(), [&](const PartFile& each) {
    return !each.id.empty() && (each.id == name || each.id == fmt::format("{}.{}", app.id, name));
  });
  if (file == app.parts.end()) return MakeError(ErrorCode::kNotFound, "this app has no such rule");
  const fhir::Document settings = TRY(fhir::Document::Parse(app.settings));
  return rules::ParseRule(definitions, app.id, file->place, file->text, settings.Root(), ActionVocabulary());
}

/// Of one's own writing: it may ask for whatever stands in the records.
Result<rules::Rule> SentRule(const fhir::Definitions& definitions, const App& app, const Request& request) {
  const access::Viewer& viewer = *request.viewer;
  if (viewer.masks != nullptr || access::IsBoundBySpecial(viewer))
    return MakeError(ErrorCode::kForbidden,
                     "Your post does not see all of a record, and a condition of one's own could ask for the "
                     "rest: try an installed rule.");
  if (request.body.size() > kRuleBytesMax)
    return MakeError(ErrorCode::kTooLarge, fmt::format("a rule has at most {} bytes", kRuleBytesMax));
  const fhir::Document settings = TRY(fhir::Document::Parse(app.settings));
  rules::Rule rule =
      TRY(rules::ParseRule(definitions, app.id, "rule", request.body, settings.Root(), ActionVocabulary()));
  if (rule.Changes() && !viewer.scope.everything)
    return MakeError(ErrorCode::kForbidden,
                     "A rule of one's own that changes other records is tried by posts of the whole city.");
  return rule;
}

void WriteRules(const App& app, std::string* text) {
  fhir::JsonWriter out(text);
  out.Object().Key("rules").Array();
  for (const PartFile& file : app.parts) {
    if (file.part != "rules") continue;
    const auto document = fhir::Document::Parse(file.text);
    if (!document.ok()) continue;  // it was read when the pack was loaded
    out.Object();
    for (const char* const member : {"id", "version", "title", "source", "on", "where"}) {
      const fhir::Value value = document->Root()[member];
      if (value.present()) out.Key(member).Raw(value.Json());
    }
    out.End();
  }
  out.End().End();
}

/// One page being made.
class Page {
 public:
  Page(const TrialPlace& place, const App& app, const Request& request, const Asked& asked)
      : place_(place),
        app_(app),
        request_(request),
        asked_(asked),
        definitions_(place.engine->definitions()),
        scope_(place.interactions->ScopeOf(request.viewer)) {}

  Result<Response> Make(const rules::Rule& rule);

 private:
  Result<std::string> Leaving(const rules::Write& write);
  bool IsSeen(const view::Resource& record) const;
  void Shows(view::OwnerNumber owner) {
    if (owner != 0) owners_.push_back(owner);
  }
  void WriteNumbers(const rules::Rule& rule, const rules::TrialResult& result, view::Ordinal begin,
                    view::Ordinal end, fhir::JsonWriter* out) const;

  const TrialPlace& place_;
  const App& app_;
  const Request& request_;
  const Asked& asked_;
  const fhir::Definitions& definitions_;
  const view::Scope scope_;
  std::vector<uint32_t> owners_;
};

bool Page::IsSeen(const view::Resource& record) const {
  if (scope_.all()) return true;
  const view::Directory& directory = place_.engine->directory();
  const auto now = directory.Current(place_.engine->IdHash(definitions_.Type(record.type).name, record.id),
                                     place_.engine->Head());
  return directory.InScope(record.ordinal, scope_) && now.ordinal != 0 &&
         directory.InScope(now.ordinal, scope_);
}

Result<std::string> Page::Leaving(const rules::Write& write) {
  const std::string type = write.now.Root()["resourceType"].ToString();
  if (!request_.viewer->MayRead(type)) return std::string();
  if (write.before != nullptr) {
    if (!IsSeen(*write.before)) return std::string();
    Shows(write.before->owner);
  }
  return place_.interactions->AsLeaves(request_.viewer, std::string(write.now.Text()));
}

void Page::WriteNumbers(const rules::Rule& rule, const rules::TrialResult& result, view::Ordinal begin,
                        view::Ordinal end, fhir::JsonWriter* out) const {
  const std::string from = FormatInstant(asked_.from_us), until = FormatInstant(asked_.until_us);
  const uint64_t judged = asked_.judged + result.judged, fired = asked_.fired + result.fired,
                 failed = asked_.failed + result.failed, unreadable = asked_.unreadable + result.unreadable;
  out->Member("rule", rule.name()).Member("type", definitions_.Type(rule.on_type).name);
  out->Member("from", from).Member("until", until);
  const auto number = [out](std::string_view name, uint64_t value) {
    out->Key(name).Int(static_cast<int64_t>(value));
  };
  number("judged", judged);
  number("fired", fired);
  number("failed", failed);
  number("unreadable", unreadable);
  const bool complete = result.next >= end;
  const double share =
      complete ? 1 : static_cast<double>(result.next - begin) / static_cast<double>(end - begin);
  out->Key("progress").Raw(fmt::format("{:.4f}", share)).Key("complete").Bool(complete);
  if (complete) return;
  const bool is_sent = request_.path.size() == 2;
  out->Member("next", fmt::format("/app/{}/rules/{}try?from={}&until={}&_count={}&_page={}-{}-{}-{}-{}",
                                  app_.id, is_sent ? std::string() : PercentEncode(request_.path[1]) + "/",
                                  from, until, asked_.count, result.next, judged, fired, failed, unreadable));
}

Result<Response> Page::Make(const rules::Rule& rule) {
  const auto [begin, end] = TRY(rules::StretchOf(*place_.engine, asked_.from_us, asked_.until_us));
  rules::TrialOptions options;
  options.from = std::clamp(asked_.at == 0 ? begin : asked_.at, begin, std::max(begin, end));
  options.end = end;
  options.scope = scope_;
  options.makes = asked_.count > 0;
  if (asked_.count > 0) options.findings_max = asked_.count;
  options.until_us = MonotonicUs() + kPageUs;
  if (request_.deadline_us != 0)
    options.until_us = std::min(options.until_us, request_.deadline_us - kAnswerUs);
  std::string rows;
  const auto leaves = [this](const rules::Write& write) { return Leaving(write); };
  const auto each = [&](const rules::Finding& finding) -> Result<bool> {
    if (asked_.count == 0) return true;
    if (!rows.empty()) rows += ',';
    Shows(finding.change.now->owner);
    TRY(AppendFinding(definitions_, finding, leaves, &rows));
    return true;
  };
  const rules::TrialResult result = TRY(rules::TryRule(*place_.engine, rule, options, each));
  Response response;
  fhir::JsonWriter out(&response.body);
  out.Object();
  WriteNumbers(rule, result, begin, end, &out);
  out.Key("rows").Raw(fmt::format("[{}]", rows)).End();
  response.content_type = "application/json; charset=utf-8";
  std::sort(owners_.begin(), owners_.end());
  owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
  response.audit_owners = std::move(owners_);
  return response;
}

Result<Response> Try(const TrialPlace& place, const App& app, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, kTryRule));
  const bool is_sent = request.path.size() == 2;
  const fhir::Definitions& definitions = place.engine->definitions();
  // What was written in one moment has times that lie a little ahead of it.
  const Instant last_us = place.engine->log().head().last_at_us;
  const Asked asked = TRY(ReadAsked(request, std::max(place.clock->NowUs(), last_us + 1)));
  const rules::Rule rule = is_sent ? TRY(SentRule(definitions, app, request))
                                   : TRY(InstalledRule(definitions, app, request.path[1]));
  TRY(interaction::CheckMayRead(*request.viewer, definitions.Type(rule.on_type).name));
  if (place.is_trying->exchange(true))
    return MakeError(ErrorCode::kBusy, "another rule is being tried; ask again when it is done");
  auto made = Page(place, app, request, asked).Make(rule);
  place.is_trying->store(false);
  Response response = TRY(std::move(made));
  response.audit_type = definitions.Type(rule.on_type).name;
  return response;
}

Response NotOffered(std::string_view method) {
  Response refusal = interaction::OutcomeOf(
      MakeError(ErrorCode::kUnsupported, fmt::format("this is offered by {} alone", method)));
  refusal.status = 405;
  refusal.headers.emplace_back("Allow", std::string(method));
  return refusal;
}

}  // namespace

Status AppendFinding(const fhir::Definitions& definitions, const rules::Finding& finding,
                     const Leaves& leaves, std::string* text) {
  const view::Resource& cause = *finding.change.now;
  fhir::JsonWriter out(text);
  out.Object().Member("at", FormatInstant(cause.at_us));
  out.Member("cause",
             fmt::format("{}/{}/_history/{}", definitions.Type(cause.type).name, cause.id, cause.version));
  if (!finding.failure.empty()) {
    out.Member("failure", finding.failure).End();
    return {};
  }
  if (finding.searched) out.Key("searched").Raw("true");
  out.Key("made").Array();
  for (const rules::Write& write : finding.writes) {
    const fhir::Value now = write.now.Root();
    out.Object().Member("record", fmt::format("{}/{}", now["resourceType"].ToString(), now["id"].ToString()));
    out.Member("is", write.before == nullptr ? "created" : "changed");
    const std::string left = TRY(leaves(write));
    if (!left.empty()) out.Key("resource").Raw(left);
    out.End();
  }
  out.End().End();
  return {};
}

Result<Response> AnswerRules(const TrialPlace& place, const App& app, const Request& request) {
  const bool is_read = request.method == Method::kGet || request.method == Method::kHead;
  const std::vector<std::string>& path = request.path;
  if (path.size() == 1) {
    if (!is_read) return NotOffered("GET");
    Response response;
    WriteRules(app, &response.body);
    response.content_type = "application/json; charset=utf-8";
    return response;
  }
  if (path.back() != "try" || path.size() > 3)
    return MakeError(ErrorCode::kNotFound, "this app offers of rules: rules, rules/<rule>/try, rules/try");
  const bool is_sent = path.size() == 2;
  if (is_sent && request.method != Method::kPost) return NotOffered("POST");
  if (!is_sent && !is_read) return NotOffered("GET");
  auto tried = Try(place, app, request);
  Response response = tried.ok() ? std::move(*tried) : interaction::OutcomeOf(tried.error());
  response.audit_action = kTryRule;
  return response;
}

}  // namespace tk::app
