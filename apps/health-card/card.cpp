#include "apps/health-card/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/text.h"
#include "kernel/fhir/validate.h"

namespace tk::health_card {
namespace {

constexpr std::string_view kStatusNames[] = {"active", "lost", "replaced", "closed"};
constexpr int64_t kSerialMax = 10'000;

void AppendReference(std::string_view name, std::string_view reference, fhir::JsonWriter* out) {
  out->Key(name).Object().Member("reference", reference).End();
}

int64_t NumberIn(fhir::Value value) {
  const std::string_view digits = value.Number();
  int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Instant InstantIn(fhir::Value value) {
  const auto range = ParseDateRange(value.ToString());
  return range.ok() ? range->low_us : 0;
}

std::string NameText(fhir::Value patient) {
  const fhir::Value name = patient["name"].At(0);
  std::string text = name["text"].ToString();
  if (!text.empty()) return text;
  text = name["family"].ToString();
  for (const fhir::Value given : name["given"]) text += given.ToString();
  return text;
}

}  // namespace

std::string_view NameOf(CardStatus status) { return kStatusNames[static_cast<size_t>(status)]; }

std::string CardJson(const Card& card) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "HealthCard").Member("id", card.id);
  out.Key("number").Object().Member("system", kNumberSystem).Member("value", card.number).End();
  if (!card.linked.empty()) {
    out.Key("linked").Array();
    for (const Card::Linked& each : card.linked)
      out.Object().Member("system", each.system).Member("value", each.value).End();
    out.End();
  }
  out.Member("status", NameOf(card.status)).Member("statusDate", FormatInstant(card.status_at_us));
  if (!card.reason.empty()) out.Member("statusReason", card.reason);
  AppendReference("holder", card.holder, &out);
  out.Member("issuer", fmt::format("{:06}", card.issuer)).Member("issued", FormatInstant(card.issued_us));
  out.Key("serial").Int(card.serial);
  if (!card.replaces.empty()) AppendReference("replaces", "HealthCard/" + card.replaces, &out);
  if (card.key != 0) out.Key("keyVersion").Int(card.key);
  out.End();
  return text;
}

Result<Card> ReadCard(fhir::Value root) {
  Card card;
  card.id = root["id"].ToString();
  card.number = root["number"]["value"].ToString();
  for (const fhir::Value each : root["linked"])
    card.linked.push_back({each["system"].ToString(), each["value"].ToString()});
  const std::string status = root["status"].ToString();
  const auto named = std::find(std::begin(kStatusNames), std::end(kStatusNames), status);
  card.status_at_us = InstantIn(root["statusDate"]);
  card.reason = root["statusReason"].ToString();
  card.holder = root["holder"]["reference"].ToString();
  const std::string issuer = root["issuer"].ToString();
  const auto read = std::from_chars(issuer.data(), issuer.data() + issuer.size(), card.issuer);
  card.issued_us = InstantIn(root["issued"]);
  card.serial = NumberIn(root["serial"]);
  const std::string before = root["replaces"]["reference"].ToString();
  card.replaces = before.substr(before.rfind('/') + 1);
  card.key = NumberIn(root["keyVersion"]);
  if (named == std::end(kStatusNames) || read.ec != std::errc() || !card.holder.starts_with("Patient/") ||
      card.serial < 1)
    return MakeError(ErrorCode::kCorrupt, "The record of this health card is not as the platform writes it.");
  card.status = static_cast<CardStatus>(named - std::begin(kStatusNames));
  return card;
}

std::string UseJson(const CardUse& use) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "HealthCardUse").Member("id", use.id);
  AppendReference("card", "HealthCard/" + use.card, &out);
  AppendReference("holder", use.holder, &out);
  out.Member("kind", use.kind).Member("purpose", use.purpose).Member("used", FormatInstant(use.used_us));
  out.Member("verifier", use.verifier).End();
  return text;
}

CardRef CardRefOf(const HashKey& key, std::string_view patient_id, int64_t serial) {
  const std::string what = fmt::format("health-card|{}|{}", patient_id, serial);
  const Digest digest = DigestOf({Bytes(key), AsBytes(what)});
  CardRef card{};
  std::copy_n(digest.begin(), card.size(), card.begin());
  return card;
}

std::string UseIdOf(std::string_view body) {
  const Digest digest = DigestOf({AsBytes("health-card-use|"), AsBytes(body)});
  return ToHex(Bytes(digest).first(16));
}

std::string MaskedName(fhir::Value patient, bool keep_last) {
  const std::string name = NameText(patient);
  std::vector<std::string_view> characters;
  for (std::string_view left = name; !left.empty();) {
    characters.push_back(left.substr(0, std::max<size_t>(1, Utf8CharLength(left))));
    left.remove_prefix(characters.back().size());
  }
  if (characters.empty()) return {};
  std::string out(characters[0]);
  if (out.size() == 1) return out + "***";  // Latin: the length of the name would tell too much
  const bool last = keep_last && characters.size() > 2;
  out.append(std::min<size_t>(8, characters.size() - (last ? 2 : 1)), '*');
  return last ? out + std::string(characters.back()) : out;
}

Result<Found> FindRecord(const view::Engine& engine, std::string_view type, std::string_view id,
                         const view::Position& position) {
  Found found;
  found.version = engine.directory().Current(engine.IdHash(type, id), position);
  if (found.version.ordinal != 0 && !found.version.deleted)
    found.resource = TRY(engine.Read(found.version.ordinal));
  return found;
}

Result<NewestCard> FindNewestCard(const view::Engine& engine, std::string_view patient_id,
                                  const view::Position& position) {
  NewestCard newest;
  while (newest.serial < kSerialMax) {
    const std::string id = IdOf(CardRefOf(engine.hash_key(), patient_id, newest.serial + 1));
    if (engine.directory().Current(engine.IdHash("HealthCard", id), position).ordinal == 0) break;
    ++newest.serial;
  }
  if (newest.serial == 0) return newest;
  const std::string id = IdOf(CardRefOf(engine.hash_key(), patient_id, newest.serial));
  const Found found = TRY(FindRecord(engine, "HealthCard", id, position));
  if (found.resource != nullptr) newest.card = TRY(ReadCard(found.resource->document.Root()));
  return newest;
}

Status AddVersion(const view::Engine& engine, std::string_view json, view::ChangeSet* set) {
  const fhir::Definitions& definitions = engine.definitions();
  fhir::Document document = TRY(fhir::Document::Parse(json));
  TRY(fhir::CheckValid(definitions, document.Root()));
  const std::string type = document.Root()["resourceType"].ToString(), id = document.Root()["id"].ToString();
  const Found found = TRY(FindRecord(engine, type, id, set->basis));
  view::Change change;
  change.before = found.resource;
  change.now = TRY(
      view::MakeResource(definitions, std::move(document), found.version.version + 1,
                         found.version.version == 0 ? view::Operation::kCreate : view::Operation::kUpdate));
  view::Guard guard;
  guard.id_hash = engine.IdHash(type, id);
  guard.version = found.version.version;
  set->changes.push_back(std::move(change));
  set->guards.push_back(std::move(guard));
  return {};
}

}  // namespace tk::health_card
