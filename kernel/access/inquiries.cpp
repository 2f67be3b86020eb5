#include "kernel/access/inquiries.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "kernel/access/mask.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"
#include "kernel/person/identifier.h"

namespace tk::access {
namespace {

constexpr int64_t kAskedForUs = 3600 * kSecondUs, kToldForUs = 24 * kAskedForUs;
constexpr size_t kAskersMax = 20'000;

std::string KeyOfAsker(std::string_view kind, const std::string& account) {
  return std::string(kind).append(1, '|').append(account);
}

}  // namespace

std::string NumberTold(std::string_view text) {
  using person::IdKind;
  // By its form alone: the same number stands under systems of all kinds, and a search may name none.
  const person::Identifier number = person::Classify(text);
  if (number.kind != IdKind::kUnknown && number.size > 0 && !number.remarks.faults())
    return std::string(number.value());
  const person::Identifier folded = person::Classify(text, IdKind::kRecordNumber);
  // What is cut is not the number: two such would count as one.
  return folded.size == 0 || folded.remarks.Has(person::Remark::kTooLong) ? std::string(text)
                                                                          : std::string(folded.value());
}

Inquiries::Inquiries(const Clock* clock) : clock_(clock), swept_at_(kAskersMax) { SystemRandom(key_); }

Error Inquiries::Refusal(int64_t per_hour, std::string_view what) {
  return MakeError(
      ErrorCode::kBusy,
      fmt::format(
          "With this the account would have asked for or told more than {} {} within an hour, which is "
          "the most for it. Nothing of this request was taken: try again later, or in parts.",
          per_hour, what),
      std::string(kReason));
}

Status Inquiries::TakeMasked(const std::string& account, const Masks& masks,
                             std::span<const std::string> values) {
  if (Take("masked-value", account, masks.exact_per_hour, values)) return {};
  return Refusal(masks.exact_per_hour, "persons by what it sees masked");
}

void Inquiries::Note(const std::string& account, Instant now_us) {
  ++refused_;
  if (alarms_.size() >= kAskersMax)
    std::erase_if(alarms_, [now_us](const auto& one) { return one.second <= now_us - kToldForUs; });
  const bool is_new = alarms_.insert_or_assign(account, now_us).second;
  if (is_new)
    Say(LogLevel::kWarning, "enumeration",
        {{"what", std::string_view("an account asks for more persons by their numbers than its post may; the "
                                   "audit names it, reason enumeration")}});
}

Inquiries::Asked& Inquiries::AskedBy(std::string_view kind, const std::string& account, Instant now_us) {
  if (asked_.size() >= swept_at_) {
    std::erase_if(asked_, [now_us](const auto& one) { return one.second.since_us <= now_us - kAskedForUs; });
    swept_at_ =
        std::max(kAskersMax, 2 * asked_.size());  // a list of many names is not swept for each of them
  }
  Asked& asked = asked_[KeyOfAsker(kind, account)];
  if (asked.since_us <= now_us - kAskedForUs) asked = {now_us, 0, {}};
  return asked;
}

bool Inquiries::Take(std::string_view kind, const std::string& account, int64_t per_hour) {
  const Instant now_us = clock_->NowUs();
  const std::lock_guard lock(mutex_);
  Asked& asked = AskedBy(kind, account, now_us);
  if (asked.sum() < per_hour) {
    ++asked.count;
    return true;
  }
  Note(account, now_us);
  return false;
}

bool Inquiries::Take(std::string_view kind, const std::string& account, int64_t per_hour,
                     std::span<const std::string> values) {
  const Instant now_us = clock_->NowUs();
  std::vector<uint64_t> hashes;
  for (const std::string& value : values) hashes.push_back(KeyedHash(key_, value));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  const std::lock_guard lock(mutex_);
  Asked& asked = AskedBy(kind, account, now_us);
  std::vector<uint64_t> all;
  std::set_union(asked.values.begin(), asked.values.end(), hashes.begin(), hashes.end(),
                 std::back_inserter(all));
  if (asked.count + static_cast<int64_t>(all.size()) <= per_hour || all.size() == asked.values.size()) {
    asked.values = std::move(all);
    return true;
  }
  Note(account, now_us);
  return false;
}

bool Inquiries::IsUsedUp(std::string_view kind, const std::string& account, int64_t per_hour) const {
  const Instant now_us = clock_->NowUs();
  const std::lock_guard lock(mutex_);
  const auto asked = asked_.find(KeyOfAsker(kind, account));
  return asked != asked_.end() && asked->second.since_us > now_us - kAskedForUs &&
         asked->second.sum() >= per_hour;
}

void Inquiries::NoteRefused(const std::string& account) {
  const Instant now_us = clock_->NowUs();
  const std::lock_guard lock(mutex_);
  Note(account, now_us);
}

Inquiries::Alarms Inquiries::alarms() const {
  const Instant now_us = clock_->NowUs();
  const std::lock_guard lock(mutex_);
  Alarms alarms;
  alarms.refused = refused_;
  for (const auto& one : alarms_) alarms.accounts += one.second > now_us - kToldForUs;
  return alarms;
}

}  // namespace tk::access
