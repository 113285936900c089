"""What the operating system may refuse: room, rights, descriptors, a folder. The exit code says so,
finished rows are kept, and the same command goes on when the fault is mended."""

import os
import resource
import subprocess
import unittest

import program
from program import IO, OK, ProgramTest, RESOURCE, USAGE, read_jsonl


class FaultsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write_jsonl("in.jsonl", [{"text": f"row {i} " + "of words " * (i % 9)}
                                      for i in range(300)])
        self.job = self.job_of("in.jsonl", max_tokens=20)

    def job_of(self, source, max_tokens):
        return ["generate", source, "--prompt", "{{text}}", "--max-tokens", str(max_tokens), "-m",
                program.tiny_model()]

    def check_end(self, output):
        self.run_program(*self.job, "-o", "whole.jsonl", "--overwrite")
        self.assertEqual(self.read(output), self.read("whole.jsonl"))


class FullDiskTest(FaultsTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root may mount a small file system")
        os.mkdir(self.path("small"))
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs",
                                self.path("small")], capture_output=True, check=False)
        if mount.returncode != 0:
            self.skipTest("this machine lets nobody mount a small file system")
        self.addCleanup(subprocess.run, ["umount", self.path("small")], check=False)

    def resize(self, kibibytes):
        subprocess.run(["mount", "-o", f"remount,size={kibibytes}k", self.path("small")],
                       check=True)

    def test_a_full_disk_is_named_and_the_job_goes_on_when_there_is_room(self):
        codes = []
        for kibibytes in [16, 32, 64, 96, 128, 160, 256, 1024]:
            self.resize(kibibytes)
            run = self.run_program(*self.job, "-o", "small/out.jsonl", expect=None)
            codes.append(run.returncode)
            if run.returncode == OK:
                break
            self.assertEqual(run.returncode, IO, run.stderr)
            self.assertIn("No space left on device", run.stderr)
            self.assertIn("make room", run.stderr)
            self.assertNotIn("out.jsonl", os.listdir(self.path("small")))
        self.assertEqual(codes[-1], OK)
        self.assertGreater(len(codes), 2, "the disk was never full")
        self.check_end("small/out.jsonl")


class RightsTest(FaultsTest):
    def run_as_nobody(self, *arguments):
        os.chmod(self.folder, 0o755)
        program_path = os.path.realpath(program.BINARY)
        return subprocess.run([program_path, *arguments], cwd=self.folder, capture_output=True,
                              check=False, user=65534, group=65534,
                              env=program.clean_environment(HOME="/nonexistent"))

    def test_a_folder_that_may_not_be_written(self):
        os.mkdir(self.path("locked"))
        os.chmod(self.path("locked"), 0o555)
        if os.geteuid() == 0:
            if not os.access(os.path.dirname(os.path.realpath(program.BINARY)), os.X_OK):
                self.skipTest("nobody else may run the program here")
            os.chmod(os.path.dirname(program.tiny_model()), 0o755)
            run = self.run_as_nobody(*self.job, "-o", "locked/out.jsonl")
            if run.returncode == 126 or b"Permission denied" in run.stderr and not run.stdout and \
                    b"locked" not in run.stderr:
                self.skipTest("nobody else may run the program here")
        else:
            run = self.run_program(*self.job, "-o", "locked/out.jsonl", expect=None)
        self.assertEqual(run.returncode, IO, run.stderr)
        self.assertIn("locked", str(run.stderr))


class LimitsTest(FaultsTest):
    def run_limited(self, limit, value, output, expect):
        """With a resource limit, as `ulimit` sets it."""
        process = self.start(*self.job, "-o", output,
                             preexec_fn=lambda: resource.setrlimit(limit, (value, value)))
        message = process.communicate(timeout=60)[1].decode()
        self.assertIn(process.returncode, expect, message)
        return process.returncode, message

    def test_a_limit_on_the_size_of_files(self):
        code, message = self.run_limited(resource.RLIMIT_FSIZE, 8192, "out.jsonl", [IO])
        self.assertIn("limit on the size of files", message)
        self.run_program(*self.job, "-o", "out.jsonl")
        self.check_end("out.jsonl")

    def test_few_descriptors(self):
        for number in [4, 6, 8, 10, 12, 14, 16, 20]:
            code, message = self.run_limited(resource.RLIMIT_NOFILE, number,
                                             f"out-{number}.jsonl", [OK, IO, RESOURCE, 3])
            if code != OK:
                self.assertTrue(message.startswith("rowmill: "), message)
                self.run_program(*self.job, "-o", f"out-{number}.jsonl")
            self.check_end(f"out-{number}.jsonl")

    def test_little_address_space(self):
        for mebibytes in [24, 32, 48, 64, 96, 128]:
            code, message = self.run_limited(resource.RLIMIT_AS, mebibytes << 20,
                                             f"out-{mebibytes}.jsonl",
                                             [OK, IO, RESOURCE, 127, 3])
            self.assertNotIn("internal error", message)
            self.assertNotIn("terminate called", message)

    def test_closed_standard_streams(self):
        for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"]:
            with self.subTest(closed=closed):
                command = " ".join(f"'{word}'" for word in
                                   [program.BINARY, *self.job, "-o", "out.jsonl", "--overwrite"])
                run = subprocess.run(["bash", "-c", f"{command} {closed}"], cwd=self.folder,
                                     capture_output=True, check=False,
                                     env=program.clean_environment())
                self.assertEqual(run.returncode, OK, run.stderr)
                self.assertEqual(len(read_jsonl(self.path("out.jsonl"))), 300)
                self.check_end("out.jsonl")

    def test_standard_error_that_nobody_can_read(self):
        with open("/dev/full", "wb") as full:
            process = self.start(*self.job, "-o", "out.jsonl", stderr=full,
                                 env=program.clean_environment(ROWMILL_PROGRESS="json"))
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, OK)
        self.check_end("out.jsonl")

    def test_standard_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            process = self.start("doctor", stdout=full)
            message = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, IO, message)
        with open("/dev/full", "wb") as full:
            process = self.start(*self.job, stdout=full)
            message = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, IO, message)
        self.assertIn("standard output", message)


class InputFaultsTest(FaultsTest):
    def test_inputs_that_are_not_there_or_no_files(self):
        os.mkdir(self.path("folder.jsonl"))
        for name, words in [("no.jsonl", "no.jsonl"), ("folder.jsonl", "folder"),
                            ("/proc/self/mem", "--format")]:
            with self.subTest(name=name):
                run = self.run_job("sentiment", name, "-o", "out.jsonl", expect=USAGE)
                self.assertIn(words, run.stderr)
                self.assertNotIn("out.jsonl.rowmill", self.names())

    def test_a_pipe_by_name(self):
        os.mkfifo(self.path("pipe.jsonl"))
        process = self.start(*self.job_of("pipe.jsonl", max_tokens=20), "-o", "out.jsonl")
        with open(self.path("pipe.jsonl"), "wb") as pipe:
            pipe.write(self.read("in.jsonl"))
        message = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, OK, message)
        self.check_end("out.jsonl")

    def test_a_folder_that_vanishes(self):
        os.mkdir(self.path("gone"))
        process = self.start(*self.job_of("in.jsonl", max_tokens=200), "-o", "gone/out.jsonl")
        journal = self.folder / "gone" / "out.jsonl.rowmill" / "journal"
        while not journal.exists():
            self.assertIsNone(process.poll())
        subprocess.run(["rm", "-rf", self.path("gone")], check=True)
        message = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, IO, message)


if __name__ == "__main__":
    unittest.main()
