#include "kernel/workflow/mark.h"

#include <charconv>

namespace tk::workflow {
namespace {

fhir::Value FindMark(fhir::Value resource) {
  std::string scratch;
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].String(scratch) == kWorkflowExtension) return extension;
  }
  return {};
}

/// 0 for what is no time: it never falls due and is never taken back.
Instant InstantOf(fhir::Value value) {
  const auto range = ParseDateRange(value.ToString());
  return range.ok() ? range->low_us : 0;
}

int64_t NumberOf(fhir::Value value) {
  const std::string_view digits = value.Number();
  int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

void ReadPart(fhir::Value part, Mark* mark) {
  std::string scratch;
  const std::string_view url = part["url"].String(scratch);
  if (url == "workflow")
    mark->workflow = part["valueString"].ToString();
  else if (url == "state")
    mark->state = part["valueCode"].ToString();
  else if (url == "since")
    mark->since_us = InstantOf(part["valueInstant"]);
  else if (url == "due")
    mark->due_us.push_back(InstantOf(part["valueInstant"]));
  else if (url == "passed")
    mark->passed = static_cast<int>(NumberOf(part["valueInteger"]));
  else if (url == "late")
    mark->late_s = NumberOf(part["valueInteger"]);
  else if (url == "transition")
    mark->transition = part["valueCode"].ToString();
  else if (url == "from")
    mark->from = part["valueCode"].ToString();
  else if (url == "at")
    mark->at_us = InstantOf(part["valueInstant"]);
  else if (url == "by")
    mark->by = std::string(part["valueReference"].Json());
  else if (url == "post")
    mark->post = part["valueCode"].ToString();
  else if (url == "reason")
    mark->reason = part["valueString"].ToString();
  else if (url == "undo")
    mark->undo_us = InstantOf(part["valueInstant"]);
}

/// Writes the parts of one mark, those that say something.
class Parts {
 public:
  explicit Parts(fhir::JsonWriter* json) : json_(json) {}
  void Text(std::string_view url, std::string_view member, std::string_view text) {
    if (!text.empty()) json_->Object().Member("url", url).Member(member, text).End();
  }
  void Time(std::string_view url, Instant at_us) {
    if (at_us != 0) Text(url, "valueInstant", FormatInstant(at_us));
  }
  void Number(std::string_view url, int64_t number) {
    if (number != 0) json_->Object().Member("url", url).Key("valueInteger").Int(number).End();
  }

 private:
  fhir::JsonWriter* json_;
};

}  // namespace

std::optional<Mark> ReadMark(fhir::Value resource) {
  const fhir::Value extension = FindMark(resource);
  if (!extension) return std::nullopt;
  Mark mark;
  for (const fhir::Value part : extension["extension"]) ReadPart(part, &mark);
  return mark;
}

std::optional<Instant> NextDue(fhir::Value resource) {
  const fhir::Value extension = FindMark(resource);
  if (!extension) return std::nullopt;
  // The others are not looked at: this is asked of every version that is written.
  Mark mark;
  std::string scratch;
  for (const fhir::Value part : extension["extension"]) {
    const std::string_view url = part["url"].String(scratch);
    if (url == "due" || url == "passed") ReadPart(part, &mark);
  }
  return mark.next_due();
}

std::string_view MarkJson(fhir::Value resource) { return FindMark(resource).Json(); }

std::string PrintMark(const Mark& mark) {
  std::string out;
  fhir::JsonWriter json(&out);
  Parts parts(&json);
  json.Object().Member("url", kWorkflowExtension).Key("extension").Array();
  parts.Text("workflow", "valueString", mark.workflow);
  parts.Text("state", "valueCode", mark.state);
  parts.Time("since", mark.since_us);
  for (const Instant due_us : mark.due_us) parts.Time("due", due_us);
  parts.Number("passed", mark.passed);
  parts.Number("late", mark.late_s);
  parts.Text("transition", "valueCode", mark.transition);
  parts.Text("from", "valueCode", mark.from);
  parts.Time("at", mark.at_us);
  if (!mark.by.empty()) json.Object().Member("url", "by").Key("valueReference").Raw(mark.by).End();
  parts.Text("post", "valueCode", mark.post);
  parts.Text("reason", "valueString", mark.reason);
  parts.Time("undo", mark.undo_us);
  json.End().End();
  return out;
}

Result<fhir::Document> WithMark(const fhir::Document& resource, std::string_view mark) {
  const fhir::Value root = resource.Root();
  std::string list;
  fhir::JsonWriter json(&list);
  json.Array();
  size_t count = 0;
  std::string scratch;
  for (const fhir::Value extension : root["extension"]) {
    if (extension["url"].String(scratch) == kWorkflowExtension) continue;
    json.Raw(extension.Json());
    ++count;
  }
  if (!mark.empty()) json.Raw(mark);
  json.End();
  return WithMember(resource, "extension", count == 0 && mark.empty() ? std::string_view() : list);
}

Result<fhir::Document> WithMember(const fhir::Document& resource, std::string_view name,
                                  std::string_view json) {
  std::string out;
  fhir::JsonWriter writer(&out);
  writer.Object();
  bool put = false;
  for (const fhir::Value member : resource.Root()) {
    if (member.name_text() != name) {
      writer.Key(member.name_text()).Raw(member.Json());
    } else if (!json.empty()) {
      writer.Key(name).Raw(json);
      put = true;
    }
  }
  if (!put && !json.empty()) writer.Key(name).Raw(json);
  writer.End();
  return fhir::Document::Parse(out);
}

}  // namespace tk::workflow
