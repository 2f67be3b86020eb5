// Print forms of a pack: one record as a page for people, as PDF: A4, A5, or a strip of 80 mm.
// Form:   prints/<name>.json: "id", "version", "title", "source" and "constants" (rules/head.h), and
//         "for": {"type": "StockMovement", "where": "kind = 'out'"},      which records; FHIRPath, without it all of the type
//         "posts": ["stock-keeper"],                                      who prints it; without it whoever reads the record
//         "with": {"item": {"type": "StockItem", "reference": "item"},    what the record names (FHIRPath: a Reference or "Type/id"), or what names it:
//                  "visits": {"type": "FeverVisit", "find": "='episode=FeverEpisode/' + id + '&_sort=due'"}},      a search; %item, %visits in expressions
//         "page": {"size": "A4" | "A5" | "80mm", "margin_mm": 17, "landscape": true},
//         "institution": text, "number": text, "qr": {"value": text, "title": text},      in the head; number: without it the record's id
//         "parts": [{"title": text, "columns": 2, "of": "item", "fields": [{"title": text, "value": "FHIRPath", "columns": 2, "of": "item", "codes": {…}}]},
//                   {"title": text, "rows": "%visits", "columns": [{"title": text, "value": "FHIRPath on each", "share": 2, "right": true}], "empty": text},
//                   {"text": text, "small": true}, {"signatures": [text, …]}]       each may have "when": FHIRPath
//         text: "…" or {"zh-CN": "…", "en": "…"}; one that begins with '=' is an expression. codes: {"out": {"zh-CN": …, "en": …}}; those of an element of a
//         type in short (type_file.h) are known.
// Served: GET /app/<id>/prints → {"prints": [{"id", "title", "type"}]}
//         GET /app/<id>/prints/<print>/<Type>/<record>?lang=zh-CN|en&as=pdf|text → application/pdf, or its texts as text/plain
//         GET /app/prints/<Type>/<record> → {"prints": [{"id", "title", "app", "path"}]}: those of all packs that fit the record as the reader sees it
// It is made of the reader's own reads and searches: what he may not see is not on it, what he sees masked is printed masked. The audit has who printed
// which record, and whose records stand on it, before the page goes out.
// Limits: kPrint… below. Cost: the reads, and some ms a page.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/exchange/sheet.h"
#include "kernel/fhir/path/path.h"
#include "kernel/interaction/interaction.h"
#include "kernel/rules/head.h"

namespace tk::app {

inline constexpr size_t kPrintRowsMax = 500, kPrintPagesMax = 50, kPrintTextBytesMax = 8000;
inline constexpr size_t kPrintPartsMax = 60, kPrintFieldsMax = 100, kPrintSourcesMax = 12;

enum class Language : uint8_t { kChinese, kEnglish };
inline constexpr size_t kLanguages = 2;

using ExpressionPtr = std::unique_ptr<const fhir::path::Expression>;
/// In one language: as it stands, or an expression.
struct PrintWords {
  std::string text;
  ExpressionPtr value;
};
using PrintText = std::array<PrintWords, kLanguages>;
/// What stands for a code, by language.
using CodeWords = std::map<std::string, std::array<std::string, kLanguages>, std::less<>>;

struct PrintSource {
  std::string name;
  fhir::TypeId type = fhir::kNoType;
  ExpressionPtr reference;  // null: they are found
  PrintWords find;
};
inline constexpr size_t kOfRecord = static_cast<size_t>(-1);
struct PrintValue {
  PrintText title;
  ExpressionPtr value;
  size_t of = kOfRecord;  // else which source
  CodeWords codes;
  size_t columns = 1;  // of a field
  double share = 1;    // of a column
  bool right = false;
};
struct PrintPart {
  exchange::SheetPart::Kind kind = exchange::SheetPart::Kind::kText;
  ExpressionPtr when;
  PrintText title, text;  // text: also what a table without rows says
  size_t columns = 2;
  std::vector<PrintValue> values;
  ExpressionPtr rows;
  std::vector<PrintText> signatures;
};
struct Print : rules::Head {
  fhir::TypeId type = fhir::kNoType;
  ExpressionPtr where;
  std::vector<std::string> posts;
  std::vector<PrintSource> sources;
  double width_mm = 0, height_mm = 0, margin_mm = 0;
  PrintText institution, number, qr, qr_title;
  std::vector<PrintPart> parts;

  /// The types that it reads.
  std::vector<fhir::TypeId> Reads() const;
};

/// Errors: kInvalid, kIncorrect with all that is wrong, by file, line, column and element path.
Result<Print> ParsePrint(const fhir::Definitions& definitions, std::string_view app, std::string name,
                         std::string_view json, fhir::Value settings);

/// As people read it: dates and times of the city, codes by their words, names and addresses in one line. "" of what has no such form.
struct Shown {
  const fhir::Definitions* definitions = nullptr;
  Language language = Language::kChinese;
  int offset_min = 480;
  std::string Of(const fhir::path::Item& item, const CodeWords& codes = {}) const;
};

/// As the city's clocks show it: "2026-11-23 09:00".
std::string CityTime(Instant us, int offset_min);

struct PrintPlace {
  const interaction::Interactions* interactions = nullptr;
  const fhir::Definitions* definitions = nullptr;
  const Clock* clock = nullptr;
  int offset_min = 480;
};
/// The print forms of an app, as JSON.
std::string PrintsJson(const fhir::Definitions& definitions, const std::vector<Print>& prints);
/// `path`: {Type, id}. Answers on the calling thread. Errors: kNotFound where the form is not for this record; kForbidden for posts that it is not of;
/// kIncorrect with what may be asked; those of the reads; kTooLarge.
Result<interaction::Response> AnswerPrint(const PrintPlace& place, const Print& print,
                                          std::span<const std::string> path,
                                          const interaction::Request& request);
/// Which of these fit the record `path`. Errors: those of its read.
Result<interaction::Response> FittingPrints(const PrintPlace& place, std::span<const Print* const> prints,
                                            std::span<const std::string> path,
                                            const interaction::Request& request);

}  // namespace tk::app
