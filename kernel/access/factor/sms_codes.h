// Codes by SMS: made, sent, checked once. In memory: after a crash none is known any more, and what is not known is refused.
// Flow:   Ask(number, account or nobody) → id, and a text to the sender → Check(id, code) → the account
// Nobody learns from here whether a number is known: of an unknown one an id is made and counted just the same, its text is not sent and no code
// is right. Sending is the sender's business and never waited for.
// Limits: a code is good for five minutes, five tries and one use; one a minute and so many an hour and a day to a number, of an account, from an
//         address. Source of the first three: the platform's own choice; NIST SP 800-63B 5.1.3.2 allows ten minutes, and asks for limits of tries.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::access {

/// Where texts go. Thread-safe; returns at once, sends later and tells failures in its own way. The number is never logged.
class SmsSender {
 public:
  virtual ~SmsSender() = default;
  virtual void Send(std::string mobile, std::string text) = 0;
};

inline constexpr std::string_view kSmsText =
    "【通康】验证码 {code}，5 分钟内有效，请勿告诉他人。Your code is {code}.";

struct SmsLimits {
  int64_t code_seconds = 300;
  int tries_max = 5;
  int64_t again_seconds = 60;  // to a number, between two texts
  int number_hour_max = 5, number_day_max = 10;
  int account_hour_max = 10;  // more than of a number, so that it tells nothing of one
  int address_hour_max = 60;  // a hospital's people come from one address
  size_t codes_max = 20'000, counted_max = 100'000;
  std::string text = std::string(kSmsText);
};

class SmsCodes {
 public:
  SmsCodes(SmsSender* sender, const Clock* clock, SmsLimits limits);

  struct Asked {
    std::string_view mobile;   // normal form (phone.h)
    std::string_view account;  // "" = nobody has this number
    std::string_view address;
    int64_t generation = 0;
    bool after_password =
        false;  // counted apart: strangers who ask for texts to a number do not use up its owner's
  };
  /// The id of a code that is on its way. kBusy, with `wait_seconds`, over a limit of the number or the address; over that of the account it is
  /// answered all the same, and nothing is sent.
  Result<std::string> Ask(const Asked& asked, int64_t* wait_seconds);

  struct Found {
    std::string account;
    int64_t generation = 0;  // of the account when it was asked for
  };
  /// Uses it up if it is right. kUnauthenticated, the same for wrong, over, used and nobody's.
  Result<Found> Check(std::string_view id, std::string_view code);

 private:
  struct Code {
    std::string account;
    Digest digest{};  // of id and code
    int64_t generation = 0, expires_s = 0;
    int tries = 0;
  };
  struct Sent {
    std::vector<int64_t> at_s;  // of the last day, oldest first
  };
  int64_t NowS() const { return clock_->NowUs() / kSecondUs; }
  Sent& SentOf(std::string_view kind, std::string_view who, int64_t now_s);
  int64_t WaitOf(const Sent& sent, int64_t now_s, int64_t again_s, int hour_max, int day_max) const;
  void Forget(int64_t now_s);
  std::string TextOf(std::string_view code) const;

  SmsSender* const sender_;
  const Clock* const clock_;
  const SmsLimits limits_;
  HashKey key_{};
  std::mutex mutex_;
  std::unordered_map<std::string, Code> codes_;
  std::unordered_map<uint64_t, Sent> sent_;  // by keyed hash of the number, account or address
};

}  // namespace tk::access
