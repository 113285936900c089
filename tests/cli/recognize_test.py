"""recognize: rows that are pictures. A tiny random model answers nonsense, but it depends on every pixel; the
real one is compared with the reference's answers where it is there."""

import json
import os
import pathlib
import shutil
import signal
import time
import unittest

import program
from program import PROJECT, USAGE, ProgramTest, read_csv, read_jsonl, read_report, sha256

TINY = PROJECT / "tests" / "data" / "image_models" / "efficientnet-lite"
PICTURES = PROJECT / "tests" / "data" / "images"
NAMES = "alder birch cedar durian elm fir gum".split()


def model_folder():
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    return pathlib.Path(os.environ.get("ROWMILL_MODELS") or default) / "efficientnet-lite0"


class RecognizeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        shutil.copytree(PICTURES, self.folder / "photos")
        (self.folder / "photos" / "goldens.json").unlink()

    def recognize(self, *arguments, model=TINY, **options):
        return self.run_program("recognize", *arguments, "-m", model, "--progress", "none", **options)

    def test_a_pattern_a_folder_names_and_a_list_give_the_same_rows(self):
        self.recognize("photos/*.png", "-o", "pattern.jsonl")
        rows = read_jsonl(self.path("pattern.jsonl"))
        self.assertEqual([row["path"] for row in rows], sorted(str(p.relative_to(self.folder)) for p in
                                                               (self.folder / "photos").glob("*.png")))
        for row in rows:
            self.assertEqual(list(row), ["path", "label", "probability", "top", "status", "error"])
            self.assertEqual((row["status"], row["error"]), ("ok", ""))
            self.assertEqual(len(row["top"]), 5)
            self.assertEqual(row["top"][0], {"label": row["label"], "probability": row["probability"]})
            chances = [entry["probability"] for entry in row["top"]]
            self.assertEqual(chances, sorted(chances, reverse=True))
            self.assertTrue({entry["label"] for entry in row["top"]} < set(NAMES))
        paths = [row["path"] for row in rows]
        self.recognize(*paths, "-o", "names.jsonl")
        listed = self.recognize("-", stdin="".join(path + "\n" for path in paths).encode()).stdout
        self.assertEqual(self.read("names.jsonl"), self.read("pattern.jsonl"))
        self.assertEqual(listed, self.read("pattern.jsonl"))
        for path in (self.folder / "photos").iterdir():
            if path.suffix != ".png":
                path.unlink()
        self.recognize("photos", "-o", "folder.jsonl")
        self.assertEqual(self.read("folder.jsonl"), self.read("pattern.jsonl"))

    def test_a_data_file_with_a_column_of_paths(self):
        os.makedirs(self.folder / "photos" / "lists")
        self.write_csv("photos/lists/some.csv", [
            {"id": 1, "file": "../rgb.png", "what": "fir"}, {"id": 2, "file": "../none.png", "what": "fir"},
            {"id": 3, "file": "", "what": "1"}, {"id": 4, "file": str(self.folder / "photos" / "grey.png"),
                                                 "what": "gum"}])
        self.recognize("photos/lists/some.csv", "--path", "file", "--gold", "what", "-o", "out.csv")
        rows = read_csv(self.path("out.csv"))
        self.assertEqual([row["id"] for row in rows], ["1", "2", "3", "4"])
        self.assertEqual([row["status"] for row in rows], ["ok", "error", "invalid", "ok"])
        self.assertEqual(rows[1]["error"], "there is no such file")
        self.assertEqual(rows[2]["error"], "column 'file' is empty")
        gold = read_report(self.path("out.csv"))["gold"]
        self.assertEqual(gold["rows"], 4)
        self.assertLessEqual(gold["accuracy"], gold["top-5"])

    def test_hostile_files_are_rows_with_errors(self):
        photos = self.folder / "photos"
        jpeg = (photos / "baseline.jpg").read_bytes()
        (photos / "a_cut.jpg").write_bytes(jpeg[:len(jpeg) // 2])
        (photos / "b_empty.jpg").write_bytes(b"")
        (photos / "c_text.jpg").write_bytes(b"<html>404</html>")
        # A header of 65,500 x 65,500 pixels over the data of a small picture.
        frame = jpeg.index(b"\xff\xc0")
        (photos / "d_bomb.jpg").write_bytes(jpeg[:frame + 5] + b"\xff\xdc\xff\xdc" + jpeg[frame + 9:])
        (photos / "e_folder.jpg").mkdir()
        (photos / "f_link.jpg").symlink_to("nowhere")
        (photos / "g_\udcff.jpg").write_bytes(jpeg)
        run = self.recognize("photos/[a-g]_*.jpg", "photos/baseline.jpg", "-o", "out.jsonl")
        rows = {row["path"][7:]: row for row in read_jsonl(self.path("out.jsonl"))}
        errors = {name: row["error"] for name, row in rows.items()}
        self.assertEqual(errors["b_empty.jpg"], "the file is empty")
        self.assertEqual(errors["c_text.jpg"], "the file is no JPEG, PNG or WebP picture")
        self.assertEqual(errors["d_bomb.jpg"], "the picture is 65500 x 65500 pixels, more than the limit of 100000000")
        self.assertEqual(errors["e_folder.jpg"], "the file is a folder")
        self.assertEqual(errors["f_link.jpg"], "the file cannot be read")
        self.assertRegex(errors["a_cut.jpg"], "^the JPEG is broken: ")
        self.assertEqual(errors["g_\ufffd.jpg"], "there is no such file")
        self.assertEqual(rows["baseline.jpg"]["status"], "ok")
        self.assertNotIn("cut.jpg", run.stderr, "errors do not quote rows")
        self.assertEqual(read_report(self.path("out.jsonl"))["rows"]["error"], 7)

    def test_files_of_one_content_run_once_and_turned_ones_do_not(self):
        for i in range(5):
            shutil.copy(PICTURES / "rgb.png", self.folder / "photos" / f"copy{i}.png")
        self.recognize("photos/rgb.png", "photos/copy*.png", "photos/turned.png", "-o", "out.jsonl")
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["rows"]["duplicates"], 5)
        self.assertEqual(report["tokens"]["unit"], "images")
        self.assertEqual((report["tokens"]["computed"], report["tokens"]["saved_by_deduplication"]), (2, 5))
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual(len({json.dumps(row["top"]) for row in rows[:6]}), 1)
        self.assertNotEqual(rows[0]["top"], rows[6]["top"], "the same pixels, turned by EXIF")

    def test_the_same_bytes_for_any_units_split_and_instruction_set(self):
        sets = [line.split()[0] for line in self.run_program("doctor").stdout.decode().splitlines()
                if " chosen " in line or " available " in line]
        self.assertIn("scalar", sets)
        hashes = set()
        jobs = [("--units", units, "--split", split) for units in (1, 2, 3)
                for split in ("equal", "length", "stealing")]
        jobs += [("--isa", isa) for isa in sets]
        jobs += [("--units", 1, "--threads-per-unit", 3), ("--max-rows", 1), ("--dedupe", "off")]
        for i, job in enumerate(jobs):
            self.recognize("photos", *job, "-o", f"{i}.jsonl")
            hashes.add(sha256(self.path(f"{i}.jsonl")))
        self.assertEqual(len(hashes), 1)

    def test_shards_are_joined_and_rows_verified(self):
        self.recognize("photos", "-o", "whole.jsonl")
        for i in range(3):
            self.recognize("photos", "--shard", f"{i}/3", "-o", f"part{i}.jsonl")
        self.run_program("merge", "part0.jsonl", "part1.jsonl", "part2.jsonl", "-o", "merged.jsonl")
        self.assertEqual(self.read("merged.jsonl"), self.read("whole.jsonl"))
        verified = self.run_program("verify", "recognize", "photos", "-m", TINY, "-o", "whole.jsonl",
                                    "--sample", "9", "--progress", "none").stdout.decode()
        self.assertIn("9 of", verified)

    def test_failed_files_run_again_when_they_are_mended(self):
        broken = self.folder / "photos" / "alpha.png"
        good = broken.read_bytes()
        self.recognize("photos", "-o", "good.jsonl")
        broken.write_bytes(good[:90])
        self.recognize("photos", "-o", "out.jsonl")
        self.assertNotEqual(self.read("out.jsonl"), self.read("good.jsonl"))
        broken.write_bytes(good)
        self.recognize("photos", "-o", "out.jsonl", "--only", "failed")
        self.assertEqual(self.read("out.jsonl"), self.read("good.jsonl"))

    def test_a_killed_job_goes_on_and_sees_changed_files(self):
        pictures = [path.read_bytes() for path in sorted((self.folder / "photos").iterdir())]
        shutil.rmtree(self.folder / "photos")
        os.makedirs(self.folder / "photos")
        for i in range(600):  # all different: what follows a PNG's or a JPEG's end is not looked at
            (self.folder / "photos" / f"{i:04}.png").write_bytes(pictures[i % len(pictures)] + str(i).encode())
        self.recognize("photos", "-o", "whole.jsonl")
        job = ("photos", "-o", "out.jsonl", "--units", "1", "--isa", "scalar")
        journal = self.folder / "out.jsonl.rowmill" / "journal"
        for round_number in range(3):
            process = self.start("recognize", *job, "-m", TINY, "--progress", "none")
            size = journal.stat().st_size if journal.exists() else 0
            while process.poll() is None:
                if journal.exists() and journal.stat().st_size > size + 4000:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.001)
            process.communicate()
        if journal.exists():  # a fast machine may have finished
            extra = self.folder / "photos" / "new.png"
            extra.write_bytes(pictures[0])
            refused = self.recognize(*job, expect=USAGE)
            self.assertIn("input.files", refused.stderr)
            extra.unlink()
        self.recognize(*job)
        self.assertEqual(self.read("out.jsonl"), self.read("whole.jsonl"))

    def test_plan_counts_pictures(self):
        shutil.copy(PICTURES / "rgb.png", self.folder / "photos" / "again.png")
        plan = self.run_program("plan", "recognize", "photos", "-m", TINY, "--progress", "none").stdout.decode()
        count = len(list((self.folder / "photos").iterdir()))
        self.assertRegex(plan, rf"rows +{count}\n")
        self.assertRegex(plan, rf"images +{count}\n")
        self.assertRegex(plan, rf"to compute +{count - 1}\n")
        self.assertNotIn("tokens to compute", plan)

    def test_names_of_classes(self):
        self.write("names.txt", "".join(f"class {i % 5}\n" for i in range(7)))
        self.recognize("photos/rgb.png", "--labels-file", "names.txt", "--top", "7", "-o", "out.jsonl")
        row = read_jsonl(self.path("out.jsonl"))[0]
        self.assertEqual(sorted(entry["label"] for entry in row["top"]), sorted(f"class {i % 5}" for i in range(7)))
        self.assertAlmostEqual(sum(entry["probability"] for entry in row["top"]), 1.0, places=12)
        self.write("few.txt", "a\nb\n")
        refused = self.recognize("photos/rgb.png", "--labels-file", "few.txt", expect=USAGE)
        self.assertIn("2 lines, but the model has 7 classes", refused.stderr)

    def test_what_does_not_fit_is_said(self):
        self.assertIn("no file matches", self.recognize("photos/*.gif", expect=USAGE).stderr)
        self.assertIn("one data file", self.recognize("a.png", "b.png", "--path", "x", expect=USAGE).stderr)
        self.write("some.csv", "file\nrgb.png\n")
        self.assertIn("--path", self.recognize("some.csv", expect=USAGE).stderr)
        reads_text = self.run_program("generate", "some.csv", "--prompt", "{{file}}", "-m", TINY, expect=USAGE)
        self.assertIn("reads pictures", reads_text.stderr)
        model = program.tiny_model()
        self.assertIn("model of pictures", self.recognize("photos", model=model, expect=USAGE).stderr)

    def test_vectors_of_pictures(self):
        folder = PROJECT / "tests" / "data" / "image_models"
        for kind in ("efficientnet-lite", "dinov2"):
            outputs = set()
            for i, options in enumerate([["--units", "1"], ["--units", "3", "--max-rows", "2"], ["--isa", "scalar"]]):
                self.run_program("embed", "photos/*.png", "photos/baseline.jpg", "-m", folder / kind, "-o",
                                 f"{kind}{i}.jsonl", "--progress", "none", *options)
                outputs.add(self.read(f"{kind}{i}.jsonl"))
            self.assertEqual(len(outputs), 1)
            rows = read_jsonl(self.path(f"{kind}0.jsonl"))
            self.assertEqual(list(rows[0]), ["path", "embedding", "status", "error"])
            self.assertEqual(len({len(row["embedding"]) for row in rows}), 1)
            for row in rows:
                self.assertAlmostEqual(sum(x * x for x in row["embedding"]), 1.0, places=5)
            self.assertEqual(len({str(row["embedding"]) for row in rows if "rgb" in row["path"]}), 1)
            self.assertGreater(len({str(row["embedding"]) for row in rows}), 1)
        self.write("some.csv", "file\nphotos/rgb.png\nnone.png\n")
        self.run_program("embed", "some.csv", "--path", "file", "-m", TINY, "-o", "out.jsonl", "--progress", "none")
        listed = read_jsonl(self.path("out.jsonl"))
        first = {row["path"]: row for row in read_jsonl(self.path("efficientnet-lite0.jsonl"))}
        self.assertEqual(listed[0]["embedding"], first["photos/rgb.png"]["embedding"])
        self.assertEqual((listed[1]["status"], listed[1]["embedding"]), ("error", None))
        encoder = PROJECT / "tests" / "data" / "encoders" / "bert"
        for arguments, words in [(["photos/rgb.png", "-m", TINY, "--prompt", "{{path}}"], "--prompt is about text"),
                                 (["photos/rgb.png", "-m", encoder], "a model of pictures"),
                                 (["some.csv", "--text", "file", "-m", TINY], "reads pictures")]:
            self.assertIn(words, self.run_program("embed", *arguments, expect=USAGE).stderr)

    def test_a_list_of_no_use_is_invalid_rows(self):
        out = self.recognize("-", stdin=b"photos/rgb.png\n\nnone.png\n").stdout.decode().splitlines()
        self.assertEqual([json.loads(line)["status"] for line in out], ["ok", "invalid", "error"])


@unittest.skipUnless(model_folder().exists(), "no efficientnet-lite0 weights")
@unittest.skipUnless((program.shared_folder() / "data" / "imagenet").exists(), "no pictures of ImageNet")
class RealPicturesTest(ProgramTest):
    def test_the_references_answers(self):
        data = program.shared_folder() / "data" / "imagenet"
        self.run_program("recognize", data / "labels.tsv", "--path", "file", "--gold", "class_index",
                         "-m", "efficientnet-lite0", "-o", "out.jsonl", "--progress", "none")
        rows = {row["file"]: row for row in read_jsonl(self.path("out.jsonl"))}
        goldens = [json.loads(line) for line in
                   (program.shared_folder() / "goldens" / "image_effnet_lite0.jsonl").read_text().splitlines()]
        self.assertEqual(len(goldens), 50)
        config = json.loads((model_folder() / "config.json").read_text())
        names = config.get("id2label", {str(i): str(i) for i in range(1000)})  # folders made before there were names
        same_top1 = same_top5 = 0
        for golden in goldens:
            top = [entry["label"] for entry in rows[golden["file"]]["top"]]
            expected = [names[str(number)] for number in golden["top5"]]
            same_top1 += top[0] == expected[0]
            same_top5 += sorted(top) == sorted(expected)
            for entry, probability in zip(rows[golden["file"]]["top"], golden["prob"]):
                self.assertAlmostEqual(entry["probability"], probability, delta=2e-3)
        gold = read_report(self.path("out.jsonl"))["gold"]
        print(f"efficientnet-lite0: {same_top1} of 50 top-1 and {same_top5} of 50 top-5 as the reference, "
              f"accuracy {gold['accuracy']:.2f}, top-5 {gold['top-5']:.2f}")
        self.assertGreaterEqual(same_top1, 49)
        self.assertGreaterEqual(same_top5, 49)
        self.assertEqual((round(gold["accuracy"], 2), round(gold["top-5"], 2)), (0.86, 0.98))


if __name__ == "__main__":
    unittest.main()
