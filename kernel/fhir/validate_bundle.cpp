#include "kernel/fhir/validate_bundle.h"

#include <algorithm>
#include <map>
#include <set>

#include "kernel/fhir/bundle_entries.h"
#include "kernel/fhir/path/path.h"

namespace tk::fhir {
namespace {

constexpr size_t kBundleLevelsMax = 100;
constexpr std::string_view kPageRelations[] = {"first", "previous", "prev", "next", "last"};

bool IsIn(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class BundleChecker {
 public:
  BundleChecker(const Definitions& definitions, Value bundle, std::string path, size_t issues_max,
                CheckTime& time)
      : definitions_(definitions),
        bundle_(bundle),
        path_(std::move(path)),
        issues_max_(issues_max),
        time_(time) {}

  std::vector<Issue> Run();
  size_t links_kept() const { return links_kept_; }

 private:
  struct Entry {
    Value resource;
    std::string url, type, id, version;
    std::string path;  // "Bundle.entry[3]"
    bool is_outcome;   // of a search: an answer, no resource that is kept anywhere
  };
  /// A reference, or (soft) an address that may be one, where it stands.
  struct Link {
    std::string text, path;
    bool soft;
  };
  using Places = std::multimap<std::string, size_t>;
  /// All entries that are meant lie side by side: however many they are, finding them costs one look-up.
  struct Found {
    Places::const_iterator begin, end;
    bool alike = false;  // one has the same type and id, but is not meant by the rules of fullUrl

    bool any() const { return begin != end; }
    bool many() const { return any() && std::next(begin) != end; }
  };

  void Read();
  void Links(const std::string& type);
  void Stylesheet(Value link, const std::string& path);
  void FullUrl(const Entry& entry, bool is_needed);
  void SearchSet();
  std::set<std::string> SearchedTypes() const;
  void Document();
  void Message();
  void Sections(Value holder, const std::string& path);
  void Named(Value holder, const char* member, const std::string& path);
  void References(bool is_document);
  void Join(size_t one, size_t other) {
    links_[one].push_back(other);
    links_[other].push_back(one);
    links_kept_ += 2;
  }
  void Hanging();
  void Collect(Value object, TypeId type, const std::string& path, size_t level, std::vector<Link>* out);
  Found Find(const Entry& from, std::string_view reference) const;
  void Add(const std::string& path, std::string_view type, std::string text) {
    if (issues_.size() < issues_max_ && !time_.over())
      issues_.push_back({Severity::kError, type, path, std::move(text)});
  }

  const Definitions& definitions_;
  const Value bundle_;
  const std::string path_;
  const size_t issues_max_;
  CheckTime& time_;
  std::vector<Entry> entries_;
  Places by_url_, by_url_and_version_, by_type_and_id_;
  std::vector<std::vector<size_t>> links_;  // by entry
  size_t links_kept_ = 0;
  std::set<std::string> told_;  // paths of references that were told already
  std::vector<Issue> issues_;
};

std::vector<Issue> BundleChecker::Run() {
  Read();
  const std::string type = bundle_["type"].ToString();
  Links(type);
  const bool is_needed = !IsIn(type, {"transaction", "transaction-response", "batch", "batch-response"});
  for (const Entry& entry : entries_) {
    if (time_.Step()) FullUrl(entry, is_needed);
  }
  if (type == "searchset") SearchSet();
  if (entries_.empty() || time_.over()) return std::move(issues_);
  if (type == "document" && entries_[0].type == "Composition") Document();
  if (type == "message" && entries_[0].type == "MessageHeader") Message();
  return std::move(issues_);
}

void BundleChecker::Read() {
  const bool is_search = bundle_["type"].ToString() == "searchset";
  size_t place = 0;
  for (const Value entry : bundle_["entry"]) {
    if (!time_.Step()) return;
    const Value resource = entry["resource"];
    const bool is_outcome = is_search && (entry["search"]["mode"].ToString() == "outcome" ||
                                          resource["resourceType"].ToString() == "OperationOutcome");
    Entry one{resource,
              entry["fullUrl"].ToString(),
              resource["resourceType"].ToString(),
              resource["id"].ToString(),
              resource["meta"]["versionId"].ToString(),
              path_ + ".entry[" + std::to_string(place) + "]",
              is_outcome};
    if (!one.url.empty()) {
      by_url_.emplace(one.url, place);
      by_url_and_version_.emplace(one.url + std::string(kHistoryPart) + one.version, place);
    }
    if (!one.id.empty()) by_type_and_id_.emplace(one.type + "/" + one.id, place);
    entries_.push_back(std::move(one));
    ++place;
  }
}

// ---- links and addresses -----------------------------------------------------------------------------------------------

void BundleChecker::Links(const std::string& type) {
  const bool has_pages = IsIn(type, {"searchset", "history"});
  std::set<std::string> seen;
  size_t place = 0;
  for (const Value link : bundle_["link"]) {
    if (!time_.Step()) return;
    const std::string path = path_ + ".link[" + std::to_string(place++) + "]";
    const std::string relation = link["relation"].ToString();
    const bool is_page =
        std::find(std::begin(kPageRelations), std::end(kPageRelations), relation) != std::end(kPageRelations);
    if (is_page && !has_pages && !type.empty())
      Add(path + ".relation", "value", "is a link between pages, which only searches and histories have");
    else if ((is_page || relation == "self") && !seen.insert(relation).second)
      Add(path, "structure", "has the relation of another link");
    if (type == "document" && relation == "stylesheet") Stylesheet(link, path);
  }
}

void BundleChecker::Stylesheet(Value link, const std::string& path) {
  const std::string url = link["url"].ToString();
  if (!url.empty() && !IsAbsoluteUri(url) && by_type_and_id_.count(url) == 0)
    Add(path + ".url", "not-found", "names a stylesheet that is not in the Bundle");
}

void BundleChecker::FullUrl(const Entry& entry, bool is_needed) {
  if (entry.url.empty()) {
    if (is_needed && entry.resource && !entry.is_outcome)
      Add(entry.path, "required", "has no fullUrl: it identifies the resource of an entry");
    return;
  }
  if (!IsAbsoluteUri(entry.url)) return Add(entry.path + ".fullUrl", "value", "must be an absolute URL");
  const auto address = RestAddressOf(definitions_, entry.url);
  if (!address || !entry.resource) return;
  if (entry.id.empty())
    return Add(entry.path + ".fullUrl", "value",
               "looks like the address of a resource on a server, but the resource has no id");
  if (address->type != entry.type || address->id != entry.id)
    Add(entry.path + ".fullUrl", "value", "does not agree with the resource's type and id");
}

// ---- searches ----------------------------------------------------------------------------------------------------------

/// By the link to the search itself; empty: of any type.
std::set<std::string> BundleChecker::SearchedTypes() const {
  std::set<std::string> types;
  for (const Value link : bundle_["link"]) {
    if (link["relation"].ToString() != "self") continue;
    const std::string url = link["url"].ToString();
    std::string_view query = url;
    const std::string_view head = query.substr(0, query.find('?'));
    query.remove_prefix(std::min(head.size() + 1, query.size()));
    const std::string_view last = head.substr(head.rfind('/') == std::string::npos ? 0 : head.rfind('/') + 1);
    if (definitions_.IsResource(definitions_.FindType(last))) return {std::string(last)};
    while (!query.empty()) {
      std::string_view parameter = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(parameter.size() + 1, query.size()));
      if (!parameter.starts_with("_type=")) continue;
      for (parameter.remove_prefix(6); !parameter.empty();) {
        const std::string_view one = parameter.substr(0, parameter.find(','));
        types.emplace(one);
        parameter.remove_prefix(std::min(one.size() + 1, parameter.size()));
      }
    }
    break;
  }
  return types;
}

void BundleChecker::SearchSet() {
  const std::set<std::string> types = SearchedTypes();
  size_t place = 0;
  for (const Value given : bundle_["entry"]) {
    if (!time_.Step()) return;  // then there may be fewer in entries_
    const Entry& entry = entries_[place++];
    const std::string mode = given["search"]["mode"].ToString();
    if (!entry.resource || mode.empty()) continue;
    const std::string path = entry.path + ".resource";
    if (mode == "outcome" && entry.type != "OperationOutcome")
      Add(path, "invalid", "is the outcome of a search, so it must be an OperationOutcome");
    if (mode == "outcome") continue;
    if (entry.id.empty()) Add(path, "required", "has no id, which everything that a search finds has");
    if (mode == "match" && !types.empty() && types.count(entry.type) == 0)
      Add(path, "invalid", "is of another type than the one that was searched for");
  }
}

// ---- references --------------------------------------------------------------------------------------------------------

BundleChecker::Found BundleChecker::Find(const Entry& from, std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  const MeantAddress meant = AddressMeant(definitions_, from.url, reference);
  const Places& places = meant.version.empty() ? by_url_ : by_url_and_version_;
  const auto [begin, end] = places.equal_range(
      meant.version.empty() ? meant.url : meant.url + std::string(kHistoryPart) + meant.version);
  Found found{begin, end};
  if (!found.any() && !IsAbsoluteUri(reference))
    found.alike = by_type_and_id_.contains(std::string(reference.substr(0, reference.find(kHistoryPart))));
  return found;
}

void BundleChecker::Named(Value holder, const char* member, const std::string& path) {
  const Value named = holder[member];
  const auto one = [&](Value reference, const std::string& at) {
    const std::string text = reference["reference"].ToString();
    if (text.empty() || text.front() == '#' || !time_.Step()) return;
    const Found found = Find(entries_[0], text);
    if (found.any() && !found.many()) return;
    told_.insert(at);
    if (found.many()) return Add(at, "structure", "means more than one entry of the Bundle");
    Add(at, "not-found",
        !found.alike ? "refers to what is not in the Bundle, where everything that is named here must be"
                     : "refers to what is not in the Bundle: an entry has that type and id, but its "
                       "fullUrl is not the "
                       "address that the reference stands for");
  };
  if (named.is_object()) return one(named, path + "." + member);
  size_t place = 0;
  for (const Value reference : named)
    one(reference, path + "." + member + "[" + std::to_string(place++) + "]");
}

void BundleChecker::Sections(Value holder, const std::string& path) {
  if (std::count(path.begin(), path.end(), '.') > static_cast<std::ptrdiff_t>(kBundleLevelsMax)) return;
  size_t place = 0;
  for (const Value section : holder["section"]) {
    const std::string at = path + ".section[" + std::to_string(place++) + "]";
    for (const char* member : {"author", "focus", "entry"}) Named(section, member, at);
    Sections(section, at);
  }
}

void BundleChecker::Document() {
  const Value composition = entries_[0].resource;
  const std::string path = entries_[0].path + ".resource";
  for (const char* member : {"subject", "author", "encounter", "custodian"}) Named(composition, member, path);
  size_t place = 0;
  for (const Value attester : composition["attester"])
    Named(attester, "party", path + ".attester[" + std::to_string(place++) + "]");
  place = 0;
  for (const Value event : composition["event"])
    Named(event, "detail", path + ".event[" + std::to_string(place++) + "]");
  Sections(composition, path);
  References(true);
}

void BundleChecker::Message() {
  Named(entries_[0].resource, "focus", entries_[0].path + ".resource");
  References(false);
}

/// References, and everything else that can hold the address of an entry.
void BundleChecker::Collect(Value object, TypeId type, const std::string& path, size_t level,
                            std::vector<Link>* out) {
  if (level > kBundleLevelsMax || !time_.Step()) return;
  const std::string_view type_name = definitions_.Type(type).name;
  for (const Value member : object) {
    const ElementInfo* element = definitions_.FindElement(type, member.name());
    if (element == nullptr) continue;
    const TypeInfo& of = definitions_.Type(element->type);
    const auto one = [&](Value value, const std::string& at) {
      const bool is_link = of.primitive == Primitive::kUri || of.primitive == Primitive::kUrl ||
                           of.primitive == Primitive::kCanonical;
      if (value.is_string() && is_link && element->name != "system" && type_name != "Extension")
        out->push_back({value.ToString(), at, true});
      if (!value.is_object() || of.type_class == TypeClass::kPrimitive) return;
      if (of.name == "Reference" && value["reference"].is_string())
        out->push_back({value["reference"].ToString(), at, false});
      const TypeId inner = of.type_class == TypeClass::kResource
                               ? path::ResourceItem(definitions_, value).type
                               : element->type;
      if (inner != kNoType && definitions_.Type(inner).name != "Bundle")
        Collect(value, inner, at, level + 1, out);
    };
    const std::string at = path + "." + std::string(element->base_name);
    if (!member.is_array()) {
      one(member, at);
      continue;
    }
    size_t place = 0;
    for (const Value value : member) one(value, at + "[" + std::to_string(place++) + "]");
  }
}

void BundleChecker::References(bool is_document) {
  links_.resize(entries_.size());
  std::set<const void*> joined;  // entries of one address: once, not for each link that means them
  for (size_t i = 0; i < entries_.size(); ++i) {
    const TypeId type = path::ResourceItem(definitions_, entries_[i].resource).type;
    if (type == kNoType || entries_[i].type == "Bundle") continue;
    std::vector<Link> found;
    Collect(entries_[i].resource, type, entries_[i].path + ".resource", 0, &found);
    for (const Link& link : found) {
      if (!time_.Step()) return;
      if (link.text.empty() || link.text.front() == '#') continue;
      const Found target = Find(entries_[i], link.text);
      if (target.any()) Join(i, target.begin->second);
      if (target.many() && joined.insert(&*target.begin).second)
        for (auto each = target.begin; std::next(each) != target.end; ++each)
          Join(each->second, std::next(each)->second);
      if (link.soft || told_.count(link.path) != 0) continue;
      if (target.many()) Add(link.path, "structure", "means more than one entry of the Bundle");
      if (target.alike)
        Add(link.path, "not-found",
            "means no entry of the Bundle: one has that type and id, but its fullUrl is not the address that "
            "the reference stands for");
    }
  }
  if (is_document) Hanging();
}

/// Every entry of a document is connected with its Composition, in whichever direction.
void BundleChecker::Hanging() {
  std::vector<bool> reached(entries_.size(), false);
  std::vector<size_t> next = {0};
  for (const Value link : bundle_["link"]) {
    if (link["relation"].ToString() != "stylesheet") continue;
    const std::string url = link["url"].ToString();
    for (const auto& places : {by_url_.equal_range(url), by_type_and_id_.equal_range(url)}) {
      for (auto i = places.first; i != places.second; ++i) next.push_back(i->second);
    }
  }
  while (!next.empty()) {
    if (!time_.Step()) return;
    const size_t at = next.back();
    next.pop_back();
    if (reached[at]) continue;
    reached[at] = true;
    next.insert(next.end(), links_[at].begin(), links_[at].end());
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!reached[i] && entries_[i].resource)
      Add(entries_[i].path, "invalid",
          "is not part of the document: no reference connects it with the Composition");
  }
}

}  // namespace

std::vector<Issue> BundleProblems(const Definitions& definitions, Value bundle, const std::string& path,
                                  size_t issues_max, CheckTime& time, size_t* links_kept) {
  BundleChecker checker(definitions, bundle, path, issues_max, time);
  std::vector<Issue> issues = checker.Run();
  if (links_kept != nullptr) *links_kept = checker.links_kept();
  return issues;
}

}  // namespace tk::fhir
