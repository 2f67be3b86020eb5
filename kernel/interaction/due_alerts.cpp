#include "kernel/interaction/due_alerts.h"

#include <algorithm>

#include "kernel/base/diagnostics.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kListType = "WatchList";  // apps/point-of-care/types
constexpr int kListsMs = 1000;

}  // namespace

DueAlerts::DueAlerts(const view::Engine* engine, const Interactions* interactions, const Clock* clock,
                     int64_t settle_ms)
    : engine_(engine),
      interactions_(interactions),
      clock_(clock),
      settle_us_(settle_ms * 1000),
      list_(engine->definitions().FindType(kListType)),
      settled_us_(clock->NowUs()) {}

void DueAlerts::LookForLists() {
  if (list_ == fhir::kNoType) return;
  const auto wants = [list = list_](fhir::TypeId type) { return type == list; };
  const uint64_t head = engine_->Head().t;
  if (follower_ == nullptr) follower_ = engine_->Follow(head + 1, wants);
  while (follower_->next_t() <= head) {
    const auto next = follower_->Next(kListsMs);
    if (!next.ok()) {
      SayError("lists-not-followed", next.error());
      follower_ = engine_->Follow(head + 1, wants);
      return LookAtAll();
    }
    if (*next == nullptr) return;  // it stops
    for (const view::Change& change : (*next)->changes) {
      if (change.now != nullptr && change.now->type == list_) LookAtAll();
    }
  }
}

Status DueAlerts::Look() {
  LookForLists();
  const Instant now_us = clock_->NowUs();
  if (wants_all_.exchange(false)) {
    since_us_ = INT64_MIN;
    settled_us_ = now_us;
    settles_all_ = true;
  } else if (now_us - settled_us_ >= settle_us_) {
    since_us_ = settles_all_ ? INT64_MIN : std::min(since_us_, settled_us_ - settle_us_);
    settled_us_ = now_us;
    settles_all_ = false;
  }
  // Until it is done the next look begins at the same time.
  TRY(interactions_->RaiseDueAlerts(since_us_));
  since_us_ = now_us;
  return {};
}

}  // namespace tk::interaction
