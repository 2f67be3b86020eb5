#include "kernel/access/decision.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/oauth/scopes.h"
#include "kernel/access/posts.h"

namespace tk::access {
namespace {

struct Opened {
  bool emergency = false, denied = false, permitted = false, relation = false, family = false;
  bool of_another = false;  // something would open that was said of whose record it was before
};

Opened LookAtFacts(const Viewer& viewer, const Policies& policies, std::span<const Fact> about,
                   Instant now_us) {
  Opened opened;
  Instant ignored = kForever;
  for (const Fact& fact : about) {
    const Verdict verdict = JudgeFact(fact, viewer, policies, now_us, &ignored);
    if (verdict == Verdict::kCloses) opened.denied = true;
    if (verdict != Verdict::kOpens) continue;
    if (IsVoid(fact)) {
      opened.of_another = true;
      continue;
    }
    opened.emergency = opened.emergency || fact.kind == Fact::Kind::kEmergency;
    opened.permitted = opened.permitted || fact.kind == Fact::Kind::kConsent;
    opened.relation = opened.relation || fact.kind == Fact::Kind::kRelation;
    opened.family = opened.family || fact.kind == Fact::Kind::kFamily;
  }
  return opened;
}

/// What the post alone says, without what a program was granted.
Step RightStep(const Viewer& viewer, const AccessQuestion& question) {
  Viewer post = viewer;
  post.granted = nullptr;
  const std::string name = viewer.post == nullptr ? "-" : viewer.post->name;
  const bool is_call = question.deed == Deed::kCall;
  const bool may = is_call                          ? post.MayCall(question.operation)
                   : question.deed == Deed::kRead   ? post.MayRead(question.type)
                   : question.deed == Deed::kDelete ? post.MayDelete(question.type)
                                                    : post.MayWrite(question.type);
  const std::string_view verb = is_call                          ? "call"
                                : question.deed == Deed::kRead   ? "read"
                                : question.deed == Deed::kDelete ? "delete"
                                                                 : "write";
  return {is_call ? "operation" : "type", may,
          fmt::format("The post {} {} {} {}.", name, may ? "may" : "may not", verb,
                      is_call ? question.operation : question.type),
          viewer.post == nullptr ? std::string() : viewer.post->source, fmt::format("posts.toml [{}]", name)};
}

/// Of a program: which scope it has for this, or lacks.
Step ScopeStep(const Viewer& viewer, const AccessQuestion& question) {
  const bool may = question.deed == Deed::kRead     ? viewer.IsGranted(question.type, oauth::kRead)
                   : question.deed == Deed::kWrite  ? viewer.IsGranted(question.type, oauth::kWrites)
                   : question.deed == Deed::kDelete ? viewer.IsGranted(question.type, oauth::kDelete)
                                                    : viewer.MayCall(question.operation);
  const std::string_view level = viewer.granted->Has(oauth::Level::kPatient) ? "patient" : "user";
  const std::string wanted = question.deed == Deed::kCall
                                 ? fmt::format("no scope gives {}", question.operation)
                                 : fmt::format("{}/{}.{}", level, question.type,
                                               question.deed == Deed::kRead     ? "r"
                                               : question.deed == Deed::kDelete ? "d"
                                                                                : "cud");
  std::string text = fmt::format("The program {} was granted it.", viewer.client);
  if (!may && question.deed == Deed::kCall) text = fmt::format("Of a program {}.", wanted);
  if (!may && question.deed != Deed::kCall)
    text = fmt::format("The program {} was not granted the scope {}.", viewer.client, wanted);
  return {"scope", may, std::move(text), "SMART App Launch 2.2.0, scopes.",
          fmt::format("accounts.toml [{}]", viewer.client)};
}

/// A record of a type that he reads, which he does not see for what it is about.
Step KindStep(const Viewer& viewer, const Policies& policies, std::string_view type) {
  const Post& post = *viewer.post;
  const std::string rule = fmt::format("{} of pack_posts.json", post.name);
  if (const auto own = post.organization.find(type); own != post.organization.end())
    return {"kind", false,
            fmt::format("The post {} sees of {} what its account's organization has ({}).", post.name, type,
                        own->second),
            post.source, rule};
  if (type == kFormAnswer)
    return {"kind", false,
            fmt::format("The post {} sees no answers to this form: it does not name the post.", post.name),
            post.source, "posts, readers of the pack's form"};
  const std::optional<TaskPolicy> tasks = policies.TasksOf(*viewer.post);
  if (!tasks)
    return {
        "kind", false,
        "Reviews of the person index are seen by who decides about persons ($link), unmasked, and sees every "
        "record that they name.",
        "Personal Information Protection Law (2021) article 6 [M].", "posts.toml"};
  return {"kind", false, fmt::format("The post {} sees Tasks of other kinds.", viewer.post->name),
          tasks->source,
          tasks->is_of_table ? fmt::format("policies.toml [tasks.{}]", viewer.post->name) : rule};
}

bool InArea(const view::Scope& scope, view::OwnerNumber owner, uint64_t area) {
  if (scope.everything) return true;
  if (scope.only_owner != 0) return owner == scope.only_owner;
  return area >= scope.area_low && area < scope.area_high;
}

Step AreaStep(const Viewer& viewer, const AccessQuestion& question) {
  const bool in = viewer.IsHis(question.owner) || InArea(viewer.scope, question.owner, question.area);
  if (viewer.scope.everything) return {"area", true, "The account has the whole city.", "accounts.toml"};
  if (viewer.anothers_us != 0 && !in)
    return {"identity", false,
            fmt::format("The account was bound to a record that became another person's on {}: it opens what "
                        "was joined with it before, and nothing of that, until a clerk says by $link of the "
                        "record with itself that it is still his, or the account is bound to a record anew.",
                        FormatInstant(viewer.anothers_us)),
            "accounts.toml"};
  if (viewer.IsOfOnePerson())
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
  decision->steps.push_back(
      {"mask", true, fmt::format("Seen masked: {}.", what), viewer.masks->source, viewer.masks->rule});
}

Step OfAnotherStep() {
  return {"identity", false,
          "The record became another person's after a relation, guardianship, Consent or emergency access "
          "that would open it: those hold for the one before, until a clerk says by $link of the record with "
          "itself that it is still his.",
          "Personal Information Protection Law (2021) article 8 [M]."};
}

/// `opened`: by a fact, and not by the area alone.
void AddSpecialStep(const Viewer& viewer, bool opened, Decision* decision) {
  if (opened || !IsBoundBySpecial(viewer)) return;
  decision->steps.push_back({"special", true,
                             "What tells of a special disease is seen without its content: no treating "
                             "relation, Consent or emergency access opens the person.",
                             viewer.policies->special_source(), "policies.toml [special]"});
}

/// To whom a fact alone opened the person: what he may write there.
void AddGuestStep(const Viewer& viewer, const AccessQuestion& question, Decision* decision) {
  const bool is_guest = LiesOutside(viewer.scope, question.owner, question.area);
  const bool changes = question.deed == Deed::kWrite || question.deed == Deed::kDelete;
  if (!decision->permits || !changes || !is_guest) return;
  decision->permits = !question.is_of_others;
  decision->steps.push_back(
      {"guest", decision->permits,
       "Who is let in from outside the area adds to the person's records and changes what he or his "
       "organization wrote; he deletes no Patient and changes nothing that others wrote.",
       "Personal Information Protection Law (2021) article 6 [M]."});
}

}  // namespace

bool IsBoundBySpecial(const Viewer& viewer) {
  if (viewer.policies == nullptr || viewer.post == nullptr || viewer.policies->special().empty() ||
      viewer.kind == AccountKind::kResident)
    return false;
  const OpenPolicy* const open = viewer.policies->OpenOf(viewer.post->name);
  return open != nullptr && !open->special;
}

bool LiesOutside(const view::Scope& scope, view::OwnerNumber owner, uint64_t area) {
  if (scope.everything) return false;
  const bool is_person_alone = scope.only_owner != 0 && scope.area_low == scope.area_high;
  return is_person_alone ? owner != scope.only_owner : area < scope.area_low || area >= scope.area_high;
}

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
  bool may = viewer.post != nullptr && right.permits;
  step(std::move(right));
  if (may && viewer.granted != nullptr) {
    Step scope = ScopeStep(viewer, question);
    may = scope.permits;
    step(std::move(scope));
  }
  if (!may) return decision;
  if (!question.exists) {
    step({"record", false, "There is no such record.", {}});
    return decision;
  }
  if (question.is_of_other_kind) {
    step(KindStep(viewer, policies, question.type));
    return decision;
  }
  if (question.owner == 0 || question.area == view::kAreaPublic) {
    step({"record", true, "The record is about no person: whoever may read the type sees it.", {}});
    decision.permits = true;
    return decision;
  }
  const OpenPolicy* const open = policies.OpenOf(viewer.post->name);
  const std::string source = open == nullptr ? std::string() : open->source;
  const std::string rule = open == nullptr ? std::string() : open->rule;
  // A program that was let to one person is so whatever opens others to whom it acts for.
  const bool narrowed =
      viewer.granted != nullptr && viewer.scope.only_owner != 0 && viewer.scope.only_owner != question.owner;
  const Opened facts = narrowed ? Opened() : LookAtFacts(viewer, policies, about, now_us);
  if (facts.emergency)
    step({"emergency", true, "An emergency access of this account is running, whatever else says.",
          policies.emergency().source, "policies.toml [emergency]"});
  if (const Law* const law = policies.LawOf(viewer.post->name))
    step({"law", true, "The post acts by law: no Consent binds it.", law->source, law->rule});
  if (facts.of_another) step(OfAnotherStep());
  if (facts.denied) step({"consent", facts.emergency, "A Consent of the person denies it.", source, rule});
  if (facts.permitted && !facts.denied)
    step({"consent", true, "A Consent of the person permits it.", source, rule});
  if (facts.relation && !facts.denied)
    step({"relation", true, "The account's organization has a treating relation with the person.",
          policies.relation().source, "policies.toml [relation]"});
  if (facts.family && !facts.denied)
    step({"family", true, "The person is a child in the care of the account's person.",
          policies.family().source, "policies.toml [family]"});
  const Verdict verdict = facts.emergency                                     ? Verdict::kOpens
                          : facts.denied                                      ? Verdict::kCloses
                          : facts.permitted || facts.relation || facts.family ? Verdict::kOpens
                                                                              : Verdict::kNothing;
  decision.permits = (viewer.IsHis(question.owner) && verdict != Verdict::kCloses) ||
                     Reaches(viewer.scope, question.owner, question.area, verdict);
  Step area = AreaStep(viewer, question);
  // Outside the area and yet open: that it is outside is no obstacle.
  if (verdict == Verdict::kNothing || area.permits) step(std::move(area));
  if (verdict == Verdict::kOpens) AddGuestStep(viewer, question, &decision);
  if (decision.permits) {
    AddSpecialStep(viewer, verdict == Verdict::kOpens, &decision);
    AddMaskStep(viewer, question, &decision);
  }
  return decision;
}

}  // namespace tk::access
