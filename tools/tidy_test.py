#!/usr/bin/env python3
"""Every rule of tidy.py must find its bad sample, and must let the good one pass."""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cpp_text  # noqa: E402
import tidy  # noqa: E402

HEADER = "// What it is for.\n#pragma once\n"
LAYERS = """[layers]
order = [
  ["kernel/base"],
  ["kernel/log"],
  ["kernel/terminology", "kernel/geo"],
  ["apps/*"],
  ["server"],
]
outside = ["bench", "tests"]
"""
MANIFEST = ('{"id": "recall", "title": {"zh-CN": "召回", "en": "Recall"}, "version": "0.1.0", "reads": [], "writes": [],'
            ' "doors": [{"door": "m", "path": "/recall", "entry": "ui/m.tsx"}]}')


def systems_table(skip=(), state="not yet"):
    rows = [f"{letter}{number}" for letter, count in tidy.SYSTEMS.items() for number in range(1, count + 1)]
    return "".join(f"| {row} | name | words | {state} |\n" for row in rows if row not in skip)


def run(rule, files):
    """The findings of one rule over a small tree given as {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {"layers.toml": LAYERS, **files}.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as out:
                out.write(text)
        return list(tidy.findings(tidy.Tree(root), [rule]))


class Rules(unittest.TestCase):
    def finds(self, rule, path, text, word, **more):
        found = run(rule, {path: text, **more})
        self.assertEqual(len(found), 1, found)
        self.assertIn(word, found[0])
        self.assertTrue(found[0].startswith(path), found[0])

    def passes(self, rule, files):
        self.assertEqual(run(rule, files), [])

    def test_layers(self):
        self.finds("layers", "kernel/base/a.cpp", '#include "kernel/log/log.h"\n', "arrows go down")
        self.finds("layers", "kernel/geo/a.cpp", '#include "kernel/terminology/t.h"\n', "arrows go down")
        self.finds("layers", "apps/recall/a.cpp", '#include "apps/screening/s.h"\n', "apps never include apps")
        self.finds("layers", "kernel/log/a.cpp", '#include "../base/error.h"\n', "'..'")
        self.finds("layers", "kernel/log/a.cpp", '#include "tests/fixture.h"\n', "no room may include")
        self.finds("layers", "kernel/unknown/a.cpp", '#include "kernel/base/error.h"\n', "not in layers.toml")
        self.passes("layers", {"kernel/log/a.cpp": '#include "kernel/base/e.h"\n#include "kernel/log/b.h"\n',
                               "apps/recall/a.cpp": '#include "kernel/geo/e.h"\n#include "apps/recall/b.h"\n',
                               "bench/b.cpp": '#include "server/x.h"\n'})

    def test_app_pages(self):
        self.finds("app-pages", "apps/recall/ui/p.tsx", "import { A } from '../../screening/ui/a'\n", "only ui/")
        self.passes("app-pages", {"apps/recall/ui/p.tsx": "import { A } from '../../../ui/src/a'\nimport b from './b'\n"})

    def test_banned(self):
        for text in ("sqlite3_open(a, b);", "PQexec(c, q);", "auto t = std::chrono::system_clock::now();",
                     "auto t = time(nullptr);", "std::random_device r;", "int x = rand();", "auto* t = localtime(&x);",
                     "int n = std::stoi(s);", "std::regex r(s);", "sprintf(b, f);", "assert(x);", "std::cout << 1;"):
            with self.subTest(text):
                self.finds("banned", "kernel/geo/a.cpp", f"void F() {{\n  {text}\n}}\n", "a.cpp:2")
        self.passes("banned", {"kernel/log/sqlite/a.cpp": "void F() { sqlite3_open(a, b); PQexec(c, q); }\n",
                               "kernel/base/c.cpp": "auto t = std::chrono::system_clock::now();\n",
                               "kernel/geo/a.cpp": '// assert(x)\nauto s = "rand()";\nstatic_assert(true);\nx.time(0);\n'})

    def test_throw(self):
        self.finds("throw", "kernel/geo/a.cpp", "void F() {\n  throw 1;\n}\n", "a.cpp:2")
        self.passes("throw", {"kernel/geo/xml_adapter.cpp": "void F() { throw 1; }\n",
                              "kernel/geo/a_test.cpp": "void F() { throw 1; }\n",
                              "kernel/geo/b.cpp": "  throw Stop{};  // adapter: unwinds the parser\n// throw\n"})

    def test_size_of_functions(self):
        body = "  F();\n" * tidy.FUNCTION_LINES_MAX
        self.finds("size", "kernel/geo/a.cpp", f"int G() {{\n{body}}}\n", "function G has 72 lines")
        self.finds("size", "kernel/geo/a.cpp", f"C::C(int a) : a_{{a}}, b_{{a}} {{\n{body}}}\n", "function C::C")
        self.finds("size", "kernel/geo/a_test.cpp", f"namespace {{\nTEST(A, B) {{\n{body}}}\n}}\n", "function A.B")
        self.passes("size", {"kernel/geo/a.cpp": f"const int kTable[] = {{\n{body}}};\nclass X {{\n{body}}};\n"})

    def test_size_of_files(self):
        self.finds("size", "ui/a.ts", "a\n" * (tidy.FILE_LINES_MAX + 1), "file has 801 lines")
        self.passes("size", {"ui/a.ts": "a\n" * tidy.FILE_LINES_MAX})

    def test_ratchet(self):
        text = "a\n" * 900
        for allowed, word in ((899, "never raise"), (901, "lower its ratchet")):
            found = run("size", {"ui/a.ts": text, "tools/tidy_ratchet.json": f'{{"ui/a.ts": {allowed}}}'})
            self.assertEqual([word in line for line in found], [True], found)
        self.passes("size", {"ui/a.ts": text, "tools/tidy_ratchet.json": '{"ui/a.ts": 900}'})
        found = run("size", {"ui/a.ts": "a\n", "tools/tidy_ratchet.json": '{"ui/a.ts": 900}'})
        self.assertIn("remove its entry", found[0])

    def test_leftovers(self):
        for word in ("FIX" + "ME", "TO" + "DO", "X" * 3):
            self.finds("leftovers", "kernel/geo/a.cpp", f"// {word}: later\n", word)
        self.passes("leftovers", {"kernel/geo/a.cpp": "// todo lists are fine in lower case\n"})

    def test_machine_paths(self):
        self.finds("machine-paths", "kernel/geo/a.cpp", 'auto f = "' + "/ho" + 'me/li/x";\n', "one machine")
        self.passes("machine-paths", {"kernel/geo/a.cpp": 'auto f = "build/home/x"; // and/work/x\n'})

    def test_personal(self):
        self.finds("personal", "kernel/geo/a.json", '"1101' + '05194912310021"\n', "begin with 3801")
        self.finds("personal", "docs/a.md", "call 138" + "00138000\n", "1990000")
        self.passes("personal", {"a.json": '"380105194912310021" "19900001234" "123456789012345678" 1380013800012\n'})

    def test_headers(self):
        user = {"kernel/geo/a.cpp": '#include "kernel/geo/a.h"\n'}
        self.finds("headers", "kernel/geo/a.h", "// For.\nint F();\n", "#pragma once", **user)
        self.finds("headers", "kernel/geo/a.h", "#pragma once\nint F();\n", "contract", **user)
        self.finds("headers", "kernel/geo/a.h", HEADER + "using namespace std;\n", "using namespace", **user)
        self.finds("headers", "kernel/geo/a.h", HEADER, "no file includes")
        self.passes("headers", {"kernel/geo/a.h": HEADER, **user})

    def test_apps(self):
        good = {"apps/recall/README.md": "x", "apps/recall/manifest.json": MANIFEST,
                "apps/recall/CMakeLists.txt": "x", "apps/recall/tests/a.case.json": "{}",
                "apps/recall/ui/m.tsx": "x"}
        self.passes("apps", good)
        for path in good:
            found = run("apps", {key: text for key, text in good.items() if key != path})
            self.assertEqual(len(found), 1, found)
        for bad, word in (("{", "not JSON"), ("[]", '"id"'), (MANIFEST.replace("recall", "other"), '"id"'),
                          (MANIFEST.replace('"en"', '"de"'), '"title"'), (MANIFEST.replace("0.1.0", "new"), '"version"'),
                          (MANIFEST.replace('"reads": []', '"reads": [1]'), '"reads"'),
                          (MANIFEST.replace('"m"', '"x"'), '"doors"[0] needs'),
                          (MANIFEST.replace('"/recall"', '"recall"'), '"doors"[0] needs'),
                          (MANIFEST.replace("m.tsx", "n.tsx"), "there is no")):
            found = run("apps", {**good, "apps/recall/manifest.json": bad})
            self.assertEqual([word in line for line in found], [True], found)

    def test_systems(self):
        self.passes("systems", {"docs/systems.md": systems_table()})
        self.finds("systems", "docs/systems.md", systems_table(skip=("D18",)), "row D18 is missing")
        self.finds("systems", "docs/systems.md", systems_table(skip=("A1",)) + "| A1 | n | w | soon |\n", "state")
        self.finds("systems", "docs/systems.md", systems_table() + "| A1 | n | w | works |\n", "twice")
        self.assertEqual(len(run("systems", {})), 1)

    def test_third_party(self):
        debian = {"tools/deps/debian.txt": "# libraries\nlibnice-dev\ncmake\n"}
        ui = {"ui/package.json": '{"devDependencies": {"vite": "1"}}'}
        found = run("third-party", {"THIRD-PARTY.md": "nothing", **debian, **ui})
        self.assertEqual(len(found), 2, found)
        self.passes("third-party", {"THIRD-PARTY.md": "`libnice-dev` and `vite`", **debian, **ui})

    def test_every_rule_has_a_test(self):
        tested = "".join(name for name in dir(self) if name.startswith("test_"))
        for rule in tidy.RULES:
            self.assertIn(f"test_{rule.replace('-', '_')}", tested)


class CppText(unittest.TestCase):
    def test_blank_keeps_lines_and_hides_words(self):
        code = cpp_text.blank('a /* x\ny */ "b\\"c" R"(d\n)" \'"\' // e\n1\'000 f')
        self.assertEqual(code.count("\n"), 3)
        for hidden in "xybcde":
            self.assertNotIn(hidden, code)
        self.assertIn("f", code)

    def test_functions(self):
        text = ("namespace a {\nstruct S : public T {\n  S() : x_{1} {}\n  int Get() const { return x_; }\n};\n"
                "template <typename T>\nauto F(T t) -> int {\n  auto l = [&](int i) {\n    return i;\n  };\n"
                "  if (t) {\n  }\n  return l(1);\n}\nenum class E { kA };\nconst int kT[] = {1, 2};\n}  // namespace a\n")
        self.assertEqual([(name, lines) for name, _, lines in cpp_text.functions(text)],
                         [("S", 1), ("Get", 1), ("F", 9)])


if __name__ == "__main__":
    unittest.main()
