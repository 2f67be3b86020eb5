#include "kernel/hl7v2/ack.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/charset.h"
#include "kernel/base/clock.h"
#include "kernel/fhir/value.h"

namespace tk::hl7v2 {
namespace {

constexpr size_t kControlIdMax = 199;  // v2.8; v2.5.1 has 20, and an answer names what was sent
constexpr std::string_view kFirstWithNewErr = "2.5";

struct Condition {
  std::string_view code, text;
};
// HL7 table 0357, message error condition codes.
constexpr Condition kConditions[] = {{"0", "Message accepted"},
                                     {"100", "Segment sequence error"},
                                     {"101", "Required field missing"},
                                     {"102", "Data type error"},
                                     {"103", "Table value not found"},
                                     {"200", "Unsupported message type"},
                                     {"201", "Unsupported event code"},
                                     {"202", "Unsupported processing id"},
                                     {"203", "Unsupported version id"},
                                     {"204", "Unknown key identifier"},
                                     {"205", "Duplicate key identifier"},
                                     {"206", "Application record locked"},
                                     {"207", "Application internal error"}};

std::string_view TextOf(std::string_view condition) {
  for (const Condition& known : kConditions) {
    if (known.code == condition) return known.text;
  }
  return {};
}

std::string ConditionOf(const Error& error, const Issue& issue) {
  if (issue.path == "MSH-9.1") return "200";
  if (issue.path == "MSH-9.2") return "201";
  if (issue.path == "MSH-11") return "202";
  if (issue.path == "MSH-12") return "203";
  if (issue.type == "structure") return "100";
  if (issue.type == "required") return "101";
  if (issue.type == "code-invalid") return "103";
  if (issue.type == "not-found") return "204";
  if (issue.type == "duplicate") return "205";
  const bool conflict = error.code == ErrorCode::kConflict || error.code == ErrorCode::kPrecondition;
  if (conflict) return "206";
  const bool of_data = error.code == ErrorCode::kIncorrect || error.code == ErrorCode::kInvalid;
  return of_data ? "102" : "207";
}

/// "2.3.1" < "2.5": the segment ERR had another shape.
bool HasOldErr(const std::string& version) {
  return !version.empty() && version < std::string(kFirstWithNewErr);
}

class AckWriter {
 public:
  AckWriter(const Delimiters& delimiters, const AckOptions& options)
      : delimiters_(delimiters), options_(options) {}

  void Header(const Message& message) {
    std::string event = message.event();
    out_ = "MSH";
    out_.push_back(delimiters_.field);
    for (const char sign : {delimiters_.component, delimiters_.repetition, delimiters_.escape,
                            delimiters_.subcomponent, delimiters_.truncation}) {
      if (sign != '\0') out_.push_back(sign);
    }
    for (const size_t field : {5U, 6U, 3U, 4U}) Raw(message.Field("MSH", field).Repetition(1).raw());
    Raw(Time());
    Raw("");
    Raw(event.empty() ? std::string("ACK") : Joined({"ACK", event, "ACK"}));
    Raw(options_.control_id);
    Raw(message.Field("MSH", 11).raw().empty() ? "P" : message.Field("MSH", 11).raw());
    Raw(message.Field("MSH", 12).raw().empty() ? "2.5.1" : message.Field("MSH", 12).raw());
    for (int i = 0; i < 5; ++i) Raw("");
    Raw(CharsetField(message));
    out_.push_back('\r');
  }

  void Acknowledgement(std::string_view code, std::string_view control_id, std::string_view text) {
    out_ += "MSA";
    Raw(code);
    Raw(Escaped(control_id.substr(0, kControlIdMax), delimiters_));
    if (!text.empty()) Raw(Escaped(text, delimiters_));
    out_.push_back('\r');
  }

  void Err(const Note& note, bool old) {
    const auto place = ReadPlace(note.place);
    const std::string_view name = TextOf(note.condition);
    out_ += "ERR";
    Raw(old ? OldLocation(place, note.condition, name) : std::string());
    Raw(place ? Location(*place) : std::string());
    Raw(Joined({note.condition, name, "HL70357"}));
    Raw(std::string_view(&note.severity, 1));
    Raw(note.code.empty() ? std::string() : Joined({note.code, note.code_text, note.code_system}));
    Raw("");
    Raw(Escaped(note.diagnostic, delimiters_));
    Raw(Escaped(note.user_text, delimiters_));
    Raw(note.not_for_patient ? "NPAT" : "");
    while (out_.ends_with(delimiters_.field)) out_.pop_back();
    out_.push_back('\r');
  }

  std::string Take() { return std::move(out_); }

  /// The name that the answer gives its charset; what is ASCII alone needs none, and Chinese text of ours needs more than ASCII.
  static std::string CharsetField(const Message& message) {
    if (message.charset() == "gb18030") {
      const std::string said = message.Field("MSH", 18).Repetition(1).Text();
      return said.empty() ? "GB 18030-2000" : said;
    }
    return "UNICODE UTF-8";
  }

 private:
  void Raw(std::string_view field) { out_.append(1, delimiters_.field).append(field); }

  std::string Joined(std::initializer_list<std::string_view> components) const {
    std::string out;
    for (const std::string_view& component : components) {
      if (&component != components.begin()) out.push_back(delimiters_.component);
      out += Escaped(component, delimiters_);
    }
    return out;
  }

  /// ERL: segment, its occurrence, field, repetition, component, subcomponent.
  std::string Location(const Place& place) const {
    std::string out = place.segment;
    const size_t numbers[] = {1, place.field, place.field == 0 ? 0 : std::max<size_t>(place.repetition, 1),
                              place.component, place.subcomponent};
    for (const size_t number : numbers) {
      if (number == 0) break;
      out += fmt::format("{}{}", delimiters_.component, number);
    }
    return out;
  }
  /// ELD: segment, occurrence, field, and the condition with its text as subcomponents.
  std::string OldLocation(const std::optional<Place>& place, std::string_view condition,
                          std::string_view name) const {
    const char component = delimiters_.component;
    const char sub = delimiters_.subcomponent == '\0' ? ' ' : delimiters_.subcomponent;
    const std::string where =
        !place              ? fmt::format("{}{}", component, component)
        : place->field == 0 ? fmt::format("{}{}1{}", place->segment, component, component)
                            : fmt::format("{}{}1{}{}", place->segment, component, component, place->field);
    return fmt::format("{}{}{}{}{}{}HL70357", where, component, condition, sub, Escaped(name, delimiters_),
                       sub);
  }
  /// 20261123090000+0800
  std::string Time() const {
    const std::string utc =
        FormatInstant(options_.at_us + int64_t{options_.timezone_offset_min} * 60 * kSecondUs);
    std::string out;
    for (const char c : utc.substr(0, 19)) {
      if (c >= '0' && c <= '9') out.push_back(c);
    }
    const int minutes = std::abs(options_.timezone_offset_min);
    return fmt::format("{}{}{:02}{:02}", out, options_.timezone_offset_min < 0 ? '-' : '+', minutes / 60,
                       minutes % 60);
  }

  const Delimiters delimiters_;
  const AckOptions& options_;
  std::string out_;
};

/// Enhanced mode: the accept acknowledgement alone is wanted.
bool WantsAcceptOnly(const Message& message) {
  const std::string accept = message.Field("MSH", 15).Text(), application = message.Field("MSH", 16).Text();
  return application == "NE" && !accept.empty() && accept != "NE";
}

/// The gravest text for a user, for senders who know no ERR-8.
std::string TextForUser(const std::vector<Note>& notes) {
  std::string out;
  for (const Note& note : notes) {
    const std::string& text = note.user_text.empty() ? note.diagnostic : note.user_text;
    if (text.empty()) continue;
    out += (out.empty() ? "" : " | ") + text;
    if (!note.user_text.empty() && !note.diagnostic.empty()) out += ": " + note.diagnostic;
  }
  return out;
}

/// A header up to MSH-17: of a message whose charset is none that we read.
std::string_view BeforeCharset(std::string_view header) {
  constexpr int kSeparators = 17;
  size_t at = 0;
  for (int i = 0; i < kSeparators && header.size() > 3 && at != std::string_view::npos; ++i)
    at = header.find(header[3], at + 1);
  return header.substr(0, at);
}

}  // namespace

std::string Acknowledge(const Message& message, std::string_view code, const std::vector<Note>& notes,
                        const AckOptions& options) {
  std::string told(code);
  if (WantsAcceptOnly(message)) told[0] = 'C';
  const bool old = HasOldErr(message.version());
  AckWriter writer(message.delimiters(), options);
  writer.Header(message);
  writer.Acknowledgement(told, message.control_id(), old ? TextForUser(notes) : std::string());
  for (const Note& note : notes) writer.Err(note, old);
  std::string text = writer.Take();
  if (message.charset() != "gb18030") return text;
  auto converted = FromUtf8(text, "gb18030");
  return converted.ok() ? std::move(converted).value() : text;
}

std::string AcknowledgeBytes(std::string_view bytes, const Error& error, const AckOptions& options) {
  // The header alone, as far as it is ASCII: enough to name whose message it was.
  const size_t at = bytes.find("MSH");
  std::string header(at == std::string_view::npos ? std::string_view() : bytes.substr(at, 1024));
  header = header.substr(0, std::min(header.find('\r'), header.find('\n')));
  for (char& c : header) {
    if (static_cast<unsigned char>(c) >= 0x7F || static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  auto message = Message::Parse(header);
  if (!message.ok()) message = Message::Parse(BeforeCharset(header));
  if (!message.ok()) message = Message::Parse("MSH|^~\\&|||||||ACK||P|2.5.1");
  CHECK(message.ok());
  return Acknowledge(*message, CodeOf(error), NotesOf(error), options);
}

std::vector<Note> NotesOf(const Error& error) {
  std::vector<Issue> issues = error.issues;
  if (issues.empty())
    issues.push_back({Severity::kError, TraitsOf(error.code).issue_type, {}, error.external});
  std::vector<Note> notes;
  for (const Issue& issue : issues) {
    Note note;
    const bool warns = issue.severity == Severity::kWarning;
    note.severity = warns ? 'W' : issue.severity == Severity::kInformation ? 'I' : 'E';
    note.condition = ConditionOf(error, issue);
    note.diagnostic = issue.text;
    if (ReadPlace(issue.path))
      note.place = issue.path;
    else if (!issue.path.empty())
      note.diagnostic = issue.path + ": " + note.diagnostic;
    notes.push_back(std::move(note));
  }
  return notes;
}

Error ErrorOfOutcome(int http_status, std::string_view outcome_json) {
  constexpr std::string_view kTypes[] = {"structure", "required",  "value",      "invariant", "code-invalid",
                                         "not-found", "duplicate", "processing", "forbidden", "throttled"};
  Error error;
  error.code = http_status == 400   ? ErrorCode::kIncorrect
               : http_status == 403 ? ErrorCode::kForbidden
               : http_status == 404 ? ErrorCode::kNotFound
               : http_status == 409 ? ErrorCode::kConflict
               : http_status == 410 ? ErrorCode::kGone
               : http_status == 412 ? ErrorCode::kPrecondition
               : http_status == 413 ? ErrorCode::kTooLarge
               : http_status == 422 ? ErrorCode::kInvalid
               : http_status == 429 ? ErrorCode::kBusy
               : http_status == 401 ? ErrorCode::kUnauthenticated
               : http_status == 503 ? ErrorCode::kUnavailable
                                    : ErrorCode::kInternal;
  error.external = fmt::format("The message was not taken (status {}).", http_status);
  const auto document = fhir::Document::Parse(outcome_json);
  if (!document.ok()) return error;
  for (const fhir::Value one : document->Root()["issue"]) {
    Issue issue;
    const std::string type = one["code"].ToString(), severity = one["severity"].ToString();
    const auto known = std::find(std::begin(kTypes), std::end(kTypes), type);
    if (known != std::end(kTypes)) issue.type = *known;
    if (severity == "warning") issue.severity = Severity::kWarning;
    if (severity == "information") issue.severity = Severity::kInformation;
    issue.path = one["expression"].At(0).ToString();
    issue.text = one["diagnostics"].ToString();
    if (issue.text.empty()) issue.text = one["details"]["text"].ToString();
    error.issues.push_back(std::move(issue));
  }
  return error;
}

std::string_view CodeOf(const Error& error) {
  const bool of_header = std::any_of(error.issues.begin(), error.issues.end(), [](const Issue& issue) {
    return issue.path.starts_with("MSH-9") || issue.path == "MSH-11" || issue.path == "MSH-12";
  });
  if (of_header) return "AR";
  switch (error.code) {
    case ErrorCode::kIncorrect:
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kGone:
    case ErrorCode::kConflict:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnsupported:
      return "AE";
    default:
      return "AR";
  }
}

}  // namespace tk::hl7v2
