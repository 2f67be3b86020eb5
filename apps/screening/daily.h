// The daily report to the superior authority, with the two lists of the day: figures by area and channel, attendances of fever clinics, attendances of listed
// persons. Made once for a day, kept as it was made (DocumentReference with the spreadsheet and the PDF as Binaries), and given out as it was sent ever after.
// POST daily?day=2026-11-22   makes it, if it is not there    GET daily?day=…   which it is    GET daily/2026-11-22/xlsx, …/pdf   its bytes
// GET  daily                  which are kept, the newest 366: {"reports": [{"day", "made"}], "minute": daily_report_minute}
// GET  statistics?day=…       the figures by area and channel, now
// By itself: at daily_report_minute of the settings (minutes after midnight; -1: never) that of the day before, if it is not there yet; after a standstill late.
// Once:   the id is of the day, and the three resources are one transaction that holds only if it is not there: of several servers or tries one makes it.
// Rights: operation screening-daily, by an account of the whole city: the lists name persons of all areas. They are several persons' and kept as sent;
//         an erasure does not rewrite what was sent.
// Time:   a day is by the clocks of the city (UTC+8).
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "apps/screening/figures.h"

namespace tk::screening {

class Daily {
 public:
  explicit Daily(const app::Context& context);
  ~Daily();

  Result<interaction::Response> Handle(const interaction::Request& request) const;
  /// Of a day that is over. What is there already is not made anew. Errors: of the figures; kUnavailable when the font is missing.
  Status Make(const std::string& day) const;
  /// What falls due now is made; for the thread, and for tests.
  Status Look() const;

 private:
  Result<interaction::Response> Statistics(const std::string& day) const;
  Result<interaction::Response> Kept() const;
  Result<interaction::Response> Show(const std::string& day) const;
  Result<interaction::Response> Bytes(const std::string& day, const std::string& form) const;
  interaction::Response Ask(interaction::Method method, std::vector<std::string> path,
                            std::string body = {}) const;
  interaction::Response Ask(interaction::Request request) const;
  std::string Today() const;
  void Watch();

  const app::Context& context_;
  double fever_limit_cel_ = 0;
  int64_t report_minute_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread watch_;  // the last: it uses all above
};

}  // namespace tk::screening
