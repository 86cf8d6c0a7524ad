"""Secrets in any text: signatures, keys, tokens and passwords that were written out. Checks report them, reports hide them.

The text may be the source of a JSON file, where `&` can be written `\\u0026` and a quote `\\"`, or what that decodes to.
Only what is literally there counts. An ARM expression, a variable of a shell, a placeholder or a word such as `password`
in its own place is no secret: `mask` must hide every secret, but a finding must be right.

Everything is linear in the length of the text: patterns begin with a fixed text, are tried on a lower-case copy, and
repeat within bounds. Formats: SAS, https://learn.microsoft.com/rest/api/storageservices/create-service-sas; storage keys,
https://learn.microsoft.com/purview/sit-defn-azure-storage-account-key-generic; client secrets,
https://learn.microsoft.com/purview/sit-defn-azure-ad-client-secret; GitHub,
https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Secret(NamedTuple):
    """Characters `start` up to, not including, `end` of a text are a secret. `kind` is in words: `a SAS signature`."""

    start: int
    end: int
    kind: str


def find(text: str) -> list[Secret]:
    """The secrets of a text, in order, none inside another; the places are those of the secret characters alone."""
    # No character may become two, or places would move: this is the one that does (Unicode SpecialCasing).
    folded = text.replace("\u0130", "i").lower()
    found = [*_shaped(text, folded), *_private_keys(text, folded), *_commanded(text, folded), *_named(text, folded)]
    found.sort(key=lambda secret: secret.start)  # stable: of two at one place the one known by its shape comes first
    secrets: list[Secret] = []
    for secret in found:
        if secrets and secret.start < secrets[-1].end:
            last = secrets.pop()
            secret = Secret(last.start, max(last.end, secret.end), last.kind)
        secrets.append(secret)
    return secrets


def mask(text: str) -> str:
    """The text with `***` in place of each secret, whatever its length; lines stay lines. What has no secret stays equal.

    A secret that was recognised in one place is hidden wherever else the text repeats it.
    """
    secrets = find(text)
    if not secrets:
        return text
    pieces = []
    at = 0
    for secret in secrets:
        pieces += (text[at : secret.start], _LINE.sub("***", text[secret.start : secret.end]))
        at = secret.end
    masked = "".join((*pieces, text[at:]))
    values = dict.fromkeys(text[secret.start : secret.end] for secret in secrets)
    # Short ones would hide words that only look alike; and a text made of secrets must not take hours.
    repeated = [value for value in values if len(value) >= 8 and _LINE.fullmatch(value)][:100]
    for value in sorted(repeated, key=len, reverse=True):
        masked = masked.replace(value, "***")
    return masked


_LINE = re.compile(r"[^\r\n]+")

# -- what is no secret -------------------------------------------------------------------------------------------------

# Values that stand for something else: `[parameters('x')]`, `$(...)`, `%X%`, `{{x}}`, `<x>`, `__X__`, `#{x}#`, a Key Vault
# reference, an address, a path, a GUID, a row of stars.
_REFERENCE = re.compile(
    r"\[.*\]|\$[\w{(:@?].*|%[^%\s]+%|!\w+!|@[{(].*|__\w+__|@@.*@@|\{\w*\}|@microsoft\.keyvault.*|[a-z][a-z0-9+.-]*://.*"
    r"|(?:~|\.{1,2})?(?:/[\w.-]+)+/?|[a-z]:\\.*|[x*.•#?_:-]+"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.I | re.S,
)
_TEMPLATED = re.compile(r"\{\{|\}\}|[#$]\{|<[a-z][\w .:/-]*>|%[a-z_]\w*%|%[sd](?!\w)", re.I)
_VARIABLE = re.compile(r"(?<![$`\\])\$(?:[a-z_{(:?]|\d)", re.I)
# Words, not passwords: what is meant to be replaced, what turns a password on or off, or the name of a thing.
_WORDS = frozenset(
    (
        "always argument arguments asterisk bool changeit changeme changethis default disabled dummy empty enabled example "
        "fail failed false field file flag flags from hidden keyvault masked never none null object option optional options "
        "parameter parameters passed placeholder prompt redacted removed replaceme required sample secureobject "
        "securestring stdin string switch that then this todo true undefined unset vault when will with"
    ).split()
)
_WORDY_START = ("your", "enter", "insert", "replace", "changethis", "putyour", "example", "sample", "placeholder")
_WORDY_END = ("pass", "password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "key", "here", "value", "name")
# Without quotes: another option, a call, an element, a cmdlet, a snake_case name.
_CODE = re.compile(
    r"[-@({=]|[^()\[\]]*[(\[\]]|(?:get|read|new|convertto|convertfrom|invoke|import|select|join|write)-[a-z]+"
    r"|[a-z]+(?:_[a-z]+)+$",
    re.I,
)


def _literal(value: str) -> bool:
    """Whether a value is what it says, and not a reference, a placeholder or a word."""
    if "\\u00" in value:
        value = re.sub(r"\\u00([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), value)
    if len(value) < 4 or _REFERENCE.fullmatch(value) or _TEMPLATED.search(value):
        return False
    if re.fullmatch(r"[^\W\d]+(?:[\s,.:;'()/-]+[^\W\d]+)*[.!?:]?", value):
        letters = re.sub(r"[\W_]", "", value).lower()
        prose = re.search(r"\s", value) is not None
        return not (prose or letters in _WORDS or letters.startswith(_WORDY_START) or letters.endswith(_WORDY_END))
    return True


def _random(minimum: int) -> Callable[[str], bool]:
    """A test for values that nobody thought up: long enough, letters and digits, and no words joined with hyphens."""

    def test(value: str) -> bool:
        return (
            len(value) >= minimum
            and _literal(value)
            and re.fullmatch(r"[\w+/=~.!@#%^*:\\-]+", value) is not None
            and re.search(r"\d", value) is not None
            and re.search(r"[A-Za-z]", value) is not None
            and re.fullmatch(r"[a-z0-9]+(?:[-_.:/][a-z0-9]+)+", value) is None
        )

    return test


def _random_bytes(value: str) -> bool:
    """Whether Base64 holds bytes that are not all ASCII: 64 random bytes never are, while text in Base64 always is."""
    try:
        return any(byte > 127 for byte in a2b_base64(value))
    except Error:
        return False


def _signed(value: str) -> bool:
    """Whether a signature or key is not one to be filled in; a real one without a digit is one in a thousand."""
    if re.fullmatch(r"[xX]+", value):
        return False
    return bool(re.search(r"\d", value) or not re.search(r"(?i)signature|placeholder|redacted|replace|your|here|key", value))


# -- secrets known by their shape --------------------------------------------------------------------------------------

# What stands in a signature and in a key: Base64, also percent-encoded, also as JSON may escape it.
_ESCAPE = r"\\{1,15}"
_SIG = rf"(?:[a-z0-9+/=_-]|%(?!26)|{_ESCAPE}(?:/|u002b|u003d)){{20,}}"
_KEY = rf"(?:[a-z0-9+/=]|%2[bf]|%3d|{_ESCAPE}(?:/|u002b|u003d)){{20,}}"
_IS = rf"(?:=|%3d|{_ESCAPE}u003d)"



def _begins(body: str, within: str) -> str:
    """Looks back over `body`: it is no end of a longer row of `within`. In JSON, `\\n` or `\\u0027` before it is no part of it."""
    return rf"(?:(?<!{within}{body})|(?<=\\[nrt]{body})|(?<=\\u00[0-9a-f][0-9a-f]{body}))"


# One row: a fixed text that must be there, the pattern (tried on the lower-case text; its group, or all of it, is the
# secret), how many characters before the match belong to the secret, its kind, and what its own characters must be.
_SHAPES: tuple[tuple[str, str, int, str, Callable[[str], bool]], ...] = (
    # `sig` of a query, or alone and exactly the 32 bytes of a signature. Greedy and never taken back: see the top.
    ("sig", r"sig(?:(?<=[?&;]sig)|(?<=u0026sig)|(?<=%26sig)|(?<=%3fsig))" + _IS + "(" + _SIG + ")", 0,
     "a SAS signature", _signed),
    ("sig", "sig" + _begins("sig", r"\w") + r"(?:=|%3d)((?:[a-z0-9+/]|%2[bf]){43}(?:=|%3d))", 0, "a SAS signature", _signed),
    ("accountkey", r"accountkey\s{0,3}" + _IS + r"\s{0,3}(" + _KEY + ")", 0, "a storage account key", _signed),
    ("sharedaccesskey", r"sharedaccesskey\s{0,3}" + _IS + r"\s{0,3}(" + _KEY + ")", 0,
     "a connection string", _signed),
    # 64 bytes in Base64 that stand alone; `sha512-` in front makes them a checksum (Subresource Integrity).
    ("==", r"==(?<=[a-z0-9+/]{86}==)" + _begins("[a-z0-9+/]{86}==", "[a-z0-9+/]")
     + r"(?<!sha512-[a-z0-9+/]{86}==)(?![a-z0-9+/=])", 86,
     "a storage account key", _random_bytes),
    ("q~", r"q~(?<=[\w~.]{3}\dq~)" + _begins(r"[\w~.]{3}\dq~", r"[\w~.-]") + r"[\w~.-]{31,34}(?![\w~.-])", 4,
     "a client secret", lambda value: value[4] == "Q"),
    ("gh", "gh[pousr]_" + _begins("gh[pousr]_", r"\w") + "[a-z0-9]{36,251}", 0, "a GitHub token", _literal),
    ("github_pat_", r"github_pat_[a-z0-9_]{22,251}", 0, "a GitHub token", _random(30)),
    ("githubusercontent", r"githubusercontent\.com/[^\s\"'?\\]{1,300}\?token=([a-z0-9]{20,100})", 0,
     "a GitHub token", _literal),
    ("glpat-", r"glpat-[\w-]{20,300}", 0, "a GitLab token", _literal),
    ("xox", r"xox[abeoprs]-[a-z0-9-]{10,300}", 0, "a Slack token", _random(15)),
    ("azdo", r"azdo(?<=[a-z0-9]{76}azdo)[a-z0-9]{4}(?![a-z0-9])", 76, "an Azure DevOps token", _random(84)),
    ("eyj", "eyj" + _begins("eyj", r"[\w-]") + r"[\w-]{10,}\.eyj[\w-]{10,}\.[\w-]{10,}", 0,
     "a JSON Web Token", lambda value: value.startswith("eyJ")),
    ("authorization", r"authorization(?:[\"'\\]|u002[27]){0,8}\s{0,3}[:=]\s{0,3}(?:[\"'\\]|u002[27]){0,8}(?:bearer|basic|token)\s{1,3}"
     r"([a-z0-9+/=._~-]{16,4000})", 0, "an access token", _random(16)),
    ("://", r"://[^\s/:@\"'<>\\]{1,100}:([^\s/@\"'<>\\]{1,200})@", 0,
     "a password", lambda value: _literal(value) and not _VARIABLE.search(value)),
)  # fmt: skip


def _shaped(text: str, folded: str) -> Iterator[Secret]:
    for literal, pattern, before, kind, test in _SHAPES:
        if literal in folded:
            for match in re.finditer(pattern, folded):
                start, end = match.span(match.re.groups)
                if test(text[start - before : end]):
                    yield Secret(start - before, end, kind)


def _private_keys(text: str, folded: str) -> Iterator[Secret]:
    if "private key" not in folded:
        return
    for match in re.finditer(r"-----begin (?:[a-z0-9]{1,20} ){0,3}private key(?: block)?-----", folded):
        end = folded.find("-----", match.end())
        if end < 0 or not folded.startswith("-----end", end):
            # Cut short: as far as it looks like a key.
            end = _KEY_LINES.match(text, match.end(), end if end >= 0 else len(text)).end()  # type: ignore[union-attr]
        start = _AROUND.match(text, match.end(), end).end()  # type: ignore[union-attr]
        while end > start and (text[end - 1] in " \t\r\n\"'," or text.startswith(("\\n", "\\r"), end - 2)):
            end -= 1
        if re.search(r"[A-Za-z0-9+/]{40}", text[start : min(end, start + 600)]):
            yield Secret(start, end, "a private key")


# Lines of a key may be JSON strings of their own.
_KEY_LINES = re.compile(r"[\w+/=\s\\\"',:.-]*")
_AROUND = re.compile(r"(?:\\[nrt]|[\s\"',])*")

# -- values ------------------------------------------------------------------------------------------------------------

_LONGEST = 512
_OPENING = re.compile(rf"(\\*)([\"'])|{_ESCAPE}u002[27]")
# What JSON writes for a quote, an ampersand, an angle bracket or the end of a line ends it too.
_BARE = re.compile(
    rf"(?:(?!{_ESCAPE}(?:u00(?:2[267]|3[ce])|[nrt\"']))[^\s\"'`;|&<>,]|,(?!\w{{1,30}}=)){{1,512}}", re.I
)


class _Value(NamedTuple):
    """A value as written: `quote` is `"`, `'` or empty; `interpolates` where a shell would put a variable's value in."""

    start: int
    end: int
    quote: str
    interpolates: bool


def _value(text: str, start: int) -> _Value | None:
    """The value that begins at a place, in quotes of any depth of escaping or bare; None where there is none."""
    opening = _OPENING.match(text, start)
    if opening is None:
        bare = _BARE.match(text, start)
        if bare is None:
            return None
        word = bare[0]
        if not any(bracket in word for bracket in "([{"):
            word = word.rstrip(",:)]}")  # what closes something that the value did not open
        return _Value(start, start + len(word), "", True)
    start = opening.end()
    limit = start + _LONGEST
    if opening[2] is None:
        end = text.find(opening[0], start, limit)
        quote = "'" if opening[0].endswith("7") else '"'
    else:
        quote = opening[2]
        end = _closing(text, start, limit, quote, len(opening[1]))
    if end < 0 or "\n" in text[start:end] or "\r" in text[start:end]:
        return None
    return _Value(start, end, quote, quote == '"')


def _closing(text: str, start: int, limit: int, quote: str, depth: int) -> int:
    """Where the value ends whose opening quote had `depth` backslashes before it; -1 if nowhere before `limit`.

    Each time a text is put into JSON its quotes get a backslash, and backslashes double: a quote that is escaped at the
    value's own level has more of them than its opening one.
    """
    at = start
    while (at := text.find(quote, at, limit)) >= 0:
        if quote == "'":
            if not text.startswith("''", at):  # PowerShell writes one quote inside as two
                return at
            at += 2
            continue
        backslashes = 0
        while at - backslashes > start and text[at - backslashes - 1] == "\\":
            backslashes += 1
        if backslashes < depth or (backslashes - depth) // (depth + 1) % 2 == 0:
            return at - min(backslashes, depth)
        at += 1
    return -1


def _is_secret(text: str, value: _Value | None, test: Callable[[str], bool]) -> bool:
    if value is None:
        return False
    written = text[value.start : value.end]
    if value.interpolates and _VARIABLE.search(written):
        return False
    if not value.quote and _CODE.match(written):
        return False
    return test(written)


# -- secrets known by their command ------------------------------------------------------------------------------------

_Q = rf"(?:\\*[\"']|{_ESCAPE}u002[27])"
_WORD = rf"(?:{_Q}[^\"'\\\r\n]{{1,60}}{_Q}|[^\s\"'/\\|;&-][^\s\"'\\|;&]{{0,60}})"
_END = rf"{_Q}?\s{{0,5}}(?:$|[\r\n/|;&,)\]\"']|{_ESCAPE}[nru\"'])"
_PIPED = (
    _Q + r"?\s{0,5}\|\s{0,5}(?:sudo\s{1,3}-s|(?:sudo\s{1,3})?passwd\s|"
    r"(?:sudo\s{1,3})?(?:docker|podman|helm|az|oras|gh)\s[^|\r\n]{0,120}(?:password-stdin|with-token))"
)

# One row: a fixed text, the pattern that ends where the password begins, and what must follow the password.
_COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("user", "net" + _begins("net", r"[\w.-]") + rf"1?(?:\.exe)?\s{{1,5}}user\s{{1,5}}{_WORD}\s{{1,5}}(?=[^/*\s])", _END),
    ("use", "net" + _begins("net", r"[\w.-]") + r"(?:\.exe)?\s{1,5}use\s{1,5}(?:[a-z]:\s{1,5}|\*\s{1,5})?[\"']?\\{2,8}[^\s\"']{1,200}[\"']?\s{1,5}"
     r"(?:/user:[^\s\"']{1,80}\s{1,5})?(?=[^/*\s])", ""),
    ("asplaintext", r"convertto-securestring\s{1,5}(?:-(?:asplaintext|force)\s{1,5}){0,2}(?:-string[\s:]{1,3})?"
     rf"(?:-(?:asplaintext|force)\s{{1,5}}){{0,2}}(?={_Q})", ""),
    ("networkcredential", rf"networkcredential\]?(?:::new)?[\s,]{{0,3}}(?:-argumentlist\s{{1,3}})?[(@]{{0,2}}\s{{0,3}}"
     rf"{_Q}[^\"'\\]{{0,80}}{_Q}\s{{0,3}},\s{{0,3}}(?={_Q})", ""),
    ("chpasswd", rf"echo\s{{1,3}}(?:-[ne]{{1,2}}\s{{1,3}})?{_Q}?[\w.@-]{{1,40}}:", _Q + r"?\s{0,5}\|\s{0,5}(?:sudo\s{1,3})?chpasswd"),
    ("chpasswd", rf"chpasswd\s{{0,3}}<<<\s{{0,3}}{_Q}?[\w.@-]{{1,40}}:", ""),
    ("echo", r"echo\s{1,3}(?:-n\s{1,3})?", _PIPED),
    ("sshpass", r"sshpass\s{1,3}-p\s{0,3}", ""),
    ("curl", r"curl(?:\.exe)?\s(?:[^|;&\r\n]{0,100}\s)?(?:-u|--user)[\s=]{1,3}" + _Q + r"?[^\s:\"'\\/$]{1,60}:(?!//)", ""),
    ("login", r"login\s[^|;&\r\n]{0,150}?\s-p[\s=]{1,3}", ""),
    ("psexec", r"psexec(?:64)?(?:\.exe)?\s[^|;&\r\n]{0,150}?\s-p\s{1,3}", ""),
    ("sqlcmd", r"sqlcmd(?:\.exe)?\s[^|;&\r\n]{0,150}?\s-p\s{0,3}", ""),
    ("setenvironmentvariable", rf"setenvironmentvariable\(\s{{0,3}}{_Q}\w{{0,40}}(?:password|passwd|pwd|secret){_Q}\s{{0,3}},\s{{0,3}}(?={_Q})", ""),
)  # fmt: skip


def _commanded(text: str, folded: str) -> Iterator[Secret]:
    for literal, pattern, after in _COMMANDS:
        if literal in folded:
            for match in re.finditer(pattern, folded):
                value = _value(text, match.end())
                if value is not None and _is_secret(text, value, _literal) and re.compile(after).match(folded, value.end):
                    yield Secret(value.start, value.end, "a password")
    if "convertto-securestring" in folded:
        for match in re.finditer(r"([\"']|u002[27])\s{0,3}\|\s{0,3}convertto-securestring", folded):
            end = match.start()
            while end > 0 and text[end - 1] == "\\":
                end -= 1
            start = text.rfind(match[1], max(0, end - _LONGEST), end) + len(match[1])
            if start >= len(match[1]) and start < end:
                value = _Value(start, end, match[1], match[1] in ('"', "u0022"))
                if _is_secret(text, value, _literal):
                    yield Secret(start, end, "a password")


# -- secrets known by their name ---------------------------------------------------------------------------------------

_NAMES = ("pass", "pwd", "secret", "token", "key")
_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|account|storage|secret)[_-]?key)(?![\w.-])"
)
# What may stand between a name and its value. Parameter files and ARM parameters: `"x": {"type": ..., "value": "..."}`;
# lists of variables: `"name": "X", "value": "..."`; the registry: `-Name X -Value ...` and `/v X /t REG_SZ /d ...`.
_INNER = r"(?:value|securevalue|defaultvalue)\"\s{0,10}:\s{0,10}(?=\")"
_OBJECT = re.compile(r"\"\s{0,10}:\s{0,10}\{(?:[^{}\"]|\{[^{}]{0,300}\}|\"(?!" + _INNER + r")[^\"]{0,300}\"){0,60}?\"" + _INNER)
_LISTED = re.compile(r"\"\s{0,100},\s{0,100}\"" + _INNER)
_REGISTRY = re.compile(
    _Q + r"?\s{1,5}(?:(?:-(?:property)?type\s{1,5}\w{1,20}\s{1,5})?-value|/t\s{1,5}\w{1,20}\s{1,5}/d)\s{1,5}"
)
_COLON = re.compile(rf"({_Q})?\s{{0,10}}:\s{{0,10}}")
_EQUALS = re.compile(r"(\s{0,20})=(?![=~])>?(\s{0,10})")
_SPACE = re.compile(r"\s{1,5}")
_FLAG = re.compile(r"[nrt]?-{1,2}[a-z][\w-]*")


def _named(text: str, folded: str) -> Iterator[Secret]:
    if not any(name in folded for name in _NAMES):
        return
    read = 0
    for match in _NAME.finditer(folded):
        start = match.start()
        if start < read:  # a bare value that looks like a row of names is one value
            continue
        while start > max(0, match.start() - 60) and (folded[start - 1].isalnum() or folded[start - 1] in "_-"):
            start -= 1
        kind, test = _meaning(folded[start : match.end()], match[0])
        if match[0] == "pass" and not _is_word(text, match.start()):
            continue
        value = _assigned(text, folded, start, match.end())
        if value is not None and not value.quote:
            read = value.end
        if value is not None and _is_secret(text, value, test):
            yield Secret(value.start, value.end, kind)


# A token that opens something; not one that names the next page or the public key of an assembly.
_ACCESS = re.compile(
    r"^[\W_]*token|access|admin|agent|api|auth|bearer|bootstrap|bot|deploy|devops|docker|enrol|git|install|join|login|npm"
    r"|nuget|pat|personal|refresh|registration|runner|sas|secret|service|session|slack|sonar|user|vault"
)


def _never(value: str) -> bool:
    return False


def _is_word(text: str, start: int) -> bool:
    """Whether `pass` is a word of a name (`dbPass`, `SMTP_PASS`), and not the end of another (`Bypass`, `compass`)."""
    before = text[start - 1 : start]
    return not before.isalpha() or (text[start] == "P" and before.islower() and text[start - 2 : start].lower() != "by")


def _meaning(name: str, word: str) -> tuple[str, Callable[[str], bool]]:
    """What a name says its value is, and the test for it: whatever one calls a password is one, keys look like keys."""
    if word.startswith("pass") or word == "pwd":
        return "a password", _literal
    if word == "secret":
        if re.search(r"client|app|principal|aad|arm_", name):
            return "a client secret", _random(8)
        return "a secret", _random(16)
    if word == "token":
        return "an access token", _random(20) if _ACCESS.search(name) else _never
    if word.startswith("api"):
        return "an API key", _random(16)
    return ("a storage account key" if word.startswith(("account", "storage")) else "an access key"), _random(20)


def _assigned(text: str, folded: str, start: int, end: int) -> _Value | None:
    """The value that a name at `start` to `end` is given; None where it is given none that one can be sure of."""
    before = text[start - 1 : start]
    if before == "<" and folded.startswith(">", end):
        opening = re.compile(r">\s{0,20}(?:<value>\s{0,20})?").match(folded, end)
        value = _value(text, opening.end()) if opening else None
        return value if value is not None and not value.quote and text.startswith("</", value.end) else None
    for pattern in (_OBJECT, _LISTED, _REGISTRY):
        between = pattern.match(folded, end)
        if between is not None:
            value = _value(text, between.end())
            return value._replace(interpolates=value.interpolates and pattern is _REGISTRY) if value else None
    name = folded[start:end]
    flag = _FLAG.fullmatch(name) is not None
    slash = before == "/" and text[start - 2 : start - 1] in ("", " ", "\t", '"', "'")
    colon = _COLON.match(folded, end)
    if colon is not None:
        value = _value(text, colon.end())
        if value is None or not (value.quote or flag or slash):
            return None
        # In JSON and YAML nothing is put in for `$x`.
        return value._replace(interpolates=value.interpolates and not colon[1])
    equals = _EQUALS.match(folded, end)
    if equals is not None:
        value = _value(text, equals.end())
        # `x = y` without quotes is a call or another variable in most languages; `X=y` is a value in all shells.
        return value if value is not None and (value.quote or not (equals[1] or equals[2])) else None
    space = _SPACE.match(folded, end) if flag else None
    return _value(text, space.end()) if space is not None else None
