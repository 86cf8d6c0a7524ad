"""Comments that silence findings, and what is said of those that do nothing."""

from __future__ import annotations

import pytest

from aiblint.finding import Finding, Related
from aiblint.source.document import Document
from aiblint.source.reader import read_text
from aiblint.suppression import MOST_COMPLAINTS, Complaint, apply
from tests.reports import check, finding, place

INSTALL = check("AIB401", "interactive-install")
CURL = check("AIB402", "silent-curl-failure", "warning")
SAS = check("AIB601", "sas-in-template")
CHECKS = (INSTALL, CURL, SAS)


def found(document: Document) -> list[Finding]:
    """AIB401 at each `apt`, AIB402 at each `curl`, AIB601 at each `sig`."""
    return [
        finding(place(document, word, number), word, made_by=made_by)
        for word, made_by in (("apt", INSTALL), ("curl", CURL), ("sig", SAS))
        for number in range(1, document.text.count(word) + 1)
    ]


def silenced(text: str, selected: tuple[object, ...] = CHECKS) -> tuple[str, list[str]]:
    """The words whose findings stay, in order, and the complaints with the words they mark."""
    document = read_text("a.json", text)
    findings = found(document)
    kept, count, complaints = apply(document, findings, selected, CHECKS)  # type: ignore[arg-type]
    assert count == len(findings) - len(kept)
    words = " ".join(one.message for one in sorted(kept, key=lambda one: one.span.start))
    return words, [f"{text[c.span.start : c.span.end]}: {c.message}" for c in complaints]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        # at the end of a line: that line, nothing else
        ('{"a": ["apt", "curl"], // aiblint: ignore[AIB401] reason\n "b": "apt"}', "curl apt"),
        ('{"a": ["apt", "curl"], // aiblint: ignore[AIB401, AIB402] reason\n "b": "apt"}', "apt"),
        ('{"a": ["apt", "curl"], // aiblint:ignore[AIB401 silent-curl-failure]\n "b": "apt"}', "apt"),
        ('{"a": ["apt", /* aiblint: ignore[AIB4] */ "curl"],\r\n "b": "apt"}', "apt"),
        ('{"a": "apt"} // aiblint: ignore[AIB401]', ""),
        ('{"a": "apt"} /* why */ // aiblint: ignore[AIB401]', ""),
        # on lines of its own: the next member or element, the whole of it
        ('{\n// aiblint: ignore[AIB401] reason\n"a": [\n"apt",\n"apt"],\n"b": "apt"}', "apt"),
        ('[\n// aiblint: ignore[AIB401]\n"apt",\n"apt"]', "apt"),
        ('[\n/* aiblint: ignore[AIB401] */ "apt", "apt"]', "apt"),
        ('[\n/* aiblint: ignore[AIB401]\n because */\n"apt", "apt"]', "apt"),
        ('[\n// aiblint: ignore[AIB401]\n\n// aiblint: ignore[AIB402] also\n"apt curl",\n"apt"]', "apt"),
        ('[\n/* why */ // aiblint: ignore[AIB401]\n"apt", "apt"]', "apt"),
        ('[ /* why\n*/ // aiblint: ignore[AIB401]\n"apt", "apt"]', "apt"),
        ('{"a":\n// aiblint: ignore[AIB401]\n["apt"], "b": "apt"}', "apt"),
        ('{"a": {"x": 1,\n// aiblint: ignore[AIB401]\n"y": {"z": ["apt"]}}, "b": "apt"}', "apt"),
        ('// aiblint: ignore[AIB401]\n{"a": "apt", "b": ["apt"]}', ""),
        ('{\n// aiblint: ignore[AIB401]\n"apt": 1}', ""),
        # the whole file
        ('// aiblint: ignore-file[AIB401] reason\n["apt", "curl"]', "curl"),
        ('["apt", "curl"]\n// aiblint: ignore-file[AIB4] reason', ""),
        # inside a string it is no comment
        ('["apt // aiblint: ignore[AIB401]"]', "apt"),
    ],
)
def test_what_a_comment_silences(text: str, kept: str) -> None:
    assert silenced(text) == (kept, [])


def test_without_comments_nothing_changes() -> None:
    assert silenced('["apt", "curl"]') == ("apt curl", [])
    assert silenced('["apt", // aiblint is what reads this\n"curl"]') == ("apt curl", [])


@pytest.mark.parametrize("comment", ["7, // aiblint: ignore[AIB401]", "\n// aiblint: ignore[AIB401]\n7,"])
def test_a_related_place_can_silence(comment: str) -> None:
    document = read_text("a.json", f'{{"default": {comment}\n"use": "apt"}}')
    other = read_text("b.json", document.text)
    related = Related(place(document, "7"), "the value is defined here")
    elsewhere = Related(place(other, "7"), "the value is defined here")
    at = place(document, "apt")
    assert apply(document, [finding(at, related=(related,))], CHECKS, CHECKS) == ([], 1, [])
    kept, count, complaints = apply(document, [finding(at, related=(elsewhere,))], CHECKS, CHECKS)
    assert (len(kept), count, len(complaints)) == (1, 0, 1)


@pytest.mark.parametrize(
    ("text", "kept", "complaint"),
    [
        ('["curl"] // aiblint: ignore[AIB401]', "curl", "AIB401: `AIB401` silences nothing here"),
        ('["curl"] // aiblint: ignore[AIB401, AIB402]', "", "AIB401: `AIB401` silences nothing here"),
        ('["apt",\n// aiblint: ignore[AIB401]\n"curl"]', "apt curl", "AIB401: `AIB401` silences nothing here"),
        ('["apt"\n// aiblint: ignore[AIB401]\n]', "apt", "AIB401: `AIB401` silences nothing here"),
        ('["apt"]\n// aiblint: ignore[AIB401]\n', "apt", "AIB401: `AIB401` silences nothing here"),
        ('[]\n// aiblint: ignore-file[AIB6]\n', "", "AIB6: `AIB6` silences nothing here"),
        ('["apt"] // aiblint: ignore[AIB410]', "apt", "AIB410: no check is called `AIB410`"),
        ('["apt"] // aiblint: ignore[AIB401, interactive]', "", "interactive: no check is called `interactive`"),
        ('["apt"] // aiblint: ignore', "apt", "aiblint: ignore: this suppression does not say which check it silences"),
        ('["apt"] // aiblint: ignore[]', "apt",
         "aiblint: ignore[]: this suppression does not say which check it silences"),
        ('["apt"] // aiblint: ignore-file[AIB401]', "apt",
         "aiblint: ignore-file[AIB401]: a suppression for the whole file has to stand on a line of its own"),
        ('["apt"] // aiblint: disable[AIB401]', "apt",
         "aiblint: disable[AIB401]: this looks like a suppression, but is not written like one"),
        ('["apt"] // aiblint ignore[AIB401]', "apt",
         "aiblint ignore[AIB401]: this looks like a suppression, but is not written like one"),
    ],
)  # fmt: skip
def test_complaints(text: str, kept: str, complaint: str) -> None:
    assert silenced(text) == (kept, [complaint])


def test_help_names_what_to_write() -> None:
    def help_of(text: str) -> str:
        document = read_text("a.json", text)
        return apply(document, found(document), CHECKS, CHECKS)[2][0].help

    assert help_of('["apt curl apt"] // aiblint: ignore why') == "write `aiblint: ignore[AIB401, AIB402] reason`"
    assert help_of("[] // aiblint: ignore") == "write `aiblint: ignore[AIB220] reason`"
    assert help_of("[] // aiblint: ignore[AIB602]").startswith("did you mean `AIB601`")
    assert help_of("[] // aiblint: ignore[x]") == "`aiblint rules` lists the checks"
    assert help_of("[] // aiblint: ignore[AIB401]") == "remove it, so that it hides nothing in the future"


def test_a_check_that_does_not_run_is_not_called_useless() -> None:
    assert silenced('["curl"] // aiblint: ignore[AIB401, AIB4]', (CURL, SAS))[1] == []
    assert silenced('["curl"] // aiblint: ignore[AIB402]', (INSTALL, SAS)) == ("", [])


def test_in_a_broken_file_nothing_is_called_useless() -> None:
    words, complaints = silenced('["curl" "x"] // aiblint: ignore[AIB401, AIB410]')
    assert complaints == ["AIB410: no check is called `AIB410`"]
    assert words == "curl"


def test_findings_keep_their_order() -> None:
    document = read_text("a.json", '["sig", "apt",\n"curl", "sig"] // aiblint: ignore[AIB402]')
    findings = found(document)
    assert apply(document, findings, CHECKS, CHECKS)[0] == [one for one in findings if one.check is not CURL]


def test_many_comments_make_few_complaints() -> None:
    text = "[\n" + "".join(f"// aiblint: ignore[AIB{number}]\n{number},\n" for number in range(20000, 23000)) + "0]"
    document = read_text("a.json", text)
    complaints = apply(document, [], CHECKS, CHECKS)[2]
    assert len(complaints) == MOST_COMPLAINTS
    assert isinstance(complaints[0], Complaint)
    assert complaints[0].message == "no check is called `AIB20000`"
