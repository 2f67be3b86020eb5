// The small forms that values take, the same for a query and for the index: folding, decimals, references, order-keeping words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/definitions.h"

namespace tk::search {

/// So much of a string is in the index, folded. What is longer is marked there, and answers about the rest are found in the text.
inline constexpr size_t kIndexedBytesMax = 256;

/// Lower case, no accents, full width and compatibility forms as the plain ones, runs of white space and punctuation as one blank;
/// Chinese, Japanese and Korean characters stay. Appends nothing for invalid UTF-8. ASCII: about 1 ns a byte.
void FoldText(std::string_view text, std::string* out);
inline std::string FoldText(std::string_view text) {
  std::string out;
  FoldText(text, &out);
  return out;
}

/// A string as it is compared: punctuation is nothing, which may mean a blank or not even that. Source: FHIR R4 search.html 3.1.1.4.8 (punctuation is
/// ignored; a part of a family name, any part of an address).
struct TextForms {
  std::string folded;  // FoldText
  std::string
      joined;  // with punctuation left out where it parts letters: O'Brien is "o brien" and "obrien"; "" where that is `folded`

  void Read(std::string_view text);
  /// What else a string is found by besides the beginning of `folded`: `joined`; and of names and addresses (`by_words`) both from each of their
  /// other words on, as far as these are few.
  template <class Each>
  void ForOthers(bool by_words, const Each& each) const {
    if (!joined.empty()) each(std::string_view(joined));
    if (!by_words) return;
    for (const std::string_view text : {std::string_view(folded), std::string_view(joined)}) {
      size_t words = 1;
      for (size_t at = text.find(' '); at != std::string_view::npos && words < kWordsMax; ++words) {
        each(text.substr(at + 1));
        at = text.find(' ', at + 1);
      }
    }
  }
  bool BeginsWith(const TextForms& asked, bool by_words) const {
    bool begins = !folded.empty() && asked.BeginsIn(folded);
    if (!begins) ForOthers(by_words, [&](std::string_view form) { begins = begins || asked.BeginsIn(form); });
    return begins;
  }
  bool Contains(const TextForms& asked) const {
    const auto has = [&](std::string_view text) {
      return folded.find(text) != std::string::npos || joined.find(text) != std::string::npos;
    };
    return has(asked.folded) || (!asked.joined.empty() && has(asked.joined));
  }

 private:
  static constexpr size_t kWordsMax = 16;
  bool BeginsIn(std::string_view text) const {
    return text.starts_with(folded) || (!joined.empty() && text.starts_with(joined));
  }
};

/// The interval that a decimal's digits stand for: "5.4" = [5.35, 5.45); with the exact value. nullopt if it is no decimal.
struct NumberRange {
  double low;
  double high;
  double exact;
};
/// Every number in it is the double nearest to the exact decimal, so that equal decimals are equal doubles whatever they were worked out from;
/// decimals that differ first after the 15th digit may count as equal. So do those beyond what a double holds: 1e400 and 1e500 are the largest number of
/// the index, 1e-400 and 1e-500 the smallest above 0; they are found, compared with all others and sorted by that.
std::optional<NumberRange> DecimalRange(std::string_view text);
/// The exact value alone: for the index. Some 50 ns.
std::optional<double> DecimalValue(std::string_view text);
/// The interval that :ap stands for: 10 % to both sides, both ends included. `text` is one that DecimalRange takes.
NumberRange ApproximateRange(std::string_view text);

/// A quantity in the canonical unit of UCUM.
struct CanonicalNumber {
  std::string_view unit;  // "g.m-3": compares with equal ones only; good until this thread's next question
  NumberRange range;
};
/// nullopt when the code is no unit of UCUM, or one of a scale that is no straight one (pH, dB): such are compared as they are written.
/// `approximate`: the interval of ApproximateRange, else that of DecimalRange.
std::optional<CanonicalNumber> CanonicalRange(std::string_view number, std::string_view unit_code,
                                              bool approximate);
/// The exact value alone (low and high are it too): for the index. 0.1 µs for powers of ten, 1 µs for others.
std::optional<CanonicalNumber> CanonicalValue(std::string_view number, std::string_view unit_code);
inline constexpr std::string_view kUcum = "http://unitsofmeasure.org";

/// "Patient/1/_history/2" → "Patient/1"; "http://x|2.0" → "http://x".
std::string_view WithoutVersion(std::string_view reference);
/// FHIR id: 1..64 of A-Z a-z 0-9 - .
bool IsId(std::string_view text);
/// "Patient/1": a record here, whether it exists or not; no absolute address, urn, canonical or fragment.
bool IsLocalReference(std::string_view text);

/// "http://host/fhir/Questionnaire/1|2": the base, and Type/id with its version if it has one. nullopt: it does not end in these.
struct Address {
  std::string_view base;  // "http://host/fhir"
  std::string_view name;  // "Questionnaire/1|2"
};
std::optional<Address> AddressOf(const fhir::Definitions& definitions, std::string_view url);
using fhir::WithoutBase;

/// The type that a reference says that it is to: Type/id, or an absolute URL that ends so. Other URLs may be to any type.
struct ReferenceType {
  fhir::TypeId type = fhir::kNoType;
  bool any = false;
  bool MayBe(fhir::TypeId wanted) const { return any || type == wanted; }
};
ReferenceType TypeOfReference(const fhir::Definitions& definitions, std::string_view target);

/// Order-keeping unsigned forms.
inline uint64_t OrderOf(int64_t number) { return static_cast<uint64_t>(number) ^ (uint64_t{1} << 63); }
inline int64_t NumberOf(uint64_t order) { return static_cast<int64_t>(order ^ (uint64_t{1} << 63)); }
uint64_t OrderOf(double number);
double DoubleOf(uint64_t order);
/// Eight bytes of `text` from `at`, big end first, zeros after its end.
uint64_t WordOf(std::string_view text, size_t at);

/// Has it values of its own in the index? Composites are answered by those of their parts; of special ones "near" has.
bool IsExtracted(const fhir::SearchParameter& parameter);
/// Parameters that this index answers, and those that it can sort by.
bool IsOffered(const fhir::SearchParameter& parameter);
bool IsSortable(const fhir::SearchParameter& parameter);

}  // namespace tk::search
