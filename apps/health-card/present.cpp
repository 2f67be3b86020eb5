// Codes for the holder: dynamic ones for the phone, static ones for paper; and whose cards a phone may show.
#include "apps/health-card/person.h"
#include "kernel/base/qr.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::health_card {
namespace {

/// The person asked for, whose card may be shown.
Result<Holder> ShownHolder(const Ask& ask) {
  const view::Position position = ask.state->engine().Head();
  Holder holder = TRY(HolderOf(*ask.state, TRY(PatientFor(ask, position)), position, nullptr));
  if (const std::string why = WhyNoCard(holder); !why.empty())
    return MakeIssue(ErrorCode::kConflict, "conflict", "patient", why);
  if (holder.HasLost())
    return MakeIssue(ErrorCode::kConflict, "conflict", "patient",
                     "This card was reported lost: a desk re-issues it.");
  if (holder.active() == nullptr)
    return MakeIssue(ErrorCode::kConflict, "conflict", "patient",
                     "This person has no health card: a desk issues one.");
  return holder;
}

Result<CardRef> RefOf(const Card& card) {
  CardRef ref{};
  if (card.id.size() != ref.size() * 2)
    return MakeError(ErrorCode::kCorrupt, "The id of this health card is not ours.");
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i < ref.size(); ++i)
    ref[i] = static_cast<uint8_t>(digit(card.id[2 * i]) * 16 + digit(card.id[2 * i + 1]));
  return ref;
}

struct Made {
  Code code;
  std::string text;
};
Result<Made> MakeCode(const State& state, const Card& card, CodeKind kind) {
  Made made;
  made.code.kind = kind;
  made.code.issuer = state.settings.issuer;
  made.code.card = TRY(RefOf(card));
  made.code.issued_s = state.NowSeconds();
  made.code.life_s =
      kind == CodeKind::kStatic ? state.settings.static_days * 86'400 : state.settings.dynamic_s;
  SystemRandom(made.code.nonce);
  const KeyRing::Signer signer = TRY(state.ring->SignerAt(made.code.issued_s));
  made.code.key = signer.number;
  made.text = TRY(SignCode(made.code, *signer.key));
  return made;
}

/// `seconds`: how long it still is good, so that a phone whose clock is wrong counts right.
Result<interaction::Response> CodeAnswer(const Ask& ask, const Holder& holder, CodeKind kind,
                                         std::string_view action) {
  const bool as_png = TRY(ask.Text("format")) == "png";
  const Made made = TRY(MakeCode(*ask.state, *holder.card(), kind));
  const QrCode qr = TRY(MakeQr(made.text));
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Member("code", made.text).Member("kind", NameOf(kind));
  out.Member("issued", FormatInstant(made.code.issued_s * kSecondUs));
  out.Member("expires", FormatInstant(made.code.ends_s() * kSecondUs)).Key("seconds").Int(made.code.life_s);
  out.Member("name", MaskedName(holder.asked().document.Root())).Member("number", holder.card()->number);
  out.Key("qr").Object().Key("version").Int(qr.version).Key("modules").Int(qr.width);
  if (as_png) {
    out.Member("png", ToBase64Url(AsBytes(TRY(QrAsPng(qr, 8)))));
  } else {
    out.Member("svg", QrAsSvg(qr));
  }
  out.End().End();
  return Answer(std::move(json), action, holder.asked().id);
}

void AnswerCode(const AskPtr& ask, CodeKind kind, std::string_view action) {
  const auto work = [&]() -> Result<interaction::Response> {
    return CodeAnswer(*ask, TRY(ShownHolder(*ask)), kind, action);
  };
  auto answer = work();
  ask->done(answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error()));
}

Status AppendPerson(const Ask& ask, const view::ResourcePtr& patient, std::string_view relation,
                    const view::Position& position, fhir::JsonWriter* out) {
  const Holder holder = TRY(HolderOf(*ask.state, patient, position, nullptr));
  out->Object().Member("patient", "Patient/" + patient->id).Member("relation", relation);
  out->Member("name", MaskedName(patient->document.Root(), true));
  if (const Card* const card = holder.card(); card != nullptr)
    AppendCard(*card, NamedFor(ask, holder, *card, position), out);
  out->End();
  return {};
}

Result<interaction::Response> FamilyAnswer(const Ask& ask) {
  const State& state = *ask.state;
  const view::Position position = state.engine().Head();
  const view::ResourcePtr self = TRY(PatientFor(ask, position));
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Key("people").Array();
  TRY(AppendPerson(ask, self, "self", position, &out));
  for (const view::ResourcePtr& child : TRY(ChildrenOf(ask, self, position)))
    TRY(AppendPerson(ask, child, "child", position, &out));
  out.End().End();
  return Answer(std::move(json), "health-card-family", self->id);
}

}  // namespace

void Present(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayPresent); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  AnswerCode(ask, CodeKind::kDynamic, kMayPresent);
}

void Print(const AskPtr& ask) {
  if (const Status may = CheckMayOne(*ask->viewer, kMayPresent, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  AnswerCode(ask, CodeKind::kStatic, "health-card-print");
}

void Family(const AskPtr& ask) {
  if (const Status may = CheckMayOne(*ask->viewer, kMayPresent, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  auto answer = FamilyAnswer(*ask);
  ask->done(answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error()));
}

}  // namespace tk::health_card
