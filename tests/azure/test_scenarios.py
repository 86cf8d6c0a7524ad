"""Whole preflights: with everything there and granted no check speaks; one thing taken away, exactly its check does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.azure import estate as az
from tests.azure.scenes import says, scene, verdicts

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")

SCENES: dict[str, dict[str, Any]] = {
    "marketplace to gallery": {},
    "marketplace to gallery, Windows": {"windows": True},
    "managed image to managed image": {"source": "managed", "distribute": "managed"},
    "version to gallery, all of it": {
        "source": "version", "network": "container", "staging": True, "build_identity": True, "windows": True,
    },
    "version to vhd, own subnet": {"source": "version", "distribute": "vhd", "network": "proxy"},
}  # fmt: skip


@pytest.mark.parametrize("kind", SCENES)
def test_everything_granted(kind: str, estate: Estate, signed_in: Manager) -> None:
    findings, held = verdicts(signed_in, scene(estate, **SCENES[kind]).template)
    assert [finding.message for finding in findings] == []
    assert len(held) >= 15
    # Each question is asked once, whoever wants to know.
    asked = [f"{one.method} {one.path.lower()} {one.query} {one.body}" for one in signed_in.asked()]
    assert sorted(asked) == sorted(set(asked))


GRANTS = {
    "caller identity": "caller-cannot-assign-identity",
    "source": "cannot-read-source",
    "target": {"gallery": "cannot-publish-to-gallery", "managed": "cannot-write-image"},
    "network": "cannot-join-subnet",
    "staging": "staging-group-rights",
    "build identity": "cannot-assign-build-identity",
    "caller": "caller-cannot-submit",
}


@pytest.mark.parametrize("kind", SCENES)
def test_each_grant_taken_away(kind: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **SCENES[kind])
    for name, assignment in made.grants.items():
        expected = GRANTS[name]
        if isinstance(expected, dict):
            expected = expected[SCENES[kind].get("distribute", "gallery")]
        az.revoke(estate, assignment)
        spoke = {check for check, _ in says(verdicts(signed_in, made.template)[0])}
        assert spoke == {expected}, name
        estate.role_assignments.append(assignment)


GONE = {
    "identity": "identity-not-found",
    "source": "source-not-found",
    "gallery": "gallery-not-found",
    "definition": "gallery-not-found",
    "subnet": "subnet-not-found",
    "container subnet": "subnet-not-found",
    "build identity": "identity-not-found",
}


@pytest.mark.parametrize("kind", SCENES)
def test_each_thing_taken_away(kind: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **SCENES[kind])
    for name, whole in made.ids.items():
        if name not in GONE:
            continue
        there = dict(estate.resources)
        estate.remove(whole)
        findings, _ = verdicts(signed_in, made.template)
        assert {check for check, _ in says(findings)} == {GONE[name]}, (name, [f.message for f in findings])
        estate.resources = there


@pytest.mark.parametrize("kind", ["500", "503", "cut", "malformed", "html", "429"])
def test_a_service_in_trouble_gives_verdicts(kind: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **SCENES["version to gallery, all of it"])
    signed_in.fail(
        "/subscriptions/*", int(kind) if kind.isdigit() else kind, times=None, retry_after="1" if kind == "429" else ""
    )
    findings, held = verdicts(signed_in, made.template, timeout=4.0)
    assert held == [] and findings
    assert {said for _, said in says(findings)} == {"unchecked"}


def test_nothing_may_be_read(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **SCENES["version to gallery, all of it"])
    signed_in.fail("/subscriptions/*", 403, times=None)
    findings, held = verdicts(signed_in, made.template)
    assert held == [] and {said for _, said in says(findings)} == {"unchecked"}


def test_time_is_up(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **SCENES["version to gallery, all of it"])
    signed_in.fail("/subscriptions/*", "slow", times=None, seconds=5.0)
    findings, _ = verdicts(signed_in, made.template, timeout=1.0)
    assert {said for _, said in says(findings)} == {"unchecked"}
    assert any("--live-timeout" in finding.unchecked for finding in findings)
