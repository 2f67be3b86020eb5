#include "kernel/fhir/profile.h"

#include <algorithm>
#include <charconv>

#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/official_profiles.h"
#include "kernel/fhir/profile_builder.h"

namespace tk::fhir {
namespace {

constexpr size_t kUnknownKeptMax = 8192;  // beyond it urls that are not known are looked up anew

/// What a value set names: stored resources first, then what the definitions compiled.
class StoredCodes final : public CodeSource {
 public:
  StoredCodes(const Definitions& definitions, const Canonicals& canonicals)
      : definitions_(definitions), canonicals_(canonicals) {}
  Value FindValueSet(std::string_view url) const override { return Find("ValueSet", url); }
  std::shared_ptr<const CodeTree> FindCodeSystem(std::string_view url) const override {
    const Value found = Find("CodeSystem", url);
    return found.present() ? std::make_shared<const CodeTree>(found) : nullptr;
  }
  std::optional<std::vector<SystemCode>> Compiled(std::string_view url) const override {
    const CodeSetId set = definitions_.FindCodeSet(url);
    if (set == kNoCodeSet) return std::nullopt;
    std::vector<SystemCode> codes;
    for (const auto& [system, code] : definitions_.SystemCodes(set)) codes.emplace_back(system, code);
    return codes;
  }
  bool FoldsCase(std::string_view system) const override {
    return !system.empty() && Find("CodeSystem", system)["caseSensitive"].kind() == Kind::kFalse;
  }

 private:
  Value Find(std::string_view type, std::string_view url) const {
    std::shared_ptr<const Document> found = canonicals_.Find(type, url);
    if (found == nullptr) return {};
    kept_.push_back(found);
    return found->Root();
  }
  const Definitions& definitions_;
  const Canonicals& canonicals_;
  mutable std::vector<std::shared_ptr<const Document>> kept_;
};

const ProfileElement* FindIn(const ProfileElement& element, std::string_view definition) {
  if (element.definition == definition) return &element;
  for (const auto* list : {&element.children, &element.slices}) {
    for (const auto& below : *list) {
      if (const ProfileElement* found = FindIn(*below, definition)) return found;
    }
  }
  return nullptr;
}

template <class MaybeCodes>
std::shared_ptr<const ListedCodes> Listed(const MaybeCodes& codes, const StoredCodes& source) {
  if (!codes) return nullptr;
  std::set<std::string> systems, folding;
  for (const auto& [system, code] : *codes) {
    if (systems.insert(system).second && source.FoldsCase(system)) folding.insert(system);
  }
  return std::make_shared<const ListedCodes>(*codes, std::move(folding));
}

/// The bindings of a platform type that are not required, as OfficialStructure has those of R4's types.
std::shared_ptr<const Document> BindingsOf(Value structure) {
  const char* list = structure["snapshot"]["element"].size() > 0 ? "snapshot" : "differential";
  std::string text;
  JsonWriter out(&text);
  out.Object().Member("resourceType", "StructureDefinition").Key("snapshot").Object().Key("element").Array();
  for (const Value element : structure[list]["element"]) {
    const Value binding = element["binding"];
    const std::string strength = binding["strength"].ToString(), path = element["path"].ToString();
    if (strength != "extensible" && strength != "preferred") continue;
    out.Object().Member("id", path).Member("path", path).Key("binding").Raw(binding.Json()).End();
  }
  out.End().End().End();
  auto document = Document::Parse(text);
  if (!document.ok()) return nullptr;
  return std::make_shared<const Document>(std::move(document).value());
}

Value ContainedSet(Value holder, std::string_view id) {
  for (const Value contained : holder["contained"]) {
    if (contained["id"].ToString() == id && contained["resourceType"].ToString() == "ValueSet")
      return contained;
  }
  return {};
}

/// A constraint; or what calls itself a specialization, but of a type that is not its own: nothing else can be meant by it.
bool IsProfile(const Definitions& definitions, Value structure) {
  const std::string derivation = structure["derivation"].ToString();
  if (derivation != "specialization") return derivation == "constraint";
  const TypeId type = definitions.FindType(structure["type"].ToString());
  if (type == kNoType) return false;
  const std::string_view own = definitions.Type(type).url;
  return !own.empty() && own != structure["url"].ToString();
}

/// The element of an id such as "Composition.section:a.code", slices by their names; nullptr: none.
const ProfileElement* FindById(const ProfileElement& root, std::string_view id) {
  const ProfileElement* at = &root;
  for (size_t dot = id.find('.'); dot != std::string_view::npos && at != nullptr; dot = id.find('.')) {
    id.remove_prefix(dot + 1);
    const std::string_view segment = id.substr(0, id.find('.'));
    const size_t colon = segment.find(':');
    std::string_view name = segment.substr(0, colon);
    if (name.ends_with("[x]")) name.remove_suffix(3);
    at = at->Child(name);
    if (at != nullptr && colon != std::string_view::npos) at = at->Slice(segment.substr(colon + 1));
  }
  return at;
}

/// "Composition.section:a" → "Composition.section".
std::string WithoutSlices(std::string_view id) {
  std::string out;
  bool in_name = true;
  for (const char c : id) {
    in_name = c == '.' || (in_name && c != ':');
    if (in_name) out += c;
  }
  return out;
}

}  // namespace

ProfileElement* ProfileElement::Child(std::string_view child) const {
  for (const auto& element : children) {
    if (element->name == child) return element.get();
  }
  return nullptr;
}

ProfileElement* ProfileElement::Slice(std::string_view slice_name) const {
  for (const auto& element : slices) {
    if (element->slice == slice_name) return element.get();
  }
  return nullptr;
}

std::unique_ptr<ProfileElement> ProfileElement::Clone() const {
  auto copy = std::make_unique<ProfileElement>();
  copy->name = name;
  copy->slice = slice;
  copy->definition = definition;
  copy->min = min;
  copy->max = max;
  copy->types = types;
  copy->fixed = fixed;
  copy->pattern = pattern;
  copy->min_value = min_value;
  copy->max_value = max_value;
  copy->length_min = length_min;
  copy->length_max = length_max;
  copy->form = form;
  copy->form_problem = form_problem;
  copy->bindings = bindings;
  copy->content = content;
  copy->invariants = invariants;
  copy->slicing = slicing;
  for (const auto& child : children) copy->children.push_back(child->Clone());
  for (const auto& element : slices) copy->slices.push_back(element->Clone());
  return copy;
}

const ProfileElement* Profile::Find(std::string_view definition) const { return FindIn(*root, definition); }

Result<ProfilePtr> Profiles::Find(std::string_view canonical) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key(canonical);
  const auto known = profiles_.find(key);
  if (known != profiles_.end()) {
    if (known->second.error) return *known->second.error;
    return known->second.profile;
  }
  if (!compiling_.insert(key).second)
    return MakeError(ErrorCode::kInvalid, "the profile " + key + " is its own base");
  auto compiled = Compile(canonical);
  compiling_.erase(key);
  if (compiled.ok() && *compiled == nullptr && profiles_.size() >= kUnknownKeptMax) return ProfilePtr();
  Entry& entry = profiles_[key];
  if (!compiled.ok()) {
    entry.error = compiled.error();
    return *entry.error;
  }
  entry.profile = *compiled;
  return entry.profile;
}

Result<ProfilePtr> Profiles::CompileElement(std::string_view canonical, std::string_view id) {
  const ProfilePtr whole = TRY(Find(canonical));
  const ProfileElement* element = whole == nullptr ? nullptr : FindById(*whole->root, id);
  const TypeId type = definitions_.FindType(WithoutSlices(id));
  if (element == nullptr || type == kNoType) return ProfilePtr();
  auto profile = std::make_shared<Profile>();
  profile->url = whole->url;
  profile->type = type;
  profile->root = element->Clone();
  profile->documents = whole->documents;
  return ProfilePtr(std::move(profile));
}

Result<ProfilePtr> Profiles::Compile(std::string_view canonical) {
  if (const size_t hash = canonical.find('#'); hash != std::string_view::npos)
    return CompileElement(canonical.substr(0, hash), canonical.substr(hash + 1));
  std::shared_ptr<const Document> document = canonicals_.Find("StructureDefinition", canonical);
  // An official file that somebody stored is what is built in, with what is mended in it.
  std::shared_ptr<const Document> official = OfficialStructure(canonical);
  if (document == nullptr ||
      (official != nullptr && official->Root()["rules"].ToString() == RulesDigest(document->Root())))
    document = std::move(official);
  if (document == nullptr || !IsProfile(definitions_, document->Root())) return ProfilePtr();
  auto profile = std::make_shared<Profile>();
  const Value structure = document->Root();
  profile->url = structure["url"].ToString();
  profile->type = definitions_.FindType(structure["type"].ToString());
  if (profile->type == kNoType)
    return MakeError(ErrorCode::kInvalid,
                     "the profile " + profile->url + " constrains a type that is not known here");
  profile->documents.push_back(document);
  const bool has_snapshot = structure["snapshot"]["element"].size() > 0;
  profile->root = std::make_unique<ProfileElement>();
  if (!has_snapshot) {
    const std::string base = structure["baseDefinition"].ToString();
    const ProfilePtr base_profile = TRY(Find(base));
    if (base_profile != nullptr) {
      profile->root = base_profile->root->Clone();
      profile->is_modifier = base_profile->is_modifier;
      profile->documents.insert(profile->documents.end(), base_profile->documents.begin(),
                                base_profile->documents.end());
    } else if (definitions_.FindTypeByUrl(base) == kNoType) {
      return MakeError(ErrorCode::kInvalid,
                       "the profile " + profile->url +
                           " has no snapshot, and its base is not known here: store the base as well");
    }
  }
  TRY(BuildProfile(*this, structure, has_snapshot, profile.get()));
  BuildContext(definitions_, structure, profile.get());
  return ProfilePtr(std::move(profile));
}

const Profile* Profiles::Bindings(TypeId type) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const auto known = bindings_.find(type);
  if (known != bindings_.end()) return known->second.get();
  ProfilePtr& kept = bindings_[type];
  const TypeInfo& info = definitions_.Type(type);
  if (info.url.empty()) return nullptr;
  std::shared_ptr<const Document> document = OfficialStructure(info.url);
  const auto given = definitions_.given().Find("StructureDefinition", info.url);
  const bool inherits =
      given != nullptr && given->Root()["snapshot"]["element"].size() == 0 && info.base != kNoType;
  const Profile* base = inherits ? Bindings(info.base) : nullptr;
  if (given != nullptr) document = BindingsOf(given->Root());
  if (document == nullptr) return nullptr;
  auto profile = std::make_shared<Profile>();
  profile->type = type;
  profile->root = base == nullptr ? std::make_unique<ProfileElement>() : base->root->Clone();
  const Status built = BuildProfile(*this, document->Root(), true, profile.get());
  CHECK(built.ok() || given != nullptr);
  if (!built.ok()) return nullptr;
  kept = std::move(profile);
  return kept.get();
}

TypeId Profiles::TypeOf(std::string_view canonical) {
  if (const TypeId type = definitions_.FindTypeByUrl(canonical); type != kNoType) return type;
  const auto profile = Find(canonical);
  return profile.ok() && *profile != nullptr ? (*profile)->type : kNoType;
}

std::shared_ptr<const ListedCodes> Profiles::Codes(std::string_view canonical) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key(canonical);
  if (const auto known = codes_.find(key); known != codes_.end()) return known->second;
  const StoredCodes source(definitions_, canonicals_);
  std::shared_ptr<const Document> holder;
  const Value value_set = ValueSet(canonical, &holder);
  return codes_[key] = value_set.present() ? Listed(ExpandValueSet(value_set, source), source)
                                           : Listed(source.Compiled(WithoutVersion(canonical)), source);
}

Value Profiles::ValueSet(std::string_view canonical, std::shared_ptr<const Document>* holder) const {
  *holder = canonicals_.Find("ValueSet", canonical);
  if (*holder != nullptr) return (*holder)->Root();
  const size_t hash = canonical.find('#');
  if (hash == std::string_view::npos) return {};
  *holder = canonicals_.Find("StructureDefinition", canonical.substr(0, hash));
  return *holder == nullptr ? Value() : ContainedSet((*holder)->Root(), canonical.substr(hash + 1));
}

std::shared_ptr<const ListedCodes> Profiles::CodesOf(Value holder, std::string_view id) {
  const Value contained = ContainedSet(holder, id);
  if (!contained) return nullptr;
  const StoredCodes source(definitions_, canonicals_);
  return Listed(ExpandValueSet(contained, source), source);
}

}  // namespace tk::fhir
