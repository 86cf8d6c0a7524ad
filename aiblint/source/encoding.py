"""Bytes to text: which encoding a file is in, and what is wrong where it is not that."""

from __future__ import annotations

import codecs
import re

# The UTF-32 mark begins with the UTF-16 one, so it is asked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of a file without its byte order mark, and what is wrong with its encoding (None when nothing is).

    A mark decides; without one, UTF-16 gives itself away by a NUL beside the first character (JSON begins with ASCII:
    RFC 4627, section 3), and everything else is UTF-8 (RFC 8259, section 8.1). Bytes that mean nothing become U+FFFD;
    the second item then names the first of them: offset in the file counted from 0, line counted from 1.
    """
    mark, codec, name = next((known for known in _MARKS if data.startswith(known[0])), (b"", "utf-8", "UTF-8"))
    if not mark and len(data) >= 4:
        nul = [byte == 0 for byte in data[:4]]
        if nul == [False, True, False, True]:
            codec, name = "utf-16-le", "UTF-16"
        elif nul == [True, False, True, False]:
            codec, name = "utf-16-be", "UTF-16"
    body = data[len(mark) :]
    try:
        return body.decode(codec), None
    except UnicodeDecodeError as error:
        text = body.decode(codec, errors="replace")
        line = 1 + len(re.findall(r"\r\n|\n|\r", body[: error.start].decode(codec)))
        offset = len(mark) + error.start
        if name == "UTF-8":
            return text, f"byte 0x{body[error.start]:02X} at offset {offset} (line {line}) is not {name}"
        return text, f"the bytes at offset {offset} (line {line}) are not {name}"
