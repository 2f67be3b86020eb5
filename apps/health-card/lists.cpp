// What verifiers without network take with them, the keys behind it, and where a card was shown.
#include <fmt/format.h>

#include "apps/health-card/person.h"
#include "kernel/base/text.h"

namespace tk::health_card {
namespace {

constexpr size_t kPage = 500;
constexpr size_t kUsesShown = 50;

/// Adds what became lost, replaced or closed since the last time. The first time all of them are read: about 10 µs each.
Status ReadRevoked(const State& state, RevokedCards* revoked) {
  const view::Engine& engine = state.engine();
  const view::Position position = engine.Head();
  const Instant now_us = state.NowUs();
  std::string query = "status=lost,replaced,closed";
  if (revoked->read_until_us != 0)
    query += "&_lastUpdated=ge" + PercentEncode(FormatInstant(revoked->read_until_us));
  const search::Query parsed = TRY(search::ParseQuery(
      state.context.index->definitions(), engine.definitions().FindType("HealthCard"), query, {}));
  search::PageRequest request;
  request.position = position;
  request.count = kPage;
  request.read = [&engine](view::Ordinal ordinal) { return engine.Read(ordinal); };
  request.find_time = [&engine](Instant at_us) -> Result<view::Ordinal> {
    return TRY(engine.FindTime(at_us)).end_ordinal;
  };
  for (;;) {
    const search::Page page = TRY(state.context.index->Search(parsed, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      const Card card = TRY(ReadCard(TRY(engine.Read(ordinal))->document.Root()));
      const CardRef ref =
          CardRefOf(engine.hash_key(), card.holder.substr(sizeof "Patient/" - 1), card.serial);
      revoked->cards.insert(ListedAs(ref));
    }
    if (page.next_cursor.empty()) break;
    request.cursor = page.next_cursor;
  }
  // Times of the log may run a little ahead of the clock or behind it: a minute is read twice.
  revoked->read_until_us = now_us - 60 * kSecondUs;
  return {};
}

/// Cards of who records were before they became another person's, which no desk has ended yet: of those records there is a review. Few; looked at anew each time, since a clerk
/// may give one back.
Result<std::set<uint64_t>> CardsOfThoseBefore(const State& state) {
  constexpr size_t kReviewsMax = 100'000;
  const view::Engine& engine = state.engine();
  const view::Position position = engine.Head();
  const std::string system = PercentEncode(view::kReviewSystem);
  std::set<uint64_t> cards;
  for (const view::ResourcePtr& review :
       TRY(FindBy(state, "Task", fmt::format("code={0}%7Cidentity-changed,{0}%7Ccontradiction", system),
                  kReviewsMax, position))) {
    const std::string reference = review->document.Root()["for"]["reference"].ToString();
    if (!reference.starts_with("Patient/")) continue;
    const std::string id = reference.substr(sizeof "Patient/" - 1);
    const NewestCard newest = TRY(FindNewestCard(engine, id, position));
    if (newest.card && IsOfOneBefore(state, *newest.card))
      cards.insert(ListedAs(CardRefOf(engine.hash_key(), id, newest.card->serial)));
  }
  return cards;
}

Status SignAnew(const State& state, RevokedCards* revoked) {
  const int64_t now_s = state.NowSeconds();
  TRY(ReadRevoked(state, revoked));
  std::set<uint64_t> cards = TRY(CardsOfThoseBefore(state));
  cards.insert(revoked->cards.begin(), revoked->cards.end());
  const KeyRing::Signer signer = TRY(state.ring->SignerAt(now_s));
  Revocations list;
  list.key = signer.number;
  list.issuer = state.settings.issuer;
  list.issued_s = now_s;
  list.until_s = now_s + state.settings.list_life_s;
  list.cards.assign(cards.begin(), cards.end());
  const std::string signed_list = TRY(SignList(list, *signer.key));

  std::string json;
  fhir::JsonWriter out(&json);
  out.Object()
      .Member("issuer", fmt::format("{:06}", list.issuer))
      .Key("skewSeconds")
      .Int(state.settings.skew_s);
  out.Member("issued", FormatInstant(list.issued_s * kSecondUs));
  out.Member("until", FormatInstant(list.until_s * kSecondUs)).Key("cards");
  out.Int(static_cast<int64_t>(list.cards.size())).Key("keys").Array();
  const std::shared_ptr<const KnownKeys> known = state.ring->Known(now_s);
  for (const KnownKey& key : *known) {
    out.Object().Key("number").Int(key.number).Member("suite", crypto::NameOf(key.key.suite()));
    out.Key("from").Int(key.from_s).Key("signsUntil").Int(key.signs_until_s);
    out.Key("revoked").Bool(key.revoked).Member("public", ToBase64Url(key.key.point())).End();
  }
  out.End().Member("list", ToBase64Url(AsBytes(signed_list))).End();
  revoked->text = std::move(json);
  revoked->signed_s = now_s;
  return {};
}

Result<interaction::Response> OfflineAnswer(const Ask& ask) {
  State& state = *ask.state;
  const std::lock_guard lock(state.revoked.mutex);
  const int64_t age_s = state.NowSeconds() - state.revoked.signed_s;
  if (state.revoked.text.empty() || age_s < 0 || age_s >= state.settings.list_refresh_s)
    TRY(SignAnew(state, &state.revoked));
  return Answer(state.revoked.text, "health-card-offline", "");
}

Result<interaction::Response> UsesAnswer(const Ask& ask) {
  const State& state = *ask.state;
  const view::Position position = state.engine().Head();
  const Holder holder = TRY(HolderOf(state, TRY(PatientFor(ask, position)), position, nullptr));
  std::string of;
  for (const view::ResourcePtr& record : holder.records)
    of += (of.empty() ? "Patient/" : ",Patient/") + record->id;
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Key("uses").Array();
  for (const view::ResourcePtr& each :
       TRY(FindBy(state, "HealthCardUse", "patient=" + of + "&_sort=-used", kUsesShown, position))) {
    const fhir::Value root = each->document.Root();
    // What was shown before the record became this person's is another's.
    const std::string holder_id = root["holder"]["reference"].ToString().substr(sizeof "Patient/" - 1);
    const auto used = ParseDateRange(root["used"].ToString());
    if (!used.ok() || state.context.interactions->BecameAnothers(holder_id, used->low_us)) continue;
    out.Object();
    for (const std::string_view member : {"used", "kind", "purpose", "verifier"})
      out.Member(member, root[member].ToString());
    out.End();
  }
  out.End().End();
  return Answer(std::move(json), "health-card-uses", holder.asked().id);
}

Result<interaction::Response> KeyAnswer(const State& state, std::string_view action) {
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Key("keys").Array();
  const std::shared_ptr<const KnownKeys> known = state.ring->Known(state.NowSeconds());
  for (const KnownKey& key : *known) {
    out.Object().Key("number").Int(key.number).Member("suite", crypto::NameOf(key.key.suite()));
    out.Member("from", FormatInstant(key.from_s * kSecondUs)).Key("revoked").Bool(key.revoked).End();
  }
  out.End().End();
  return Answer(std::move(json), action, "");
}

void Reply(const AskPtr& ask, Result<interaction::Response> answer) {
  ask->done(answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error()));
}

/// The list that was signed before is no longer the truth about keys.
void ForgetList(State* state) {
  const std::lock_guard lock(state->revoked.mutex);
  state->revoked.text.clear();
}

Result<interaction::Response> Revoked(const Ask& ask) {
  TRY(CheckMay(*ask.viewer, kMayKeys));
  const std::string_view digits = ask.body.Root()["number"].Number();
  uint16_t number = 0;
  for (const char c : digits)
    number = static_cast<uint16_t>(c < '0' || c > '9' || number > 6000 ? 0 : number * 10 + (c - '0'));
  if (number == 0)
    return MakeIssue(ErrorCode::kIncorrect, "value", "number",
                     "number must be that of a key: {\"number\": 1}.");
  TRY(ask.state->ring->Revoke(number, ask.state->NowSeconds()));
  ForgetList(ask.state.get());
  return KeyAnswer(*ask.state, "health-card-revoke-key");
}

Result<interaction::Response> Rotated(const Ask& ask) {
  TRY(CheckMay(*ask.viewer, kMayKeys));
  TRY(ask.state->ring->Rotate(ask.state->NowSeconds()));
  ForgetList(ask.state.get());
  return KeyAnswer(*ask.state, "health-card-rotate-key");
}

}  // namespace

void OfflineList(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayVerify); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  Reply(ask, OfflineAnswer(*ask));
}

void Uses(const AskPtr& ask) {
  if (const Status may = CheckMayOne(*ask->viewer, kMayPresent, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  Reply(ask, UsesAnswer(*ask));
}

void RotateKey(const AskPtr& ask) { Reply(ask, Rotated(*ask)); }
void RevokeKey(const AskPtr& ask) { Reply(ask, Revoked(*ask)); }

}  // namespace tk::health_card
