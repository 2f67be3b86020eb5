#include "kernel/app/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "kernel/app/contents.h"
#include "kernel/app/try_rule.h"
#include "kernel/base/file.h"

namespace tk::app {
namespace {

interaction::Response NotFound(std::string text) {
  return interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, std::move(text)));
}

bool IsRead(const interaction::Request& request) {
  return request.method == interaction::Method::kGet || request.method == interaction::Method::kHead;
}

interaction::Response OnlyRead(std::string_view what) {
  interaction::Response refusal =
      interaction::OutcomeOf(MakeError(ErrorCode::kUnsupported, fmt::format("{} can only be read", what)));
  refusal.status = 405;
  refusal.headers.emplace_back("Allow", "GET, HEAD");
  return refusal;
}

std::vector<rules::Rule> TakeRules(std::vector<App>* apps) {
  std::vector<rules::Rule> all;
  for (App& app : *apps) {
    for (rules::Rule& rule : app.rules) all.push_back(std::move(rule));
    app.rules.clear();
  }
  return all;
}

std::vector<forms::Form> TakeForms(std::vector<App>* apps) {
  std::vector<forms::Form> all;
  for (App& app : *apps) {
    for (forms::Form& form : app.forms) all.push_back(std::move(form));
    app.forms.clear();
  }
  return all;
}

}  // namespace

std::vector<rules::Rule> TakeAlerts(std::vector<App>* apps) {
  std::vector<rules::Rule> all;
  for (App& app : *apps) {
    for (rules::Rule& rule : app.alerts) all.push_back(std::move(rule));
    app.alerts.clear();
  }
  return all;
}

/// What requests are answered from; the rules are the runner's.
struct Runtime::Apps {
  std::vector<App> all;
  const App* Find(std::string_view id) const {
    const auto at = std::find_if(all.begin(), all.end(), [&](const App& each) { return each.id == id; });
    return at == all.end() ? nullptr : &*at;
  }
};

Runtime::~Runtime() = default;

std::shared_ptr<const Runtime::Apps> Runtime::Now() const {
  const std::lock_guard hold(mutex_);
  return apps_;
}

Status Runtime::StartRunner(std::vector<rules::Rule> rules) {
  rules::Runner::Options runner;
  runner.engine = options_.engine;
  runner.index = options_.index;
  runner.folder = options_.folder;
  runner.report = options_.report;
  runner.reach = options_.reach;
  if (options_.interactions != nullptr) {
    runner.complete = [interactions = options_.interactions](const view::Position& basis,
                                                             view::ChangeSet* set) {
      return interactions->Complete(basis, set);
    };
    runner.home = [interactions = options_.interactions](std::string_view patient) {
      return interactions->HomeOf(patient);
    };
  }
  std::shared_ptr<rules::Runner> started = TRY(rules::Runner::Start(runner, std::move(rules)));
  const std::lock_guard hold(mutex_);
  runner_ = std::move(started);
  return {};
}

Result<std::unique_ptr<Runtime>> Runtime::Start(const Options& options, std::vector<App> apps) {
  auto runtime = std::make_unique<Runtime>();
  runtime->options_ = options;
  for (const App& app : apps) {
    const auto code = std::find_if(options.code.begin(), options.code.end(),
                                   [&](const Code& each) { return each.id == app.id; });
    if (code == options.code.end()) continue;
    const std::string folder = fmt::format("{}/{}", options.apps_folder, app.id);
    TRY(MakeFolder(folder));
    runtime->operations_.emplace_back(
        app.id, TRY(code->make({options.engine, options.index, options.interactions, options.clock, folder,
                                runtime->settings_.emplace_back(app.settings), options.report, options.reach,
                                options.timezone_offset_min})));
  }
  std::vector<rules::Rule> rules = TakeRules(&apps);
  if (options.forms != nullptr) options.forms->Set(TakeForms(&apps));
  std::vector<Seed> seeds;
  for (const App& app : apps) seeds.insert(seeds.end(), app.seeds.begin(), app.seeds.end());
  runtime->apps_ = std::make_shared<const Apps>(Apps{std::move(apps)});
  TRY(runtime->StartRunner(std::move(rules)));
  // After the rules: they judge what is sown as they do whatever comes.
  if (options.interactions != nullptr)
    runtime->sower_ = std::make_unique<Sower>(
        Sower::Options{options.engine, options.interactions, options.report}, std::move(seeds));
  return runtime;
}

Status Runtime::Reload(std::vector<App> apps) {
  std::vector<rules::Rule> rules = TakeRules(&apps);
  if (options_.forms != nullptr) options_.forms->Set(TakeForms(&apps));
  auto fresh = std::make_shared<const Apps>(Apps{std::move(apps)});
  std::shared_ptr<rules::Runner> old;
  {
    const std::lock_guard hold(mutex_);
    old = std::move(runner_);
    apps_ = std::move(fresh);
  }
  old.reset();  // ends at its position, from which the next one goes on
  return StartRunner(std::move(rules));
}

rules::Runner::Statistics Runtime::rule_statistics() const {
  const std::lock_guard hold(mutex_);
  return runner_ == nullptr ? rules::Runner::Statistics() : runner_->statistics();
}

bool Runtime::Settle(int timeout_ms) const {
  const int64_t until_us = MonotonicUs() + int64_t{timeout_ms} * 1000;
  while (MonotonicUs() < until_us) {
    const uint64_t head = options_.engine->Head().t;
    if (rule_statistics().t >= head && options_.engine->Head().t == head) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

void Runtime::HandleForms(const App& app, const interaction::Request& request,
                          const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("forms"));
  interaction::Response response;
  std::string list;
  fhir::JsonWriter out(&list);
  out.Object().Key("forms").Array();
  if (options_.forms != nullptr) {
    for (const auto& form : options_.forms->all()) {
      if (form->app != app.id) continue;
      if (request.path.size() == 2 &&
          (form->id == request.path[1] || form->id == app.id + "." + request.path[1])) {
        response.body = std::string(form->questionnaire->Text());
        return done(std::move(response));
      }
      out.Object().Member("id", form->id).Member("url", form->url).Key("version").Int(form->version);
      out.Key("title").Object().Member("zh-CN", form->title_zh).Member("en", form->title_en).End().End();
    }
  }
  if (request.path.size() != 1) return done(NotFound("this app has no such form"));
  out.End().End();
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(list);
  done(std::move(response));
}

void Runtime::HandleRules(const App& app, const interaction::Request& request,
                          const interaction::Done& done) const {
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  const TrialPlace place{options_.engine, options_.interactions, options_.clock, &is_trying_};
  auto answered = AnswerRules(place, app, request);
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandlePacks(const Apps& apps, const interaction::Request& request,
                          const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("what is loaded"));
  auto answered = AnswerPacks(apps.all, request);
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandleFiles(const App& app, const interaction::Request& request,
                          const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("a pack's file"));
  auto answered = AnswerFile(app, request);
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandleIndicators(const App& app, const interaction::Request& request,
                               const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("indicators"));
  if (request.path.size() == 1) {
    interaction::Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = IndicatorsJson(options_.engine->definitions(), app.indicators);
    return done(std::move(response));
  }
  const auto indicator = std::find_if(
      app.indicators.begin(), app.indicators.end(),
      [&](const Indicator& each) { return request.path.size() == 2 && each.id == request.path[1]; });
  if (indicator == app.indicators.end()) return done(NotFound("this app has no such indicator"));
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  auto answered =
      AnswerIndicator(*options_.interactions, *options_.engine, *indicator, request, options_.clock->NowUs());
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandleImports(const App& app, const interaction::Request& request,
                            const interaction::Done& done) const {
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  auto answered =
      AnswerImport(*options_.interactions, *options_.engine, app.imports, request, options_.clock->NowUs());
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

PrintPlace Runtime::PlaceOfPrints() const {
  return {options_.interactions, &options_.engine->definitions(), options_.clock,
          options_.timezone_offset_min};
}

void Runtime::HandlePrints(const App& app, const interaction::Request& request,
                           const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("print forms"));
  if (request.path.size() == 1) {
    interaction::Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = PrintsJson(options_.engine->definitions(), app.prints);
    return done(std::move(response));
  }
  const auto print = std::find_if(app.prints.begin(), app.prints.end(),
                                  [&](const Print& each) { return each.id == request.path[1]; });
  if (print == app.prints.end()) return done(NotFound("this app has no such print form"));
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  auto answered =
      AnswerPrint(PlaceOfPrints(), *print, std::span<const std::string>(request.path).subspan(2), request);
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandleFitting(const Apps& apps, const interaction::Request& request,
                            const interaction::Done& done) const {
  if (!IsRead(request)) return done(OnlyRead("print forms"));
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  std::vector<const Print*> prints;
  for (const App& app : apps.all) {
    for (const Print& print : app.prints) prints.push_back(&print);
  }
  auto answered = FittingPrints(PlaceOfPrints(), prints, request.path, request);
  done(answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error()));
}

void Runtime::HandleLists(std::shared_ptr<const Apps> apps, const App& app, interaction::Request request,
                          interaction::Done done) const {
  if (!IsRead(request)) return done(OnlyRead("lists"));
  const fhir::Definitions& definitions = options_.engine->definitions();
  if (request.path.size() == 1) {
    interaction::Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = ListsJson(definitions, app.lists);
    return done(std::move(response));
  }
  const auto list = std::find_if(app.lists.begin(), app.lists.end(), [&](const List& each) {
    return request.path.size() == 2 && each.id == request.path[1];
  });
  if (list == app.lists.end()) return done(NotFound("this app has no such list"));
  if (options_.interactions == nullptr) return done(NotFound("nothing can be asked here"));
  // The list lives as long as its answer, also when the packs are loaded anew meanwhile.
  AnswerList(*options_.interactions, definitions, *list, std::move(request), options_.clock->NowUs(),
             [apps = std::move(apps), done = std::move(done)](interaction::Response answer) {
               done(std::move(answer));
             });
}

Operations* Runtime::OperationsOf(const App& app) const {
  const auto found = std::find_if(operations_.begin(), operations_.end(),
                                  [&app](const auto& each) { return each.first == app.id; });
  return found == operations_.end() ? nullptr : found->second.get();
}

void Runtime::Handle(interaction::Request request, interaction::Done done) const {
  const std::shared_ptr<const Apps> apps = Now();
  if (request.path.empty()) return HandlePacks(*apps, request, done);
  const bool is_of_all = request.path[0] == App::kTaken;
  const App* const app = apps->Find(request.path[0]);
  if (app == nullptr && !is_of_all) return done(NotFound("no such app is installed here"));
  request.path.erase(request.path.begin());
  // An app sees whom its asker sees: by consents, families, and whose his own record is now.
  if (options_.interactions != nullptr) {
    auto seen = options_.interactions->Seen(request.viewer);
    if (!seen.ok()) return done(interaction::OutcomeOf(seen.error()));
    request.viewer = std::move(seen).value();
  }
  if (is_of_all) return HandleFitting(*apps, request, done);
  const std::string_view part = request.path.empty() ? std::string_view() : request.path[0];
  if (part == "lists") return HandleLists(apps, *app, std::move(request), std::move(done));
  if (part == "forms") return HandleForms(*app, request, done);
  if (part == "rules") return HandleRules(*app, request, done);
  if (part == "files") return HandleFiles(*app, request, done);
  if (part == "prints") return HandlePrints(*app, request, done);
  if (part == "indicators") return HandleIndicators(*app, request, done);
  // An app with C++ that has no such files may call something of its own so (screening's tables, worked off beside the request).
  if (part == "imports" && (!app->imports.empty() || OperationsOf(*app) == nullptr))
    return HandleImports(*app, request, done);
  if (request.path.size() != 1 || request.path[0] != "settings") {
    Operations* const operations = OperationsOf(*app);
    if (operations == nullptr)
      return done(
          NotFound("this app offers: settings, lists, indicators, imports, prints, forms, rules, files"));
    return operations->Handle(std::move(request), std::move(done));
  }
  if (!IsRead(request)) return done(OnlyRead("settings"));
  interaction::Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = app->settings;
  done(std::move(response));
}

}  // namespace tk::app
