// Tables of a pack: which columns a table has, and what resource a row becomes.
// Form:   imports/<name>.json: "id", "version", "title", "source", "constants" (rules/head.h), "type": "StockItem",
//         "columns": [{"id": "name", "title": {"zh-CN": "名称", "en": "Name"}, "type": "string", "required": true},
//                     {"id": "state", "title": {…}, "type": "code", "codes": {"active": {"zh-CN": "在用", "en": "in use"}}},
//                     {"id": "store", "title": {…}, "type": "Reference", "to": "Organization"}],      the cell has its id
//           types: string, code, decimal, integer, boolean, date, Reference. A head may be the id or either title; a code's cell its code or words
//           "check": "resident-number" | "telephone" | "division" (of a string): what the platform itself asks of such a number; a division must be one
//           that is installed. "exists": true (of a Reference): the record must be there, as far as the sender sees
//         "conditions": [{"where": "quantity > 0 and %from <= %until", "column": "quantity", "message": {"zh-CN": …, "en": …}}],
//           FHIRPath on the record that the row makes, and its cells; what is not true refuses the row with the message
//         "identity": ["name", "store"],       columns that say which record a row is: the same values are the same record, in every table
//         "make": {"name": "=%name", …}        a template (rules/template.h) without id; %column is empty where the cell is
// Served: GET  /app/<id>/imports → {"imports": [{"id", "title", "type", "columns"}]}
//         GET  /app/<id>/imports/<import>/template?as=csv|xlsx → a table with the heads and no row
//         POST /app/<id>/imports/<import>?check=true   a table, CSV or .xlsx (exchange/table_reader.h) → {"rows", "added", "changed", "unchanged", "refused", "kept", "issues": [{"line", "column", "text"}], …}
// All that is wrong with a row is told, kRowIssuesMax at most: of its cells, then of the records that they name, then of the conditions.
// A row that says what is there already writes nothing, so that the same table twice changes nothing; members of the record that the template does not make
// stay as they are. Rows are written as the viewer's own requests: each by itself, with his rights; what is refused is told by line, and the others go on.
// check: nothing is written; rights to single records are not asked.
// Cost:   two batches of the interactions for some hundred rows. Memory: those, and 8 bytes a row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/app/filters.h"
#include "kernel/interaction/interaction.h"
#include "kernel/rules/head.h"
#include "kernel/rules/template.h"

namespace tk::app {

struct ImportColumn : Titles {
  enum class Kind : uint8_t { kString, kCode, kDecimal, kInteger, kBoolean, kDate, kReference };
  Kind kind = Kind::kString;
  bool required = false;
  enum class Check : uint8_t { kNone, kResidentNumber, kTelephone, kDivision };
  Check check = Check::kNone;
  bool exists = false;                                     // of a reference: to a record that is there
  std::string to;                                          // of a reference
  std::vector<std::pair<std::string, std::string>> codes;  // word → code; the code itself too
};
inline constexpr size_t kRowIssuesMax = 10;  // told of one row
struct ImportCondition {
  std::unique_ptr<const fhir::path::Expression> where;
  std::string column;  // title of the one it is told of; "" = the whole row
  std::string zh, en;
};
struct Import : rules::Head {
  fhir::TypeId type = fhir::kNoType;
  std::vector<ImportColumn> columns;
  std::vector<size_t> identity;
  std::vector<ImportCondition> conditions;
  std::unique_ptr<const rules::Template> make;
};

/// Errors: kInvalid, kIncorrect with all that is wrong, by file, line, column and element path.
Result<Import> ParseImport(const fhir::Definitions& definitions, std::string_view app, std::string name,
                           std::string_view json, fhir::Value settings);

std::string ImportsJson(const fhir::Definitions& definitions, const std::vector<Import>& imports);

/// `request.path` from "imports" on, at `now_us`. Waits for what is written: on a worker. Errors: kNotFound, kForbidden, kIncorrect; kTimeout: what was written stays.
Result<interaction::Response> AnswerImport(const interaction::Interactions& interactions,
                                           const view::Engine& engine, const std::vector<Import>& imports,
                                           const interaction::Request& request, Instant now_us);

}  // namespace tk::app
