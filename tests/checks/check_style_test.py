from small_tree import SmallTreeTest

import check_style
from source_tree import code_of

HEADER = "// What it is.\n#pragma once\n"


class CheckStyleTest(SmallTreeTest):
    def check(self, path, text):
        self.write(path, text)
        return self.texts(check_style.check)

    def check_code(self, text):
        return self.check("src/base/x.h", HEADER + text)

    def test_measures_files(self):
        self.write("src/base/long.cc", "\n" * 401)
        findings, notes = check_style.check(self.tree())
        self.assertEqual(findings, [])
        self.assertEqual(notes, ["src/base/long.cc has 401 lines: is there a seam?"])
        self.assertIn("701 lines", self.check("src/base/long.cc", "\n" * 701)[0])
        self.assertIn("701 lines", self.check("tools/long.py", "\n" * 701)[-1])

    def test_finds_open_ends(self):
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X"]:
            with self.subTest(word):
                self.assertEqual(self.check("scripts/a.sh", f"\n# {word}(me): later\n"),
                                 [f"scripts/a.sh:2: {word}: no open ends"])

    def test_finds_headers_without_an_introduction(self):
        self.assertIn("begins with a comment", self.check("src/base/x.h", "#pragma once\n")[0])
        self.assertIn("pragma once", self.check("src/base/x.h", "// What it is.\n")[0])

    def test_finds_names_that_say_nothing(self):
        for code in ["class KernelManager {};", "int helper_count;", "namespace utils {}",
                     "void StringUtil();"]:
            with self.subTest(code):
                self.assertIn("says nothing", self.check_code(code + "\n")[0])
        (self.root / "src/base/x.h").unlink()
        self.assertIn("'text_utils.cc'", self.check("src/base/text_utils.cc", "")[0])

    def test_leaves_names_alone_that_contain_such_words(self):
        self.assertEqual(self.check_code("#include <utility>\n// no helper here\n"
                                         'double utilisation; const char* x = "manager";\n'), [])

    def test_finds_boolean_modes(self):
        for code in ["void Open(const Path& path, bool is_new = false);",
                     "void Open(Path path, bool is_new);\nvoid G() { Open(path, true); }",
                     "void Open(bool is_new, int n) {}\nvoid G() { Open(false, 1); }"]:
            with self.subTest(code):
                self.assertIn("bool is_new of Open", self.check_code(code + "\n")[0])

    def test_leaves_other_booleans_alone(self):
        self.assertEqual(self.check_code(
            "void SetVisible(bool visible);\n"
            "void Add(Name name, bool is_right);\nvoid G() { Add(name, a == b); }\n"
            "struct S { bool is_new = false; };\n"
            "bool IsNew(int a, int b);\n"
            "std::function<bool(int, int)> less;\n"
            "void H() { if (bool ok = true) Use(1, true); }\n"), [])
        notes = check_style.check(self.tree())[1]
        self.assertEqual(notes, ["src/base/x.h:4: bool is_right of Add"])

    def test_finds_regular_expressions(self):
        self.assertEqual(len(self.check_code("#include <regex>\nstd::regex word;\n")), 2)

    def test_finds_functions_of_the_c_library(self):
        self.assertIn("std::exp", self.check_code("double y = std::exp(x);\n")[0])
        self.assertIn("std::powf", self.check_code("float y = std::powf(x, 2);\n")[0])
        self.assertEqual(self.check_code("double y = std::sqrt(std::fma(x, x, 1));\n"), [])
        self.write("src/base/x.h", HEADER)
        self.assertEqual(self.check("src/metrics/eta.cc", "double y = std::log(x);\n"), [])


class CodeOfTest(SmallTreeTest):
    def test_takes_comments_and_literals_out_and_keeps_lines(self):
        text = ('int a; // "no" code\n'
                '/* none\n either */ int b;\n'
                "char c = '\"'; const char* d = \"\\\"// x\"; int e = 1'000'000;\n"
                'auto f = R"x(\n// "x\n)x"; int g;\n')
        code = code_of(text)
        self.assertEqual(code.count("\n"), text.count("\n"))
        for gone in ["no", "none", "either", "x\n"]:
            self.assertNotIn(gone, code)
        for kept in ["int a;", "int b;", "char c", "const char* d", "1'000'000", "auto f", "int g"]:
            self.assertIn(kept, code)
