// What Profiles knows of code systems, and of value sets that cannot be listed. Kept, as everything else that was asked for.
// Source: FHIR R4 codesystem.html (content, caseSensitive, compositional, designation), valueset.html#compositions.
#include <map>

#include "kernel/base/text.h"
#include "kernel/fhir/code_grammar.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/profile.h"

namespace tk::fhir {
namespace {

constexpr int kConceptLevelsMax = 64;
constexpr int kImportLevelsMax = 8;
constexpr size_t kSystemsKeptMax = 2048;  // of value sets
constexpr size_t kCodeBytes = 160;        // of what is kept of a code, beside its texts

/// About what it takes in memory.
size_t BytesOf(const ListedSystem& system) {
  size_t bytes = 0;
  for (const auto& [code, displays] : system.displays) {
    bytes += kCodeBytes + code.size();
    for (const std::string& display : displays) bytes += sizeof(display) + display.size();
  }
  return bytes;
}
size_t BytesOf(const CodeTree& tree) {
  size_t bytes = 0;
  for (CodeTree::Place place = 0; place < tree.size(); ++place) {
    bytes += kCodeBytes + tree.Code(place).size();
    bytes += (tree.Parents(place).size() + tree.Children(place).size()) * sizeof(CodeTree::Place);
  }
  return bytes;
}

void AddConcepts(Value concepts, int level, ListedSystem* out) {
  if (level > kConceptLevelsMax) return;
  for (const Value concept_value : concepts) {
    std::string code = concept_value["code"].ToString();
    if (out->folds_case) code = ToLower(code);
    std::vector<std::string>& displays = out->displays[std::move(code)];
    if (concept_value["display"].is_string()) displays.push_back(concept_value["display"].ToString());
    for (const Value designation : concept_value["designation"])
      displays.push_back(designation["value"].ToString());
    AddConcepts(concept_value["concept"], level + 1, out);
  }
}

void AddTexts(Value concepts, const std::string& system, int level, ListedSystem* out) {
  if (level > kConceptLevelsMax) return;
  for (const Value one : concepts) {
    const std::string of = one["system"].present() ? one["system"].ToString() : system;
    const auto add = [&](Value text) {
      if (text.is_string()) out->displays[of + "|" + one["code"].ToString()].push_back(text.ToString());
    };
    add(one["display"]);
    for (const Value designation : one["designation"]) add(designation["value"]);
    AddTexts(one["contains"], of, level + 1, out);
  }
}

/// Value sets that were imported already, by canonical; false: one that is being read, and so imports itself.
using Imported = std::map<std::string, bool>;

/// False: what it is made of is not known. Each value set is read once, however often it is imported.
bool AddSystems(const Canonicals& canonicals, Value value_set, int level, Imported* imported,
                SetSystems* out) {
  const Value compose = value_set["compose"];
  if (level > kImportLevelsMax || !compose.present()) return false;
  out->whole = out->whole && !compose["exclude"].present();
  for (const Value include : compose["include"]) {
    const Value imports = include["valueSet"];
    if (include["system"].present()) {
      out->systems.insert(include["system"].ToString());
      out->whole =
          out->whole && !include["concept"].present() && !include["filter"].present() && !imports.present();
      continue;
    }
    out->whole = out->whole && imports.size() == 1;
    for (const Value item : imports) {
      const auto [known, is_new] = imported->emplace(item.ToString(), false);
      if (!is_new && !known->second) return false;
      if (!is_new) continue;
      const auto found = canonicals.Find("ValueSet", known->first);
      if (found == nullptr || !AddSystems(canonicals, found->Root(), level + 1, imported, out)) return false;
      known->second = true;
    }
  }
  return true;
}

}  // namespace

ListedCodes::ListedCodes(const std::vector<std::pair<std::string, std::string>>& codes,
                         std::set<std::string> folding)
    : folding_(std::move(folding)) {
  for (const auto& [system, code] : codes) {
    const bool folds = folding_.count(system) != 0;
    std::string listed = folds ? ToLower(code) : code;
    (folds ? plain_folded_ : plain_).insert(listed);
    codes_.emplace(system, std::move(listed));
  }
}

bool ListedCodes::Has(const std::string& system, const std::string& code) const {
  return codes_.count({system, folding_.count(system) != 0 ? ToLower(code) : code}) != 0;
}

bool ListedCodes::HasPlain(const std::string& code) const {
  return plain_.count(code) != 0 || (!plain_folded_.empty() && plain_folded_.count(ToLower(code)) != 0);
}

std::shared_ptr<const ListedSystem> Profiles::System(std::string_view url) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key(url);
  if (const auto* known = systems_.Find(key)) return *known;
  const std::shared_ptr<const Document> document = canonicals_.Find("CodeSystem", url);
  const Value root = document == nullptr ? Value() : document->Root();
  if (root["content"].ToString() != "complete" || root["compositional"].IsTrue())
    return systems_.Put(key, nullptr);
  auto system = std::make_shared<ListedSystem>();
  system->version = root["version"].ToString();
  system->folds_case = root["caseSensitive"].kind() == Kind::kFalse;
  AddConcepts(root["concept"], 0, system.get());
  const size_t bytes = BytesOf(*system);
  return systems_.Put(key, std::move(system), bytes);
}

std::shared_ptr<const ListedSystem> Profiles::TextsOf(std::string_view value_set) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key = "texts of " + std::string(value_set);  // no code system has such a url
  if (const auto* known = systems_.Find(key)) return *known;
  std::shared_ptr<const Document> holder;
  const Value root = ValueSet(value_set, &holder);
  auto texts = std::make_shared<ListedSystem>();
  for (const Value include : root["compose"]["include"])
    AddTexts(include["concept"], include["system"].ToString(), 0, texts.get());
  AddTexts(root["expansion"]["contains"], "", 0, texts.get());
  if (texts->displays.empty()) return systems_.Put(key, nullptr);
  const size_t bytes = BytesOf(*texts);
  return systems_.Put(key, std::move(texts), bytes);
}

std::shared_ptr<const CodeTree> Profiles::Tree(std::string_view url) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key(url);
  if (const auto* known = trees_.Find(key)) return *known;
  const std::shared_ptr<const Document> document = canonicals_.Find("CodeSystem", url);
  if (document == nullptr) return trees_.Put(key, nullptr);
  auto tree = std::make_shared<const CodeTree>(document->Root());
  if (!tree->is_complete()) return trees_.Put(key, nullptr);
  const size_t bytes = BytesOf(*tree);
  return trees_.Put(key, std::move(tree), bytes);
}

size_t Profiles::kept_bytes() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return systems_.bytes() + trees_.bytes();
}

std::shared_ptr<const SetSystems> Profiles::SystemsOf(std::string_view canonical) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string key(canonical);
  if (const auto known = systems_of_.find(key); known != systems_of_.end()) return known->second;
  if (systems_of_.size() >= kSystemsKeptMax) systems_of_.clear();
  std::shared_ptr<const SetSystems>& kept = systems_of_[key];
  SetSystems systems;
  if (const std::string_view grammar = GrammarOfValueSet(canonical); !grammar.empty()) {
    systems.systems.emplace(grammar);
    kept = std::make_shared<const SetSystems>(std::move(systems));
    return kept;
  }
  std::shared_ptr<const Document> document = canonicals_.Find("ValueSet", canonical);
  if (document == nullptr) document = canonicals_.Find("ValueSet", WithoutVersion(canonical));
  Imported imported;
  if (document != nullptr && AddSystems(canonicals_, document->Root(), 0, &imported, &systems))
    kept = std::make_shared<const SetSystems>(std::move(systems));
  return kept;
}

}  // namespace tk::fhir
