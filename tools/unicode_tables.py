#!/usr/bin/env python3
"""Writes src/pipeline/text/unicode_tables.inc: classes of characters, lower case, and what is left of accented letters, from Python's Unicode database."""
import sys
import unicodedata

CLASSES = {"kLetters": lambda c: c[0] == "L", "kNumbers": lambda c: c[0] == "N", "kPunctuation": lambda c: c[0] == "P", "kMarks": lambda c: c == "Mn",
           "kOthers": lambda c: c[0] == "C"}
CODES = [c for c in range(sys.maxunicode + 1)]


def ranges(belongs):
    out = []
    for code in CODES:
        if not belongs(unicodedata.category(chr(code))):
            continue
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def without_marks(code):
    return [ord(c) for c in unicodedata.normalize("NFD", chr(code)) if unicodedata.category(c) != "Mn"]


def table(kind, name, rows):
    print(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        text = " {" + ", ".join(f"0x{n:x}" for n in row) + "},"
        if len(line + text) > 170:
            print(line)
            line = "   "
        line += text
    print(line + "\n};")


print(f"// Written by tools/unicode_tables.py from Unicode {unicodedata.unidata_version}.")
for name, belongs in CLASSES.items():
    table("Range", name, ranges(belongs))
table("Mapping", "kLower", [(c, ord(chr(c).lower())) for c in CODES if len(chr(c).lower()) == 1 and chr(c).lower() != chr(c)])
hangul = range(0xac00, 0xd7a4)
bases = [(c, without_marks(c)) for c in CODES if c not in hangul and unicodedata.category(chr(c)) not in ("Mn", "Cs")]
table("Base", "kBases", [(c, *(b + [0])[:2]) for c, b in bases if b != [c] and 1 <= len(b) <= 2])
