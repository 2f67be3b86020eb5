// A table of divisions becomes Locations: the official codes, a city's townships and villages, its grids with their boundaries.
// Columns (the first row names them, in either language): code 代码, name 名称; and, when there are: parent 上级代码, level 级别, status 状态
//         (active 有效, inactive 撤销), from 启用日期, until 停用日期, successor 继任代码, longitude 经度, latitude 纬度, boundary 边界 (GeoJSON).
// Flow:   rows → by code → each judged with those above it judged before → what differs from the tree → WriteAll
// Rules:  a division is known by its code; "3801" and "380100000000" are the same. What its code names right above it must be in the table or in the tree
//         (of a county the city or the province; a city may be the top); a parent that the row names must be that one. A successor must be there
//         too, and lead back to nobody whom it succeeds.
//         An abolished division is kept with status inactive and its dates, so old records still resolve; a former name is kept as alias.
// Cost:   some µs a row to judge, some 20 µs of CPU a row to write (validation, sealing, indexing); memory 100 bytes a row.
#pragma once

#include "kernel/exchange/table_import.h"

namespace tk::exchange {

/// Errors: those of ReadTable and WriteAll; kUnavailable while the tree is being built. Refused rows are no error: the report has them.
Result<ImportReport> ImportAreas(const ImportContext& context, std::string_view csv,
                                 const ImportOptions& options);

}  // namespace tk::exchange
