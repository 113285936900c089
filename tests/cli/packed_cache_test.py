"""Packed weights that are kept from one start to the next: the same bytes with and without."""

import unittest

import program
from program import ProgramTest


class PackedCacheTest(ProgramTest):
    def run_with(self, choice):
        done = self.run_program(
            "sentiment", program.REVIEWS, "--text", "review", "--limit", 20, "--model",
            program.tiny_model("--type", "q4_1"), "--packed-cache", choice, env={"HOME": str(self.folder)})
        return done.stdout

    def test_kept_weights_give_the_same_bytes(self):
        packed = self.folder / ".cache" / "rowmill" / "packed"
        without = self.run_with("off")
        self.assertFalse(packed.exists())
        self.assertEqual(self.run_with("auto"), without)
        self.assertFalse(packed.exists(), "a tiny model is not worth keeping")
        self.assertEqual(self.run_with("on"), without)
        (kept,) = packed.iterdir()
        whole = kept.read_bytes()
        self.assertEqual(self.run_with("on"), without)
        self.assertEqual(kept.read_bytes(), whole)

        # A byte has turned: not used, and written anew.
        kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertEqual(self.run_with("on"), without)
        self.assertEqual(kept.read_bytes(), whole)

    def test_a_cache_that_cannot_be_written_is_no_error(self):
        self.write(".cache", "not a folder")
        self.run_with("on")


if __name__ == "__main__":
    unittest.main()
