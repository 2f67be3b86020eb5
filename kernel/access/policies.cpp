#include "kernel/access/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <set>

#include "kernel/access/posts.h"
#include "kernel/access/toml_read.h"
#include "kernel/access/viewer.h"
#include "kernel/base/file.h"
#include "kernel/fhir/definitions.h"

namespace tk::access {

extern const char* const kPoliciesToml;  // policies_text.cpp, made from data/policies.toml

namespace {

constexpr size_t kReasonsMax = 64, kReasonBytesMax = 64;
constexpr int kEndsMax = 12;

/// A text that stays for good: the audit's records point to it. Bounded by what files name.
std::string_view Kept(const std::string& text) {
  static std::mutex mutex;
  static auto* const kept = new std::set<std::string, std::less<>>();
  const std::lock_guard lock(mutex);
  return *kept->insert(text).first;
}

Error BadValue(const toml::table& table, std::string_view key, const std::string& name,
               std::string_view what) {
  const toml::node* const node = table.get(key);
  return TomlError(name, node == nullptr ? static_cast<const toml::node&>(table) : *node,
                   fmt::format("'{}' {}", key, what));
}

/// "3+4".
Result<std::optional<Ends>> EndsOf(const toml::table& table, std::string_view key, const std::string& name) {
  const std::string text = TRY(TextOf(table, key, name));
  if (text.empty()) return std::optional<Ends>();
  Ends ends;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, ends.first);
  const bool has_plus = first.ec == std::errc() && first.ptr != end && *first.ptr == '+';
  const auto last = has_plus ? std::from_chars(first.ptr + 1, end, ends.last) : first;
  if (!has_plus || last.ec != std::errc() || last.ptr != end || ends.first < 0 || ends.last < 0 ||
      ends.first > kEndsMax || ends.last > kEndsMax)
    return BadValue(table, key, name,
                    "says how many characters stay at the beginning and the end, as in \"3+4\"");
  return std::optional(ends);
}

Result<bool> ChoiceOf(const toml::table& table, std::string_view key, std::string_view choice,
                      const std::string& name) {
  const std::string text = TRY(TextOf(table, key, name));
  if (!text.empty() && text != choice)
    return BadValue(table, key, name, fmt::format("may only be \"{}\", or be left out", choice));
  return !text.empty();
}

/// One every 0.7 s: who needs more asks for whom he cannot see before him.
constexpr int64_t kExactPerHourMax = 5000;

Status ReadExact(const toml::table& table, const std::string& name, Masks* masks) {
  for (const std::string& element : TRY(TextsOf(table, "exact", name))) {
    if (element == "identifier" && masks->identifier)
      masks->exact_identifier = true;
    else if (element == "phone" && masks->phone)
      masks->exact_phone = true;
    else if (element == "birthDate" && masks->birth_date)
      masks->exact_birth_date = true;
    else
      return BadValue(table, "exact", name,
                      "may name identifier, phone and birthDate, where the same table masks them");
  }
  return {};
}

Result<std::string> SourceOf(const toml::table& table, const std::string& name) {
  std::string source = TRY(TextOf(table, "source", name));
  if (source.empty()) return TomlError(name, table, "'source' is missing: say where the policy comes from");
  return source;
}

/// Resident numbers that fit what the post still sees of a person, at least: division (by the area) and sex are known.
/// Source: GB 11643-1999: division 6, birth date 8, sequence 3 (its last digit is the sex), check digit of eleven values.
double CandidatesOf(const Masks& masks) {
  constexpr double kDaysOfYear = 365, kDaysOfMonth = 30, kChecks = 11, kSexes = 2;
  const int first = masks.identifier->first, last = masks.identifier->last;
  double days = masks.birth_date ? kDaysOfYear : 1;  // the year is seen
  if (masks.birth_date && first > 10) days = first > 11 ? kDaysOfMonth : 3 * kDaysOfMonth;
  if (masks.birth_date && last > 4) days = last > 7 ? 1 : last > 5 ? 12 : days / 10;
  double sequences = 1000;
  for (int digits = 1; digits < std::min(last, 4); ++digits) sequences /= 10;
  return days * sequences / (last > 0 ? kChecks : 1) / (last < 2 ? kSexes : 1);
}

/// "Encounter.reasonCode": elements of resources that are not persons, by their names as they stand in JSON.
Status ReadWithout(const toml::table& table, const std::string& name, Masks* masks) {
  constexpr size_t kElementsMax = 200;
  const std::vector<std::string> listed = TRY(TextsOf(table, "without", name));
  const auto definitions = fhir::Definitions::R4();
  for (const std::string& text : listed) {
    const size_t dot = std::min(text.find('.'), text.size());
    const std::string type = text.substr(0, dot), element = text.substr(std::min(dot + 1, text.size()));
    const fhir::TypeId id = definitions->FindType(type);
    const auto elements =
        definitions->IsResource(id) ? definitions->Elements(id) : decltype(definitions->Elements(id))();
    const auto at = std::find_if(elements.begin(), elements.end(),
                                 [&](const fhir::ElementInfo& each) { return each.name == element; });
    const bool may = at != elements.end() && at->min == 0 && element != "id" && element != "meta" &&
                     !IsMaskedAsPerson(type);
    if (!may || listed.size() > kElementsMax)
      return BadValue(table, "without", name,
                      fmt::format("lists at most {} elements that R4 lets be left out, of types that are no "
                                  "persons, as in \"Encounter.reasonCode\"; '{}' is none",
                                  kElementsMax, text));
    masks->without[type].push_back(element);
  }
  for (auto& [type, elements] : masks->without) std::sort(elements.begin(), elements.end());
  return {};
}

Result<Masks> ReadMasks(const toml::table& table, const std::string& name) {
  TRY(CheckKeys(table, name,
                {"purpose", "identifier", "phone", "name", "address", "birthDate", "exact", "exact_per_hour",
                 "without", "source"}));
  Masks masks;
  masks.purpose = TRY(TextOf(table, "purpose", name));
  masks.identifier = TRY(EndsOf(table, "identifier", name));
  masks.phone = TRY(EndsOf(table, "phone", name));
  masks.name = TRY(ChoiceOf(table, "name", "surname", name));
  masks.address = TRY(ChoiceOf(table, "address", "district", name));
  masks.birth_date = TRY(ChoiceOf(table, "birthDate", "year", name));
  TRY(ReadExact(table, name, &masks));
  TRY(ReadWithout(table, name, &masks));
  if (table.contains("exact_per_hour")) masks.exact_per_hour = TRY(NumberOf(table, "exact_per_hour", name));
  if (masks.exact_per_hour < 1 || masks.exact_per_hour > kExactPerHourMax)
    return BadValue(table, "exact_per_hour", name, fmt::format("is from 1 to {}", kExactPerHourMax));
  masks.source = TRY(SourceOf(table, name));
  constexpr double kCandidatesMin = 1000;
  if (masks.identifier && CandidatesOf(masks) <= kCandidatesMin)
    return BadValue(
        table, "identifier", name,
        "and what is seen of the birth date leave so few numbers that they can be tried: mask the birth date "
        "too (birthDate = \"year\") and keep two characters of the end at most (\"3+2\")");
  return masks;
}

Result<const toml::table*> TableOf(const toml::node& node, const std::string& name, std::string_view what) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return TomlError(name, node, fmt::format("{} is a table: [{}.NAME]", what, what));
  return table;
}

Error UnknownPurpose(const toml::table& table, const std::string& name) {
  return BadValue(table, "purpose", name, "names no purpose that is known: see [purposes]");
}

Result<OpenPolicy> ReadOpen(const toml::table& table, const std::string& name) {
  TRY(CheckKeys(table, name, {"purpose", "relation", "consent", "family", "special", "source"}));
  OpenPolicy open;
  open.purpose = TRY(TextOf(table, "purpose", name));
  open.relation = TRY(FlagOf(table, "relation", name));
  open.consent = !table.contains("consent") || TRY(FlagOf(table, "consent", name));
  open.family = TRY(FlagOf(table, "family", name));
  open.special = TRY(FlagOf(table, "special", name));
  open.source = TRY(SourceOf(table, name));
  return open;
}

std::string RuleOf(std::string_view table, std::string_view post, std::string_view pack) {
  return pack.empty() ? fmt::format("policies.toml [{}.{}]", table, post)
                      : fmt::format("pack {}, post {}: {}", pack, post, table);
}

Result<TaskPolicy> ReadTasks(const toml::table& table, const std::string& name) {
  TRY(CheckKeys(table, name, {"systems", "source"}));
  TaskPolicy tasks;
  tasks.systems = TRY(TextsOf(table, "systems", name));
  const bool is_empty = std::any_of(tasks.systems.begin(), tasks.systems.end(),
                                    [](const std::string& system) { return system.empty(); });
  if (tasks.systems.empty() || tasks.systems.size() > kTaskSystemsMax || is_empty)
    return BadValue(
        table, "systems", name,
        fmt::format("lists 1 to {} code systems of Task.code; a post that sees no Tasks has no Task in its "
                    "'reads'",
                    kTaskSystemsMax));
  tasks.source = TRY(SourceOf(table, name));
  return tasks;
}

/// A number within [1, max].
Result<int64_t> LimitOf(const toml::table& table, std::string_view key, int64_t max,
                        const std::string& name) {
  const int64_t number = TRY(NumberOf(table, key, name));
  if (number < 1 || number > max)
    return BadValue(table, key, name, fmt::format("is a whole number from 1 to {}", max));
  return number;
}

Result<RelationPolicy> ReadRelation(const toml::table& table, const std::string& name) {
  constexpr int64_t kEncounterDaysMax = 30, kReferralDaysMax = 400;  // so far back the facts are read
  TRY(CheckKeys(table, name, {"encounter_days", "referral_days", "source"}));
  RelationPolicy relation;
  relation.encounter_days = TRY(LimitOf(table, "encounter_days", kEncounterDaysMax, name));
  relation.referral_days = TRY(LimitOf(table, "referral_days", kReferralDaysMax, name));
  relation.source = TRY(SourceOf(table, name));
  return relation;
}

/// 1 to 64 codes.
Result<std::vector<std::string_view>> ReasonsOf(const toml::table& table, const std::string& name) {
  std::vector<std::string_view> out;
  for (const std::string& reason : TRY(TextsOf(table, "reasons", name))) {
    if (reason.empty() || reason.size() > kReasonBytesMax || out.size() == kReasonsMax)
      return BadValue(table, "reasons", name, "lists 1 to 64 codes of at most 64 bytes");
    out.push_back(Kept(reason));
  }
  if (out.empty()) return BadValue(table, "reasons", name, "lists 1 to 64 codes of at most 64 bytes");
  return out;
}

Result<EmergencyPolicy> ReadEmergency(const toml::table& table, const std::string& name) {
  constexpr int64_t kMinutesMax = 7 * 24 * 60, kPerHourMax = 1000;
  TRY(CheckKeys(table, name, {"minutes", "per_hour", "reasons", "source"}));
  EmergencyPolicy emergency;
  emergency.minutes = TRY(LimitOf(table, "minutes", kMinutesMax, name));
  emergency.per_hour = TRY(LimitOf(table, "per_hour", kPerHourMax, name));
  emergency.reasons = TRY(ReasonsOf(table, name));
  emergency.source = TRY(SourceOf(table, name));
  return emergency;
}

Result<FamilyPolicy> ReadFamily(const toml::table& table, const std::string& name) {
  constexpr int64_t kYearsMax = 18;
  TRY(CheckKeys(table, name, {"child_years", "relationships", "source"}));
  FamilyPolicy family;
  family.child_years = TRY(LimitOf(table, "child_years", kYearsMax, name));
  family.relationships = TRY(TextsOf(table, "relationships", name));
  family.source = TRY(SourceOf(table, name));
  return family;
}

Status ReadSpecial(const toml::table& table, const std::string& name, SpecialCodes* codes) {
  constexpr size_t kCodesMax = 1000;
  TRY(CheckKeys(table, name, {"title_zh", "title_en", "codes", "source"}));
  const std::vector<std::string> texts = TRY(TextsOf(table, "codes", name));
  if (texts.empty() || texts.size() > kCodesMax)
    return BadValue(table, "codes", name, fmt::format("lists 1 to {} codes", kCodesMax));
  for (const std::string& text : texts) {
    if (!codes->Add(text))
      return BadValue(
          table, "codes", name,
          "lists texts like system|B20-B24 (beginnings of one length), system|Z21* or system|7917-8");
  }
  return {};
}

/// The tables [what.NAME] of a file; none if it has no such.
Result<std::vector<std::pair<std::string, const toml::table*>>> TablesOf(const toml::table& file,
                                                                         std::string_view what,
                                                                         const std::string& name) {
  std::vector<std::pair<std::string, const toml::table*>> out;
  const toml::node* const node = file.get(what);
  if (node == nullptr) return out;
  for (const auto& [key, each] : *TRY(TableOf(*node, name, what)))
    out.emplace_back(std::string(key.str()), TRY(TableOf(each, name, what)));
  return out;
}

Result<Purpose> ReadPurpose(const std::string& purpose, const toml::table& table, const std::string& name) {
  TRY(CheckKeys(table, name, {"title_zh", "title_en", "codes", "source"}));
  return Purpose{purpose, TRY(TextOf(table, "title_zh", name)), TRY(TextOf(table, "title_en", name)),
                 TRY(SourceOf(table, name)), TRY(TextsOf(table, "codes", name))};
}

/// Of a post that is named nowhere. A city may say for what it works, and not that it is not bound: that is said of each post by its name.
Result<OpenPolicy> ReadUnnamed(const toml::table& table, const std::string& name) {
  OpenPolicy open = TRY(ReadOpen(table, name));
  if (!open.consent || open.relation || open.family || open.special)
    return TomlError(name, table,
                     "[unnamed] holds for posts that nothing names: consent is true, relation, family and "
                     "special are false. Who sees more has a table [open.POST], or [by_law.POST]");
  open.rule = "policies.toml [unnamed]";
  return open;
}

/// What a pack may not give: a resident's family is no post's of a pack, and level 5 is seen by law.
Status CheckOfPack(const toml::table& table, const OpenPolicy& open, const std::string& name) {
  if (!open.family && !open.special) return {};
  return BadValue(table, open.family ? "family" : "special", name,
                  "is no pack's to give: a post that acts by law says \"by_law\", for others a city says it "
                  "in its policies.toml");
}

}  // namespace

template <class Table>
Status Policies::ReadBound(const Table& file, const std::string& name, std::string_view pack) {
  for (const auto& [post, table] : TRY(TablesOf(file, "like", name))) {
    TRY(CheckKeys(*table, name, {"post", "source"}));
    TRY(SourceOf(*table, name));
    std::string other = TRY(TextOf(*table, "post", name));
    if (other == post || !open_.contains(other))
      return BadValue(*table, "post", name, "names no other post that has a table [open.POST] here");
    open_.erase(post);
    by_law_.erase(post);
    masks_.erase(post);
    like_[post] = std::move(other);
    if (pack.empty())
      like_by_pack_.erase(post);
    else
      like_by_pack_.insert(post);
  }
  for (const auto& [post, table] : TRY(TablesOf(file, "masks", name))) {
    Masks masks = TRY(ReadMasks(*table, name));
    if (FindPurpose(masks.purpose) == nullptr) return UnknownPurpose(*table, name);
    masks.rule = RuleOf("masks", post, pack);
    masks_[post] = masks.any() ? std::make_shared<const Masks>(std::move(masks)) : nullptr;
  }
  for (const auto& [post, table] : TRY(TablesOf(file, "open", name))) {
    OpenPolicy open = TRY(ReadOpen(*table, name));
    if (FindPurpose(open.purpose) == nullptr) return UnknownPurpose(*table, name);
    if (!pack.empty()) TRY(CheckOfPack(*table, open, name));
    open.rule = RuleOf("open", post, pack);
    by_law_.erase(post);
    like_by_pack_.erase(post);
    open_[post] = std::move(open);
  }
  for (const auto& [post, table] : TRY(TablesOf(file, "by_law", name))) {
    TRY(CheckKeys(*table, name, {"source"}));
    if (file["open"][post] || file["like"][post])
      return TomlError(name, *table,
                       fmt::format("the post {} acts by law, or as [open] and [like] say: not both", post));
    by_law_[post] = {TRY(SourceOf(*table, name)), RuleOf("by_law", post, pack)};
    open_.erase(post);
    like_.erase(post);
    like_by_pack_.erase(post);
  }
  return pack.empty() ? CheckLikes(file, name) : Status();
}

template <class Table>
Status Policies::CheckLikes(const Table& file, const std::string& name) const {
  for (const std::string& post : like_by_pack_) {
    const std::string_view beyond = BeyondPacks(post);
    if (beyond.empty()) continue;
    const toml::node* place = nullptr;
    std::string_view other = post;
    for (size_t i = 0; i < like_.size() && place == nullptr; ++i) {
      const auto like = like_.find(other);
      if (like == like_.end()) break;
      other = like->second;
      for (const char* const what : {"open", "by_law", "like"}) {
        if (place == nullptr) place = file[what][other].node();
      }
    }
    const auto brought = brought_.find(post);
    return TomlError(
        name, place == nullptr ? static_cast<const toml::node&>(file) : *place,
        fmt::format(
            "the post {0} of the pack {1} says in its file that it is like {2}, which {3}: no pack takes "
            "that along. Say here how {0} is bound: [open.{0}], [like.{0}], or [by_law.{0}] with the "
            "source",
            post, brought == brought_.end() ? std::string() : brought->second.first, like_.at(post), beyond));
  }
  return {};
}

template <class Tables>
std::string_view Policies::NamedIn(const Tables& tables, std::string_view post) const {
  // Bounded: tables of two files may name one another.
  for (size_t i = 0; i < like_.size() && !tables.contains(post); ++i) {
    const auto like = like_.find(post);
    if (like == like_.end()) break;
    post = like->second;
  }
  return post;
}

std::string_view Policies::BeyondPacks(std::string_view post) const {
  if (!like_by_pack_.contains(post)) return {};
  const OpenPolicy* const open = OpenOf(post);
  if (open == nullptr) return "acts by law";
  if (open->special) return "sees level 5 (special)";
  if (open->family) return "sees its family's records (family)";
  return open->consent ? "" : "is bound by no Consent (consent = false)";
}

Status Policies::Read(std::string_view text, const std::string& name, std::string_view pack) {
  const toml::table file = TRY(ParseToml(text, name));
  TRY(CheckKeys(file, name,
                {"version", "purposes", "masks", "reveal", "open", "unnamed", "by_law", "like", "tasks",
                 "relation", "emergency", "family", "special"}));
  if (std::string version = TRY(TextOf(file, "version", name)); !version.empty())
    version_ = std::move(version);
  for (const auto& [purpose, table] : TRY(TablesOf(file, "purposes", name)))
    purposes_[purpose] = TRY(ReadPurpose(purpose, *table, name));
  if (const toml::node* const node = file.get("unnamed")) {
    const toml::table& table = *TRY(TableOf(*node, name, "unnamed"));
    unnamed_ = TRY(ReadUnnamed(table, name));
    if (FindPurpose(unnamed_.purpose) == nullptr) return UnknownPurpose(table, name);
  }
  TRY(ReadBound(file, name, pack));
  for (const auto& [post, table] : TRY(TablesOf(file, "tasks", name)))
    tasks_[post] = TRY(ReadTasks(*table, name));
  if (const toml::node* const node = file.get("reveal")) {
    const toml::table& table = *TRY(TableOf(*node, name, "reveal"));
    TRY(CheckKeys(table, name, {"reasons", "source"}));
    reveal_reasons_ = TRY(ReasonsOf(table, name));
    TRY(SourceOf(table, name));
  }
  if (const toml::node* const node = file.get("relation"))
    relation_ = TRY(ReadRelation(*TRY(TableOf(*node, name, "relation")), name));
  if (const toml::node* const node = file.get("family"))
    family_ = TRY(ReadFamily(*TRY(TableOf(*node, name, "family")), name));
  for (const auto& [each, table] : TRY(TablesOf(file, "special", name))) {
    TRY(ReadSpecial(*table, name, &special_));
    special_source_ = TRY(SourceOf(*table, name));
  }
  if (const toml::node* const node = file.get("emergency"))
    emergency_ = TRY(ReadEmergency(*TRY(TableOf(*node, name, "emergency")), name));
  return {};
}

Result<std::shared_ptr<const Policies>> Policies::Load(const std::string& folder) {
  auto policies = std::make_shared<Policies>();
  TRY(policies->Read(kPoliciesToml, "policies.toml (built in)"));
  for (const PackPost& brought : TRY(ReadPackPosts(folder))) {
    if (Status added = policies->Add(brought); !added.ok())
      return MakeError(ErrorCode::kIncorrect, fmt::format("{}: post {}: {}", PackPostsPath(folder),
                                                          brought.post.name, added.error().external));
  }
  const std::string path = folder + "/policies.toml";
  auto text = ReadFile(path, size_t{1} << 20);
  if (text.ok()) {
    TRY(policies->Read(*text, path));
  } else if (text.error().code != ErrorCode::kNotFound) {
    return text.TakeError();
  }
  return std::shared_ptr<const Policies>(std::move(policies));
}

std::shared_ptr<const Policies> Policies::BuiltIn() {
  static const std::shared_ptr<const Policies> built_in = [] {
    auto policies = std::make_shared<Policies>();
    const Status read = policies->Read(kPoliciesToml, "policies.toml (built in)");
    CHECK(read.ok());
    return std::shared_ptr<const Policies>(std::move(policies));
  }();
  return built_in;
}

const Purpose* Policies::FindPurpose(std::string_view name) const {
  const auto at = purposes_.find(name);
  return at == purposes_.end() ? nullptr : &at->second;
}

std::shared_ptr<const Masks> Policies::MasksOf(std::string_view post) const {
  const auto at = masks_.find(NamedIn(masks_, post));
  return at == masks_.end() ? nullptr : at->second;
}

const OpenPolicy* Policies::OpenOf(std::string_view post) const {
  post = NamedIn(open_, post);
  if (const auto at = open_.find(post); at != open_.end()) return &at->second;
  return by_law_.contains(post) ? nullptr : &unnamed_;
}

const Law* Policies::LawOf(std::string_view post) const {
  const auto at = by_law_.find(NamedIn(open_, post));
  return at == by_law_.end() || OpenOf(post) != nullptr ? nullptr : &at->second;
}

bool Policies::IsNamed(std::string_view post) const {
  return open_.contains(post) || by_law_.contains(post) || like_.contains(post);
}

std::optional<TaskPolicy> Policies::TasksOf(const Post& post) const {
  const auto at = tasks_.find(post.name);
  if (at == tasks_.end() && !post.is_of_pack) return std::nullopt;
  TaskPolicy tasks = at == tasks_.end() ? TaskPolicy{{}, post.source, false} : at->second;
  tasks.systems.insert(tasks.systems.end(), post.tasks.begin(), post.tasks.end());
  return tasks;
}

std::vector<std::string> Policies::Posts() const {
  std::vector<std::string> posts;
  for (const auto& [post, tasks] : tasks_) posts.push_back(post);
  for (const auto& [post, masks] : masks_) posts.push_back(post);
  for (const auto& [post, open] : open_) posts.push_back(post);
  for (const auto& [post, law] : by_law_) posts.push_back(post);
  for (const auto& [post, other] : like_) posts.push_back(post);
  std::sort(posts.begin(), posts.end());
  posts.erase(std::unique(posts.begin(), posts.end()), posts.end());
  return posts;
}

std::string_view Policies::RevealReason(std::string_view code) const {
  const auto at = std::find(reveal_reasons_.begin(), reveal_reasons_.end(), code);
  return at == reveal_reasons_.end() ? std::string_view() : *at;
}

}  // namespace tk::access
