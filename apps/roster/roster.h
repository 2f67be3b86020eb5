// Who is on an organization's roster, and what of it is known from the index: the ground of all operations of this app.
// Says who: an organization enters whom it likes (`proposed`); what a person reports himself goes to it, and counts for it, from when he has agreed, or his own
//          record says so (Patient.contact.organization). Who refuses is on its roster no more. What it reports of him itself counts in either case but that.
// Records: RosterOrganization (one for each organization that reports), RosterMember (one for each person of each organization), RosterReport (one for each
//          member and day). Ids are keyed hashes of what makes them the same, so that what is sent again is the same record.
// Rights:  operation roster-keep: one's own organization, whatever area the account has. roster-oversee: every organization, and of it who lives in the account's
//          area. Nobody else. Whom a Consent closes to the account's post is to it as if he were not on the roster (decision 0053).
// Days:    by the clocks of the city (UTC+8).
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/app/asking.h"
#include "kernel/exchange/person_cells.h"

namespace tk::roster {

inline constexpr size_t kMembersMax = 50'000;  // of one organization
inline constexpr size_t kOrganizationsMax = 20'000;

/// Numbers of settings.json.
struct Settings {
  double fever_limit_cel = 0;
  int64_t late_days = 0;
};
Settings ReadSettings(std::string_view json);

std::string IdOfMember(const app::Context& context, std::string_view organization,
                       const exchange::PersonRow& person);
std::string IdOfReport(const app::Context& context, std::string_view member, std::string_view day);
std::string IdOfMissing(const app::Context& context, std::string_view member, std::string_view day);
std::string IdOfDay(const app::Context& context, std::string_view organization, std::string_view day);
/// "works" of "Organization/works".
std::string_view IdIn(std::string_view reference);
std::string Today(const app::Context& context);

/// Whose roster is asked about, and who of it is seen.
struct Asked {
  std::string organization;  // "Organization/works"
  view::Scope scope;
};
/// `organization`: an id, or "" for the account's own. Errors: kForbidden, kNotFound.
Result<Asked> MayAsk(const app::Context& context, const interaction::Request& request,
                     const std::string& organization, bool to_write);

/// Searches as the platform, from the index alone, at `position` and within `scope`. Errors: of the search; kTooLarge over `max`.
class Finder {
 public:
  explicit Finder(const app::Context& context) : context_(context), position_(context.engine->Head()) {}
  Result<std::vector<view::Ordinal>> Find(std::string_view type, const std::string& criteria,
                                          const view::Scope& scope, size_t max) const;
  Result<uint64_t> Count(std::string_view type, const std::string& criteria, const view::Scope& scope) const;
  const view::Position& position() const { return position_; }
  const app::Context& context() const { return context_; }
  view::OwnerNumber OwnerOf(view::Ordinal ordinal) const {
    return context_.engine->directory().Get(ordinal).owner;
  }

 private:
  const app::Context& context_;
  const view::Position position_;
};

struct Member {
  std::string id, patient, organization, name, unit, number, since, until, status;
  /// What he says of himself is told to this organization.
  bool agrees() const { return status == "agreed"; }
  /// He says that he is not of this organization: it reports nothing of him, and nobody expects it.
  bool refuses() const { return status == "refused"; }
  bool IsOn(std::string_view day) const {
    return !refuses() && since <= day && (until.empty() || day <= until);
  }
};
Result<Member> ReadMember(const view::Engine& engine, view::Ordinal ordinal);

/// The roster of one organization within a scope, with those who left. Cost: some 20 µs each.
class Roster {
 public:
  static Result<Roster> Load(const Finder& finder, const std::string& organization, const view::Scope& scope);
  const Member* WithId(const std::string& id) const;
  /// The one with this number who is on it on `day`; nullptr also when there are several.
  const Member* WithNumber(const std::string& number, std::string_view day) const;
  /// Of a Patient, or of another record of the same person.
  const Member* Of(const app::Context& context, const std::string& patient) const;
  const std::vector<Member>& members() const { return members_; }

 private:
  std::vector<Member> members_;
  std::unordered_map<std::string, size_t> by_id_, by_patient_;
  std::unordered_multimap<std::string, size_t> by_number_;
};

using app::JsonAnswer;

}  // namespace tk::roster
