// Test material outside the repository: official examples from npm, and the shared corpora where they are. Tests only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tk::fhir {

/// Unpacks <shared>/corpora/NAME/NAME.tar.zst into a folder of this process and returns that folder; "" if it is not here.
/// <shared> is $TK_SHARED or ../shared beside the repository.
std::string UnpackCorpus(std::string_view name);

std::string ReadFileForTest(const std::string& path);

/// Paths of the *.json files of a folder that hold one resource each, sorted.
std::vector<std::string> JsonFilesOf(const std::string& folder);

/// The table invariants_mended.json of this room.
std::string MendedInvariantsFile();

/// The npm package hl7.fhir.r4.examples that the build compiled its definitions from.
std::string OfficialExamplesFolder();

}  // namespace tk::fhir
