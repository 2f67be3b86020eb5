// The table of FHIRPath functions: name, number of arguments, how they are evaluated. Internal to FHIRPath.
// Source: FHIRPath N1 2.0.0 chapter 5 and 6.5-6.6; FHIR R4 fhirpath.html; what 3.0.0-ballot adds (encode, escape, trim, split, join,
//         matchesFull, boundaries, precision, comparable, sort, coalesce, repeatAll, defineVariable, yearOf … timeOf, duration, difference);
//         sum, min, max and avg as fhirpath.js has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tk::fhir::path {

enum class Function : uint8_t {
  kNone,
  // existence
  kEmpty,
  kExists,
  kAll,
  kAllTrue,
  kAnyTrue,
  kAllFalse,
  kAnyFalse,
  kSubsetOf,
  kSupersetOf,
  kCount,
  kDistinct,
  kIsDistinct,
  // filtering, projection, subsetting, combining
  kWhere,
  kSelect,
  kRepeat,
  kRepeatAll,
  kSort,
  kCoalesce,
  kDefineVariable,
  kOfType,
  kSingle,
  kFirst,
  kLast,
  kTail,
  kSkip,
  kTake,
  kIntersect,
  kExclude,
  kUnion,
  kCombine,
  // conversion
  kIif,
  kToBoolean,
  kConvertsToBoolean,
  kToInteger,
  kConvertsToInteger,
  kToLong,
  kConvertsToLong,
  kToDate,
  kConvertsToDate,
  kToDateTime,
  kConvertsToDateTime,
  kToTime,
  kConvertsToTime,
  kToDecimal,
  kConvertsToDecimal,
  kToQuantity,
  kConvertsToQuantity,
  kToString,
  kConvertsToString,
  // strings
  kIndexOf,
  kLastIndexOf,
  kSubstring,
  kStartsWith,
  kEndsWith,
  kContains,
  kUpper,
  kLower,
  kReplace,
  kMatches,
  kMatchesFull,
  kReplaceMatches,
  kLength,
  kToChars,
  kTrim,
  kSplit,
  kJoin,
  kEncode,
  kDecode,
  kEscape,
  kUnescape,
  // numbers
  kAbs,
  kCeiling,
  kExp,
  kFloor,
  kLn,
  kLog,
  kPower,
  kRound,
  kSqrt,
  kTruncate,
  kLowBoundary,
  kHighBoundary,
  kPrecision,
  kComparable,
  // tree, utility, types
  kChildren,
  kDescendants,
  kTrace,
  kNow,
  kTimeOfDay,
  kToday,
  kNot,
  kAs,
  kIs,
  kType,
  kAggregate,
  kSum,
  kMin,
  kMax,
  kAvg,
  // parts of dates and times
  kYearOf,
  kMonthOf,
  kDayOf,
  kHourOf,
  kMinuteOf,
  kSecondOf,
  kMillisecondOf,
  kTimezoneOffsetOf,
  kDateOf,
  kTimeOf,
  kDuration,
  kDifference,
  // FHIR
  kExtension,
  kHasValue,
  kGetValue,
  kResolve,
  kElementDefinition,
  kHtmlChecks,
  kConformsTo,
  kMemberOf,
  kCheckModifiers,
  kSubsumes,
  kSubsumedBy,
  kSlice
};

/// How the compiler treats arguments.
enum class ArgumentMode : uint8_t {
  kValues,       // evaluated once, outside
  kLambda,       // the first is evaluated for each item, with $this and $index
  kTraceLambda,  // the second is
  kIifLambda,    // all are, on the input as a whole
  kSortLambda,   // all are, for each item
  kDefine,       // a name as a literal, and a value evaluated on the input as a whole
  kType          // the name of a type
};
/// What the result is, as far as the compiler follows types.
enum class ResultMode : uint8_t {
  kUnknown,
  kSame,
  kOneOfSame,
  kBoolean,
  kInteger,
  kDecimal,
  kString,
  kStrings,
  kDate,
  kDateTime,
  kTime,
  kQuantity,
  kLong,
  kProjection,
  kSorted,
  kUnordered,  // unknown, and in no order
  kTypeArgument,
  kUnionWithArgument,
  kExtension,
  kIif
};

struct FunctionInfo {
  std::string_view name;
  Function function;
  uint8_t arguments_min;
  uint8_t arguments_max;
  ArgumentMode arguments;
  ResultMode result;
};

/// Most arguments of a function that takes values.
inline constexpr size_t kArgumentsMax = 3;

/// nullptr if there is no such function.
const FunctionInfo* FindFunction(std::string_view name);
std::string_view FunctionName(Function function);

}  // namespace tk::fhir::path
