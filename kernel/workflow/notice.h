// Notices to people: the action "notify" of rules, transitions and time limits, and to whom one is addressed.
// Flow:   {"notify": …} → a Communication in the same change set → its reader's inbox ($inbox) and live stream at once; urgent ones also by SMS (outbox.h)
//         → $read: who read it, when
// Form:   {"notify": {"to": {"post": "doctor"} | {"account": "=owner.identifier.value"} | {"reference": "=owner"} | {"duty": "doctor", "area": "=…"} | [several],
//                     "title": {"zh-CN": "…", "en": "…"}, "text": {"zh-CN": "='工单 ' + id + ' 超时'", "en": …},    texts, or expressions by '='
//                     "urgency": "routine" | "urgent" | "stat",      routine: else; urgent: by SMS too, but not in quiet hours; stat: by SMS at once
//                     "sms": "text or expression",                    what an SMS says: nothing else leaves the house; without it none is sent
//                     "code": "overdue"}}                             the pack's own kind of notice, for workflows of notices that stay unread
// A notice to a post reaches those of the post who see the person whom it is about; to an account or a Practitioner, those whatever they see.
// To "duty": whoever is on duty for the post then (duty.h), in the "area" (a division's code or an expression; without it, that of the person whom it is
// about); those of the post where nobody is.
// Its payloads are the text in Chinese, in English, and the SMS; category.text and topic.text the title in both.
// It is a Communication with category notice, status in-progress until it is read, then completed. Escalation when nobody reads it: a workflow for
// Communication whose state in-progress has a limit.
// Source: FHIR R4 communication.html.
#pragma once

#include "kernel/rules/action.h"

namespace tk::workflow {

inline constexpr std::string_view kNoticeSystem = "http://tongkang.dev/fhir/CodeSystem/notice";
inline constexpr std::string_view kNoticeCode = "notice";
inline constexpr std::string_view kPostSystem = "http://tongkang.dev/fhir/sid/post";
inline constexpr std::string_view kAccountIdSystem = "http://tongkang.dev/fhir/sid/account";
/// Of a payload: it is what an SMS says.
inline constexpr std::string_view kSmsExtension = "http://tongkang.dev/fhir/StructureDefinition/notice-sms";
/// Of a notice: by whom it was read, when, and what his own system calls it (account, at, receipt).
inline constexpr std::string_view kReadExtension = "http://tongkang.dev/fhir/StructureDefinition/notice-read";

/// Errors: kInvalid with the element path within the action.
Result<std::unique_ptr<const rules::Action>> ParseNotify(const rules::ActionScope& scope, fhir::Value json);

/// The vocabulary of this room: the rules' own, and notify.
const rules::Vocabulary& FullVocabulary();

bool IsNotice(fhir::Value communication);
enum class Addressed : uint8_t { kNo, kPost, kHim };
/// To this account, or the Practitioner that it is, or to its post.
Addressed IsAddressed(fhir::Value communication, std::string_view account, std::string_view record,
                      std::string_view post);
/// What its SMS says; "" = none is sent.
std::string SmsOf(fhir::Value communication);

}  // namespace tk::workflow
