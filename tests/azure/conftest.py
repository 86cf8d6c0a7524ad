"""The test bed of the live checks: a resource manager with TLS, a stand-in `az`, Azurite. Each fixture ends its own."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import pytest
import trustme

from tests.azure import az as stand_in
from tests.azure import estate as estates
from tests.azure import manager as managers
from tests.azure import official

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiblint.azure.client import Reader
    from tests.azure.az import Az
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

ROOT = Path(__file__).parents[2]


class Authority(NamedTuple):
    """A certificate authority of the tests: its own file, that of another one, and what servers show."""

    file: Path
    other: Path
    context: ssl.SSLContext
    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificates for 127.0.0.1, made anew."""
    folder = tmp_path_factory.mktemp("authority")
    ours, another = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(folder / "ca.pem"))
    another.cert_pem.write_to_path(str(folder / "other.pem"))
    issued = ours.issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(folder / "cert.pem"), append=number > 0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return Authority(folder / "ca.pem", folder / "other.pem", context, folder / "cert.pem", folder / "key.pem")


@pytest.fixture
def estate() -> Estate:
    """A tenant with a subscription and nothing in it."""
    return estates.new()


@pytest.fixture
def manager(estate: Estate, authority: Authority) -> Iterator[Manager]:
    """A running resource manager for the estate; at the end it says which requests no official operation describes."""
    running = managers.Manager(estate)
    server = managers.serve(running, authority.context)
    try:
        yield running
    finally:
        server.end()


@pytest.fixture
def only_official(manager: Manager) -> Iterator[None]:
    """Every request of the test must be a read, and one that the official API describes."""
    yield
    assert manager.writes() == []
    assert official.unofficial(manager.asked()) == []


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which nobody is signed in: no variables, no home, no `az`, no managed identity."""
    for name in list(os.environ):
        taken = ("AZURE_", "AZURESUBSCRIPTION_", "ACTIONS_", "SYSTEM_", "IDENTITY_", "MSI_", "ARM_")
        if name.startswith(taken) or name.upper() in (
            "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
            "SSL_CERT_DIR", "IMDS_ENDPOINT",
        ):  # fmt: skip
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv(
        "PATH", os.pathsep.join(folder for folder in ("/usr/bin", "/bin") if not Path(folder, "az").exists())
    )
    # The address of the machine's own identity service, diverted to where nobody listens.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{free_port()}")
    return home


@pytest.fixture
def az(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Az:
    """A stand-in for the Azure CLI, first on the PATH; somebody is signed in."""
    installed = stand_in.install(nowhere.parent / "az")
    monkeypatch.setenv("PATH", f"{installed.folder}{os.pathsep}{os.environ['PATH']}")
    return installed


@pytest.fixture
def signed_in(manager: Manager, az: Az, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """The resource manager, which accepts the tokens of the stand-in; its certificate is trusted.

    What runs `aiblint --live --cloud MANAGER.url` in this environment, here or in a process of its own, gets answers.
    """
    manager.tokens.update(az.tokens.values())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    return manager


@pytest.fixture
def connect(signed_in: Manager) -> Callable[..., Reader]:
    """Makes a Reader of the resource manager: `connect(timeout=5)`."""
    from aiblint.azure import client

    return lambda timeout=20.0, **more: client.connect(signed_in.url, timeout=timeout, **more)


@pytest.fixture
def reader(connect: Callable[..., Reader]) -> Reader:
    """A Reader of the resource manager."""
    return connect()


# -- Azurite -----------------------------------------------------------------------------------------------------------

# The account that every Azurite has: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite(NamedTuple):
    """A running storage emulator. `url` ends in the account; blobs of the container `public` may be read by everybody,
    those of `private` by nobody without a signature or a token."""

    url: str
    host: str

    def put(self, blob: str, content: bytes = b"echo hello\n") -> str:
        """Upload `container/name`; gives its address."""
        from azure.storage.blob import BlobServiceClient

        container, _, name = blob.partition("/")
        # Verified against the variables that the test has set.
        with BlobServiceClient(self.url, {"account_name": ACCOUNT, "account_key": KEY}) as service:
            service.get_container_client(container).upload_blob(name, content, overwrite=True)
        return f"{self.url}/{blob}"

    def sas(self, blob: str, permissions: str = "r", hours: float = 1.0, starts: float = -1.0, key: str = KEY) -> str:
        """The query of a SAS for `container/name`, good from `starts` to `hours` from now."""
        return sas(blob, permissions, hours, starts, key)


def sas(blob: str, permissions: str = "r", hours: float = 1.0, starts: float = -1.0, key: str = KEY) -> str:
    """https://learn.microsoft.com/rest/api/storageservices/create-service-sas (version 2020-12-06)."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = (
        (now + datetime.timedelta(hours=by)).strftime("%Y-%m-%dT%H:%M:%SZ") for by in (min(starts, hours - 1), hours)
    )
    if starts > 0:
        start = (now + datetime.timedelta(hours=starts)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = (
        permissions,
        start,
        end,
        f"/blob/{ACCOUNT}/{blob}",
        "",
        "",
        "",
        "2020-12-06",
        "b",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
    )
    signature = hmac.new(base64.b64decode(key), "\n".join(fields).encode(), hashlib.sha256).digest()
    values = {"sv": "2020-12-06", "st": start, "se": end, "sr": "b", "sp": permissions}
    written = "&".join(f"{name}={quote(value)}" for name, value in values.items())
    return f"{written}&sig={quote(base64.b64encode(signature).decode(), safe='')}"


def azurite_command() -> str | None:
    """Where Azurite is: AIBLINT_AZURITE, or what `npm install azurite@3.35.0` put into the checkout."""
    given = os.environ.get("AIBLINT_AZURITE")
    if given:
        return given
    local = ROOT / "node_modules" / ".bin" / "azurite"
    return str(local) if local.exists() else None


@pytest.fixture(scope="session")
def azurite_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite with TLS and tokens (`--oauth basic` looks at their claims only), with its two containers."""
    command = azurite_command()
    if command is None or not shutil.which("node"):
        pytest.skip("no Azurite: npm install --no-save azurite@3.35.0, or name it in AIBLINT_AZURITE")
    folder = tmp_path_factory.mktemp("azurite")
    ports = {name: free_port() for name in ("blob", "queue", "table")}
    arguments = [
        command,
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        "--inMemoryPersistence",
        "--oauth",
        "basic",
    ]
    arguments += ["--cert", str(authority.certificate), "--key", str(authority.key)]
    for name, port in ports.items():
        arguments += [f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port)]
    running = Azurite(f"https://127.0.0.1:{ports['blob']}/{ACCOUNT}", f"127.0.0.1:{ports['blob']}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        _wait_for(ports["blob"], process, folder / "log")
        _containers(running, authority)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def azurite(azurite_server: Azurite, manager: Manager) -> Azurite:
    """Azurite, which the resource manager calls the storage of its cloud."""
    manager.storage = azurite_server.host
    return azurite_server


def _containers(running: Azurite, authority: Authority) -> None:
    from azure.storage.blob import BlobServiceClient

    credential = {"account_name": ACCOUNT, "account_key": KEY}
    with BlobServiceClient(running.url, credential, connection_verify=str(authority.file)) as service:
        service.create_container("public", public_access="blob")
        service.create_container("private")


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"Azurite does not run: {log.read_text()}")


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
