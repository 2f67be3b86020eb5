#include "kernel/view/engine_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/short_work.h"
#include "kernel/log/erasure.h"

namespace tk::view {
namespace {

constexpr int64_t kLookAgainUs = 2 * kSecondUs;  // at attachments that were lost
constexpr uint64_t kSaveAfterEntries = 100'000;  // half of the replay tail that DESIGN allows

// Views are never the only copy: what cannot be used is rebuilt, and the operator is told why. A fresh log has none to be used, a restored
// one has not yet.
void SayRebuilt(std::string_view view, const Error& why, const Mark& head) {
  if (head.t == 0) return;
  const std::string text = why.ToString();
  Say(why.code == ErrorCode::kNotFound ? LogLevel::kInfo : LogLevel::kWarning, "view-rebuilt",
      {{"view", view}, {"why", std::string_view(text)}});
}

}  // namespace

Status EngineImpl::OpenStores() {
  TRY(MakeFolder(options_.folder));
  log::OpenOptions open = options_.log;
  if (open.folder.empty()) open.folder = options_.folder;
  TRY(log::CheckLogPlace(open, options_.folder));
  log_ = TRY(log::OpenLog(open));
  keys_ = TRY(log::OpenKeysOf(*log_, options_.folder, options_.cipher));
  contents_ = TRY(log::OpenContentFolder(options_.folder + "/contents", keys_.get()));
  codec_ = TRY(log::Codec::Create(log_.get(), keys_.get(), contents_.get()));
  TRY(log_->TakeEpoch());
  return {};
}

Status EngineImpl::InternTypes() {
  const fhir::Definitions& definitions = *options_.definitions;
  codes_.assign(definitions.type_count(), 0);
  std::vector<std::string_view> names;
  for (fhir::TypeId type : definitions.ResourceTypes()) names.push_back(definitions.Type(type).name);
  const std::vector<log::TypeCode> codes = TRY(log_->InternTypes(names));
  for (size_t i = 0; i < codes.size(); ++i) {
    const fhir::TypeId type = definitions.ResourceTypes()[i];
    const log::TypeCode code = codes[i];
    codes_[type] = code;
    if (code >= types_.size()) types_.resize(size_t{code} + 1, fhir::kNoType);
    types_[code] = type;
  }
  // Those that the log has and this program does not know stay kNoType.
  log::TypeCode end = 1;
  while (!log_->TypeName(end).empty()) ++end;
  if (end > types_.size()) types_.resize(end, fhir::kNoType);
  return {};
}

std::vector<Engine::UnknownType> EngineImpl::UnknownTypes() const {
  std::vector<UnknownType> unknown;
  for (size_t i = 1; i < types_.size(); ++i) {
    const auto code = static_cast<log::TypeCode>(i);
    if (types_[i] != fhir::kNoType) continue;
    if (const uint64_t records = directory_->LiveCountOf(code); records != 0)
      unknown.push_back({log_->TypeName(code), records});
  }
  return unknown;
}

void EngineImpl::SayUnknownTypes() const {
  for (const UnknownType& type : UnknownTypes()) {
    Say(LogLevel::kWarning, "type-unknown",
        {{"type", std::string_view(type.name)},
         {"records", type.records},
         {"what", std::string_view("this program has no definition of it: its records cannot be read or "
                                   "found until its pack or its file in types is back")}});
  }
}

std::string EngineImpl::TypeNameOf(const Resource& resource) const {
  return resource.type != fhir::kNoType ? std::string(options_.definitions->Type(resource.type).name)
                                        : log_->TypeName(resource.code);
}

Status EngineImpl::LoadViews(log::Head head) {
  const Mark head_mark = HeadMark(head);
  auto loaded = TakeRequest("directory")
                    ? Result<Mark>(MakeError(ErrorCode::kConflict, "its rebuild was asked for"))
                    : directory_->Load(head_mark);
  if (!loaded.ok()) {
    SayRebuilt("directory", loaded.error(), head_mark);
    directory_->Clear();
  }
  directory_from_ = loaded.ok() ? loaded->end_ordinal : 1;
  saved_end_.store(directory_from_);
  why_rebuild_.resize(views_.size());
  for (size_t slot = 0; slot < views_.size(); ++slot) {
    View& view = *views_[slot];
    auto mark = view.Load(ViewFolder(view.name()), head_mark);
    if (mark.ok() && view.standing() == Standing::kOutdated &&
        head_mark.end_ordinal - 1 <= options_.replay_changes_max)
      mark = MakeError(ErrorCode::kConflict, "made by an older version or under other definitions");
    if (mark.ok()) {
      view_from_.push_back(mark->end_ordinal);
    } else {
      SayRebuilt(view.name(), mark.error(), head_mark);
      view_from_.push_back(BuildBeside(slot, mark.error(), head_mark) ? head.next_ordinal : 1);
    }
    saved_end_.store(std::min(saved_end_.load(), view_from_.back()));
  }
  return {};
}

// A view that cannot be used is replayed now if that is no more than a tail; else it is left unusable and built when everything else serves.
bool EngineImpl::BuildBeside(size_t slot, const Error& why, const Mark& head) {
  View& view = *views_[slot];
  const bool beside =
      head.end_ordinal - 1 > options_.replay_changes_max && view.standing() == Standing::kUnusable;
  if (beside)
    why_rebuild_[slot] = why.ToString();
  else
    view.Clear();
  return beside;
}

Status EngineImpl::Open(const ViewFactory& make_views) {
  TRY(OpenStores());
  TRY(InternTypes());
  directory_ =
      std::make_unique<DirectoryView>(types_, ViewFolder("directory"), options_.hidden_marks.made_by);
  views_ = make_views(*directory_, keys_->hash_key());
  const fhir::Definitions& definitions = *options_.definitions;
  parts_.writer = {log_.get(),
                   keys_.get(),
                   directory_.get(),
                   {},
                   &recent_,
                   options_.clock,
                   &options_,
                   definitions.FindType("Patient"),
                   definitions.FindType("Practitioner"),
                   definitions.FindType("Binary"),
                   definitions.FindType("Task"),
                   &owners_};
  for (auto& view : views_) parts_.writer.views.push_back(view.get());
  parts_.codec = codec_.get();
  parts_.definitions = options_.definitions.get();
  parts_.types = &types_;
  parts_.contents = contents_.get();
  parts_.lost = &lost_;

  const log::Head head = log_->head();
  TRY(LoadViews(head));
  Ordinal from = directory_from_;
  for (Ordinal each : view_from_) from = std::min(from, each);
  catch_up_end_.store(head.next_ordinal);
  catch_up_at_.store(from);
  if (head.next_ordinal - from <= options_.replay_changes_max) return StartWriter();
  catch_up_thread_ = std::thread([this] { CatchUpThenStart(); });
  return {};
}

Status EngineImpl::StartWriter() {
  const log::Head head = log_->head();
  const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  const std::vector<OwnerNumber> begun = keys_->Erasing();
  TRY(CatchUp(parts_, directory_from_, view_from_, head, threads, &catch_up_at_));
  writer_owned_ = std::make_unique<Writer>(parts_.writer, head);
  writer_.store(writer_owned_.get(), std::memory_order_release);
  SayUnknownTypes();
  NoteFinished(begun);
  if (directory_from_ == 1) TRY(ReplayErasures());
  // What cannot be finished now is told (erasure-failed) and tried again: it is no reason to serve nobody.
  if (Status resumed = ResumeErasures(); !resumed.ok() && fenced()) return resumed;
  rebuilder_ = std::make_unique<Rebuilder>(
      Rebuilder::Parts{&parts_, writer_owned_.get(), &save_mutex_, [this] { return SaveAll(); },
                       options_.rebuild_probe, options_.rebuild_piece_entries, options_.rebuild_retry_us});
  rebuilder_->Start();
  for (size_t slot = 0; slot < views_.size(); ++slot) {
    if (!why_rebuild_[slot].empty()) rebuilder_->Ask(slot, why_rebuild_[slot]);
  }
  AskForRebuilds();
  opened_.store(true, std::memory_order_release);
  maintenance_thread_ = std::thread([this] { MaintainLoop(); });
  return {};
}

// Also called by the maintenance: damage may show itself later, and an operator may ask.
void EngineImpl::AskForRebuilds() {
  for (size_t slot = 0; slot < views_.size(); ++slot) {
    const Standing standing = views_[slot]->standing();
    if (standing == Standing::kOutdated)
      rebuilder_->Ask(slot, "made by an older version or under other definitions");
    else if (standing == Standing::kUnusable)
      rebuilder_->Ask(slot, "damaged");
    else if (TakeRequest(views_[slot]->name()))
      rebuilder_->Ask(slot, "asked for by an operator");
  }
}

// `tongkang rebuild` leaves a file; it works whether the program runs or not.
bool EngineImpl::TakeRequest(std::string_view view) const {
  const std::string file = RebuildRequestFile(options_.folder, view);
  return FileExists(file) && RemoveFile(file).ok();
}

// The directory cannot be rebuilt beside itself: every answer needs it. The next start does it.
Result<bool> EngineImpl::MaintainDirectory() {
  auto more = directory_->Maintain();
  if (more.ok() || more.error().code != ErrorCode::kCorrupt) return more;
  if (!directory_damaged_.exchange(true)) {
    SayError("directory-damaged", more.error());
    TRY(WriteFileDurable(RebuildRequestFile(options_.folder, "directory"), "damaged\n"));
  }
  return false;
}

bool EngineImpl::ready() const {
  return serving() && std::none_of(views_.begin(), views_.end(),
                                   [](const auto& view) { return view->standing() == Standing::kUnusable; });
}

double EngineImpl::catch_up_progress() const {
  if (ready()) return 1;
  double least = 1;
  for (const ViewState& state : view_states()) least = std::min(least, state.progress());
  return least;
}

std::vector<ViewState> EngineImpl::view_states() const {
  std::vector<ViewState> out(1 + views_.size());
  out[0].name = "directory";
  for (size_t slot = 0; slot < views_.size(); ++slot) out[slot + 1].name = views_[slot]->name();
  if (!opened()) {
    for (ViewState& state : out) {
      state.kind = ViewState::Kind::kStarting;
      state.entries = catch_up_at_.load();
      state.entries_wanted = catch_up_end_.load();
      state.t_wanted = log_->head().t;
    }
    return out;
  }
  const Position head = Head();
  for (ViewState& state : out) {
    state.t = state.t_wanted = head.t;
    state.entries = state.entries_wanted = head.end_ordinal;
  }
  for (size_t slot = 0; slot < views_.size(); ++slot) {
    const Rebuilder::Progress progress = rebuilder_->progress(slot);
    const bool usable = views_[slot]->standing() != Standing::kUnusable;
    if (!progress.wanted && !progress.running && usable) continue;
    ViewState& state = out[slot + 1];
    state.kind = usable ? ViewState::Kind::kRebuilding : ViewState::Kind::kBuilding;
    state.t = progress.t;
    state.entries = progress.at;
    state.why = progress.why;
    state.failure = progress.failure;
  }
  return out;
}

Status EngineImpl::RequestRebuild(std::string_view name, std::string why) {
  if (!serving()) return MakeError(ErrorCode::kUnavailable, "the server is still reading its log");
  if (name == "directory")
    return MakeError(
        ErrorCode::kUnsupported,
        "the directory is rebuilt only at a start: stop the server, ask by `tongkang rebuild`, start it");
  for (size_t slot = 0; slot < views_.size(); ++slot) {
    if (views_[slot]->name() != name) continue;
    if (rebuilder_->Ask(slot, std::move(why))) return {};
    return MakeError(ErrorCode::kConflict, "this view is being rebuilt already");
  }
  return MakeError(ErrorCode::kNotFound, "there is no such view");
}

void EngineImpl::CatchUpThenStart() {
  Status started = StartWriter();
  if (!started.ok()) {
    // Stays not ready; the reason is the operator's to read.
    std::fprintf(stderr, "views could not be rebuilt: %s\n", started.error().ToString().c_str());
  }
}

Status EngineImpl::Pin(const Position& position) {
  const std::lock_guard lock(pins_mutex_);
  if (position.end_ordinal < released_below_) {
    return MakeError(ErrorCode::kGone, "this search has expired (10 minutes); start it again");
  }
  pins_[position.end_ordinal] = MonotonicUs() + options_.pin_us;
  return {};
}

Result<Engine::TextPtr> EngineImpl::Render(const log::StoredEntry& entry) const {
  log::Content content = TRY(codec_->Unseal(entry, log::Codec::Lost::kLeftOut));
  auto text = std::make_shared<Text>();
  text->attachments_lost = static_cast<uint32_t>(content.lost.size());
  if (!content.lost.empty()) {
    lost_.Note(log_->TypeName(entry.type), entry.owner, content.lost, *contents_);
  } else if (entry.op != Operation::kDelete) {
    log::AppendResource(content, entry.version, entry.at_us, &text->json);
    text->json.shrink_to_fit();  // it is kept
  }
  const fhir::TypeId type = entry.type < types_.size() ? types_[entry.type] : fhir::kNoType;
  text->header = {type, std::move(content.id), entry.version, entry.op, entry.at_us, entry.owner, entry.t};
  return TextPtr(std::move(text));
}

// On a thread that others wait for only what is small.
Result<log::StoredEntry> EngineImpl::ReadEntry(Ordinal ordinal) const {
  auto read = log_->Read(ordinal);
  if (!read.ok() && IsDamage(read.error())) {
    // Of one who was erased nothing is missed.
    if (const auto key = keys_->Get(directory_->Get(ordinal).owner);
        !key.ok() && key.error().code == ErrorCode::kGone)
      return key.error();
  }
  log::StoredEntry entry = TRY(std::move(read));
  if (ShortWork::Refuses(entry.sealed.size())) return MakeError(ErrorCode::kBusy, "this is no short work");
  return entry;
}

Result<ResourcePtr> EngineImpl::Read(Ordinal ordinal) const {
  auto entry = ReadEntry(ordinal);
  auto read = entry.ok() ? ToResource(parts_, *entry) : Result<ResourcePtr>(entry.TakeError());
  if (!read.ok()) NoteDamage(ordinal, read.error());
  return read;
}

std::vector<Result<ResourcePtr>> EngineImpl::ReadMany(std::span<const Ordinal> ordinals) const {
  std::vector<Result<ResourcePtr>> read;
  read.reserve(ordinals.size());
  const auto entries = log_->ReadMany(ordinals);
  if (!entries.ok()) {  // one that is damaged keeps nobody from the others
    for (const Ordinal ordinal : ordinals) read.push_back(Read(ordinal));
    return read;
  }
  WarmKeysOf(*entries);
  for (size_t i = 0; i < entries->size(); ++i) {
    read.push_back(ToResource(parts_, (*entries)[i]));
    if (!read.back().ok()) NoteDamage(ordinals[i], read.back().error());
  }
  return read;
}

void EngineImpl::WarmKeysOf(std::span<const log::StoredEntry> entries) const {
  std::vector<OwnerNumber> owners;
  owners.reserve(entries.size());
  for (const log::StoredEntry& entry : entries) owners.push_back(entry.owner);
  keys_->Warm(owners);
}

void EngineImpl::NoteDamage(Ordinal ordinal, const Error& why) const {
  if (IsDamage(why)) damaged_.Note(ordinal, log_->TypeName(directory_->CodeOf(ordinal)), why);
}

Result<Engine::TextPtr> EngineImpl::OpenText(Ordinal ordinal) const {
  if (TextPtr kept = texts_.Find(ordinal)) return kept;
  const uint64_t generation = texts_.generation();
  auto read = ReadEntry(ordinal);
  auto rendered = read.ok() ? Render(*read) : Result<TextPtr>(read.TakeError());
  if (!rendered.ok()) NoteDamage(ordinal, rendered.error());
  TextPtr text = TRY(std::move(rendered));
  const log::StoredEntry& entry = *read;
  if (text->attachments_lost != 0)
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format(
            "{}/{} (version {}) cannot be read: {} of its attachments is missing or damaged. It can be "
            "written anew, deleted and erased; an operator can put the file of a backup back (its "
            "place is told by `tongkang verify`, and in the log: attachment-lost).",
            log_->TypeName(entry.type), text->header.id, entry.version, text->attachments_lost));
  texts_.Put(ordinal, text, generation);
  return text;
}

// The error of the first of them that cannot be read.
Status EngineImpl::WhichIsDamaged(std::span<const Ordinal> ordinals) const {
  for (const Ordinal ordinal : ordinals) {
    const auto entry = ReadEntry(ordinal);
    if (entry.ok()) continue;
    NoteDamage(ordinal, entry.error());
    return entry.error();
  }
  return {};
}

Result<std::vector<Engine::TextPtr>> EngineImpl::OpenTexts(std::span<const Ordinal> ordinals) const {
  const uint64_t generation = texts_.generation();
  std::vector<TextPtr> texts(ordinals.size());
  std::vector<Ordinal> missing;
  std::vector<size_t> places;
  for (size_t i = 0; i < ordinals.size(); ++i) {
    texts[i] = texts_.Find(ordinals[i]);
    if (texts[i] != nullptr) continue;
    missing.push_back(ordinals[i]);
    places.push_back(i);
  }
  if (missing.empty()) return texts;
  auto read = log_->ReadMany(missing);
  if (!read.ok() && IsDamage(read.error())) TRY(WhichIsDamaged(missing));
  const auto entries = TRY(std::move(read));
  WarmKeysOf(entries);
  for (size_t i = 0; i < entries.size(); ++i) {
    auto rendered = Render(entries[i]);
    if (!rendered.ok()) NoteDamage(missing[i], rendered.error());
    texts[places[i]] = TRY(std::move(rendered));
    if (texts[places[i]]->attachments_lost == 0) texts_.Put(missing[i], texts[places[i]], generation);
  }
  return texts;
}

// Nothing more is recorded where an erased person's record was.
Status EngineImpl::CheckContext(const std::string& context) const {
  const size_t slash = context.find('/');
  const std::string_view name(context);
  const auto version = directory_->Current(IdHash(name.substr(0, slash), name.substr(slash + 1)), Head());
  if (version.ordinal == 0) return {};
  const OwnerNumber owner = directory_->OwnerNow(directory_->Get(version.ordinal).owner);
  if (owner == 0 || !keys_->IsDestroyed(owner)) return {};
  return MakeError(
      ErrorCode::kGone,
      "the person whom the securityContext is about was erased; nothing more is recorded about him");
}

// Whose the change is, and with which key it is sealed.
Status EngineImpl::FindKey(const Change& change, LastKey* last) const {
  const Resource& now = *change.now;
  if (now.op == Operation::kDelete && change.before != nullptr && change.before->ordinal != 0) {
    last->owner = "of its last version";  // a name that nobody has
    last->key = TRY(keys_->Get(change.before->owner));
    return {};
  }
  const fhir::Value body = now.document.Root();
  std::string owner = owners_.NameOf(now);
  const std::string context = owner.empty() ? owners_.ContextOf(now.type, body) : std::string();
  if (!context.empty()) {
    TRY(CheckContext(context));
    owner = owners_.OwnName(now.type, now.id);
  }
  if (!last->key || last->owner != owner) {
    last->key = owner.empty() ? TRY(keys_->Get(0)) : TRY(keys_->ForName(owner));
    last->owner = std::move(owner);
  }
  return {};
}

Status EngineImpl::PrepareEntry(const Change& change, LastKey* last, log::NewEntry* entry) const {
  const Resource& now = *change.now;
  const bool is_known = now.type != fhir::kNoType;  // else a delete by an eraser
  const std::string unknown = is_known ? std::string() : TypeNameOf(now);
  const std::string_view type = is_known ? options_.definitions->Type(now.type).name : unknown;
  entry->type = is_known ? codes_.at(now.type) : now.code;
  entry->op = now.op;
  entry->version = now.version;
  entry->id_hash = IdHash(type, now.id);
  TRY(FindKey(change, last));
  const log::PersonKey& key = *last->key;
  entry->owner = key.owner;
  log::Content content;
  content.id = now.id;
  content.text = std::string(now.document.Text());
  content.splice = now.splice;
  content.has_meta = now.has_meta;
  TRY(codec_->Seal(content, key, entry));
  if (is_known) codec_->Observe(entry->type, entry->owner, content.text);
  return {};
}

// A Bundle of several persons is its own, yet nothing more is recorded about any of them who was erased.
Status EngineImpl::NamePersonsIn(const Change& change, const std::string& owner, ChangeSet* set) const {
  const Resource& now = *change.now;
  if (now.op == Operation::kDelete || owner != owners_.OwnName(now.type, now.id)) return {};
  for (const std::string& person : owners_.PersonsIn(now.type, now.document.Root(), now.own_base)) {
    const OwnerNumber number = TRY(keys_->Find(person));
    if (number != 0 && keys_->IsDestroyed(number))
      return MakeError(ErrorCode::kGone,
                       "a person in this Bundle was erased; nothing more is recorded about him");
    set->persons.push_back(KeyOf(person));
  }
  return {};
}

Status EngineImpl::PrepareEntries(ChangeSet* set) const {
  // Before the views are asked: if they are switched meanwhile, the writer hands it back.
  const Writer* writer = writer_.load(std::memory_order_acquire);
  set->views_generation = writer != nullptr ? writer->views_generation() : 0;
  set->entries.assign(set->changes.size(), {});
  set->prepared.clear();
  set->prepared.resize(views_.size());
  set->persons.clear();
  set->contexts.assign(set->changes.size(), 0);
  set->hidden.assign(set->changes.size(), 0);
  set->bytes = 256;
  LastKey last;
  for (size_t i = 0; i < set->changes.size(); ++i) {
    const Change& change = set->changes[i];
    if (change.erased_owner != 0) {
      set->entries[i].op = Operation::kErase;
      set->entries[i].version = 0;
      set->entries[i].owner = change.erased_owner;
    } else {
      TRY(PrepareEntry(change, &last, &set->entries[i]));
      set->contexts[i] = TRY(Writer::ContextHash(parts_.writer, *change.now, set->entries[i].owner));
      set->hidden[i] = Writer::IsHidden(parts_.writer, *change.now) ? 1 : 0;
      TRY(NamePersonsIn(change, last.owner, set));
      set->bytes += set->entries[i].sealed.size() + change.now->document.Text().size() * 4 + 256;
    }
    if (set->bytes > options_.transaction_bytes_max * 4) {
      return MakeError(ErrorCode::kTooLarge, "the transaction is over its limit of 64 MB");
    }
  }
  return {};
}

Status EngineImpl::PrepareViews(ChangeSet* set) const {
  for (size_t v = 0; v < views_.size(); ++v) {
    set->prepared[v].reserve(set->changes.size());
    for (const Change& change : set->changes) set->prepared[v].push_back(TRY(views_[v]->Prepare(change)));
  }
  return {};
}

std::vector<Status> EngineImpl::PrepareAll(std::span<ChangeSet* const> sets) const {
  std::vector<Status> done;
  done.reserve(sets.size());
  for (ChangeSet* const set : sets) done.push_back(PrepareEntries(set));
  for (size_t i = 0; i < sets.size(); ++i) {
    if (done[i].ok()) done[i] = PrepareViews(sets[i]);
  }
  return done;
}

void EngineImpl::SubmitAll(std::vector<Submission> submissions) {
  Writer* writer = writer_.load(std::memory_order_acquire);
  if (writer != nullptr) return writer->SubmitAll(std::move(submissions));
  for (Submission& one : submissions) {
    one.done({Result<Commit>(MakeError(ErrorCode::kUnavailable,
                                       "the server is still reading its log; try again in a moment")),
              false});
  }
}

Outcome EngineImpl::SubmitPrepared(std::unique_ptr<ChangeSet> set) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto future = promise->get_future();
  Submit(std::move(set), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
  return future.get();
}

Status EngineImpl::SaveViews() {
  const std::lock_guard lock(save_mutex_);
  return SaveAll();
}

// Under save_mutex_.
Status EngineImpl::SaveAll() {
  TRY(FinishErasures());
  const Mark mark = HeadMark(log_->head());
  Ordinal saved = TRY(directory_->Save(mark)).end_ordinal;
  for (auto& view : views_) {
    const std::string folder = ViewFolder(view->name());
    TRY(MakeFolder(folder));
    saved = std::min(saved, TRY(view->Save(folder, mark)).end_ordinal);
  }
  saved_end_.store(saved);
  return {};
}

void EngineImpl::LetGoOfPins() {
  Ordinal oldest = Head().end_ordinal;
  {
    const std::lock_guard lock(pins_mutex_);
    const int64_t now_us = MonotonicUs();
    std::erase_if(pins_, [&](const auto& pin) { return pin.second < now_us; });
    if (!pins_.empty()) oldest = std::min(oldest, pins_.begin()->first);
    released_below_ = oldest;
  }
  for (auto& view : views_) view->SetOldestPinned(oldest);
}

Status EngineImpl::MergeRuns() {
  Status failed;
  bool more = true;
  for (int step = 0; more && step < 64; ++step) {
    auto merged = MaintainDirectory();
    if (!merged.ok()) failed = merged.error();
    more = merged.ok() && *merged;
    for (auto& view : views_) more |= view->Maintain();
  }
  return failed;
}

Status EngineImpl::TrainDictionaries() {
  Writer* const writer = writer_.load(std::memory_order_acquire);
  if (writer == nullptr) return {};
  TRY(codec_->TrainDue([writer](const std::function<Status()>& work) { return writer->Run(work); }));
  return {};
}

Status EngineImpl::FinishBegunErasures() {
  const std::lock_guard lock(save_mutex_);
  TRY(FinishErasures());
  NoteFinished(std::exchange(untold_erasures_, {}));
  return {};
}

// Each step by itself: one that fails keeps no other from being done. The answer is the first failure.
Status EngineImpl::Maintain() {
  Status first;
  const auto step = [&](std::string_view name, Status done) {
    upkeep_.Tell(name, done);
    if (!done.ok() && first.ok()) first = std::move(done);
  };
  LetGoOfPins();
  step("merge", MergeRuns());
  if (serving()) AskForRebuilds();
  step("dictionaries", TrainDictionaries());
  step("erasures", FinishBegunErasures());
  if (serving()) step("erasures-resumed", ResumeErasures());
  if (const int64_t now_us = MonotonicUs(); now_us - lost_looked_us_ > kLookAgainUs) {
    lost_looked_us_ = now_us;
    lost_.LookAgain(*contents_);
  }
  if (Head().end_ordinal - saved_end_.load() > kSaveAfterEntries) step("save", SaveViews());
  return first;
}

void EngineImpl::MaintainLoop() {
  std::unique_lock lock(stop_mutex_);
  while (!stopping_) {
    stop_changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    static_cast<void>(Maintain());  // what fails is told by each step
    lock.lock();
  }
}

Status EngineImpl::LookAtLog() {
  const uint64_t reigning = TRY(log_->StoredEpoch());
  if (Writer* const writer = writer_.load(std::memory_order_acquire)) writer->HearOfReign(reigning);
  return {};
}

void EngineImpl::Stop() {
  {
    const std::lock_guard lock(stop_mutex_);
    if (stopping_) return;
    stopping_ = true;
    stop_changed_.notify_all();
  }
  if (catch_up_thread_.joinable()) catch_up_thread_.join();
  if (maintenance_thread_.joinable()) maintenance_thread_.join();
  if (rebuilder_ != nullptr) rebuilder_->Stop();
  Writer* writer = writer_.load(std::memory_order_acquire);
  if (writer == nullptr) return;
  writer->Stop();
  recent_.Close();
  Status saved = SaveViews();
  if (!saved.ok())
    std::fprintf(stderr, "views not saved, the next start replays more: %s\n",
                 saved.error().ToString().c_str());
}

Result<CommittedPtr> LogFollower::Next(int timeout_ms) {
  if (read_ahead_.empty()) {
    CommittedPtr found;
    switch (engine_->recent_.Get(next_t_, timeout_ms, &found)) {
      case Recent::Found::kYes:
        ++next_t_;
        return found;
      case Recent::Found::kTooOld:
        return FromLog();
      case Recent::Found::kTimeout:
      case Recent::Found::kClosed:
        return CommittedPtr();
    }
  }
  CommittedPtr next = read_ahead_.front();
  read_ahead_.pop_front();
  ++next_t_;
  return next;
}

// Reads some hundred transactions at once; an erased person's changes have neither `now` nor `before`.
Result<CommittedPtr> LogFollower::FromLog() {
  constexpr uint64_t kAhead = 256;
  const uint64_t end_t = std::min(next_t_ + kAhead, engine_->Head().t + 1);
  TRY(engine_->log_->ScanTransactions(next_t_, end_t, [&](const log::StoredTransaction& t) -> Result<bool> {
    auto committed = std::make_shared<Committed>();
    committed->t = t.t;
    committed->at_us = t.at_us;
    committed->first_ordinal = t.first_ordinal;
    committed->key = t.key;
    TRY(engine_->log_->Scan(
        t.first_ordinal, t.first_ordinal + t.entry_count, [&](log::StoredEntry&& entry) -> Result<bool> {
          Change change;
          if (entry.op == Operation::kErase) {
            change.erased_owner = entry.owner;
          } else if (!wants_ || wants_(engine_->types_.at(entry.type))) {
            auto now = ToResource(engine_->parts_, entry);
            // Of a blind delete they hear what those heard who followed when it was written: nothing.
            if (now.ok() && !IsBlindDelete(**now))
              change.now = std::move(now).value();
            else if (!now.ok() && now.error().code != ErrorCode::kGone)
              return now.TakeError();
            const auto before = entry.version > 1
                                    ? engine_->directory_->Current(entry.id_hash, Position{0, entry.ordinal})
                                    : Directory::Version{0, 0, false};
            if (change.now != nullptr && before.ordinal != 0 && !before.deleted)
              change.before = TRY(engine_->Read(before.ordinal));
          }
          committed->changes.push_back(std::move(change));
          return true;
        }));
    read_ahead_.push_back(std::move(committed));
    return true;
  }));
  if (read_ahead_.empty())
    return MakeError(ErrorCode::kCorrupt, "the log has no transaction where one is due; run verify");
  CommittedPtr next = read_ahead_.front();
  read_ahead_.pop_front();
  ++next_t_;
  return next;
}

std::string RebuildRequestFile(const std::string& data_folder, std::string_view view) {
  return data_folder + "/views/rebuild." + std::string(view);
}

std::string_view ViewState::KindName() const {
  constexpr std::string_view kNames[] = {"serving", "rebuilding", "building", "starting"};
  return kNames[static_cast<size_t>(kind)];
}

double ViewState::progress() const {
  if (entries_wanted == 0) return 1;
  return std::min(1.0, static_cast<double>(entries) / static_cast<double>(entries_wanted));
}

Result<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options, const ViewFactory& make_views) {
  CHECK(options.definitions != nullptr && options.clock != nullptr);
  auto engine = std::make_unique<EngineImpl>(options);
  TRY(engine->Open(make_views));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace tk::view
