"""Parameter values from outside the template: files and the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aiblint.arm.deployment import literal
from aiblint.source.reader import read, read_text
from aiblint.value import Unknown, Value

if TYPE_CHECKING:
    from aiblint.source.document import Document

COMMAND_LINE = "--parameters"


def gather(arguments: tuple[str, ...]) -> dict[str, Value]:
    """The values of `--parameters FILE` and `--parameters NAME=VALUE` by lower-case name, a later one over an earlier.

    A file may be written as the Azure CLI takes it, `@FILE`. Raises OSError for a file that cannot be read and
    ValueError, with a line for the user, for one that holds no parameters.
    """
    given: dict[str, Value] = {}
    for argument in arguments:
        path = argument.removeprefix("@")
        name, equals, value = argument.partition("=")
        if equals and not os.path.exists(path):
            given[name.strip().lower()] = literal(_written(value))
            continue
        with open(path, "rb") as file:
            document = read(path, file.read())
        values = from_document(document)
        if values is None:
            raise ValueError(f"{path}: this is no parameter file: it has no `parameters`")
        given.update(values)
    return given


def _written(value: str):  # type: ignore[no-untyped-def]
    """The node of a value from the command line: JSON where it reads as JSON, otherwise a string, as the CLI does."""
    import json  # here: only `--parameters NAME=VALUE` needs it

    document = read_text(COMMAND_LINE, value)
    if document.root is None or document.faults:
        document = read_text(COMMAND_LINE, json.dumps(value))
    return document.root


def from_document(document: Document) -> dict[str, Value] | None:
    """The values of a deployment parameter file by lower-case name; None if it is none. Expressions are not evaluated."""
    parameters = document.root.member("parameters") if document.root is not None else None
    if parameters is None or parameters.kind != "object":
        return None
    given: dict[str, Value] = {}
    for argument in parameters.children:
        name = str(argument.key.value) if argument.key is not None else ""
        value = argument.member("value")
        given[name.lower()] = (
            literal(value) if value is not None else Value(Unknown(f"parameter `{name}` is in a key vault"), argument)
        )
    return given


def beside(path: str) -> dict[str, Value]:
    """The values of the parameter file that lies beside a template, `NAME.parameters.json` for `NAME.json`."""
    stem, extension = os.path.splitext(path)
    if extension.lower() not in (".json", ".jsonc"):
        return {}
    try:
        with open(stem + ".parameters.json", "rb") as file:
            return from_document(read(stem + ".parameters.json", file.read())) or {}
    except OSError:
        return {}
