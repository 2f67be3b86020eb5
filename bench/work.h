// What the client asks for: bundles of the city, bundles from files, prepared requests in random order, or lives of Observations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/city.h"
#include "bench/client.h"

namespace tk::bench {

struct WorkOptions {
  std::string host;  // ADDR:PORT, for the Host header
  std::string token;
  uint64_t seed = 1;
};

/// Transactions of the persons [from, end) of a city; a thing is an entry.
std::unique_ptr<Work> MakeCityWork(const WorkOptions& options, uint64_t from, uint64_t end);
/// Every file of `folder` (*.json) once, in order of name; a thing is an entry of the answer.
Result<std::unique_ptr<Work>> MakeFolderWork(const WorkOptions& options, const std::string& folder);
/// The Patients of a file, one a line, the lines [from, end): each created by itself, or `together` in a transaction; a thing is a Patient.
Result<std::unique_ptr<Work>> MakePatientWork(const WorkOptions& options, const std::string& file,
                                              uint64_t from, uint64_t end, uint64_t together);
/// Lines `METHOD TARGET[<tab>BODY]`, taken at random; every answer must have the status 200 or 201.
Result<std::unique_ptr<Work>> MakeListWork(const WorkOptions& options, const std::string& file);
/// Lines with one Observation each: created, read, updated, deleted; a thing is one of these four.
Result<std::unique_ptr<Work>> MakeLifeWork(const WorkOptions& options, const std::string& file,
                                           size_t connections);

}  // namespace tk::bench
