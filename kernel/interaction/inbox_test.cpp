// Notices: who finds them in his inbox, who reads them, what becomes of urgent ones; and who is on duty.
#include <fmt/format.h>

#include <mutex>
#include <thread>

#include "kernel/base/file.h"
#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/workflow/notice.h"
#include "kernel/workflow/outbox.h"
#include "kernel/workflow/workflow_for_test.h"

namespace tk::interaction {
namespace {

constexpr int64_t kHourUs = 3600 * kSecondUs;

/// A ticket whose limit tells people, and a workflow for notices that nobody reads.
constexpr std::string_view kTellingFile = R"j({
  "id": "test.telling", "version": 1, "title": {"zh-CN": "告知", "en": "Telling"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
  "for": {"type": "Task", "where": "code.coding.where(system = 'http://test/code' and code = 'ticket').exists()"},
  "state": {"element": "status"},
  "states": [
    {"code": "requested", "title": {"zh-CN": "待接", "en": "Waiting"}, "initial": true},
    {"code": "completed", "title": {"zh-CN": "办结", "en": "Done"}, "final": true}],
  "transitions": [
    {"code": "tell", "title": {"zh-CN": "告知", "en": "Tell"}, "from": ["requested"], "posts": ["admin"],
     "inputs": [{"name": "urgency", "title": {"zh-CN": "缓急", "en": "Urgency"}, "type": "code"}],
     "do": [
      {"when": "true", "notify": {"to": [{"post": "doctor"}, {"account": "=owner.identifier.value"}], "title": {"zh-CN": "超时", "en": "Overdue"},
        "text": {"zh-CN": "='工单 ' + id", "en": "='Ticket ' + id"}, "urgency": "urgent", "sms": "【通康】有一张超时工单", "code": "overdue"}}]},
    {"code": "call", "title": {"zh-CN": "值班", "en": "Call"}, "from": ["requested"], "posts": ["admin"],
     "do": [{"notify": {"to": {"duty": "doctor"}, "title": {"zh-CN": "值班", "en": "Duty"}, "text": {"zh-CN": "='值班 ' + id", "en": "='Duty ' + id"}}}]},
    {"code": "call-there", "title": {"zh-CN": "值班", "en": "Call"}, "from": ["requested"], "posts": ["admin"],
     "do": [{"notify": {"to": [{"duty": "doctor", "area": "='38010' + '4'"}, {"post": "screener"}], "title": {"zh-CN": "值班", "en": "Duty"}, "text": {"zh-CN": "值班", "en": "Duty"}}}]},
    {"code": "finish", "title": {"zh-CN": "办结", "en": "Finish"}, "from": ["requested"], "to": "completed", "posts": ["admin"]}]
})j";

class RecordingSms final : public access::SmsSender {
 public:
  void Send(std::string mobile, std::string text) override {
    const std::lock_guard hold(mutex_);
    sent_.push_back(mobile + ": " + text);
  }
  std::vector<std::string> sent() const {
    const std::lock_guard hold(mutex_);
    return sent_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> sent_;
};

std::shared_ptr<access::Viewer> NoticeViewer(std::string account, std::string post,
                                             std::vector<std::string> reads = {}) {
  auto held = std::make_shared<access::Post>();
  held->name = std::move(post);
  held->reads = std::move(reads);
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = std::move(account);
  viewer->post = std::move(held);
  return viewer;
}

class InboxTest : public InteractionTest {
 protected:
  InboxTest() {
    std::vector<workflow::Workflow> all;
    auto telling = workflow::ParseForTest(std::string(kTellingFile));
    CHECK(telling.ok());
    all.push_back(std::move(telling).value());
    shelf_ = std::make_shared<workflow::Shelf>(workflow::Book::Make(std::move(all)).value(),
                                               workflow::Calendar::Load({}, 480).value());
  }
  void SetUp() override {
    InteractionTest::SetUp();
    ASSERT_EQ(Put("Patient/p", PatientJson("p", "Test", "380102")).status, 201);
  }
  void TearDown() override {
    outbox_.reset();
    InteractionTest::TearDown();
  }
  Response As(const std::shared_ptr<const access::Viewer>& viewer, Method method,
              std::string_view target) const {
    Request request = Make(method, target);
    request.viewer = viewer;
    return Send(std::move(request));
  }
  std::string Inbox(const std::shared_ptr<const access::Viewer>& viewer, std::string_view more = {}) const {
    return At(Parsed(As(viewer, Method::kGet, fmt::format("$inbox{}", more))), "total");
  }
  /// A ticket that li owns tells the doctors and li; the notice's id.
  std::string Tell(const std::string& id, std::string_view transition = "tell") {
    EXPECT_EQ(
        Put("Task/" + id,
            workflow::TicketJson(
                id, "requested",
                R"(,"owner":{"identifier":{"system":"http://tongkang.dev/fhir/sid/account","value":"li"}})"))
            .status,
        201);
    const Response told = Post(
        fmt::format("Task/{}/$transition", id),
        fmt::format(R"({{"resourceType":"Parameters","parameter":[{{"name":"code","valueCode":"{}"}}]}})",
                    transition));
    EXPECT_EQ(told.status, 200) << told.body;
    const fhir::Document found = Parsed(Get("Communication?_sort=-_lastUpdated"));
    return At(found, "entry.0.resource.id");
  }
  /// A roster of doctors: who is on it, where.
  void PutRoster(std::string_view id, std::string_view who, std::string_view area) {
    ASSERT_EQ(
        Put(fmt::format("Schedule/{}", id),
            fmt::format(
                R"({{"resourceType":"Schedule","id":"{}","active":true,"serviceType":[{{"coding":[{{"system":"http://tongkang.dev/fhir/sid/post","code":"doctor"}}]}}],"actor":[{{"reference":"{}"}},{{"reference":"Location/area-{}"}}]}})",
                id, who, area))
            .status,
        201);
  }
  void PutShift(std::string_view id, std::string_view roster, std::string_view start, std::string_view end) {
    ASSERT_EQ(
        Put(fmt::format("Slot/{}", id),
            fmt::format(
                R"({{"resourceType":"Slot","id":"{}","schedule":{{"reference":"Schedule/{}"}},"status":"busy","start":"{}","end":"{}"}})",
                id, roster, start, end))
            .status,
        201);
  }
  void StartOutbox() {
    workflow::Outbox::Options options;
    options.engine = engine_.get();
    options.clock = &clock_;
    options.sms = &sms_;
    options.numbers_of = [](const view::Resource&, view::Ordinal) {
      return std::vector<std::string>{"19900009001"};
    };
    options.folder = folder_ / "consumers";
    options.look_ms = 5;
    options.report = [](const std::string& line) { ADD_FAILURE() << line; };
    auto outbox = workflow::Outbox::Start(std::move(options));
    ASSERT_TRUE(outbox.ok()) << outbox.error().ToString();
    outbox_ = std::move(outbox).value();
  }
  bool Waits(size_t texts) const {
    for (int i = 0; i < 2000 && sms_.sent().size() < texts; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return sms_.sent().size() == texts;
  }

  RecordingSms sms_;
  std::unique_ptr<workflow::Outbox> outbox_;
  std::shared_ptr<const access::Viewer> li_ = NoticeViewer("li", "screener");
  std::shared_ptr<const access::Viewer> doctor_ = NoticeViewer("wang", "doctor");
  std::shared_ptr<const access::Viewer> stranger_ = NoticeViewer("zhao", "screener");
};

TEST_F(InboxTest, EverybodyFindsHisOwnAndReadsIt) {
  const std::string id = Tell("t");
  EXPECT_EQ(Inbox(li_), "1");
  EXPECT_EQ(Inbox(doctor_), "1");
  EXPECT_EQ(Inbox(stranger_), "0");
  auto elsewhere = AreaViewer("380104");
  auto doctor_there = std::make_shared<access::Viewer>(*elsewhere);
  doctor_there->post = doctor_->post;
  EXPECT_EQ(Inbox(doctor_there), "0");  // a doctor, who does not see this person
  EXPECT_EQ(As(stranger_, Method::kPost, fmt::format("Communication/{}/$read", id)).status, 404);
  EXPECT_EQ(As(doctor_there, Method::kPost, fmt::format("Communication/{}/$read", id)).status, 404);
  EXPECT_EQ(As(li_, Method::kGet, fmt::format("Communication/{}", id)).status,
            403);  // by his post he reads none
  const Response read = As(doctor_, Method::kPost, fmt::format("Communication/{}/$read", id));
  ASSERT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(At(Parsed(read), "status"), "completed");
  EXPECT_NE(read.body.find("wang"), std::string::npos);
  EXPECT_EQ(As(doctor_, Method::kPost, fmt::format("Communication/{}/$read", id)).etag, read.etag);
  EXPECT_EQ(Inbox(doctor_), "0");
  EXPECT_EQ(Inbox(doctor_, "?unread=false"), "1");
  EXPECT_EQ(As(doctor_, Method::kGet, "$inbox?unread=maybe").status, 400);
  const fhir::Document notice = Parsed(Get(fmt::format("Communication/{}", id)));
  EXPECT_EQ(At(notice, "payload.0.contentString"), "工单 t");
  EXPECT_EQ(At(notice, "payload.1.contentString"), "Ticket t");
  EXPECT_EQ(At(notice, "subject.reference"), "Patient/p");
}

TEST_F(InboxTest, AnUrgentOneGoesOutOnceAndNothingButItsText) {
  StartOutbox();  // 2023-11-14T22:13:20Z is 06:13 of the day here: quiet
  Tell("t");
  clock_.Advance(60 * kSecondUs);  // the log's time runs ahead of a clock that stands still
  EXPECT_TRUE(Waits(0));
  clock_.Advance(kHourUs);
  ASSERT_TRUE(Waits(1));
  EXPECT_EQ(sms_.sent().front(), "19900009001: 【通康】有一张超时工单");
  // Neither after a restart whose position was lost and lies before it, nor from views that are built anew.
  outbox_.reset();
  Close();
  std::filesystem::remove_all(folder_ / "views");
  std::filesystem::create_directories(folder_ / "views/search");
  ASSERT_TRUE(WriteFileDurable(folder_ / "consumers/outbox.position", "1 0").ok());
  Open();
  StartOutbox();
  EXPECT_TRUE(Waits(1));
  // What was read meanwhile is not sent.
  clock_.Advance(20 * kHourUs);
  const std::string id = Tell("u");
  clock_.Advance(60 * kSecondUs);
  EXPECT_TRUE(Waits(1));
  ASSERT_EQ(As(doctor_, Method::kPost, fmt::format("Communication/{}/$read", id)).status, 200);
  clock_.Advance(20 * kHourUs);
  EXPECT_TRUE(Waits(1));
}

TEST(QuietHours, TheyEndInTheMorning) {
  const workflow::QuietHours night{22 * 60, 7 * 60, 480};
  const auto at = [](std::string_view text) { return ParseDateRange(text).value().low_us; };
  EXPECT_EQ(night.NextAllowed(at("2026-11-23T12:00:00+08:00")), at("2026-11-23T12:00:00+08:00"));
  EXPECT_EQ(night.NextAllowed(at("2026-11-23T22:00:00+08:00")), at("2026-11-24T07:00:00+08:00"));
  EXPECT_EQ(night.NextAllowed(at("2026-11-24T06:59:59+08:00")), at("2026-11-24T07:00:00+08:00"));
  EXPECT_EQ(night.NextAllowed(at("2026-11-24T07:00:00+08:00")), at("2026-11-24T07:00:00+08:00"));
  EXPECT_EQ((workflow::QuietHours{0, 0, 480}.NextAllowed(5)), 5);
}

TEST_F(InboxTest, WhoIsOnDutyAndOfTheLargerAreaOtherwise) {
  PutRoster("s1", "Practitioner/li", "380102");
  PutRoster("s2", "Practitioner/wang", "3801");
  PutShift("a", "s1", "2026-11-23T08:00:00+08:00", "2026-11-23T20:00:00+08:00");
  PutShift("b", "s2", "2026-11-20T08:00:00+08:00", "2026-11-25T20:00:00+08:00");
  const auto who = [this](std::string_view area, std::string_view at) {
    const fhir::Document answer = Parsed(Get(fmt::format("$on-duty?post=doctor&area={}&at={}", area, at)));
    return At(answer, "parameter.0.valueCode") + " " +
           At(answer, "parameter.1.part.0.valueReference.reference");
  };
  EXPECT_EQ(who("380102", "2026-11-23T12:00:00Z"),
            "3801 Practitioner/wang");  // 20:00 here: the shift is over
  EXPECT_EQ(who("380102", "2026-11-23T11:59:00Z"), "380102 Practitioner/li");
  EXPECT_EQ(who("380102001", "2026-11-23T02:00:00Z"), "380102 Practitioner/li");
  EXPECT_EQ(who("380104", "2026-11-23T02:00:00Z"), "3801 Practitioner/wang");
  EXPECT_EQ(who("380102", "2026-12-23T02:00:00Z"), " ");
  EXPECT_EQ(Get("$on-duty?post=doctor").status, 400);
  EXPECT_EQ(As(li_, Method::kGet, "$on-duty?post=doctor&area=380102").status, 403);
}

TEST_F(InboxTest, WhoeverIsOnDutyIsToldAndThePostWhereNobodyIs) {
  const auto told = [this](const std::string& id, std::string_view how) {
    const fhir::Document notice = Parsed(Get("Communication/" + Tell(id, how)));
    return At(notice, "recipient.0.reference") + At(notice, "recipient.0.identifier.value") + " " +
           At(notice, "recipient.1.reference") + At(notice, "recipient.1.identifier.value");
  };
  EXPECT_EQ(told("t", "call"), "doctor ");
  EXPECT_EQ(Inbox(doctor_), "1");
  // 2023-11-14T22:13:20Z is now; the person is of 380102.
  PutRoster("s1", "Practitioner/li", "380102");
  PutShift("over", "s1", "2023-11-14T08:00:00Z", "2023-11-14T22:00:00Z");
  EXPECT_EQ(told("u", "call"), "doctor ");
  PutShift("now", "s1", "2023-11-14T22:00:00Z", "2023-11-15T22:00:00Z");
  EXPECT_EQ(told("v", "call"), "Practitioner/li ");
  EXPECT_EQ(Inbox(doctor_), "2") << "not the others of the post";
  auto on_duty = std::make_shared<access::Viewer>(*stranger_);
  on_duty->record = "Practitioner/li";
  EXPECT_EQ(Inbox(on_duty), "1");
  EXPECT_EQ(told("w", "call-there"), "screener doctor") << "nobody there, and he is elsewhere";
  ASSERT_EQ(
      Put("PractitionerRole/role",
          R"({"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":"Practitioner/zhou"}})")
          .status,
      201);
  PutRoster("s2", "PractitionerRole/role", "3801");
  PutShift("city", "s2", "2023-11-14T08:00:00Z", "2023-11-15T20:00:00Z");
  EXPECT_EQ(told("x", "call-there"), "screener Practitioner/zhou") << "of the larger area";
}

}  // namespace
}  // namespace tk::interaction
