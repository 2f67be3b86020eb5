#include "kernel/access/factor/sms_codes.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "kernel/base/random.h"

namespace tk::access {
namespace {

constexpr int64_t kHourSeconds = 3600, kDaySeconds = 86'400;
constexpr uint32_t kCodes = 1'000'000;
constexpr std::string_view kPlace = "{code}";

/// Six digits, each as likely: numbers over the largest multiple are drawn again.
std::string NewSixDigits() {
  constexpr uint32_t kBound = UINT32_MAX / kCodes * kCodes;
  for (;;) {
    std::array<uint8_t, 4> bytes;
    SystemRandom(bytes);
    const uint32_t number =
        uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
    if (number < kBound) return fmt::format("{:06}", number % kCodes);
  }
}

std::string NewId() {
  std::array<uint8_t, 16> bytes;
  SystemRandom(bytes);
  return ToHex(bytes);
}

Error WrongSms() {
  return MakeError(ErrorCode::kUnauthenticated, "the code is wrong, or its time is over; ask for another");
}

}  // namespace

SmsCodes::SmsCodes(SmsSender* sender, const Clock* clock, SmsLimits limits)
    : sender_(sender), clock_(clock), limits_(std::move(limits)) {
  SystemRandom(key_);
}

SmsCodes::Sent& SmsCodes::SentOf(std::string_view kind, std::string_view who, int64_t now_s) {
  Sent& sent = sent_[KeyedHash(key_, fmt::format("{}\x1f{}", kind, who))];
  std::erase_if(sent.at_s, [now_s](int64_t at_s) { return now_s - at_s >= kDaySeconds || at_s > now_s; });
  return sent;
}

/// Until one more may be sent; 0: now.
int64_t SmsCodes::WaitOf(const Sent& sent, int64_t now_s, int64_t again_s, int hour_max, int day_max) const {
  int64_t wait_s = 0;
  const auto over = [&](int64_t span_s, int count_max) {
    const auto count = static_cast<size_t>(count_max);
    if (sent.at_s.size() < count) return;
    const int64_t first_s = sent.at_s[sent.at_s.size() - count];
    wait_s = std::max(wait_s, first_s + span_s - now_s);
  };
  if (again_s > 0) over(again_s, 1);
  over(kHourSeconds, hour_max);
  over(kDaySeconds, day_max);
  return wait_s;
}

void SmsCodes::Forget(int64_t now_s) {
  if (codes_.size() >= limits_.codes_max)
    std::erase_if(codes_, [now_s](const auto& each) { return each.second.expires_s <= now_s; });
  if (sent_.size() < limits_.counted_max) return;
  std::erase_if(sent_, [now_s](const auto& each) {
    return each.second.at_s.empty() || now_s - each.second.at_s.back() >= kHourSeconds;
  });
}

std::string SmsCodes::TextOf(std::string_view code) const {
  std::string text = limits_.text;
  for (size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at + code.size()))
    text.replace(at, kPlace.size(), code);
  return text;
}

Result<std::string> SmsCodes::Ask(const Asked& asked, int64_t* wait_seconds) {
  const std::string id = NewId(), digits = NewSixDigits();
  const int64_t now_s = NowS();
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    Forget(now_s);
    if (codes_.size() >= limits_.codes_max || sent_.size() >= limits_.counted_max) {
      *wait_seconds = limits_.again_seconds;
      return MakeError(ErrorCode::kBusy, "too many codes are on their way; try again in a minute");
    }
    const int none_max = limits_.address_hour_max * 24;
    const std::string_view number = asked.after_password ? "number, known" : "number";
    const int64_t wait_s = std::max(
        WaitOf(SentOf(number, asked.mobile, now_s), now_s, limits_.again_seconds, limits_.number_hour_max,
               limits_.number_day_max),
        WaitOf(SentOf("address", asked.address, now_s), now_s, 0, limits_.address_hour_max, none_max));
    if (wait_s > 0) {
      *wait_seconds = wait_s;
      return MakeError(ErrorCode::kBusy,
                       fmt::format("a code was sent already; the next one in {} seconds", wait_s));
    }
    SentOf(number, asked.mobile, now_s).at_s.push_back(now_s);
    SentOf("address", asked.address, now_s).at_s.push_back(now_s);
    bool known = !asked.account.empty();
    if (known) {
      Sent& own = SentOf("account", asked.account, now_s);
      known = WaitOf(own, now_s, 0, limits_.account_hour_max, limits_.account_hour_max * 24) == 0;
      if (known) own.at_s.push_back(now_s);
    }
    Code& code = codes_[id];
    if (known) code.account = asked.account;
    code.digest = DigestOf({Bytes(key_), AsBytes(id), AsBytes(digits)});
    code.generation = asked.generation;
    code.expires_s = now_s + limits_.code_seconds;
    if (!known) return id;
  }
  sender_->Send(std::string(asked.mobile), TextOf(digits));
  return id;
}

Result<SmsCodes::Found> SmsCodes::Check(std::string_view id, std::string_view code) {
  const Digest given = DigestOf({Bytes(key_), AsBytes(id), AsBytes(code)});
  const std::lock_guard<std::mutex> hold(mutex_);
  const auto at = codes_.find(std::string(id));
  if (at == codes_.end()) return WrongSms();
  Code& known = at->second;
  const bool right = sodium_memcmp(given.data(), known.digest.data(), given.size()) == 0;
  if (known.expires_s <= NowS() || ++known.tries > limits_.tries_max) {
    codes_.erase(at);
    return WrongSms();
  }
  if (!right || known.account.empty()) return WrongSms();
  Found found{known.account, known.generation};
  codes_.erase(at);
  return found;
}

}  // namespace tk::access
