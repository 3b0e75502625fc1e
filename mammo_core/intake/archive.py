"""An upload to its files, one after another: a plain file is itself, a ZIP is what it holds.

It refuses passwords, archives inside archives, names that climb out of the archive, unusual compression, and whatever
goes beyond the caps, which are counted while unpacking and not as the archive says. One member is in memory at a time,
and nothing is ever written to a disk. Side files of macOS and Windows are passed over and counted.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from mammo_core.intake.refusals import MAX_BYTES, Refused

MAX_MEMBERS = 10_000
"""Files in one archive."""

MAX_RATIO = 200
"""How many times its packed size a member may unpack to, beyond a first allowance; pixels do not reach 100."""

_RATIO_FROM = 16 << 20
_CHUNK = 1 << 20
_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_CENTRAL_HEADER, _LOCAL_HEADER = b"PK\x01\x02", b"PK\x03\x04"
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_NAME_IS_UTF8 = 0x800
_DEBRIS = {".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "dicomdir"}
_BAD_BYTES = (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, EOFError, LookupError, RuntimeError)


@dataclass
class Request:
    """What one request may still take in, in bytes, and how many side files were passed over in it.

    A plain file counts with its size, a ZIP with what it unpacks to.
    """

    left: int = MAX_BYTES
    passed_over: int = 0
    _archives: Counter[str] = field(default_factory=Counter)

    def name_of_archive(self, name: str) -> str:
        """Tell archives of one name apart: what two of them hold are two women's pictures, whatever they are called."""
        self._archives[name] += 1
        return name if self._archives[name] == 1 else f"{name} ({self._archives[name]})"


def say_passed_over(count: int) -> str:
    """Say how many side files of operating systems the archives held; "" if none."""
    were = "side file of macOS or Windows was" if count == 1 else "side files of macOS or Windows were"
    return f"{count} {were} passed over." if count else ""


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a ZIP with at least one member, or an empty one."""
    return data[:4] in _STARTS


def files(name: str, data: bytes, request: Request) -> Iterator[tuple[str, bytes | Refused]]:
    """Name and bytes of every file in `data`: itself, or "archive.zip!folder/member" for every member of a ZIP.

    What cannot be unpacked gives its `Refused` instead of bytes. Members are unpacked as they are asked for.
    """
    if len(data) > MAX_BYTES:
        yield name, Refused("file_too_large")
    elif is_archive(data):
        yield from _of_archive(request.name_of_archive(name), data, request)
    elif len(data) > request.left:
        yield name, Refused("request_too_large")
    else:
        request.left -= len(data)
        yield name, data


def _of_archive(name: str, data: bytes, request: Request) -> Iterator[tuple[str, bytes | Refused]]:
    try:
        archive, members = _opened(data)
    except Refused as refused:
        yield name, refused
        return
    with archive:
        kept = [(member, entry) for member, entry in members if not _is_debris(member)]
        request.passed_over += len(members) - len(kept)
        if not kept:
            yield name, Refused("archive_empty")
        for member, entry in kept:
            content: bytes | Refused
            try:
                content = _unpacked(archive, entry, member, request)
            except Refused as refused:
                content = refused
            except (*_BAD_BYTES, NotImplementedError):
                content = Refused("member_damaged")
            yield f"{name}!{member}", content


def _opened(data: bytes) -> tuple[zipfile.ZipFile, list[tuple[str, zipfile.ZipInfo]]]:
    # Counted before the directory is read, which takes some hundred bytes of memory for each of its entries.
    if data.count(_CENTRAL_HEADER) > MAX_MEMBERS:
        raise Refused("archive_too_many")
    try:
        try:
            archive = zipfile.ZipFile(BytesIO(data))
        except UnicodeDecodeError:
            archive = zipfile.ZipFile(BytesIO(_without_utf8(data)))
    except (*_BAD_BYTES, NotImplementedError) as error:
        raise Refused("archive_damaged") from error
    named = [(_name(entry), entry) for entry in archive.infolist()]
    return archive, sorted(((n, e) for n, e in named if not n.endswith("/")), key=lambda pair: pair[0])


def _without_utf8(data: bytes) -> bytes:
    """The archive with every name marked as of unknown encoding: one that is marked as UTF-8 and is not bars them all."""
    marked = bytearray(data)
    for header, flag in ((_CENTRAL_HEADER, 9), (_LOCAL_HEADER, 7)):
        at = marked.find(header)
        while 0 <= at < len(marked) - flag:
            marked[at + flag] &= ~(_NAME_IS_UTF8 >> 8)
            at = marked.find(header, at + 1)
    return bytes(marked)


def _name(entry: zipfile.ZipInfo) -> str:
    """A member's name with its folders, as well as can be told: UTF-8 whether marked so or not, else code page 437."""
    name = entry.filename
    if not entry.flag_bits & _NAME_IS_UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = re.sub(r"^(\./)+|(?<=/)\./", "", name.replace("\\", "/"))
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def _is_debris(name: str) -> bool:
    *folders, last = name.lower().split("/")
    hidden = any(part.startswith(".") and part != ".." for part in (*folders, last))
    return hidden or "__macosx" in folders or last in _DEBRIS


def _climbs(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name) is not None


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, request: Request) -> bytes:
    if _climbs(name):
        raise Refused("archive_climbing")
    if entry.flag_bits & _ENCRYPTED:
        raise Refused("archive_encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("archive_packing")
    if entry.file_size > max(_RATIO_FROM, MAX_RATIO * entry.compress_size):
        raise Refused("archive_bomb")
    if entry.file_size > request.left:
        raise Refused("archive_too_large")
    out = BytesIO()
    with archive.open(entry) as member:
        while chunk := member.read(_CHUNK):
            if not out.tell() and is_archive(chunk):
                raise Refused("archive_nested")
            out.write(chunk)
            if out.tell() > request.left:
                raise Refused("archive_too_large")
    request.left -= out.tell()
    return out.getvalue()
