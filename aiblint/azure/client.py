"""Asking Azure: one request for one address, side by side, within one time limit; answers instead of exceptions.

`connect` is where it begins. Nothing of the SDK is imported before, so that what is missing can be said.
"""

from __future__ import annotations

import json
import threading
from urllib.parse import quote, urlencode, urljoin, urlsplit

from aiblint.azure import cloud as clouds
from aiblint.azure.answer import FORBIDDEN, FOUND, UNASKED, Answer, judged
from aiblint.azure.trouble import NOT_INSTALLED, LiveError, clean, reason
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from typing import Any, TypeVar

    from azure.core.rest import HttpResponse

    from aiblint.azure.cloud import Cloud
    from aiblint.azure.pipeline import Deadline
    from aiblint.azure.sign_in import Caller

    T = TypeVar("T")

TIMEOUT = 30.0
# A list that goes on for longer is not one that belongs to a template.
_MOST_PAGES = 200
_MOST_REDIRECTS = 5


def connect(cloud: str = "public", subscription: str = "", timeout: float = TIMEOUT) -> Reader:
    """Everything that a run asks goes through the Reader that this gives. The clock of `--live-timeout` starts here.

    `cloud` is what `--cloud` says; `subscription` what `--subscription` says, for the Azure CLI's choice of account. An
    address of a cloud's own is asked what it is; nothing else is asked yet. Raises LiveError, with one readable line.
    """
    where = clouds.named(cloud)
    try:
        from aiblint.azure import pipeline, sign_in  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("azure", "requests", "msal"):
            raise
        raise LiveError(NOT_INSTALLED) from None
    pipeline.silence()
    reader = Reader(where, pipeline.deadline(timeout), subscription)
    return reader if where.known else reader.introduced()


class Reader:
    """Asks, and remembers what was answered. Safe to share between threads; no method raises because of an answer."""

    def __init__(self, cloud: Cloud, until: Deadline, subscription: str = "") -> None:
        from aiblint.azure import pipeline, sign_in

        self.cloud = cloud
        self.until = until
        self.subscription = subscription
        self.credential = sign_in.SignIn(cloud, until, subscription)
        self.transport = pipeline.Transport(until)
        self._unsigned = pipeline.build(self.transport, until, None, "")
        self._signed = pipeline.build(self.transport, until, self.credential, cloud.scope)
        self._storage = pipeline.build(self.transport, until, self.credential, clouds.STORAGE_SCOPE)
        self._asked: dict[str, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._gate = threading.Semaphore(pipeline.AT_ONCE)

    # -- questions -----------------------------------------------------------------------------------------------------

    def get(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> Answer:
        """A resource by its id, or whatever else a path of the resource manager gives: `/subscriptions/...`."""
        return self._arm("GET", path, api_version, query)

    def list(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> Answer:
        """A list, all pages of it: `body` is a list. If any page cannot be had, there is no list."""
        asked, url = f"GET {path}", self._url(path, api_version, query)
        if not _is_path(path):
            return Answer(UNASKED, clean(asked), reason=_NO_PATH)
        return self._once(f"LIST {url.lower()}", asked, lambda: self._pages(url, asked))

    def post(self, path: str, api_version: str, body: object) -> Answer:
        """What one of the POSTs says that only read (`aiblint.azure.pipeline.READING_POSTS`)."""
        return self._arm("POST", path, api_version, None, body)

    def head(self, url: str, signed_in: bool = False) -> Answer:
        """Whether a file is there: `body` has its `size` (None if not told), `type`, `etag` and `modified`.

        With `signed_in` a blob of this cloud is asked for as the account that is signed in, which needs a role for
        data (Storage Blob Data Reader); nobody else is ever shown a token. An address with a SAS is asked for as it is.
        """
        asked = f"HEAD {shown(url)}"
        return self._once(f"HEAD {signed_in} {url}", asked, lambda: self._head(url, asked, signed_in))

    def checksum(self, url: str, signed_in: bool = False, most: int = 100 * 2**20) -> Answer:
        """The `size` and `sha256` of a file, which is read for it but kept nowhere; not of more than `most` bytes."""
        asked = f"GET {shown(url)}"
        return self._once(f"SHA256 {signed_in} {url}", asked, lambda: self._checksum(url, asked, signed_in, most))

    def ask(self, key: str, call: Callable[[], object]) -> Answer:
        """What a call of one of the SDK's clients gives, as an Answer; `key` says in words what is asked.

        A client is made with `compute_client` and its like. The call is made once for a key.
        """
        return self._once(f"SDK {key}", key, lambda: Answer(FOUND, key, call(), status=200))

    def side_by_side(self, calls: Sequence[Callable[[], T]]) -> tuple[T, ...]:
        """What each of the calls gives, in their order; all of them run at once. Calls that ask nothing else wait for
        nothing else, so it may be used inside itself."""
        results: dict[int, T] = {}
        failed: list[BaseException] = []

        def run(place: int, call: Callable[[], T]) -> None:
            try:
                results[place] = call()
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=run, args=(place, call), daemon=True) for place, call in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return tuple(results[place] for place in range(len(calls)))

    def caller(self) -> Caller | str:
        """Who is signed in, or why nobody is: the message to show. Signing in happens here at the latest."""
        from aiblint.azure import sign_in

        try:
            token = self.credential.get_token_info(self.cloud.scope).token
        except LiveError as error:
            return str(error)
        return sign_in.caller(token) or sign_in.Caller("", "", "")

    @property
    def requests(self) -> int:
        """How many different questions were asked so far."""
        return len(self._asked)

    def introduced(self) -> Reader:
        """A Reader for a cloud that was given by its address, with what that says of itself. Raises LiveError."""
        for version in clouds.METADATA_VERSIONS:
            answer = self._metadata(f"{self.cloud.endpoint}{clouds.METADATA}?api-version={version}")
            if answer.found:
                return Reader(clouds.described(self.cloud, answer.body), self.until, self.subscription)
            if not answer.status:
                raise LiveError(f"cannot ask {self.cloud.endpoint}: {answer.reason}")
        return Reader(self.cloud._replace(known=True), self.until, self.subscription)

    def _metadata(self, url: str) -> Answer:
        asked = f"GET {clouds.METADATA}"
        return self._once(url, asked, lambda: self._send("GET", url, asked, self._unsigned))

    # -- once ----------------------------------------------------------------------------------------------------------

    def _once(self, key: str, asked: str, ask: Callable[[], Answer]) -> Answer:
        """The answer to a question, asked in a thread of its own: who waits for it can stop waiting in time."""
        from concurrent.futures import Future
        from concurrent.futures import TimeoutError as OverdueError  # its own one on Python 3.10

        asked = clean(asked)
        with self._lock:
            future = self._asked.get(key)
            if future is None:
                future = self._asked[key] = Future()
                # A daemon, for one that hangs must not keep the process from ending.
                threading.Thread(target=self._fill, args=(future, asked, ask), daemon=True).start()
        try:
            return future.result(self.until.left())
        except OverdueError:
            return self._late(asked)

    def _fill(self, future: Future[Answer], asked: str, ask: Callable[[], Answer]) -> None:
        if not self._gate.acquire(timeout=self.until.left()):
            future.set_result(self._late(asked))
            return
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_result(self._unanswered(error, asked))
        finally:
            self._gate.release()

    def _late(self, asked: str) -> Answer:
        return Answer(UNASKED, asked, reason=f"no answer within the {self.until.seconds:g} s of --live-timeout")

    def _unanswered(self, error: BaseException, asked: str) -> Answer:
        response = getattr(error, "response", None)
        if getattr(response, "status_code", 0) and getattr(response, "headers", None) is not None:
            return self._meant(response, asked)
        if self.until.left() <= 0:
            return self._late(asked)
        return Answer(UNASKED, asked, reason=self.credential.hide(reason(error, self._host(asked))))

    def _host(self, asked: str) -> str:
        """Whom a question was for; questions to the resource manager are paths."""
        return urlsplit(asked.partition(" ")[2]).netloc or urlsplit(self.cloud.endpoint).netloc

    def _meant(self, response: Any, asked: str) -> Answer:
        return judged(response, asked, self._host(asked), self.credential.hide)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _url(self, path: str, api_version: str, query: Mapping[str, str] | None) -> str:
        # An id comes from a template: whatever is in it stays in the path.
        written = quote(path, safe="/:@!$&'()*+,;=-._~")
        asked = urlencode({"api-version": api_version, **(query or {})}, quote_via=quote, safe="$,")
        return f"{self.cloud.endpoint}{written}?{asked}"

    def _arm(
        self, method: str, path: str, api_version: str, query: Mapping[str, str] | None, body: object = None
    ) -> Answer:
        asked = f"{method} {path}"
        url = self._url(path, api_version, query)
        key = f"{method} {url.lower()} {json.dumps(body, sort_keys=True)}"
        if not _is_path(path):
            return Answer(UNASKED, clean(asked), reason=_NO_PATH)
        return self._once(key, asked, lambda: self._send(method, url, asked, self._signed, body))

    def _send(self, method: str, url: str, asked: str, pipeline: Any, body: object = None) -> Answer:
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, url, json=body, headers={"Accept": "application/json"})
        return self._meant(pipeline.run(request).http_response, asked)

    def _pages(self, url: str, asked: str) -> Answer:
        items: list[Any] = []
        seen: set[str] = set()
        while url not in seen and len(seen) < _MOST_PAGES:
            seen.add(url)
            answer = self._send("GET", url, asked, self._signed)
            if not answer.found:
                # A later page that is not there does not mean that there is no list.
                return answer if len(seen) == 1 or answer.kind == UNASKED else answer._replace(kind=UNASKED)
            page = answer.body if isinstance(answer.body, list) else answer.at("value")
            if not isinstance(page, list):
                return Answer(UNASKED, asked, reason="the answer is not a list", status=answer.status)
            items += page
            following = answer.at("nextLink")
            if not following:
                return answer._replace(body=items)
            url = str(following)
            # The token goes to nobody but the resource manager itself.
            if _origin(url) != _origin(self.cloud.endpoint):
                return Answer(UNASKED, asked, reason="the next page of the list is said to be somewhere else")
        return Answer(UNASKED, asked, reason="the list does not end")

    def _head(self, url: str, asked: str, signed_in: bool) -> Answer:
        response = self._file("HEAD", url, signed_in)
        if isinstance(response, str):
            return Answer(UNASKED, asked, reason=response)
        if response.status_code != 200:
            return self._withheld(response, asked)
        headers = response.headers
        size = headers.get("Content-Length", "")
        body = {
            "size": int(size) if size.isdigit() else None,
            "type": headers.get("x-ms-blob-type") or headers.get("Content-Type"),
            "etag": headers.get("ETag"),
            "modified": headers.get("Last-Modified"),
        }
        return Answer(FOUND, asked, body, status=200)

    def _checksum(self, url: str, asked: str, signed_in: bool, most: int) -> Answer:
        import hashlib

        response = self._file("GET", url, signed_in, stream=True)
        if isinstance(response, str):
            return Answer(UNASKED, asked, reason=response)
        try:
            if response.status_code != 200:
                response.read()
                return self._withheld(response, asked)
            size, digest = 0, hashlib.sha256()
            for piece in response.iter_raw():
                size += len(piece)
                digest.update(piece)
                if size > most or self.until.left() <= 0:
                    why = f"it is larger than {most} bytes" if size > most else self._late(asked).reason
                    return Answer(UNASKED, asked, reason=why)
            return Answer(FOUND, asked, {"size": size, "sha256": digest.hexdigest()}, status=200)
        finally:
            response.close()

    def _withheld(self, response: HttpResponse, asked: str) -> Answer:
        """What it means that a file is not given. To those who show neither a token nor a SAS storage says 401 of what
        not everybody may read, or, of old, `ResourceNotFound`, whether it is there or not.

        https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#bearer-challenge
        """
        answer = self._meant(response, asked)
        request = response.request
        if "Authorization" in request.headers or "sig=" in urlsplit(request.url).query:
            return answer
        if answer.status == 401 or (answer.status == 404 and answer.code == "ResourceNotFound"):
            return answer._replace(kind=FORBIDDEN, reason="not everybody may read it")
        return answer

    def _file(self, method: str, url: str, signed_in: bool, stream: bool = False) -> HttpResponse | str:
        """The answer for a file, or why it cannot be asked for. Redirects are followed only where no token is shown."""
        from azure.core.rest import HttpRequest

        blob = clouds.holds_blob(self.cloud, url)
        signed_in = signed_in and blob and "sig=" not in urlsplit(url).query
        pipeline = self._storage if signed_in else self._unsigned
        for _ in range(_MOST_REDIRECTS + 1):
            if urlsplit(url).scheme.lower() not in ("http", "https") or not urlsplit(url).hostname:
                return "it is not an address of http or https"
            # A compressed answer would tell the length of what is sent, not of the file.
            headers = {"Accept-Encoding": "identity"}
            if blob:
                headers["x-ms-version"] = clouds.STORAGE_VERSION
            response: HttpResponse = pipeline.run(
                HttpRequest(method, url, headers=headers), stream=stream
            ).http_response
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            response.close()
            if blob:
                break
            url = urljoin(url, response.headers.get("Location", ""))
            if clouds.holds_blob(self.cloud, url):
                blob = True
        return "it leads on to another address, again and again"


_NO_PATH = "this is not the path of a resource"


def _is_path(path: str) -> bool:
    """Whether a path leads where it says: `..` would lead elsewhere."""
    return path.startswith("/") and not {"", ".", ".."} & set(path[1:].split("/"))


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; some services write the port of https out in their links."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        return "", "", 0


def shown(url: str) -> str:
    """An address as it may be shown: without its query, which may be a signature, and without a password."""
    try:
        parts = urlsplit(url)
        return clean(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
    except ValueError:
        return "an address"
