#include "kernel/interaction/own_hand.h"

#include <algorithm>

#include "kernel/access/policies.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/guest.h"

namespace tk::interaction {
namespace {

using access::Fact;

bool IsOwnHandTag(fhir::Value tag) {
  return tag["code"].ToString() == kOwnHandCode && tag["system"].ToString() == kAccessSystem;
}

/// The tags but ours, and ours if it is to be there.
void CopyTags(fhir::Value tags, bool tagged, fhir::JsonWriter* json) {
  const bool others =
      std::any_of(tags.begin(), tags.end(), [](fhir::Value tag) { return !IsOwnHandTag(tag); });
  if (!others && !tagged) return;
  json->Key("tag").Array();
  for (const fhir::Value tag : tags) {
    if (!IsOwnHandTag(tag)) json->Raw(tag.Json());
  }
  if (tagged) json->Object().Member("system", kAccessSystem).Member("code", kOwnHandCode).End();
  json->End();
}

bool HoldsOnlyTheTag(fhir::Value meta) {
  return std::all_of(meta.begin(), meta.end(), [](fhir::Value member) {
    return member.name_text() == "tag" && std::all_of(member.begin(), member.end(), IsOwnHandTag);
  });
}

void CopyMeta(fhir::Value meta, bool tagged, fhir::JsonWriter* json) {
  if (!tagged && HoldsOnlyTheTag(meta)) return;
  json->Key("meta").Object();
  for (const fhir::Value member : meta) {
    if (member.name_text() == "tag")
      CopyTags(member, tagged, json);
    else
      json->Key(member.name_text()).Raw(member.Json());
  }
  if (!meta["tag"]) CopyTags(meta["tag"], tagged, json);
  json->End();
}

Result<fhir::Document> Tagged(fhir::Value root, bool tagged) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  for (const fhir::Value member : root) {
    if (member.name_text() == "meta")
      CopyMeta(member, tagged, &json);
    else
      json.Key(member.name_text()).Raw(member.Json());
  }
  if (!root["meta"] && tagged) CopyMeta(root["meta"], tagged, &json);
  json.End();
  return fhir::Document::Parse(out);
}

bool NamesHim(const Fact& fact, const std::vector<std::string>& actors) {
  return std::any_of(fact.actors.begin(), fact.actors.end(), [&](const std::string& actor) {
    return actor == access::kAnybody || std::find(actors.begin(), actors.end(), actor) != actors.end();
  });
}

/// Does `before` open at least what `now` opens?
bool Covers(const Fact& before, const Fact& now) {
  const bool same = before.kind == now.kind && before.patient == now.patient &&
                    before.is_referral == now.is_referral && before.codes == now.codes &&
                    before.except == now.except && before.within == now.within;
  return same && before.from_us <= now.from_us && now.until_us <= before.until_us &&
         std::all_of(now.actors.begin(), now.actors.end(), [&](const std::string& actor) {
           return std::find(before.actors.begin(), before.actors.end(), actor) != before.actors.end();
         });
}

/// What facts open to this post; nullptr: none.
const access::OpenPolicy* OpenTo(const access::Viewer& viewer) {
  if (viewer.policies == nullptr || viewer.post == nullptr) return nullptr;
  return viewer.policies->OpenOf(viewer.post->name);
}

/// What the version that stands opens; nothing where there is none.
Result<std::vector<Fact>> OpenedBefore(const Room& room, std::string_view type, const std::string& id) {
  const auto version = room.directory().Current(room.engine().IdHash(type, id), room.engine().Head());
  if (version.ordinal == 0 || version.deleted) return std::vector<Fact>();
  const view::ResourcePtr stored = TRY(room.engine().Read(version.ordinal));
  return room.facts->OpeningsOf(type, id, stored->document.Root(), stored->at_us);
}

}  // namespace

bool IsOwnHand(fhir::Value resource) {
  const fhir::Value tags = resource["meta"]["tag"];
  return tags.is_array() && std::any_of(tags.begin(), tags.end(), IsOwnHandTag);
}

Result<fhir::Document> WithOwnHand(const Room& room, const access::Viewer& viewer, fhir::TypeId type,
                                   fhir::Document document) {
  const std::string_view name = room.TypeName(type);
  const access::OpenPolicy* const open = OpenTo(viewer);
  if ((name != "Encounter" && name != "ServiceRequest" && name != "Consent") || open == nullptr)
    return document;
  const fhir::Value root = document.Root();
  const std::string id = root["id"].ToString();
  const std::vector<Fact> now = room.facts->OpeningsOf(name, id, root, room.context.clock->NowUs());
  const std::vector<std::string> actors = access::ActorsOf(viewer);
  const bool lets_in = std::any_of(now.begin(), now.end(), [&](const Fact& fact) {
    const bool is_open = fact.kind == Fact::Kind::kRelation ? open->relation : open->consent;
    return (is_open && NamesHim(fact, actors)) || IsGuestOf(room, viewer, fact.owner);
  });
  if (!lets_in) return document;
  const std::vector<Fact> before = TRY(OpenedBefore(room, name, id));
  const bool all_stood = std::all_of(now.begin(), now.end(), [&](const Fact& fact) {
    return std::any_of(before.begin(), before.end(), [&](const Fact& old) { return Covers(old, fact); });
  });
  if (all_stood) return document;
  return Tagged(root, true);
}

Result<fhir::Document> WithoutOwnHand(const fhir::Document& document) {
  return Tagged(document.Root(), false);
}

}  // namespace tk::interaction
