// Conditions of conditional create, update, patch, delete and of conditional references: which resource is meant, and the guard
// that it still is so when the writer takes the change.
// Source: FHIR R4 http.html#ccreate, #cond-update, #cdelete, #trules.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

struct Match {
  size_t count = 0;           // 0, 1, or 2 for "several"
  view::Ordinal ordinal = 0;  // of the one
  std::string id;
  uint32_t version = 0;
  std::shared_ptr<const search::Query> query;
};

/// Resolves `criteria` ("identifier=a|b", with or without "?" or "Type?") at `basis`, within what the viewer may see.
/// `excluded`: id hashes of resources that this transaction deletes.
/// Errors: kIncorrect for unknown parameters or no criterion at all; kForbidden.
Result<Match> ResolveCondition(const Room& room, const Call& call, fhir::TypeId type,
                               std::string_view criteria, const view::Position& basis,
                               std::span<const uint64_t> excluded = {});
/// Holds until something changes that could alter the answer.
view::Guard ConditionGuard(const Room& room, std::shared_ptr<const search::Query> query);
/// The same for conditions that mean the same however they are written: escapes, order and repetition of criteria and of the values of each,
/// and what only shapes an answer (_count) do not matter. "Patient?identifier=a,b".
std::string ConditionText(const Room& room, const search::Query& query);
/// 412: the condition names several.
Error SeveralMatches(std::string_view type);

}  // namespace tk::interaction
