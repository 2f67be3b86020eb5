// Nodes that read texts, and criteria that are several nodes: composites, and modifiers that entries do not tell of alone.
#include <algorithm>

#include "kernel/search/joins.h"
#include "kernel/search/nodes.h"

namespace tk::search {
namespace {

using Nodes = std::vector<std::unique_ptr<Node>>;

class TextNode final : public Node {
 public:
  TextNode(const Ground& ground, const Criterion& criterion)
      : ground_(ground), matcher_(ground.setting.extractor, ground.type, criterion) {}
  uint64_t Estimate() const override { return kNever; }
  void Gather(const std::function<bool(const Candidate&)>&) const override {}
  bool Holds(Candidate& candidate) const override {
    const view::Resource* resource = ground_.texts.Read(candidate.ordinal);
    return resource != nullptr && matcher_.Holds(resource->document.Root());
  }
  bool ReadsTexts() const override { return true; }

 private:
  const Ground& ground_;
  const Matcher matcher_;
};

/// A node with what it was made from.
class OwningNode final : public Node {
 public:
  OwningNode(std::unique_ptr<Criterion> criterion, std::unique_ptr<Node> node)
      : criterion_(std::move(criterion)), node_(std::move(node)) {}
  uint64_t Estimate() const override { return node_->Estimate(); }
  void Gather(const std::function<bool(const Candidate&)>& each) const override { node_->Gather(each); }
  bool Holds(Candidate& candidate) const override { return node_->Holds(candidate); }
  bool WantsSet() const override { return node_->WantsSet(); }
  bool ReadsTexts() const override { return node_->ReadsTexts(); }
  bool in_time() const override { return node_->in_time(); }
  const std::vector<uint64_t>* keys() const override { return node_->keys(); }
  const std::vector<OrdinalRange>* ordinal_ranges() const override { return node_->ordinal_ranges(); }

 private:
  std::unique_ptr<Criterion> criterion_;
  std::unique_ptr<Node> node_;
};

/// One of several groups holds, of which every node does.
class AlternativesNode final : public Node {
 public:
  using Group = Nodes;
  /// `name`: of the criterion that it is part of; lives as long as the meter.
  AlternativesNode(Meter& meter, const std::string& name, std::vector<Group> groups)
      : meter_(meter), name_(name), groups_(std::move(groups)) {}
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (const Group& group : groups_) {
      const uint64_t best = Best(group).second;
      if (best == kNever) return kNever;
      total += best;
    }
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (const Group& group : groups_) {
      const Node* driver = Best(group).first;
      if (driver == nullptr || !GatherGroup(group, *driver, each)) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
      return std::all_of(group.begin(), group.end(),
                         [&](const auto& node) { return node->Holds(candidate); });
    });
  }
  bool WantsSet() const override {
    return std::any_of(groups_.begin(), groups_.end(), [](const Group& group) {
      return std::any_of(group.begin(), group.end(), [](const auto& node) { return node->WantsSet(); });
    });
  }
  bool ReadsTexts() const override {
    return std::any_of(groups_.begin(), groups_.end(), [](const Group& group) {
      return std::any_of(group.begin(), group.end(), [](const auto& node) { return node->ReadsTexts(); });
    });
  }

 private:
  static std::pair<const Node*, uint64_t> Best(const Group& group) {
    std::pair<const Node*, uint64_t> best{nullptr, kNever};
    for (const auto& node : group) {
      const uint64_t estimate = node->Estimate();
      if (estimate < best.second) best = {node.get(), estimate};
    }
    return best;
  }
  bool GatherGroup(const Group& group, const Node& driver,
                   const std::function<bool(const Candidate&)>& each) const {
    Nodes sets;
    std::vector<const Node*> others;
    for (const auto& node : group) {
      if (node.get() == &driver) continue;
      others.push_back(node.get());
      if (!node->WantsSet()) continue;
      sets.push_back(std::make_unique<SetNode>(meter_, *node, name_));
      others.back() = sets.back().get();
    }
    bool more = true;
    driver.Gather([&](const Candidate& found) {
      Candidate candidate = found;
      const bool holds =
          std::all_of(others.begin(), others.end(), [&](const Node* node) { return node->Holds(candidate); });
      more = holds ? each(candidate) : meter_.Tick(name_);
      return more;
    });
    return more;
  }
  Meter& meter_;
  const std::string& name_;
  std::vector<Group> groups_;
};

/// What a term's parts ask of the entries of the parameters that define them. They say the same of the resource, or more.
Result<AlternativesNode::Group> MakeGroup(const Ground& ground, const std::string& name,
                                          const Extractor::Composite& composite, const Term& term) {
  AlternativesNode::Group group;
  for (size_t i = 0; i < composite.components.size(); ++i) {
    auto criterion = std::make_unique<Criterion>();
    criterion->name = name;
    criterion->parameter = ground.setting.extractor.At(composite.components[i].parameter).definition;
    criterion->terms.push_back(term.parts[i]);
    auto node = TRY(MakeEntryNode(ground, *criterion));
    group.push_back(std::make_unique<OwningNode>(std::move(criterion), std::move(node)));
  }
  return group;
}

void AddText(const Ground& ground, const Criterion& criterion, Nodes* out) {
  out->push_back(std::make_unique<TextNode>(ground, criterion));
}

Status MakeComposite(const Ground& ground, const Criterion& criterion, const Extractor::Composite& composite,
                     Nodes* out) {
  const bool exact = composite.whole && std::all_of(composite.components.begin(), composite.components.end(),
                                                    [](const auto& component) { return component.all; });
  if (criterion.modifier == "missing" || !exact) AddText(ground, criterion, out);
  if (criterion.modifier == "missing") return {};
  std::vector<AlternativesNode::Group> groups;
  for (const Term& term : criterion.terms)
    groups.push_back(TRY(MakeGroup(ground, criterion.name, composite, term)));
  if (groups.size() > 1) {
    out->push_back(std::make_unique<AlternativesNode>(ground.meter, criterion.name, std::move(groups)));
    return {};
  }
  // Alone, the parts are criteria like any: one may drive, and order by time.
  for (auto& node : groups[0]) out->push_back(std::move(node));
  return {};
}

/// The identifiers with the value, whatever their type.
Status AddOfType(const Ground& ground, const Criterion& criterion, Nodes* out) {
  auto plain = std::make_unique<Criterion>();
  plain->name = criterion.name;
  plain->parameter = criterion.parameter;
  for (const Term& term : criterion.terms) {
    Term& value = plain->terms.emplace_back();
    value.code = value.text = term.code;
  }
  auto node = TRY(MakeEntryNode(ground, *plain));
  out->push_back(std::make_unique<OwningNode>(std::move(plain), std::move(node)));
  AddText(ground, criterion, out);
  return {};
}

}  // namespace

const view::Resource* Texts::Read(Ordinal ordinal) {
  if (ordinal == last_ordinal_) return last_.get();
  last_ordinal_ = ordinal;
  last_ = nullptr;
  if (request_.read == nullptr) {
    failure_ = MakeIssue(ErrorCode::kUnsupported, "not-supported", "",
                         "this search needs the resources' texts, which are not at hand here");
    return nullptr;
  }
  auto read = request_.read(ordinal);
  if (read.ok())
    last_ = std::move(read).value();
  else if (failure_.ok() && read.error().code != ErrorCode::kGone)
    failure_ = read.error();
  return last_.get();
}

std::unique_ptr<Node> MakeConjunction(const Ground& ground, const std::string& name, Nodes nodes) {
  std::vector<AlternativesNode::Group> groups;
  groups.push_back(std::move(nodes));
  return std::make_unique<AlternativesNode>(ground.meter, name, std::move(groups));
}

Status MakeNodes(const Ground& ground, const Criterion& criterion, Nodes* out) {
  if (criterion.join != nullptr) {
    out->push_back(TRY(MakeJoin(ground, criterion)));
    return {};
  }
  if (criterion.parameter == nullptr) {
    out->push_back(TRY(MakeEntryNode(ground, criterion)));
    return {};
  }
  const Extractor& extractor = ground.setting.extractor;
  const Extractor::Parameter& parameter = extractor.At(extractor.IdOf(*criterion.parameter));
  if (parameter.ready && parameter.composite != nullptr)
    return MakeComposite(ground, criterion, *parameter.composite, out);
  if (!parameter.ready || !NeedsText(extractor, criterion)) {
    out->push_back(TRY(MakeEntryNode(ground, criterion)));
    return {};
  }
  if (criterion.modifier == "of-type") return AddOfType(ground, criterion, out);
  // Entries find the identifiers; of which type the reference is to be stands in the text.
  if (criterion.modifier == "identifier") out->push_back(TRY(MakeEntryNode(ground, criterion)));
  AddText(ground, criterion, out);
  return {};
}

}  // namespace tk::search
