// Answers that hold one resource or a page of them.
#pragma once

#include "kernel/interaction/bundle_writer.h"
#include "kernel/interaction/cursors.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/room.h"
#include "kernel/interaction/summary.h"

namespace tk::interaction {

using Header = view::Engine::Header;

/// The stored version `ordinal` as an answer: text straight into the body, ETag, Last-Modified.
/// Errors: kGone when its person was erased; kNotFound when it is not `call`'s resource.
Result<Response> StoredResource(const Room& room, const Call& call, view::Ordinal ordinal,
                                const Shape& shape);
/// Takes `parameter` into `shape` if it is _summary or _elements (of `type`; kNoType: resources of several types come): true.
/// Errors: kIncorrect.
Result<bool> ReadShapeParameter(const Room& room, fhir::TypeId type, const Parameter& parameter,
                                Shape* shape);
/// _summary and _elements of a read. Errors: kIncorrect.
Result<Shape> ReadShape(const Room& room, const Call& call);

/// Texts of versions, in order; those of erased persons are left out (their ordinals too), and those whose attachments are lost, if not asked for.
struct Texts {
  std::vector<view::Ordinal> ordinals;
  std::vector<view::Engine::TextPtr> opened;
  std::vector<view::Engine::TextPtr> lost;  // left out, because attachments of theirs are missing or damaged
  std::vector<view::Ordinal> damaged;       // left out, because their entries of the log are damaged
  size_t passed = 0;  // of the ordinals that were asked for: fewer than all where the texts reached the limit

  size_t size() const { return opened.size(); }
  const Header& header(size_t i) const { return opened[i]->header; }
  const std::string& body(size_t i) const { return opened[i]->json; }
  size_t body_bytes() const {
    size_t bytes = 0;
    for (const auto& text : opened) bytes += text->json.size();
    return bytes;
  }
  void Add(view::Ordinal ordinal, view::Engine::TextPtr text) {
    ordinals.push_back(ordinal);
    opened.push_back(std::move(text));
  }
};
/// A page of large resources ends early rather than take the memory of all others.
inline constexpr size_t kPageBytesMax = size_t{32} << 20;
/// What becomes of those whose attachments are lost: a search leaves them out and tells (TellLost); a history has them without their text. An entry
/// that is damaged is left out by a search in the same way, and ends a history.
enum class LostOnes : uint8_t { kLeftOut, kKept };
/// Stops behind the text with which `bytes_max` is reached; at least one is read.
Result<Texts> ReadMany(const Room& room, const std::vector<view::Ordinal>& ordinals,
                       size_t bytes_max = kPageBytesMax, LostOnes lost = LostOnes::kLeftOut);
/// One version as it was found: where attachments are lost, its header alone.
Result<view::Engine::TextPtr> OpenAsFound(const Room& room, view::Ordinal ordinal);
/// That this one is not there as it should be, by type and id.
Issue LostIssue(const Room& room, const view::Engine::Text& text);
void TellLost(const Room& room, const Texts& texts, std::vector<Issue>* issues);

/// Whether that version made the resource (a create, or an update with nothing before it): answered 201.
bool IsMade(const Room& room, const Header& header, view::Ordinal ordinal);

/// The link of a search's page to itself: what was asked, or the handle that it came by.
std::string SelfLink(const Call& call, std::string_view path, std::string_view asked);
/// The "next" link of a page.
std::string PageLink(const Room& room, const Call& call, std::string_view path, Cursor cursor);
/// `json` as the body of a 200, laid out as asked.
Response JsonResponse(const Call& call, std::string json, std::string_view audit_action);
/// `response`, which tells something of these records, with the persons for the audit whose they are.
Response Telling(const Room& room, const Call& call, std::span<const view::Ordinal> ordinals,
                 Response response);
/// `response`, which has the entries of `bundle`, with the persons for the audit whose records these are.
Response Showing(const Room& room, const Call& call, BundleWriter* bundle, Response response);
/// The person whose the newest version of a resource is, also of a deleted one; 0: nobody's, or there is none.
view::OwnerNumber OwnerOf(const Room& room, std::string_view type, std::string_view id);
/// The person of the resource that an answer names for the audit; 0: it names none, or nobody's.
view::OwnerNumber NamedOwner(const Room& room, const Response& response);
std::string FullUrl(const Call& call, std::string_view type, std::string_view id);
/// A resource that is not (or not yet) read from the log: text with versionId and lastUpdated in its meta.
void AppendVersioned(const view::Resource& resource, Instant at_us, std::string* out);

}  // namespace tk::interaction
