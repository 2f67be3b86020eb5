#include "kernel/fhir/xhtml.h"

#include <gtest/gtest.h>

#include <string>

#include "kernel/fhir/xhtml_entities.h"

namespace tk::fhir {
namespace {

std::string In(const std::string& content) {
  return "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + content + "</div>";
}

TEST(Narrative, TakesWhatTheSpecificationPermits) {
  for (const std::string content :
       {"x", "", "<p></p>", "<p class=\"a\" style='color: red'>x<br/>y</p>", "<img src=\"#a\" alt=\"b\"/>",
        "a &amp; b &lt; &nbsp; &#169; &#xA9;",
        "&apos; &Eacute; &eacute; &thetasym; &zwnj; &frac12; &#9; &#x10FFFF; &#00000038;",
        "<!-- note --><table border=\"1\"><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>",
        "<a href=\"http://x.org/?a=1&amp;b=2\">x</a>", "通康"}) {
    EXPECT_EQ(NarrativeProblem(In(content)), nullptr) << content;
  }
  EXPECT_EQ(NarrativeProblem(" \n" + In("x") + "\n"), nullptr);
}

TEST(Narrative, RefusesTheRest) {
  for (const std::string content : {"<script>x</script>",
                                    "<p onclick=\"x\">y</p>",
                                    "<a href=\"javascript:x\">y</a>",
                                    "<a href=\" JAVA\tSCRIPT:x\">y</a>",
                                    "<a href=\"java&#115;cript:x\">y</a>",
                                    "<iframe src=\"x\"/>y",
                                    "<form>x</form>",
                                    "<input/>x",
                                    "<p>x",
                                    "x</p>",
                                    "<b><i>x</b></i>",
                                    "<p class=a>x</p>",
                                    "<p class=\"a\" class=\"b\">x</p>",
                                    "a & b",
                                    "a < b",
                                    "<![CDATA[x]]>",
                                    "<?php x ?>",
                                    "<!DOCTYPE html>x",
                                    "<p class=\"a\"id=\"b\">x</p>",
                                    "<p class>x</p>",
                                    "<P>x</P>",
                                    "<object data=\"x\"/>y",
                                    "<svg/>x",
                                    "x\xEF\xBF\xBF",
                                    "<!-- a -- b -->x",
                                    "<p style=\"width: expression(1)\">x</p>",
                                    "&;x",
                                    "&#x;x",
                                    "&#12a;x",
                                    "t&foo;",
                                    "t&Nbsp;",
                                    "t&#x0;",
                                    "t&#0;",
                                    "t&#1;",
                                    "t&#xD800;",
                                    "t&#xFFFE;",
                                    "t&#x110000;",
                                    "t&#99999999999999999999;",
                                    "t&#-1;",
                                    "t&#xx9;",
                                    "<p title=\"&foo;\">x</p>"}) {
    EXPECT_NE(NarrativeProblem(In(content)), nullptr) << content;
  }
  for (const std::string text : {"", "x", "<p>x</p>", "<div>x</div>", "<div xmlns=\"http://x.org\">x</div>",
                                 "<div xmlns=\"http://www.w3.org/1999/xhtml\">x",
                                 "<divx xmlns=\"http://www.w3.org/1999/xhtml\">x</divx>"}) {
    EXPECT_NE(NarrativeProblem(text), nullptr) << text;
  }
  EXPECT_NE(NarrativeProblem(In("x") + In("y")), nullptr);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<b>";
  EXPECT_NE(NarrativeProblem(In(deep)), nullptr);
}

TEST(Narrative, EntitiesAreSorted) {
  EXPECT_TRUE(std::is_sorted(kXhtmlEntities.begin(), kXhtmlEntities.end()));
}

}  // namespace
}  // namespace tk::fhir
