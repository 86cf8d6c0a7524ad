"""What every module wants of `typing`, without its weight.

Importing `typing` and making its NamedTuples costs a run as much as half an interpreter (measured: 2 ms, and 0.1 ms for
each of forty classes, most of it for annotations that nobody asks for). Type checkers see the real ones.
"""

from __future__ import annotations

# Type checkers take a name like this for true (PEP 484), whatever module it comes from.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from operator import itemgetter

    class _Fields(type):
        """Makes a tuple with named fields of a class body that annotates them, as typing.NamedTuple does."""

        def __new__(cls, name, bases, namespace):
            if bases:
                fields = tuple(namespace.get("__annotations__", ()))
                defaults = {field: namespace.pop(field) for field in fields if field in namespace}
                getters = {field: property(itemgetter(index)) for index, field in enumerate(fields)}
                namespace = {**namespace, **getters, "_fields": fields, "_field_defaults": defaults, "__slots__": ()}
            return super().__new__(cls, name, bases or (tuple,), namespace)

    class NamedTuple(metaclass=_Fields):
        """A frozen value of named fields."""

        def __new__(cls, *values, **named):
            """Take values by place or by name; TypeError where they do not fit the fields."""
            if named or len(values) != len(cls._fields):
                values = _complete(cls, values, named)
            return tuple.__new__(cls, values)

        def __repr__(self):
            """As it could be written."""
            fields = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({fields})"

        def _replace(self, **changed):
            return type(self)(**{**self._asdict(), **changed})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

    def _complete(cls, values, named):
        left = cls._fields[len(values) :]
        missing = [field for field in left if field not in named and field not in cls._field_defaults]
        unknown = [field for field in named if field not in left]
        if missing or unknown or len(values) > len(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
        return (*values, *(named[field] if field in named else cls._field_defaults[field] for field in left))
