"""A TOML file into a table, a table into a frozen dataclass, checked key by key against its type hints, and back. It knows no recipe."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import tomli_w

_NAME = re.compile(r"(?!\.)[\w .+-]+(?<! )")


def table_of(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises FileNotFoundError where there is none, ValueError where it is no TOML; either names it."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from error


def kind_of(path: Path) -> str:
    """The kind of a recipe: classifier, features, ensemble, tissue, or patch, which the first recipes do not say."""
    return str(table_of(path).get("kind", "patch"))


def checked(kind: type[Any], table: Mapping[str, Any], where: str) -> Any:
    """`kind` made of `table`. Raises ValueError, opening with `where`, that names the key missing, unknown or of the wrong kind."""
    hints = get_type_hints(kind)
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    if missing := needed - set(table):
        raise ValueError(f"{where}: missing {', '.join(sorted(missing))}")
    if unknown := set(table) - set(hints):
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
    return kind(**{key: _value(hints[key], value, where, key) for key, value in table.items()})


def misnamed(**names: str) -> list[str]:
    """A sentence, each, on those names, by their keys, that no folder can be called by."""
    return [
        f"{key} is {name!r}, wanted letters, numbers, spaces and ._+- only: folders are called so"
        for key, name in names.items()
        if not _NAME.fullmatch(name)
    ]


def written(made: Any) -> str:
    """A frozen dataclass as TOML with every key, to be read back by `checked`."""
    return tomli_w.dumps(asdict(made))


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return checked(hint, value, f"{where}, [{key}]")
    if origin is tuple and isinstance(value, list | tuple):
        if inner[-1] is not Ellipsis and len(inner) != len(value):
            raise ValueError(f"{where}: {key} has {len(value)} values, wanted {len(inner)}")
        return tuple(_value(inner[0], each, where, key) for each in value)
    if origin is dict and isinstance(value, Mapping):
        return {name: _value(inner[1], each, where, f"{key}.{name}") for name, each in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is float and not math.isfinite(value):
        raise ValueError(f"{where}: {key} is {value}, wanted {_spelled(hint)}")
    allowed: tuple[Any, ...] = inner if origin in (Union, UnionType) else (hint,)
    if (origin is Literal and value in inner) or type(value) in allowed:
        return value
    raise ValueError(f"{where}: {key} is {value!r}, wanted {_spelled(hint)}")


def _spelled(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(repr(each) for each in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_spelled(each) for each in get_args(hint))
    kinds = {int: "a whole number", float: "a number", str: "words", bool: "true or false"}
    return kinds.get(hint, "a list" if get_origin(hint) is tuple else "a table")
