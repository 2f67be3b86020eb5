#include "kernel/interaction/include.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "kernel/interaction/permit.h"

namespace tk::interaction {
namespace {

/// "Type/id" → versions, of all references with a version that stand in the texts.
using VersionsAsked = std::map<std::string, std::set<uint32_t>, std::less<>>;

void CollectVersions(std::string_view text, VersionsAsked* out) {
  constexpr std::string_view kHistory = "/_history/";
  constexpr size_t kLinkBytesMax = 160;  // of a relative one: names and ids are shorter
  for (size_t at = text.find(kHistory); at != std::string_view::npos; at = text.find(kHistory, at + 1)) {
    const size_t from = at > kLinkBytesMax ? at - kLinkBytesMax : 0;
    const size_t quote = text.substr(from, at - from).rfind('"');
    if (quote == std::string_view::npos) continue;
    const size_t begin = from + quote;
    uint32_t version = 0;
    const char* const digits = text.data() + at + kHistory.size();
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(digits, end, version);
    if (error != std::errc() || after == end || *after != '"' || version == 0) continue;
    (*out)[std::string(text.substr(begin + 1, at - begin - 1))].insert(version);
  }
}

/// The ordinals of those versions that the viewer may see.
std::vector<view::Ordinal> Versioned(const Room& room, const search::PageRequest& request,
                                     const Header& header, const std::set<uint32_t>& wanted) {
  constexpr size_t kVersionsMax = 1000;
  std::vector<view::Ordinal> out;
  const uint64_t id_hash = room.engine().IdHash(room.TypeName(header.type), header.id);
  for (const auto& version : room.directory().Versions(id_hash, request.position, kVersionsMax)) {
    if (wanted.contains(version.version) && !version.deleted &&
        room.directory().InScope(version.ordinal, request.scope))
      out.push_back(version.ordinal);
  }
  return out;
}

/// Does something else on the page name the i-th included one without a version of ours: by Type/id, or by a canonical?
bool IsNamedPlainly(std::string_view base_url, std::string_view name, const Texts& matches,
                    const Texts& included, size_t i) {
  std::vector<std::string> ways{fmt::format("\"{}\"", name)};
  const auto document = fhir::Document::Parse(included.body(i));
  const std::string url = document.ok() ? document->Root()["url"].ToString() : std::string();
  for (const std::string& canonical : {url, fmt::format("{}/{}", base_url, name)}) {
    if (canonical.empty()) continue;
    for (const char end : {'"', '|', '#'}) ways.push_back(fmt::format("\"{}{}", canonical, end));
  }
  const auto names = [&](const view::Engine::TextPtr& from) {
    return from != included.opened[i] && std::any_of(ways.begin(), ways.end(), [&](const std::string& way) {
             return from->json.find(way) != std::string::npos;
           });
  };
  return std::any_of(matches.opened.begin(), matches.opened.end(), names) ||
         std::any_of(included.opened.begin(), included.opened.end(), names);
}

/// Takes the versions that references name: beside the current ones, or in place of those that nothing else leads to. `is_current`: what is included
/// is so as it is now, whatever refers to it.
Status TakeVersions(const Room& room, const search::IncludeRequest& request, const Texts& matches,
                    bool is_current, Texts* included, bool* cut) {
  VersionsAsked asked;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (!room.directory().Hides(matches.ordinals[i], request.page.scope))
      CollectVersions(matches.body(i), &asked);
  }
  for (const auto& text : included->opened) CollectVersions(text->json, &asked);
  if (asked.empty()) return {};
  std::vector<view::Ordinal> ordinals;
  for (size_t i = 0; i < included->ordinals.size(); ++i) {
    const Header& header = included->header(i);
    const view::Ordinal current = included->ordinals[i];
    const std::string name = fmt::format("{}/{}", room.TypeName(header.type), header.id);
    const auto wanted = asked.find(name);
    if (wanted == asked.end()) {
      ordinals.push_back(current);
      continue;
    }
    std::vector<view::Ordinal> versions = Versioned(room, request.page, header, wanted->second);
    if (versions.size() < wanted->second.size() || is_current ||
        IsNamedPlainly(request.own_base, name, matches, *included, i))
      ordinals.push_back(current);
    if (!ordinals.empty() && ordinals.back() == current) std::erase(versions, current);
    ordinals.insert(ordinals.end(), versions.begin(), versions.end());
  }
  *cut = ordinals.size() > kIncludedMax;
  if (*cut) ordinals.resize(kIncludedMax);
  if (ordinals == included->ordinals) return {};
  *included = TRY(ReadMany(room, ordinals));
  *cut = *cut || included->passed < ordinals.size();
  return {};
}

}  // namespace

Status AddIncluded(const Room& room, const Call& call, const search::Query& query,
                   const search::PageRequest& request, const Texts& matches, BundleWriter* bundle,
                   std::vector<Issue>* issues) {
  if (query.includes.empty() || matches.ordinals.empty()) return {};
  search::IncludeRequest include;
  include.page = request;
  include.may_read = [&](fhir::TypeId type) {
    return type != fhir::kNoType && call.viewer().MayRead(room.TypeName(type));
  };
  include.max = kIncludedMax;
  include.own_base = call.request.base_url;
  search::Included found = TRY(room.index().Include(query, matches.ordinals, include));
  Texts texts = TRY(ReadMany(room, found.ordinals));
  const bool too_large = texts.passed < found.ordinals.size();
  const bool is_current = std::any_of(query.includes.begin(), query.includes.end(),
                                      [](const search::Include& each) { return each.reverse; });
  bool versions_cut = false;
  TRY(TakeVersions(room, include, matches, is_current, &texts, &versions_cut));
  found.cut = found.cut || versions_cut;
  const Shape shape{query.summary, {}};  // _elements names elements of the searched type
  std::string cut;
  for (size_t i = 0; i < texts.size(); ++i) {
    BundleWriter::Entry entry;
    entry.full_url = FullUrl(call, room.TypeName(texts.header(i).type), texts.header(i).id);
    entry.resource = TRY(Shaped(room, call.viewer(), shape, texts.body(i), &cut));
    entry.search_mode = "include";
    bundle->Shows(texts.header(i).owner);
    bundle->Add(entry);
  }
  TellLost(room, texts, issues);
  if (too_large)
    issues->push_back(
        {Severity::kWarning,
         "incomplete",
         {},
         fmt::format("What would come along with this page is larger than {} MB: the rest is left out. Ask "
                     "with a smaller _count, or for fewer includes.",
                     kPageBytesMax >> 20)});
  if (found.cut)
    issues->push_back(
        {Severity::kWarning,
         "incomplete",
         {},
         fmt::format("More than {} resources would come along with this page: the others are left out. Ask "
                     "with a smaller _count, or for fewer includes.",
                     kIncludedMax)});
  return {};
}

std::vector<Issue> ExplainIssues(const search::Explanation& explanation, const access::Viewer& viewer,
                                 std::string_view understood) {
  const bool numbers = viewer.scope.all();
  std::vector<Issue> issues;
  auto say = [&](std::string text) {
    issues.push_back({Severity::kInformation, "informational", {}, std::move(text)});
  };
  say(fmt::format("understood: {}", understood.empty() ? "no criterion" : understood));
  using Role = search::Explanation::Step::Role;
  for (const auto& step : explanation.steps) {
    const std::string_view name =
        step.criterion.empty() ? std::string_view("all resources of the type") : step.criterion;
    const std::string_view role = step.role == Role::kDriver
                                      ? "is walked, the others are asked of what it gives"
                                  : step.role == Role::kSet ? "was gathered into a set first"
                                                            : "is asked of each candidate";
    if (numbers && step.has_estimate)
      say(fmt::format("{}: {}; about {} index entries", name, role, step.estimate));
    else
      say(fmt::format("{}: {}", name, role));
  }
  say(fmt::format("order: {}; {}", explanation.order,
                  explanation.walks ? "the walk ends when the page is full"
                                    : "all matches are gathered before the page is cut"));
  if (numbers)
    say(fmt::format(
        "cost: {} candidates, {} of them asked of the other criteria, {} index entries looked at, {} "
        "resources looked up for joins, {} kept in sets, {} µs",
        explanation.candidates, explanation.tested, explanation.entries, explanation.probes, explanation.kept,
        explanation.took_us));
  else
    say(fmt::format("cost: {} candidates in your area asked of the other criteria, {} µs", explanation.tested,
                    explanation.took_us));
  return issues;
}

}  // namespace tk::interaction
