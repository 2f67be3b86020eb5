// A workflow that tests of this room and of those above play: a ticket that is accepted, done or handed back, and escalates when nobody accepts it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/workflow/move.h"
#include "kernel/workflow/notice.h"

namespace tk::workflow {

inline constexpr std::string_view kTicketFile = R"j({
  "id": "test.ticket", "version": 1, "title": {"zh-CN": "工单", "en": "Ticket"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
  "for": {"type": "Task", "where": "code.coding.where(system = 'http://test/code' and code = 'ticket').exists()"},
  "state": {"element": "status"},
  "states": [
    {"code": "requested", "title": {"zh-CN": "待接", "en": "Waiting"}, "initial": true,
     "limits": [
       {"after": {"value": 30, "unit": "minutes"}, "title": {"zh-CN": "无人接单", "en": "Nobody accepts"},
        "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "='late by ' + %late.toString()"}, "subject": "=for"}}]},
       {"after": {"value": 2, "unit": "hours"}, "title": {"zh-CN": "升级", "en": "Escalate"}, "move": "escalate"}]},
    {"code": "accepted", "title": {"zh-CN": "已接", "en": "Accepted"}},
    {"code": "on-hold", "title": {"zh-CN": "督办", "en": "Escalated"}, "set": {"priority": "stat"}},
    {"code": "completed", "title": {"zh-CN": "办结", "en": "Done"}, "final": true}],
  "transitions": [
    {"code": "accept", "title": {"zh-CN": "接单", "en": "Accept"}, "from": ["requested", "on-hold"], "to": "accepted",
     "posts": ["doctor"], "undo": {"value": 10, "unit": "minutes"}, "do": [{"update": {"set": {"owner": "=%user"}}}]},
    {"code": "hand-over", "title": {"zh-CN": "转交", "en": "Hand over"}, "from": ["accepted"], "posts": ["doctor"],
     "inputs": [{"name": "to", "title": {"zh-CN": "转给", "en": "To"}, "type": "Reference", "required": true}],
     "reason": "required", "do": [{"update": {"set": {"owner": "=%to"}}}]},
    {"code": "finish", "title": {"zh-CN": "办结", "en": "Finish"}, "from": ["accepted"], "to": "completed", "posts": ["doctor", "admin"],
     "guard": [{"where": "owner.exists() or %post = 'admin'", "message": {"zh-CN": "还没有经办人", "en": "Nobody is in charge yet"}}],
     "inputs": [{"name": "result", "title": {"zh-CN": "结果", "en": "Result"}, "type": "code", "codes": ["found", "moved"], "required": true}],
     "do": [{"create": {"resourceType": "Communication", "status": "completed", "subject": "=for", "payload": [{"contentString": "='result ' + %result"}]}}]},
    {"code": "escalate", "title": {"zh-CN": "升级", "en": "Escalate"}, "from": ["requested"], "to": "on-hold", "posts": ["platform"]}]
})j";

inline const std::vector<std::string>& TestPosts() {
  static const std::vector<std::string> posts = {"admin", "doctor", "screener"};
  return posts;
}

inline Result<Workflow> ParseForTest(std::string text, std::string file = "apps/test/workflows/ticket.json") {
  static const auto r4 = fhir::Definitions::R4();
  ParseContext context;
  context.definitions = r4.get();
  context.vocabulary = &FullVocabulary();
  context.app = "test";
  context.posts = TestPosts();
  return ParseWorkflow(context, std::move(file), std::move(text));
}

inline Result<std::shared_ptr<Shelf>> ShelfForTest() {
  std::vector<Workflow> all;
  all.push_back(TRY(ParseForTest(std::string(kTicketFile))));
  return std::make_shared<Shelf>(TRY(Book::Make(std::move(all))), TRY(Calendar::Load({}, 480)));
}

/// A ticket about Patient/p; `more`: further members, each with a comma before it.
inline std::string TicketJson(std::string_view id, std::string_view status = "requested",
                              std::string_view more = {}) {
  std::string json = R"({"resourceType":"Task")";
  if (!id.empty()) json += R"(,"id":")" + std::string(id) + "\"";
  return json + R"(,"status":")" + std::string(status) +
         R"(","intent":"order","code":{"coding":[{"system":"http://test/code","code":"ticket"}]},"for":{"reference":"Patient/p"})" +
         std::string(more) + "}";
}

}  // namespace tk::workflow
