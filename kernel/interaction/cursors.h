// Following pages: an opaque random handle for (what was asked, where it stands), kept here, so that no link carries criteria.
// Bounded by bytes: the account that keeps most loses its least recently used first, so that nobody pushes others' pages out. A handle lives
// ten minutes from its last use, like the position it pins, then 410.
#pragma once

#include <list>
#include <mutex>
#include <unordered_map>

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// One page to come. Immutable: asking for the same page twice gives the same page.
struct Cursor {
  Kind kind = Kind::kSearchType;
  fhir::TypeId type = fhir::kNoType;
  std::string id;
  std::string account;  // nobody else may follow it
  view::Position position;
  std::shared_ptr<const search::Query> query;  // search
  std::string search_cursor;
  std::optional<uint64_t> total;  // of the search, as the first page told it
  bool total_estimated = false;
  std::string self;     // history, $everything: the parameters as understood
  uint64_t offset = 0;  // history: versions or ordinals passed; $everything: resources passed
  std::shared_ptr<const std::vector<view::Ordinal>> sent;  // $everything: what earlier pages brought along
};
using CursorPtr = std::shared_ptr<const Cursor>;

/// What it keeps in memory, roughly. Pages of one search share its query, and each counts it.
size_t MemoryBytes(const Cursor& cursor);

/// Thread-safe. Cost: a look-up; when full, also a walk over the accounts that keep pages.
class Cursors {
 public:
  Cursors(const Clock* clock, size_t bytes_max, int64_t life_us)
      : clock_(clock), bytes_max_(bytes_max), life_us_(life_us) {}
  /// Keeps it and returns its handle.
  std::string Keep(Cursor cursor);
  /// kGone if it expired, was pushed out, or is another account's; the three are told alike.
  Result<CursorPtr> Find(const std::string& handle, const std::string& account);

 private:
  using Order = std::list<std::string>;  // handles, least recently used first
  struct Account {
    size_t bytes = 0;
    Order order;
  };
  struct Slot {
    CursorPtr cursor;
    size_t bytes;
    Instant used_us;
    Order::iterator place, place_of_account;
  };
  /// By value: the handle stands in what is taken out.
  void Drop(std::string handle);
  void DropForRoom(size_t bytes, Instant now_us);

  const Clock* clock_;
  const size_t bytes_max_;
  const int64_t life_us_;
  std::mutex mutex_;
  size_t bytes_ = 0;
  std::unordered_map<std::string, Slot> slots_;
  std::unordered_map<std::string, Account> accounts_;
  Order order_;
};

}  // namespace tk::interaction
