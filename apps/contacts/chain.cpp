#include "apps/contacts/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::contacts {
namespace {

using interaction::Request;
using interaction::Response;

struct Asked {
  std::string patient;  // id
  int depth = kDepth;
  bool out = true, in = false;
};

Result<Asked> ReadAsked(const Request& request) {
  Asked asked;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    const std::string& value = parameter.value;
    if (parameter.name == "case") {
      asked.patient = IdOf("Patient", value);
    } else if (parameter.name == "depth") {
      const auto read = std::from_chars(value.data(), value.data() + value.size(), asked.depth);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size() || asked.depth < 1 ||
          asked.depth > kDepthMax)
        return MakeIssue(ErrorCode::kIncorrect, "value", "depth",
                         fmt::format("Give a whole number of 1 to {}.", kDepthMax));
    } else if (parameter.name == "direction") {
      if (value != "out" && value != "in" && value != "both")
        return MakeIssue(ErrorCode::kIncorrect, "value", "direction", "Write out, in or both.");
      asked.out = value != "in";
      asked.in = value != "out";
    } else {
      return interaction::UnknownParameter(parameter.name, "case, depth, direction");
    }
  }
  if (asked.patient.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "case",
                     "Say from whom: ?case=Patient/ and the id of one of his records.");
  return asked;
}

struct Node {
  std::vector<std::string> patients;  // of one person
  std::string shown;                  // the record that the viewer sees; "" he sees none
  int generation = 0;
  bool is_event = false;
  std::string form, onset, tracing, watch, state;
};

struct Edge {
  size_t from = 0, to = 0;
  Live exposure;
  bool is_seen = false;
};

std::optional<int> DaysBetween(const std::string& from, const std::string& to) {
  const auto first = ParseDateRange(from), second = ParseDateRange(to);
  if (from.size() != 10 || to.size() != 10 || !first.ok() || !second.ok()) return std::nullopt;
  return static_cast<int>((second->low_us - first->low_us) / (86'400 * kSecondUs));
}

class Chain {
 public:
  Chain(const app::Context& context, const Request& request, Asked asked)
      : context_(context), scope_(context.interactions->ScopeOf(request.viewer)), asked_(std::move(asked)) {}

  Result<Response> Run() {
    const std::optional<size_t> root = TRY(NodeOf(asked_.patient, 0));
    if (!root || nodes_.front().shown.empty())
      return MakeIssue(ErrorCode::kNotFound, "not-found", "case", "There is no such Patient.");
    while (!waiting_.empty()) {
      const size_t next = waiting_.front();
      waiting_.pop_front();
      TRY(Expand(next));
    }
    return Answer();
  }

 private:
  /// The node of this Patient, made if there is none; nullopt: there is no such record.
  Result<std::optional<size_t>> NodeOf(const std::string& patient, int generation) {
    if (const auto found = by_patient_.find(patient); found != by_patient_.end())
      return std::optional(found->second);
    Node node;
    node.generation = generation;
    node.patients = TRY(PersonOf(context_, patient));
    if (node.patients.empty()) return std::optional<size_t>();
    TRY(CheckRoom());
    for (const std::string& record : node.patients) {
      const Live live = TRY(LiveRecord(context_, "Patient", record));
      if (!InScope(context_, scope_, live)) continue;
      owners_.push_back(context_.engine->directory().Get(live.ordinal).owner);
      if (node.shown.empty()) node.shown = record;
    }
    const size_t number = nodes_.size();
    for (const std::string& record : node.patients) by_patient_.emplace(record, number);
    if (!node.shown.empty()) {
      TRY(Describe(&node));
      waiting_.push_back(number);
    }
    nodes_.push_back(std::move(node));
    return std::optional(number);
  }

  Status CheckRoom() const {
    if (nodes_.size() < kNodesMax) return {};
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("The chain has more than {} persons: ask for fewer steps (depth), one "
                                 "direction, or from another person.",
                                 kNodesMax));
  }
  /// The node of an event that an exposure names; nullopt: it names none.
  Result<std::optional<size_t>> NodeOfEvent(const Live& exposure, int generation) {
    const std::string event = exposure.root()["event"].ToString();
    if (event.empty()) return std::optional<size_t>();
    if (!InScope(context_, scope_, exposure)) return Unseen(generation);
    if (const auto found = by_event_.find(event); found != by_event_.end())
      return std::optional(found->second);
    TRY(CheckRoom());
    Node node;
    node.generation = generation;
    node.is_event = true;
    const size_t number = nodes_.size();
    by_event_.emplace(event, number);
    nodes_.push_back(std::move(node));
    return std::optional(number);
  }
  Result<std::optional<size_t>> Unseen(int generation) {
    TRY(CheckRoom());
    Node node;
    node.generation = generation;
    nodes_.push_back(std::move(node));
    return std::optional(nodes_.size() - 1);
  }

  /// What is known of him as a case and as a contact, as far as it is seen.
  Status Describe(Node* node) const {
    const std::string who = std::string(kPatient) + node->shown;
    for (const Live& each : TRY(Find(context_, "TracingCase", who, ""))) {
      if (!InScope(context_, scope_, each)) continue;
      const bool is_open = each.root()["status"].ToString() == "open";
      if (!node->tracing.empty() && !is_open) continue;
      node->tracing = "TracingCase/" + each.record->id;
      node->form = each.root()["form"].ToString();
      node->onset = each.root()["onset"].ToString();
    }
    for (const Live& each : TRY(Find(context_, "ContactWatch", who, ""))) {
      if (!InScope(context_, scope_, each)) continue;
      const std::string state = each.root()["status"].ToString();
      if (!node->watch.empty() && state != "observation") continue;
      node->watch = "ContactWatch/" + each.record->id;
      node->state = state;
    }
    return {};
  }

  Status Expand(size_t number) {
    const int generation = nodes_[number].generation;
    const std::vector<std::string> patients = nodes_[number].patients;
    const std::string who = std::string(kPatient) + patients.front();
    if (asked_.out && generation >= 0 && generation < asked_.depth) {
      for (Live& each : TRY(NamedBy(who, patients)))
        TRY(Add(std::move(each), number, std::nullopt, generation + 1));
    }
    if (asked_.in && generation <= 0 && -generation < asked_.depth) {
      for (Live& each : TRY(Find(context_, "Exposure", who, "status=active")))
        TRY(Add(std::move(each), std::nullopt, number, generation - 1));
    }
    return {};
  }

  /// The exposures to him: those that name a record of his while it was his, and those that his cases and observations named, by whichever record that was.
  Result<std::vector<Live>> NamedBy(const std::string& who, const std::vector<std::string>& patients) const {
    std::vector<Live> all;
    for (Live& each : TRY(Find(context_, "Exposure", "", "status=active&source=" + Joined(patients)))) {
      if (!IsAnothersSince(IdOf("Patient", each.root()["source"]["reference"].ToString()), each))
        all.push_back(std::move(each));
    }
    const std::pair<std::string_view, std::string_view> ways[] = {{"TracingCase", "case"},
                                                                  {"ContactWatch", "through"}};
    for (const auto& [type, parameter] : ways) {
      for (const Live& by : TRY(Find(context_, type, who, ""))) {
        const std::string where = fmt::format("status=active&{}={}/{}", parameter, type, by.record->id);
        for (Live& each : TRY(Find(context_, "Exposure", "", where))) all.push_back(std::move(each));
      }
    }
    return all;
  }

  /// Is this Patient's record another person's since the exposure was named?
  bool IsAnothersSince(const std::string& patient, const Live& exposure) const {
    const auto named = ParseDateRange(exposure.root()["named"].ToString());
    return context_.interactions->BecameAnothers(patient, named.ok() ? named->low_us : 0);
  }

  /// Whom the exposure names; a record that is another's since tells of nobody.
  Result<std::optional<size_t>> NodeThen(const std::string& patient, const Live& exposure, int generation) {
    return IsAnothersSince(patient, exposure) ? Unseen(generation) : NodeOf(patient, generation);
  }

  /// An exposure with its other end: the contact, or who he was exposed to. The end that is known is a node's.
  Status Add(Live exposure, std::optional<size_t> from, std::optional<size_t> to, int generation) {
    if (!edges_seen_.insert(exposure.record->id).second) return {};
    const std::string source = IdOf("Patient", exposure.root()["source"]["reference"].ToString());
    const std::string contact = IdOf("Patient", exposure.root()["subject"]["reference"].ToString());
    if (contact.empty()) return {};
    if (!from)
      from = source.empty() ? TRY(NodeOfEvent(exposure, generation))
                            : TRY(NodeThen(source, exposure, generation));
    if (!to) to = TRY(NodeThen(contact, exposure, generation));
    // Two records that are one person by now.
    if (!from || !to || *from == *to) return {};
    if (edges_.size() >= kEdgesMax)
      return MakeError(
          ErrorCode::kTooLarge,
          fmt::format("The chain has more than {} exposures: ask for fewer steps (depth), or one "
                      "direction.",
                      kEdgesMax));
    const bool is_seen = InScope(context_, scope_, exposure);
    edges_.push_back({*from, *to, std::move(exposure), is_seen});
    return {};
  }

  void WriteNode(size_t number, fhir::JsonWriter* json) const {
    const Node& node = nodes_[number];
    json->Object().Key("node").Int(static_cast<int64_t>(number)).Key("generation").Int(node.generation);
    if (node.is_event) {
      json->Member("kind", "event").End();
      return;
    }
    if (node.shown.empty()) {
      json->Key("hidden").Bool(true).End();
      return;
    }
    json->Member("patient", std::string(kPatient) + node.shown);
    json->Member("kind", !node.tracing.empty() ? "case" : !node.watch.empty() ? "contact" : "person");
    const std::pair<std::string_view, const std::string*> members[] = {{"case", &node.tracing},
                                                                       {"form", &node.form},
                                                                       {"onset", &node.onset},
                                                                       {"watch", &node.watch},
                                                                       {"state", &node.state}};
    for (const auto& [name, text] : members) {
      if (!text->empty()) json->Member(name, *text);
    }
    json->End();
  }

  void WriteEdge(const Edge& edge, fhir::JsonWriter* json) const {
    json->Object().Key("from").Int(static_cast<int64_t>(edge.from));
    json->Key("to").Int(static_cast<int64_t>(edge.to));
    if (!edge.is_seen) {
      json->Key("hidden").Bool(true).End();
      return;
    }
    json->Member("exposure", "Exposure/" + edge.exposure.record->id);
    for (const std::string_view name : {"kind", "first", "last", "setting", "certainty", "frequency"}) {
      const std::string text = edge.exposure.root()[name].ToString();
      if (!text.empty()) json->Member(name, text);
    }
    if (const auto days = DaysBetween(nodes_[edge.from].onset, nodes_[edge.to].onset))
      json->Key("serialIntervalDays").Int(*days);
    json->End();
  }

  Result<Response> Answer() {
    std::string text;
    fhir::JsonWriter json(&text);
    json.Object().Member("asOf", FormatInstant(context_.clock->NowUs())).Key("depth").Int(asked_.depth);
    json.Key("nodes").Array();
    for (size_t i = 0; i < nodes_.size(); ++i) WriteNode(i, &json);
    json.End().Key("edges").Array();
    for (const Edge& edge : edges_) WriteEdge(edge, &json);
    json.End().End();
    Response response = JsonAnswer(200, std::move(text));
    std::sort(owners_.begin(), owners_.end());
    owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
    response.audit_owners.assign(owners_.begin(), owners_.end());
    response.audit_id = nodes_.front().shown;
    return response;
  }

  const app::Context& context_;
  const view::Scope scope_;
  const Asked asked_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::deque<size_t> waiting_;
  std::unordered_map<std::string, size_t> by_patient_, by_event_;
  std::unordered_set<std::string> edges_seen_;
  std::vector<view::OwnerNumber> owners_;  // of those who are shown
};

}  // namespace

Result<Response> HandleChain(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "contacts-chain"));
  TRY(interaction::CheckMayRead(*request.viewer, "Exposure"));
  return Chain(context, request, TRY(ReadAsked(request))).Run();
}

}  // namespace tk::contacts
