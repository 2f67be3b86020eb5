// Invariants of definitions → rows of the table. A type keeps what it adds to its base, an element what it adds to its type: snapshots
// repeat both. Official expressions that are known to be wrong are replaced by those of invariants_mended.json.
// Source: FHIR R4 elementdefinition.html#ElementDefinition.constraint, conformance-rules.html#constraints.
#include <algorithm>

#include "kernel/fhir/definitions_compiler.h"

namespace tk::fhir {
namespace {

constexpr size_t kExpressionBytesMax = 16 << 10;
constexpr size_t kConstraintsMax = 64;  // of one element

/// A mended expression counts only for the very text that it mends.
Value FindMended(const Document* mended, std::string_view key, std::string_view given) {
  if (mended == nullptr) return {};
  for (const Value entry : mended->Root()["invariants"]) {
    if (entry["key"].ToString() == key && entry["official"].ToString() == given) return entry;
  }
  return {};
}

bool Lists(Value element, std::string_view key) {
  std::string scratch;
  for (const Value constraint : element["constraint"]) {
    if (constraint["key"].String(scratch) == key) return true;
  }
  return false;
}

}  // namespace

/// An entry that mends nothing is a mistake: the edition has changed, or the text was copied wrongly.
Status Compiler::CheckMendedUsed() const {
  if (mended_ == nullptr) return {};
  for (const Value entry : mended_->Root()["invariants"]) {
    if (mended_used_.count(entry.index()) == 0)
      return MakeError(ErrorCode::kInvalid, "invariants_mended.json: no definition has this invariant: " +
                                                entry["key"].ToString());
  }
  return {};
}

/// Do nodes of `type` keep to an invariant with this key anyway? `type` may not be compiled yet, then its definition is asked.
bool Compiler::HasConstraint(TypeId type, std::string_view key) const {
  for (; type != kNoType; type = tables_.types[type].base) {
    const TypeRow& row = tables_.types[type];
    for (uint32_t i = row.first_constraint; i < row.first_constraint + row.constraint_count; ++i) {
      if (tables_.Text(tables_.constraints[i].key) == key) return true;
    }
    for (const Source& source : sources_) {
      if (source.type == type && Lists(source.parts[0].definition, key)) return true;
    }
  }
  return false;
}

Status Compiler::AddConstraint(const Source& source, const Part& part, Value constraint, TypeId context) {
  const std::string key = constraint["key"].ToString();
  std::string text = constraint["expression"].ToString();
  if (key.empty() || text.size() > kExpressionBytesMax)
    return Problem(source, part, "an invariant needs a key, and at most 16 KB of expression");
  if (const Value mended = FindMended(mended_, key, text)) {
    text = mended["expression"].ToString();
    mended_used_.insert(mended.index());
    if (text.empty()) return {};
  }
  ConstraintRow row;
  row.key = Pool(key);
  row.human = Pool(constraint["human"].ToString());
  row.expression = Pool(text);
  row.context = context;
  row.is_error = constraint["severity"].ToString() == "error" ? 1 : 0;
  tables_.constraints.push_back(row);
  return {};
}

Status Compiler::AddTypeConstraints(const Source& source, const Part& part, TypeId type) {
  const auto first = static_cast<uint32_t>(tables_.constraints.size());
  for (const Value constraint : part.definition["constraint"]) {
    const std::string key = constraint["key"].ToString();
    if (!constraint["expression"].present() || HasConstraint(tables_.types[type].base, key)) continue;
    TRY(AddConstraint(source, part, constraint, type));
  }
  TypeRow& row = tables_.types[type];
  row.first_constraint = first;
  row.constraint_count = static_cast<uint32_t>(tables_.constraints.size()) - first;
  if (row.constraint_count > kConstraintsMax) return Problem(source, part, "has more than 64 invariants");
  return {};
}

// Those of a backbone element are its type's.
Status Compiler::AddElementConstraints(const Source& source, const Part& part, TypeId owner,
                                       ElementRow* row) {
  row->first_constraint = static_cast<uint32_t>(tables_.constraints.size());
  if (!part.children.empty()) return {};
  const Value types = part.definition["type"];
  std::vector<TypeId> possible;
  for (const Value type : types)
    possible.push_back(TRY(TypeOfElement(source, part, owner, type["code"].ToString())));
  if (types.size() == 0) possible.push_back(TRY(ContentReference(source, part)));
  for (const Value constraint : part.definition["constraint"]) {
    const std::string key = constraint["key"].ToString();
    const bool is_of_type =
        std::all_of(possible.begin(), possible.end(), [&](TypeId type) { return HasConstraint(type, key); });
    if (!constraint["expression"].present() || is_of_type) continue;
    TRY(AddConstraint(source, part, constraint, possible.size() == 1 ? possible[0] : kNoType));
  }
  row->constraint_count = static_cast<uint16_t>(tables_.constraints.size() - row->first_constraint);
  if (row->constraint_count > kConstraintsMax) return Problem(source, part, "has more than 64 invariants");
  return {};
}

/// Of an element whose type has a profile (Range.low: a Quantity that is a SimpleQuantity): what that asks of its root, for the member of that
/// type alone.
Status Compiler::AddProfileConstraints(const Source& source, const Part& part, const std::string& code,
                                       TypeId type, ElementRow* row) {
  std::string url;
  for (const Value given : part.definition["type"]) {
    if (given["code"].ToString() != code) continue;
    if (given["profile"].size() != 1 || !url.empty()) return {};  // any of several, or none
    url = given["profile"].At(0).ToString();
  }
  const auto profile = type_profiles_.find(url);
  if (profile == type_profiles_.end()) return {};
  const auto known = profile_ranges_.find({url, type});
  if (known != profile_ranges_.end() && row->constraint_count == 0) {
    row->first_constraint = known->second.first;
    row->constraint_count = known->second.second;
    return {};
  }
  // What the element asks itself stands before them: the row has one range.
  const bool is_shared = row->constraint_count == 0;
  const uint32_t own = row->first_constraint;
  row->first_constraint = static_cast<uint32_t>(tables_.constraints.size());
  for (uint32_t i = 0; i < row->constraint_count; ++i) {
    const ConstraintRow copy = tables_.constraints[own + i];
    tables_.constraints.push_back(copy);
  }
  for (const Value constraint : profile->second["snapshot"]["element"].At(0)["constraint"]) {
    if (!constraint["expression"].present() || HasConstraint(type, constraint["key"].ToString())) continue;
    TRY(AddConstraint(source, part, constraint, type));
  }
  row->constraint_count = static_cast<uint16_t>(tables_.constraints.size() - row->first_constraint);
  if (is_shared) profile_ranges_[{url, type}] = {row->first_constraint, row->constraint_count};
  return {};
}

}  // namespace tk::fhir
