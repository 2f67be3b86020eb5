// Posts of staff from a table: Practitioner and PractitionerRole. Columns, in either language:
//   number 工号, 人员编号   the person's staff number, identifier of system kStaffNumberSystem; several rows with one number are several posts of one person
//   name 姓名              must be there for a new person
//   organization 机构      where the post is: credit code, or id of the Organization; department 科室代码: its department with that code
//   post 岗位              a code of HL7's practitioner-role (doctor, nurse, pharmacist, researcher, teacher, ict), or any text
//   practitioner           id of the Practitioner, of whom is stored under another one than staff-NUMBER
//   phone 电话, status 状态, from 启用日期, until 停用日期: of the post
// Ids:    Practitioner staff-NUMBER, PractitionerRole ORGANIZATION-NUMBER.
// Both are made or changed; numbers of the report are of resources, those of rows aside. Institutions must be in the tree of areas (import them first).
// Source: FHIR R4 practitionerrole.html, practitioner.html; HL7 CodeSystem practitioner-role 4.0.1.
#pragma once

#include "kernel/exchange/table_import.h"

namespace tk::exchange {

inline constexpr std::string_view kStaffNumberSystem = "http://tongkang.dev/fhir/sid/staff-number";

/// Errors: those of ReadTable and WriteAll; kUnavailable while the tree is being built. Cost: about 0.1 ms a row.
Result<ImportReport> ImportPosts(const ImportContext& context, std::string_view csv,
                                 const ImportOptions& options);

}  // namespace tk::exchange
