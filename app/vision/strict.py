"""JSON -> frozen dataclasses, strictly: every field, none besides, each of its type; the error names the place.

A field with a default may be left out: cards that are older than it stay readable.
"""

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from app.errors import Misconfigured

T = TypeVar("T")


class NotAsDeclared(Misconfigured):
    code = "not_as_declared"


def parsed(kind: type[T], value: Any, *, where: str) -> T:
    """`value`, from JSON, as a `kind`: a dataclass of str, bool, int, float, tuples, dicts, unions with None and such.

    Raises NotAsDeclared. `where` names the file, and then the place in it.
    """
    return typing.cast("T", _value(kind, value, where))


def _value(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _record(kind, value, where)
    origin = typing.get_origin(kind)
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else _value(typing.get_args(kind)[0], value, where)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return tuple(_value(item, one, f"{where}[{place}]") for place, one in enumerate(_as(list, value, where)))
    if origin is dict:
        item = typing.get_args(kind)[1]
        return {name: _value(item, one, f"{where}.{name}") for name, one in _as(dict, value, where).items()}
    if kind is float and type(value) is int:
        return float(value)
    return _as(kind, value, where)


def _record(kind: Any, value: Any, where: str) -> Any:
    given = _as(dict, value, where)
    hints = typing.get_type_hints(kind)
    declared = [field.name for field in fields(kind)]
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    if missing := [name for name in needed if name not in given]:
        raise NotAsDeclared(f"{where} lacks {', '.join(missing)}. Export the model again.")
    if unknown := [name for name in given if name not in declared]:
        raise NotAsDeclared(
            f"{where} has {', '.join(unknown)}, which this version does not know. Export the model again."
        )
    return kind(**{name: _value(hints[name], given[name], f"{where}.{name}") for name in declared if name in given})


def _as(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        raise NotAsDeclared(f"{where} should be {kind.__name__} and is {type(value).__name__}. Export the model again.")
    return value
