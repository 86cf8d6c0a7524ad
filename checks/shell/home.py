"""The home folder of the build user, who is gone when the image is made."""

from __future__ import annotations

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from ..wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command, Word

GENERALIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#generalize"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"

_HOME = pattern(r"[\"']?(?:~|\$\{?HOME\}?|/home/(?:packer|\$\{?USER\}?|\$\(whoami\)))/+[^/\s\"']")
# Programs that write, and the options behind which the place stands; without one it is the last word.
_WRITERS = {
    "cp": ("-t", "--target-directory"),
    "curl": ("-o", "--output"),
    "git": (),
    "install": ("-t", "--target-directory"),
    "mkdir": (),
    "mv": ("-t", "--target-directory"),
    "tar": ("-C", "--directory"),
    "tee": (),
    "touch": (),
    "unzip": ("-d",),
    "wget": ("-O", "-P", "--output-document", "--directory-prefix"),
}


@check("AIB428", "home-of-build-user", "warning", GENERALIZE, JSON)
def home_of_build_user(script: Script) -> Findings:
    """
    ## What it does
    Looks for files that a script leaves in the home folder of the user that the build runs as: `~/...`, `$HOME/...`.
    Where a later command of the script takes something from there, nothing is reported.

    ## Why it matters
    The last act of the build is `waagent -deprovision+user`, which removes that user and all that is in its home. The
    build succeeds, and in the image the files are missing.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["curl -fsSLO https://example.com/tools.zip", "unzip -o tools.zip -d «~/tools»"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["curl -fsSLO https://example.com/tools.zip", "sudo unzip -o tools.zip -d /opt/tools"]
      }
    ]
    ```
    """
    if script.language != "shell":
        return
    left: tuple[Command, Word] | None = None
    for command in script.commands:
        place = _written(command)
        if place is not None:
            left = left or (command, place)
        elif _HOME.search(script.text, command.start, command.end):
            left = None  # something uses what was put there, and may put it elsewhere
    if left is not None:
        command, place = left
        name = script.text[place.start : place.end].strip("\"'")
        yield Finding(
            command.place(place),
            f"`{name}` in {where(script)} is in the home of the build user, which is not part of the image",
            help="put it where it belongs to nobody: `/opt`, `/usr/local`, `/etc/skel` for each new user",
            notes=("at the end of the build `waagent -deprovision+user` removes the user with all its files",),
            severity="" if script.template is not None else "info",
        )


def _written(command: Command) -> Word | None:
    """The word that names a place in the home to which a command writes."""
    text = command.script.text
    places = [redirect.target for redirect in command.redirects if redirect.operator in (">", ">>")]
    if command.name in _WRITERS and (command.name != "git" or command.has("clone")):
        behind = [
            following
            for option, following in zip(command.arguments, command.arguments[1:], strict=False)
            if option.known in _WRITERS[command.name]
        ]
        # What is fetched or unpacked without a place lands in the current folder.
        places += behind or (() if command.name in ("curl", "wget", "tar", "unzip") else command.arguments[-1:])
    return next((place for place in places if _HOME.match(text, place.start, place.end)), None)
