#!/usr/bin/env python3
"""Tests of the small scripts behind ./tk: the sum of the tests, the suites, the new app."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import new_app  # noqa: E402
import official_codes  # noqa: E402
import suites  # noqa: E402
import suites_xml  # noqa: E402
import tidy  # noqa: E402

JUNIT = """<testsuite><testcase name="a" time="0.5" status="run"/>{more}</testsuite>"""
FAILED = """<testcase name="b" status="fail"><failure message="no"/></testcase>"""
SKIPPED = """<testcase name="c" status="notrun"><skipped message="corpus not here"/></testcase>"""


class Suites(unittest.TestCase):
    def test_results_are_read_and_added_up(self):
        results, absent = [], []
        for line, read in (("search 31/33, failing: a=b, c; patient-everything", True), ("FHIRPath R4 937/937", True),
                           ("validator not here: /nowhere/x.zst", True), ("  date=2010: 3, not 4", False),
                           ("loaded 3 of 4/5 files", False)):
            self.assertEqual(suites.read_line(line, results, absent), read, line)
        self.assertEqual(results, [("search", 31, 33, "a=b, c; patient-everything"), ("FHIRPath R4", 937, 937, "")])
        self.assertEqual(absent, [("validator", "/nowhere/x.zst")])
        text = suites.summary(results, absent, ["x.py printed no result (it ended with 3)"])
        for part in ("failing: a=b, c", "not run: its data are not here (/nowhere/x.zst)", "BROKEN: x.py", "968/970"):
            self.assertIn(part, text)

    def test_a_suite_without_its_data_says_so(self):
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run([sys.executable, "-B", os.path.join(HERE, "suites.py"), "search"], capture_output=True,
                                  text=True, check=False, env={**os.environ, "TK_SHARED": empty})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("not run: its data are not here", done.stdout)


class FhirXml(unittest.TestCase):
    """By definitions of its own: one resource and the types that it needs."""

    TYPES = {"Patient": ("resource", "id:string active:boolean name*:HumanName contact*:BackboneElement text:Narrative "
                         "contained*:Resource deceased[x]:boolean,dateTime size:decimal extension*:Extension", "contact: name:HumanName"),
             "HumanName": ("complex-type", "family:string given*:string", ""),
             "Narrative": ("complex-type", "status:code div:xhtml", ""), "Element": ("complex-type", "extension*:Extension", ""),
             "Extension": ("complex-type", "value[x]:string,decimal", ""), "string": ("primitive-type", "", ""),
             "boolean": ("primitive-type", "", ""), "dateTime": ("primitive-type", "", ""), "code": ("primitive-type", "", ""),
             "decimal": ("primitive-type", "", ""), "xhtml": ("primitive-type", "", "")}

    def converted(self, xml):
        with tempfile.TemporaryDirectory() as folder:
            for name, (kind, own, below) in self.TYPES.items():
                elements = [{"path": name}]
                for owner, text in ((name, own), (f"{name}.{below.split(':', 1)[0]}", below.partition(": ")[2])):
                    for part in text.split():
                        element, codes = part.split(":")
                        elements.append({"path": f"{owner}.{element.rstrip('*')}", "max": "*" if element.endswith("*") else "1",
                                         "type": [{"code": code} for code in codes.split(",")]})
                with open(os.path.join(folder, f"StructureDefinition-{name}.json"), "w", encoding="utf-8") as out:
                    json.dump({"url": suites_xml.TYPE_URL + name, "type": name, "kind": kind, "snapshot": {"element": elements}}, out)
            with open(os.path.join(folder, "x.xml"), "w", encoding="utf-8") as out:
                out.write(xml)
            suites_xml.main(folder, folder)
            path = os.path.join(folder, "x.xml.json")
            if not os.path.exists(path):
                return None
            with open(path, encoding="utf-8") as made:
                return made.read()

    def test_lists_numbers_booleans_and_what_stands_beside_them(self):
        patient = '<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir">%s</Patient>'
        for xml, members in (
                ('<id value="a"/><active value="true"/><size value="1.50"/>', '"id":"a","active":true,"size":1.50'),
                ('<name><given value="a"/><given><extension url="u"><valueDecimal value="-2"/></extension></given></name>',
                 '"name":[{"given":["a",null],"_given":[null,{"extension":[{"url":"u","valueDecimal":-2}]}]}]'),
                ('<active id="x"/>', '"_active":{"id":"x"}'), ('<deceasedDateTime value="2020"/>', '"deceasedDateTime":"2020"'),
                ('<contact><name><family value="f"/></name></contact>', '"contact":[{"name":{"family":"f"}}]'),
                ('<contained><Patient><id value="c"/></Patient></contained>',
                 '"contained":[{"resourceType":"Patient","id":"c"}]'),
                ('<text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">a<b>c</b></div></text>',
                 '"text":{"status":"empty","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">a<b>c</b></div>"}'),
                # What is wrong stays wrong.
                ('<active value="yes"/><size value="01"/><bad value="1"/>', '"active":"yes","size":"01","bad":"1"'),
                ('<active/><name/><id value="a"/><id value="b"/>', '"active":"","name":[{}],"id":["a","b"]'),
                ('<active><value value="1"/></active>', '"_active":{"value":"1"}'),
                ('<active value="true" x="1"/>text', '"#text":"text","active":true,"_active":{"x":"1"}')):
            self.assertEqual(self.converted(patient % xml), '{"resourceType":"Patient",' + members + "}", xml)

    def test_what_is_no_resource_is_left(self):
        for xml in ("<Patient", '<Patient xmlns="http://x"/>', '<HumanName xmlns="http://hl7.org/fhir"/>'):
            self.assertIsNone(self.converted(xml), xml)


class JunitSum(unittest.TestCase):
    def test_closing_lines_count_too(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "browser.txt")
            for text, code, last in (("x\nbrowser tests: 3 passed, 0 failed, 1 skipped\n", 0, "3 passed, 0 failed"),
                                     ("browser tests: 3 passed, 2 failed, 0 skipped\n", 1, "3 passed, 2 failed"),
                                     ("it broke\n", 1, "0 passed, 1 failed")):
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
                done = subprocess.run([sys.executable, os.path.join(HERE, "junit_sum.py"), path],
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout.strip().split("\n")[-1]), (code, last))

    def test_what_failed_in_a_browser_is_named_with_its_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "browser.txt")
            with open(path, "w", encoding="utf-8") as out:
                out.write("failed the first time: late: not there\nfailed the first time: lost: gone\n"
                          "failed test: lost: gone\nbrowser tests: 3 passed, 1 failed, 0 skipped\n")
            done = subprocess.run([sys.executable, os.path.join(HERE, "junit_sum.py"), path],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("failed: browser tests, failed 1  lost: gone\n", done.stdout)
            self.assertIn("failed the first time: late: not there\n", done.stdout)

    def sum(self, *texts, broken=0):
        """Runs junit_sum.py over files of these texts (None: no file); gives its exit code and output lines."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, text in enumerate(texts):
                paths.append(os.path.join(folder, f"{number}.xml"))
                if text is not None:
                    with open(paths[-1], "w", encoding="utf-8") as out:
                        out.write(text)
            report = os.path.join(folder, "report.md")
            done = subprocess.run([sys.executable, os.path.join(HERE, "junit_sum.py"), "--broken", str(broken),
                                   "--report", report, *paths], capture_output=True, text=True, check=False)
            self.assertTrue(os.path.exists(report))
            return done.returncode, done.stdout.strip().split("\n")

    def test_all_pass(self):
        code, lines = self.sum(JUNIT.format(more=""), JUNIT.format(more=""))
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed"))

    def test_skipped_are_named_and_counted_apart(self):
        code, lines = self.sum(JUNIT.format(more=SKIPPED))
        self.assertEqual((code, lines[-2:]), (0, ["1 skipped", "1 passed, 0 failed"]))
        self.assertIn("skipped: c  corpus not here", lines)

    def test_failures_fail(self):
        code, lines = self.sum(JUNIT.format(more=FAILED), broken=1)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_colours_in_a_failure_do_not_hide_it(self):
        code, lines = self.sum('<?xml version="1.0" encoding="utf-8"?>\n' + JUNIT.format(more=FAILED.replace("no", "\x1b[2mno")))
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_a_runner_that_dies_is_a_failure(self):
        self.assertEqual(self.sum(JUNIT.format(more=""), broken=1)[0], 1)
        self.assertEqual(self.sum(JUNIT.format(more=""), None)[0], 1)
        self.assertEqual(self.sum(JUNIT.format(more=""), "<testsuite/>")[0], 1)
        self.assertEqual(self.sum("<broken")[0], 1)


class OfficialCodes(unittest.TestCase):
    def test_what_places_and_names_codes_is_kept_and_their_definitions_are_not(self):
        code = {"code": "b", "display": "B", "designation": [{"language": "nl", "value": "Bee"}], "property": [{"code": "parent", "valueCode": "a"}, {"code": "weight", "valueInteger": 1}]}
        system = {"resourceType": "CodeSystem", "url": "http://s", "version": "1", "content": "complete", "text": {"div": "x"},
                  "concept": [{"code": "a", "definition": "A", "concept": [code]}]}
        fields = official_codes.line(system).split("\t")
        self.assertEqual(fields[:3], ["CodeSystem", "http://s", "1"])
        kept = {"code": "b", "display": "B", "designation": [{"value": "Bee"}], "property": [{"code": "parent", "valueCode": "a"}]}
        self.assertEqual(json.loads(fields[3]), {"resourceType": "CodeSystem", "url": "http://s", "version": "1", "content": "complete",
                                                 "concept": [{"code": "a", "concept": [kept]}]})
        value_set = {"resourceType": "ValueSet", "url": "http://v", "expansion": {}, "compose": {
            "include": [{"system": "http://s", "concept": [{"code": "a", "display": "A"}]}], "exclude": [{"valueSet": ["http://w"]}]}}
        self.assertEqual(json.loads(official_codes.line(value_set).split("\t")[3])["compose"],
                         {"include": [{"system": "http://s", "concept": [{"code": "a"}]}], "exclude": [{"valueSet": ["http://w"]}]})
        with self.assertRaisesRegex(ValueError, "tab or line break"):
            official_codes.line({"resourceType": "ValueSet", "url": "http://a\tb"})


class NewApp(unittest.TestCase):
    def test_passes_the_checks(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("layers.toml", "tools/deps/debian.txt"):
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(HERE, "..", name), encoding="utf-8") as src, \
                        open(os.path.join(root, name), "w", encoding="utf-8") as out:
                    out.write(src.read())
            new_app.make(os.path.join(root, "apps/home-nursing"), "home-nursing", True)
            rules = [rule for rule in tidy.RULES if rule not in ("systems", "third-party")]
            self.assertEqual(list(tidy.findings(tidy.Tree(root), rules)), [])

    def test_outside_the_source_it_is_data_alone(self):
        with tempfile.TemporaryDirectory() as root:
            files = new_app.make(os.path.join(root, "home-nursing"), "home-nursing", False)
            self.assertEqual({name.rsplit(".", 1)[1] for name in files}, {"json", "md"})

    def test_refuses_bad_and_taken_names(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("", "Screening", "a_b", "../x", "a--b", "9a", "x" * 41):
                with self.assertRaises(ValueError):
                    new_app.make(os.path.join(root, name), name, True)
            new_app.make(os.path.join(root, "recall"), "recall", True)
            with self.assertRaisesRegex(ValueError, "exists already"):
                new_app.make(os.path.join(root, "recall"), "recall", True)


class Package(unittest.TestCase):
    """What the Debian package lays into /usr/share/doc/tongkang, by cmake/Package.cmake."""

    def test_pages_lead_to_pages_that_are_there(self):
        root = os.path.dirname(HERE)
        with open(os.path.join(root, "cmake/Package.cmake"), encoding="utf-8") as file:
            text = file.read()
        placed = {}  # where it lies → of which file of the source
        for files, place in re.findall(r"install\(FILES ([^)]*?) DESTINATION share/doc/tongkang(/\S*)?\)", text):
            for name in files.split():
                placed[os.path.normpath(f"./{place}/{os.path.basename(name)}")] = name
        for folders, place in re.findall(r"install\(DIRECTORY (docs[^)]*?) DESTINATION share/doc/tongkang(/\S*)", text):
            for folder in folders.split():
                for name in os.listdir(os.path.join(root, folder)):
                    placed[os.path.normpath(f"./{place}/{os.path.basename(folder)}/{name}")] = f"{folder}/{name}"
        for name in ("README.md", "copyright", "docs/api.md", "docs/flow/log.md"):
            self.assertIn(name, placed)
        for page, source in placed.items():
            if not page.endswith(".md"):
                continue
            with open(os.path.join(root, source), encoding="utf-8") as file:
                links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read())
            for link in links:
                target = os.path.normpath(os.path.join(os.path.dirname(page), link))
                # Other pages may name the source itself and its reports; the first page says so.
                if link.startswith("http") or (page != "README.md" and (not link.endswith(".md") or "reports/" in link)):
                    continue
                self.assertIn(target, placed, f"{source} leads to {link}")


if __name__ == "__main__":
    unittest.main()
