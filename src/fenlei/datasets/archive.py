"""The files of a zip, read in place: nothing is unpacked, so no name in it can reach the disk."""

from __future__ import annotations

import lzma
import re
import stat
import threading
import unicodedata
import zipfile
import zlib
from pathlib import Path

from fenlei.datasets.found import MAX_PICTURE_BYTES, DatasetError, Skipped
from fenlei.datasets.listing import Entry, Listing, why_hidden

UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
MAX_ENTRIES = 2_000_000
MAX_GROWTH = 100
"""What all files together may unpack to, as a multiple of the zip's size, beside `FREE_BYTES`. Pictures hardly
shrink in a zip (uncompressed bitmaps of drawings at most some thirty times), so more is a bomb."""
FREE_BYTES = 1024**3

# A run of bytes that GB 2312 reads as its 3,755 common characters, and UTF-8 as letters of two bytes each.
_COMMON_HANZI = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe])+")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def list_archive(path: Path) -> Listing:
    """List a zip. Its files stay readable, from many threads, until `close` of the listing.

    Raises:
        DatasetError: it is no zip, is damaged, or has too many entries.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as exc:
        raise DatasetError(
            f"{path} is no zip that can be read ({exc}). Give a folder of class folders, or a zip of one."
        ) from exc
    except OSError as exc:
        raise DatasetError(f"{path} cannot be opened: {exc.strerror or exc}.") from exc
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        archive.close()
        raise DatasetError(f"{path} has {len(infos)} entries; at most {MAX_ENTRIES} are allowed.")
    budget = _Budget(FREE_BYTES + MAX_GROWTH * path.stat().st_size)
    listing = Listing(close=archive.close)
    names = decode_names(infos)
    for number, (info, name) in enumerate(sorted(zip(infos, names, strict=True), key=lambda pair: pair[1])):
        segments = tuple(unicodedata.normalize("NFC", part) for part in name.split("/") if part not in {"", ".", ".."})
        if not segments:
            continue
        reason = why_hidden(segments)
        if reason is None and stat.S_ISLNK(info.external_attr >> 16):
            reason = "it is a link; links in a zip are not followed"
        if reason is None and info.flag_bits & ENCRYPTED_FLAG:
            reason = "it is encrypted"
        if reason is not None:
            if not name.endswith("/"):
                listing.skipped.append(Skipped("/".join(segments), reason))
            continue
        for depth in range(1, len(segments)):
            listing.folders.add(segments[:depth])
        if name.endswith("/"):
            listing.folders.add(segments)
        else:
            listing.entries.append(_entry(archive, info, number, segments, budget))
    return listing


def decode_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """The entries' paths as text. Names marked as UTF-8 are; the others are one encoding for the whole archive:
    UTF-8 (macOS writes it without the mark), GBK (Chinese Windows), or the cp437 of the standard, the first that fits.

    Short Chinese names in GBK can be valid UTF-8 by accident (猫 is "è"): where every run of high bytes spells common
    Chinese characters, GBK is taken.
    """
    unmarked = [info.orig_filename.encode("cp437") for info in infos if not info.flag_bits & UTF8_FLAG]
    encoding = next((each for each in ("utf-8", "gb18030") if _fits(unmarked, each)), "cp437")
    runs = [run for name in unmarked for run in _HIGH_RUN.findall(name)]
    if encoding == "utf-8" and runs and all(_COMMON_HANZI.fullmatch(run) for run in runs):
        encoding = "gb18030"
    names = []
    for info in infos:
        name = info.orig_filename
        if not info.flag_bits & UTF8_FLAG:
            name = name.encode("cp437").decode(encoding)
        names.append(name.split("\0")[0].replace("\\", "/"))
    return names


class _Budget:
    """Bytes that may still be unpacked; what an entry costs is counted once, however often it is read."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._paid: set[int] = set()
        self._lock = threading.Lock()

    def spend(self, entry: int, amount: int) -> bool:
        """Whether this entry may be unpacked. One that may not costs nothing: smaller ones after it still may."""
        with self._lock:
            if entry in self._paid:
                return True
            if amount > self._left:
                return False
            self._paid.add(entry)
            self._left -= amount
            return True


def _fits(names: list[bytes], encoding: str) -> bool:
    try:
        for name in names:
            name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int, segments: tuple[str, ...], budget: _Budget
) -> Entry:
    name = "/".join(segments)

    def unpack(most: int) -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(most)
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as exc:
            # zipfile names the file as it read the name, which may be another than ours.
            said = "its checksum is wrong" if str(exc).startswith("Bad CRC-32") else str(exc) or type(exc).__name__
            raise DatasetError(f"{name} cannot be read from the zip: {said}.") from exc

    def read() -> bytes:
        # The size in a zip is a claim, but zipfile never unpacks more than is claimed, so a bomb is not even begun.
        if info.file_size > MAX_PICTURE_BYTES:
            raise DatasetError(
                f"{name} is larger than {MAX_PICTURE_BYTES // 1024**2} MiB, the most a picture may have."
            )
        if not budget.spend(number, info.file_size):
            raise DatasetError(f"{name} is left unread: the zip unpacks to more than {MAX_GROWTH} times its size.")
        return unpack(MAX_PICTURE_BYTES + 1)

    return Entry(segments, lambda: unpack(32), read)
