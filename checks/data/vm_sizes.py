"""What the name of an Azure VM size tells without asking Azure.

Sizes up to version 2 are written out: in `SIZES`, one row is a size (lower case, without `Standard_`) with its vCPUs and
its memory in GiB. Of later ones the name says the vCPUs, and `GIB_PER_VCPU` the memory: one row is a family with a
version, and what each of its vCPUs brings. `GENERATIONS`: one row is a family with a version, and the Hyper-V
generations that all of its sizes boot.

Last looked at: 2026-11-22. Sources: NAMES for the scheme; below SERIES one page for each series, with its table of sizes
and its line "VM Generation Support"; GENERATION_2.

To add a family: its numbers of vCPUs in `_COUNTS`, its memory in GIB_PER_VCPU, its generations in GENERATIONS if the
page says them. A size that is not known gives None, and nothing is ever said about it.
"""

from __future__ import annotations

from aiblint.light import NamedTuple
from aiblint.pattern import pattern

NAMES = "https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions"
SERIES = "https://learn.microsoft.com/azure/virtual-machines/sizes/overview"
GENERATION_2 = "https://learn.microsoft.com/azure/virtual-machines/generation-2"

# The build VM where the template names no size, by the generation of the source image:
# https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#vmprofile
DEFAULT_SIZES: dict[str, str] = {"V1": "Standard_D1_v2", "V2": "Standard_D2ds_v4"}


class Size(NamedTuple):
    """A VM size. None stands for what the name does not say for certain.

    `vcpus` are those that run, also of a constrained size; `generations` holds `V1` and `V2`; `temporary_disk` says
    whether there is a local disk for temporary files (D: on Windows).
    """

    vcpus: int
    memory_gib: float | None
    burstable: bool
    arm64: bool
    generations: frozenset[str] | None
    temporary_disk: bool | None


SIZES: dict[str, tuple[int, float]] = {
    "a0": (1, 0.75),
    "a1": (1, 1.75),
    "a2": (2, 3.5),
    "a3": (4, 7),
    "a4": (8, 14),
    "a5": (2, 14),
    "a6": (4, 28),
    "a7": (8, 56),
    "a8": (8, 56),
    "a9": (16, 112),
    "a10": (8, 56),
    "a11": (16, 112),
    "a1_v2": (1, 2),
    "a2_v2": (2, 4),
    "a4_v2": (4, 8),
    "a8_v2": (8, 16),
    "a2m_v2": (2, 16),
    "a4m_v2": (4, 32),
    "a8m_v2": (8, 64),
    "b1ls": (1, 0.5),
    "b1s": (1, 1),
    "b1ms": (1, 2),
    "b2s": (2, 4),
    "b2ms": (2, 8),
    "b4ms": (4, 16),
    "b8ms": (8, 32),
    "b12ms": (12, 48),
    "b16ms": (16, 64),
    "b20ms": (20, 80),
    "d1": (1, 3.5),
    "d2": (2, 7),
    "d3": (4, 14),
    "d4": (8, 28),
    "d11": (2, 14),
    "d12": (4, 28),
    "d13": (8, 56),
    "d14": (16, 112),
    "ds1": (1, 3.5),
    "ds2": (2, 7),
    "ds3": (4, 14),
    "ds4": (8, 28),
    "ds11": (2, 14),
    "ds12": (4, 28),
    "ds13": (8, 56),
    "ds14": (16, 112),
    "d1_v2": (1, 3.5),
    "d2_v2": (2, 7),
    "d3_v2": (4, 14),
    "d4_v2": (8, 28),
    "d5_v2": (16, 56),
    "d11_v2": (2, 14),
    "d12_v2": (4, 28),
    "d13_v2": (8, 56),
    "d14_v2": (16, 112),
    "d15_v2": (20, 140),
    "ds1_v2": (1, 3.5),
    "ds2_v2": (2, 7),
    "ds3_v2": (4, 14),
    "ds4_v2": (8, 28),
    "ds5_v2": (16, 56),
    "ds11_v2": (2, 14),
    "ds12_v2": (4, 28),
    "ds13_v2": (8, 56),
    "ds14_v2": (16, 112),
    "ds15_v2": (20, 140),
    "ds11-1_v2": (1, 14),
    "ds12-1_v2": (1, 28),
    "ds12-2_v2": (2, 28),
    "ds13-2_v2": (2, 56),
    "ds13-4_v2": (4, 56),
    "ds14-4_v2": (4, 112),
    "ds14-8_v2": (8, 112),
    "f1": (1, 2),
    "f2": (2, 4),
    "f4": (4, 8),
    "f8": (8, 16),
    "f16": (16, 32),
    "f1s": (1, 2),
    "f2s": (2, 4),
    "f4s": (4, 8),
    "f8s": (8, 16),
    "f16s": (16, 32),
}

# Family and version -> GiB for each vCPU: of plain sizes, of those with `l` (low), with `m` (much), with `t` (tiny).
GIB_PER_VCPU: dict[str, dict[str, float]] = {
    "b2": {"": 4, "l": 2, "t": 0.5},
    "d3": {"": 4},
    "d4": {"": 4},
    "d5": {"": 4, "l": 2},
    "d6": {"": 4, "l": 2},
    "d7": {"": 4, "l": 2},
    "dc2": {"": 4},
    "dc3": {"": 8},
    "dc5": {"": 4},
    "dc6": {"": 4},
    "e3": {"": 8},
    "e4": {"": 8},
    "e5": {"": 8},
    "e6": {"": 8},
    "e7": {"": 8},
    "ec5": {"": 8},
    "ec6": {"": 8},
    "f2": {"": 2},
    "f6": {"": 4, "l": 2, "m": 8},
    "f7": {"": 4, "l": 2, "m": 8},
}

# The largest sizes have less than their share (E64_v3, E96_v5, D64ps_v5), so above this nothing is said.
_SHARE_UP_TO = 48

_BOTH = frozenset({"V1", "V2"})
_FIRST = frozenset({"V1"})
_SECOND = frozenset({"V2"})

# Of versions 2 and 3 of D and E, those that take premium disks (`s`) boot both generations, the others only the first:
# they have rows of their own. The page of DSv2 says "Generation 1", against GENERATION_2 and the page of DS11 to DS15.
GENERATIONS: dict[str, frozenset[str]] = {
    "a1": _FIRST,
    "a2": _FIRST,
    "b1": _BOTH,
    "b2": _BOTH,
    "d2": _FIRST,
    "ds2": _BOTH,
    "d3": _FIRST,
    "d3s": _BOTH,
    "d4": _BOTH,
    "d5": _BOTH,
    "d6": _SECOND,
    "d7": _SECOND,
    "dc1": _SECOND,
    "dc2": _SECOND,
    "dc3": _SECOND,
    "dc5": _SECOND,
    "dc6": _SECOND,
    "e3": _FIRST,
    "e3s": _BOTH,
    "e4": _BOTH,
    "e5": _BOTH,
    "e6": _SECOND,
    "e7": _SECOND,
    "ec5": _SECOND,
    "ec6": _SECOND,
    "f2": _BOTH,
    "f6": _SECOND,
    "f7": _SECOND,
    "m2": _SECOND,
}

# The numbers of vCPUs that the general families come in; those of the others are taken as they are.
_COUNTS: dict[str, frozenset[int]] = {
    "b": frozenset((2, 4, 8, 16, 32)),
    "d": frozenset((1, 2, 4, 8, 16, 20, 32, 48, 64, 80, 96, 128, 160, 192, 248, 372)),
    "dc": frozenset((1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128)),
    "e": frozenset((1, 2, 4, 8, 16, 20, 32, 48, 64, 80, 96, 104, 112, 128, 160, 192, 248, 372)),
    "ec": frozenset((2, 4, 8, 16, 20, 32, 48, 64, 96, 128)),
    "f": frozenset((1, 2, 4, 8, 16, 32, 48, 64, 72, 80)),
}
# Families whose number is their vCPUs, too: storage, large memory, GPU and high performance.
_OTHERS = frozenset(("fx", "h", "hb", "hc", "hx", "l", "m", "nc", "ncc", "nd", "np", "nv"))

_NAME = pattern(r"standard_([a-z]+)(\d{1,4})(?:-(\d{1,3}))?([a-z]*)(?:_[a-z0-9]+)*?(?:_v(\d))?(?:_promo)?")


def describe(size: str) -> Size | None:
    """What a name such as `Standard_D2s_v5` tells; None for a name that is not known. Letter case does not matter."""
    name = size.lower().replace("basic_", "standard_", 1)
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    family, number, constrained, features = match[1], int(match[2]), match[3], match[4]
    version = int(match[5] or 1)
    old = SIZES.get(name.removeprefix("standard_").removesuffix("_promo"))
    if old is not None:
        generations = GENERATIONS.get(f"{family}{version}")
        return Size(old[0], old[1], family == "b", False, generations, True)
    known = f"{family}{version}"
    if family not in _OTHERS and (known not in GIB_PER_VCPU or number not in _COUNTS[family]):
        return None
    if number == 0 or (constrained is not None and not 0 < int(constrained) < number):
        return None
    vcpus = int(constrained or number)
    arm64 = "p" in features and family in ("b", "d", "e")
    return Size(
        vcpus,
        _memory(known, number, features),
        family == "b",
        arm64,
        _SECOND if arm64 else _generations(known, number, features),
        _temporary_disk(known, features),
    )


def _memory(known: str, number: int, features: str) -> float | None:
    kind = next((letter for letter in "lmt" if letter in features), "")
    share = GIB_PER_VCPU.get(known, {}).get(kind)
    return number * share if share is not None and number <= _SHARE_UP_TO else None


def _generations(known: str, number: int, features: str) -> frozenset[str] | None:
    if known == "e5" and number == 112:  # the one size that has NVMe disks only, which generation 1 cannot boot from
        return None
    return GENERATIONS.get(f"{known}s" if known in ("d3", "e3") and "s" in features else known)


def _temporary_disk(known: str, features: str) -> bool | None:
    if "d" in features or known in ("d3", "e3", "f2", "dc2") or (known in ("d4", "e4") and "a" in features):
        return True
    return None if known not in GIB_PER_VCPU else False
