"""--report, --trace and `rowmill report`: pages that a browser shows, figures that are those of
run.json, no row where it should not be."""

import html.parser
import json
import os
import pathlib
import shutil
import subprocess

import program
from program import DATA, USAGE, ProgramTest, read_report, review_rows


class Page(html.parser.HTMLParser):
    """The text of a page and its tags, which must be closed in order."""

    def __init__(self, content):
        super().__init__()
        self.text, self.tags, self.open = [], [], []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "rect", "circle", "br"):
            self.open.append(tag)
        elif tag in ("rect", "circle") and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.open[-3:])

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


class ReportTest(ProgramTest):
    def page(self, name):
        return Page(self.read(name).decode())

    def test_the_page_of_a_run(self):
        rows = review_rows(40)
        rows[3]["review"] = "<script>alert('row')</script> & so on"
        self.write_csv("in.csv", rows)
        self.run_job("sentiment", "in.csv", "--text", "review", "--gold", "sentiment", "-o",
                     "out.csv", "--units", "2", "--report", "page.html")
        page = self.page("page.html")
        self.assertEqual(page.open, [])
        text = "".join(page.text)
        report = read_report(self.path("out.csv"))
        self.assertIn("Where the time went", text)
        self.assertIn("Least sure answers", text)
        self.assertIn("unit 1", text)
        names = {tag for tag, _ in page.tags}
        self.assertTrue({"svg", "table", "rect"} <= names)
        self.assertFalse({"script", "img", "link", "iframe"} & names)
        self.assertNotIn("review", json.dumps(report["charts"]))
        self.assertEqual(sum(bin["rows"] for bin in report["charts"]["row_tokens"]),
                         report["rows"]["ok"])
        spec = json.loads(self.read("page.html.vl.json"))
        self.assertTrue(spec["$schema"].endswith("v5.json"))
        self.assertEqual(spec["datasets"]["row_seconds"], report["charts"]["row_seconds"])

    def test_redacted_rows_stay_redacted(self):
        self.write_jsonl("in.jsonl", [{"text": f"write to a{i}@example.org"} for i in range(5)])
        self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", "--redact", "all", "--report",
                     "page.html")
        text = self.read("page.html").decode()
        self.assertIn("write to &lt;EMAIL_ADDRESS&gt;", text)
        self.assertNotIn("@example.org", text)

    def test_failures_by_kind(self):
        self.write_jsonl("in.jsonl", [{"text": "a"}, {"text": ""}, {"text": None}, {"text": ""}])
        self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", "--report", "page.html")
        errors = read_report(self.path("out.jsonl"))["errors"]
        self.assertEqual([(kind["status"], kind["rows"]) for kind in errors],
                         [("invalid", 2), ("invalid", 1)])
        self.assertIn("Failures by kind", "".join(self.page("page.html").text))

    def test_runs_side_by_side(self):
        self.write_csv("in.csv", review_rows(20))
        for output, units in [("a.csv", "1"), ("b.csv", "2")]:
            self.run_job("sentiment", "in.csv", "--text", "review", "-o", output, "--units", units)
        run = self.run_program("report", "a.csv.run.json", "b.csv.run.json")
        text = run.stdout.decode()
        self.assertIn("rows per second", text)
        self.assertIn("units", text)
        self.run_program("report", "a.csv.run.json", "b.csv.run.json", "-o", "both.html")
        self.assertEqual(self.page("both.html").open, [])
        self.run_program("report", "a.csv.run.json", "-o", "one.html")
        self.assertIn("Where the time went", self.read("one.html").decode())

    def test_what_is_no_report(self):
        self.write("x.json", "{}")
        self.run_program("report", "x.json", "-o", "p.html", expect=DATA)
        self.run_program("report", "none.json", "-o", "p.html", expect=USAGE)
        self.write_jsonl("in.jsonl", [{"text": "a"}])
        self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", "--report", "out.jsonl",
                     expect=USAGE)
        self.assertEqual(self.names(), ["in.jsonl", "x.json"])

    def test_the_trace(self):
        self.write_csv("in.csv", review_rows(20))
        self.run_job("sentiment", "in.csv", "--text", "review", "-o", "out.csv", "--units", "2",
                     "--trace", "trace.json")
        events = json.loads(self.read("trace.json"))
        steps = [event for event in events if event["name"] == "step"]
        report = read_report(self.path("out.csv"))
        self.assertEqual({event["tid"] for event in steps} | {0, 1}, {0, 1})
        self.assertGreater(len(steps), 1)
        stages = [event["name"] for event in events if event.get("tid") == 9999
                  and event["ph"] == "X"]
        self.assertEqual(stages, ["plan", "inference", "write"])
        begun = [event["id"] for event in events if event["ph"] == "b"]
        self.assertEqual(len(begun), report["rows"]["computed"])

    def test_a_browser_shows_the_page(self):
        """With Chromium: nothing is cut off at a telephone's width, in light and in dark."""
        browser = shutil.which("chromium")
        if browser is None:
            self.skipTest("there is no Chromium here (Debian package chromium)")
        self.write_csv("in.csv", review_rows(40))
        self.run_job("sentiment", "in.csv", "--text", "review", "--gold", "sentiment", "-o",
                     "out.csv", "--units", "2", "--report", "page.html")
        folder = os.environ.get("ROWMILL_SCREENSHOTS")
        pictures = pathlib.Path(folder) if folder else self.folder
        for mode in ["light", "dark"]:
            for width in [1280, 390]:
                picture = pictures / f"{mode}-{width}.png"
                command = [browser, "--headless", "--no-sandbox", "--disable-gpu",
                           "--hide-scrollbars", f"--user-data-dir={self.path('profile')}",
                           f"--window-size={width},3600", f"--screenshot={picture}"]
                if mode == "dark":
                    command.append("--blink-settings=preferredColorScheme=0")
                command.append((self.folder / "page.html").as_uri())
                subprocess.run(command, check=True, capture_output=True, timeout=120)
                self.assertGreater(picture.stat().st_size, 20_000)
