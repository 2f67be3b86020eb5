// The prefixes and units of UCUM, as the linked table ucum_table.tsv has them. Inside the room only.
// Source: ucum-essence.xml version 2.2 of 2024-06-17, by tools/ucum_table.py; licence notice in the table itself.
// Cost:   the table is read once, at the first question (under 1 ms); texts point into the program's constant bytes.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/ucum/rational.h"

namespace tk::ucum {

/// Codes of UCUM come in two spellings: the usual one (mL, [iU]) and one for systems without letter case (ML, [IU]).
enum class CodeCase : uint8_t { kSensitive, kInsensitive };

inline constexpr size_t kBaseCount = 7;  // m s g rad K C cd; UCUM 2.2 table 3

struct Prefix {
  std::string_view code, code_upper, name;
  Rational value;
};

/// A base unit or a unit that is defined by others.
struct Atom {
  std::string_view code, code_upper, name, print_symbol, property, kind;
  int base = -1;              // index of the base unit, -1: defined by `value` × `unit`
  bool metric = false;        // takes prefixes
  bool arbitrary = false;     // measured by a procedure: converts to nothing but itself
  std::string_view function;  // of a special unit: the name of its function; else empty
  Rational value;
  std::string_view unit;
};

class Table {
 public:
  static const Table& Get();

  const std::vector<Prefix>& prefixes() const { return prefixes_; }
  const std::vector<Atom>& atoms() const { return atoms_; }
  std::string_view version() const { return version_; }
  std::string_view date() const { return date_; }

  /// nullptr if there is none. For kInsensitive `code` is in upper case.
  const Prefix* FindPrefix(std::string_view code, CodeCase letters) const;
  const Atom* FindAtom(std::string_view code, CodeCase letters) const;
  size_t IndexOf(const Atom& atom) const { return static_cast<size_t>(&atom - atoms_.data()); }

  struct Symbol {
    const Prefix* prefix = nullptr;
    const Atom* atom = nullptr;
  };
  /// The whole symbol as a unit, or else a prefix with a metric unit. No atom: unknown.
  /// A prefix with a unit that takes none is not found; `refused`, if given, then says which unit that is.
  Symbol Find(std::string_view symbol, CodeCase letters, const Atom** refused = nullptr) const;
  /// The code somebody may have meant with an unknown symbol: the same letters in other case or without the brackets
  /// ("mmHg": "mm[Hg]"); "" if none.
  std::string Suggest(std::string_view symbol) const;

 private:
  Table();
  void Read(const std::vector<std::string_view>& fields);

  std::string_view version_, date_;
  std::vector<Prefix> prefixes_;
  std::vector<Atom> atoms_;
  std::unordered_map<std::string_view, uint32_t> by_code_[2];
};

}  // namespace tk::ucum
