from small_tree import SmallTreeTest

import check_docs


class CheckDocsTest(SmallTreeTest):
    def setUp(self):
        super().setUp()
        self.write("src/engine/journal.h", "// The journal.\n")
        self.write("src/cli/job_flags.cc",
                   'AddFlag(app, "-o,--output", output, "see --limit");\n'
                   'app.add_option("-m,--model", *model, "a model");\n'
                   'const char* path = getenv("ROWMILL_FOLDER");\n')
        self.write("scripts/test.sh", "case $1 in --quick) ;; esac\n")
        self.write("docs/cli.md", "`-o, --output`, `-m, --model`\n")

    def check(self, text):
        self.write("README.md", text)
        return self.texts(check_docs.check)

    def test_knows_what_there_is(self):
        self.assertEqual(self.check(
            "`src/engine/journal.h`, `engine/journal`, `engine/`, `src/engine/*.h`,\n"
            "`docs/cli.md`, `cli.md`, [the flags](docs/cli.md#output),\n"
            "[elsewhere](https://example.org/x.md),\n"
            "`rowmill --model a.gguf`, `scripts/test.sh --quick`, `--help`, ROWMILL_OUTPUT,\n"
            "ROWMILL_FOLDER, `ROWMILL_*`\n"
            "    cmake --preset dev\n"), [])

    def test_leaves_other_names_alone(self):
        self.assertEqual(self.check("`reviews.csv`, `application/json`, `i/n`, `hf:user/repo`, "
                                    "`OUTPUT.rowmill/`, `1/0`, a -- b, x--y, `build/release`\n"),
                         [])

    def test_finds_paths_that_are_not_there(self):
        for name in ["src/engine/journal.cc", "engine/gone", "src/data/*.h", "scripts/gone.sh",
                     "docs/gone.md", "GONE.md"]:
            with self.subTest(name):
                self.assertEqual(self.check(f"\nsee `{name}`\n"),
                                 [f"README.md:2: there is no '{name}'"])

    def test_finds_links_that_lead_nowhere(self):
        self.assertIn("leads nowhere", self.check("[text](docs/gone.md)\n")[0])

    def test_finds_flags_that_do_not_exist(self):
        self.assertEqual(self.check("\n`rowmill --modle x`\n"),
                         ["README.md:2: there is no flag --modle"])

    def test_finds_variables_that_do_not_exist(self):
        self.assertEqual(self.check("ROWMILL_MODLE\n"),
                         ["README.md:1: there is no variable ROWMILL_MODLE"])

    def test_finds_flags_that_are_not_described(self):
        self.write("docs/cli.md", "`-o, --output`\n")
        self.assertEqual(self.check(""), ["docs/cli.md: does not describe --model"])
