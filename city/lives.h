// The lives of a grid, as its sources tell them: chronic disease and what is done about it, visits, laboratory values over years, medicines,
// vaccinations, growth, pregnancies. What no source knows (nobody has a record of him, or nobody found the disease) is only in the truth.
// Flow:   People, their Records of a grid → Chronicler::Write → Pages (resources by record), truth (lives.csv)
// Time:   visits and medicines fall into the window; results of past years, problems, vaccinations and growth reach back from its end.
// Cost:   ~1.5 µs a resource. The same for a seed and a window, in whatever order grids are written.
#pragma once

#include "city/life.h"
#include "city/pen.h"

namespace tk::city {

class Chronicler {
 public:
  /// `city` must outlive it. `window` begins on the census's day or after.
  Chronicler(const City& city, Window window);

  /// Everybody of a grid; `records` are all that Recorder::Write made of them. Thread-safe. Clears `pages`, appends to `truth`.
  void Write(const People& people, const std::vector<Record>& records, Pages* pages,
             std::string* truth) const;

 private:
  friend class Biography;

  /// What a record is good for.
  enum class Place : uint8_t { kTertiary, kSecondary, kCentre, kClinic, kMaternity, kCdc, kOther };

  const City& city_;
  Window window_;
  std::vector<Place> places_;  // by kind of institution
  size_t systolic_, diastolic_, pulse_, bmi_, glucose_, hemoglobin_;
};

}  // namespace tk::city
