from __future__ import annotations
from tests.azure.estate import SUBSCRIPTION


def test_one(reader, signed_in, only_official):
    a = reader.get(f"/subscriptions/{SUBSCRIPTION}", "2022-12-01")
    assert a.found, a
    a = reader.get(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x", "2022-12-01")
    assert a.kind == "missing", a
