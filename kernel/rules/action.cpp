#include "kernel/rules/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/city_time.h"
#include "kernel/fhir/validate.h"
#include "kernel/rules/targets.h"
#include "kernel/rules/transition_action.h"
#include "kernel/rules/update_action.h"

namespace tk::rules {

using fhir::path::Collection;
using fhir::path::Environment;
using fhir::path::Expression;
using fhir::path::Item;

namespace {

std::string NameOf(std::string_view type, std::string_view id) { return fmt::format("{}/{}", type, id); }

constexpr std::string_view kEachName = "each", kCreatedName = "created";
constexpr size_t kUnlessMax = 10;

constexpr std::string_view kPatientOf = "Patient/";

bool IsStamp(std::string_view url) {
  return url == kRuleExtension || url == kDepthExtension || url == kCauseExtension;
}

}  // namespace

const Collection* Performance::Names::Find(std::string_view name) const {
  static const Collection kNothing;
  if (const Collection* const known = HeadVariables::Find(name)) return known;
  if (!name.starts_with(kCreatedName) || name.size() == kCreatedName.size()) return nullptr;
  const std::string_view number = name.substr(kCreatedName.size());
  return number.find_first_not_of("0123456789") == std::string_view::npos ? &kNothing : nullptr;
}

Performance::Performance(Scene scene)
    : scene_(std::move(scene)), names_(*scene_.head, scene_.depth + 1, scene_.now_us) {
  environment_.definitions = scene_.definitions;
  environment_.resource = scene_.resource;
  environment_.now_us = scene_.now_us;
  environment_.offset_min = CityOffsetMin();
  environment_.variables = scene_.variables;
  environment_.more_variables = &names_;
  if (scene_.before != nullptr) {
    environment_.variables.emplace_back(
        "before", Collection{fhir::path::ResourceItem(*scene_.definitions, scene_.before->document.Root())});
  }
  context_ = fhir::path::ResourceItem(*scene_.definitions, scene_.resource);
}

/// With who made it, how deep in a cascade and because of what, in place of what it said of that before.
Result<fhir::Document> Performance::Stamped(const std::string& json) const {
  fhir::Document document = TRY(fhir::Document::Parse(json));
  const fhir::Value root = document.Root();
  const fhir::TypeId type = scene_.definitions->FindType(root["resourceType"].ToString());
  if (scene_.definitions->FindElement(type, fhir::Names::Find("extension")) == nullptr) return document;
  std::string list;
  fhir::JsonWriter out(&list);
  out.Array();
  out.Object().Member("url", kRuleExtension).Member("valueString", scene_.head->name()).End();
  out.Object().Member("url", kDepthExtension).Key("valueInteger").Int(scene_.depth + 1).End();
  if (!scene_.cause.empty()) {
    out.Object().Member("url", kCauseExtension).Key("valueReference").Object();
    out.Member("reference", scene_.cause).End().End();
  }
  const fhir::Value extension = root["extension"];
  for (const fhir::Value each : extension) {
    if (!IsStamp(each["url"].ToString())) out.Raw(each.Json());
  }
  out.End();
  const auto at = [&](fhir::Value value) {
    return static_cast<uint32_t>(value.Json().data() - document.Text().data());
  };
  const auto size = [](fhir::Value value) { return static_cast<uint32_t>(value.Json().size()); };
  std::vector<fhir::TextEdit> edits;
  if (extension.present()) {
    edits.push_back({at(extension), size(extension), std::move(list)});
  } else {
    const fhir::Value before = root["id"].present() ? root["id"] : root["resourceType"];
    edits.push_back({at(before) + size(before), 0, R"(,"extension":)" + list});
  }
  return fhir::Document::Parse(TRY(fhir::ApplyEdits(document.Text(), edits)));
}

Result<std::string> Performance::Meant(std::string_view patient) const {
  const std::string id = scene_.resource["id"].ToString();
  if (!scene_.reach.meant || id.empty()) return std::string(patient);
  return scene_.reach.meant(scene_.resource["resourceType"].ToString(), id, patient);
}

namespace {

/// All references to a Patient in it.
void AppendPatients(fhir::Value value, std::vector<fhir::Value>* out) {
  if (value.name_text() == "reference" && value.ToString().starts_with(kPatientOf)) out->push_back(value);
  for (const fhir::Value each : value) AppendPatients(each, out);
}

}  // namespace

Result<fhir::Document> WithPatients(
    fhir::Document document, const std::function<Result<std::string>(std::string_view patient)>& meant) {
  std::vector<fhir::Value> patients;
  AppendPatients(document.Root(), &patients);
  std::vector<fhir::TextEdit> edits;
  for (const fhir::Value each : patients) {
    const std::string said = each.ToString();
    const std::string who = TRY(meant(said));
    if (who == said) continue;
    edits.push_back({static_cast<uint32_t>(each.Json().data() - document.Text().data()),
                     static_cast<uint32_t>(each.Json().size()), fmt::format("\"{}\"", who)});
  }
  if (edits.empty()) return document;
  return fhir::Document::Parse(TRY(fhir::ApplyEdits(document.Text(), edits)));
}

Result<std::string> Performance::Create(const Template& resource) {
  const std::string_view type = scene_.definitions->Type(resource.type()).name;
  const std::string id = scene_.new_id();
  fhir::Document document = TRY(Stamped(TRY(resource.Render(environment_, context_, id))));
  if (scene_.reach.meant)
    document =
        TRY(WithPatients(std::move(document), [this](std::string_view patient) { return Meant(patient); }));
  std::string name = NameOf(type, id);
  Put(name, &opened_[name], std::move(document));
  environment_.variables.emplace_back(fmt::format("{}{}", kCreatedName, created_++),
                                      Collection{TextItem(name)});
  return name;
}

Result<Performance::Opened*> Performance::Open(std::string_view type, std::string_view id) {
  const std::string name = NameOf(type, id);
  const auto at = opened_.find(name);
  if (at != opened_.end()) return &at->second;
  view::ResourcePtr before = TRY(scene_.read(type, id));
  return &opened_.emplace(name, Opened{std::move(before), nullptr}).first->second;
}

void Performance::Put(const std::string& name, Opened* opened, fhir::Document now) {
  if (opened->now == nullptr)
    written_.push_back(name);
  else
    former_.push_back(std::move(opened->now));
  opened->now = std::make_shared<const fhir::Document>(std::move(now));
}

Result<fhir::Value> Performance::Now(std::string_view type, std::string_view id) {
  const Opened* const opened = TRY(Open(type, id));
  if (opened->now != nullptr) return opened->now->Root();
  return opened->before != nullptr ? opened->before->document.Root() : fhir::Value();
}

Status Performance::Update(std::string_view type, std::string_view id, fhir::Document now) {
  Opened* const opened = TRY(Open(type, id));
  if (opened->before == nullptr && opened->now == nullptr)
    return MakeError(ErrorCode::kInvalid, fmt::format("the {} that is to be changed is not there", type));
  Put(NameOf(type, id), opened, TRY(Stamped(std::string(now.Text()))));
  return {};
}

bool Performance::HasMade(std::string_view type, std::string_view id) const {
  const auto at = opened_.find(NameOf(type, id));
  return at != opened_.end() && at->second.before == nullptr && at->second.now != nullptr;
}

Result<view::ResourcePtr> Performance::NowAsVersion(std::string_view type, std::string_view id) {
  const Opened* const opened = TRY(Open(type, id));
  if (opened->now == nullptr) return opened->before;
  return view::MakeResource(*scene_.definitions, TRY(fhir::Document::Parse(opened->now->Text())),
                            opened->before == nullptr ? 1 : opened->before->version,
                            view::Operation::kUpdate);
}

void Performance::UseEach(const Item* item) {
  std::erase_if(environment_.variables, [](const auto& variable) { return variable.first == kEachName; });
  if (item != nullptr) environment_.variables.emplace_back(kEachName, Collection{*item});
}

Status Performance::Adopt(Write write) {
  const fhir::Value root = write.now.Root();
  const std::string name = NameOf(root["resourceType"].ToString(), root["id"].ToString());
  // Opened here before, it keeps the version that stands at the basis.
  Opened& opened = opened_.emplace(name, Opened{std::move(write.before), nullptr}).first->second;
  Put(name, &opened, std::move(write.now));
  opened.adopted = opened.now;
  return {};
}

const fhir::Document* Performance::Adopted(std::string_view type, std::string_view id) const {
  const auto at = opened_.find(NameOf(type, id));
  return at == opened_.end() ? nullptr : at->second.adopted.get();
}

std::vector<Write> Performance::Writes() const {
  std::vector<Write> writes;
  for (const std::string& name : written_) {
    const Opened& opened = opened_.find(name)->second;
    writes.push_back({opened.before, *opened.now});
  }
  return writes;
}

namespace {

class CreateAction : public Action {
 public:
  explicit CreateAction(Template resource) : resource_(std::move(resource)) {}
  bool Creates() const override { return true; }
  std::vector<fhir::TypeId> Writes() const override { return {resource_.type()}; }
  Status Perform(Performance* performance) const override {
    TRY(performance->Create(resource_));
    return {};
  }

 private:
  const Template resource_;
};

/// What the platform alone decides: which records are one person's.
Status CheckOpenToRules(const fhir::Definitions& definitions, fhir::TypeId type) {
  if (definitions.Type(type).name != "Linkage") return {};
  return MakeIssue(ErrorCode::kInvalid, "value", {}, "Linkage is written by the person index alone");
}

Result<std::unique_ptr<const Action>> ParseCreate(const ActionScope& scope, fhir::Value json) {
  Template resource = TRY(Template::Compile(*scope.definitions, scope.context, json));
  TRY(CheckOpenToRules(*scope.definitions, resource.type()));
  return std::unique_ptr<const Action>(std::make_unique<CreateAction>(std::move(resource)));
}

Result<std::unique_ptr<const Action>> ParseRaise(const ActionScope& scope, fhir::Value json) {
  if (!json["code"].present())
    return MakeIssue(ErrorCode::kInvalid, "required", "code", "is missing: say what the flag tells");
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "Flag");
  if (!json["status"].present()) out.Member("status", "active");
  for (const fhir::Value member : json) out.Key(member.name_text()).Raw(member.Json());
  if (!json["subject"].present()) {
    const bool is_patient =
        scope.context != fhir::kNoType && scope.definitions->Type(scope.context).name == "Patient";
    if (is_patient)
      out.Key("subject").Object().Member("reference", "='Patient/' + id").End();
    else
      out.Member("subject", "=subject");
  }
  if (!json["period"].present()) out.Key("period").Object().Member("start", "=%now").End();
  out.End();
  const fhir::Document flag = TRY(fhir::Document::Parse(text));
  return ParseCreate(scope, flag.Root());
}

/// Reads one action of a list, with what stands around it.
class StepReader {
 public:
  using Kinds = std::map<std::string, Vocabulary::ParseAction, std::less<>>;
  StepReader(const ActionScope& scope, const Kinds& kinds, fhir::JsonFile* file)
      : scope_(scope), kinds_(kinds), file_(*file) {
    for (const auto& [name, parse] : kinds) names_.push_back(name);
  }

  /// Without an action where that is wrong; what is wrong is noted.
  Vocabulary::Step Read(fhir::Value action, const std::string& at) {
    Vocabulary::Step step;
    size_t said = 0;
    for (const fhir::Value member : action) {
      const std::string name(member.name_text());
      if (name == "unless") {
        ReadUnless(member, at + ".unless", &step);
      } else if (name == "when" || name == kEachName) {
        ReadFrame(member, name, at, &step);
      } else {
        ++said;
        ReadAction(member, name, at, &step);
      }
    }
    if (said != 1)
      file_.Note(at,
                 fmt::format("must name one action, of {}, and may have \"each\", \"when\" and \"unless\"",
                             fmt::join(names_, ", ")));
    CheckCreated(action, at);
    const bool repeats = step.each != nullptr || step.found != nullptr;
    if (step.action != nullptr && step.action->Creates()) created_ = repeats ? kAnyNumber : created_ + 1;
    return step;
  }

 private:
  static constexpr size_t kAnyNumber = kActionsMax * kTargetsMax;

  template <typename T>
  bool Take(Result<T> made, const std::string& path, T* out) {
    if (made.ok())
      *out = std::move(made).value();
    else
      file_.Note(path, made.error());
    return made.ok();
  }

  void ReadUnless(fhir::Value unless, const std::string& path, Vocabulary::Step* step) {
    if (!unless.is_array()) return AddUnless(unless, path, step);
    if (unless.size() == 0 || unless.size() > kUnlessMax)
      file_.Note(path, fmt::format("must be one search, or a list of 1 to {}", kUnlessMax));
    size_t i = 0;
    for (const fhir::Value one : unless) AddUnless(one, fmt::format("{}[{}]", path, i++), step);
  }
  void AddUnless(fhir::Value one, const std::string& path, Vocabulary::Step* step) {
    Targets targets;
    if (Take(Targets::Parse(scope_, one), path, &targets))
      step->unless.push_back(std::make_shared<const Targets>(std::move(targets)));
  }

  /// "when", and "each" of an expression or of a search.
  void ReadFrame(fhir::Value member, const std::string& name, const std::string& at, Vocabulary::Step* step) {
    const std::string path = fmt::format("{}.{}", at, name);
    if (name == kEachName && member.is_object()) {
      for (const fhir::Value known : member) {
        if (known.name_text() != "type" && known.name_text() != "find")
          return file_.Note(fmt::format("{}.{}", path, known.name_text()),
                            "is not known here: each is FHIRPath, or a type and a find");
      }
      if (!member["find"].present())
        return file_.Note(path, "is FHIRPath, or a type and a find: the find is missing");
      Targets found;
      if (Take(Targets::Parse(scope_, member), path, &found))
        step->found = std::make_shared<const Targets>(std::move(found));
      return;
    }
    auto compiled = Expression::Compile(member.ToString(), *scope_.definitions, scope_.context);
    if (!compiled.ok()) return file_.Note(path, compiled.error());
    (name == "when" ? step->when : step->each) =
        std::make_unique<const Expression>(std::move(compiled).value());
  }

  void ReadAction(fhir::Value member, const std::string& name, const std::string& at,
                  Vocabulary::Step* step) {
    const auto kind = kinds_.find(name);
    if (kind == kinds_.end())
      return file_.Note(fmt::format("{}.{}", at, name),
                        fmt::format("is no action: there are {}", fmt::join(names_, ", ")));
    Take(kind->second(scope_, member), fmt::format("{}.{}", at, name), &step->action);
  }

  /// A number that nothing before it can have is a mistake, told before it comes out empty.
  void CheckCreated(fhir::Value action, const std::string& at) {
    const std::string_view text = action.Json();
    const std::string name = fmt::format("%{}", kCreatedName);
    for (size_t i = text.find(name); i != std::string_view::npos; i = text.find(name, i + 1)) {
      size_t number = 0;
      const char* const digits = text.data() + i + name.size();
      if (std::from_chars(digits, text.data() + text.size(), number).ec != std::errc()) continue;
      if (number >= created_)
        file_.Note(at, fmt::format("asks for %{}{}: the actions before it create {}", kCreatedName, number,
                                   created_));
    }
  }

  const ActionScope& scope_;
  const Kinds& kinds_;
  fhir::JsonFile& file_;
  std::vector<std::string_view> names_;
  size_t created_ = 0;  // by the actions before
};

}  // namespace

Vocabulary::Vocabulary() {
  Add("create", ParseCreate);
  Add("raise", ParseRaise);
  Add("update", ParseUpdate);
  Add("transition", ParseTransition);
}

void Vocabulary::Add(std::string name, ParseAction parse) { kinds_[std::move(name)] = std::move(parse); }

const Vocabulary& OwnVocabulary() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

Actions Vocabulary::Parse(const ActionScope& scope, fhir::JsonFile* file, const std::string& path,
                          fhir::Value list) const {
  Actions actions;
  if (!list.is_array() || list.size() == 0 || list.size() > kActionsMax) {
    file->Note(path, fmt::format("must be a list of 1 to {} actions", kActionsMax));
    return actions;
  }
  StepReader reader(scope, kinds_, file);
  for (size_t i = 0; i < list.size(); ++i) {
    Step step = reader.Read(list.At(i), fmt::format("{}[{}]", path, i));
    if (step.action != nullptr) actions.push_back(std::move(step));
  }
  return actions;
}

bool AreInOrder(const Actions& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const Vocabulary::Step& step) {
    return !step.unless.empty() || step.found != nullptr || step.action->Changes();
  });
}

namespace {

Result<bool> IsLeftOut(const Vocabulary::Step& step, Performance* performance) {
  if (step.when != nullptr && !TRY(step.when->Test(performance->environment(), performance->context())))
    return true;
  for (const auto& unless : step.unless) {
    if (!TRY(unless->Find(performance)).empty()) return true;
  }
  return false;
}

Status PerformOnce(const Vocabulary::Step& step, Performance* performance) {
  if (!TRY(IsLeftOut(step, performance))) return step.action->Perform(performance);
  if (step.action->Creates()) performance->PassOverCreated();
  return {};
}

Status PerformEach(const Vocabulary::Step& step, Performance* performance) {
  Collection items;
  TRY(step.each->Evaluate(performance->environment(), performance->context(), &items));
  if (items.size() > kTargetsMax)
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("an action would be done for each of more than {}", kTargetsMax));
  for (const Item& item : items) {
    performance->UseEach(&item);
    TRY(PerformOnce(step, performance));
  }
  performance->UseEach(nullptr);
  return {};
}

/// As earlier actions left them: what one of them took away is passed over.
Status PerformFound(const Vocabulary::Step& step, Performance* performance) {
  const fhir::Definitions& definitions = *performance->scene().definitions;
  const std::string_view type = definitions.Type(step.found->type()).name;
  for (const std::string& id : TRY(step.found->Find(performance))) {
    const view::ResourcePtr found = TRY(performance->NowAsVersion(type, id));
    if (found == nullptr) continue;
    const Item item = fhir::path::ResourceItem(definitions, found->document.Root());
    performance->UseEach(&item);
    TRY(PerformOnce(step, performance));
  }
  performance->UseEach(nullptr);
  return {};
}

}  // namespace

Status Perform(const Actions& actions, Performance* performance) {
  for (const Vocabulary::Step& step : actions) {
    if (step.found != nullptr)
      TRY(PerformFound(step, performance));
    else
      TRY(step.each == nullptr ? PerformOnce(step, performance) : PerformEach(step, performance));
  }
  return {};
}

std::string TargetOf(const Item& item) {
  std::string text;
  if (item.node.is_object()) {
    text = item.node["reference"].ToString();
    if (text.empty() && item.node["resourceType"].present())
      text = NameOf(item.node["resourceType"].ToString(), item.node["id"].ToString());
  } else if (item.node.is_string()) {
    text = item.node.ToString();
  } else if (const std::string* computed = std::get_if<std::string>(&item.computed)) {
    text = *computed;
  }
  if (const size_t history = text.find("/_history/"); history != std::string::npos) text.resize(history);
  const size_t slash = text.find('/');
  const bool is_relative = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                           text.find('/', slash + 1) == std::string::npos &&
                           text.find(':') == std::string::npos;
  return is_relative ? text : std::string();
}

std::function<Result<view::ResourcePtr>(std::string_view, std::string_view)> ReaderAt(
    const view::Engine* engine, view::Position basis) {
  return [engine, basis](std::string_view type, std::string_view id) -> Result<view::ResourcePtr> {
    const auto version = engine->directory().Current(engine->IdHash(type, id), basis);
    if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
    return engine->Read(version.ordinal);
  };
}

Result<std::unique_ptr<view::ChangeSet>> MakeChangeSet(const view::Engine& engine, uint64_t key,
                                                       const view::Position& basis,
                                                       const std::vector<Write>& writes,
                                                       const Completing& complete) {
  const fhir::Definitions& definitions = engine.definitions();
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = basis;
  set->key = key;
  for (const Write& write : writes) {
    const fhir::Value root = write.now.Root();
    TRY(fhir::CheckValid(definitions, root));
    const uint32_t version = write.before == nullptr ? 0 : write.before->version;
    set->guards.push_back(
        {engine.IdHash(root["resourceType"].ToString(), root["id"].ToString()), version, {}, 0});
    view::Change change;
    change.before = write.before;
    change.now = TRY(
        view::MakeResource(definitions, write.now, version + 1,
                           write.before == nullptr ? view::Operation::kCreate : view::Operation::kUpdate));
    set->changes.push_back(std::move(change));
  }
  if (complete) TRY(complete(basis, set.get()));
  TRY(engine.Prepare(set.get()));
  return set;
}

}  // namespace tk::rules
