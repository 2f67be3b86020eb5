#include "kernel/access/decision.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::access {
namespace {

struct Opened {
  bool emergency = false, denied = false, permitted = false, relation = false, family = false;
};

Opened LookAtFacts(const Viewer& viewer, const Policies& policies, std::span<const Fact> about,
                   Instant now_us) {
  Opened opened;
  Instant ignored = kForever;
  for (const Fact& fact : about) {
    const Verdict verdict = JudgeFact(fact, viewer, policies, now_us, &ignored);
    if (verdict == Verdict::kCloses) opened.denied = true;
    if (verdict != Verdict::kOpens) continue;
    opened.emergency = opened.emergency || fact.kind == Fact::Kind::kEmergency;
    opened.permitted = opened.permitted || fact.kind == Fact::Kind::kConsent;
    opened.relation = opened.relation || fact.kind == Fact::Kind::kRelation;
    opened.family = opened.family || fact.kind == Fact::Kind::kFamily;
  }
  return opened;
}

Step RightStep(const Viewer& viewer, const AccessQuestion& question) {
  const std::string post = viewer.post == nullptr ? "-" : viewer.post->name;
  const std::string source = viewer.post == nullptr ? std::string() : viewer.post->source;
  switch (question.deed) {
    case Deed::kRead:
      return {"type", viewer.MayRead(question.type),
              fmt::format("The post {} {} {}.", post,
                          viewer.MayRead(question.type) ? "may read" : "may not read", question.type),
              source};
    case Deed::kWrite:
      return {"type", viewer.MayWrite(question.type),
              fmt::format("The post {} {} {}.", post,
                          viewer.MayWrite(question.type) ? "may write" : "may not write", question.type),
              source};
    case Deed::kCall:
      break;
  }
  return {"operation", viewer.MayCall(question.operation),
          fmt::format("The post {} {} {}.", post,
                      viewer.MayCall(question.operation) ? "may call" : "may not call", question.operation),
          source};
}

bool InArea(const view::Scope& scope, view::OwnerNumber owner, uint64_t area) {
  if (scope.everything) return true;
  if (scope.only_owner != 0) return owner == scope.only_owner;
  return area >= scope.area_low && area < scope.area_high;
}

Step AreaStep(const Viewer& viewer, const AccessQuestion& question) {
  const bool in = InArea(viewer.scope, question.owner, question.area);
  if (viewer.scope.everything) return {"area", true, "The account has the whole city.", "accounts.toml"};
  if (viewer.scope.only_owner != 0)
    return {"self", in, in ? "The record is the person's own." : "The account sees its own person only.",
            "accounts.toml"};
  return {"area", in,
          in ? fmt::format("The person is in the account's area {}.", viewer.area)
             : fmt::format("The person is not in the account's area {}.", viewer.area),
          "accounts.toml"};
}

void AddMaskStep(const Viewer& viewer, const AccessQuestion& question, Decision* decision) {
  if (viewer.masks == nullptr) return;
  decision->masked = MaskedElements(*viewer.masks, question.type);
  const std::string what = decision->masked.empty()
                               ? "identifiers in references, and numbers of persons in texts"
                               : fmt::format("{}", fmt::join(decision->masked, ", "));
  decision->steps.push_back({"mask", true, fmt::format("Seen masked: {}.", what), viewer.masks->source});
}

}  // namespace

bool Reaches(const view::Scope& scope, view::OwnerNumber owner, uint64_t area, Verdict facts) {
  if (owner == 0 || area == view::kAreaPublic) return true;
  if (facts != Verdict::kNothing) return facts == Verdict::kOpens;
  return InArea(scope, owner, area);
}

Decision Decide(const Viewer& viewer, const AccessQuestion& question, std::span<const Fact> about,
                Instant now_us) {
  Decision decision;
  const auto step = [&](Step one) { decision.steps.push_back(std::move(one)); };
  const auto& policies = viewer.policies != nullptr ? *viewer.policies : *Policies::BuiltIn();
  step({"account", viewer.post != nullptr,
        viewer.post == nullptr
            ? "Not signed in."
            : fmt::format("The account {} has the post {}.", viewer.account, viewer.post->name),
        "accounts.toml"});
  Step right = RightStep(viewer, question);
  const bool may = viewer.post != nullptr && right.permits;
  step(std::move(right));
  if (!may) return decision;
  if (!question.exists) {
    step({"record", false, "There is no such record.", {}});
    return decision;
  }
  if (question.owner == 0 || question.area == view::kAreaPublic) {
    step({"record", true, "The record is about no person: whoever may read the type sees it.", {}});
    decision.permits = true;
    return decision;
  }
  const OpenPolicy* const open = policies.OpenOf(viewer.post->name);
  const std::string source = open == nullptr ? std::string() : open->source;
  const Opened facts = LookAtFacts(viewer, policies, about, now_us);
  if (facts.emergency)
    step({"emergency", true, "An emergency access of this account is running, whatever else says.",
          policies.emergency().source});
  if (facts.denied) step({"consent", facts.emergency, "A Consent of the person denies it.", source});
  if (facts.permitted && !facts.denied)
    step({"consent", true, "A Consent of the person permits it.", source});
  if (facts.relation && !facts.denied)
    step({"relation", true, "The account's organization has a treating relation with the person.",
          policies.relation().source});
  if (facts.family && !facts.denied)
    step({"family", true, "The person is a child in the care of the account's person.", source});
  const Verdict verdict = facts.emergency                                     ? Verdict::kOpens
                          : facts.denied                                      ? Verdict::kCloses
                          : facts.permitted || facts.relation || facts.family ? Verdict::kOpens
                                                                              : Verdict::kNothing;
  decision.permits = Reaches(viewer.scope, question.owner, question.area, verdict);
  Step area = AreaStep(viewer, question);
  // Outside the area and yet open: that it is outside is no obstacle.
  if (verdict == Verdict::kNothing || area.permits) step(std::move(area));
  if (decision.permits) AddMaskStep(viewer, question, &decision);
  return decision;
}

}  // namespace tk::access
