// A table of institutions and their departments becomes Organizations.
// Columns: name 名称; credit_code 统一社会信用代码; and, when there are: id, code 科室代码, parent 上级机构 (its credit code or id), type 类型 (a code of
//         HL7's organization-type, or words), area 区划代码 (whom it serves), status 状态, phone 电话, address 地址.
// Flow:   rows → each judged with the one above it → what differs from what is stored → WriteAll
// Rules:  an institution is known by its id if the row has one, else by its credit code; a department by its parent and its code there
//         (id PARENT-CODE). A parent must be in the table or stored, and nothing may be part of itself. An area must be in the tree.
#pragma once

#include "kernel/exchange/table_import.h"

namespace tk::exchange {

/// Errors: as ImportAreas.
Result<ImportReport> ImportOrganizations(const ImportContext& context, std::string_view csv,
                                         const ImportOptions& options);

}  // namespace tk::exchange
