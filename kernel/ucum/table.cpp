#include "kernel/ucum/table.h"

#include <algorithm>

#include "kernel/base/result.h"
#include "kernel/base/text.h"

extern "C" const char tk_ucum_table_begin[];
extern "C" const char tk_ucum_table_end[];

namespace tk::ucum {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view OrNone(std::string_view field) { return field == "-" ? std::string_view() : field; }

/// Letters and digits in lower case: what is left of a code when one forgets its brackets.
std::string Bare(std::string_view code) {
  std::string out;
  for (const char c : ToLower(code)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out.push_back(c);
  }
  return out;
}

}  // namespace

const Table& Table::Get() {
  static const Table table;
  return table;
}

Table::Table() {
  const auto size = static_cast<size_t>(tk_ucum_table_end - tk_ucum_table_begin);
  for (const std::string_view line : Split(std::string_view(tk_ucum_table_begin, size), '\n')) {
    if (!line.empty() && line[0] != '#') Read(Split(line, '\t'));
  }
  CHECK(!prefixes_.empty() && atoms_.size() > kBaseCount && atoms_[kBaseCount - 1].base == kBaseCount - 1);
  for (uint32_t i = 0; i < atoms_.size(); ++i) {
    // Two codes may share the spelling without letter case (l and L); they mean the same, and the first is taken.
    CHECK(by_code_[0].emplace(atoms_[i].code, i).second);
    by_code_[1].emplace(atoms_[i].code_upper, i);
  }
}

void Table::Read(const std::vector<std::string_view>& fields) {
  if (fields[0] == "edition") {
    CHECK(fields.size() == 3);
    version_ = fields[1];
    date_ = fields[2];
  } else if (fields[0] == "prefix") {
    CHECK(fields.size() == 6);
    prefixes_.push_back(Prefix{fields[1], fields[2], fields[3], Rational::Parse(fields[5])});
    CHECK(prefixes_.back().value.valid());
  } else {
    const bool base = fields[0] == "base";
    CHECK(base ? fields.size() == 7 : fields[0] == "unit" && fields.size() == 12);
    Atom atom;
    atom.code = fields[1];
    atom.code_upper = fields[2];
    atom.name = fields[3];
    atom.print_symbol = OrNone(fields[4]);
    atom.property = fields[5];
    if (base) {
      atom.base = static_cast<int>(atoms_.size());
      atom.kind = "base";
      atom.metric = true;
      atom.value = Rational(1);
      atom.unit = atom.code;
    } else {
      atom.kind = fields[6];
      atom.metric = fields[7] == "metric";
      atom.arbitrary = fields[8] == "arbitrary";
      atom.function = OrNone(fields[9]);
      atom.value = Rational::Parse(fields[10]);
      atom.unit = fields[11];
    }
    CHECK(atom.value.valid() && !atom.value.zero());
    atoms_.push_back(atom);
  }
}

const Prefix* Table::FindPrefix(std::string_view code, CodeCase letters) const {
  for (const Prefix& prefix : prefixes_) {
    if (code == (letters == CodeCase::kSensitive ? prefix.code : prefix.code_upper)) return &prefix;
  }
  return nullptr;
}

const Atom* Table::FindAtom(std::string_view code, CodeCase letters) const {
  const auto& map = by_code_[letters == CodeCase::kSensitive ? 0 : 1];
  auto found = map.find(code);
  if (found == map.end() && letters == CodeCase::kInsensitive) {
    // The official table spells two of its upper-case codes with small letters ([degR], [degRe]).
    for (const Atom& atom : atoms_) {
      if (EqualsIgnoreCase(atom.code_upper, code)) return &atom;
    }
  }
  return found == map.end() ? nullptr : &atoms_[found->second];
}

Table::Symbol Table::Find(std::string_view symbol, CodeCase letters, const Atom** refused) const {
  if (const Atom* whole = FindAtom(symbol, letters)) return {nullptr, whole};
  constexpr size_t kPrefixLengthMax = 3;  // KIB
  for (size_t length = 1; length <= kPrefixLengthMax && length < symbol.size(); ++length) {
    const Prefix* prefix = FindPrefix(symbol.substr(0, length), letters);
    if (prefix == nullptr) continue;
    const Atom* atom = FindAtom(symbol.substr(length), letters);
    if (atom == nullptr) continue;
    if (atom->metric) return {prefix, atom};
    if (refused != nullptr) *refused = atom;
  }
  return {};
}

std::string Table::Suggest(std::string_view symbol) const {
  const std::string bare = Bare(symbol);
  if (bare.empty()) return "";
  for (const Atom& atom : atoms_) {
    if (Bare(atom.code) == bare) return std::string(atom.code);
  }
  for (const Atom& atom : atoms_) {
    if (!atom.metric) continue;
    const std::string end = Bare(atom.code);
    if (end.empty() || end.size() >= bare.size() || !bare.ends_with(end)) continue;
    const std::string begin = bare.substr(0, bare.size() - end.size());
    const Prefix* meant = nullptr;
    for (const Prefix& prefix : prefixes_) {
      const bool as_written = symbol.starts_with(prefix.code) && prefix.code.size() == begin.size();
      if (ToLower(prefix.code) == begin && (meant == nullptr || as_written)) meant = &prefix;
    }
    if (meant != nullptr) return std::string(meant->code) + std::string(atom.code);
  }
  return "";
}

}  // namespace tk::ucum
