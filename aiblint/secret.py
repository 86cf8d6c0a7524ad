"""Secrets in any text: signatures, keys, tokens, passwords written out. Checks report them, reports hide them.

The text may be the source of a JSON file, where `&` can be written `\\u0026` and a quote `\\"`, or what that decodes
to. Only what is literally there counts: an ARM expression, a variable of a shell, a placeholder, or the word `password`
in its own place is no secret. `mask` must hide every secret, but a finding must be right.

Everything is linear in the length of the text: patterns begin with a fixed text, are tried on a lower-case copy, and
repeat within bounds or take what they took for good. Patterns are kept as text until one is needed (`re` remembers
what it has compiled): compiling all of them would cost more than reading the template. Formats:
SAS: https://learn.microsoft.com/rest/api/storageservices/create-service-sas;
storage keys: https://learn.microsoft.com/purview/sit-defn-azure-storage-account-key-generic;
client secrets: https://learn.microsoft.com/purview/sit-defn-azure-ad-client-secret;
GitHub: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Test = Callable[[str], bool]


# The types of parameters, in lower case, whose values are secrets whatever they look like (arm syntax, "Data types").
SECURE_TYPES = ("securestring", "secureobject")


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
    return merged(found)


def merged(found: list[Secret]) -> list[Secret]:
    """The secrets in the order of the text, those that overlap as one."""
    secrets: list[Secret] = []
    # The sort is stable: of two at one place the one known by its shape comes first.
    for secret in sorted(found, key=lambda secret: secret.start):
        if secrets and secret.start < secrets[-1].end:
            last = secrets.pop()
            secrets.append(last._replace(end=max(last.end, secret.end)))
        else:
            secrets.append(secret)
    return secrets


def mask(text: str, secrets: list[Secret] | None = None) -> str:
    """The text with `***` for each secret, whatever its length; lines stay lines. A text without secrets stays equal.

    A secret that was recognised in one place is hidden wherever else the text repeats it. `secrets` are those of the
    text, in order and apart, if they are known already.
    """
    secrets = find(text) if secrets is None else secrets
    if not secrets:
        return text
    pieces: list[str] = []
    at = 0
    for secret in secrets:
        pieces += (text[at : secret.start], re.sub(_LINE, "***", text[secret.start : secret.end]))
        at = secret.end
    masked = "".join((*pieces, text[at:]))
    values = dict.fromkeys(text[secret.start : secret.end] for secret in secrets)
    # Short ones would hide words that only look alike; and a text made of secrets must not take hours.
    repeated = [value for value in values if len(value) >= 8 and re.fullmatch(_LINE, value)][:100]
    for value in sorted(repeated, key=len, reverse=True):
        masked = masked.replace(value, "***")
    return masked


_LINE = r"[^\r\n]+"

# -- what is no secret -------------------------------------------------------------------------------------------------

# Values that stand for something else: `[parameters('x')]`, `$(...)`, `%X%`, `!X!`, `@{...}`, `__X__`, `@@X@@`, `{0}`,
# a Key Vault reference, an address, a path of Linux or Windows, a row of stars, a GUID.
_REFERENCE = (
    r"(?is)\[.*\]|\$[\w{(:@?].*|%[^%\s]+%|!\w+!|@[{(].*|__\w+__|@@.*@@|\{\w*\}|@microsoft\.keyvault.*|[a-z][a-z0-9+.-]*://.*"
    r"|(?:~|\.{1,2})?(?:/[\w.-]+)+/?|[a-z]:\\.*|[x*.•#?_:-]+"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
# Values with something to fill in: `{{x}}`, `#{x}#`, `<x>`, `%X%`, `%s`.
_TEMPLATED = r"(?i)\{\{|\}\}|[#$]\{|<[a-z][\w .:/-]*>|%[a-z_]\w*%|%[sd](?!\w)"
_VARIABLE = r"(?i)(?<![$`\\])\$(?:[a-z_{(:?]|\d)"
# Words, not passwords: what is meant to be replaced, what turns a password on or off, the name of a thing, a sentence.
_WORD = r"[^\W\d]+(?:[\s,.:;'()/_-]+[^\W\d]+)*[.!?:]?"
_NO_PASSWORD = (
    r"always|arguments?|asterisk|bool|changeit|changeme|changethis.*|default|disabled|dummy|empty|enabled|enter.*|example.*"
    r"|fail|failed|false|field|file|flags?|from|hidden|insert.*|keyvault|masked|never|none|null|object|optional|options?"
    r"|parameters?|passed|placeholder.*|prompt|putyour.*|redacted|removed|replace.*|required|sample.*|secureobject"
    r"|securestring|stdin|string|switch|that|then|this|todo|true|undefined|unset|vault|when|will|with|your.*"
    r"|.*(?:pass|password|passwd|passphrase|pwd|secret|token|credential|key|here|value|name)"
)
# Without quotes: another option, a call, an element, a cmdlet, a snake_case name.
_CODE = (
    r"(?i)[-@({=]|[^()\[\]]*[(\[\]]|(?:get|read|new|convertto|convertfrom|invoke|import|select|join|write)-[a-z]+"
    r"|[a-z]+(?:_[a-z]+)+$"
)


def _literal(value: str) -> bool:
    """Whether a value is what it says, and not a reference, a placeholder or a word."""
    if "\\u00" in value:
        value = re.sub(r"\\u00([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), value)
    if len(value) < 4 or re.fullmatch(_REFERENCE, value) or re.search(_TEMPLATED, value):
        return False
    if re.fullmatch(_WORD, value):
        letters = re.sub(r"[\W_]", "", value).lower()
        return re.search(r"\s", value) is None and re.fullmatch(_NO_PASSWORD, letters) is None
    return True


def _random(minimum: int) -> Test:
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
    if re.search(r"\d", value):
        return True
    to_fill_in = r"(?i)signature|placeholder|redacted|replace|your|here|key"
    return re.fullmatch(r"[xX]+", value) is None and re.search(to_fill_in, value) is None


def _never(value: str) -> bool:
    return False


# -- secrets known by their shape --------------------------------------------------------------------------------------

# What stands in a signature and in a key: Base64, also percent-encoded, also as JSON may escape it.
_ESCAPE = r"\\{1,15}"
_SIGNATURE = rf"(?:[a-z0-9+/=_-]|%(?!26)|{_ESCAPE}(?:/|u002b|u003d)){{20,}}"
_KEY = rf"(?:[a-z0-9+/=]|%2[bf]|%3d|{_ESCAPE}(?:/|u002b|u003d)){{20,}}"
_IS = rf"(?:=|%3d|{_ESCAPE}u003d)"


def _begins(body: str, within: str) -> str:
    """Looks back over `body`, which must not end a longer row of `within`; a JSON escape before it is no part of it."""
    return rf"(?:(?<!{within}{body})|(?<=\\[nrt]{body})|(?<=\\u00[0-9a-f][0-9a-f]{body}))"


# One row: a fixed text that must be there, the pattern (tried on the lower-case text; its group, or all of it, is the
# secret), how many characters before the match belong to the secret, its kind, and what its own characters must be.
_SHAPES: tuple[tuple[str, str, int, str, Test], ...] = (
    # `sig` of a query, or alone and with exactly the 32 bytes of a signature.
    (
        "sig",
        r"sig(?:(?<=[?&;]sig)|(?<=u0026sig)|(?<=%26sig)|(?<=%3fsig))" + f"{_IS}({_SIGNATURE})",
        0,
        "a SAS signature",
        _signed,
    ),
    (
        "sig",
        "sig" + _begins("sig", r"\w") + r"(?:=|%3d)((?:[a-z0-9+/]|%2[bf]){43}(?:=|%3d))",
        0,
        "a SAS signature",
        _signed,
    ),
    ("accountkey", r"accountkey\s{0,3}" + _IS + r"\s{0,3}" + f"({_KEY})", 0, "a storage account key", _signed),
    ("sharedaccesskey", r"sharedaccesskey\s{0,3}" + _IS + r"\s{0,3}" + f"({_KEY})", 0, "a connection string", _signed),
    # 64 bytes in Base64 that stand alone; `sha512-` in front makes them a checksum (Subresource Integrity).
    (
        "==",
        r"==(?<=[a-z0-9+/]{86}==)"
        + _begins("[a-z0-9+/]{86}==", "[a-z0-9+/]")
        + r"(?<!sha512-[a-z0-9+/]{86}==)(?![a-z0-9+/=])",
        86,
        "a storage account key",
        _random_bytes,
    ),
    (
        "q~",
        r"q~(?<=[\w~.]{3}\dq~)" + _begins(r"[\w~.]{3}\dq~", r"[\w~.-]") + r"[\w~.-]{31,34}(?![\w~.-])",
        4,
        "a client secret",
        lambda value: value[4] == "Q",
    ),
    ("gh", "gh[pousr]_" + _begins("gh[pousr]_", r"\w") + "[a-z0-9]{36,251}", 0, "a GitHub token", _literal),
    ("github_pat_", r"github_pat_[a-z0-9_]{22,251}", 0, "a GitHub token", _random(30)),
    (
        "githubusercontent",
        r"githubusercontent\.com/[^\s\"'?\\]{1,300}\?token=([a-z0-9]{20,100})",
        0,
        "a GitHub token",
        _literal,
    ),
    ("glpat-", r"glpat-[\w-]{20,300}", 0, "a GitLab token", _literal),
    ("xox", r"xox[abeoprs]-[a-z0-9-]{10,300}", 0, "a Slack token", _random(15)),
    ("azdo", r"azdo(?<=[a-z0-9]{76}azdo)[a-z0-9]{4}(?![a-z0-9])", 76, "an Azure DevOps token", _random(84)),
    (
        "eyj",
        "eyj" + _begins("eyj", r"[\w-]") + r"[\w-]{10,}\.eyj[\w-]{10,}\.[\w-]{10,}",
        0,
        "a JSON Web Token",
        lambda value: value.startswith("eyJ"),
    ),
    (
        "authorization",
        r"authorization(?:[\"'\\]|u002[27]){0,8}[ \t]{0,3}[:=][ \t]{0,3}(?:[\"'\\]|u002[27]){0,8}"
        r"(?:bearer|basic|token)[ \t]{1,3}([a-z0-9+/=._~-]{16,4000})",
        0,
        "an access token",
        _random(16),
    ),
    # PowerShell puts the header together: `Authorization = ("Basic {0}" -f "...")`.
    (
        "basic {0}",
        r"basic \{0\}(?:[\"'\\]|u002[27]){1,16}[ \t]{0,3}-f[ \t]{0,3}"
        r"(?:[\"'\\]|u002[27]){1,16}([a-z0-9+/=]{16,4000})",
        0,
        "an access token",
        _random(16),
    ),
    (
        "-key",
        r"(?:api|functions)-key(?:[\"'\\]|u002[27]){0,8}[ \t]{0,3}[:=][ \t]{0,3}(?:[\"'\\]|u002[27]){0,8}"
        r"([a-z0-9+/=._~-]{16,400})",
        0,
        "an API key",
        _random(16),
    ),
    (
        "azurewebsites",
        r"azurewebsites\.net/[^\s\"'?\\]{1,300}\?(?:[^\s\"'\\&]{1,100}&){0,5}code=([a-z0-9+/=_%-]{20,200})",
        0,
        "an access key",
        _random(20),
    ),
    (
        "://",
        r"://[^\s/:@\"'<>\\]{1,100}:([^\s/@\"'<>\\]{1,200})@",
        0,
        "a password",
        lambda value: _literal(value) and not re.search(_VARIABLE, value),
    ),
)


def _shaped(text: str, folded: str) -> Iterator[Secret]:
    for literal, pattern, before, kind, test in _SHAPES:
        if literal in folded:
            for match in re.finditer(pattern, folded):
                start, end = match.span(match.re.groups)
                if test(text[start - before : end]):
                    yield Secret(start - before, end, kind)


# Lines of a key may be JSON strings of their own.
_KEY_LINES = r"[\w+/=\s\\\"',:.-]*"
_MARGIN = r"(?:\\[nrt]|[\s\"',])*"


def _private_keys(text: str, folded: str) -> Iterator[Secret]:
    if "private key" not in folded:
        return
    for match in re.finditer(r"-----begin (?:[a-z0-9]{1,20} ){0,3}private key(?: block)?-----", folded):
        start, end = match.end(), folded.find("-----", match.end())
        if end < 0 or not folded.startswith("-----end", end):
            cut_short = re.compile(_KEY_LINES).match(text, start, end if end >= 0 else len(text))
            end = cut_short.end() if cut_short else start
        margin = re.compile(_MARGIN).match(text, start, end)
        start = margin.end() if margin else start
        while end > start and (text[end - 1] in " \t\r\n\"'," or text.startswith(("\\n", "\\r"), end - 2)):
            end -= 1
        # Ended as a key is, even a short one counts; cut short, it has to look like one.
        ended = end >= 0 and folded.find("-----end", end, end + 20) >= 0
        if re.search(r"[A-Za-z0-9+/]{8}" if ended else r"[A-Za-z0-9+/]{40}", text[start : min(end, start + 600)]):
            yield Secret(start, end, "a private key")


# -- values ------------------------------------------------------------------------------------------------------------

_LONGEST = 512
_QUOTE = rf"(?:\\*[\"']|{_ESCAPE}u002[27])"
_OPENING = rf"(\\*)([\"'])|{_ESCAPE}u002[27]"
# What JSON writes for a quote, an ampersand, an angle bracket or the end of a line ends a bare value too.
_BARE = rf"(?i)(?:(?!{_ESCAPE}(?:u00(?:2[267]|3[ce])|[nrt\"']))[^\s\"'`;|&<>,]|,(?!\w{{1,30}}=)){{1,{_LONGEST}}}"


class _Value(NamedTuple):
    """A value as written, without its quotes. `quoted` says whether it has any, `interpolates` whether a shell would
    put the value of a variable into it."""

    start: int
    end: int
    quoted: bool
    interpolates: bool


def _value(text: str, start: int) -> _Value | None:
    """The value that begins at a place, in quotes of any depth of escaping or bare; None where there is none."""
    opening = re.compile(_OPENING).match(text, start)
    if opening is None:
        bare = re.compile(_BARE).match(text, start)
        if bare is None:
            return None
        word = bare[0]
        if not any(bracket in word for bracket in "([{"):
            word = word.rstrip(",:)]}")  # what closes something that the value did not open
        return _Value(start, start + len(word), False, True)
    start = opening.end()
    if opening[2] is None:
        end = text.find(opening[0], start, start + _LONGEST)
    else:
        end = _closing(text, start, opening[2], len(opening[1]))
    if end < 0 or "\n" in text[start:end] or "\r" in text[start:end]:
        return None
    return _Value(start, end, True, not opening[0].endswith(("'", "7")))


def _closing(text: str, start: int, quote: str, depth: int) -> int:
    """Where the value ends whose opening quote had `depth` backslashes before it; -1 if nowhere near.

    Each time a text is put into JSON its quotes get a backslash, and backslashes double: a quote that is escaped at the
    value's own level has more of them than its opening one.
    """
    at = start
    while (at := text.find(quote, at, start + _LONGEST)) >= 0:
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


def _passes(text: str, value: _Value, test: Test) -> bool:
    """Whether a value is literally there, in the language that it stands in, and passes the test."""
    written = text[value.start : value.end]
    if value.interpolates and re.search(_VARIABLE, written):
        return False
    return (value.quoted or re.match(_CODE, written) is None) and test(written)


# -- passwords known by their command ----------------------------------------------------------------------------------

_S = r"[ \t]{1,5}"
# Up to 150 characters of one command; a quote before a comma ends a command that is an element of `inline`.
_ARGUMENTS = r"(?:[^|;&\r\n\"]|\"(?![,\]])){0,150}?"
_NAME = rf"(?:{_QUOTE}[^\"'\\\r\n]{{1,60}}{_QUOTE}|[^\s\"'/\\|;&-][^\s\"'\\|;&]{{0,60}})"
_END = rf"{_QUOTE}?[ \t]{{0,5}}(?:$|[\r\n/|;&,)\]\"']|{_ESCAPE}[nru\"'])"
_PIPE = rf"{_QUOTE}?[ \t]{{0,5}}\|[ \t]{{0,5}}"
_TAKES_STDIN = (
    rf"{_PIPE}(?:sudo{_S}-s|(?:sudo{_S})?passwd\s|"
    rf"(?:sudo{_S})?(?:docker|podman|helm|az|oras|gh)\s[^|\r\n]{{0,120}}(?:password-stdin|with-token))"
)
_NET = "net" + _begins("net", r"[\w.-]")
_SECURE = "convertto-securestring"
# More variables than this are an attack: each costs a look at the whole text.
_VARIABLES = 20

# One row: a fixed text, the pattern that ends where the password begins, and what must follow the password.
_COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("user", rf"{_NET}1?(?:\.exe)?{_S}user{_S}{_NAME}{_S}(?=[^/*\s])", _END),
    (
        "use",
        rf"{_NET}(?:\.exe)?{_S}use{_S}(?:[a-z]:{_S}|\*{_S})?[\"']?"
        rf"\\{{2,8}}[^\s\"']{{1,200}}[\"']?{_S}(?:/user:[^\s\"']{{1,80}}{_S})?(?=[^/*\s])",
        "",
    ),
    (
        _SECURE,
        rf"{_SECURE}{_S}(?:-force{_S})?-asplain\w{{0,4}}{_S}(?:-force{_S})?(?:-string[ \t:]{{1,3}})?(?={_QUOTE})",
        "",
    ),
    (_SECURE, rf"{_SECURE}{_S}(?:-force{_S})?(?:-string[ \t:]{{1,3}})?(?={_QUOTE})", r"[^\r\n;|]{0,100}-asplain"),
    # A bare word, which is no variable, call or parameter.
    (
        _SECURE,
        rf"{_SECURE}{_S}(?:-force{_S})?-asplain\w{{0,4}}{_S}(?:-force{_S})?(?:-string[ \t:]{{1,3}})?"
        rf"(?=[^\s\"'$(@\\-])",
        "",
    ),
    (
        "networkcredential",
        rf"networkcredential\]?(?:::new)?[ ,]{{0,3}}(?:-argumentlist{_S})?[(@]{{0,2}}[ \t]{{0,3}}"
        rf"{_QUOTE}[^\"'\\]{{0,80}}{_QUOTE}[ \t]{{0,3}},[ \t]{{0,3}}(?={_QUOTE})",
        "",
    ),
    (
        "setenvironmentvariable",
        rf"setenvironmentvariable\([ \t]{{0,3}}{_QUOTE}\w{{0,40}}(?:password|passwd|pwd|secret){_QUOTE}"
        rf"[ \t]{{0,3}},[ \t]{{0,3}}(?={_QUOTE})",
        "",
    ),
    ("chpasswd", rf"echo{_S}(?:-[ne]{{1,2}}{_S})?{_QUOTE}?[\w.@-]{{1,40}}:", rf"{_PIPE}(?:sudo{_S})?chpasswd"),
    ("chpasswd", rf"chpasswd[ \t]{{0,3}}<<<[ \t]{{0,3}}{_QUOTE}?[\w.@-]{{1,40}}:", ""),
    ("echo", rf"echo{_S}(?:-n{_S})?", _TAKES_STDIN),
    ("sshpass", rf"sshpass{_S}-p[ \t]{{0,3}}", ""),
    (
        "curl",
        rf"curl(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])(?:-[a-z]{{0,6}}u|--user)[ \t=]{{1,3}}{_QUOTE}?"
        rf"[^\s:\"'\\/$]{{1,60}}:(?!//)",
        "",
    ),
    ("mysql", rf"mysql(?:dump|admin|import)?(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])-p(?=[^\s\-])", ""),
    ("mysqladmin", rf"mysqladmin(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])password{_S}", ""),
    ("user", rf"user(?:add|mod)[ \t]{_ARGUMENTS}(?<=[ \t])(?:-p|--password)[ \t=]{{1,3}}", ""),
    ("login", rf"login[ \t]{_ARGUMENTS}(?<=[ \t])-p[ \t=]{{1,3}}", ""),
    ("psexec", rf"psexec(?:64)?(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])-p{_S}", ""),
    ("schtasks", rf"schtasks(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])/rp{_S}", ""),
    ("plink", rf"plink(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])-pw{_S}", ""),
    ("certutil", rf"certutil(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])-p{_S}", ""),
    ("pass:", rf"-pass(?:in|out)?{_S}{_QUOTE}?pass:", ""),
    ("sqlcmd", rf"sqlcmd(?:\.exe)?[ \t]{_ARGUMENTS}(?<=[ \t])-p[ \t]{{0,3}}", ""),
)


def _commanded(text: str, folded: str) -> Iterator[Secret]:
    for literal, pattern, after in _COMMANDS:
        if literal in folded:
            for match in re.finditer(pattern, folded):
                value = _value(text, match.end())
                if value and _passes(text, value, _literal) and re.compile(after).match(folded, value.end):
                    yield Secret(value.start, value.end, "a password")
    if _SECURE in folded:
        for match in re.finditer(rf"([\"']|u002[27])[ \t]{{0,3}}\|[ \t]{{0,3}}{_SECURE}", folded):
            quote, end = match[1], match.start()
            while end > 0 and text[end - 1] == "\\":
                end -= 1
            opening = text.rfind(quote, max(0, end - _LONGEST), end)
            value = _Value(opening + len(quote), end, True, quote in ('"', "u0022"))
            if opening >= 0 and value.start < end and _passes(text, value, _literal):
                yield Secret(value.start, end, "a password")
        yield from _through_variables(text, folded)


def _through_variables(text: str, folded: str) -> Iterator[Secret]:
    """What variables are set to that become a SecureString: of `$p` in `ConvertTo-SecureString $p -AsPlainText`."""
    options = rf"(?:-(?:force|asplain\w{{0,4}}|string){_S}){{0,3}}"
    used = re.finditer(
        rf"{_SECURE}{_S}{options}\$(\w{{1,40}})(?![\w.\[(:])|\$(\w{{1,40}})[ \t]{{0,3}}\|[ \t]{{0,3}}{_SECURE}",
        folded,
    )
    for name in list(dict.fromkeys(found[1] or found[2] for found in used))[:_VARIABLES]:
        for match in re.finditer(rf"\${name}[ \t]{{0,3}}=[ \t]{{0,3}}(?={_QUOTE})", folded):
            value = _value(text, match.end())
            if value and value.quoted and _passes(text, value, _literal):
                yield Secret(value.start, value.end, "a password")


# -- secrets known by their name ---------------------------------------------------------------------------------------

_NAMES = ("pass", "pwd", "secret", "token", "key")
_NAMED = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|account|storage|secret)[_-]?key)(?![\w.-])"
# A token that opens something; not one that names the next page or the public key of an assembly.
_ACCESS = (
    r"^[\W_]*token|access|admin|agent|api|auth|bearer|bootstrap|bot|deploy|devops|docker|enrol|git|install|join|login|npm"
    r"|nuget|pat|personal|refresh|registration|runner|sas|secret|service|session|slack|sonar|user|vault"
)
# What may stand between a name and its value. Parameter files and ARM parameters: `"x": {"type": ..., "value": "..."}`;
# lists of variables: `"name": "X", "value": "..."`; the registry: `-Name X -Value ...` and `/v X /t REG_SZ /d ...`.
_INNER = r"(?:value|securevalue|defaultvalue)\"\s{0,10}:\s{0,10}(?=\")"
_OBJECT = (
    r"\"\s{0,10}:\s{0,10}\{[^{}\"]{0,300}(?:(?:\{[^{}]{0,1000}\}|\"(?!" + _INNER + r")(?:[^\"\\]|\\.){0,1000}\")"
    r"[^{}\"]{0,300}){0,20}?\"" + _INNER
)
_LISTED = r"\"\s{0,100},\s{0,100}\"" + _INNER
_REGISTRY = rf"{_QUOTE}?{_S}(?:(?:-(?:property)?type{_S}\w{{1,20}}{_S})?-value|/t{_S}\w{{1,20}}{_S}/d){_S}"
_ELEMENT = r">\s{0,20}(?:<value>\s{0,20})?"
_COLON = rf"({_QUOTE})?[ \t]{{0,10}}:[ \t]{{0,10}}"
_EQUALS = r"([ \t]{0,20})=(?![=~])>?([ \t]{0,10})"
_FLAG = r"[nrt]?-{1,2}[a-z][\w-]*"


def _named(text: str, folded: str) -> Iterator[Secret]:
    if not any(name in folded for name in _NAMES):
        return
    read = 0
    for match in re.finditer(_NAMED, folded):
        start, end = match.span()
        if start < read or (match[0] == "pass" and not _is_word(text, start)):
            continue
        while start > max(0, match.start() - 60) and (folded[start - 1].isalnum() or folded[start - 1] in "_-"):
            start -= 1
        value = _assigned(text, folded, start, end)
        if value is None:
            continue
        if not value.quoted:
            read = value.end  # what looks like a name inside is part of it
        kind, test = _meaning(folded[start:end], match[0])
        if _passes(text, value, test):
            yield Secret(value.start, value.end, kind)


def _is_word(text: str, start: int) -> bool:
    """Whether `pass` is a word of a name (`dbPass`, `SMTP_PASS`), and not the end of another (`Bypass`, `compass`)."""
    before = text[start - 1 : start]
    return not before.isalpha() or (text[start] == "P" and before.islower() and text[start - 2 : start].lower() != "by")


def _meaning(name: str, word: str) -> tuple[str, Test]:
    """What a name says its value is, and the test for it: whatever one calls a password is one, keys look like keys."""
    if word.startswith("pass") or word == "pwd":
        return "a password", _literal
    if word == "secret":
        if re.search(r"client|app|principal|aad|arm_", name):
            return "a client secret", _random(8)
        return "a secret", _random(16)
    if word == "token":
        return "an access token", _random(20) if re.search(_ACCESS, name) else _never
    if word.startswith("api"):
        return "an API key", _random(16)
    return ("a storage account key" if word.startswith(("account", "storage")) else "an access key"), _random(20)


def _assigned(text: str, folded: str, start: int, end: int) -> _Value | None:
    """The value that a name at `start` to `end` is given; None where it is given none that one can be sure of."""
    before = text[start - 1 : start]
    element = re.compile(_ELEMENT).match(folded, end) if before == "<" else None
    if element is not None:
        value = _value(text, element.end())
        return value if value and not value.quoted and text.startswith("</", value.end) else None
    for pattern in (_OBJECT, _LISTED, _REGISTRY):
        between = re.compile(pattern).match(folded, end)
        if between is not None:
            value = _value(text, between.end())
            return value and value._replace(interpolates=value.interpolates and pattern is _REGISTRY)
    flag = re.compile(_FLAG).fullmatch(folded, start, end) is not None
    slash = before == "/" and text[start - 2 : start - 1] in ("", " ", "\t", '"', "'")
    colon = re.compile(_COLON).match(folded, end)
    if colon is not None:
        value = _value(text, colon.end())
        # In JSON and YAML nothing is put in for `$x`.
        if value and value.quoted:
            return value._replace(interpolates=value.interpolates and not colon[1])
        return value if flag or slash else None
    equals = re.compile(_EQUALS).match(folded, end)
    if equals is not None:
        value = _value(text, equals.end())
        # `x = y` without quotes is a call or another variable in most languages; `X=y` is a value in all shells.
        return value if value and (value.quoted or not (equals[1] or equals[2])) else None
    space = re.compile(_S).match(folded, end) if flag else None
    return _value(text, space.end()) if space else None
