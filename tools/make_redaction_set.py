"""Makes texts with labelled personal data, and with what only looks like it, to measure --redact.

    python3 tools/make_redaction_set.py --rows 20000 --seed 1 -o labelled.jsonl

Each line is {"text": ..., "planted": [[entity, value], ...], "decoys": [value, ...]}. Every value is
made at random and stands in one row only. The check digits are computed here, from the issuers'
descriptions, and share no code with the detectors. No value belongs to anybody that we know of.
"""

import argparse
import base64
import hashlib
import json
import random
import string

DIGITS = string.digits
UPPER = string.ascii_uppercase
ALNUM = string.ascii_letters + string.digits


class Maker:
    """Random values of each kind."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    # Building blocks.

    def choice(self, options):
        return self.random.choice(options)

    def digits(self, count, first=None):
        text = "".join(self.random.choice(DIGITS) for _ in range(count))
        return (self.random.choice(first) + text[1:]) if first else text

    def letters(self, count, alphabet=UPPER):
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def date(self, first=1940, last=2005):
        return (self.random.randint(first, last), self.random.randint(1, 12), self.random.randint(1, 28))

    def try_until(self, make):
        while True:
            value = make()
            if value is not None:
                return value

    def grouped(self, text, sizes, separator):
        parts, at = [], 0
        for size in sizes:
            parts.append(text[at:at + size])
            at += size
        if at < len(text):
            parts.append(text[at:])
        return separator.join(part for part in parts if part)

    # Addresses of the net.

    def word(self):
        syllables = ["ka", "lo", "mi", "ren", "tos", "vel", "dra", "shu", "pen", "gor", "al", "bi", "eck", "ova"]
        return "".join(self.choice(syllables) for _ in range(self.random.randint(2, 3)))

    def domain(self):
        name = self.word() + self.choice(["", "-" + self.word(), str(self.random.randint(1, 99))])
        return self.choice(["", "", "mail.", "dept.uni-"]) + name + self.choice(
            [".com", ".org", ".net", ".de", ".co.uk", ".io", ".example", ".museum", ".com.br"])

    def email(self):
        local = self.choice([
            lambda: f"{self.word()}.{self.word()}", lambda: f"{self.word()}{self.random.randint(1, 9999)}",
            lambda: f"{self.word()}+{self.word()}", lambda: f"{self.word()}_{self.word()}",
            lambda: f"{self.letters(1).lower()}.{self.word()}-{self.word()}", lambda: self.word().upper(),
            lambda: f"m{chr(252)}{self.word()}", lambda: f"o'{self.word()}"])()
        return f"{local}@{self.domain()}"

    def url_credentials(self):
        scheme = self.choice(["https", "postgres", "ftp", "amqp", "mongodb+srv", "redis"])
        user = self.choice([self.word(), "", self.word()]) or "svc"
        password = self.letters(self.random.randint(6, 14), ALNUM + "-_.!$")
        secret = f"{user}:{password}"
        return f"{scheme}://{secret}@{self.domain()}/{self.word()}", secret

    def ip(self):
        octets = lambda: ".".join(str(self.random.randint(1, 255)) for _ in range(4))
        groups = lambda: ":".join(f"{self.random.randint(0, 65535):x}" for _ in range(8))
        short = lambda: (f"2001:db8:{self.random.randint(1, 65535):x}::{self.random.randint(1, 65535):x}")
        link = lambda: f"fe80::{self.random.randint(1, 65535):x}:{self.random.randint(1, 65535):x}:1"
        return self.choice([octets, octets, octets, groups, short, link])()

    def mac(self):
        pairs = [f"{self.random.randint(0, 255):02x}" for _ in range(6)]
        if self.random.random() < 0.2:
            while not any(c in "abcdef" for c in "".join(pairs)):
                pairs[0] = f"{self.random.randint(0, 255):02x}"
            text = "".join(pairs)
            return f"{text[:4]}.{text[4:8]}.{text[8:]}"
        text = self.choice(":-").join(pairs)
        return text.upper() if self.random.random() < 0.5 else text

    # Money.

    def luhn_digit(self, digits):
        for check in DIGITS:
            total = 0
            for i, c in enumerate(reversed(digits + check)):
                value = int(c) * (2 if i % 2 else 1)
                total += value // 10 + value % 10
            if total % 10 == 0:
                return check
        raise AssertionError

    def card(self):
        prefix, size = self.choice([("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16),
                                    ("34", 15), ("37", 15), ("6011", 16), ("65", 16), ("3530", 16),
                                    ("36", 14), ("38", 14), ("62", 16), ("4", 13)])
        body = prefix + self.digits(size - 1 - len(prefix))
        number = body + self.luhn_digit(body)
        sizes = [4, 6, 5] if size == 15 else [4, 6, 4] if size == 14 else [4, 4, 4, 4]
        if size == 13:
            return number
        return self.choice([number, self.grouped(number, sizes, " "), self.grouped(number, sizes, "-")])

    IBANS = {"DE": "18n", "GB": "4a14n", "FR": "10n11c2n", "ES": "20n", "IT": "1a10n12c", "NL": "4a10n",
             "BE": "12n", "CH": "5n12c", "AT": "16n", "PL": "24n", "PT": "21n", "SE": "20n", "NO": "11n",
             "DK": "14n", "FI": "14n", "IE": "4a14n", "CZ": "20n", "GR": "7n16c", "HU": "24n", "RO": "4a16c",
             "BG": "4a6n8c", "HR": "17n", "SK": "20n", "SI": "15n", "LT": "16n", "LV": "4a13c", "EE": "16n",
             "LU": "3n13c", "MT": "4a5n18c", "CY": "8n16c", "TR": "5n1n16c", "SA": "2n18c", "AE": "19n",
             "IL": "19n", "BR": "23n1a1c", "UA": "6n19c", "GE": "2a16n", "KZ": "3n13c", "PK": "4a16c",
             "QA": "4a21c"}

    def iban(self):
        country = self.choice(sorted(self.IBANS))
        body, size = "", ""
        for c in self.IBANS[country]:
            if c.isdigit():
                size += c
                continue
            alphabet = {"n": DIGITS, "a": UPPER, "c": UPPER + DIGITS}[c]
            body += self.letters(int(size), alphabet)
            size = ""
        value = int("".join(str(int(c, 36)) for c in body + country + "00"))
        iban = f"{country}{98 - value % 97:02d}{body}"
        return self.choice([iban, self.grouped(iban, [4] * (len(iban) // 4), " ")])

    def crypto(self):
        payload = bytes([self.choice([0, 5])]) + self.random.randbytes(20)
        payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
        alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
        value, text = int.from_bytes(payload, "big"), ""
        while value:
            value, digit = divmod(value, 58)
            text = alphabet[digit] + text
        text = "1" * (len(payload) - len(payload.lstrip(b"\0"))) + text
        return self.choice([text, "0x" + self.random.randbytes(20).hex()])

    # Telephones.

    def phone(self):
        nanp = lambda: (f"{self.digits(1, '23456789')}{self.digits(2)}", f"{self.digits(1, '23456789')}{self.digits(2)}",
                        self.digits(4))

        def american():
            area, exchange, line = nanp()
            return self.choice([f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"{area}.{exchange}.{line}",
                                f"+1 {area} {exchange} {line}", f"+1-{area}-{exchange}-{line}", f"1-{area}-{exchange}-{line}",
                                f"+1{area}{exchange}{line}", f"({area}) {exchange}-{line} ext. {self.digits(3)}"])

        def british():
            return self.choice([f"+44 20 {self.digits(4, '378')} {self.digits(4)}", f"020 {self.digits(4, '378')} {self.digits(4)}",
                                f"07{self.digits(3)} {self.digits(6)}", f"+44 (0){self.digits(4, '1')} {self.digits(6)}",
                                f"07{self.digits(9)}", f"+447{self.digits(9)}", f"0044 20 7{self.digits(3)} {self.digits(4)}"])

        def german():
            return self.choice([f"+49 30 {self.digits(7, '123456789')}", f"030/{self.digits(7, '123456789')}",
                                f"(0{self.digits(2, '23456789')}) {self.digits(7, '123456789')}",
                                f"0151 {self.digits(8)}", f"+49 (0)89 {self.digits(6, '123456789')}-{self.digits(2)}"])

        def other():
            return self.choice([f"+33 {self.digits(1, '67')} " + " ".join(self.digits(2) for _ in range(4)),
                                f"0{self.digits(1, '1267')} " + " ".join(self.digits(2) for _ in range(4)),
                                f"+34 {self.digits(3, '69')} {self.digits(3)} {self.digits(3)}",
                                f"+351 9{self.digits(2)} {self.digits(3)} {self.digits(3)}",
                                f"+55 11 9{self.digits(4)}-{self.digits(4)}", f"+91 {self.digits(5, '6789')} {self.digits(5)}",
                                f"+81 90-{self.digits(4)}-{self.digits(4)}", f"+86 13{self.digits(1)} {self.digits(4)} {self.digits(4)}",
                                f"+61 4{self.digits(2)} {self.digits(3)} {self.digits(3)}", f"+7 9{self.digits(2)} {self.digits(3)}-{self.digits(2)}-{self.digits(2)}"])

        return self.choice([american, american, british, german, other, other])()

    # Numbers of people. Each gives (entity, value, words that stand before it).

    def national_id(self):
        return self.choice([
            self.us_ssn, self.us_itin, self.ca_sin, self.br_cpf, self.uk_nhs, self.uk_nino, self.es_nif,
            self.es_nie, self.fr_nir, self.de_tax_id, self.it_fiscal_code, self.nl_bsn, self.be_number,
            self.pl_pesel, self.fi_hetu, self.se_personnummer, self.no_number, self.pt_nif, self.in_aadhaar,
            self.in_pan, self.au_tfn, self.au_abn, self.sg_nric, self.kr_rrn, self.cn_id, self.za_id,
            self.tr_id, self.dk_cpr, self.mx_curp, self.au_medicare])()

    def us_ssn(self):
        def make():
            area, group, serial = self.digits(3, "012345678"), self.digits(2), self.digits(4)
            if area in ("000", "666") or group == "00" or serial == "0000":
                return None
            return self.choice([("US_SSN", f"{area}-{group}-{serial}", ["SSN", "my number is", "social security number"]),
                                ("US_SSN", f"{area} {group} {serial}", ["SSN:", "social security"]),
                                ("US_SSN", f"{area}{group}{serial}", ["SSN", "social security no."])])
        return self.try_until(make)

    def us_itin(self):
        group = self.choice([50, 58, 65, 70, 78, 88, 90, 92, 94, 99])
        return "US_ITIN", f"9{self.digits(2)}-{group}-{self.digits(4)}", ["ITIN", "taxpayer number", "he gave"]

    def ca_sin(self):
        body = self.digits(8, "1234567")
        number = body + self.luhn_digit(body)
        return "CA_SIN", self.choice([number, self.grouped(number, [3, 3, 3], " "), self.grouped(number, [3, 3, 3], "-")]), ["SIN", "social insurance number"]

    def br_cpf(self):
        def make():
            n = self.digits(9)
            for weights in (range(10, 1, -1), range(11, 1, -1)):
                rest = sum(int(d) * w for d, w in zip(n, weights)) % 11
                n += str(0 if rest < 2 else 11 - rest)
            return n if len(set(n)) > 1 else None
        n = self.try_until(make)
        return self.choice([("BR_CPF", f"{n[:3]}.{n[3:6]}.{n[6:9]}-{n[9:]}", ["CPF", "documento", "number"]), ("BR_CPF", n, ["CPF", "meu CPF é"])])

    def uk_nhs(self):
        def make():
            n = self.digits(9)
            check = 11 - sum(int(d) * w for d, w in zip(n, range(10, 1, -1))) % 11
            return None if check == 10 else n + str(check % 11)
        n = self.try_until(make)
        return "UK_NHS", self.choice([n, self.grouped(n, [3, 3, 4], " "), self.grouped(n, [3, 3, 4], "-")]), ["NHS number", "NHS no.", "patient"]

    def uk_nino(self):
        def make():
            prefix = self.letters(1, "ABCEGHJKLMNOPRSTWXYZ") + self.letters(1, "ABCEGHJKLMNPRSTWXYZ")
            return None if prefix in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ") else prefix
        n = self.try_until(make) + self.digits(6) + self.letters(1, "ABCD")
        return "UK_NINO", self.choice([n, self.grouped(n, [2, 2, 2, 2, 1], " ")]), ["NI number", "NINO", "quote"]

    def es_nif(self):
        n = self.digits(8)
        letter = "TRWAGMYFPDXBNJZSQVHLCKE"[int(n) % 23]
        return "ES_NIF", self.choice([n + letter, f"{n}-{letter}"]), ["DNI", "NIF", "con documento"]

    def es_nie(self):
        first, n = self.choice("XYZ"), self.digits(7)
        letter = "TRWAGMYFPDXBNJZSQVHLCKE"[int(str("XYZ".index(first)) + n) % 23]
        return "ES_NIE", self.choice([first + n + letter, f"{first}-{n}-{letter}"]), ["NIE", "tarjeta"]

    def fr_nir(self):
        year, month, _ = self.date()
        n = f"{self.choice('12')}{year % 100:02d}{month:02d}{self.random.randint(1, 95):02d}{self.random.randint(1, 900):03d}{self.random.randint(1, 900):03d}"
        key = f"{97 - int(n) % 97:02d}"
        return "FR_NIR", self.choice([n + key, self.grouped(n, [1, 2, 2, 2, 3, 3], " ") + " " + key]), ["NIR", "sécurité sociale", "numéro"]

    def de_tax_id(self):
        digits = list(DIGITS)
        self.random.shuffle(digits)
        body = digits[:9]
        body.insert(self.random.randint(0, 9), self.choice(body))
        if body[0] == "0":
            body[0], body[-1] = body[-1], body[0]
        if body[0] == "0" or len(set(body)) != 9:
            return self.de_tax_id()
        product = 10
        for d in body:
            total = (int(d) + product) % 10 or 10
            product = total * 2 % 11
        n = "".join(body) + str((11 - product) % 10)
        return "DE_TAX_ID", self.choice([n, self.grouped(n, [2, 3, 3, 3], " ")]), ["Steuer-ID", "IdNr.", "Identifikationsnummer"]

    def it_fiscal_code(self):
        year, _, day = self.date()
        consonants = "BCDFGLMNPRSTV"
        n = (self.letters(6, consonants) + f"{year % 100:02d}" + self.choice("ABCDEHLMPRST")
             + f"{day + self.choice([0, 40]):02d}" + self.letters(1, "ABCDEFGHIL") + self.digits(3))
        odd = dict(zip(DIGITS + UPPER, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21] + [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]))
        total = sum(odd[c] if i % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65) for i, c in enumerate(n))
        return "IT_FISCAL_CODE", n + UPPER[total % 26], ["codice fiscale", "CF", "nato"]

    def nl_bsn(self):
        def make():
            n = self.digits(8, "123456789")
            check = sum(int(d) * w for d, w in zip(n, range(9, 1, -1))) % 11
            return None if check == 10 else n + str(check)
        n = self.try_until(make)
        return "NL_BSN", n, ["BSN", "burgerservicenummer"]

    def be_number(self):
        year, month, day = self.date(1940, 1999)
        n = f"{year % 100:02d}{month:02d}{day:02d}{self.random.randint(1, 997):03d}"
        n += f"{97 - int(n) % 97:02d}"
        return self.choice([("BE_NATIONAL_NUMBER", f"{n[:2]}.{n[2:4]}.{n[4:6]}-{n[6:9]}.{n[9:]}", ["Rijksregisternummer", "number"]),
                            ("BE_NATIONAL_NUMBER", n, ["rijksregisternummer", "NISS"])])

    def pl_pesel(self):
        year, month, day = self.date(1940, 1999)
        n = f"{year % 100:02d}{month:02d}{day:02d}{self.digits(4)}"
        total = sum(int(d) * w for d, w in zip(n, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]))
        return "PL_PESEL", n + str((10 - total % 10) % 10), ["PESEL", "numer PESEL"]

    def fi_hetu(self):
        year, month, day = self.date()
        serial = f"{self.random.randint(2, 899):03d}"
        body = f"{day:02d}{month:02d}{year % 100:02d}"
        check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body + serial) % 31]
        return "FI_PERSONAL_IDENTITY_CODE", f"{body}{'A' if year >= 2000 else '-'}{serial}{check}", ["henkilötunnus", "HETU", "code"]

    def se_personnummer(self):
        year, month, day = self.date(1940, 1999)
        body = f"{year % 100:02d}{month:02d}{day:02d}{self.digits(3)}"
        n = body + self.luhn_digit(body)
        return self.choice([("SE_PERSONNUMMER", f"{n[:6]}-{n[6:]}", ["personnummer", "born"]), ("SE_PERSONNUMMER", f"19{n[:6]}-{n[6:]}", ["personnummer", "id"]),
                            ("SE_PERSONNUMMER", f"19{n}", ["personnummer"])])

    def no_number(self):
        def make():
            year, month, day = self.date(1940, 1999)
            n = f"{day:02d}{month:02d}{year % 100:02d}{self.digits(3)}"
            for weights in ([3, 7, 6, 1, 8, 9, 4, 5, 2], [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]):
                check = 11 - sum(int(d) * w for d, w in zip(n, weights)) % 11
                if check == 10:
                    return None
                n += str(check % 11)
            return n
        n = self.try_until(make)
        return "NO_FODSELSNUMMER", self.choice([n, f"{n[:6]} {n[6:]}"]), ["fødselsnummer", "fnr."]

    def pt_nif(self):
        n = self.digits(8, "12")
        check = 11 - sum(int(d) * w for d, w in zip(n, range(9, 1, -1))) % 11
        n += str(0 if check > 9 else check)
        return "PT_NIF", self.choice([n, self.grouped(n, [3, 3, 3], " ")]), ["NIF", "contribuinte"]

    def in_aadhaar(self):
        multiply = lambda a, b: ((a + b) % 5 if b < 5 else (a + b) % 5 + 5) if a < 5 else ((a - b) % 5 + 5 if b < 5 else (a - b) % 5)
        permute = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
        first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
        for _ in range(7):
            permute.append([first[v] for v in permute[-1]])
        body = self.digits(11, "23456789")
        for check in DIGITS:
            state = 0
            for i, c in enumerate(reversed(body + check)):
                state = multiply(state, permute[i % 8][int(c)])
            if state == 0:
                break
        n = body + check
        return self.choice([("IN_AADHAAR", self.grouped(n, [4, 4, 4], " "), ["Aadhaar", "number", "UIDAI"]), ("IN_AADHAAR", n, ["Aadhaar number", "aadhaar"])])

    def in_pan(self):
        return "IN_PAN", self.letters(3) + self.choice("ABCFGHLJPT") + self.letters(1) + self.digits(4, "123456789") + self.letters(1), ["PAN", "card"]

    def au_tfn(self):
        def make():
            n = self.digits(9, "123456789")
            return n if sum(int(d) * w for d, w in zip(n, [1, 4, 3, 7, 5, 8, 6, 9, 10])) % 11 == 0 else None
        n = self.try_until(make)
        return "AU_TFN", self.choice([n, self.grouped(n, [3, 3, 3], " ")]), ["TFN", "tax file number"]

    def au_abn(self):
        def make():
            n = self.digits(11, "123456789")
            shifted = str(int(n[0]) - 1) + n[1:]
            return n if sum(int(d) * w for d, w in zip(shifted, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19])) % 89 == 0 else None
        n = self.try_until(make)
        return self.choice([("AU_ABN", self.grouped(n, [2, 3, 3, 3], " "), ["ABN", "business"]), ("AU_ABN", n, ["ABN"])])

    def au_medicare(self):
        n = self.digits(8, "23456")
        n += str(sum(int(d) * w for d, w in zip(n, [1, 3, 7, 9, 1, 3, 7, 9])) % 10) + self.digits(1, "123456789")
        return "AU_MEDICARE", self.choice([n, self.grouped(n, [4, 5, 1], " ")]), ["Medicare", "Medicare card"]

    def sg_nric(self):
        first, n = self.choice("STFG"), self.digits(7)
        total = sum(int(d) * w for d, w in zip(n, [2, 7, 6, 5, 4, 3, 2])) + (4 if first in "TG" else 0)
        letter = ("JZIHGFEDCBA" if first in "ST" else "XWUTRQPNMLK")[total % 11]
        return "SG_NRIC_FIN", f"{first}{n}{letter}", ["NRIC", "FIN", "card"]

    def kr_rrn(self):
        year, month, day = self.date()
        return "KR_RRN", f"{year % 100:02d}{month:02d}{day:02d}-{self.digits(7, '1234')}", ["RRN", "resident registration", "number"]

    def cn_id(self):
        year, month, day = self.date()
        n = f"{self.digits(6, '123456')}{year}{month:02d}{day:02d}{self.digits(3)}"
        check = sum(int(d) * pow(2, 17 - i) for i, d in enumerate(n)) % 11
        return "CN_RESIDENT_ID", n + "10X98765432"[check], ["resident identity", "number", "ID"]

    def za_id(self):
        year, month, day = self.date(1940, 1999)
        body = f"{year % 100:02d}{month:02d}{day:02d}{self.digits(4)}{self.choice('01')}8"
        return "ZA_ID_NUMBER", body + self.luhn_digit(body), ["ID number", "South African ID"]

    def tr_id(self):
        n = self.digits(9, "123456789")
        n += str((sum(int(d) for d in n[::2]) * 7 - sum(int(d) for d in n[1::2])) % 10)
        n += str(sum(int(d) for d in n) % 10)
        return "TR_IDENTITY_NUMBER", n, ["TC kimlik no", "TCKN"]

    def dk_cpr(self):
        year, month, day = self.date()
        return "DK_CPR", f"{day:02d}{month:02d}{year % 100:02d}-{self.digits(4)}", ["CPR", "CPR-nummer"]

    def mx_curp(self):
        year, month, day = self.date(1940, 1999)
        n = (self.letters(4, "AEGLMOPRS") + f"{year % 100:02d}{month:02d}{day:02d}" + self.choice("HM")
             + self.choice(["DF", "JC", "NL", "OC", "YN"]) + self.letters(3, "BCDFGLMNPRSTV") + "0")
        alphabet = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
        total = sum(alphabet.index(c) * (18 - i) for i, c in enumerate(n))
        return "MX_CURP", n + str((10 - total % 10) % 10), ["CURP", "clave"]

    # Secrets: what stands around the value, and the value.

    def secret(self):
        token = lambda size, alphabet=ALNUM: "1" + self.letters(size - 1, alphabet)
        jwt = lambda: ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (
            b'{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": self.word(), "n": self.digits(6)}).encode(), self.random.randbytes(32)))
        pem = lambda: ("-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(self.random.randbytes(96)).decode()
                       + "-----END RSA PRIVATE KEY-----")
        return self.choice([
            lambda: ("{}", "AKIA" + token(16, UPPER + DIGITS)), lambda: ("{}", "ghp_" + token(36)),
            lambda: ("{}", f"xoxb-{self.digits(12)}-{self.digits(12)}-{token(24)}"), lambda: ("{}", "sk_live_" + token(24)),
            lambda: ("{}", "AIza" + token(35)), lambda: ("{}", "glpat-" + token(20)), lambda: ("{}", jwt()),
            lambda: ("\n{}\n", pem()), lambda: ("Authorization: Bearer {}", token(40)),
            lambda: ("password={}", token(10)), lambda: ('"api_key": "{}"', token(32)),
            lambda: ("the password: {}", token(9) + "!x"), lambda: ("client_secret = '{}'", token(24)),
            lambda: ("?access_token={}&page=2", token(32)), lambda: ("{}", "hf_" + token(34)),
            lambda: ("{}", "sk-proj-" + token(48)), lambda: ("{}", "npm_" + token(36))])()

    # What only looks like it.

    def decoy(self):
        bad_luhn = lambda: self.try_until(lambda: self.wrong_check(self.digits(15, "45")))
        return self.choice([
            lambda: ("request {}", str(__import__("uuid").UUID(bytes=self.random.randbytes(16), version=4))),
            lambda: ("commit {}", self.random.randbytes(20).hex()),
            lambda: ("sha256 {}", self.random.randbytes(32).hex()),
            lambda: ("order {}", self.digits(self.random.choice([6, 8, 10, 12]), "123456789")),
            lambda: ("Order no. {} arrived", f"{self.digits(3, '123')}-{self.digits(7)}-{self.digits(7)}"),
            lambda: ("invoice {}", f"INV-20{self.digits(2)}-{self.digits(6)}"),
            lambda: ("version {}", f"{self.random.randint(1, 9)}.{self.random.randint(0, 30)}.{self.random.randint(0, 30)}"),
            lambda: ("release v{}", f"{self.random.randint(1, 9)}.{self.random.randint(0, 30)}.{self.random.randint(0, 30)}.{self.random.randint(0, 99)}"),
            lambda: ("ISBN {}", f"978-{self.digits(1)}-{self.digits(3)}-{self.digits(5)}-{self.digits(1)}"),
            lambda: ("on {}", f"{self.random.randint(1990, 2030)}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 28):02d}"),
            lambda: ("on {}", f"{self.random.randint(1, 28):02d}.{self.random.randint(1, 12):02d}.{self.random.randint(1990, 2030)}"),
            lambda: ("at {}", f"{self.random.randint(0, 23):02d}:{self.random.randint(0, 59):02d}:{self.random.randint(0, 59):02d}"),
            lambda: ("near {}", f"{self.random.uniform(-89, 89):.5f}, {self.random.uniform(-179, 179):.5f}"),
            lambda: ("run {} on it", f"{self.word()}@{self.word()}"),
            lambda: ("the number {} fails", bad_luhn()),
            lambda: ("the number {} fails", self.grouped(bad_luhn(), [4, 4, 4, 4], " ")),
            lambda: ("total ${}", f"{self.random.randint(1, 999)},{self.digits(3)},{self.digits(3)}.{self.digits(2)}"),
            lambda: ("call {}() first", f"{self.word()}::{self.word()}"),
            lambda: ("git clone git@{}", f"{self.word()}.org:{self.word()}/{self.word()}.git"),
            lambda: ("npm install {}", f"{self.word()}@{self.random.randint(1, 9)}.{self.random.randint(0, 9)}.{self.random.randint(0, 9)}"),
            lambda: ("see {}", f"https://{self.domain()}/{self.word()}?page={self.random.randint(1, 99)}"),
            lambda: ("parcel {}", f"1Z{self.letters(6, UPPER + DIGITS)}{self.digits(10)}"),
            lambda: ("tracking {}", self.digits(self.random.choice([11, 12, 14, 20]), "123456789")),
            lambda: ("part {}", f"{self.letters(2)}-{self.digits(5)}-{self.letters(1)}"),
            lambda: ("IBAN {} is wrong", self.wrong_iban()),
            lambda: ("timestamp {}", str(self.random.randint(1_500_000_000, 1_800_000_000))),
            lambda: ("ticket #{}", self.digits(7, "123456789")),
            lambda: ("a size of {} px", f"{self.digits(4, '12')}x{self.digits(4, '12')}"),
            lambda: ("rows {}", f"{self.digits(4, '123')}-{self.digits(4, '456')}"),
            lambda: ("colour {}", f"#{self.random.randbytes(3).hex()}"),
            lambda: ("model {}", f"{self.letters(2)}{self.digits(4)}-{self.digits(3)}"),
            lambda: ("icon {}", f"{self.word()}@2x.png"),
            lambda: ("the password: {} change it", self.choice(["please", "never", "forgotten,", "soon"]) + " " + self.word()),
            lambda: ("pi is {}", f"3.{self.digits(12)}"),
            lambda: ("serial {}", self.digits(9, "123456789"))])()

    def wrong_check(self, body):
        digit = self.choice(DIGITS)
        return None if digit == self.luhn_digit(body) else body + digit

    def wrong_iban(self):
        iban = self.iban()
        return iban[:2] + f"{(int(iban[2:4]) + self.random.randint(1, 60)) % 97 + 2:02d}" + iban[4:] if iban[2:4] != "97" else self.wrong_iban()


BEFORE = {
    "EMAIL_ADDRESS": ["write to {}", "{} has not answered", "my address ({}) is new", "mailto:{}", "E-Mail: {};", "From: <{}>",
                      "Schreib an {}.", "contact {}, please", "email={}"],
    "PHONE_NUMBER": ["call {}", "my phone: {}", "Tel. {}", "reach me at {} after five", "{} is my mobile", "Telefon {}", "fax {},", "ring {}."],
    "CREDIT_CARD": ["card {}", "I paid with {} yesterday", "Visa {}, exp 04/27", "charge {}."],
    "IBAN_CODE": ["IBAN {}", "transfer to {} today", "mein Konto {}", "account: {}."],
    "IP_ADDRESS": ["from {}", "host {} is down", "logged in at [{}]", "ping {},"],
    "MAC_ADDRESS": ["the MAC {}", "device {} left", "({})"],
    "CRYPTO": ["send it to {}", "wallet {}", "BTC: {}."],
}

FILL = ["The delivery came too late", "I have been a customer for years", "Nobody told me about it", "Thank you for the quick help",
        "Ich warte seit zwei Wochen", "Le colis est arriv\u00e9 ouvert", "El pedido lleg\u00f3 roto", "it worked after the third try",
        "The shop was closed on Monday", "we are four people", "it cost 25 euros", "Please look into this", "\u8fd9\u4e2a\u5f88\u597d",
        "Room 12 was cold", "The manual has 300 pages"]


def make_row(maker):
    parts, planted, decoys = [maker.choice(FILL)], [], []
    for _ in range(maker.random.randint(0, 3)):
        if maker.random.random() < 0.45:
            frame, value = maker.decoy()
            parts.append(frame.format(value))
            decoys.append(value)
        else:
            kind = maker.choice(["EMAIL_ADDRESS", "PHONE_NUMBER", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS",
                                 "MAC_ADDRESS", "CRYPTO", "URL_CREDENTIALS", "SECRET", "ID", "ID", "ID", "ID"])
            if kind == "ID":
                kind, value, words = maker.national_id()
                parts.append(maker.choice(["{} {}", "{}: {}", "{} {}."]).format(maker.choice(words), value))
            elif kind == "URL_CREDENTIALS":
                url, value = maker.url_credentials()
                parts.append(f"see {url}")
            elif kind == "SECRET":
                frame, value = maker.secret()
                parts.append(frame.format(value))
            else:
                value = getattr(maker, {"EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "IBAN_CODE": "iban",
                                        "IP_ADDRESS": "ip", "MAC_ADDRESS": "mac", "CRYPTO": "crypto"}[kind])()
                parts.append(maker.choice(BEFORE[kind]).format(value))
            planted.append([kind, value])
        parts.append(maker.choice(FILL))
    text = maker.choice([". ", ", ", "\n", "; "]).join(parts)
    return {"text": text, "planted": planted, "decoys": decoys}


def score(rows, found):
    """Of planted values and of finds ([[kind, value], ...], each once): by entity [planted, found],
    what was missed, what was found and was nothing."""
    by_kind, missed, false = {}, [], []
    places = {}
    for kind, value in found:
        places.setdefault(kind, []).append(value)
    joined = {kind: "\0".join(values) for kind, values in places.items()}
    values = [value for row in rows for _, value in row["planted"]]
    everything = "\0".join(values)
    for row in rows:
        for kind, value in row["planted"]:
            counts = by_kind.setdefault(kind, [0, 0])
            counts[0] += 1
            if value in joined.get(kind, ""):
                counts[1] += 1
            else:
                missed.append([kind, value, row["text"]])
    for kind, value in found:
        if value not in everything and not any(planted in value for planted in values):
            false.append([kind, value])
    return by_kind, missed, false


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    maker = Maker(options.seed)
    with open(options.output, "w", encoding="utf-8") as file:
        for _ in range(options.rows):
            file.write(json.dumps(make_row(maker), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
