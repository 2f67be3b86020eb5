#include "kernel/exchange/table_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"
#include "kernel/interaction/write.h"

namespace tk::exchange {
namespace {

constexpr size_t kChunk = 1000;
constexpr int kAttemptsMax = 8;

/// How many fields stand filled. Empty ones behind the last head are what spreadsheets write; others are of a text with a
/// separator in it, and which column they are of nobody knows.
size_t FilledFields(const CsvRow& row, size_t heads) {
  size_t filled = row.fields.size();
  while (filled > heads && TrimSpace(row.fields[filled - 1]).empty()) --filled;
  return filled;
}

/// The first that somebody asks for; nullptr if there is none.
const BadCell* BadCellOf(const CsvRow& row, const CsvColumns& columns) {
  for (const BadCell& bad : row.bad_cells) {
    if (std::find(columns.at.begin(), columns.at.end(), bad.column - 1) != columns.at.end()) return &bad;
  }
  return nullptr;
}

}  // namespace

void ImportReport::Refuse(uint64_t line, std::string_view column, std::string text) {
  ++refused;
  if (issues.size() < issues_max) issues.push_back({line, std::string(column), std::move(text)});
}

bool IsReadable(const CsvRow& row, const CsvColumns& columns, std::span<const CsvColumn> heads,
                ImportReport* report) {
  if (!row.fault.empty()) {
    report->Refuse(row.line, fmt::format("field {}", row.fault_column), std::string(row.fault));
    return false;
  }
  if (const size_t filled = FilledFields(row, columns.heads); filled > columns.heads) {
    report->Refuse(row.line, fmt::format("field {}", columns.heads + 1),
                   fmt::format("The row has {} fields, and the first row names {}: put a text that holds the "
                               "separator into quotes.",
                               filled, columns.heads));
    return false;
  }
  const BadCell* const bad = BadCellOf(row, columns);
  if (bad == nullptr) return true;
  const auto head = std::find(columns.at.begin(), columns.at.end(), bad->column - 1);
  report->Refuse(row.line, heads[static_cast<size_t>(head - columns.at.begin())].names[0],
                 std::string(bad->text));
  return false;
}

Status ReadTable(std::string_view bytes, const ImportOptions& options, std::span<const CsvColumn> columns,
                 ImportReport* report, const EachRow& each) {
  const auto reader = TRY(TableReader::Open(bytes, {options.charset, options.deadline_us}));
  report->charset = reader->charset();
  CsvRow row;
  if (!TRY(reader->Next(&row)))
    return MakeError(ErrorCode::kIncorrect, "The table is empty: its first row names the columns.");
  if (!row.fault.empty()) return MakeError(ErrorCode::kIncorrect, fmt::format("First row: {}", row.fault));
  const CsvColumns found = TRY(FindColumns(row, columns));
  report->unknown_columns = found.unknown;
  while (TRY(reader->Next(&row))) {
    if (++report->rows > kImportRowsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("The table has more than {} rows: send it in parts.", kImportRowsMax));
    if (!IsReadable(row, found, columns, report)) continue;
    each(row, found);
  }
  return {};
}

namespace {

/// One import's writing: chunks taken by several threads.
class TableWriter {
 public:
  TableWriter(const ImportContext& context, const MakeText& make, const ImportOptions& options,
              ImportReport* report)
      : engine_(*context.engine),
        interactions_(*context.interactions),
        make_(make),
        options_(options),
        report_(*report) {}

  Status Run(std::span<const Planned> planned) {
    const size_t chunk = options_.all_or_nothing ? std::max<size_t>(planned.size(), 1) : kChunk;
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t from = next.fetch_add(chunk); from < planned.size() && !failed_.load();
           from = next.fetch_add(chunk)) {
        const Status written = WriteChunk(planned.subspan(from, std::min(chunk, planned.size() - from)));
        if (!written.ok()) Fail(written.error());
      }
    };
    std::vector<std::jthread> others;
    const size_t chunks = (planned.size() + chunk - 1) / chunk;
    for (size_t i = 1; i < std::min<size_t>(options_.threads, chunks); ++i) others.emplace_back(work);
    work();
    others.clear();
    if (failed_.load()) return *failure_;
    return {};
  }

 private:
  struct Counted {
    uint64_t added = 0, changed = 0, unchanged = 0;
    std::vector<std::pair<uint64_t, std::string>> refused;
  };

  void Fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failed_.exchange(true)) failure_ = error;
  }

  Status WriteChunk(std::span<const Planned> chunk) {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      if (options_.deadline_us != 0 && MonotonicUs() > options_.deadline_us)
        return MakeError(ErrorCode::kTimeout,
                         "The time for one request is over. What was written stays: send the same table "
                         "again, and it goes on; or let an operator load it by `tongkang import`.");
      Counted counted;
      auto set = std::make_unique<view::ChangeSet>();
      TRY(Fill(chunk, set.get(), &counted));
      if (options_.all_or_nothing && !counted.refused.empty()) {
        Count(counted, 0, false);
        return {};
      }
      if (set->changes.empty() || options_.check_only) {
        Count(counted, 0, true);
        return {};
      }
      TRY(interactions_.Complete(set->basis, set.get()));
      TRY(engine_.Prepare(set.get()));
      auto promise = std::make_shared<std::promise<view::Outcome>>();
      auto future = promise->get_future();
      engine_.Submit(std::move(set),
                     [promise](view::Outcome outcome) { promise->set_value(std::move(outcome)); });
      const view::Outcome outcome = future.get();
      if (outcome.commit.ok()) {
        Count(counted, outcome.commit->t, true);
        return {};
      }
      if (!outcome.stale && outcome.commit.error().code != ErrorCode::kBusy) return outcome.commit.error();
      std::this_thread::sleep_for(std::chrono::milliseconds(5 << attempt));
    }
    return MakeError(
        ErrorCode::kBusy,
        "Others keep writing the same records. What was written stays: send the same table again.");
  }

  Status Fill(std::span<const Planned> chunk, view::ChangeSet* set, Counted* counted) const {
    set->basis = engine_.Head();
    for (const Planned& planned : chunk) {
      const uint64_t id_hash = engine_.IdHash(planned.type, planned.id);
      const auto version = engine_.directory().Current(id_hash, set->basis);
      view::Change change;
      if (version.ordinal != 0 && !version.deleted) change.before = TRY(engine_.Read(version.ordinal));
      const bool exists = change.before != nullptr;
      auto made = Make(planned, exists ? change.before->document.Root() : fhir::Value(), version);
      if (!made.ok()) {
        counted->refused.emplace_back(planned.line, TextOf(made.error()));
        continue;
      }
      if (*made == nullptr) {
        ++counted->unchanged;
        continue;
      }
      change.now = std::move(made).value();
      set->changes.push_back(std::move(change));
      view::Guard guard;
      guard.id_hash = id_hash;
      guard.version = version.version;
      set->guards.push_back(std::move(guard));
      ++(exists ? counted->changed : counted->added);
    }
    return {};
  }

  static std::string TextOf(const Error& error) {
    if (error.issues.empty()) return error.external;
    return fmt::format("{}: {}", error.issues[0].path, error.issues[0].text);
  }

  /// nullptr if that is there already.
  Result<view::ResourcePtr> Make(const Planned& planned, fhir::Value before,
                                 const view::Directory::Version& version) const {
    if (before.present()) {
      const std::string source = before["meta"]["source"].ToString();
      const auto same = TRY(fhir::Document::Parse(make_(planned, before, source)));
      if (interaction::IsMadeOf(before, same.Root())) return view::ResourcePtr();
    }
    fhir::Document document = TRY(fhir::Document::Parse(make_(planned, before, options_.source)));
    return interactions_.MakeVersion(engine_.definitions().FindType(planned.type), std::move(document),
                                     version.version + 1, options_.deadline_us);
  }

  void Count(const Counted& counted, uint64_t t, bool kept) {
    const std::lock_guard lock(mutex_);
    report_.added += kept ? counted.added : 0;
    report_.changed += kept ? counted.changed : 0;
    report_.unchanged += counted.unchanged;
    report_.last_t = std::max(report_.last_t, t);
    if (!kept) report_.kept = false;
    for (const auto& [line, text] : counted.refused) report_.Refuse(line, {}, text);
  }

  view::Engine& engine_;
  const interaction::Interactions& interactions_;
  const MakeText& make_;
  const ImportOptions& options_;
  std::mutex mutex_;
  ImportReport& report_;
  std::atomic<bool> failed_{false};
  std::optional<Error> failure_;
};

}  // namespace

Status WriteAll(const ImportContext& context, std::span<const Planned> planned, const MakeText& make,
                const ImportOptions& options, ImportReport* report) {
  if (options.all_or_nothing && planned.size() > kAllOrNothingMax)
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("All or nothing is for at most {} changed rows, and these are {}: check the "
                                 "table first, then load it without.",
                                 kAllOrNothingMax, planned.size()));
  if (options.check_only || (options.all_or_nothing && report->refused != 0)) report->kept = false;
  if (!report->kept && !options.check_only) return {};
  TRY(TableWriter(context, make, options, report).Run(planned));
  std::stable_sort(report->issues.begin(), report->issues.end(),
                   [](const RowIssue& a, const RowIssue& b) { return a.line < b.line; });
  return {};
}

Result<geo::AreaTreePtr> SoundTree(const ImportContext& context) {
  if (context.areas->standing() == view::Standing::kSound) return context.areas->Tree();
  return MakeError(ErrorCode::kUnavailable, "The tree of areas is being built: try again in a moment.");
}

std::string JsonText(std::string_view text) {
  std::string out;
  tk::AppendJsonString(text, &out);
  return out;
}

std::string IdentifiersWith(fhir::Value before, std::string_view system, std::string_view value) {
  std::string json = fmt::format(R"([{{"system":{},"value":{}}})", JsonText(system), JsonText(value));
  for (const fhir::Value identifier : before["identifier"]) {
    if (identifier["system"].ToString() != system) json.append(",").append(identifier.Json());
  }
  return json + "]";
}

namespace {

bool IsOurs(std::string_view meta_member) {
  return meta_member == "source" || meta_member == "_source" || meta_member == "versionId" ||
         meta_member == "lastUpdated" || meta_member == "_versionId" || meta_member == "_lastUpdated";
}

std::string MetaOf(fhir::Value before, std::string_view area_code, std::string_view source) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  if (!source.empty()) json.Member("source", source);
  for (const fhir::Value member : before["meta"]) {
    if (!IsOurs(member.name_text()) && member.name_text() != "tag")
      json.Key(member.name_text()).Raw(member.Json());
  }
  std::string tags;
  const auto add = [&tags](std::string_view tag) { tags.append(tags.empty() ? "" : ",").append(tag); };
  if (!area_code.empty()) add(fmt::format(R"({{"system":"{}","code":"{}"}})", view::kAreaSystem, area_code));
  for (const fhir::Value tag : before["meta"]["tag"]) {
    if (area_code.empty() || tag["system"].ToString() != view::kAreaSystem) add(tag.Json());
  }
  if (!tags.empty()) json.Key("tag").Raw("[" + tags + "]");
  json.End();
  return out;
}

}  // namespace

std::string Remade(std::string_view type, std::string_view id, fhir::Value before, std::string_view area_code,
                   std::string_view source, std::span<const std::pair<std::string_view, std::string>> given) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", type).Member("id", id);
  const std::string meta = MetaOf(before, area_code, source);
  if (meta != "{}") json.Key("meta").Raw(meta);
  for (const auto& [name, value] : given) {
    if (!value.empty()) json.Key(name).Raw(value);
  }
  for (const fhir::Value member : before) {
    const std::string_view name = member.name_text();
    const bool made =
        name == "resourceType" || name == "id" || name == "meta" ||
        std::any_of(given.begin(), given.end(), [name](const auto& each) { return each.first == name; });
    if (!made) json.Key(name).Raw(member.Json());
  }
  json.End();
  return out;
}

}  // namespace tk::exchange
