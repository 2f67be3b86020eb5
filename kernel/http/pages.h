// Static pages, read once at the start: what is not in memory cannot be asked for, so no path leads out of the folder.
// Doors:  /  /m/  /work/ …: a folder with an index.html; an unknown path inside a door that has no dot in its last part is the
//         door's index.html (the page's own router knows it).
// Coding: x.js.zst and x.js.gz beside x.js are used when the client takes them; without them, text is compressed at the start.
#pragma once

#include <memory>
#include <string>

#include "kernel/http/pipeline.h"

namespace tk::http {

struct PagesOptions {
  std::string folder;                    // "" = a plain page that says what this is
  size_t bytes_max = size_t{256} << 20;  // of all files
};

class Pages {
 public:
  /// Errors: kNotFound, kTooLarge, kUnavailable.
  static Result<std::shared_ptr<const Pages>> Load(const PagesOptions& options);
  virtual ~Pages() = default;
  virtual Response Get(std::string_view path, const Request& request) const = 0;
  virtual size_t count() const = 0;
};

/// The route "/": everything that no other route takes.
void AddPagesRoute(Pipeline* pipeline, std::shared_ptr<const Pages> pages);

}  // namespace tk::http
