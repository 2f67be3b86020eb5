// Who asks, and what he may do: post (what) × area subtree (whose data), and how much of it he sees (masks). Default is nothing. Checked in one
// place: the interactions ask MayRead/MayWrite, the search gets `scope`, and what leaves goes through `masks` (mask.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/account_kind.h"
#include "kernel/view/directory.h"

namespace tk::access {

class Policies;
struct Masks;

/// Rights of a post; from the posts file (data), e.g. screener, doctor, cdc-officer, admin.
struct Post {
  std::string name;  // "screener"
  std::string title_zh, title_en;
  bool all_types = false;
  std::vector<std::string> reads, writes,
      deletes;  // resource type names, sorted; "*" = all. What it deletes it writes, and not the other way round
  std::vector<std::string> operations;  // "$everything", "$erase", "$fhirpath", "history-system", "*"
  std::vector<std::string>
      tasks;                // systems of Task.code that packs bring, sorted: of those kinds it sees Tasks
  bool is_of_pack = false;  // no post of the platform: of Tasks it sees those kinds alone
  // Urls of packs' forms, sorted: those that it may answer, and sees the answers to, and those of which it sees the answers besides. Of no other pack's
  // form does any post see or write answers, but who may everything, and a resident what is about himself.
  std::vector<std::string> forms, forms_seen;
  // Nor of any other Questionnaire: a post of a pack always.
  bool reads_by_form = false, writes_by_form = false;
  /// Of these types it sees and writes what names the account's organization in this element ("store", "item.store").
  std::map<std::string, std::string, std::less<>> organization;
  std::string source;  // where the right comes from
};

namespace oauth {
struct Scopes;
}

struct Viewer {
  std::string account;
  std::string display;
  std::string area;                              // division code; "" = the whole city
  std::string organization;                      // "Organization/x": where he works; may be empty
  std::vector<std::string> organizations_above;  // of which that is a part: what closes to them closes to him
  std::shared_ptr<const Post> post;
  view::Scope scope;
  std::vector<view::OwnerNumber>
      own;  // of a resident: the owners of all records that are his, once they were looked up; ascending
  std::shared_ptr<const Policies> policies;  // null: the built-in ones, and nothing is masked
  std::shared_ptr<const Masks> masks;        // null: sees all as it is stored
  std::string session;                       // id for audit, never the token itself
  bool by_cookie = false;
  Instant expires_us = 0;  // end of the sign-on
  AccountKind kind = AccountKind::kPerson;
  std::string record;  // who he is in the log: "Practitioner/x", "Patient/y"; may be empty
  // Of a program that acts for him, or for itself; then every right below is the post's and the scopes' together:
  std::string client;   // the program's account; "" = none
  std::string issuer;   // "https://host" for which its token was made; "" = not bound
  std::string patient;  // id of the one Patient whom it is about; scope has him too
  std::shared_ptr<const oauth::Scopes> granted;  // null: no program, nothing is narrowed
  // Of a resident's account:
  Instant bound_us = 0;     // when it was bound to `record`; 0: not known, before everything
  Instant anothers_us = 0;  // since when that record is another person's; 0: it is his

  bool MayRead(std::string_view type) const;
  bool MayWrite(std::string_view type) const;
  bool MayDelete(std::string_view type) const;
  bool MayCall(std::string_view operation) const;
  /// Of an interaction with a type, what the scopes alone say: one of `letters` (oauth/scopes.h). True without a program.
  bool IsGranted(std::string_view type, uint8_t letters) const;
  /// Does he see one person only? Is this record a resident's own?
  bool IsOfOnePerson() const { return !own.empty() || scope.only_owner != 0; }
  bool IsHis(view::OwnerNumber owner) const;
};

}  // namespace tk::access
