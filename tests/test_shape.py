"""What departs from an API version, and the words for it."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest

from aiblint.shape import API_VERSIONS, NEWEST, accepts, violations
from aiblint.value import OpenKey, Partial, Unknown

IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
GALLERY_IMAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/y/images/d"

BODY = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2025-10-01",
    "name": "template",
    "location": "westus2",
    "dependsOn": [],
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
    "tags": {"team": "images"},
    "properties": {
        "buildTimeoutInMinutes": 120,
        "vmProfile": {"vmSize": "Standard_D2ds_v4", "osDiskSizeGB": 127, "userAssignedIdentities": [IDENTITY]},
        "source": {"type": "PlatformImage", "publisher": "p", "offer": "o", "sku": "s", "version": "latest"},
        "customize": [
            {
                "type": "PowerShell",
                "name": "one",
                "inline": ["exit 0"],
                "runElevated": True,
                "validExitCodes": [0, 3010],
            },
            {"type": "WindowsUpdate", "filters": ["include:$true"], "updateLimit": 20},
            {"type": "WindowsRestart", "restartTimeout": "10m"},
            {"type": "File", "sourceUri": "https://example.com/f", "destination": "c:\\f"},
        ],
        "validate": {"inVMValidations": [{"type": "Shell", "inline": ["true"]}], "sourceValidationOnly": False},
        "optimize": {"vmBoot": {"state": "Enabled"}},
        "errorHandling": {"onCustomizerError": "abort"},
        "distribute": [
            {
                "type": "SharedImage",
                "runOutputName": "out",
                "galleryImageId": GALLERY_IMAGE,
                "targetRegions": [{"name": "westus2", "replicaCount": 1, "storageAccountType": "Premium_LRS"}],
                "versioning": {"scheme": "Latest", "major": 1},
                "artifactTags": {"a": "b"},
            },
            {"type": "VHD", "runOutputName": "vhd"},
        ],
    },
}
SMALL = {
    "location": "westus2",
    "identity": {},
    "properties": {"source": {"type": "PlatformImage"}, "distribute": []},
}


def changed(path, value, body=BODY):
    """The body with another value at the path, `a/b/0`; `...` removes it."""
    body = copy.deepcopy(body)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    holder = body
    for step in steps:
        holder = holder[step]
    if value is ...:
        del holder[last]
    elif last == "-":
        holder.append(value)
    else:
        holder[last] = value
    return body


def only(body, version=NEWEST):
    """The one violation there is."""
    assert not accepts(body, version)
    (violation,) = violations(body, version)
    return violation


def test_good_body_is_accepted_without_a_look():
    assert accepts(BODY, NEWEST)
    assert violations(BODY, NEWEST) == []


def test_jsonschema_is_imported_only_for_what_is_wrong():
    program = (
        f"import sys; from aiblint.shape import violations; body = {SMALL}\n"
        "violations(body, '2025-10-01'); print('jsonschema' in sys.modules)\n"
        "del body['location']; violations(body, '2025-10-01'); print('jsonschema' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


# -- one cause, one violation -----------------------------------------------------------------------------------------

STEP = "properties/customize/0"
OUTPUT = "properties/distribute/0"


@pytest.mark.parametrize(
    ("path", "value", "kind", "name", "found", "expected", "kind_of"),
    [
        ("location", ..., "missing-property", "location", "", "a string", "the image template"),
        ("location", 5, "wrong-type", "location", "the number 5", "a string", "the image template"),
        ("identity", ..., "missing-property", "identity", "", "an object", "the image template"),
        ("id", "/x", "read-only", "id", "the string `/x`", "", "the image template"),
        ("tags/team", True, "wrong-type", "team", "true", "a string", "tags"),
        ("identity/type", "SystemAssigned", "invalid-value", "type", "the string `SystemAssigned`",
         "one of `UserAssigned`, `None`", "identity"),
        ("identity/userAssignedIdentities", "IdObject", "wrong-type", "userAssignedIdentities",
         "the string `IdObject`", "an object", "identity"),
        (f"identity/userAssignedIdentities/{'x'}", [], "wrong-type", "x", "an empty array", "an object",
         "userAssignedIdentities"),
        ("properties/source", ..., "missing-property", "source", "", "an object", "properties"),
        ("properties/source", "ubuntu", "wrong-type", "source", "the string `ubuntu`", "an object", "properties"),
        ("properties/source/type", ..., "missing-property", "type", "",
         "one of `PlatformImage`, `ManagedImage`, `SharedImageVersion`", "a source"),
        ("properties/source/type", "Docker", "invalid-value", "type", "the string `Docker`",
         "one of `PlatformImage`, `ManagedImage`, `SharedImageVersion`", "a source"),
        ("properties/source/exactVersion", "1.2.3", "read-only", "exactVersion", "the string `1.2.3`", "",
         "a PlatformImage source"),
        ("properties/provisioningState", "Succeeded", "read-only", "provisioningState", "the string `Succeeded`", "",
         "properties"),
        ("properties/lastRunStatus", {"runState": 1}, "read-only", "lastRunStatus", "an object", "", "properties"),
        ("properties/buildTimeoutInMinutes", "40", "wrong-type", "buildTimeoutInMinutes", "the string `40`",
         "a whole number", "properties"),
        ("properties/buildTimeoutInMinutes", 40.5, "wrong-type", "buildTimeoutInMinutes", "the number 40.5",
         "a whole number", "properties"),
        ("properties/buildTimeoutInMinutes", True, "wrong-type", "buildTimeoutInMinutes", "true", "a whole number",
         "properties"),
        ("properties/buildTimeoutInMinutes", 961, "invalid-value", "buildTimeoutInMinutes", "the number 961",
         "at most 960", "properties"),
        ("properties/vmProfile/osDiskSizeGB", "", "wrong-type", "osDiskSizeGB", "an empty string", "a whole number",
         "vmProfile"),
        ("properties/vmProfile/osDiskSizeGB", -1, "invalid-value", "osDiskSizeGB", "the number -1", "at least 0",
         "vmProfile"),
        ("properties/vmProfile/userAssignedIdentities", IDENTITY, "wrong-type", "userAssignedIdentities",
         f"a string of {len(IDENTITY)} characters", "an array of strings", "vmProfile"),
        ("properties/customize", {}, "wrong-type", "customize", "an empty object", "an array of objects", "properties"),
        (STEP, "exit 0", "wrong-type", "customize", "the string `exit 0`", "an object", "properties"),
        (f"{STEP}/inline", "exit 0\nexit 1", "wrong-type", "inline", "the string `exit 0 exit 1`",
         "an array of strings", "a PowerShell customizer"),
        (f"{STEP}/runElevated", "false", "wrong-type", "runElevated", "the string `false`", "`true` or `false`",
         "a PowerShell customizer"),
        (f"{STEP}/validExitCodes/1", "3010", "wrong-type", "validExitCodes", "the string `3010`", "a whole number",
         "a PowerShell customizer"),
        (f"{STEP}/validExitCodes/1", None, "wrong-type", "validExitCodes", "null", "a whole number",
         "a PowerShell customizer"),
        (f"{STEP}/validExitCodes/1", 2**31, "invalid-value", "validExitCodes", "the number 2147483648",
         "at most 2147483647", "a PowerShell customizer"),
        (f"{OUTPUT}/runOutputName", ..., "missing-property", "runOutputName", "", "a string",
         "a SharedImage distributor"),
        (f"{OUTPUT}/runOutputName", "", "invalid-value", "runOutputName", "an empty string",
         "1 to 64 letters, digits, `-`, `_` and `.`", "a SharedImage distributor"),
        (f"{OUTPUT}/targetRegions/0/name", ..., "missing-property", "name", "", "a string", "a target region"),
        (f"{OUTPUT}/targetRegions/0/replicaCount", 0, "invalid-value", "replicaCount", "the number 0", "at least 1",
         "a target region"),
        (f"{OUTPUT}/versioning/scheme", ..., "missing-property", "scheme", "", "one of `Latest`, `Source`",
         "a versioning"),
        ("properties/validate/inVMValidations/0/type", "WindowsUpdate", "invalid-value", "type",
         "the string `WindowsUpdate`", "one of `Shell`, `PowerShell`, `File`", "a validator"),
    ],
)  # fmt: skip
def test_wrong_in_one_place(path, value, kind, name, found, expected, kind_of):
    violation = only(changed(path, value))
    assert violation[:3] == (kind, violation.path, name)
    assert (violation.found, violation.expected, violation.kind_of) == (found, expected, kind_of)
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("/"))
    assert violation.path == (steps[:-1] if kind == "missing-property" else steps)
    assert violation.on_key == (kind == "read-only")


@pytest.mark.parametrize(
    ("path", "value", "nearest"),
    [
        ("properties/vmProfile/hyperVGeneration", "V2", ()),
        ("properties/vmProfile/osDiskSize", 64, ("osDiskSizeGB",)),
        (f"{STEP}/valid_exit_codes", [0], ("validExitCodes",)),
        ("properties/customize/3/runElevated", True, ()),
        (f"{OUTPUT}/aritfactTags", {}, ("artifactTags",)),
        ("contentVersion", "1.0.0.0", ()),
        ("sku", {}, ()),
    ],
)
def test_unknown_property(path, value, nearest):
    body = changed(path, value)
    for name in nearest:  # what is there already is not what was meant
        holder = path.rpartition("/")[0]
        body = changed(f"{holder}/{name}", None, body)
    violation = only(body)
    assert (violation.kind, violation.name) == ("unknown-property", path.rpartition("/")[2])
    assert violation.nearest == nearest
    assert violation.on_key


@pytest.mark.parametrize(
    ("path", "belongs"),
    [
        ("properties/vmProfile/subnetId", "`vnetConfig`"),
        ("properties/vmProfile/osDiskSize", ""),
        ("properties/vmProfile/buildTimeoutInMinutes", "the object around `vmProfile`"),
        ("properties/identity", "the object around `properties`"),
        ("stagingResourceGroup", "`properties`"),
        ("properties/customize/3/runElevated", "a `PowerShell` customizer"),
        ("properties/customize/3/scriptUri", ""),  # of Shell and of PowerShell
        (f"{OUTPUT}/location", "a `ManagedImage` distributor"),
        ("properties/provisionState", ""),
    ],
)
def test_unknown_property_that_belongs_elsewhere(path, belongs):
    assert only(changed(path, "x")).belongs == belongs


def test_unknown_property_lists_what_may_be_given():
    violation = only(changed("properties/optimize/vmBot", {}))
    assert violation.expected == "one of `vmBoot`, `workload`"
    assert violation.kind_of == "optimize"


@pytest.mark.parametrize(
    ("holder", "right", "wrong"),
    [
        (OUTPUT, "runOutputName", "runOutpurName"),
        (OUTPUT, "galleryImageId", "galleryImageId:"),
        (OUTPUT, "galleryImageId", "imageId"),
        (OUTPUT, "galleryImageId", "id"),
        ("properties/source", "type", "type:"),
        (STEP, "type", "typ"),
        ("properties", "distribute", "distributes"),
        (f"{OUTPUT}/targetRegions/0", "name", "names"),
    ],
)
def test_misspelt_required_property_is_not_missing_too(holder, right, wrong):
    body = changed(f"{holder}/{right}", ...)
    violation = only(changed(f"{holder}/{wrong}", "x", body))
    assert (violation.kind, violation.name, violation.nearest) == ("unknown-property", wrong, (right,))


def test_two_mistakes_are_two_violations():
    body = changed(f"{STEP}/runElevated", "true", changed(f"{STEP}/validExitCodes", [1, "2"]))
    assert {violation.path[3:] for violation in violations(body, NEWEST)} == {("runElevated",), ("validExitCodes", 1)}


def test_only_the_first_thousand_are_told():
    body = changed("properties/customize", [{"type": "Shel"} for _ in range(3000)])
    assert len(violations(body, NEWEST)) == 1000


# -- letter case ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "right", "wrong"),
    [
        ("identity", "userAssignedIdentities", "UserAssignedIdentities"),
        (OUTPUT, "galleryImageId", "galleryImageID"),
        ("properties/source", "type", "Type"),
        ("properties", "distribute", "Distribute"),
    ],
)
def test_property_in_the_wrong_case(holder, right, wrong):
    body = changed(f"{holder}/{right}", ...)
    value = BODY
    for step in f"{holder}/{right}".split("/"):
        value = value[int(step) if step.isdigit() else step]
    violation = only(changed(f"{holder}/{wrong}", value, body))
    assert (violation.kind, violation.name, violation.nearest) == ("wrong-case", wrong, (right,))
    assert violation.on_key


def test_value_below_a_property_in_the_wrong_case_is_validated():
    body = changed("properties/VMProfile", {"vmSize": 1}, changed("properties/vmProfile", ...))
    assert {violation.kind: violation.path[-1] for violation in violations(body, NEWEST)} == {
        "wrong-case": "VMProfile",
        "wrong-type": "vmSize",
    }


@pytest.mark.parametrize(
    ("path", "value", "right", "name"),
    [
        (f"{OUTPUT}/type", "sharedImage", "SharedImage", "type"),
        (f"{STEP}/type", "Powershell", "PowerShell", "type"),
        (f"{OUTPUT}/versioning/scheme", "latest", "Latest", "scheme"),
        ("properties/optimize/vmBoot/state", "enabled", "Enabled", "state"),
        (f"{OUTPUT}/targetRegions/0/storageAccountType", "Premium_lrs", "Premium_LRS", "storageAccountType"),
    ],
)
def test_value_in_the_wrong_case(path, value, right, name):
    violation = only(changed(path, value))
    assert (violation.kind, violation.name, violation.nearest) == ("wrong-case", name, (right,))
    assert not violation.on_key


def test_kind_in_the_wrong_case_is_validated_as_that_kind():
    body = changed(f"{STEP}/type", "powershell", changed(f"{STEP}/runElevated", "true"))
    assert {found.kind for found in violations(body, NEWEST)} == {"wrong-case", "wrong-type"}
    assert {found.kind_of for found in violations(body, NEWEST)} == {"a PowerShell customizer"}


# -- values that are not there, not known or partly known -------------------------------------------------------------


def test_null_counts_as_absent():
    assert accepts(changed("properties/optimize", None, changed("nonsense", None)), NEWEST)
    assert violations(changed("location", None), NEWEST)[0].kind == "missing-property"
    assert violations(changed("properties/source/type", None), NEWEST)[0].kind == "missing-property"
    body = changed("nonsense", None, changed("tags/none", None, changed("sku", 1)))
    assert only(body).name == "sku"


def test_unknown_violates_nothing():
    unknown = Unknown("a parameter")
    assert accepts(unknown, NEWEST)
    paths = ("location", "properties", "properties/source/type", "properties/buildTimeoutInMinutes")
    for path in (*paths, STEP, f"{STEP}/inline", f"{STEP}/validExitCodes/0", f"{OUTPUT}/runOutputName"):
        assert violations(changed(path, unknown), NEWEST) == []
        # once accepted, once beside something that jsonschema has to look at
        assert [found.name for found in violations(changed("sku", 1, changed(path, unknown)), NEWEST)] == ["sku"]


def test_a_name_may_be_wrong_even_if_its_value_is_not_known():
    assert only(changed("properties/stagingGroup", Unknown("a parameter"))).found == "a value that is not known"


@pytest.mark.parametrize(
    ("path", "parts", "fits"),
    [
        ("location", ("west", Unknown("x")), True),
        (f"{OUTPUT}/runOutputName", ("my image ", Unknown("x")), True),
        (f"{OUTPUT}/targetRegions/0/storageAccountType", ("Standard_", Unknown("x")), True),
        (f"{OUTPUT}/targetRegions/0/storageAccountType", (Unknown("x"), "_LRS"), True),
        (f"{OUTPUT}/targetRegions/0/storageAccountType", ("Hot_", Unknown("x")), False),
        (f"{STEP}/type", (Unknown("x"), "Shell"), True),
        (f"{STEP}/inline", ("a", Unknown("x")), False),
        ("properties/buildTimeoutInMinutes", ("1", Unknown("x")), False),
        (f"{STEP}/runElevated", ("t", Unknown("x")), False),
    ],
)
def test_partly_known_string(path, parts, fits):
    body = changed(path, Partial(parts))
    assert accepts(body, NEWEST) == fits
    assert [found.found for found in violations(body, NEWEST)] == ([] if fits else ["a string"])


def test_name_that_is_an_expression():
    key = OpenKey("[parameters('identity')]")
    assert accepts(changed("identity/userAssignedIdentities", {key: {}}), NEWEST)
    assert only(changed("identity/userAssignedIdentities", {key: {"clientId": "x"}})).kind == "read-only"
    # It may be the name of anything, so nothing is missing and nothing is unknown.
    assert violations(changed("properties/source", {key: "PlatformImage"}), NEWEST) == []
    assert [found.name for found in violations(changed("sku", 1, changed("properties", {key: 1})), NEWEST)] == ["sku"]


def test_whole_number_may_be_written_with_a_point():
    assert accepts(changed("properties/buildTimeoutInMinutes", 60.0), NEWEST)


# -- versions ---------------------------------------------------------------------------------------------------------


def test_known_in_other_versions():
    violation = only(changed("properties/additionalDataDisks", []), "2024-02-01")
    assert violation.known_in == ("2025-10-01",)
    script = changed("properties/customize", [{"type": "Shell", "script": "https://example.com/x.sh"}])
    violation = only(script)
    assert violation.nearest == ("scriptUri",)
    assert violation.known_in == ("2018-02-01-preview", "2019-02-01-preview")
    violation = only(changed("properties/source", {"type": "ISO"}))
    assert violation.known_in == ("2018-02-01-preview", "2019-02-01-preview", "2019-05-01-preview")
    violation = only(changed(f"{OUTPUT}/type", "sharedImage"))
    assert violation.known_in == ("2018-02-01-preview",)


def test_what_is_read_only_elsewhere_is_known_nowhere():
    body = changed("properties/source/exactVersion", "1.0.0", SMALL)
    assert only(body, "2020-02-14").known_in == ()


def test_a_list_that_may_grow_is_marked():
    assert only(changed(f"{OUTPUT}/targetRegions/0/storageAccountType", "UltraSSD_LRS")).open
    assert only(changed("properties/errorHandling/onCustomizerError", "ask")).open
    assert not only(changed("properties/optimize/vmBoot/state", "On")).open


def test_2019_05_01_preview_took_what_2020_02_14_describes():
    body = changed("properties/vmProfile", {"osDiskSizeGB": 64, "vnetConfig": {"subnetName": "s"}}, SMALL)
    body["properties"]["customize"] = [
        {"type": "WindowsUpdate", "updateLimit": 20},
        {"type": "PowerShell", "inline": [], "runElevated": True, "runAsSystem": True},
    ]
    del body["identity"]
    assert violations(body, "2019-05-01-preview") == []
    staging = changed("properties/stagingResourceGroup", "x", body)
    assert [found.name for found in violations(staging, "2019-05-01-preview")] == ["stagingResourceGroup"]
    iso = changed("properties/source", {"type": "ISO", "sourceUri": "u", "sha256Checksum": "c"}, body)
    assert violations(iso, "2019-05-01-preview") == []


@pytest.mark.parametrize("version", API_VERSIONS)
def test_identity_is_required_from_2020_02_14_on(version):
    body = changed("identity", ..., SMALL)
    assert [found.name for found in violations(body, version)] == (["identity"] if version >= "2020" else [])


def test_unlisted_version_is_refused():
    with pytest.raises(ValueError, match="2019-01-01"):
        violations(BODY, "2019-01-01")
