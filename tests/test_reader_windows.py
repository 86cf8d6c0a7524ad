"""What the reader gives for PowerShell that the checks of Windows images rest on."""

from __future__ import annotations

from aiblint.script.build import alone
from aiblint.source.document import Document


def test_a_list_with_a_comment_keeps_the_places_of_its_elements() -> None:
    text = "$apps = @(\n  'one'\n  # 'two'\n  'three'\n)\n"
    (assignment,) = alone(Document("x.ps1", text)).scripts[0].contents.assignments
    assert [text[word.start : word.end] for word in assignment.values] == ["'one'", "'three'"]
