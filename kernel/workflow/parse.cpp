// Reads workflow files. All that is wrong is noted before anything is refused, so that it can be mended at once.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kernel/rules/targets.h"
#include "kernel/workflow/workflow.h"

namespace tk::workflow {
namespace {

using fhir::path::Expression;

constexpr std::array<std::string_view, 10> kInputTypes = {
    "boolean", "code", "date", "dateTime", "decimal", "integer", "Reference", "string", "time", "uri"};
constexpr std::array<std::string_view, 11> kInputMembers = {"name",  "title",  "type",   "required",
                                                            "codes", "to",     "exists", "same_person",
                                                            "where", "unless", "message"};
/// Names that expressions have besides; no input may take one.
constexpr std::array<std::string_view, 8> kOwnNames = {"account", "before", "depth",  "late",
                                                       "now",     "post",   "reason", "user"};

/// One file on its way to a workflow.
class Reading {
 public:
  Reading(const ParseContext& context, fhir::JsonFile* file, Workflow* out)
      : context_(context), file_(*file), root_(file->root()), out_(*out) {}

  void Read() {
    out_.head = rules::ReadHead(&file_, context_.app, context_.settings, rules::Wants::kSource);
    ReadSubject();
    ReadStateElement();
    ReadStates();
    ReadTransitions();
    CheckLimits();
    CheckWays();
  }

 private:
  Words ReadWords(fhir::Value value, const std::string& path) {
    Words words{value["zh-CN"].ToString(), value["en"].ToString()};
    if (words.zh.empty() || words.en.empty()) file_.Note(path, "needs zh-CN and en");
    return words;
  }

  std::unique_ptr<const Expression> Compile(const std::string& text, const std::string& path) {
    auto compiled = Expression::Compile(text, *context_.definitions, out_.type);
    if (compiled.ok()) return std::make_unique<const Expression>(std::move(compiled).value());
    file_.Note(path, compiled.error());
    return nullptr;
  }

  rules::Actions ReadActions(fhir::Value list, const std::string& path) {
    if (!list) return {};
    const rules::ActionScope scope{context_.definitions, context_.app, out_.type};
    return context_.vocabulary->Parse(scope, &file_, path, list);
  }

  void ReadSubject() {
    const fhir::Value subject = root_["for"];
    out_.type = context_.definitions->FindType(subject["type"].ToString());
    if (!context_.definitions->IsResource(out_.type)) {
      out_.type = fhir::kNoType;
      file_.Note("for.type", "names no resource type");
    }
    if (const fhir::Value where = subject["where"]) out_.where = Compile(where.ToString(), "for.where");
  }

  /// The element's type decides how the state is written there.
  void ReadStateElement() {
    const fhir::Value state = root_["state"];
    out_.element = state["element"].ToString();
    out_.system = state["system"].ToString();
    if (out_.type == fhir::kNoType) return;
    const auto* const element = context_.definitions->FindElement(out_.type, fhir::Names::Find(out_.element));
    const std::string_view type =
        element == nullptr || element->max != 1 ? "" : context_.definitions->Type(element->type).name;
    out_.is_concept = type == "CodeableConcept";
    if (type != "code" && type != "CodeableConcept" && type != "Coding")
      file_.Note("state.element",
                 "names no single element of type code, CodeableConcept or Coding of this type");
    else if (out_.system.empty() != (type == "code"))
      file_.Note("state.system", type == "code" ? "is only for a CodeableConcept or Coding: leave it out"
                                                : "is missing: the code system of the states");
  }

  void ReadStates() {
    size_t i = 0;
    std::set<std::string> seen, kept{out_.element};
    for (const fhir::Value state : root_["states"]) {
      const std::string path = fmt::format("states[{}]", i++);
      if (i > kStatesMax) return file_.Note(path, fmt::format("is one too many: at most {}", kStatesMax));
      State& made = out_.states.emplace_back();
      made.code = state["code"].ToString();
      if (made.code.empty() || !seen.insert(made.code).second)
        file_.Note(path + ".code", made.code.empty() ? "is missing" : "is there twice");
      made.title = ReadWords(state["title"], path + ".title");
      made.initial = state["initial"].IsTrue();
      made.final = state["final"].IsTrue();
      for (const fhir::Value member : state["set"]) {
        const std::string name(member.name_text());
        if (out_.type != fhir::kNoType &&
            context_.definitions->FindElement(out_.type, fhir::Names::Find(name)) == nullptr)
          file_.Note(path + ".set." + name, "names no element of the type");
        if (name == "extension" || name == out_.element)
          file_.Note(path + ".set." + name, "is the platform's own: leave it out");
        made.set.emplace_back(name, std::string(member.Json()));
        kept.insert(name);
      }
      ReadLimits(state, path, &made);
    }
    if (out_.states.empty()) file_.Note("states", "is missing");
    out_.kept.assign(kept.begin(), kept.end());
  }

  void ReadLimits(fhir::Value state, const std::string& path, State* made) {
    size_t i = 0;
    for (const fhir::Value limit : state["limits"]) {
      const std::string at = fmt::format("{}.limits[{}]", path, i++);
      if (i > kLimitsMax) return file_.Note(at, fmt::format("is one too many: at most {}", kLimitsMax));
      Limit& one = made->limits.emplace_back();
      one.after = ReadSpan(&file_, limit["after"], at + ".after", context_.settings);
      one.title = ReadWords(limit["title"], at + ".title");
      one.move = limit["move"].ToString();
      one.actions = ReadActions(limit["do"], at + ".do");
      if (one.move.empty() == one.actions.empty())
        file_.Note(at, "needs do, or move, and not both: what a move does stands with its transition");
    }
    if (made->final && !made->limits.empty())
      file_.Note(path + ".limits", "are of no use in a final state: nothing is waited for there");
  }

  void ReadTransitions() {
    size_t i = 0;
    std::set<std::string> seen;
    for (const fhir::Value transition : root_["transitions"]) {
      const std::string path = fmt::format("transitions[{}]", i++);
      if (i > kTransitionsMax)
        return file_.Note(path, fmt::format("is one too many: at most {}", kTransitionsMax));
      Transition& made = out_.transitions.emplace_back();
      made.code = transition["code"].ToString();
      const bool is_own = made.code == "undo" || made.code == "moved";
      if (made.code.empty() || is_own || !seen.insert(made.code).second)
        file_.Note(path + ".code", made.code.empty() ? "is missing"
                                   : is_own          ? "is the platform's own: choose another"
                                                     : "is there twice");
      made.title = ReadWords(transition["title"], path + ".title");
      ReadFromTo(transition, path, &made);
      ReadPosts(transition, path, &made);
      ReadGuards(transition, path, &made);
      ReadInputs(transition, path, &made);
      const std::string reason = transition["reason"].ToString();
      made.wants_reason = reason == "required";
      if (!reason.empty() && reason != "required" && reason != "optional")
        file_.Note(path + ".reason", "may be required or optional");
      if (const fhir::Value undo = transition["undo"])
        made.undo = ReadSpan(&file_, undo, path + ".undo", context_.settings);
      made.actions = ReadActions(transition["do"], path + ".do");
    }
  }

  void ReadFromTo(fhir::Value transition, const std::string& path, Transition* made) {
    size_t i = 0;
    for (const fhir::Value from : transition["from"]) {
      made->from.push_back(from.ToString());
      const State* const state = out_.FindState(made->from.back());
      if (state == nullptr)
        file_.Note(fmt::format("{}.from[{}]", path, i), "names no state of this workflow");
      else if (state->final)
        file_.Note(fmt::format("{}.from[{}]", path, i), "is a final state: nothing leads out of it");
      ++i;
    }
    if (made->from.empty()) file_.Note(path + ".from", "is missing: the states that it leads out of");
    made->to = transition["to"].ToString();
    if (!made->to.empty() && out_.FindState(made->to) == nullptr)
      file_.Note(path + ".to", "names no state of this workflow");
  }

  void ReadPosts(fhir::Value transition, const std::string& path, Transition* made) {
    size_t i = 0;
    for (const fhir::Value post : transition["posts"]) {
      made->posts.push_back(post.ToString());
      const std::string& name = made->posts.back();
      if (name != "*" && name != kPlatformPost &&
          std::find(context_.posts.begin(), context_.posts.end(), name) == context_.posts.end())
        file_.Note(fmt::format("{}.posts[{}]", path, i),
                   "is no post that is known here: posts stand in posts.toml, or in the pack's posts/");
      ++i;
    }
    if (made->posts.empty()) file_.Note(path + ".posts", "is missing: who may do it");
  }

  void ReadGuards(fhir::Value transition, const std::string& path, Transition* made) {
    size_t i = 0;
    for (const fhir::Value guard : transition["guard"]) {
      const std::string at = fmt::format("{}.guard[{}]", path, i++);
      made->guards.push_back(
          {Compile(guard["where"].ToString(), at + ".where"), ReadWords(guard["message"], at + ".message")});
    }
  }

  void ReadInputs(fhir::Value transition, const std::string& path, Transition* made) {
    size_t i = 0;
    std::set<std::string> seen(kOwnNames.begin(), kOwnNames.end());
    for (const auto& [name, items] : out_.head.variables) seen.insert(name);
    for (const fhir::Value input : transition["inputs"]) {
      const std::string at = fmt::format("{}.inputs[{}]", path, i++);
      if (i > kInputsMax) return file_.Note(at, fmt::format("is one too many: at most {}", kInputsMax));
      Input& one = made->inputs.emplace_back();
      one.name = input["name"].ToString();
      one.type = input["type"].ToString();
      one.title = ReadWords(input["title"], at + ".title");
      one.required = input["required"].IsTrue();
      for (const fhir::Value code : input["codes"]) one.codes.push_back(code.ToString());
      if (one.name.empty() || fhir::path::IsOwnVariable(one.name) || !seen.insert(one.name).second)
        file_.Note(at + ".name", "is missing, or is taken (by another input, a constant or the language)");
      if (std::find(kInputTypes.begin(), kInputTypes.end(), one.type) == kInputTypes.end())
        file_.Note(at + ".type", fmt::format("must be one of: {}", fmt::join(kInputTypes, ", ")));
      ReadReference(input, at, &one);
    }
  }

  /// What a Reference must lead to.
  void ReadReference(fhir::Value input, const std::string& at, Input* one) {
    for (const fhir::Value member : input) {
      const auto known = std::find(kInputMembers.begin(), kInputMembers.end(), member.name_text());
      if (known == kInputMembers.end())
        file_.Note(fmt::format("{}.{}", at, member.name_text()),
                   fmt::format("is not known here: an input has {}", fmt::join(kInputMembers, ", ")));
      else if (one->type != "Reference" && known - kInputMembers.begin() > 4)
        file_.Note(fmt::format("{}.{}", at, member.name_text()), "is for an input of the type Reference");
    }
    for (const fhir::Value to : input["to"]) one->to.push_back(to.ToString());
    one->same_person = input["same_person"].IsTrue();
    one->exists = input["exists"].IsTrue() || one->same_person || input["where"].present();
    for (size_t i = 0; i < one->to.size(); ++i) CheckTo(*one, one->to[i], fmt::format("{}.to[{}]", at, i));
    if (one->same_person && one->to.empty())
      file_.Note(at + ".same_person", "needs \"to\": the types that it may lead to");
    if (one->same_person && !HasElement("subject") && !HasElement("patient") && !HasElement("for"))
      file_.Note(at + ".same_person", "cannot be asked: the governed type has no subject, patient or for");
    if (const fhir::Value where = input["where"]) {
      const auto type = one->to.size() == 1 ? context_.definitions->FindType(one->to[0]) : fhir::kNoType;
      auto compiled = Expression::Compile(where.ToString(), *context_.definitions, type);
      if (compiled.ok())
        one->where = std::make_shared<const Expression>(std::move(compiled).value());
      else
        file_.Note(at + ".where", compiled.error());
    }
    if (const fhir::Value unless = input["unless"]) {
      auto targets = rules::Targets::Parse({context_.definitions, context_.app, out_.type}, unless);
      if (!targets.ok())
        file_.Note(at + ".unless", targets.error());
      else if (!unless["find"].present())
        file_.Note(at + ".unless", "is a type and a find");
      else
        one->unless = std::make_shared<const rules::Targets>(std::move(targets).value());
    }
    if (input["where"].present() || input["unless"].present())
      one->message = ReadWords(input["message"], at + ".message");
  }

  void CheckTo(const Input& one, const std::string& to, const std::string& at) {
    const fhir::TypeId type = context_.definitions->FindType(to);
    if (!context_.definitions->IsResource(type))
      file_.Note(at, "names no resource type");
    else if (one.same_person && context_.definitions->FindSearchParameter(type, "patient") == nullptr)
      file_.Note(at, "cannot be asked whose it is: the type has no search parameter \"patient\"");
  }

  bool HasElement(std::string_view name) const {
    return out_.type != fhir::kNoType &&
           context_.definitions->FindElement(out_.type, fhir::Names::Find(name)) != nullptr;
  }

  /// Moves of limits must be ways that the platform may go from that very state.
  void CheckLimits() {
    for (size_t i = 0; i < out_.states.size(); ++i) {
      for (size_t k = 0; k < out_.states[i].limits.size(); ++k) {
        const std::string& move = out_.states[i].limits[k].move;
        if (move.empty()) continue;
        const Transition* const way = out_.FindTransition(move);
        const std::string path = fmt::format("states[{}].limits[{}].move", i, k);
        if (way == nullptr || !way->LeavesFrom(out_.states[i].code))
          file_.Note(path, "names no transition out of this state");
        else if (!way->IsFor(kPlatformPost))
          file_.Note(path, "is a transition that timers may not make: add the post platform to it");
      }
    }
  }

  /// Every state is reached from an initial one, and unless it is final something leads out of it.
  void CheckWays() {
    std::set<std::string> reached;
    std::vector<std::string> next;
    for (const State& state : out_.states) {
      if (state.initial) next.push_back(state.code);
    }
    if (next.empty()) file_.Note("states", "has none with \"initial\": true, in which records begin");
    while (!next.empty()) {
      const std::string code = std::move(next.back());
      next.pop_back();
      if (!reached.insert(code).second) continue;
      for (const Transition& transition : out_.transitions) {
        if (!transition.to.empty() && transition.LeavesFrom(code)) next.push_back(transition.to);
      }
    }
    for (size_t i = 0; i < out_.states.size(); ++i) {
      const State& state = out_.states[i];
      if (!reached.contains(state.code))
        file_.Note(fmt::format("states[{}]", i),
                   "cannot be reached: no transition leads there from an initial state");
      const bool leaves =
          std::any_of(out_.transitions.begin(), out_.transitions.end(), [&](const Transition& each) {
            return !each.to.empty() && each.to != state.code && each.LeavesFrom(state.code);
          });
      if (!state.final && !leaves)
        file_.Note(fmt::format("states[{}]", i), "has no way out: add a transition, or \"final\": true");
    }
  }

  const ParseContext& context_;
  fhir::JsonFile& file_;
  const fhir::Value root_;
  Workflow& out_;
};

}  // namespace

Result<Workflow> ParseWorkflow(const ParseContext& context, std::string file, std::string text) {
  Workflow workflow;
  workflow.file = file;
  fhir::JsonFile json = TRY(fhir::JsonFile::Parse(std::move(file), std::move(text)));
  Reading(context, &json, &workflow).Read();
  if (!json.good()) return json.Failure();
  return workflow;
}

}  // namespace tk::workflow
