// A list of persons from a table (CSV in UTF-8 or GB 18030, or .xlsx): each good row becomes a Patient record of the list's and a WatchEntry about it.
// POST import?list=ID&check=true, text/csv or .xlsx. Columns, in either language:
//   name 姓名           must be there
//   number 证件号码     resident number; a wrong check digit is refused. Without it phone and birth must be there, and joining is for a person to decide
//   phone 电话 · birth 出生日期 · gender 性别
//   reason 原因         must be there
//   from 起始日期 · until 截止日期   without until: WatchList.validDays from the first day on, if the list has them; else no end
//   entry 编号          the row's number at its department; rows with the same number are the same entry. Without it the person's numbers tell them apart
//   level 级别 (info 提示, warning 警告, critical 严重) · instruction 处置要求 · status 状态 (有效, 解除)
// Flow:   rows → good or refused with line, column, what, how to mend → PUT of Patient and WatchEntry in transactions → the person index matches each new
//         record as it matches any: who fits certainly is joined, and alerted if he is there; for the doubtful a clerk is asked (a review Task);
//         who is nobody yet waits as a record that his first registration will match
// Twice:  ids are keyed hashes of list and row, and what would become what is there is not written. A row does not revive an entry that was ended, unless its
//         status says so.
// Rights: operation watch-import, writing WatchEntry, the whole city: the records lie in no area, so that nobody but posts of the whole city sees them.
// Tries:  to who sees numbers masked joins and reviews tell which number is right. Of his rows within an hour at most `exact_per_hour` (policies.toml) have one name as the
//         person index compares names, or a number and a birth date that look alike to him whatever the names are (else 429, and nothing is taken); of so
//         many rows with a number it is told that a clerk is asked (`review`; `review_cut`: that is used up, so there may be more).
// Answer: {"rows", "added", "changed", "unchanged", "refused", "joined", "review": [line …], "review_cut", "issues": [{"line", "column", "text"}], "kept"}
#pragma once

#include "kernel/app/app.h"

namespace tk::point_of_care {

inline constexpr size_t kListRowsMax = 100'000;  // of one request

void HandleImport(const app::Context& context, interaction::Request request, interaction::Done done);

}  // namespace tk::point_of_care
