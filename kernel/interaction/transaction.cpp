// transaction: POST of a Bundle, all or nothing. Order: DELETE, POST, PUT and PATCH, then GET on the state after them.
// Source: FHIR R4 http.html#transaction, #trules.
#include "kernel/interaction/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/access/oauth/scopes.h"
#include "kernel/base/random.h"
#include "kernel/fhir/patch.h"
#include "kernel/interaction/alerts.h"
#include "kernel/interaction/guest.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/references.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

int Phase(Method method) {
  switch (method) {
    case Method::kDelete:
      return 0;
    case Method::kPost:
      return 1;
    case Method::kPut:
    case Method::kPatch:
      return 2;
    default:
      return 3;
  }
}

/// The letter of a program's scope that an entry takes.
uint8_t LetterOfEntry(Method method) {
  return method == Method::kPost     ? access::oauth::kCreate
         : method == Method::kDelete ? access::oauth::kDelete
                                     : access::oauth::kUpdate;
}

/// Entries that make somebody because nobody fulfils their condition, with the condition.
using Makers = std::vector<std::pair<size_t, std::shared_ptr<const search::Query>>>;

/// One condition may be written in many ways, and another entry's resource may fulfil it too.
Status CheckMadeOnce(const Room& room, const Makers& makers,
                     const std::unordered_map<size_t, size_t>& change_of, int64_t deadline_us,
                     const view::ChangeSet& set) {
  std::vector<search::Index::Made> made;
  const auto& prepared = set.prepared[room.context.index_slot];
  for (size_t i = 0; i < set.changes.size(); ++i) {
    const view::Resource* const now = set.changes[i].now.get();
    made.push_back({now == nullptr ? fhir::kNoType : now->type, prepared[i].get(),
                    now == nullptr ? fhir::Value() : now->document.Root()});
  }
  std::vector<const search::Query*> queries;
  for (const auto& [entry, query] : makers) queries.push_back(query.get());
  search::Index::MeantOptions options;
  options.deadline_us = deadline_us;
  const search::Index::Meant meant = TRY(room.index().WhoIsMeant(made, queries, options));
  for (const auto& [query, change] : meant) {
    const size_t entry = makers[query].first;
    if (change_of.at(entry) == change) continue;
    return MakeIssue(ErrorCode::kIncorrect, "duplicate", fmt::format("Bundle.entry[{}].request", entry),
                     "Another entry of this transaction makes a resource for which this condition holds: "
                     "they may be the same. "
                     "Send them with the same condition, or one after the other.");
  }
  return {};
}

/// One attempt at a basis. Steps in order; every step may refuse the whole.
class Planning {
 public:
  Planning(const Room& room, const Transaction& transaction, const view::Position& basis)
      : room_(room),
        transaction_(transaction),
        call_(*transaction.call),
        basis_(basis),
        items_(transaction.entries.size()),
        rewriter_(*room.definitions, targets_, [this](fhir::TypeId type, std::string_view criteria) {
          return ResolveReference(type, criteria);
        }) {
    set_ = std::make_unique<view::ChangeSet>();
  }

  Status Run() {
    for (const size_t i : transaction_.order) {
      if (Status resolved = Resolve(i); !resolved.ok()) return At(i, ".request", std::move(resolved));
    }
    TRY(CheckIdentities());
    TRY(MakeTargets());
    TRY(LookBeside());
    for (const size_t i : transaction_.order) {
      if (Status made = Make(i); !made.ok()) return made;
    }
    TRY(CheckParameters());
    TRY(Collect());
    set_->key = call_.key;
    return {};
  }

  /// For the prepared set: is whom an entry makes, because nobody fulfils its condition, made by another entry as well?
  std::function<Status(const view::ChangeSet&)> DoubleCheck() const {
    if (maker_queries_.empty() || change_of_.size() < 2) return {};
    return [&room = room_, makers = maker_queries_, change_of = change_of_,
            deadline_us = call_.request.deadline_us](const view::ChangeSet& set) {
      return CheckMadeOnce(room, makers, change_of, deadline_us, set);
    };
  }

  std::unique_ptr<view::ChangeSet> set_;
  std::vector<EntryResult> results_;

 private:
  struct Item {
    std::string id;  // of the resource that is meant
    Current current;
    bool writes = false;    // there will be a new version
    bool existing = false;  // a conditional create that found one
    view::ResourcePtr now;
  };

  Status At(size_t i, std::string_view where, Status status) const {
    Error& error = status.error();
    // What is refused of a request never lies in a resource, which could itself be a Bundle with such paths.
    const std::string own = transaction_.entries[i].Path() + (where == ".request" ? "." : ".resource");
    if (!error.issues.empty() && error.issues[0].path.rfind(own, 0) == 0)
      return status;  // it is told already
    PrefixPaths(transaction_.entries[i].Path() + std::string(where), &error);
    return status;
  }

  /// Finds which resource each entry means.
  Status Resolve(size_t i) {
    const BundleEntry& entry = transaction_.entries[i];
    if (entry.method == Method::kGet) return {};
    TRY(entry.method == Method::kDelete ? CheckMayDeleteOf(call_.viewer(), entry.type_name)
                                        : CheckMayWrite(call_.viewer(), entry.type_name));
    TRY(CheckGranted(call_.viewer(), entry.type_name, LetterOfEntry(entry.method),
                     entry.conditional() || !entry.if_none_exist.empty()));
    Item& item = items_[i];
    if (entry.method == Method::kPost) return ResolvePost(i, &item);
    item.id = entry.id;
    if (entry.conditional()) {
      const Match match = TRY(Condition(entry.type, entry.query, entry.method == Method::kDelete));
      if (match.count == 1) item.id = match.id;
      if (match.count == 0 && entry.method == Method::kPut && FirstOf(match, i) != i)
        return MakeIssue(ErrorCode::kIncorrect, "duplicate", entry.Path() + ".request.url",
                         "Another entry of this transaction makes a resource by the same condition: every "
                         "resource may be written once.");
      if (match.count == 0 && entry.method == Method::kPut) maker_queries_.emplace_back(i, match.query);
      if (match.count == 0 && entry.method == Method::kDelete) return CheckIfMatch(entry.if_match, 0);
      if (match.count == 0 && entry.method == Method::kPatch)
        return MakeError(ErrorCode::kNotFound, "The condition names no resource to patch.");
      if (entry.method == Method::kPut) TRY(CheckPutId(i, match, &item));
    } else if (entry.method == Method::kPut && entry.resource["id"].ToString() != entry.id) {
      return MakeIssue(ErrorCode::kIncorrect, "value", entry.Path() + ".resource.id",
                       "The resource needs the id of its request url.");
    }
    item.current = FindCurrent(room_, call_.viewer(), entry.type_name, item.id, basis_);
    // Only a PUT must tell that an id is taken; to patch and delete, a record out of scope is one that never was.
    if (entry.method == Method::kPut) TRY(CheckWritable(item.current));
    const uint32_t version =
        item.current.in_scope && item.current.exists() ? item.current.version.version : 0;
    TRY(CheckIfMatch(entry.if_match, version));
    if (entry.method == Method::kPut && version != 0 && NamesVersion(entry.if_none_match, version)) {
      return MakeError(ErrorCode::kPrecondition, "ifNoneMatch does not hold: the resource exists already.");
    }
    if (entry.method == Method::kPatch && version == 0)
      return MakeError(ErrorCode::kNotFound, "There is no such resource to patch.");
    item.writes = entry.method != Method::kDelete || version != 0;
    if (entry.method == Method::kDelete && item.writes) deleted_.push_back(item.current.id_hash);
    return {};
  }

  Status CheckPutId(size_t i, const Match& match, Item* item) {
    const BundleEntry& entry = transaction_.entries[i];
    const std::string body_id = entry.resource["id"].ToString();
    if (match.count == 1) {
      if (body_id.empty() || body_id == match.id) return {};
      return MakeIssue(ErrorCode::kIncorrect, "value", entry.Path() + ".resource.id",
                       "The condition names another resource than the id in the body.");
    }
    if (!body_id.empty() && !IsId(body_id))
      return MakeIssue(ErrorCode::kInvalid, "value", entry.Path() + ".resource.id", "This is no id.");
    item->id = body_id.empty() ? transaction_.new_ids[i] : body_id;
    if (body_id.empty() || !FindCurrent(room_, call_.viewer(), entry.type_name, body_id, basis_).exists())
      return {};
    return MakeIssue(
        ErrorCode::kConflict, "duplicate", entry.Path() + ".resource.id",
        "The condition names no resource, and the id is that of one for which it does not hold.");
  }

  /// The entry before that found nobody by the same condition, however it is written, and so will make whom it means; else `i` itself.
  size_t FirstOf(const Match& match, size_t i) {
    return makers_.try_emplace(ConditionText(room_, *match.query), i).first->second;
  }

  Status ResolvePost(size_t i, Item* item) {
    const BundleEntry& entry = transaction_.entries[i];
    if (!entry.if_none_exist.empty()) {
      const Match match = TRY(Condition(entry.type, entry.if_none_exist, false));
      if (match.count == 1) {
        item->id = match.id;
        item->current = FindCurrent(room_, call_.viewer(), entry.type_name, match.id, basis_);
        item->existing = true;
        return {};
      }
      // Two entries with the same condition: the first creates, the second finds it.
      if (const size_t first = FirstOf(match, i); first != i) {
        item->id = items_[first].id;
        item->current = items_[first].current;
        item->existing = true;
        return {};
      }
      maker_queries_.emplace_back(i, match.query);
    }
    item->id = transaction_.new_ids[i];
    item->current.id_hash = room_.engine().IdHash(entry.type_name, item->id);
    item->writes = true;
    return {};
  }

  /// A condition at the basis, with its guard. What this transaction deletes does not count for what comes after it.
  Result<Match> Condition(fhir::TypeId type, std::string_view criteria, bool is_delete) {
    Match match = TRY(ResolveCondition(room_, call_, type, criteria, basis_,
                                       is_delete ? std::span<const uint64_t>() : deleted_));
    if (match.count > 1) return SeveralMatches(room_.TypeName(type));
    set_->guards.push_back(ConditionGuard(room_, match.query));
    return match;
  }

  /// No resource may be written twice.
  Status CheckIdentities() const {
    std::unordered_set<uint64_t> seen;
    for (const size_t i : transaction_.order) {
      // A delete means its resource also when there is none; a create that found its resource does not touch it.
      const bool means =
          items_[i].writes || (transaction_.entries[i].method == Method::kDelete && !items_[i].id.empty());
      if (!means || seen.insert(items_[i].current.id_hash).second) continue;
      return MakeIssue(
          ErrorCode::kIncorrect, "duplicate", transaction_.entries[i].Path(),
          "Another entry of this transaction writes the same resource: every resource may be written once.");
    }
    return {};
  }

  Status MakeTargets() {
    for (size_t i = 0; i < items_.size(); ++i) {
      const BundleEntry& entry = transaction_.entries[i];
      if (entry.full_url.empty() || items_[i].id.empty() || entry.method == Method::kGet ||
          entry.method == Method::kDelete)
        continue;
      targets_.emplace(entry.full_url, fmt::format("{}/{}", entry.type_name, items_[i].id));
    }
    return {};
  }

  Result<std::string> ResolveReference(fhir::TypeId type, std::string_view criteria) {
    std::string key = fmt::format("{}?{}", room_.TypeName(type), criteria);
    if (const auto known = references_.find(key); known != references_.end()) return known->second;
    const Match match = TRY(ResolveCondition(room_, call_, type, criteria, basis_, deleted_));
    if (match.count != 1) {
      return MakeError(ErrorCode::kPrecondition,
                       match.count == 0
                           ? "The conditional reference names no resource."
                           : "The conditional reference names several resources: make it narrower.");
    }
    set_->guards.push_back(ConditionGuard(room_, match.query));
    return references_.emplace(std::move(key), fmt::format("{}/{}", room_.TypeName(type), match.id))
        .first->second;
  }

  /// The profiles, questionnaires and codes that this transaction itself writes: its entries are judged by them.
  Status LookBeside() {
    const std::vector<fhir::TypeId> types = Conformance::Types(*room_.definitions);
    std::vector<Beside> beside;
    for (const size_t i : transaction_.order) {
      const BundleEntry& entry = transaction_.entries[i];
      if (!items_[i].writes || std::find(types.begin(), types.end(), entry.type) == types.end()) continue;
      Beside one{entry.type_name, items_[i].id, nullptr};
      if (entry.method != Method::kDelete) {
        auto document = entry.method == Method::kPatch ? Patched(entry, items_[i])
                                                       : fhir::Document::OfPart(entry.resource, {}, "");
        if (!document.ok()) return At(i, ".resource", Status(document.TakeError()));
        one.document = std::make_shared<const fhir::Document>(std::move(document).value());
      }
      beside.push_back(std::move(one));
    }
    if (!beside.empty()) conformance_ = room_.conformance->With(beside);
    return {};
  }

  /// The new version of one entry, with its links.
  Status Make(size_t i) {
    const BundleEntry& entry = transaction_.entries[i];
    Item& item = items_[i];
    if (!item.writes || entry.method == Method::kDelete) return {};
    const std::string path = entry.Path() + ".resource";
    fhir::Document patched;
    fhir::Value source = entry.resource;
    if (entry.method == Method::kPatch) {
      auto result = Patched(entry, item);
      if (!result.ok()) return At(i, ".resource", Status(result.TakeError()));
      patched = std::move(result).value();
      source = patched.Root();
    }
    fhir::Document rewritten = TRY(rewriter_.Rewrite(source, entry.type, entry.full_url, item.id, path));
    const bool replaces = entry.method == Method::kPut && item.current.exists();
    auto truth = WithTruth(room_, call_, replaces ? item.current.version.ordinal : 0, std::move(rewritten));
    if (!truth.ok()) return At(i, ".resource", Status(truth.TakeError()));
    fhir::Document document = std::move(truth).value();
    auto now = MakeVersion(room_, call_, entry.type, std::move(document), item.current.version.version + 1,
                           entry.method == Method::kPost, {conformance_, true});
    if (!now.ok()) return At(i, ".resource", Status(now.TakeError()));
    item.now = std::move(now).value();
    if (entry.type_name == "Patient")
      areas_.emplace_back("Patient/" + item.id, view::AreaOfResource(item.now->document.Root()));
    return {};
  }

  Result<fhir::Document> Patched(const BundleEntry& entry, const Item& item) {
    TRY(CheckMayRead(call_.viewer(), entry.type_name));
    std::string text;
    TRY(room_.engine().ReadText(item.current.version.ordinal, &text));
    TRY(CheckSeesAll(room_, call_.viewer(), text));
    return PatchedBy(entry, text);
  }

  /// Search parameters are judged by what there will be: with all that this transaction writes, whatever their order, without what it deletes. Of two
  /// that clash the later one is told, so they are gone through from the end.
  Status CheckParameters() {
    std::vector<view::ResourcePtr> beside;
    for (const size_t i : transaction_.order) {
      const BundleEntry& entry = transaction_.entries[i];
      if (!items_[i].writes || entry.type_name != "SearchParameter") continue;
      beside.push_back(entry.method == Method::kDelete
                           ? view::MakeTombstone(entry.type, items_[i].id, items_[i].current.version.version)
                           : items_[i].now);
    }
    for (auto i = transaction_.order.rbegin(); !beside.empty() && i != transaction_.order.rend(); ++i) {
      const Item& item = items_[*i];
      if (item.now == nullptr || transaction_.entries[*i].type_name != "SearchParameter") continue;
      Status fits = room_.index().CheckParameter(item.id, item.now->document, beside);
      if (!fits.ok()) return At(*i, ".resource", std::move(fits));
    }
    return {};
  }

  /// Changes in order, and what each entry will be answered.
  Status Collect() {
    results_.resize(items_.size());
    for (const size_t i : transaction_.order) {
      const BundleEntry& entry = transaction_.entries[i];
      Item& item = items_[i];
      EntryResult& result = results_[i];
      result.type = entry.type_name;
      result.id = item.id;
      if (entry.method == Method::kGet) continue;
      if (item.existing) {
        TRY(Existing(item, &result));
      } else if (!item.writes) {
        result.status = 204;
      } else if (entry.method == Method::kDelete) {
        result.status = 204;
        result.version = item.current.version.version + 1;
        if (Status may = CheckMayDelete(room_, call_.viewer(), item.current.version.ordinal); !may.ok())
          return At(i, ".request", std::move(may));
        TRY(AddDelete(room_, entry.type, item.id, item.current, set_.get()));
      } else {
        if (Status placed = CheckPlace(room_, call_.viewer(), *item.now, basis_, areas_); !placed.ok())
          return At(i, ".resource", std::move(placed));
        const view::Ordinal before = item.current.exists() ? item.current.version.ordinal : 0;
        if (Status may = CheckMayChange(room_, call_.viewer(), before); !may.ok())
          return At(i, ".request", std::move(may));
        result.status = item.current.exists() ? 200 : 201;
        result.version = item.now->version;
        change_of_.emplace(i, set_->changes.size());
        TRY(AddWrite(room_, item.current, item.now, set_.get()));
        result.now = set_->changes.back().now;
      }
    }
    return {};
  }

  Status Existing(const Item& item, EntryResult* result) {
    result->status = 200;
    if (item.current.version.ordinal == 0) {  // made by an earlier entry of this transaction
      result->version = 1;
      return {};
    }
    const view::Engine::TextPtr found = TRY(OpenAsFound(room_, item.current.version.ordinal));
    result->body = found->json;
    result->version = found->header.version;
    result->at_us = found->header.at_us;
    return {};
  }

  const Room& room_;
  const Transaction& transaction_;
  const Call& call_;
  const view::Position basis_;
  std::vector<Item> items_;
  std::vector<uint64_t> deleted_;
  std::unordered_map<std::string, size_t> makers_;  // by the condition as it was understood
  Makers maker_queries_;
  std::unordered_map<size_t, size_t> change_of_;  // by entry: its place in the set
  std::unordered_map<std::string, std::string> references_;
  LinkTargets targets_;
  LinkRewriter rewriter_;
  NewAreas areas_;
  std::shared_ptr<Conformance::State> conformance_;  // nullptr: what is stored
};

}  // namespace

Result<fhir::Document> PatchedBy(const BundleEntry& entry, std::string_view before) {
  const std::string patch_text = TRY(PatchOfEntry(entry));
  const fhir::Document patch = TRY(fhir::Document::Parse(patch_text));
  const fhir::Document document = TRY(fhir::Document::Parse(before));
  return fhir::ApplyJsonPatch(document.Root(), patch.Root());
}

Result<TransactionPtr> ReadTransaction(const Room& room, const CallPtr& call, fhir::Document document) {
  auto transaction = std::make_shared<Transaction>();
  transaction->call = call;
  transaction->document = std::move(document);
  const fhir::Value entries = transaction->document.Root()["entry"];
  transaction->entries.reserve(entries.size());
  for (const fhir::Value entry : entries) {
    transaction->entries.push_back(TRY(ParseEntry(room, *call, transaction->entries.size(), entry)));
  }
  TRY(CheckTransactionEntries(transaction->entries));
  transaction->new_ids.resize(transaction->entries.size());
  for (size_t i = 0; i < transaction->entries.size(); ++i) {
    transaction->order.push_back(i);
    const Method method = transaction->entries[i].method;
    if (method == Method::kPost || method == Method::kPut) transaction->new_ids[i] = NewUuid();
  }
  std::stable_sort(transaction->order.begin(), transaction->order.end(), [&](size_t a, size_t b) {
    return Phase(transaction->entries[a].method) < Phase(transaction->entries[b].method);
  });
  return TransactionPtr(std::move(transaction));
}

Result<Plan> PlanTransaction(const RoomPtr& room, const TransactionPtr& transaction,
                             const view::Position& basis) {
  if (auto repeated = TRY(RepeatedTransaction(room, *transaction, basis)))
    return ReadyPlan(std::move(*repeated));
  Planning planning(*room, *transaction, basis);
  TRY(planning.Run());
  if (auto refusal = RefusalByGets(room, *transaction, planning.results_))
    return ReadyPlan(std::move(*refusal));
  if (planning.set_->changes.empty())
    return ReadyPlan(TransactionAnswer(room, *transaction, planning.results_, 0));
  Plan plan;
  plan.set = std::move(planning.set_);
  plan.sender = transaction->call->request.viewer;
  plan.long_answer = true;
  plan.check = planning.DoubleCheck();
  plan.raised = std::make_shared<RaisedAlerts>();
  plan.answer = [room, transaction, results = std::move(planning.results_),
                 raised = plan.raised](const view::Commit& commit) {
    if (raised->empty()) return TransactionAnswer(room, *transaction, results, commit.at_us);
    return TransactionAnswer(room, *transaction, WithAlerts(*transaction->call, results, *raised),
                             commit.at_us);
  };
  return plan;
}

}  // namespace tk::interaction
