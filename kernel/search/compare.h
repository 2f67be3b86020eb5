// Does a value that a resource has fit one that was asked for? The same for entries, texts and composites.
// Source: FHIR R4 search.html 3.1.1.4.5 (prefixes), 3.1.1.4.15 (number), 3.1.1.4.7 (date).
#pragma once

#include "kernel/search/query.h"

namespace tk::search {

/// The interval [low, high) of a resource's date.
bool DateHolds(const Term& term, int64_t low, int64_t high);
/// A resource's number, or both ends of its range.
bool NumberHolds(const Term& term, double low, double high);
/// Is `text` at or below `root` in the tree of URLs ("http://a/b" is below "http://a" and "http://a/")? URNs have no tree: only equals.
bool UrlBelow(std::string_view root, std::string_view text);
/// "http://a/b", "http://a/", "http://a" of "http://a/b": everything that it is at or below.
std::vector<std::string> UrlsAbove(std::string_view text);
/// Metres between two places on a sphere of the Earth's mean radius (haversine).
double DistanceM(double latitude1, double longitude1, double latitude2, double longitude2);

}  // namespace tk::search
