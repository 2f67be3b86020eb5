// Workflow files: what is wrong is told, all at once and by line; and who may move a record when.
#include "kernel/workflow/workflow.h"

#include <gtest/gtest.h>

#include "kernel/workflow/workflow_for_test.h"

namespace tk::workflow {
namespace {

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// What is told of the ticket's file with this in place of that.
std::string Told(std::string_view from, std::string_view to) {
  const auto parsed = ParseForTest(Replaced(std::string(kTicketFile), from, to));
  return parsed.ok() ? std::string("nothing") : parsed.error().external;
}

TEST(Workflow, TheTicketIsRead) {
  const auto ticket = ParseForTest(std::string(kTicketFile));
  ASSERT_TRUE(ticket.ok()) << ticket.error().external;
  EXPECT_EQ(ticket->head.name(), "test.ticket|1");
  EXPECT_EQ(ticket->states.size(), 4u);
  EXPECT_EQ(ticket->transitions.size(), 4u);
  EXPECT_EQ(ticket->kept, (std::vector<std::string>{"priority", "status"}));
  EXPECT_TRUE(ticket->transitions[3].IsFor(kPlatformPost));
}

TEST(Workflow, WhatIsWrongIsToldWithItsPlace) {
  const auto has = [](const std::string& told, const char* said) {
    EXPECT_NE(told.find(said), std::string::npos) << said << "\n" << told;
  };
  has(Told(R"("to": "completed")", R"("to": "accepted")"), "states[3]: cannot be reached");
  has(Told(R"(, "final": true)", ""), "states[3]: has no way out");
  has(Told(R"("posts": ["platform"])", R"("posts": ["plumber"])"), "transitions[3].posts[0]: is no post");
  has(Told(R"("posts": ["platform"])", R"("posts": ["admin"])"), "states[0].limits[1].move");
  has(Told("owner.exists() or", "owner.exsts() or"), "transitions[2].guard[0].where");
  has(Told(R"("to": "on-hold")", R"("to": "lost")"), "transitions[3].to: names no state");
  has(Told(R"({"element": "status"})", R"({"element": "businessStatus"})"), "state.system");
  has(Told(R"({"element": "status"})", R"({"element": "statuss"})"), "state.element");
  has(Told(R"(, "initial": true)", ""), "states: has none with");
  has(Told(R"("name": "result")", R"("name": "user")"), "transitions[2].inputs[0].name");
  has(Told(R"("unit": "hours")", R"("unit": "fortnights")"), "states[0].limits[1].after.unit");
  // By line and column, and all that is wrong at once.
  const std::string two =
      Replaced(Replaced(std::string(kTicketFile), R"("to": "on-hold")", R"("to": "lost")"),
               R"("posts": ["platform"])", R"("posts": ["plumber"])");
  const auto both = ParseForTest(two);
  ASSERT_FALSE(both.ok());
  has(both.error().external, "apps/test/workflows/ticket.json:25:");
  has(both.error().external, "is no post");
  has(both.error().external, "names no state");
}

TEST(Workflow, AReferenceSaysWhatItLeadsTo) {
  constexpr std::string_view kInput = R"("type": "Reference", "required": true)";
  const auto told = [&](const std::string& more) { return Told(kInput, std::string(kInput) + ", " + more); };
  const auto has = [&](const std::string& more, const char* said) {
    const std::string text = told(more);
    EXPECT_NE(text.find(said), std::string::npos) << said << "\n" << text;
  };
  const std::string message = R"("message": {"zh-CN": "不行", "en": "No"})";
  EXPECT_EQ(told(R"("to": ["Observation", "Condition"], "exists": true, "same_person": true,
      "where": "status = 'final'", "unless": {"type": "Flag", "find": {"patient": "=for", "where": "='_id=' + %to.reference"}}, )" +
                 message),
            "nothing");
  has(R"("to": ["Observatio"])", "transitions[1].inputs[0].to[0]: names no resource type");
  has(R"("same_person": true)", "transitions[1].inputs[0].same_person: needs");
  has(R"("same_person": true, "to": ["Practitioner"])", "to[0]: cannot be asked whose it is");
  has(R"("where": "status = 'final'")", "transitions[1].inputs[0].message: needs zh-CN and en");
  has(R"("where": "status = ", )" + message, "transitions[1].inputs[0].where");
  has(R"("unless": {"type": "Flag", "find": {"colour": "red"}}, )" + message, "inputs[0].unless");
  has(R"("unless": {"type": "Flag", "target": "=focus"}, )" + message, "unless: is a type and a find");
  has(R"("exist": true)", "inputs[0].exist: is not known here");
  EXPECT_NE(Told(R"("codes": ["found", "moved"])", R"("exists": true)")
                .find("is for an input of the type Reference"),
            std::string::npos);
}

TEST(Workflow, AnotherVersionIsAFileOfItsOwn) {
  const auto parse = [](std::string_view version) {
    return ParseForTest(Replaced(std::string(kTicketFile), R"("version": 1)", version)).value();
  };
  std::vector<Workflow> twice;
  twice.push_back(parse(R"("version": 1)"));
  twice.push_back(parse(R"("version": 1)"));
  EXPECT_FALSE(Book::Make(std::move(twice)).ok());
  std::vector<Workflow> both;
  both.push_back(parse(R"("version": 1)"));
  both.push_back(parse(R"("version": 2)"));
  const BookPtr book = Book::Make(std::move(both)).value();
  const auto r4 = fhir::Definitions::R4();
  const auto governing = [&](std::string_view mark) {
    const std::string extension = mark.empty()
                                      ? std::string()
                                      : R"(,"extension":[{"url":")" + std::string(kWorkflowExtension) +
                                            R"(","extension":[{"url":"workflow","valueString":")" +
                                            std::string(mark) + R"("}]}])";
    const auto record = fhir::Document::Parse(TicketJson("t", "requested", extension)).value();
    const Workflow* const found = book->Find(*r4, r4->FindType("Task"), record.Root(), 0).value();
    return found == nullptr ? std::string("none") : found->head.name();
  };
  EXPECT_EQ(governing(""), "test.ticket|2");
  EXPECT_EQ(governing("test.ticket|1"), "test.ticket|1");
  EXPECT_EQ(governing("test.ticket|7"), "test.ticket|2");
  EXPECT_EQ(governing("other|1"), "none");
  const auto other =
      fhir::Document::Parse(R"({"resourceType":"Task","status":"requested","intent":"order"})").value();
  EXPECT_EQ(book->Find(*r4, r4->FindType("Task"), other.Root(), 0).value(), nullptr);
}

TEST(Workflow, AMarkIsReadAsItWasWritten) {
  Mark mark;
  mark.workflow = "test.ticket|1";
  mark.state = "accepted";
  mark.since_us = 1'795'000'000 * kSecondUs;
  mark.due_us = {mark.since_us + 1, mark.since_us + 2};
  mark.passed = 1;
  mark.late_s = 40;
  mark.transition = "accept";
  mark.from = "requested";
  mark.at_us = mark.since_us;
  mark.by = R"({"reference":"Practitioner/x"})";
  mark.post = "doctor";
  mark.reason = R"(a "reason")";
  mark.undo_us = mark.since_us + 3;
  const auto record = fhir::Document::Parse(TicketJson("t")).value();
  const auto marked = WithMark(record, PrintMark(mark)).value();
  const auto read = ReadMark(marked.Root());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(PrintMark(*read), PrintMark(mark));
  EXPECT_EQ(NextDue(marked.Root()), std::optional<Instant>(mark.since_us + 2));
  EXPECT_EQ(WithMark(marked, {}).value().Text(), record.Text());
}

}  // namespace
}  // namespace tk::workflow
