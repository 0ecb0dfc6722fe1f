"""printable: a text of a file or a user, as it may be shown on a terminal or in a log.

A name in a file can hold anything: an escape sequence that writes to the clipboard, a line break
that forges a line of output, a mark that turns the reading direction. Such characters are shown as
escapes, `\\x1b`, and never sent.
"""

from __future__ import annotations

import json
import shlex


def printable(text: str) -> str:
    r"""The text in one line, each character that cannot be printed as an escape: `\x1b`, `\u202e`.

    These are control characters, line breaks, characters without width, marks of the reading
    direction, spaces other than the ordinary one, and the bytes of a file name that is not UTF-8.
    A backslash stays as it is, so that a printable text is unchanged.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def printable_lines(text: str) -> str:
    """The text with each of its lines made printable; the line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))


def printable_json(text: str) -> str:
    r"""A text that is JSON, the same value, with `\u` escapes for what cannot be printed.

    JSON has no raw control character below 32 but line breaks between its values; they stay.
    """
    return "\n".join(
        "".join(c if c.isprintable() else _json_escape(c) for c in line)
        for line in text.split("\n")
    )


def _json_escape(character: str) -> str:
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def shell_words(*words: object) -> str:
    """A command line that can be copied into a POSIX shell and runs with exactly these words.

    A word with characters that cannot be printed is written as `$'...'`, which bash, zsh and ksh
    read.
    """
    return " ".join(map(_shell_word, map(str, words)))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_in_dollar_quotes, word)) + "'"


def _in_dollar_quotes(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a file name, as Python keeps it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
