#include "kernel/fhir/path/functions.h"

#include <algorithm>
#include <array>

namespace tk::fhir::path {
namespace {

using F = Function;
using A = ArgumentMode;
using R = ResultMode;

constexpr FunctionInfo Row(std::string_view name, F function, uint8_t from, uint8_t to, R result,
                           A arguments = A::kValues) {
  return FunctionInfo{name, function, from, to, arguments, result};
}

constexpr auto kFunctions = std::to_array<FunctionInfo>({
    Row("empty", F::kEmpty, 0, 0, R::kBoolean),
    Row("exists", F::kExists, 0, 1, R::kBoolean, A::kLambda),
    Row("all", F::kAll, 1, 1, R::kBoolean, A::kLambda),
    Row("allTrue", F::kAllTrue, 0, 0, R::kBoolean),
    Row("anyTrue", F::kAnyTrue, 0, 0, R::kBoolean),
    Row("allFalse", F::kAllFalse, 0, 0, R::kBoolean),
    Row("anyFalse", F::kAnyFalse, 0, 0, R::kBoolean),
    Row("subsetOf", F::kSubsetOf, 1, 1, R::kBoolean),
    Row("supersetOf", F::kSupersetOf, 1, 1, R::kBoolean),
    Row("count", F::kCount, 0, 0, R::kInteger),
    Row("distinct", F::kDistinct, 0, 0, R::kSame),
    Row("isDistinct", F::kIsDistinct, 0, 0, R::kBoolean),
    Row("where", F::kWhere, 1, 1, R::kSame, A::kLambda),
    Row("select", F::kSelect, 1, 1, R::kProjection, A::kLambda),
    Row("repeat", F::kRepeat, 1, 1, R::kUnknown, A::kLambda),
    Row("repeatAll", F::kRepeatAll, 1, 1, R::kUnknown, A::kLambda),
    Row("sort", F::kSort, 0, 8, R::kSorted, A::kSortLambda),
    Row("coalesce", F::kCoalesce, 1, 64, R::kUnknown, A::kIifLambda),
    Row("defineVariable", F::kDefineVariable, 1, 2, R::kSame, A::kDefine),
    Row("ofType", F::kOfType, 1, 1, R::kTypeArgument, A::kType),
    Row("single", F::kSingle, 0, 0, R::kOneOfSame),
    Row("first", F::kFirst, 0, 0, R::kOneOfSame),
    Row("last", F::kLast, 0, 0, R::kOneOfSame),
    Row("tail", F::kTail, 0, 0, R::kSame),
    Row("skip", F::kSkip, 1, 1, R::kSame),
    Row("take", F::kTake, 1, 1, R::kSame),
    Row("intersect", F::kIntersect, 1, 1, R::kSame),
    Row("exclude", F::kExclude, 1, 1, R::kSame),
    Row("union", F::kUnion, 1, 1, R::kUnionWithArgument),
    Row("combine", F::kCombine, 1, 1, R::kUnionWithArgument),
    Row("iif", F::kIif, 2, 3, R::kIif, A::kIifLambda),
    Row("toBoolean", F::kToBoolean, 0, 0, R::kBoolean),
    Row("convertsToBoolean", F::kConvertsToBoolean, 0, 0, R::kBoolean),
    Row("toInteger", F::kToInteger, 0, 0, R::kInteger),
    Row("convertsToInteger", F::kConvertsToInteger, 0, 0, R::kBoolean),
    Row("toLong", F::kToLong, 0, 0, R::kLong),
    Row("convertsToLong", F::kConvertsToLong, 0, 0, R::kBoolean),
    Row("toDate", F::kToDate, 0, 0, R::kDate),
    Row("convertsToDate", F::kConvertsToDate, 0, 0, R::kBoolean),
    Row("toDateTime", F::kToDateTime, 0, 0, R::kDateTime),
    Row("convertsToDateTime", F::kConvertsToDateTime, 0, 0, R::kBoolean),
    Row("toTime", F::kToTime, 0, 0, R::kTime),
    Row("convertsToTime", F::kConvertsToTime, 0, 0, R::kBoolean),
    Row("toDecimal", F::kToDecimal, 0, 0, R::kDecimal),
    Row("convertsToDecimal", F::kConvertsToDecimal, 0, 0, R::kBoolean),
    Row("toQuantity", F::kToQuantity, 0, 1, R::kQuantity),
    Row("convertsToQuantity", F::kConvertsToQuantity, 0, 1, R::kBoolean),
    Row("toString", F::kToString, 0, 0, R::kString),
    Row("convertsToString", F::kConvertsToString, 0, 0, R::kBoolean),
    Row("indexOf", F::kIndexOf, 1, 1, R::kInteger),
    Row("lastIndexOf", F::kLastIndexOf, 1, 1, R::kInteger),
    Row("substring", F::kSubstring, 1, 2, R::kString),
    Row("startsWith", F::kStartsWith, 1, 1, R::kBoolean),
    Row("endsWith", F::kEndsWith, 1, 1, R::kBoolean),
    Row("contains", F::kContains, 1, 1, R::kBoolean),
    Row("upper", F::kUpper, 0, 0, R::kString),
    Row("lower", F::kLower, 0, 0, R::kString),
    Row("replace", F::kReplace, 2, 2, R::kString),
    Row("matches", F::kMatches, 1, 2, R::kBoolean),
    Row("matchesFull", F::kMatchesFull, 1, 2, R::kBoolean),
    Row("replaceMatches", F::kReplaceMatches, 2, 3, R::kString),
    Row("length", F::kLength, 0, 0, R::kInteger),
    Row("toChars", F::kToChars, 0, 0, R::kStrings),
    Row("trim", F::kTrim, 0, 0, R::kString),
    Row("split", F::kSplit, 1, 1, R::kStrings),
    Row("join", F::kJoin, 0, 1, R::kString),
    Row("encode", F::kEncode, 1, 1, R::kString),
    Row("decode", F::kDecode, 1, 1, R::kString),
    Row("escape", F::kEscape, 1, 1, R::kString),
    Row("unescape", F::kUnescape, 1, 1, R::kString),
    Row("abs", F::kAbs, 0, 0, R::kOneOfSame),
    Row("ceiling", F::kCeiling, 0, 0, R::kInteger),
    Row("exp", F::kExp, 0, 0, R::kDecimal),
    Row("floor", F::kFloor, 0, 0, R::kInteger),
    Row("ln", F::kLn, 0, 0, R::kDecimal),
    Row("log", F::kLog, 1, 1, R::kDecimal),
    Row("power", F::kPower, 1, 1, R::kUnknown),
    Row("round", F::kRound, 0, 1, R::kDecimal),
    Row("sqrt", F::kSqrt, 0, 0, R::kDecimal),
    Row("truncate", F::kTruncate, 0, 0, R::kInteger),
    Row("lowBoundary", F::kLowBoundary, 0, 1, R::kUnknown),
    Row("highBoundary", F::kHighBoundary, 0, 1, R::kUnknown),
    Row("precision", F::kPrecision, 0, 0, R::kInteger),
    Row("comparable", F::kComparable, 1, 1, R::kBoolean),
    Row("children", F::kChildren, 0, 0, R::kUnordered),
    Row("descendants", F::kDescendants, 0, 0, R::kUnordered),
    Row("trace", F::kTrace, 1, 2, R::kSame, A::kTraceLambda),
    Row("now", F::kNow, 0, 0, R::kDateTime),
    Row("timeOfDay", F::kTimeOfDay, 0, 0, R::kTime),
    Row("today", F::kToday, 0, 0, R::kDate),
    Row("not", F::kNot, 0, 0, R::kBoolean),
    Row("as", F::kAs, 1, 1, R::kTypeArgument, A::kType),
    Row("is", F::kIs, 1, 1, R::kBoolean, A::kType),
    Row("type", F::kType, 0, 0, R::kUnknown),
    Row("aggregate", F::kAggregate, 1, 2, R::kUnknown, A::kLambda),
    Row("sum", F::kSum, 0, 0, R::kUnknown),
    Row("min", F::kMin, 0, 0, R::kOneOfSame),
    Row("max", F::kMax, 0, 0, R::kOneOfSame),
    Row("avg", F::kAvg, 0, 0, R::kUnknown),
    Row("yearOf", F::kYearOf, 0, 0, R::kInteger),
    Row("monthOf", F::kMonthOf, 0, 0, R::kInteger),
    Row("dayOf", F::kDayOf, 0, 0, R::kInteger),
    Row("hourOf", F::kHourOf, 0, 0, R::kInteger),
    Row("minuteOf", F::kMinuteOf, 0, 0, R::kInteger),
    Row("secondOf", F::kSecondOf, 0, 0, R::kInteger),
    Row("millisecondOf", F::kMillisecondOf, 0, 0, R::kInteger),
    Row("timezoneOffsetOf", F::kTimezoneOffsetOf, 0, 0, R::kDecimal),
    Row("dateOf", F::kDateOf, 0, 0, R::kDate),
    Row("timeOf", F::kTimeOf, 0, 0, R::kTime),
    Row("duration", F::kDuration, 2, 2, R::kInteger),
    Row("difference", F::kDifference, 2, 2, R::kInteger),
    Row("extension", F::kExtension, 1, 1, R::kExtension),
    Row("hasValue", F::kHasValue, 0, 0, R::kBoolean),
    Row("getValue", F::kGetValue, 0, 0, R::kUnknown),
    Row("resolve", F::kResolve, 0, 0, R::kUnknown),
    Row("elementDefinition", F::kElementDefinition, 0, 0, R::kUnknown),
    Row("htmlChecks", F::kHtmlChecks, 0, 0, R::kBoolean),
    Row("conformsTo", F::kConformsTo, 1, 1, R::kBoolean),
    Row("memberOf", F::kMemberOf, 1, 1, R::kBoolean),
    Row("checkModifiers", F::kCheckModifiers, 0, 3, R::kSame),
    Row("subsumes", F::kSubsumes, 1, 1, R::kBoolean),
    Row("subsumedBy", F::kSubsumedBy, 1, 1, R::kBoolean),
    Row("slice", F::kSlice, 2, 2, R::kSame),
});
static_assert(std::all_of(kFunctions.begin(), kFunctions.end(), [](const FunctionInfo& info) {
  return info.arguments != A::kValues || info.arguments_max <= kArgumentsMax;
}));

}  // namespace

const FunctionInfo* FindFunction(std::string_view name) {
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                   [&](const FunctionInfo& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

std::string_view FunctionName(Function function) {
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                   [&](const FunctionInfo& f) { return f.function == function; });
  return found == kFunctions.end() ? std::string_view("") : found->name;
}

}  // namespace tk::fhir::path
