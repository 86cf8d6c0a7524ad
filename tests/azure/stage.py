"""The test bed outside of pytest: for the picture of a preflight, and to measure one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import TYPE_CHECKING

import trustme

from tests.azure import az
from tests.azure import manager as managers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.azure.estate import Estate
    from tests.azure.manager import Manager


@contextmanager
def stage(estate: Estate, folder: Path) -> Iterator[tuple[Manager, dict[str, str]]]:
    """A running resource manager, and the environment in which somebody is signed in to it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    manager = managers.Manager(estate)
    server = managers.serve(manager, context)
    stand_in = az.install(folder / "az")
    manager.tokens.update(stand_in.tokens.values())
    path = os.pathsep.join((str(stand_in.folder), os.environ["PATH"]))
    try:
        yield (
            manager,
            {**os.environ, "PATH": path, "REQUESTS_CA_BUNDLE": str(folder / "ca.pem"), "NO_PROXY": "127.0.0.1"},
        )
    finally:
        server.end()
