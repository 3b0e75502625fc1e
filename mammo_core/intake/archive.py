"""A ZIP in memory to its files, one after another. It refuses passwords, archives inside archives
and anything that unpacks to more than the caps, counted while unpacking and not as the archive says.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

from mammo_core.intake.refusals import MAX_BYTES, Refused

MAX_MEMBERS = 10_000
_CHUNK = 1 << 20
_MEMBER_ENCRYPTED = 0x1


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a ZIP with at least one member, or an empty one."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def members(data: bytes) -> Iterator[tuple[str, bytes | Refused]]:
    """Name and bytes of every file in the archive; a member that cannot be read gives its Refused instead.

    Hidden files and macOS side files are passed over. Raises Refused for the archive as a whole.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Refused("archive_damaged") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _hidden(entry.filename)]
        if len(entries) > MAX_MEMBERS:
            raise Refused("archive_too_large")
        if not entries:
            raise Refused("archive_empty")
        left = MAX_BYTES
        for entry in sorted(entries, key=lambda entry: entry.filename):
            try:
                unpacked = _unpacked(archive, entry, left)
            except Refused as refused:
                yield entry.filename, refused
            else:
                left -= len(unpacked)
                yield entry.filename, unpacked


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    if entry.flag_bits & _MEMBER_ENCRYPTED:
        raise Refused("archive_encrypted")
    if entry.file_size > left:
        raise Refused("archive_too_large")
    out = bytearray()
    with archive.open(entry) as member:
        while chunk := member.read(_CHUNK):
            out += chunk
            if len(out) > left:
                raise Refused("archive_too_large")
    return bytes(out)
