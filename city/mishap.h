// How a record goes wrong: one function for the number, the name, the birth date, the phone, the address, each drawing its traps in a fixed order.
// At most one trap strikes the number, and one the name, so that each is seen alone; different fields go wrong independently.
#pragma once

#include <functional>

#include "city/record.h"

namespace tk::city {

class Mishap {
 public:
  struct Rates {
    const std::array<uint32_t, kTraps>& per_10000;
    uint32_t percent;  // of the source
  };
  Mishap(const City& city, const People& people, const Person& person, Rates rates, SeededRandom* random,
         Record* record, Recorder::Counts* counts)
      : city_(city),
        people_(people),
        person_(person),
        rates_(rates),
        random_(*random),
        record_(*record),
        counts_(*counts) {}

  void ResidentNumber();
  /// `newborn`: the source met a child that had no name yet.
  void Name(bool newborn);
  void Birth();
  void Sex();
  void Phone();
  void Place();

 private:
  /// Does the trap strike? Asked only of records that it can strike; at most all of them.
  bool Strikes(Trap trap, bool possible);
  const Person* InGrid(int64_t number) const;
  const Household& household() const { return people_.households[person_.household]; }
  /// Another of his household who fulfils `fits`; nullptr if none.
  const Person* Relative(const std::function<bool(const Person&)>& fits);
  void Bear(const Person& other, const ResidentId& id);
  void Document();
  void Misform();
  void Misspell();
  void Rewrite();
  void NameAs(std::string family, std::string given);
  /// Replaces one character of the name by one of those that `others` offers for it; false if none has any.
  template <class Others>
  bool Replace(Trap trap, Others others);
  std::string Latin();
  std::string Unborn() const;
  const std::string& PickPlaceholder();

  const City& city_;
  const People& people_;
  const Person& person_;
  const Rates rates_;
  SeededRandom& random_;
  Record& record_;
  Recorder::Counts& counts_;
};

}  // namespace tk::city
