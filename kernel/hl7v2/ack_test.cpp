// What an acknowledgement says, byte for byte, to senders of different versions.
#include "kernel/hl7v2/ack.h"

#include <gtest/gtest.h>

namespace tk::hl7v2 {
namespace {

constexpr Instant kNine = 1'795'395'600 * kSecondUs;  // 2026-11-23T01:00:00Z

AckOptions Nine() { return {"c0ffee", kNine, 480}; }

Message Sent(std::string_view version, std::string_view more = {}) {
  auto message = Message::Parse("MSH|^~\\&|HIS|EAST|TK|CITY|20261123||ADT^A04^ADT_A01|17|P|" +
                                std::string(version) + std::string(more) + "\rPID|1");
  EXPECT_TRUE(message.ok());
  return std::move(message).value();
}

Note Alert() {
  Note note;
  note.severity = 'W';
  note.condition = "0";
  note.code = "critical";
  note.code_text = "Flag/alert-1";
  note.code_system = "tongkang-alert";
  note.user_text = "在筛|人员";
  note.diagnostic = "做好防护";
  note.not_for_patient = true;
  return note;
}

TEST(Hl7Ack, AnAlertStandsInItsErr) {
  EXPECT_EQ(Acknowledge(Sent("2.5.1"), "AA", {Alert()}, Nine()),
            "MSH|^~\\&|TK|CITY|HIS|EAST|20261123090000+0800||ACK^A04^ACK|c0ffee|P|2.5.1||||||UNICODE UTF-8\r"
            "MSA|AA|17\r"
            "ERR|||0^Message "
            "accepted^HL70357|W|critical^Flag/alert-1^tongkang-alert||做好防护|在筛\\F\\人员|NPAT\r");
  EXPECT_EQ(Acknowledge(Sent("2.5.1"), "AA", {}, Nine()).find("ERR"), std::string::npos);
}

TEST(Hl7Ack, WhoKnowsNoErr8ReadsMsa3) {
  const std::string old = Acknowledge(Sent("2.3.1"), "AA", {Alert()}, Nine());
  EXPECT_NE(old.find("\rMSA|AA|17|在筛\\F\\人员: 做好防护\r"), std::string::npos) << old;
  EXPECT_NE(old.find("\rERR|^^^0&Message accepted&HL70357|"), std::string::npos) << old;
}

TEST(Hl7Ack, AMistakeIsToldAtItsPlace) {
  const Error missing = MakeIssue(ErrorCode::kInvalid, "required", "PID-3.1", "Send a number.");
  EXPECT_EQ(CodeOf(missing), "AE");
  const std::string ack = Acknowledge(Sent("2.5.1"), CodeOf(missing), NotesOf(missing), Nine());
  EXPECT_NE(ack.find("\rMSA|AE|17\rERR||PID^1^3^1^1|101^Required field missing^HL70357|E|||Send a number.\r"),
            std::string::npos)
      << ack;
  const std::string old = Acknowledge(Sent("2.4"), CodeOf(missing), NotesOf(missing), Nine());
  EXPECT_NE(old.find("\rERR|PID^1^3^101&Required field missing&HL70357|"), std::string::npos) << old;
}

TEST(Hl7Ack, WhatIsNotTheMessagesFaultIsRejectedToBeSentAgain) {
  EXPECT_EQ(CodeOf(MakeError(ErrorCode::kBusy, "later")), "AR");
  EXPECT_EQ(CodeOf(MakeError(ErrorCode::kForbidden, "no")), "AR");
  EXPECT_EQ(CodeOf(MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-9.2", "no")), "AR");
  EXPECT_EQ(NotesOf(MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-9.2", "no"))[0].condition,
            "201");
  EXPECT_EQ(CodeOf(ErrorOfOutcome(503, "")), "AR");
  const Error invalid = ErrorOfOutcome(
      422,
      R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","diagnostics":"no day","expression":["Patient.birthDate"]}]})");
  EXPECT_EQ(CodeOf(invalid), "AE");
  EXPECT_EQ(NotesOf(invalid)[0].diagnostic, "Patient.birthDate: no day");
  EXPECT_EQ(NotesOf(invalid)[0].condition, "102");
}

TEST(Hl7Ack, TheAcceptAcknowledgementIsGivenToWhoWantsItAlone) {
  EXPECT_NE(Acknowledge(Sent("2.5.1", "|||AL|NE"), "AA", {}, Nine()).find("\rMSA|CA|17"), std::string::npos);
  EXPECT_NE(Acknowledge(Sent("2.5.1", "|||AL|AL"), "AA", {}, Nine()).find("\rMSA|AA|17"), std::string::npos);
  EXPECT_NE(Acknowledge(Sent("2.5.1", "|||NE|NE"), "AA", {}, Nine()).find("\rMSA|AA|17"), std::string::npos);
}

TEST(Hl7Ack, ItIsInTheSendersCharset) {
  auto message = Message::Parse("MSH|^~\\&|\xCD\xF5|EAST|TK|CITY|||ADT^A04|17|P|2.5||||||GBK\rPID|1");
  ASSERT_TRUE(message.ok());
  const std::string ack = Acknowledge(*message, "AA", {Alert()}, Nine());
  EXPECT_NE(ack.find("|\xCD\xF5|EAST|"), std::string::npos);
  EXPECT_NE(ack.find("|GBK\r"), std::string::npos);
  EXPECT_NE(ack.find("\xD7\xF6\xBA\xC3\xB7\xC0\xBB\xA4"), std::string::npos);  // 做好防护
}

TEST(Hl7Ack, BytesThatAreNoMessageAreAnsweredToo) {
  const Error error = MakeIssue(ErrorCode::kIncorrect, "structure", "", "Segment 2: no.");
  const std::string named =
      AcknowledgeBytes("MSH|^~\\&|HIS|EAST|TK|CITY|||ADT^A04|17|P|2.5\rbroken", error, Nine());
  EXPECT_NE(named.find("|TK|CITY|HIS|EAST|"), std::string::npos);
  EXPECT_NE(named.find("\rMSA|AE|17\rERR|||100^Segment sequence error^HL70357|E|||Segment 2: no.\r"),
            std::string::npos)
      << named;
  EXPECT_NE(AcknowledgeBytes("MSH|^~\\&|HIS|EAST|TK|CITY|||ADT^A04|18|P|2.5.1||||||BIG-5\r", error, Nine())
                .find("\rMSA|AE|18\r"),
            std::string::npos);
  EXPECT_NE(AcknowledgeBytes("\xFF\xFE nothing", error, Nine()).find("\rMSA|AE|\r"), std::string::npos);
}

}  // namespace
}  // namespace tk::hl7v2
