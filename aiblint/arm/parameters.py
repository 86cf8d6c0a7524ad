"""Parameter values from outside the template: files and the command line."""

from __future__ import annotations

import os

from aiblint.arm.deployment import COMMAND_LINE, literal
from aiblint.source.document import Document, Node
from aiblint.source.reader import read
from aiblint.value import Unknown, Value


def gather(arguments: tuple[str, ...]) -> dict[str, Value]:
    """The values of `--parameters FILE` and `--parameters NAME=VALUE` by lower-case name, a later one over an earlier.

    A file may be written as the Azure CLI takes it, `@FILE`. What `NAME=VALUE` is depends on the type that a template
    declares; until then it is a text. Raises OSError for a file that cannot be read and ValueError, with a line for the
    user, for one that holds no parameters or is not JSON.
    """
    given: dict[str, Value] = {}
    for argument in arguments:
        path = argument.removeprefix("@")
        name, equals, value = argument.partition("=")
        if equals and not os.path.exists(path):
            document = Document(COMMAND_LINE, value)
            given[name.strip().lower()] = Value(value, Node("string", 0, len(value), value, None, None, document))
            continue
        with open(path, "rb") as file:
            document = read(path, file.read())
        values = from_document(document)
        for fault in document.faults:
            if fault.kind == "syntax":
                raise ValueError(f"{path}:{document.position(fault.span.start).line}: {fault.message}")
        if values is None:
            raise ValueError(f"{path}: this is no parameter file: it has no `parameters`")
        given.update(values)
    return given


def from_document(document: Document) -> dict[str, Value] | None:
    """The values of a deployment parameter file by lower-case name; None if it is none. It knows no expressions."""
    parameters = document.root.member("parameters") if document.root is not None else None
    if parameters is None or parameters.kind != "object":
        return None
    given: dict[str, Value] = {}
    for argument in parameters.children:
        name = str(argument.key.value) if argument.key is not None else ""
        value = argument.member("value")
        if value is not None:
            given[name.lower()] = literal(value)
        elif argument.member("reference") is not None:
            given[name.lower()] = Value(Unknown(f"parameter `{name}` is in a key vault"), argument)
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
