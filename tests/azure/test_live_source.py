"""The live check of what the template's identity may read of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.azure import estate as az
from tests.azure.scenes import says, scene, verdicts

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")


@pytest.mark.parametrize("source", ["managed", "version"])
def test_cannot_read_source(source: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, source)
    findings, held = verdicts(signed_in, made.template, "cannot-read-source")
    assert findings == [] and len(held) == 1
    az.revoke(estate, made.grants["source"])
    findings, held = verdicts(signed_in, made.template, "cannot-read-source")
    assert says(findings) == [("cannot-read-source", "error")] and held == []
    signed_in.fail("*/roleAssignments", 403, times=None)
    findings, held = verdicts(signed_in, made.template, "cannot-read-source")
    assert says(findings) == [("cannot-read-source", "unchecked")]
