from small_tree import SmallTreeTest

import check_layers

TABLE = """
| room | may include | what it is |
| --- | --- | --- |
| `base` | | the ground |
| `kernels` | `base` | arithmetic |
| `engine` | `base`, `kernels` | the job |
| `cli` | `base`, `engine` | what prints |
"""


class CheckLayersTest(SmallTreeTest):
    def setUp(self):
        super().setUp()
        self.write("docs/architecture.md", TABLE)

    def check(self, path, text):
        self.write(path, text)
        return self.texts(check_layers.check)

    def test_reads_a_table(self):
        self.assertEqual(check_layers.read_table(TABLE),
                         {"base": set(), "kernels": {"base"}, "engine": {"base", "kernels"},
                          "cli": {"base", "engine"}})

    def test_refuses_tables_that_say_nothing(self):
        for name, table in {
                "no table": "# Rooms\n",
                "unknown room": TABLE + "| `tasks` | `text` | |\n",
                "two rows": TABLE + "| `base` | | |\n",
                "no name": TABLE + "| base | | |\n",
                "circle": TABLE.replace("| `base` | |", "| `base` | `engine` |")}.items():
            with self.subTest(name), self.assertRaises(check_layers.TableError):
                check_layers.read_table(table)

    def test_allows_what_the_table_allows(self):
        self.assertEqual(self.check("src/engine/job.cc",
                                    '#include "engine/job.h"\n#include <vector>\n'
                                    '#include "kernels/kernels.h"\n'), [])

    def test_finds_an_include_upwards(self):
        self.assertEqual(self.check("src/base/error.h", '// x\n#include "engine/job.h"\n'),
                         ["src/base/error.h:2: base/ may not include engine/ "
                          "(docs/architecture.md)"])

    def test_finds_an_include_that_skips_the_table(self):
        self.assertIn("cli/ may not include kernels/",
                      self.check("src/cli/main.cc", '  #  include   "kernels/kernels.h"\n')[0])

    def test_finds_includes_without_a_room(self):
        for target in ["error.h", "../base/error.h", "elsewhere/error.h"]:
            with self.subTest(target):
                self.assertIn("full path", self.check("src/base/a.cc", f'#include "{target}"\n')[0])

    def test_finds_a_room_without_a_row(self):
        self.assertIn("no row", self.check("src/media/audio.cc", "")[0])

    def test_finds_support_for_tests_in_the_program(self):
        text = '#include "base/testing/faults.h"\n'
        self.assertIn("for tests alone", self.check("src/engine/job.cc", text)[0])
        self.assertEqual(self.check("src/base/testing/faults.cc", text)[1:], [])

    def test_finds_what_prints(self):
        for statement in ["std::cout << 1;", 'fmt::print("x");', 'printf("x");',
                          'fmt::print(stderr, "x");', 'std::fputs("x", stderr);']:
            with self.subTest(statement):
                self.assertEqual(self.check("src/engine/job.cc", f"void F() {{ {statement} }}\n"),
                                 ["src/engine/job.cc:1: only cli/ prints"])

    def test_knows_what_does_not_print(self):
        text = ("// std::cout is for cli/\n"
                "int n = std::snprintf(buffer, size, format);\n"
                'const char* text = "printf(1)";\n'
                "PrintSummary(report);\n")
        self.assertEqual(self.check("src/engine/job.cc", text), [])
        self.assertEqual(self.check("src/cli/main.cc", 'fmt::print("x");\n'), [])

    def test_finds_threads_outside_of_the_engine(self):
        for text in ["std::thread thread(Run);", "std::jthread{Run};", "std::async(Run);",
                     "std::vector<std::thread> threads;"]:
            with self.subTest(text):
                self.assertIn("starts threads", self.check("src/cli/main.cc", text)[0])
        self.write("src/cli/main.cc", "std::this_thread::yield();")
        self.assertEqual(self.check("src/engine/job.cc", "std::thread thread(Run);"), [])

    def test_finds_the_standard_library_in_an_instruction_set(self):
        for text in ["#include <vector>\n", "#include <algorithm>\n", '#include "base/check.h"\n']:
            with self.subTest(text):
                self.assertIn("instruction set", self.check("src/kernels/avx2/gemm.cc", text)[0])
        self.write("src/kernels/avx2/gemm.cc",
                   '#include <immintrin.h>\n#include <cstddef>\n#include "kernels/kernels.h"\n')
        self.assertEqual(self.check("src/kernels/scalar/gemm.cc", "#include <cmath>\n"), [])

    def test_finds_a_link_that_the_table_does_not_allow(self):
        self.write("CMakeLists.txt", "rowmill_room(kernels LINK rowmill_base)\n"
                                     "rowmill_room(base LINK rowmill_engine)\n")
        self.assertEqual(self.texts(check_layers.check),
                         ["CMakeLists.txt:2: base/ links engine/, which it may not include"])
