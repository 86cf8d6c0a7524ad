"""A resource manager on the loopback: real HTTPS, the official shapes, the state of an Estate, faults on demand.

It checks what the real one checks first (token, api-version, that the path exists at all) and records what it was
asked. It knows nothing of aiblint.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.azure.routes import Reply, error, route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.azure.estate import Estate


class Request(NamedTuple):
    """A request as it came; no token is kept, only whether it had a good one."""

    method: str
    path: str
    query: dict[str, str]
    signed: bool
    body: object = None
    agent: str = ""


@dataclass
class Fault:
    """What goes wrong `times` times (None: always) with requests whose path fits `pattern`, as the shell matches, in any
    letter case. `kind` is a status, `slow`, `trickle`, `cut`, `malformed`, `html`, `empty` or `elsewhere`."""

    pattern: str
    kind: str
    times: int | None = 1
    retry_after: str = ""
    seconds: float = 0.0
    code: str = ""
    method: str = "*"


@dataclass
class Manager:
    """A running server. `url` is what `--cloud` takes; `tokens` are those that it accepts."""

    estate: Estate
    tokens: set[str] = field(default_factory=set)
    latency: float = 0.0
    page_size: int = 0
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    url: str = ""
    storage: str = ""
    most_at_once: int = 0
    # When each request came, in seconds of the process clock.
    times: list[float] = field(default_factory=list)

    def fail(self, pattern: str, kind: str | int, times: int | None = 1, **how: object) -> Fault:
        """Let requests fail; gives the fault, whose `times` counts down."""
        fault = Fault(pattern, str(kind), times, **how)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def asked(self, pattern: str = "*", method: str = "*") -> list[Request]:
        """The requests so far whose path fits, without those about the cloud itself and for tokens."""
        return [
            request
            for request in self.requests
            if fnmatch.fnmatch(request.path.lower(), pattern.lower())
            and fnmatch.fnmatch(request.method, method)
            and not is_preliminary(request)
        ]

    def writes(self) -> list[Request]:
        """The requests so far that were no reads: there must be none. Tokens are asked for by azure-identity."""
        reads = ("GET", "HEAD")
        return [
            request
            for request in self.requests
            if request.method not in reads
            and not request.path.lower().endswith("/checkpolicyrestrictions")
            and not is_preliminary(request)
        ]


def is_preliminary(request: Request) -> bool:
    """Whether a request belongs to signing in or asks what cloud this is."""
    return request.path.startswith("/metadata/") or "/oauth2/" in request.path or "/.well-known/" in request.path


def serve(manager: Manager, context: ssl.SSLContext) -> _Server:
    """Start answering on a free port of the loopback; `end` ends it."""
    server = _Server(manager, context)
    manager.url = f"https://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, manager: Manager, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manager = manager
        self.context = context
        self.open: set[socket.socket] = set()
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.at_once = 0

    def end(self) -> None:
        """Stop, and leave no connection behind."""
        self.ended.set()
        self.shutdown()
        self.server_close()
        for connection in tuple(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us, or leaves, is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        # The handshake belongs into the thread of the connection: a slow client must not hold up the others.
        self.request.settimeout(30)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.server.open.add(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.server.open.discard(self.request)
        self.request.close()

    def log_message(self, *_: object) -> None:
        """Nothing is written to the terminal."""

    def _any(self) -> None:
        manager, server = self.server.manager, self.server
        with server.lock:
            server.at_once += 1
            manager.most_at_once = max(manager.most_at_once, server.at_once)
        try:
            if manager.latency:
                time.sleep(manager.latency)
            self._answer(manager)
        finally:
            with server.lock:
                server.at_once -= 1

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

    def _answer(self, manager: Manager) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        request = Request(
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            token in manager.tokens,
            _json(raw),
            self.headers.get("User-Agent", ""),
        )
        with self.server.lock:
            manager.requests.append(request)
            manager.times.append(time.perf_counter())
            fault = _fault(manager.faults, request)
        reply = self._spoilt(fault, manager, request, bool(token)) if fault else None
        if fault and reply is None:
            return
        self._send(reply or _replied(manager, request, bool(token)))

    def _spoilt(self, fault: Fault, manager: Manager, request: Request, has_token: bool) -> Reply | None:
        """The answer of a fault; None if it has been dealt with: nothing more is to be sent."""
        if fault.kind == "slow":
            self.server.ended.wait(fault.seconds)
            return None if self.server.ended.is_set() else _replied(manager, request, has_token)
        if fault.kind == "cut":
            self.close_connection = True
            return None
        if fault.kind == "trickle":  # each byte comes in time, the whole never
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            ends = time.monotonic() + fault.seconds
            while time.monotonic() < ends and not self.server.ended.wait(0.05):
                self.wfile.write(b" ")
            self.close_connection = True
            return None
        if fault.kind == "malformed":
            return Reply(200, raw=b'{"value": [{"id": "/subscr')
        if fault.kind == "html":
            return Reply(int(fault.code or 200), raw=b"<html>proxy</html>", headers={"Content-Type": "text/html"})
        if fault.kind == "empty":
            return Reply(int(fault.code or 404), raw=b"")
        if fault.kind == "elsewhere":
            return Reply(200, {"value": [], "nextLink": "https://example.com/next?api-version=2022-04-01"})
        reply = error(int(fault.kind), fault.code, retry_after=fault.retry_after, path=urlsplit(self.path).path)
        # Storage, which is asked by HEAD, says it in a header.
        return reply._replace(headers={**reply.headers, "x-ms-error-code": fault.code}) if fault.code else reply

    def _send(self, reply: Reply) -> None:
        body = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            "x-ms-request-id": "00000000-0000-0000-0000-000000000000",
            **reply.headers,
        }
        # Headers and body in one send: in two, Nagle's algorithm and the delayed ACK cost 40 ms a call.
        head = f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self.wfile.write(head.encode() + (b"" if self.command == "HEAD" else body))


def _replied(manager: Manager, request: Request, has_token: bool) -> Reply:
    reply = route(
        manager.estate, request.method, request.path, request.query, request.body, manager.url, manager.storage
    )
    if not is_preliminary(request) and not request.signed:
        if not has_token:
            return error(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        return error(401, "InvalidAuthenticationToken", "The access token is invalid.")
    return _paged(manager, request, reply)


def _paged(manager: Manager, request: Request, reply: Reply) -> Reply:
    """One page of a list, with the address of the next, as `$skiptoken` counts."""
    if not manager.page_size or not isinstance(reply.body, dict) or not isinstance(reply.body.get("value"), list):
        return reply
    start = int(request.query.get("$skiptoken", "0"))
    items = reply.body["value"]
    page = {**reply.body, "value": items[start : start + manager.page_size]}
    if start + manager.page_size < len(items):
        query = {**request.query, "$skiptoken": str(start + manager.page_size)}
        written = "&".join(f"{quote(name, safe='$')}={quote(value)}" for name, value in query.items())
        page["nextLink"] = f"{manager.url}{quote(request.path)}?{written}"
    return reply._replace(body=page)


def _fault(faults: Iterable[Fault], request: Request) -> Fault | None:
    for fault in faults:
        fits = fnmatch.fnmatch(request.path.lower(), fault.pattern.lower())
        if fits and fnmatch.fnmatch(request.method, fault.method) and fault.times != 0:
            if fault.times is not None:
                fault.times -= 1
            return fault
    return None


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")
