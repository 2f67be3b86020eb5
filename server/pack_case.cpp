#include "server/pack_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/base/city_time.h"
#include "kernel/base/random.h"
#include "kernel/exchange/operations.h"
#include "kernel/fhir/json_file.h"
#include "kernel/fhir/path/path.h"
#include "kernel/interaction/due_alerts.h"
#include "kernel/interaction/reach.h"
#include "kernel/workflow/clerk.h"
#include "server/open.h"

namespace tk::server {
namespace {

constexpr Instant kStoryBeginUs =
    1'795'392'000 * kSecondUs;  // 2026-11-23T00:00:00Z, where a story names no other time
constexpr int kSettleMs = 20'000;
constexpr size_t kAnswerTold = 400;  // characters of an answer in a failure

using Names = std::map<std::string, std::string, std::less<>>;  // name → JSON

/// What all cases of a run share.
struct Stage {
  std::shared_ptr<const app::PackSet> packs;
  std::shared_ptr<const fhir::Definitions> definitions;
  std::shared_ptr<const access::Policies> policies;
  access::Posts posts;
  std::string log_url;
};

/// A log, its views, the rules: everything that answers but HTTP.
class StoryHouse {
 public:
  static Result<std::unique_ptr<StoryHouse>> Open(const Stage& stage, Instant now_us);
  ~StoryHouse();
  FixedClock& clock() { return clock_; }
  interaction::Response Send(interaction::Request request) const;
  /// What rules make, what limits that are due do, and alerts whose time has come, has happened.
  bool Settle() const;
  view::OwnerNumber OwnerOf(std::string_view patient) const {
    return OwnerOfPatient(*opened_.engine, patient);
  }

 private:
  explicit StoryHouse(Instant now_us) : clock_(now_us) {}
  FixedClock clock_;
  std::string folder_;
  Opened opened_;
  std::unique_ptr<forms::Forms> forms_;
  std::unique_ptr<interaction::Interactions> interactions_;
  std::unique_ptr<interaction::DueAlerts> due_;
  std::unique_ptr<exchange::Operations> exchange_;
  std::unique_ptr<app::Runtime> runtime_;
  std::unique_ptr<workflow::Clerk> clerk_;
};

Result<std::unique_ptr<StoryHouse>> StoryHouse::Open(const Stage& stage, Instant now_us) {
  std::unique_ptr<StoryHouse> house(new StoryHouse(now_us));
  house->folder_ = std::filesystem::temp_directory_path() / ("tk-case-" + NewUuid());
  TRY(MakeFolder(house->folder_));
  OpenOptions open;
  open.data = {house->folder_, stage.log_url, {}};
  open.clock = &house->clock_;
  open.packs = stage.packs;
  open.definitions = stage.definitions;
  if (!stage.log_url.empty()) {
    open.schema = "tk_case_" + NewUuid();
    std::erase(open.schema, '-');
  }
  house->opened_ = TRY(OpenData(open));
  interaction::Context context{
      house->opened_.engine.get(), house->opened_.index, &house->clock_, 0, CityOffsetMin(), "case",
      house->opened_.persons};
  context.platform = TRY(app::LoadPlatform(stage.packs->packs()));
  context.watch = house->opened_.watch;
  context.watch_slot = kWatchSlot;
  std::vector<app::App> apps =
      TRY(app::LoadPacks(*stage.definitions, stage.packs->packs(), house->folder_ + "/apps"));
  context.alert_rules = std::make_shared<rules::SharedRules>(app::TakeAlerts(&apps));
  const std::vector<std::string> posts = stage.posts.Names();
  app::WorkflowOptions governed;
  governed.apps_folder = house->folder_ + "/apps";
  governed.posts = posts;
  const auto shelf = TRY(app::LoadWorkflows(*stage.definitions, stage.packs->packs(), governed));
  context.workflows = shelf;
  house->forms_ = std::make_unique<forms::Forms>(stage.definitions);
  house->interactions_ = std::make_unique<interaction::Interactions>(context);
  house->interactions_->UseForms(house->forms_.get());
  house->due_ = std::make_unique<interaction::DueAlerts>(
      house->opened_.engine.get(), house->interactions_.get(), &house->clock_, kSettleMs);
  house->exchange_ = std::make_unique<exchange::Operations>(
      exchange::ImportContext{house->opened_.engine.get(), house->opened_.areas, house->interactions_.get()});
  app::Runtime::Options running;
  running.engine = house->opened_.engine.get();
  running.index = house->opened_.index;
  running.interactions = house->interactions_.get();
  running.clock = &house->clock_;
  running.folder = house->folder_ + "/consumers";
  running.apps_folder = house->folder_ + "/apps";
  running.code = InstalledCode();
  running.forms = house->forms_.get();
  running.reach = interaction::ReachOf(context);
  running.report = [](const std::string& line) { fmt::print(stderr, "  {}\n", line); };
  house->runtime_ = TRY(app::Runtime::Start(running, std::move(apps)));
  workflow::Clerk::Options clerking;
  clerking.engine = house->opened_.engine.get();
  clerking.timers = house->opened_.timers;
  clerking.shelf = shelf;
  clerking.clock = &house->clock_;
  clerking.reach = running.reach;
  clerking.folder = running.folder;
  clerking.look_ms = 5;
  clerking.complete = [asked = house->interactions_.get()](const view::Position& basis,
                                                           view::ChangeSet* set) {
    return asked->Complete(basis, set);
  };
  clerking.report = running.report;
  house->clerk_ = TRY(workflow::Clerk::Start(std::move(clerking)));
  return house;
}

bool StoryHouse::Settle() const {
  const int64_t until_us = MonotonicUs() + int64_t{kSettleMs} * 1000;
  while (MonotonicUs() < until_us) {
    const uint64_t head = opened_.engine->Head().t;
    const bool is_judged =
        due_->Look().ok() && runtime_->Settle(kSettleMs) && clerk_->WaitFor(head, kSettleMs);
    const bool is_due = !opened_.timers->Due(clock_.NowUs(), {}, 1).empty();
    if (is_judged && !is_due && opened_.engine->Head().t == head) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

StoryHouse::~StoryHouse() {
  clerk_.reset();
  runtime_.reset();
  exchange_.reset();
  due_.reset();
  interactions_.reset();
  if (opened_.engine != nullptr) opened_.engine->Stop();
  forms_.reset();
  opened_ = Opened();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

interaction::Response StoryHouse::Send(interaction::Request request) const {
  auto promise = std::make_shared<std::promise<interaction::Response>>();
  auto future = promise->get_future();
  const auto done = [promise](interaction::Response response) { promise->set_value(std::move(response)); };
  const bool is_app = !request.path.empty() && request.path[0] == "app";
  if (request.path.empty() || (request.path[0] != "app" && request.path[0] != "fhir")) {
    done(interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, "a story asks /fhir/… and /app/…")));
    return future.get();
  }
  request.path.erase(request.path.begin());
  if (is_app)
    runtime_->Handle(std::move(request), done);
  else if (exchange::Operations::Has(request))
    done(exchange_->Handle(request));
  else
    interactions_->Handle(std::move(request), done);
  return future.get();
}

Error Wrong(std::string text) { return MakeError(ErrorCode::kInvalid, std::move(text)); }

std::string TextOfJson(const std::string& json) {
  const auto document = fhir::Document::Parse("[" + json + "]");
  const fhir::Value value = document.ok() ? document->Root().At(0) : fhir::Value();
  return value.is_string() ? value.ToString() : json;
}

/// `text` with each ${name} as text.
Result<std::string> Filled(std::string_view text, const Names& names) {
  std::string out;
  for (size_t at = 0;;) {
    const size_t begin = text.find("${", at);
    const size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) return out.append(text.substr(at));
    const auto found = names.find(text.substr(begin + 2, end - begin - 2));
    if (found == names.end())
      return Wrong(fmt::format("{} names nothing: a \"let\" before it or a member of \"with\" would",
                               text.substr(begin, end - begin + 1)));
    out.append(text.substr(at, begin - at)).append(TextOfJson(found->second));
    at = end + 1;
  }
}

/// JSON with its names filled in; "" for what is left out.
Result<std::string> FilledJson(fhir::Value value, const Names& names) {
  std::string text;
  fhir::JsonWriter out(&text);
  if (value.is_string()) {
    const std::string own = value.ToString();
    const bool whole = own.starts_with("${") && own.find('}') == own.size() - 1;
    if (whole) {
      const auto found = names.find(std::string_view(own).substr(2, own.size() - 3));
      if (found != names.end()) return found->second == "null" ? std::string() : found->second;
    }
    out.String(TRY(Filled(own, names)));
    return text;
  }
  if (!value.is_object() && !value.is_array()) return std::string(value.Json());
  if (value.is_object())
    out.Object();
  else
    out.Array();
  for (const fhir::Value member : value) {
    const std::string inside = TRY(FilledJson(member, names));
    if (inside.empty()) continue;
    if (value.is_object()) out.Key(member.name_text());
    out.Raw(inside);
  }
  out.End();
  return text;
}

Result<int64_t> DurationUs(std::string_view text) {
  int64_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(parsed.ptr, static_cast<size_t>(text.data() + text.size() - parsed.ptr));
  while (unit.starts_with(" ")) unit.remove_prefix(1);
  if (unit.ends_with("s")) unit.remove_suffix(1);
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86'400}, {"week", 604'800}};
  for (const auto& [name, seconds] : kUnits) {
    if (parsed.ec == std::errc() && name == unit) return count * seconds * kSecondUs;
  }
  return Wrong(fmt::format("\"{}\" is no duration: write for example \"2 hours\"", text));
}

/// One case on its way.
class Story {
 public:
  Story(const Stage& stage, Names names) : stage_(stage), names_(std::move(names)) {}

  Status Begin(fhir::Value story);
  Status Step(fhir::Value step);

 private:
  Status Store(fhir::Value given);
  Status Ask(fhir::Value step);
  Status Look(fhir::Value step, std::string_view answer) const;
  Status Find(fhir::Value step);
  Status Move(fhir::Value step);
  Result<interaction::Request> RequestOf(std::string_view what, std::string_view as) const;
  Result<std::shared_ptr<const access::Viewer>> ViewerOf(std::string_view as) const;
  Status Expect(std::string_view expression, fhir::Value resource, std::string_view of) const;
  Status Let(fhir::Value let, fhir::Value resource);

  const Stage& stage_;
  Names names_;
  std::unique_ptr<StoryHouse> house_;
};

Status Story::Begin(fhir::Value story) {
  Instant now_us = kStoryBeginUs;
  if (story["now"].present()) now_us = TRY(ParseDateRange(story["now"].ToString(), CityOffsetMin())).low_us;
  house_ = TRY(StoryHouse::Open(stage_, now_us));
  if (!story["given"].present()) return {};
  return Store(story["given"]);
}

Status Story::Store(fhir::Value given) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "Bundle").Member("type", "transaction").Key("entry").Array();
  for (const fhir::Value each : given) {
    const std::string json = TRY(FilledJson(each, names_));
    const fhir::Document resource = TRY(fhir::Document::Parse(json));
    const std::string type = resource.Root()["resourceType"].ToString(),
                      id = resource.Root()["id"].ToString();
    if (type.empty() || id.empty()) return Wrong("each of \"given\" needs resourceType and id");
    out.Object().Key("request").Object().Member("method", "PUT").Member("url", type + "/" + id).End();
    out.Key("resource").Raw(json).End();
  }
  out.End().End();
  interaction::Request request = TRY(RequestOf("POST /fhir", {}));
  request.body = std::move(text);
  request.content_type = "application/fhir+json";
  const interaction::Response answer = house_->Send(std::move(request));
  if (answer.status != 200)
    return Wrong(
        fmt::format("\"given\" cannot be stored: {} {}", answer.status, answer.body.substr(0, kAnswerTold)));
  return house_->Settle() ? Status() : Status(Wrong("the rules did not come to an end"));
}

/// "doctor", "doctor@380102" in an area, "resident=Patient/p1" as whoever that record is, "pharmacist=Organization/p1" who works there.
Result<std::shared_ptr<const access::Viewer>> Story::ViewerOf(std::string_view as) const {
  if (as.empty()) as = "admin";
  const std::string_view whole = as;
  const size_t at = std::min(as.find('@'), as.size());
  const std::string_view area = as.substr(std::min(at + 1, as.size()));
  as = as.substr(0, at);
  const std::string_view name = as.substr(0, as.find('='));
  auto viewer = std::make_shared<access::Viewer>();
  viewer->post = stage_.posts.Find(name);
  if (viewer->post == nullptr)
    return Wrong(fmt::format("\"as\": there is no post '{}'; posts are: {}", name,
                             fmt::join(stage_.posts.Names(), ", ")));
  viewer->account = fmt::format("case-{}", whole);
  viewer->policies = stage_.policies;
  viewer->masks = stage_.policies->MasksOf(std::string(name));
  if (at < whole.size()) {
    viewer->area = std::string(area);
    const auto [low, high] = TRY(view::AreaRange(viewer->area));
    viewer->scope.everything = false;
    viewer->scope.area_low = low;
    viewer->scope.area_high = high;
  }
  viewer->record = std::string(as.substr(std::min(name.size() + 1, as.size())));
  if (viewer->record.starts_with("Organization/")) viewer->organization.swap(viewer->record);
  if (constexpr std::string_view kPatient = "Patient/"; viewer->record.starts_with(kPatient)) {
    viewer->kind = access::AccountKind::kResident;
    viewer->patient = viewer->record.substr(kPatient.size());
    viewer->scope.everything = false;
    viewer->scope.only_owner = house_->OwnerOf(viewer->patient);
  }
  return std::shared_ptr<const access::Viewer>(std::move(viewer));
}

/// "POST Observation", "GET /app/stock/lists/short?_count=5".
Result<interaction::Request> Story::RequestOf(std::string_view what, std::string_view as) const {
  using interaction::Method;
  constexpr std::pair<std::string_view, Method> kMethods[] = {{"GET", Method::kGet},
                                                              {"POST", Method::kPost},
                                                              {"PUT", Method::kPut},
                                                              {"PATCH", Method::kPatch},
                                                              {"DELETE", Method::kDelete}};
  const std::string_view word = what.substr(0, what.find(' '));
  std::string_view target = what.substr(std::min(what.size(), word.size() + 1));
  const auto* const method = std::find_if(std::begin(kMethods), std::end(kMethods),
                                          [&](const auto& each) { return each.first == word; });
  if (method == std::end(kMethods) || target.empty())
    return Wrong(fmt::format("\"{}\" is no request: write for example \"POST Observation\"", what));
  interaction::Request request;
  request.method = method->second;
  const size_t mark = target.find('?');
  if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
  target = target.substr(0, mark);
  if (!target.starts_with("/")) request.path.emplace_back("fhir");
  while (!target.empty()) {
    const std::string_view part = target.substr(0, target.find('/'));
    target.remove_prefix(std::min(target.size(), part.size() + 1));
    if (!part.empty()) request.path.emplace_back(part);
  }
  request.base_url = "http://case/fhir";
  request.viewer = TRY(ViewerOf(as));
  return request;
}

Status Story::Expect(std::string_view expression, fhir::Value resource, std::string_view of) const {
  const auto compiled = fhir::path::Expression::Compile(expression, *stage_.definitions, fhir::kNoType);
  if (!compiled.ok()) return Wrong(fmt::format("\"where\": {}", compiled.error().external));
  fhir::path::Environment environment;
  environment.definitions = stage_.definitions.get();
  environment.resource = resource;
  environment.now_us = house_->clock().NowUs();
  environment.offset_min = CityOffsetMin();
  if (TRY(compiled->Test(environment, fhir::path::ResourceItem(*stage_.definitions, resource)))) return {};
  return Wrong(
      fmt::format("{} is not so: {}; it is {}", of, expression, resource.Json().substr(0, kAnswerTold)));
}

Status Story::Let(fhir::Value let, fhir::Value resource) {
  for (const fhir::Value each : let) {
    const auto compiled =
        fhir::path::Expression::Compile(each.ToString(), *stage_.definitions, fhir::kNoType);
    if (!compiled.ok()) return Wrong(fmt::format("\"let\": {}", compiled.error().external));
    fhir::path::Environment environment;
    environment.definitions = stage_.definitions.get();
    environment.now_us = house_->clock().NowUs();
    environment.offset_min = CityOffsetMin();
    fhir::path::Collection found;
    TRY(compiled->Evaluate(environment, fhir::path::ResourceItem(*stage_.definitions, resource), &found));
    if (found.empty()) return Wrong(fmt::format("\"let\": {} gives nothing", each.ToString()));
    std::string json;
    if (found[0].node.present())
      json = std::string(found[0].node.Json());
    else if (const auto* text = std::get_if<std::string>(&found[0].computed))
      fhir::AppendJsonString(*text, &json);
    else
      return Wrong("\"let\": names an element or a text");
    names_[std::string(each.name_text())] = std::move(json);
  }
  return {};
}

/// A number, or a name that stands for one.
Result<std::string> NumberIn(fhir::Value value, const Names& names) {
  return value.is_string() ? Filled(value.ToString(), names)
                           : Result<std::string>(std::string(value.Number()));
}

Result<bool> StatusFits(fhir::Value wanted, int status, const Names& names) {
  if (!wanted.present()) return status == 200 || status == 201;
  const std::string told = std::to_string(status);
  if (!wanted.is_array()) return TRY(NumberIn(wanted, names)) == told;
  return std::any_of(wanted.begin(), wanted.end(), [&](fhir::Value each) { return each.Number() == told; });
}

/// Of an answer that is a text: what is in it, and what is not.
Status Story::Look(fhir::Value step, std::string_view answer) const {
  for (const bool wanted : {true, false}) {
    for (const fhir::Value each : step[wanted ? "has" : "hasNot"]) {
      const std::string text = TRY(Filled(each.ToString(), names_));
      if ((answer.find(text) != std::string_view::npos) != wanted)
        return Wrong(fmt::format("the answer has {}\"{}\"; it is {}", wanted ? "no " : "", text,
                                 answer.substr(0, kAnswerTold)));
    }
  }
  return {};
}

Status Story::Ask(fhir::Value step) {
  const std::string as = TRY(Filled(step["as"].ToString(), names_));
  interaction::Request request = TRY(RequestOf(TRY(Filled(step["do"].ToString(), names_)), as));
  const fhir::Value body = step["body"];
  if (body.present()) {
    request.body = body.is_string() ? TRY(Filled(body.ToString(), names_)) : TRY(FilledJson(body, names_));
    request.content_type = step["type"].ToString();
    const bool is_patch = request.method == interaction::Method::kPatch;
    if (request.content_type.empty())
      request.content_type = is_patch                   ? "application/json-patch+json"
                             : request.path[0] == "app" ? "application/json"
                                                        : "application/fhir+json";
  }
  const interaction::Response answer = house_->Send(std::move(request));
  if (!TRY(StatusFits(step["status"], answer.status, names_)))
    return Wrong(fmt::format("{} as {} is answered {}: {}", step["do"].ToString(), as.empty() ? "admin" : as,
                             answer.status, answer.body.substr(0, kAnswerTold)));
  if (!house_->Settle()) return Wrong("the rules did not come to an end");
  TRY(Look(step, answer.body));
  if (!step["where"].present() && !step["let"].present()) return {};
  const auto document = fhir::Document::Parse(answer.body);
  if (!document.ok()) return Wrong("the answer is no JSON, and \"where\" or \"let\" asks it");
  if (step["where"].present())
    TRY(Expect(TRY(Filled(step["where"].ToString(), names_)), document->Root(), "the answer"));
  return Let(step["let"], document->Root());
}

Status Story::Find(fhir::Value step) {
  std::string asked = TRY(Filled(step["find"].ToString(), names_));
  asked += asked.find('?') == std::string::npos ? "?_count=1000" : "&_count=1000";
  const interaction::Response answer = house_->Send(TRY(RequestOf("GET " + asked, {})));
  const fhir::Document document = TRY(fhir::Document::Parse(answer.body));
  if (answer.status != 200)
    return Wrong(
        fmt::format("{} is answered {}: {}", asked, answer.status, answer.body.substr(0, kAnswerTold)));
  const fhir::Value entries = document.Root()["entry"];
  const size_t count = entries.size();
  const fhir::Value wanted = step["count"];
  const std::string number = TRY(NumberIn(wanted, names_));
  if (wanted.present() ? number != std::to_string(count) : count == 0)
    return Wrong(fmt::format("there are {} of {}, not {}", count, step["find"].ToString(),
                             wanted.present() ? number : "at least one"));
  for (const fhir::Value entry : entries) {
    if (step["where"].present())
      TRY(Expect(TRY(Filled(step["where"].ToString(), names_)), entry["resource"], "what was found"));
  }
  return count == 0 ? Status() : Let(step["let"], entries.At(0)["resource"]);
}

Status Story::Move(fhir::Value step) {
  const Instant now_us = house_->clock().NowUs();
  const Instant then_us =
      step["at"].present()
          ? TRY(ParseDateRange(TRY(Filled(step["at"].ToString(), names_)), CityOffsetMin())).low_us
          : now_us + TRY(DurationUs(step["after"].ToString()));
  if (then_us < now_us) return Wrong("the clock does not go back");
  house_->clock().Set(then_us);
  return house_->Settle() ? Status() : Status(Wrong("rules or timers did not come to an end"));
}

Status Story::Step(fhir::Value step) {
  if (step["do"].present()) return Ask(step);
  if (step["find"].present()) return Find(step);
  if (step["after"].present() || step["at"].present()) return Move(step);
  return Wrong("is no step: it has \"do\", \"find\", \"after\" or \"at\"");
}

/// Plays one row of one case; what fails is told with its line.
Status PlayOne(const Stage& stage, const fhir::JsonFile& file, size_t number, fhir::Value row) {
  const fhir::Value story = file.root()["cases"].At(number);
  Names names;
  for (const fhir::Value member : row) names[std::string(member.name_text())] = std::string(member.Json());
  Story played(stage, std::move(names));
  const auto at = [&](std::string path, const Error& why) {
    const fhir::Place place = file.At(path);
    return Wrong(fmt::format("{}:{}:{}: case \"{}\"{}{}: {}", file.name(), place.line, place.column,
                             story["name"].ToString(), row.present() ? " with " : "",
                             row.present() ? row.Json() : std::string_view(), why.external));
  };
  const std::string path = fmt::format("cases[{}]", number);
  if (Status begun = played.Begin(story); !begun.ok()) return at(path, begun.error());
  for (size_t i = 0; i < story["steps"].size(); ++i) {
    if (Status done = played.Step(story["steps"].At(i)); !done.ok())
      return at(fmt::format("{}.steps[{}]", path, i), done.error());
  }
  return {};
}

Status PlayFile(const Stage& stage, const CaseOptions& options, std::string name, std::string_view text,
                CaseReport* report) {
  const fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::string(text)));
  const fhir::Value cases = file.root()["cases"];
  if (!cases.is_array() || cases.size() == 0) return Wrong(file.name() + ": has no cases");
  for (size_t i = 0; i < cases.size(); ++i) {
    const fhir::Value story = cases.At(i);
    if (story["name"].ToString().find(options.only) == std::string::npos) continue;
    if (story["steps"].size() == 0) {
      report->failures.push_back(fmt::format("{}:{}: a case without steps tells nothing", file.name(),
                                             file.At(fmt::format("cases[{}]", i)).line));
      continue;
    }
    const size_t rows = std::max<size_t>(1, story["with"].size());
    for (size_t row = 0; row < rows; ++row) {
      ++report->played;
      if (Status played = PlayOne(stage, file, i, story["with"].At(row)); !played.ok())
        report->failures.push_back(played.error().external);
    }
  }
  return {};
}

}  // namespace

Result<CaseReport> PlayCases(std::shared_ptr<const app::PackSet> set, std::string_view pack,
                             const CaseOptions& options) {
  Stage stage;
  stage.packs = std::move(set);
  stage.definitions = TRY(app::LoadDefinitions(stage.packs->packs(), {}));
  stage.posts = TRY(access::Posts::BuiltIn());
  stage.log_url = options.log_url;
  const std::vector<app::App> apps = TRY(app::LoadPacks(*stage.definitions, stage.packs->packs(), {}));
  access::Policies policies = *access::Policies::BuiltIn();
  for (const access::PackPost& post : app::PostsOf(apps)) {
    TRY(stage.posts.Add(post));
    TRY(policies.Add(post));
  }
  stage.policies = std::make_shared<const access::Policies>(std::move(policies));
  CaseReport report;
  for (const app::Pack& each : stage.packs->packs()) {
    if (each.id != pack) continue;
    for (const app::File& file : each.files) {
      if (!file.path.starts_with("tests/") || !file.path.ends_with(".case.json")) continue;
      TRY(PlayFile(stage, options, each.NameOf(file.path), file.content, &report));
    }
  }
  return report;
}

}  // namespace tk::server
