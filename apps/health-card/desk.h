// What the files of this app's operations share: the running state, one request on its way, and how they answer.
// Flow:   operations.cpp routes by the path's last part → desk.cpp (issue … close), present.cpp (codes), verify.cpp, lists.cpp (offline, keys, uses)
// Rights: CheckMay by the post; PatientFor by the viewer's scope. Whoever may not see a person is answered as if there were none.
#pragma once

#include <set>

#include "apps/health-card/card.h"
#include "apps/health-card/key_ring.h"
#include "apps/health-card/offline.h"
#include "apps/health-card/settings.h"
#include "apps/health-card/writing.h"
#include "kernel/app/app.h"

namespace tk::health_card {

inline constexpr std::string_view kMayIssue = "health-card-issue";  // issue, reissue, link, close, print
inline constexpr std::string_view kMayPresent =
    "health-card-present";                                            // codes of oneself, one's family; loss
inline constexpr std::string_view kMayVerify = "health-card-verify";  // verify, offline list
inline constexpr std::string_view kMayKeys = "health-card-keys";      // rotate, revoke

/// What the offline list is made of; grows only: a card that is no longer good never becomes good again.
struct RevokedCards {
  std::mutex mutex;
  std::set<uint64_t> cards;
  Instant read_until_us = 0;  // of changes of the log
  int64_t signed_s = 0;       // when `text` was made
  std::string text;
};

struct State {
  app::Context context;
  Settings settings;
  std::unique_ptr<KeyRing> ring;
  RevokedCards revoked;
  std::unique_ptr<Writing> writing;

  const view::Engine& engine() const { return *context.engine; }
  Instant NowUs() const { return context.clock->NowUs(); }
  int64_t NowSeconds() const { return NowUs() / kSecondUs; }
};
using StatePtr = std::shared_ptr<State>;

/// One request; owned by whoever plans it.
struct Ask {
  StatePtr state;
  std::shared_ptr<const access::Viewer> viewer;
  fhir::Document body;
  interaction::Done done;

  /// A member of the body: a string of at most `size_max` bytes; "" if it is not there. Errors: kIncorrect with its name.
  Result<std::string> Text(std::string_view member, size_t size_max = 200) const;
  /// The same, and it must be there.
  Result<std::string> NeedText(std::string_view member, size_t size_max = 200) const;
};
using AskPtr = std::shared_ptr<const Ask>;

Status CheckMay(const access::Viewer& viewer, std::string_view operation);
/// Either of them.
Status CheckMayOne(const access::Viewer& viewer, std::string_view one, std::string_view other);

/// The Patient of body.patient ("Patient/1"), or the viewer himself when he is a resident and names nobody; of a resident's own person, or a child's, any
/// record. Errors: kNotFound when there is none or he is not his to see.
Result<view::ResourcePtr> PatientFor(const Ask& ask, const view::Position& position);
/// Children whose card `patient` may show: by a link of any record of his he is one of their guardians, as policies.toml [family] says who is one, and of whom.
Result<std::vector<view::ResourcePtr>> ChildrenOf(const Ask& ask, const view::ResourcePtr& patient,
                                                  const view::Position& position);

/// Tries of numbers that fit nobody are few of one account (settings, misses_per_hour): CheckMayTry refuses beyond them and raises an alarm
/// (access/inquiries.h); NoteMiss counts one. Errors: kBusy.
Status CheckMayTry(const Ask& ask);
void NoteMiss(const Ask& ask);
/// Live records that a search finds at `position`; at most `count`, newest first as the index gives them.
Result<std::vector<view::ResourcePtr>> FindBy(const State& state, std::string_view type,
                                              const std::string& query, size_t count,
                                              const view::Position& position, const view::Scope& scope = {});
/// "system|value" as a value of a query.
std::string TokenOf(std::string_view system, std::string_view value);

/// 200 with JSON, told to the audit as `action` upon Patient/`patient_id` ("" = nobody).
interaction::Response Answer(std::string json, std::string_view action, std::string_view patient_id,
                             int status = 200);
/// `holder`: "Patient/1", by whom the viewer knows him.
void AppendCard(const Card& card, std::string_view holder, fhir::JsonWriter* out);

// Each checks its right, answers through ask->done once. What it writes it plans.
using Operation = void (*)(const AskPtr& ask);
void Issue(const AskPtr& ask);
void Reissue(const AskPtr& ask);
void ReportLoss(const AskPtr& ask);
void Close(const AskPtr& ask);
void Link(const AskPtr& ask);
void Unlink(const AskPtr& ask);
void Present(const AskPtr& ask);
void Print(const AskPtr& ask);
void Family(const AskPtr& ask);
void Verify(const AskPtr& ask);
void Uses(const AskPtr& ask);
void OfflineList(const AskPtr& ask);
void RotateKey(const AskPtr& ask);
void RevokeKey(const AskPtr& ask);

}  // namespace tk::health_card
