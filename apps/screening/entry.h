// One row of a table of screening: who, how warm, what symptoms, when. What is made of it: kernel/exchange/reading.h.
// Columns of a table, in either language (the person's: exchange/person_cells.h):
//   when 测量时间    must be there: 2026-11-23, or with a time 2026-11-23 08:30
//   temperature 体温 degrees Celsius; a thermometer for people shows 34.0 to 43.0
//   symptoms 症状    words with commas between, or 无; one of temperature and symptoms must be there
//   area 网格代码    code of the division he lives in; of whom nobody knew. address 住址
//   entry 编号       the row's number at its sender: rows with the same are the same entry. Without it person and time tell them apart
#pragma once

#include "kernel/base/clock.h"
#include "kernel/exchange/reading_intake.h"

namespace tk::screening {

using exchange::Channel;
using exchange::Intake;
using exchange::kChannelSystem;
using exchange::Taken;
using Entry = exchange::Reading;

enum EntryColumn : size_t {
  kName,
  kNumber,
  kPhone,
  kBirth,
  kGender,
  kWhen,
  kTemperature,
  kSymptomWords,
  kArea,
  kAddress,
  kEntryNumber,
  kEntryColumns
};
std::span<const CsvColumn> Columns();
/// A row, or nothing: then it is refused in `report`. `now_us`: no entry is of a later day.
std::optional<Entry> ReadRow(const CsvRow& row, const CsvColumns& columns, Instant now_us,
                             exchange::ImportReport* report);

}  // namespace tk::screening
