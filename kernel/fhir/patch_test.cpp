#include "kernel/fhir/patch.h"

#include <gtest/gtest.h>

#include "kernel/fhir/patch_for_test.h"

namespace tk::fhir {
namespace {

struct Good {
  const char* target;
  const char* patch;
  const char* result;
};

class Patches : public testing::TestWithParam<Good> {};

TEST_P(Patches, ToTheLetter) {
  const auto result = Patched(GetParam().target, GetParam().patch);
  ASSERT_TRUE(result.ok()) << GetParam().patch << result.error().ToString();
  EXPECT_EQ(*result, GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Json, Patches,
    testing::Values(
        Good{R"({"a":1})", R"([])", R"({"a":1})"},
        Good{R"({"a":1.50,"b":[1]})", R"([{"op":"add","path":"/c","value":2.10e1}])",
             R"({"a":1.50,"b":[1],"c":2.10e1})"},
        Good{R"({"a":1,"b":2})", R"([{"op":"add","path":"/a","value":3}])", R"({"a":3,"b":2})"},
        Good{R"({"b":[1,2]})", R"([{"op":"add","path":"/b/1","value":9}])", R"({"b":[1,9,2]})"},
        Good{R"({"b":[1,2]})", R"([{"op":"add","path":"/b/2","value":9}])", R"({"b":[1,2,9]})"},
        Good{R"({"b":[1,2]})", R"([{"op":"add","path":"/b/-","value":{"x":[]}}])", R"({"b":[1,2,{"x":[]}]})"},
        Good{R"({"a":1})", R"([{"op":"add","path":"","value":[1]}])", R"([1])"},
        Good{R"({"a":1,"b":2,"c":3})", R"([{"op":"remove","path":"/b"}])", R"({"a":1,"c":3})"},
        Good{R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/0"},{"op":"remove","path":"/a/0"}])",
             R"({"a":[3]})"},
        Good{R"({"a":1,"b":2})", R"([{"op":"replace","path":"/a","value":null}])", R"({"a":null,"b":2})"},
        Good{R"({"a":{"x":1},"b":2})", R"([{"op":"move","from":"/a/x","path":"/y"}])",
             R"({"a":{},"b":2,"y":1})"},
        Good{R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])", R"({"a":[2,3,1]})"},
        Good{R"({"a":1})", R"([{"op":"move","from":"/a","path":"/a"}])", R"({"a":1})"},
        Good{R"({"a":{"x":"\u00e9\/"}})",
             R"([{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/x","value":1}])",
             R"({"a":{"x":"\u00e9\/"},"b":{"x":1}})"},
        Good{R"({"a/b":1,"m~n":2,"~1":3,"":4,"\u0061c":5})",
             R"([{"op":"replace","path":"/a~1b","value":9},{"op":"replace","path":"/m~0n","value":8},
             {"op":"replace","path":"/~01","value":7},{"op":"replace","path":"/","value":6},{"op":"replace","path":"/ac","value":5}])",
             R"({"a/b":9,"m~n":8,"~1":7,"":6,"\u0061c":5})"},
        Good{R"({"a":{"x":1.0,"y":["é",{}]}})",
             R"([{"op":"test","path":"/a","value":{"y":["\u00e9",{}],"x":10e-1}}])",
             R"({"a":{"x":1.0,"y":["é",{}]}})"},
        Good{R"({"a":[0]})",
             R"([{"op":"add","path":"/a/-","value":1},{"op":"test","path":"/a","value":[-0.0,1]}])",
             R"({"a":[0,1]})"}));

class PatchRefuses : public testing::TestWithParam<Good> {};

TEST_P(PatchRefuses, NamingTheOperation) {
  const auto result = Patched(GetParam().target, GetParam().patch);
  ASSERT_FALSE(result.ok()) << GetParam().patch << *result;
  EXPECT_NE(result.error().external.find(GetParam().result), std::string::npos) << result.error().ToString();
}

INSTANTIATE_TEST_SUITE_P(
    Json, PatchRefuses,
    testing::Values(
        Good{"{}", R"({"op":"add"})", "must be an array"},
        Good{"{}", "[1]", "operation [0]: must be an object"},
        Good{"{}", R"([{"op":"add","path":"/a"}])", "value is missing"},
        Good{"{}", R"([{"op":"add","value":1}])", "path is missing"},
        Good{"{}", R"([{"op":"add","path":"a","value":1}])", "JSON pointer"},
        Good{"{}", R"([{"op":"add","path":"/a~2","value":1}])", "JSON pointer"},
        Good{"{}", R"([{"op":"add","path":"/a~","value":1}])", "JSON pointer"},
        Good{"{}", R"([{"op":"move","path":"/a"}])", "from is missing"},
        Good{"{}", R"([{"op":"spread","path":"/a","value":1}])", "op must be"},
        Good{"{}", R"([{"path":"/a","value":1}])", "op must be"},
        Good{R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"add","path":"/b/c","value":1}])",
             "operation [1]: the place"},
        Good{R"({"a":1})", R"([{"op":"add","path":"/a/b","value":1}])", "neither object nor array"},
        Good{R"({"a":1})", R"([{"op":"remove","path":"/a/b"}])", "nothing at the path"},
        Good{R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])", "beyond the end"},
        Good{R"({"a":[1]})", R"([{"op":"add","path":"/a/01","value":1}])", "array index"},
        Good{R"({"a":[1]})", R"([{"op":"add","path":"/a/x","value":1}])", "array index"},
        Good{R"({"a":[1]})", R"([{"op":"add","path":"/a/-1","value":1}])", "array index"},
        Good{R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])", "nothing at the path"},
        Good{R"({"a":[1]})", R"([{"op":"remove","path":"/a/1"}])", "nothing at the path"},
        Good{R"({"a":[1]})", R"([{"op":"remove","path":""}])", "whole document"},
        Good{R"({"a":[1]})", R"([{"op":"replace","path":"/b","value":1}])", "nothing at path"},
        Good{R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])", "into itself"},
        Good{R"({"a":1})", R"([{"op":"copy","from":"/b","path":"/c"}])", "nothing at from"},
        Good{R"({"a":1})", R"([{"op":"test","path":"/a","value":"1"}])", "not the one"},
        Good{R"({"a":1})", R"([{"op":"test","path":"/a","value":1.01}])", "not the one"},
        Good{R"({"a":{"x":1}})", R"([{"op":"test","path":"/a","value":{"x":1,"y":2}}])", "not the one"},
        Good{R"({"a":[1,2]})", R"([{"op":"test","path":"/a","value":[2,1]}])", "not the one"}));

}  // namespace
}  // namespace tk::fhir
