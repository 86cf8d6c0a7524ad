"""Live checks of the files that a build fetches: each verdict of each check; blobs are Azurite's."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.azure import estate as add
from tests.azure.scenes import GROUP, HOME, NAME, Scene, deployment, says, scene, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.azure.az import Az
    from tests.azure.conftest import Azurite
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")

ALL = ("AIB850", "AIB851", "AIB852", "AIB853", "AIB854")
OTHER_KEY = base64.b64encode(b"x" * 64).decode()


def shell(uri: str, name: str = "Fetch", **more: Any) -> dict[str, Any]:
    return {"type": "Shell", "name": name, "scriptUri": uri, **more}


def copy(uri: str, name: str = "Copy", **more: Any) -> dict[str, Any]:
    return {"type": "File", "name": name, "sourceUri": uri, "destination": "/tmp/x", **more}


def with_steps(made: Scene, *steps: dict[str, Any]) -> dict[str, Any]:
    made.properties["customize"] = list(steps)
    return made.template


def account(estate: Estate, azurite: Azurite, **more: Any) -> str:
    """The storage account that Azurite stands for."""
    return add.storage_account(estate, "devstoreaccount1", GROUP, endpoint=f"{azurite.url}/", **more)


def to_nobody(az: Az) -> None:
    """Give the account that is signed in a token that storage does not take."""
    az.tokens["https://storage.azure.com"] = add.token("https://management.azure.com")
    az.tell()


@dataclass
class Site:
    """A web server on the loopback: what it has, by path, as status, headers and length of the body."""

    url: str = ""
    pages: dict[str, tuple[int, dict[str, str], int]] = field(default_factory=dict)
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def put(self, path: str, size: int = 11, kind: str = "text/plain", status: int = 200, **headers: str) -> str:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, {"Content-Type": kind, **given}, size)
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    there = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            there.asked.append((self.path, "Authorization" in self.headers))
            status, headers, size = there.pages.get(self.path, (404, {"Content-Type": "text/html"}, 9))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if size >= 0:
                self.send_header("Content-Length", str(size))
            else:
                self.close_connection = True
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is written to the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield there
    server.shutdown()
    server.server_close()


# -- everything is as it has to be -------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["", "proxy", "container"])
@pytest.mark.parametrize("source", ["platform", "managed", "version"])
@pytest.mark.parametrize("distribute", ["gallery", "managed", "vhd"])
def test_nothing_is_fetched(network: str, source: str, distribute: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, source, distribute, network=network)
    assert verdicts(signed_in, made.template, *ALL, checksums=True) == ([], [])
    assert signed_in.asked() == []


@pytest.mark.parametrize("network", ["", "proxy", "container"])
def test_all_is_well(network: str, estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    account(estate, azurite)
    script, file = azurite.put("private/hello.sh", b"echo hello\n"), azurite.put("public/app.conf", b"x=1")
    signature = azurite.sas("private/hello.sh")
    template = with_steps(
        made,
        shell(script, sha256Checksum=hashlib.sha256(b"echo hello\n").hexdigest()),
        copy(file),
        shell(f"{script}?{signature}", "Signed"),
    )
    made.properties["validate"] = {"inVMValidations": [shell(script, "Again")]}
    findings, held = verdicts(signed_in, template, *ALL, checksums=True)
    assert findings == []
    # Three files are there, one is small enough, one has its checksum, one account lets Image Builder in.
    assert len(held) == 6
    assert len(signed_in.asked("*/storageAccounts")) == 1


# -- file-not-found ----------------------------------------------------------------------------------------------------


def test_a_blob_is_not_there(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    account(estate, azurite)
    gone = f"{azurite.url}/private/gone.sh"
    findings, _ = verdicts(signed_in, with_steps(made, shell(gone), shell(gone, "Again")), *ALL)
    assert says(findings) == [("file-not-found", "error")]
    assert len(findings[0].related) == 1
    findings, _ = verdicts(signed_in, with_steps(made, copy(f"{azurite.url}/none/gone.sh")), *ALL)
    assert says(findings) == [("file-not-found", "error")]
    assert "the container that `sourceUri` of step `Copy` names is not there" in findings[0].message


def test_validators_and_the_script_of_optimize(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    account(estate, azurite)
    made.template["apiVersion"] = "2025-10-01"
    gone = [f"{azurite.url}/private/gone{number}.sh" for number in range(3)]
    made.properties["validate"] = {"inVMValidations": [shell(gone[0]), copy(gone[1])]}
    made.properties["optimize"] = {"workload": {"state": "Enabled", "scriptUri": gone[2]}}
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("file-not-found", "error")] * 3


def test_a_blob_that_aiblint_may_not_read(estate: Estate, azurite: Azurite, signed_in: Manager, az: Az) -> None:
    made = scene(estate)
    account(estate, azurite)
    to_nobody(az)
    findings, held = verdicts(signed_in, with_steps(made, shell(azurite.put("private/hello.sh"))), *ALL)
    assert says(findings) == [("file-not-found", "unchecked")]
    assert "not the template's identity" in findings[0].notes[0]
    assert [one.check.name for one in held if one.check] == ["storage-firewall"]
    # What everybody may read is there for certain.
    findings, held = verdicts(signed_in, with_steps(made, copy(azurite.put("public/hello.sh"))), *ALL)
    assert findings == [] and len(held) == 3
    findings, _ = verdicts(signed_in, with_steps(made, copy(f"{azurite.url}/public/gone.sh")), *ALL)
    assert says(findings) == [("file-not-found", "error")]


@pytest.mark.parametrize(
    "how", [{"hours": -1}, {"starts": 0.5}, {"permissions": "w"}, {"key": OTHER_KEY}], ids=lambda how: next(iter(how))
)
def test_a_signature_that_is_not_good(
    how: dict[str, Any], estate: Estate, azurite: Azurite, signed_in: Manager
) -> None:
    made = scene(estate)
    account(estate, azurite)
    script, signature = azurite.put("private/hello.sh"), azurite.sas("private/hello.sh", **how)
    findings, _ = verdicts(signed_in, with_steps(made, shell(f"{script}?{signature}")), *ALL)
    assert says(findings) == [("file-not-found", "error")]
    shown = "".join([findings[0].message, findings[0].help, *findings[0].notes])
    assert "signature (SAS) in `scriptUri` of step `Fetch` is not accepted" in shown
    assert "sig=" not in shown and signature[-20:] not in shown


@pytest.mark.parametrize(("how", "said"), [({"hours": -1}, "error"), ({"key": OTHER_KEY}, "unchecked")])
def test_a_signature_for_an_account_elsewhere(
    how: dict[str, Any], said: str, estate: Estate, azurite: Azurite, signed_in: Manager
) -> None:
    """Azurite says the same of it as a firewall would: that there is none, nobody knows."""
    script, signature = azurite.put("private/hello.sh"), azurite.sas("private/hello.sh", **how)
    findings, _ = verdicts(signed_in, with_steps(scene(estate), shell(f"{script}?{signature}")), "file-not-found")
    assert says(findings) == [("file-not-found", said)]


def test_a_firewall_that_keeps_aiblint_out(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    script, signature = azurite.put("private/hello.sh"), azurite.sas("private/hello.sh", key=OTHER_KEY)
    template = with_steps(made, shell(f"{script}?{signature}"))
    account(estate, azurite, default_action="Deny")
    # Once is enough: the firewall is what has to be mended.
    assert says(verdicts(signed_in, template, *ALL)[0]) == [("storage-firewall", "error")]
    account(estate, azurite, default_action="Deny", subnets=(made.ids["container subnet"],))
    findings, held = verdicts(signed_in, template, *ALL)
    assert says(findings) == [("file-not-found", "unchecked")] and len(held) == 1
    assert "run aiblint from a network" in findings[0].help


@pytest.mark.parametrize(
    ("path", "status", "kind", "said"),
    [
        ("/a.sh", 200, "text/plain; charset=utf-8", ""),
        ("/a.sh", 200, "application/octet-stream", ""),
        ("/a.sh", 200, "text/HTML; charset=utf-8", "error"),
        ("/a.sh", 404, "text/html", "error"),
        ("/a.sh", 404, "text/plain", "error"),
        ("/a.sh", 410, "text/html", "error"),
        ("/a.sh", 401, "text/html", "error"),
        ("/a.sh", 403, "text/html", "unchecked"),
        ("/a.sh", 405, "text/html", "unchecked"),
    ],
)
def test_files_elsewhere(
    path: str, status: int, kind: str, said: str, estate: Estate, site: Site, signed_in: Manager
) -> None:
    made = scene(estate)
    findings, held = verdicts(signed_in, with_steps(made, shell(site.put(path, 11, kind, status))), *ALL)
    assert says(findings) == ([("file-not-found", said)] if said else [])
    assert len(held) == (0 if said else 1)
    # Nobody but storage is shown a token.
    assert site.asked == [(path, False)]


def test_redirects_are_followed(estate: Estate, site: Site, signed_in: Manager) -> None:
    made = scene(estate)
    site.put("/b.sh")
    template = with_steps(made, shell(site.put("/a.sh", 0, status=302, Location=f"{site.url}/b.sh")))
    assert verdicts(signed_in, template, *ALL)[0] == []
    template = with_steps(made, shell(site.put("/c.sh", 0, status=302, Location=f"{site.url}/d.sh")))
    assert says(verdicts(signed_in, template, *ALL)[0]) == [("file-not-found", "error")]


def test_pages_that_are_copied(estate: Estate, site: Site, signed_in: Manager) -> None:
    made = scene(estate)
    assert verdicts(signed_in, with_steps(made, copy(site.put("/index.html", 11, "text/html"))), *ALL)[0] == []
    findings, _ = verdicts(signed_in, with_steps(made, copy(site.put("/app.conf", 11, "text/html"))), *ALL)
    assert says(findings) == [("file-not-found", "warning")]
    both = with_steps(made, copy(f"{site.url}/index.html"), shell(f"{site.url}/index.html"))
    assert says(verdicts(signed_in, both, *ALL)[0]) == [("file-not-found", "error")]


def test_nobody_answers(estate: Estate, site: Site, signed_in: Manager) -> None:
    made = scene(estate)
    findings, _ = verdicts(signed_in, with_steps(made, shell("http://127.0.0.1:1/a.sh")), *ALL)
    assert says(findings) == [("file-not-found", "unchecked")]


@pytest.mark.parametrize("uri", ["", "./a.sh", "C:\\a.ps1", "file:///a.sh", "https://", "https://[", "ftp://h/a.sh"])
def test_what_cannot_be_asked_for(uri: str, estate: Estate, signed_in: Manager) -> None:
    findings, held = verdicts(signed_in, with_steps(scene(estate), shell(uri)), *ALL, checksums=True)
    assert findings == [] and held == []


def test_addresses_that_are_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    base = "[concat(parameters('base'), '/a.sh')]"
    wrapped = deployment(with_steps(made, shell(base), copy("[parameters('base')]")), base={"type": "string"})
    findings, _ = verdicts(signed_in, wrapped, *ALL)
    assert says(findings) == [("file-not-found", "unchecked")]
    assert "`scriptUri`" in findings[0].message and len(findings[0].related) == 1


def test_a_misspelt_address_is_one_mistake(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    template = with_steps(made, {"type": "Shell", "name": "Fetch", "scripUri": "https://example.com/a.sh"})
    assert verdicts(signed_in, template, *ALL)[0] == []


# -- file-too-large ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "said"), [(20 * 2**20, ""), (20 * 2**20 + 1, "warning"), (-1, "unchecked")])
def test_large_files(size: int, said: str, estate: Estate, site: Site, signed_in: Manager) -> None:
    made = scene(estate)
    uri = site.put("/tool.zip", size)
    findings, held = verdicts(signed_in, with_steps(made, copy(uri)), *ALL)
    assert says(findings) == ([("file-too-large", said)] if said else [])
    assert len(held) == (1 if said else 2)
    made.properties["validate"] = {"inVMValidations": made.properties.pop("customize")}
    assert says(verdicts(signed_in, made.template, *ALL)[0]) == ([("file-too-large", said)] if said else [])
    # A script may be as large as it likes.
    assert verdicts(signed_in, with_steps(scene(estate), shell(uri)), "file-too-large") == ([], [])


def test_a_large_blob(estate: Estate, azurite: Azurite, signed_in: Manager, az: Az) -> None:
    made = scene(estate)
    account(estate, azurite)
    template = with_steps(made, copy(azurite.put("public/tool.zip", b"x" * (20 * 2**20 + 1))))
    assert says(verdicts(signed_in, template, *ALL)[0]) == [("file-too-large", "warning")]
    to_nobody(az)
    assert says(verdicts(signed_in, template, *ALL)[0]) == [("file-too-large", "warning")]


# -- checksum-mismatch -------------------------------------------------------------------------------------------------


def test_checksums(estate: Estate, azurite: Azurite, signed_in: Manager, az: Az) -> None:
    made = scene(estate)
    account(estate, azurite)
    content = b"echo hello\r\n"
    script, right, wrong = azurite.put("public/hello.sh", content), hashlib.sha256(content).hexdigest(), "0" * 64
    template = with_steps(made, shell(script, sha256Checksum=right), copy(script, sha256Checksum=wrong))
    # Nothing is read unless that is asked for.
    findings, held = verdicts(signed_in, template, "checksum-mismatch")
    assert findings == [] and held == []
    for _ in range(2):
        findings, held = verdicts(signed_in, template, *ALL, checksums=True)
        assert says(findings) == [("checksum-mismatch", "error")]
        assert right in findings[0].help
        assert [one.check.name for one in held if one.check].count("checksum-mismatch") == 1
        to_nobody(az)  # the blob is public


def test_checksums_that_cannot_be_compared(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    account(estate, azurite)
    gone = shell(f"{azurite.url}/private/gone.sh", sha256Checksum="0" * 64)
    findings, _ = verdicts(signed_in, with_steps(made, gone), *ALL, checksums=True)
    assert says(findings) == [("file-not-found", "error")]
    script = azurite.put("private/hello.sh")
    for odd in ("", "ABC", "0" * 63):
        template = with_steps(made, shell(script, sha256Checksum=odd))
        assert verdicts(signed_in, template, "checksum-mismatch", checksums=True)[0] == []
    wrapped = deployment(
        with_steps(made, shell(script, sha256Checksum="[parameters('hash')]")), hash={"type": "string"}
    )
    findings, _ = verdicts(signed_in, wrapped, *ALL, checksums=True)
    assert says(findings) == [("checksum-mismatch", "unchecked")]


def test_a_file_that_cannot_be_read(estate: Estate, site: Site, signed_in: Manager) -> None:
    """The site knows no GET."""
    template = with_steps(scene(estate), shell(site.put("/a.sh"), sha256Checksum="0" * 64))
    findings, _ = verdicts(signed_in, template, *ALL, checksums=True)
    assert says(findings) == [("checksum-mismatch", "unchecked")]


# -- storage-firewall --------------------------------------------------------------------------------------------------

CLOSED = {"default_action": "Deny"}
SWITCHED_OFF = {"public_network": "Disabled"}


@pytest.mark.parametrize("network", ["", "proxy"])
@pytest.mark.parametrize("closed", [CLOSED, SWITCHED_OFF, {**CLOSED, "addresses": ("20.1.2.3",)}])
def test_a_firewall(network: str, closed: dict[str, Any], estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    whole = account(estate, azurite, **closed)
    estate.get(whole)["properties"]["privateEndpointConnections"] = [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ]
    script, file = azurite.put("private/hello.sh"), azurite.put("public/app.conf")
    signed = f"{script}?{azurite.sas('private/hello.sh')}"
    findings, _ = verdicts(signed_in, with_steps(made, shell(signed), copy(file)), *ALL)
    assert says(findings) == [("storage-firewall", "error")]
    assert "`containerInstanceSubnetId`" in findings[0].help


@pytest.mark.parametrize(
    ("how", "endpoint", "said"),
    [
        (CLOSED, "", "error"),
        (CLOSED, "Pending", "error"),
        (CLOSED, "Approved", "unchecked"),
        (SWITCHED_OFF, "", "error"),
        (SWITCHED_OFF, "Approved", "unchecked"),
        ({**SWITCHED_OFF, "subnets": "container"}, "", "error"),
        ({"public_network": "SecuredByPerimeter"}, "", "unchecked"),
        ({**CLOSED, "addresses": ("20.1.2.3",)}, "", "warning"),
        ({**CLOSED, "subnets": "build"}, "", "error"),
        ({**CLOSED, "subnets": "container"}, "", ""),
    ],
)
def test_a_firewall_and_a_container(
    how: dict[str, Any], endpoint: str, said: str, estate: Estate, azurite: Azurite, signed_in: Manager
) -> None:
    made = scene(estate, network="container")
    subnets = {"container": made.ids["container subnet"].upper(), "build": made.ids["subnet"]}
    how = {**how, "subnets": tuple(subnets[name] for name in (how.get("subnets"),) if name)}
    whole = account(estate, azurite, **how)
    if endpoint:
        state = {"privateLinkServiceConnectionState": {"status": endpoint}}
        estate.get(whole)["properties"]["privateEndpointConnections"] = [{"properties": state}]
    findings, _ = verdicts(signed_in, with_steps(made, shell(azurite.put("private/hello.sh"))), *ALL)
    assert says(findings) == ([("storage-firewall", said)] if said else [])


def test_a_rule_whose_subnet_was_deleted(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    whole = account(estate, azurite, default_action="Deny", subnets=(made.ids["container subnet"],))
    estate.get(whole)["properties"]["networkAcls"]["virtualNetworkRules"][0]["state"] = "NetworkSourceDeleted"
    findings, _ = verdicts(signed_in, with_steps(made, shell(azurite.put("private/hello.sh"))), *ALL)
    assert says(findings) == [("storage-firewall", "error")]


def test_a_storage_account_elsewhere(estate: Estate, azurite: Azurite, site: Site, signed_in: Manager) -> None:
    made = scene(estate)
    add.storage_account(estate, "another", GROUP)
    template = with_steps(made, shell(azurite.put("private/hello.sh")), copy(azurite.put("public/app.conf")))
    findings, _ = verdicts(signed_in, template, *ALL)
    assert says(findings) == [("storage-firewall", "unchecked")]
    # Of other sites nothing is asked.
    assert verdicts(signed_in, with_steps(made, shell(site.put("/a.sh"))), "storage-firewall") == ([], [])


def test_accounts_that_cannot_be_listed(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    template = with_steps(made, shell(azurite.put("private/hello.sh")))
    fault = signed_in.fail("*/storageAccounts", 403, times=None)
    findings, _ = verdicts(signed_in, template, *ALL)
    assert says(findings) == [("storage-firewall", "unchecked")]
    signed_in.faults.remove(fault)
    # `provider-not-registered` owns these two.
    add.provider(estate, "Microsoft.Storage", state="NotRegistered")
    assert verdicts(signed_in, template, *ALL)[0] == []
    assert verdicts(signed_in, template, "storage-firewall", subscription="") == ([], [])


def test_endpoints_of_all_kinds(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    whole = account(estate, azurite)
    template = with_steps(made, shell(azurite.put("private/hello.sh")))
    endpoints = estate.get(whole)["properties"]["primaryEndpoints"]
    for name in ("microsoftEndpoints", "internetEndpoints"):
        endpoints.clear()
        endpoints[name] = {"blob": azurite.url}
        assert len(verdicts(signed_in, template, "storage-firewall")[1]) == 1
    endpoints.clear()
    estate.get(whole)["properties"]["secondaryEndpoints"] = {
        "blob": azurite.url.upper().replace("DEVSTORE", "devstore")
    }
    assert says(verdicts(signed_in, template, "storage-firewall")[0]) == [("storage-firewall", "unchecked")]


# -- script-changed ----------------------------------------------------------------------------------------------------


def submitted(estate: Estate, made: Scene, created: str, modified: str = "", **more: Any) -> str:
    whole = add.image_template(estate, NAME, GROUP, properties=made.properties, **more)
    estate.get(whole)["systemData"] = {"createdAt": created, "lastModifiedAt": modified or created}
    return whole


@pytest.mark.parametrize(
    ("created", "modified", "said", "held"),
    [
        ("2020-01-01T00:00:00.1234567Z", "", "info", 0),
        ("2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "", 0),
        ("2199-01-01T00:00:00Z", "", "", 1),
        ("yesterday", "", "", 0),
    ],
)
def test_a_script_that_was_changed(
    created: str, modified: str, said: str, held: int, estate: Estate, azurite: Azurite, signed_in: Manager
) -> None:
    made = scene(estate)
    account(estate, azurite)
    template = with_steps(made, shell(azurite.put("private/hello.sh")))
    submitted(estate, made, created, modified)
    findings, holds = verdicts(signed_in, template, *ALL)
    assert says(findings) == ([("script-changed", said)] if said else [])
    assert [one.check.name for one in holds if one.check].count("script-changed") == held


def test_the_signature_does_not_make_another_file(estate: Estate, azurite: Azurite, signed_in: Manager) -> None:
    made = scene(estate)
    account(estate, azurite)
    script = azurite.put("private/hello.sh")
    with_steps(made, shell(f"{script}?{azurite.sas('private/hello.sh', hours=2)}"))
    submitted(estate, made, "2020-01-01T00:00:00Z")
    template = with_steps(made, shell(f"{script}?{azurite.sas('private/hello.sh')}"))
    assert says(verdicts(signed_in, template, *ALL)[0]) == [("script-changed", "info")]


@pytest.mark.parametrize("why", ["none", "other file", "failed", "container", "forbidden", "not blob", "group", "gone"])
def test_nothing_is_certain(why: str, estate: Estate, azurite: Azurite, site: Site, signed_in: Manager) -> None:
    made = scene(estate, network="container" if why == "container" else "")
    account(estate, azurite)
    template = with_steps(made, shell(azurite.put("private/hello.sh")))
    if why == "not blob":
        template = with_steps(made, shell(site.put("/a.sh", Last_Modified="Wed, 21 Oct 2025 07:28:00 GMT")))
    if why != "none":
        submitted(estate, made, "2020-01-01T00:00:00Z", state="Failed" if why == "failed" else "Succeeded")
    if why == "other file":
        template = with_steps(made, shell(azurite.put("private/other.sh")))
    if why == "gone":
        template = with_steps(made, shell(f"{azurite.url}/private/gone.sh"))
    if why == "forbidden":
        signed_in.fail(f"{HOME}/providers/Microsoft.VirtualMachineImages/*", 403, times=None)
    live = {"resource_group": ""} if why == "group" else {}
    assert verdicts(signed_in, template, "script-changed", **live) == ([], [])
