// The audit read over HTTP: searched, exported, verified; and by a person: who looked at me. All of it on workers, and itself audited.
#include <fmt/format.h>

#include "kernel/base/text.h"
#include "kernel/http/audit_event.h"
#include "kernel/http/routes.h"
#include "kernel/interaction/bundle_writer.h"
#include "kernel/interaction/prefer.h"

namespace tk::http {
namespace {

using access::AuditQuestion;
using PortPtr = std::shared_ptr<const AuditPort>;

/// A question as it was asked: what is searched for, and what of it stands in the answer.
struct Asked {
  AuditQuestion question;
  std::string patient;  // "Patient/1"
  std::string self;     // the parameters, without the page's
};

constexpr std::string_view kParameters = "patient, record, account, action, type, outcome, date, _count";

Result<std::pair<std::string, std::string>> ReadReference(std::string_view name, std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
    return MakeError(ErrorCode::kIncorrect, fmt::format("{} must be a reference such as Patient/1", name));
  return std::pair(std::string(text.substr(0, slash)), std::string(text.substr(slash + 1)));
}

/// ge2026-11-01, lt2026-12-01, 2026-11-21: several narrow one another.
Status ReadDate(std::string_view text, int offset_min, AuditQuestion* question) {
  std::string_view prefix = text.substr(0, 2);
  const bool has_prefix =
      prefix == "ge" || prefix == "gt" || prefix == "le" || prefix == "lt" || prefix == "eq";
  if (!has_prefix) prefix = "eq";
  const auto range = ParseDateRange(has_prefix ? text.substr(2) : text, offset_min);
  if (!range.ok())
    return MakeError(
        ErrorCode::kIncorrect,
        "date must be a date or time such as 2026-11-21, with ge, gt, le or lt before it if need be");
  Instant low = INT64_MIN, high = INT64_MAX;
  if (prefix == "ge" || prefix == "eq") low = range->low_us;
  if (prefix == "gt") low = range->high_us;
  if (prefix == "le" || prefix == "eq") high = range->high_us;
  if (prefix == "lt") high = range->low_us;
  question->from_us = std::max(question->from_us, low);
  question->until_us = std::min(question->until_us, high);
  return {};
}

Status ReadPerson(const AuditPort& port, std::string_view value, Asked* out) {
  const auto [type, id] = TRY(ReadReference("patient", value));
  if (type != "Patient")
    return MakeError(ErrorCode::kIncorrect, "patient must be a reference such as Patient/1");
  out->question.owners = port.person_of(id);
  if (out->question.owners.empty())
    return MakeError(ErrorCode::kNotFound, "nothing was ever kept here under this patient's id");
  out->patient = std::string(value);
  return {};
}

Status ReadParameter(const AuditPort& port, const interaction::Parameter& parameter, Asked* out) {
  AuditQuestion& question = out->question;
  const std::string& value = parameter.value;
  if (parameter.name == "patient") return ReadPerson(port, value, out);
  if (parameter.name == "record") {
    const auto [type, id] = TRY(ReadReference("record", value));
    question.id = port.hash_of(type, id);
  } else if (parameter.name == "account") {
    question.account = value;
  } else if (parameter.name == "action") {
    question.action = value;
  } else if (parameter.name == "type") {
    question.type = value;
  } else if (parameter.name == "outcome") {
    if (value != "done" && value != "refused")
      return MakeError(ErrorCode::kIncorrect, "outcome is done or refused");
    question.outcome = value == "done" ? AuditQuestion::Outcome::kDone : AuditQuestion::Outcome::kRefused;
  } else if (parameter.name == "date") {
    return ReadDate(value, port.timezone_offset_min, &question);
  } else if (parameter.name == "_count") {
    question.count = std::min(TRY(interaction::ParseCount(parameter)), access::kAuditCountMax);
  } else if (parameter.name == "_page") {
    question.after = value;
  } else {
    return interaction::UnknownParameter(parameter.name, kParameters);
  }
  return {};
}

Result<Asked> ReadAsked(const AuditPort& port, const Request& request) {
  Asked asked;
  const std::vector<interaction::Parameter> parameters = TRY(interaction::ParseParameters(request.query()));
  for (const interaction::Parameter& parameter : parameters) {
    TRY(ReadParameter(port, parameter, &asked));
    if (parameter.name == "_page") continue;
    asked.self +=
        fmt::format("{}{}={}", asked.self.empty() ? "" : "&", parameter.name, PercentEncode(parameter.value));
  }
  return asked;
}

std::string BundleOf(const AuditPort& port, const std::string& base, std::string_view path,
                     const Asked& asked, const access::AuditAnswer& answer, const AuditShape& shape) {
  std::string body;
  interaction::BundleWriter bundle(&body, "searchset");
  const std::string page = asked.question.after.empty() ? "" : "_page=" + asked.question.after;
  const auto url = [&](const std::string& last) {
    const std::string both = asked.self + (asked.self.empty() || last.empty() ? "" : "&") + last;
    return fmt::format("{}{}{}{}", base, path, both.empty() ? "" : "?", both);
  };
  bundle.Link("self", url(page));
  if (!answer.next.empty()) bundle.Link("next", url("_page=" + answer.next));
  std::string event;
  for (const auto& found : answer.found) {
    event.clear();
    const AuditName name = port.name_of(std::string(found->line.account), std::string(found->line.post));
    AppendAuditEvent(*found, name, shape, &event);
    bundle.AddFound(base + "/audit", "AuditEvent", fmt::format("{}-{}", found->slot, found->line.record),
                    event, "match");
  }
  bundle.End();
  return body;
}

void Search(const PortPtr& port, Pipeline& way, const CallPtr& call, const Asked& asked,
            std::string_view path, bool to_resident) {
  AuditQuestion question = asked.question;
  question.deadline_us = way.DeadlineOf(*call);
  const auto answer = port->archive->Search(question);
  if (!answer.ok()) return way.AnswerError(call, answer.error());
  Response response = JsonResponse(
      200, BundleOf(*port, way.BaseUrl(call->request), path, asked, *answer, {asked.patient, to_resident}));
  response.content_type = "application/fhir+json; charset=utf-8";
  way.Answer(call, std::move(response));
}

void Events(const PortPtr& port, Pipeline& way, const CallPtr& call) {
  call->audit_action = "audit-search";
  const auto asked = ReadAsked(*port, call->request);
  if (!asked.ok()) return way.AnswerError(call, asked.error());
  if (!asked->patient.empty()) {
    call->audit_type = "Patient";
    call->audit_id = asked->patient.substr(asked->patient.find('/') + 1);
  }
  Search(port, way, call, *asked, "/audit/events", false);
}

void Mine(const PortPtr& port, Pipeline& way, const CallPtr& call) {
  call->audit_action = "audit-mine";
  // Not every viewer of one person is that person: a program may be narrowed to a patient for somebody of the staff.
  const bool himself =
      call->viewer->kind == access::AccountKind::kResident && call->viewer->granted == nullptr;
  const view::OwnerNumber self = himself ? call->viewer->scope.only_owner : 0;
  if (self == 0)
    return way.AnswerError(
        call, MakeError(ErrorCode::kForbidden,
                        "this is for residents, about themselves; who keeps the audit asks /audit/events"));
  auto asked = ReadAsked(*port, call->request);
  if (!asked.ok()) return way.AnswerError(call, asked.error());
  const std::vector<uint32_t>& asked_about = asked->question.owners;
  if (!asked_about.empty() && std::find(asked_about.begin(), asked_about.end(), self) == asked_about.end())
    return way.AnswerError(call, MakeError(ErrorCode::kForbidden, "ask about yourself"));
  // In all hospitals that know him, and of a record that became another person's while it was his.
  auto spans = port->own_of(*call->viewer);
  if (!spans.ok()) return way.AnswerError(call, spans.error());
  asked->question.owners.clear();
  for (const access::OwnedSpan& span : *spans) asked->question.owners.push_back(span.owner);
  asked->question.spans = std::move(spans).value();
  if (asked->question.owners.empty())
    return way.AnswerError(
        call,
        MakeError(
            ErrorCode::kForbidden,
            "the record to which this account is bound became another person's, or is erased, and what was "
            "looked at in it is not yours: ask the office that gave you the account to look"));
  Search(port, way, call, *asked, "/audit/mine", true);
}

std::string FilesJson(const std::vector<access::AuditFileState>& files) {
  std::string out = "{\"files\":[";
  for (const access::AuditFileState& file : files) {
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"name":"{}","slot":{},"number":{},"bytes":{},"closed":{}}})", file.name,
                       file.slot, file.number, file.bytes, file.closed);
  }
  return out + "]}";
}

void Files(const PortPtr& port, Pipeline& way, const CallPtr& call) {
  call->audit_action = "export";
  if (call->path.size() == 1) {
    const auto files = port->archive->Files();
    if (!files.ok()) return way.AnswerError(call, files.error());
    return way.Answer(call, JsonResponse(200, FilesJson(*files)));
  }
  auto bytes = port->archive->ReadWhole(call->path[1]);
  if (!bytes.ok()) return way.AnswerError(call, bytes.error());
  Response response;
  response.content_type = "application/x-ndjson";
  response.body = std::move(bytes).value();
  way.Answer(call, std::move(response));
}

void Verify(const PortPtr& port, Pipeline& way, const CallPtr& call) {
  call->audit_action = "audit-verify";
  const auto report = access::VerifyAudit(port->folder);
  if (!report.ok()) return way.AnswerError(call, report.error());
  std::string out = fmt::format(R"({{"sound":{},"files":{},"records":{})", report->damage.empty(),
                                report->files, report->records);
  const auto list = [&out](std::string_view key, const std::vector<std::string>& texts) {
    out += key;
    for (const std::string& text : texts) {
      if (out.back() != '[') out += ',';
      // Without the folder: where the files are is the machine's own affair.
      const size_t name = text.find("audit-");
      AppendJsonString(
          name == std::string::npos ? std::string_view(text) : std::string_view(text).substr(name), &out);
    }
    out += ']';
  };
  list(",\"damage\":[", report->damage);
  list(",\"notes\":[", report->notes);
  list(",\"heads\":[", report->heads);
  way.Answer(call, JsonResponse(200, out + "}"));
}

using Work = void (*)(const PortPtr&, Pipeline&, const CallPtr&);

void Serve(const PortPtr& port, Pipeline& way, const CallPtr& call) {
  const std::string what = call->path.empty() ? "" : call->path[0];
  const bool get = call->request.method == Method::kGet || call->request.method == Method::kHead;
  Work work = nullptr;
  if (what == "events" && call->path.size() == 1) work = Events;
  if (what == "mine" && call->path.size() == 1) work = Mine;
  if (what == "files" && call->path.size() <= 2) work = Files;
  if (what == "verify" && call->path.size() == 1) work = Verify;
  if (work == nullptr || !get)
    return way.AnswerError(call, MakeError(ErrorCode::kNotFound,
                                           "there are GET /audit/events, /audit/mine, /audit/files, "
                                           "/audit/files/NAME and /audit/verify"));
  if (work != Mine && !call->viewer->MayCall("audit"))
    return way.AnswerError(call,
                           MakeError(ErrorCode::kForbidden, "your post may not do this (operation 'audit')"));
  if (work != Mine && !call->viewer->scope.everything)
    return way.AnswerError(
        call, MakeError(ErrorCode::kForbidden,
                        "The audit is one chain of the whole city and is not read by area: an account of the "
                        "whole city asks, and hands on what concerns yours."));
  way.RunOnWorker(call, [port, work, &way, call] { work(port, way, call); });
}

}  // namespace

void AddAuditRoutes(Pipeline* pipeline, AuditPort port) {
  RouteOptions options;
  options.body_bytes_max = 1024;
  pipeline->AddRoute("/audit", options,
                     [port = std::make_shared<const AuditPort>(std::move(port))](
                         Pipeline& way, const CallPtr& call) { Serve(port, way, call); });
}

}  // namespace tk::http
