"""What is a secret, what is none, and that none survives `mask`. Every secret here is made up."""

from __future__ import annotations

import base64
import glob
import hashlib
import json
import os
import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiblint import cli
from aiblint.secret import find, mask

SHARED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "shared")

BLOB = "https://x.blob.core.windows.net/c/b"
# Bytes that look random and are the same in each run; tokens are put together so that no scanner takes them for real.
KEY = base64.b64encode(hashlib.sha512(b"storage").digest()).decode()
SIGNATURE = base64.b64encode(hashlib.sha256(b"signature").digest()).decode()
URL_SIGNATURE = SIGNATURE.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
LETTERS = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
CLIENT_SECRET = "abc8" + "Q~" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N"
PEM = "".join(f"MIIEpAIBAAKCAQEA{number}" + "abcdefghijABCDEFGHIJ0123456789+/" + "\n" for number in range(3))


def kinds(text: str) -> list[tuple[str, str]]:
    return [(text[secret.start : secret.end], secret.kind) for secret in find(text)]


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        # SAS, storage keys, connection strings
        (f"{BLOB}?sv=2022-11-02&se=2030-01-01&sp=r&sig={URL_SIGNATURE}", URL_SIGNATURE, "a SAS signature"),
        (f"{BLOB}?sig={URL_SIGNATURE}&sp=r", URL_SIGNATURE, "a SAS signature"),
        (rf"{BLOB}?sp=r\u0026sig={URL_SIGNATURE}\u0026sv=2022-11-02", URL_SIGNATURE, "a SAS signature"),
        (f"https://x/?to=https%3A%2F%2Fx%3Fsp%3Dr%26sig%3D{URL_SIGNATURE}%26sv%3D1", URL_SIGNATURE, "a SAS signature"),
        (f"$sas = 'sig={URL_SIGNATURE}'", URL_SIGNATURE, "a SAS signature"),
        (f"{BLOB}?sp=r&sig=" + "R" * 50, "R" * 50, "a SAS signature"),
        (f"AccountName=x;AccountKey={KEY};EndpointSuffix=core.windows.net", KEY, "a storage account key"),
        (f"$key = '{KEY}'", KEY, "a storage account key"),
        (f"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={SIGNATURE}", SIGNATURE, "a connection string"),
        ("Server=tcp:x.database.windows.net;User ID=sa;Password=S3cr3t!;Encrypt=True", "S3cr3t!", "a password"),
        ("Uid=sa;Pwd=S3cr3t!;", "S3cr3t!", "a password"),
        # tokens and keys
        ("git clone https://x@ghp_" + LETTERS, "ghp_" + LETTERS, "a GitHub token"),
        ("github_pat_11" + LETTERS, "github_pat_11" + LETTERS, "a GitHub token"),
        (f"https://raw.githubusercontent.com/o/r/main/a.ps1?token={LETTERS[:29]}", LETTERS[:29], "a GitHub token"),
        ("glpat-" + LETTERS[:20], "glpat-" + LETTERS[:20], "a GitLab token"),
        (f"config.cmd --auth pat --token {LETTERS.lower()}abc", f"{LETTERS.lower()}abc", "an access token"),
        (rf"./Install.ps1 -PatToken \"{LETTERS.lower()}\"", LETTERS.lower(), "an access token"),
        (f"curl -H 'Authorization: Bearer {LETTERS}' https://x", LETTERS, "an access token"),
        (rf"@{{Authorization=(\"Basic {{0}}\" -f \"{LETTERS}=\")}}", f"{LETTERS}=", "an access token"),
        (f"reg --token {WEB_TOKEN}", WEB_TOKEN, "a JSON Web Token"),
        (f"az login --service-principal -u x -p {CLIENT_SECRET}", CLIENT_SECRET, "a client secret"),
        ("export ARM_CLIENT_SECRET=abcDEF123456", "abcDEF123456", "a client secret"),
        ("DD_API_KEY=0123456789abcdef0123456789abcdef bash -c x", "0123456789abcdef0123456789abcdef", "an API key"),
        ("git clone https://bob:Hunter2x@github.com/x/y.git", "Hunter2x", "a password"),
        # PowerShell
        ("ConvertTo-SecureString 'P@ssw0rd1' -AsPlainText -Force", "P@ssw0rd1", "a password"),
        (r"ConvertTo-SecureString \"P@ssw0rd1\" -AsPlainText -Force", "P@ssw0rd1", "a password"),
        (r"ConvertTo-SecureString \u0027P@ssw0rd1\u0027 -AsPlainText -Force", "P@ssw0rd1", "a password"),
        ('ConvertTo-SecureString -AsPlainText -Force -String "Hunter2x"', "Hunter2x", "a password"),
        ('"Pa55word!" | ConvertTo-SecureString -AsPlainText -Force', "Pa55word!", "a password"),
        ("New-Object System.Net.NetworkCredential('bob', 'S3cret!x')", "S3cret!x", "a password"),
        ('[System.Net.NetworkCredential]::new("bob", "S3cret!x")', "S3cret!x", "a password"),
        ("New-LocalUser builder -Password 'x1y2z3!!'", "x1y2z3!!", "a password"),
        ("$env:DB_PASSWORD = 'Pa$sword1'", "Pa$sword1", "a password"),
        ("-adminPassword:Hunter2x", "Hunter2x", "a password"),
        ("Set-ItemProperty $path -Name DefaultPassword -Value 'Hunter2x' -Type String", "Hunter2x", "a password"),
        ("[Environment]::SetEnvironmentVariable('DB_PASSWORD', 'Hunter2x', 'Machine')", "Hunter2x", "a password"),
        # Windows commands
        ("net user builder P@ssw0rd! /add", "P@ssw0rd!", "a password"),
        ("net user \"build user\" 'P@ssw0rd!' /add", "P@ssw0rd!", "a password"),
        (r"net use Z: \\x.file.core.windows.net\share S3cr3tkey /user:Azure\x", "S3cr3tkey", "a password"),
        (r"net use Z: \\\\x.file.core.windows.net\\share /user:Azure\\x S3cr3tkey", "S3cr3tkey", "a password"),
        (r"cmdkey /add:x.file.core.windows.net /user:AZURE\x /pass:S3cr3tkey", "S3cr3tkey", "a password"),
        (r'reg add "HKLM\x" /v DefaultPassword /t REG_SZ /d Hunter2x /f', "Hunter2x", "a password"),
        ("<AdministratorPassword><Value>Hunter2x</Value></AdministratorPassword>", "Hunter2x", "a password"),
        ("msiexec /i x.msi SVCPASSWORD=Hunter2x /qn", "Hunter2x", "a password"),
        # shells
        ("export DB_PASSWORD=hunter2", "hunter2", "a password"),
        ('PASSWORD="hunter 2 three"', "hunter 2 three", "a password"),
        ("mysqladmin --password hunter22 status", "hunter22", "a password"),
        ("echo 'root:Hunter2x' | sudo chpasswd", "Hunter2x", "a password"),
        ("echo Hunter2x | sudo -S apt-get update", "Hunter2x", "a password"),
        ('echo "Hunter2x" | docker login -u me --password-stdin x.io', "Hunter2x", "a password"),
        ("docker login x.io -u me -p Hunter2x", "Hunter2x", "a password"),
        ("curl -u bob:Hunter2x https://x", "Hunter2x", "a password"),
        ("mount -t cifs //a/b /m -o username=u,password=Hunter2x,dir_mode=0777", "Hunter2x", "a password"),
        # JSON
        (r'"adminPassword": "P@ss\"word1"', r"P@ss\"word1", "a password"),
        ('"adminPassword": { "value": "P@ssw0rd1" }', "P@ssw0rd1", "a password"),
        (
            '"adminPassword": {"type": "string", "metadata": {"description": "x"}, "defaultValue": "P@ssw0rd1"}',
            "P@ssw0rd1",
            "a password",
        ),
        ('{"name": "ADMIN_PASSWORD", "value": "P@ssw0rd1"}', "P@ssw0rd1", "a password"),
        (r"{\u0022adminPassword\u0022: \u0022P@ssw0rd1\u0022}", "P@ssw0rd1", "a password"),
        (
            json.dumps(
                {
                    "adminPassword": {
                        "type": "string",
                        "minLength": 12,
                        "metadata": {"description": 99 * "x "},
                        "defaultValue": "P@ssw0rd1",
                    }
                },
                indent=8,
            ),
            "P@ssw0rd1",
            "a password",
        ),
    ],
)
def test_secret(text: str, secret: str, kind: str) -> None:
    assert kinds(text) == [(secret, kind)]
    assert secret not in mask(text)
    assert len(mask(text)) == len(text) - len(secret) + 3


@pytest.mark.parametrize(
    "text",
    [
        # expressions and variables
        '"adminPassword": "[parameters(\'adminPassword\')]"',
        '"adminPassword": {"type": "securestring", "metadata": {"description": "The password of the admin"}}',
        '"adminPassword": {"reference": {"keyVault": {"id": "/subscriptions/x"}, "secretName": "adminPassword1"}}',
        "\"storageAccountKey\": \"[listKeys(variables('x'), '2019-06-01').keys[0].value]\"",
        "[concat('https://x.blob.core.windows.net/c/b?sig=', parameters('signature'))]",
        "[format('AccountName={0};AccountKey={1}', parameters('name'), listKeys('x', '2019-06-01').keys[0].value)]",
        "ConvertTo-SecureString $env:PASS -AsPlainText -Force",
        'ConvertTo-SecureString "$PASSWORD" -AsPlainText -Force',
        'ConvertTo-SecureString "$($x.Password)" -AsPlainText -Force',
        "-Password $cred.Password",
        "-Password (ConvertTo-SecureString $x -AsPlainText -Force)",
        "--password $(az keyvault secret show --name x)",
        "--password=%PASS%",
        "--password ${PASSWORD}",
        "PASSWORD=$(openssl rand -base64 32)",
        "PASSWORD=`pwgen 12 1`",
        'PASSWORD="$1"',
        "$password = Get-Secret",
        '$password = Read-Host "Password" -AsSecureString',
        "$pass=Read-Host",
        'password = config.get("x")',
        "net user builder $env:PASS /add",
        "git clone https://x-access-token:${TOKEN}@github.com/x",
        'curl -u "$USER:$PASS" https://x',
        "curl -H 'Authorization: Bearer $token' https://x",
        # placeholders and words
        '"password": "<password>"',
        r'"password": "\u003cpassword\u003e"',
        '"password": "{{password}}"',
        '"password": "__PASSWORD__"',
        '"password": "#{password}#"',
        '"password": "***"',
        '"password": "REDACTED"',
        '"password": "xxxxxxxx"',
        '"password": "changeme"',
        '"password": "your-password-here"',
        '"password": ""',
        '"password": true',
        '"type": "securestring"',
        "--user <user> --password <password> --quiet",
        "the credentials given with --username and --password options",
        f"{BLOB}?sp=r&sig={'x' * 40}",
        "https://x.blob.core.windows.net/c/b?sp=r&sig=<signature>",
        # names of other things
        '"disablePasswordAuthentication": true',
        '"description": "Required. Password of the credential."',
        '"keyVaultSecretName": "my-secret-name-01"',
        '"secret": "my-secret-name-of-2024"',
        '"secretUri": "https://x.vault.azure.net/secrets/x/0123456789abcdef0123456789abcdef"',
        '"sha256Checksum": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"',
        f'"integrity": "sha512-{KEY}"',
        '"clientId": "11111111-1111-1111-1111-111111111111"',
        "--token 11111111-1111-1111-1111-111111111111",
        '"nextLink": "https://x?$skipToken=abcdef1234567890abcdef"',
        "System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
        base64.b64encode(b"echo this is 64 bytes of plain text, and so it is no key at all.").decode(),
        # commands without a password, and the next command
        "net user builder\nexit",
        '["az login --identity", "cp -p archive1.zip /opt"]',
        "PASSWORD=\n'archive1.zip'",
        "docker login --password-stdin",
        "--password-file /run/secrets/x",
        "--password /dev/stdin",
        "Get-Credential",
        "net user builder * /add",
        "net user builder /active:no",
        r"net use Z: \\srv\share /persistent:yes",
        "passwd -l root",
        "cut -d: -f1 /etc/passwd | sort",
        "sed -i 's/^#PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
        'powershell -ExecutionPolicy Bypass "C:\\x.ps1"',
        "docker run -u 1000:1000 x",
        'if [ "$PASSWORD" = "x1234567" ]; then exit; fi',
        "Set-ItemProperty -Name NoPassword -Value 1",
        'grep -q "-----BEGIN RSA PRIVATE KEY-----" /etc/ssl/key.pem',
        f"-----BEGIN PUBLIC KEY-----\n{PEM}-----END PUBLIC KEY-----",
    ],
)
def test_no_secret(text: str) -> None:
    assert kinds(text) == []
    assert mask(text) == text


def test_private_key_is_its_body() -> None:
    text = f"a\n-----BEGIN RSA PRIVATE KEY-----\n{PEM}-----END RSA PRIVATE KEY-----\nb"
    assert kinds(text) == [(PEM.strip(), "a private key")]
    assert mask(text) == "a\n-----BEGIN RSA PRIVATE KEY-----\n***\n***\n***\n-----END RSA PRIVATE KEY-----\nb"


def test_private_key_in_json_strings() -> None:
    one = json.dumps(f"-----BEGIN PRIVATE KEY-----\n{PEM}-----END PRIVATE KEY-----")
    several = json.dumps(["-----BEGIN PRIVATE KEY-----", *PEM.split(), "-----END PRIVATE KEY-----"], indent=1)
    cut = "-----BEGIN PRIVATE KEY-----\n" + PEM
    for text in (one, several, cut):
        masked = mask(text)
        assert not any(line in masked for line in PEM.split())
        assert masked.count("\n") == text.count("\n")


def test_repeated_secret_is_hidden_where_nothing_gives_it_away() -> None:
    assert mask("password='Hunter2hunter'; ./run Hunter2hunter") == "password='***'; ./run ***"


def test_places_hold_behind_a_letter_that_grows() -> None:
    assert kinds("\u0130\u0130 password='Hunter2x'") == [("Hunter2x", "a password")]
    assert [chr(code) for code in range(sys.maxunicode) if len(chr(code).lower()) != 1] == ["\u0130"]


def test_corpus() -> None:
    """Signatures (overwritten, still recognised) where the review says so, and tokens of three repositories; nothing else."""
    if not os.path.isdir(SHARED):
        pytest.skip("no ../shared beside this checkout")
    found = {}
    for path in glob.glob(os.path.join(glob.escape(SHARED), "corpus", "json", "**", "*.json"), recursive=True):
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            text = file.read()
        for secret in find(text):
            name = os.path.relpath(path, os.path.join(SHARED, "corpus", "json")).split(os.sep)
            line = text.count("\n", 0, secret.start) + 1
            found.setdefault((name[0], name[-1], secret.kind), []).append(line)
    assert found == {
        ("Jeroen-scripts__AVD", "Win11MultiTemplate.json", "a SAS signature"): [76],
        ("cnomadl__LngAzureImageBuilder", "armTemplateWinServerMngdDev.json", "an access token"): [63, 74, 85],
        ("kuluru__MyWork", "ImageTemplate.json", "a SAS signature"): [21, 28],
        ("kuluru__MyWork", "ImageTemplate.json", "an access token"): [28],
        ("kuluru__MyWork", "Install2016.json", "a SAS signature"): [19, 24],
        ("kuluru__MyWork", "Install2016New.json", "a SAS signature"): [19, 24, 29],
        ("shaunjacob__WVD-Image-Builder", "ProcessServer.tpl.json", "a SAS signature"): [69],
        ("shaunjacob__WVD-Image-Builder", "WinUI.tpl.json", "a SAS signature"): [76],
        ("singhsupriya2819__ImageBuilderScript", "ImageTemplate.json", "a GitHub token"): [50],
    }


# -- nothing survives --------------------------------------------------------------------------------------------------

# Hashes, since Hypothesis likes rows of zeros, and no key is one.
signatures = st.integers().map(lambda n: base64.b64encode(hashlib.sha256(str(n).encode()).digest()).decode())
keys = st.integers().map(lambda n: base64.b64encode(hashlib.sha512(str(n).encode()).digest()).decode())
# A digit and a capital in front: what is left of words such as `password` is no password.
passwords = st.text(string.ascii_letters + string.digits + "!?.+~^*-_=", min_size=6, max_size=40).map("A7".__add__)


def escaped(signature: str) -> str:
    return signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


secrets = st.one_of(
    signatures.map(lambda value: (escaped(value), f"{BLOB}?se=2030-01-01&sig={escaped(value)}")),
    signatures.map(
        lambda value: (value, f"Endpoint=sb://x/;SharedAccessKeyName=k;SharedAccessKey={value};EntityPath=p")
    ),
    keys.map(lambda value: (value, f"AccountName=x;AccountKey={value}")),
    keys.map(lambda value: (value, f"az storage blob list --account-key {value} -c x")),
    passwords.map(lambda value: (value, f"ConvertTo-SecureString '{value}' -AsPlainText -Force")),
    passwords.map(lambda value: (value, f'$password = "{value}"')),
    passwords.map(lambda value: (value, f"export PASSWORD={value}")),
    passwords.map(lambda value: (value, f"net user builder {value} /add")),
    passwords.map(lambda value: (value, f"tool --password {value} --quiet")),
)
around = st.text(string.ascii_letters + " \n\t\"'\\&<>{}[]$%;|/=:-", max_size=30)


@given(secrets, around, around, st.integers(0, 3), st.booleans())
def test_no_secret_survives(secret: tuple[str, str], before: str, after: str, depth: int, html: bool) -> None:
    value, text = secret
    text = f"{before}\n{text}\n{after}"
    for _ in range(depth):
        text = json.dumps({"inline": [text]}, indent=1)
        if html:
            text = text.replace("&", r"\u0026").replace("'", r"\u0027").replace("<", r"\u003c")
    masked = mask(text)
    assert value not in masked
    assert masked.count("\n") == text.count("\n")
    assert mask(masked) == masked


@given(passwords, st.integers(0, 2))
def test_no_password_survives_as_a_json_value(password: str, depth: int) -> None:
    text = json.dumps({"adminPassword": password})
    for _ in range(depth):
        text = json.dumps([text])
    assert password not in mask(text)
    assert password not in mask(json.dumps({"adminPassword": {"value": password}}, indent=2))


@given(passwords, passwords)
def test_mask_does_not_tell_the_length(one: str, other: str) -> None:
    assert mask(f"PASSWORD='{one}'") == mask(f"PASSWORD='{other}'") == "PASSWORD='***'"


@given(st.text(max_size=200))
def test_any_text_keeps_its_lines(text: str) -> None:
    masked = mask(text)
    assert [c for c in masked if c in "\r\n"] == [c for c in text if c in "\r\n"]
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -pS3cr3tW0rd shop",
        "mysqladmin -u root password 'S3cr3tW0rd'",
        "sudo useradd -m -p S3cr3tW0rd builder",
        "curl -H 'X-Api-Key: S3cr3tW0rd0123456789' https://example.com",
        "curl https://example.azurewebsites.net/api/run?code=S3cr3tW0rd0123456789abcdef==",
        "-----BEGIN RSA PRIVATE KEY-----\\nS3cr3tW0rd\\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_of_commands_and_headers(text: str) -> None:
    assert "S3cr3tW0rd" not in mask(json.dumps({"inline": [text]}))
    assert "S3cr3tW0rd" not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -p$MYSQL_PASSWORD shop",
        "mysql --protocol tcp -P 3306 -u root",
        "useradd -m builder",
        "curl https://example.azurewebsites.net/api/run?code=<function key>",
        'curl -H "X-Api-Key: $KEY" https://example.com',
    ],
)
def test_commands_without_a_secret(text: str) -> None:
    assert mask(text) == text


def test_a_value_too_long_to_quote_is_not_quoted_in_part(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    """Half a secret would not be recognised as one."""
    written = "export AWS_SECRET_ACCESS_KEY=S3cr3tW0rdabcdefghijklmnopqrstuvwxyz0123"
    body = {"properties": {"source": {}, "customize": [{"type": "Shell", "inline": written}], "distribute": []}}
    (tmp_path / "a.json").write_text(json.dumps(body, indent=2))
    assert cli.main([str(tmp_path / "a.json")]) == 1
    shown = capsys.readouterr().out
    assert "AIB104" in shown
    assert "S3cr3tW0rd" not in shown
