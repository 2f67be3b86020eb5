// "Patient.name[0].given[1]": where a walk through a resource is, in words.
#pragma once

#include <string>

namespace tk::fhir {

/// `segments`: each with a `name` and an `index`, negative where there is no array.
template <class Segments>
std::string ElementPath(const Segments& segments) {
  std::string path;
  for (const auto& segment : segments) {
    if (!path.empty()) path += '.';
    path += segment.name;
    if (segment.index >= 0) path += "[" + std::to_string(segment.index) + "]";
  }
  return path;
}

}  // namespace tk::fhir
