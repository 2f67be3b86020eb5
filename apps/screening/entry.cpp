#include "apps/screening/entry.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/text.h"
#include "kernel/view/directory.h"

namespace tk::screening {
namespace {

using exchange::PersonField;

constexpr std::string_view kWhenNames[] = {"when", "测量时间", "填报时间", "日期", "测量日期"};
constexpr std::string_view kTemperatureNames[] = {"temperature", "体温"};
constexpr std::string_view kSymptomNames[] = {"symptoms", "症状"};
constexpr std::string_view kAreaNames[] = {"area", "网格代码", "区划代码"};
constexpr std::string_view kAddressNames[] = {"address", "住址", "现住址"};
constexpr std::string_view kEntryNames[] = {"entry", "编号"};
constexpr size_t kEntryBytesMax = 100, kAddressBytesMax = 500;

class EntryReader : exchange::RowCells<EntryColumn> {
 public:
  EntryReader(const CsvRow& row, const CsvColumns& columns, exchange::ImportReport* report)
      : RowCells(row, columns, Columns(), report) {}

  std::optional<Entry> Read(Instant now_us) {
    Entry entry;
    entry.line = line();
    const exchange::PersonTexts texts{Cell(kName), Cell(kNumber), Cell(kPhone), Cell(kBirth), Cell(kGender)};
    if (const auto fault = exchange::ReadPerson(texts, &entry.person))
      Refuse(static_cast<EntryColumn>(fault->field), std::string(fault->text));
    ReadMeasured(now_us, &entry);
    entry.area = Cell(kArea);
    if (!entry.area.empty() && !view::AreaRange(entry.area).ok())
      Refuse(kArea, "This is no code of a division: 2, 4, 6, 9, 12 or 15 digits.");
    entry.address = Cell(kAddress);
    if (entry.address.size() > kAddressBytesMax) Refuse(kAddress, "The address is longer than 500 bytes.");
    const std::string_view number = Cell(kEntryNumber);
    if (number.size() > kEntryBytesMax) Refuse(kEntryNumber, "The number is longer than 100 bytes.");
    if (!good()) return std::nullopt;
    entry.key = !number.empty() ? fmt::format("entry|{}", number)
                                : fmt::format("{}|{}", exchange::KeyOf(entry.person), entry.when);
    return entry;
  }

 private:
  void ReadMeasured(Instant now_us, Entry* entry) {
    const auto take = [this](Result<std::string> read, EntryColumn column, std::string* into) {
      if (read.ok()) {
        *into = std::move(read).value();
      } else {
        Refuse(column, read.error().external);
      }
    };
    take(exchange::ReadWhen(Cell(kWhen), now_us), kWhen, &entry->when);
    if (!Cell(kTemperature).empty())
      take(exchange::ReadTemperature(Cell(kTemperature)), kTemperature, &entry->temperature);
    entry->asked = !Cell(kSymptomWords).empty();
    if (entry->asked) {
      const auto symptoms = exchange::ReadSymptoms(Cell(kSymptomWords));
      if (!symptoms.ok()) Refuse(kSymptomWords, symptoms.error().external);
      entry->symptoms = symptoms.ok() ? *symptoms : 0;
    }
    if (!entry->asked && Cell(kTemperature).empty())
      Refuse(kTemperature, "Temperature and symptoms are both missing: give one of them.");
  }
};

}  // namespace

std::span<const CsvColumn> Columns() {
  static const CsvColumn kColumns[kEntryColumns] = {{exchange::HeadsOf(PersonField::kName), true},
                                                    {exchange::HeadsOf(PersonField::kNumber)},
                                                    {exchange::HeadsOf(PersonField::kPhone)},
                                                    {exchange::HeadsOf(PersonField::kBirth)},
                                                    {exchange::HeadsOf(PersonField::kGender)},
                                                    {kWhenNames, true},
                                                    {kTemperatureNames},
                                                    {kSymptomNames},
                                                    {kAreaNames},
                                                    {kAddressNames},
                                                    {kEntryNames}};
  return kColumns;
}

std::optional<Entry> ReadRow(const CsvRow& row, const CsvColumns& columns, Instant now_us,
                             exchange::ImportReport* report) {
  return EntryReader(row, columns, report).Read(now_us);
}

}  // namespace tk::screening
