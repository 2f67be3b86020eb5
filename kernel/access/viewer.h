// Who asks, and what he may do: post (what) × area subtree (whose data), and how much of it he sees (masks). Default is nothing. Checked in one
// place: the interactions ask MayRead/MayWrite, the search gets `scope`, and what leaves goes through `masks` (mask.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/view/directory.h"

namespace tk::access {

class Policies;
struct Masks;

/// Rights of a post; from the posts file (data), e.g. screener, doctor, cdc-officer, admin.
struct Post {
  std::string name;  // "screener"
  std::string title_zh, title_en;
  bool all_types = false;
  std::vector<std::string> reads, writes;  // resource type names, sorted; "*" = all
  std::vector<std::string> operations;     // "$everything", "$erase", "$fhirpath", "history-system", "*"
  std::string source;                      // where the right comes from
};

struct Viewer {
  std::string account;
  std::string display;
  std::string area;          // division code; "" = the whole city
  std::string organization;  // "Organization/x": where he works; may be empty
  std::shared_ptr<const Post> post;
  view::Scope scope;
  std::shared_ptr<const Policies> policies;  // null: the built-in ones, and nothing is masked
  std::shared_ptr<const Masks> masks;        // null: sees all as it is stored
  std::string session;                       // id for audit, never the token itself
  bool by_cookie = false;
  Instant expires_us = 0;  // end of the sign-on

  bool MayRead(std::string_view type) const;
  bool MayWrite(std::string_view type) const;
  bool MayCall(std::string_view operation) const;
};

}  // namespace tk::access
