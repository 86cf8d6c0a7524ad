"""Functions on dates: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date."""

from __future__ import annotations

import re

from aiblint.arm.functions.data import UNDOCUMENTED, FunctionError, integer, text, unknown_in
from aiblint.light import TYPE_CHECKING
from aiblint.value import MISSING, Unknown

if TYPE_CHECKING:
    from datetime import datetime

# Patterns stay text until they are used: most templates use none of them.
_TIMESTAMP = r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T ]([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:Z|\+00:?00)"
_DURATION = (
    r"(?P<sign>-?)P(?=.)(?:(?P<years>[0-9]{1,6})Y)?(?:(?P<months>[0-9]{1,6})M)?(?:(?P<days>[0-9]{1,8})D)?"
    r"(?:T(?=.)(?:(?P<hours>[0-9]{1,8})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
# The formats of .NET whose meaning needs no culture; `/` and `:` are themselves in the invariant one, T and Z always.
_STANDARD = {"u": "%Y-%m-%d %H:%M:%SZ", "s": "%Y-%m-%dT%H:%M:%S"}
_CUSTOM = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "T": "T", "Z": "Z"}


def date_time_add(base: object, duration: object, pattern: object = MISSING) -> object:
    """`dateTimeAdd()`; a year is 365 days and a month 30, as documented.

    Without a format the result is unknown: the page says that it has the format of `base`, its examples say otherwise.
    """
    start, length = text("dateTimeAdd", base), text("dateTimeAdd", duration)
    shape = text("dateTimeAdd", pattern) if pattern is not MISSING else Unknown(UNDOCUMENTED)
    if isinstance(length, str) and not length.strip().startswith(("P", "-P", "+P")):
        raise FunctionError(f"`dateTimeAdd()` needs a duration such as `P1D` or `-PT2H`, not `{length[:40]}`")
    moment = _moment("dateTimeAdd", start)
    found = re.fullmatch(_DURATION, length) if isinstance(length, str) else None
    if isinstance(moment, Unknown) or found is None or not isinstance(shape, str):
        return unknown_in(moment, length, shape)
    from datetime import timedelta

    part = {name: int(value or 0) for name, value in found.groupdict().items() if name != "sign"}
    days = part["years"] * 365 + part["months"] * 30 + part["days"]
    sign = -1 if found["sign"] else 1
    try:
        moment += sign * timedelta(days, part["seconds"], hours=part["hours"], minutes=part["minutes"])
    except OverflowError:
        return Unknown("the date is out of range")
    if shape in _STANDARD:
        return _written(moment, _STANDARD[shape])
    runs = [found[0] for found in re.finditer(r"([a-zA-Z])\1*|[-_/:. 0-9]|.", shape, re.DOTALL)]
    if len(shape) == 1 or not all(run in _CUSTOM or run in "-_/:. 0123456789" for run in runs):
        return Unknown(UNDOCUMENTED)
    return _written(moment, "".join(_CUSTOM.get(run, run) for run in runs))


def date_time_to_epoch(value: object) -> object:
    """`dateTimeToEpoch()` of a time in UTC, in seconds."""
    moment = _moment("dateTimeToEpoch", text("dateTimeToEpoch", value))
    if isinstance(moment, Unknown):
        return moment
    from datetime import timedelta

    return (moment - _epoch()) // timedelta(seconds=1)


def date_time_from_epoch(value: object) -> object:
    """`dateTimeFromEpoch()`, as in `2023-05-02T15:16:13Z`."""
    seconds = integer("dateTimeFromEpoch", value)
    if isinstance(seconds, Unknown):
        return seconds
    from datetime import timedelta

    try:
        return _written(_epoch() + timedelta(seconds=seconds), "%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return Unknown("the date is out of range")


def _moment(name: str, data: object) -> datetime | Unknown:
    if not isinstance(data, str):
        return unknown_in(data)
    if not any(mark.isdigit() for mark in data):
        raise FunctionError(f"`{name}()` needs a time such as `2026-01-31T12:00:00Z`, not `{data[:40]}`")
    found = re.fullmatch(_TIMESTAMP, data)
    if found is None:
        return Unknown(UNDOCUMENTED)
    from datetime import datetime

    try:
        return datetime(*(int(part) for part in found.groups()))  # type: ignore[arg-type]
    except ValueError:
        return Unknown(UNDOCUMENTED)


def _epoch() -> datetime:
    from datetime import datetime

    return datetime(1970, 1, 1)


def _written(moment: datetime, pattern: str) -> str:
    # strftime leaves out the zeros before a year below 1000 on some platforms.
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04}"))
