"""Live checks of what the template's identity and its caller are allowed: each verdict of each check, the scene with
everything granted, and the proof that the list of needs is the least one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from aiblint.azure.needs import CALLER, IDENTITY, Home, Need, needs
from tests.azure import estate as az
from tests.azure.scenes import GROUP, HOME, says, scene, verdicts
from tests.templates import templates

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager
    from tests.azure.scenes import Scene

pytestmark = pytest.mark.usefixtures("only_official")

FEATURES: dict[str, dict[str, Any]] = {
    "platform to gallery": {},
    "managed source": {"source": "managed"},
    "gallery source": {"source": "version"},
    "to managed image": {"distribute": "managed"},
    "to vhd": {"distribute": "vhd"},
    "network with proxy": {"network": "proxy"},
    "network with container": {"network": "container"},
    "staging group": {"staging": True},
    "build identity": {"build_identity": True},
    "blob": {"blob": True},
    "all": {
        "source": "version", "network": "container", "staging": True, "build_identity": True, "blob": True,
    },
    "windows": {"windows": True, "source": "managed", "network": "proxy", "staging": True},
}  # fmt: skip
# Which check names which grant of a scene.
NAMED = {
    "source": "cannot-read-source",
    "network": "cannot-join-subnet",
    "staging": "staging-group-rights",
    "build identity": "cannot-assign-build-identity",
    "blob": "cannot-read-blob",
    "caller": "caller-cannot-submit",
    "caller identity": "caller-cannot-assign-identity",
}
OWN = "AIB7"


def _named(grant: str, features: dict[str, Any]) -> str:
    managed = features.get("distribute") == "managed"
    return NAMED.get(grant, "cannot-write-image" if managed else "cannot-publish-to-gallery")


def _vhd(made: Scene, estate: Estate, role: str = "Storage Blob Data Contributor") -> dict[str, Any]:
    """Let a scene write a VHD into a storage account."""
    account = az.storage_account(estate, "disks", GROUP)
    made.ids["container"] = az.container(estate, account, "vhds")
    made.properties["distribute"] = [
        {"type": "VHD", "runOutputName": "vhd", "uri": "https://disks.blob.core.windows.net/vhds/result.vhd"}
    ]
    principal = az.principal_of(estate, made.ids["identity"])
    return az.grant(estate, principal, role, made.ids["container"])


# -- everything granted, and each thing taken away ---------------------------------------------------------------------


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_everything_granted(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    findings, held = verdicts(signed_in, made.template, OWN)
    assert findings == []
    spoken = {one.check.name for one in held if one.check}
    assert {_named(grant, features) for grant in made.grants} <= spoken
    assert {"identity-not-found", "locked-scope", "caller-cannot-submit"} <= spoken


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_each_grant_taken_away(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    for name, grant in made.grants.items():
        az.revoke(estate, grant)
        findings, _ = verdicts(signed_in, made.template, OWN)
        assert says(findings) == [(_named(name, features), "error")], name
        estate.role_assignments.append(grant)


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_nothing_may_be_read(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    signed_in.fail("*/providers/Microsoft.Authorization/*", 403, times=None)
    findings, held = verdicts(signed_in, made.template, OWN)
    assert {one for _, one in says(findings)} == {"unchecked"}
    assert {_named(grant, features) for grant in made.grants} | {"locked-scope"} == {name for name, _ in says(findings)}
    assert {one.check.name for one in held if one.check} == {"identity-not-found"}
    assert all("role `Reader`" in one.help for one in findings)


# -- the least set -----------------------------------------------------------------------------------------------------


def _exact(estate: Estate, made: Scene, listed: list[Need]) -> None:
    """Grant these needs and nothing else, each by a role of its own."""
    estate.role_assignments.clear()
    identity = az.principal_of(estate, made.ids["identity"])
    for number, need in enumerate(listed):
        who, kind = (identity, "ServicePrincipal") if need.who == IDENTITY else (estate.caller, "User")
        scope = need.scope
        if need.data:
            scope = made.ids["container"]
        role = need.role or az.role_definition(
            estate, f"exact {number}", **{"dataActions" if need.data else "actions": [need.action]}
        )
        az.grant(estate, who, role, scope, kind)


def _needs(made: Scene) -> list[Need]:
    (template,) = templates(json.dumps(made.template))
    return [need for need in needs(template, Home(az.SUBSCRIPTION, GROUP)) if need.who in (IDENTITY, CALLER)]


def _check_of(need: Need) -> str:
    """The check that has to speak where a need is not granted."""
    if need.who == CALLER:
        return "caller-cannot-assign-identity" if "ManagedIdentity" in need.action else "caller-cannot-submit"
    pointer = need.at.node.pointer
    places = {
        "/properties/source": "cannot-read-source",
        "/properties/stagingResourceGroup": "staging-group-rights",
        "/properties/vmProfile/vnetConfig": "cannot-join-subnet",
        "/properties/vmProfile/userAssignedIdentities": "cannot-assign-build-identity",
        "/properties/customize": "cannot-read-blob",
    }
    found = [name for place, name in places.items() if pointer.startswith(place)]
    distributed = "cannot-write-image" if pointer.endswith("/imageId") else "cannot-publish-to-gallery"
    return found[0] if found else distributed


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_the_list_of_needs_is_enough_and_the_least(
    features: dict[str, Any], estate: Estate, signed_in: Manager
) -> None:
    made = scene(estate, **features)
    listed = _needs(made)
    _exact(estate, made, listed)
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert findings == []
    # A role is needed of a group that is there; all other doubts are about what may not be needed.
    certain = [need for need in listed if not need.doubt or need.role]
    _exact(estate, made, certain)
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert "error" not in {severity for _, severity in says(findings)}
    for dropped in certain:
        _exact(estate, made, [need for need in listed if need is not dropped])
        findings, _ = verdicts(signed_in, made.template, OWN)
        assert says(findings) == [(_check_of(dropped), "error")], dropped
        if not dropped.role:
            assert dropped.action in findings[0].message


def test_what_is_left_out_of_the_least_set_is_milder(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, build_identity=True)
    _exact(estate, made, [need for need in _needs(made) if not need.doubt])
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert sorted(says(findings)) == [
        ("cannot-assign-build-identity", "info"),
        ("cannot-publish-to-gallery", "warning"),
    ]
    assert any("an image in between" in note for one in findings for note in one.notes)
