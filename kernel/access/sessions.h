// Sign-ons that last: cookies of pages and what people have granted to programs. In memory, and in a journal that outlives `kill -9`: what was
// ended stays ended, and what may be used once has been used, before anybody is answered.
// Flow:   sign-in, consent → Open → Find (each request) → Touch · Turn (a refresh token is used) → End
// Files:  DIR/sessions.jsonl, one JSON object a line: {"open":…}, {"turn":id,"n":2}, {"seen":id,"at":…}, {"end":id}, {"used":…,"until":…};
//         rewritten at the start and when most of it is history. A torn last line is a change that nobody was told of.
// Cost:   Find ~50 ns; Open, Turn, End, UseOnce wait for one fsync.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::access {

struct Session {
  std::string id;  // 16 hex digits
  std::string account;
  int64_t generation = 0;  // of the account when it began
  int64_t client_generation = 0;
  std::string client;   // the program; "" = a page's cookie
  std::string scope;    // granted to the program
  std::string patient;  // id of the Patient whom the grant is about
  std::string issuer;   // base address under which it was granted
  std::string parent;   // the cookie's session, of a grant that ends with it
  std::string code;     // digest of the code that it came from
  std::string methods;  // how he showed who he is: "pwd", "pwd otp", "sms"
  std::string device;   // "Chrome, Windows"; of a page's cookie (device.h)
  std::string place;    // "here", "local", "internet"
  int64_t begun_s = 0, signed_in_s = 0, expires_s = 0;
  int64_t turns = 0;  // how often its refresh token was used
};

class Sessions {
 public:
  struct Live {
    Session session;  // without `turns`, which changes
    std::atomic<int64_t> seen_s{0};
    std::atomic<int64_t> turns{0};
    std::atomic<bool> ended{false};
  };
  using LivePtr = std::shared_ptr<Live>;

  /// Reads DIR/sessions.jsonl. Errors: kCorrupt with the line; kUnavailable.
  static Result<std::unique_ptr<Sessions>> Open(const std::string& folder, const Clock* clock,
                                                int64_t idle_seconds);
  ~Sessions();

  Status Begin(Session session);
  /// nullptr if there is none, it has ended, or its time is over (also its idle time, of a cookie).
  LivePtr Find(std::string_view id) const;
  /// It was used now. Written down now and then, as a start must not lengthen it.
  void Touch(Live* live) const;
  bool IsOver(const Live& live) const;
  /// The refresh token number `turn` is used: the next one is turn + 1. kConflict if that is not the one that is due.
  Status Turn(const LivePtr& live, int64_t turn);
  /// Ends it, and the grants whose parent it is. Fine if there is none.
  Status End(std::string_view id);
  /// Ends all of an account but `except`; how many.
  Result<size_t> EndAll(std::string_view account, std::string_view except);
  /// The grant that came from the code with this digest.
  LivePtr OfCode(std::string_view digest) const;
  /// kConflict if it was used before; remembered until then.
  Status UseOnce(std::string_view what, int64_t until_s);
  std::vector<LivePtr> Of(std::string_view account) const;
  /// Once a second or so: writes down when cookies were last used, forgets what is over.
  void Upkeep();

 private:
  Sessions(std::string folder, const Clock* clock, int64_t idle_seconds);
  Status Load();
  Status ReadLine(std::string_view line);
  Status Append(const std::string& lines, bool sync);
  Status Rewrite();
  int64_t NowS() const { return clock_->NowUs() / kSecondUs; }
  Status EndThese(const std::vector<LivePtr>& list);

  const std::string path_;
  const Clock* const clock_;
  const int64_t idle_seconds_;
  std::mutex journal_mutex_;  // before mutex_; held while a change is written
  int fd_ = -1;
  size_t lines_ = 0;
  int64_t upkept_s_ = 0;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, LivePtr> live_;
  std::unordered_map<std::string, int64_t> used_;     // until when it is remembered
  std::unordered_map<std::string, int64_t> written_;  // seen_s as in the journal
};

}  // namespace tk::access
