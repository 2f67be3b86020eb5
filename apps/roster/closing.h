// The closing hour: reminds each organization's contact, and later tells the townships who was not reported.
// When:   at remind_minute and close_minute of the settings (minutes after midnight, by the clocks of the city; -1: never). A day that was reminded of and not closed,
//         because the program stood still, is closed late.
// Makes:  RosterDay, one for each organization and day: reminded, then closed, as it was then; rules/reminded.json tells the contact. At the close a RosterMissing for
//         each who is missing; the first of each township says how many they are together, and rules/unexplained.json tells that township.
// Once:   ids are of organization, member and day, and what is closed stays as it is: of several tries or servers one makes it, and what a crash has left is
//         finished by the next look.
// Cost:   for each organization that of a day's state (day.h), and of each who is missing a read; once a day and stage.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "apps/roster/roster.h"

namespace tk::roster {

class Closing {
 public:
  /// `context` must outlive it.
  explicit Closing(const app::Context& context);
  ~Closing();

  /// What falls due now is made; for the thread, and for tests.
  Status Look();

 private:
  Status MakeAll(const std::string& day, bool closed, bool late);
  Status MakeOne(const view::Resource& organization, const std::string& day, bool closed, bool late);
  void Watch();

  const app::Context& context_;
  int64_t remind_minute_ = -1, close_minute_ = -1;
  std::mutex looking_;
  std::set<std::string> done_;  // under looking_: day and stage that need not be looked at again
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread watch_;  // the last: it uses all above
};

}  // namespace tk::roster
