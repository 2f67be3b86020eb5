// Replays a corpus through a fuzz target in ordinary builds, so that fuzz targets cannot rot and every past finding
// stays a test.
// Use:    kernel_fhir_parse_fuzz CORPUS_FOLDER...   Exit 1 when a folder is missing or holds no input: a replay of
//         nothing is not a pass.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    fs::recursive_directory_iterator walk(argv[i], error);
    if (error) {
      std::fprintf(stderr, "corpus folder %s: %s\n", argv[i], error.message().c_str());
      return 1;
    }
    for (const fs::directory_entry& entry : walk) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      // Printed first: when the target aborts, the last line names the input.
      std::fprintf(stderr, "replay %s\n", entry.path().c_str());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
  }
  if (inputs == 0) {
    std::fprintf(stderr, "no inputs: give a corpus folder with at least one file\n");
    return 1;
  }
  std::fprintf(stderr, "%zu inputs replayed\n", inputs);
  return 0;
}
