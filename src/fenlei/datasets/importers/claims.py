"""What manifests say of files, gathered until all is said; then every file is found, or skipped with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fenlei.datasets.found import Part, Skipped
from fenlei.datasets.importers.finder import Lost
from fenlei.datasets.importers.found import Found, FoundFile
from fenlei.datasets.importers.label_names import LabelNames
from fenlei.datasets.importers.names import cut, tidy
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.values import Unusable, group_of, label_of, part_of
from fenlei.datasets.layout import PARTS, PICTURE_ENDINGS, why_no_picture
from fenlei.datasets.listing import Entry

NOT_NAMED = "not named in the manifest"


@dataclass(slots=True)
class _Claim:
    entry: Entry
    label: str | None
    part: Part | None
    group: str | None
    reason: str | None


class Claims:
    """Says of one manifest or several, in their order."""

    def __init__(self, pile: Pile, manifests: Iterable[Entry], names: LabelNames | None = None) -> None:
        self._pile = pile
        self._names = names
        self._used = {manifest.name for manifest in manifests} | ({names.entry.name} if names else set())
        self._claims: dict[str, _Claim] = {}
        self._lost: dict[str, str] = {}
        self._odd_parts: Counter[str] = Counter()
        self._said_parts = False
        self._again = 0

    def claim(
        self,
        manifest: Entry,
        reference: object,
        label: object = None,
        part: object = None,
        group: object = None,
        *,
        where: str = "",
        found: Entry | Lost | None = None,
    ) -> None:
        """What a manifest says of one file.

        Args:
            manifest: which one says it.
            reference: what it calls the file.
            label: the class, as it stands there.
            part: of the split, as it stands there.
            group: as it stands there.
            where: the line or place in the manifest, for one that names no file.
            found: the file, where the caller looked it up already.
        """
        named = self._named(label)
        named_part = self._part(part)
        if found is None:
            hints = [each for each in (named, part) if isinstance(each, str)]
            found = self._pile.finder.find(reference, manifest.path[:-1], hints)
        if isinstance(found, Lost):
            self._lose(manifest, reference, found, where)
            return
        value = group_of(group)
        reason = next((each.reason for each in (named, value) if isinstance(each, Unusable)), None)
        claim = _Claim(
            found,
            None if isinstance(named, Unusable) else named,
            named_part,
            None if isinstance(value, Unusable) else value,
            reason,
        )
        known = self._claims.setdefault(found.name, claim)
        if known is not claim:
            self._again += 1
            _agree(known, claim)

    def refuse(self, name: str, reason: str) -> None:
        """A place in a manifest that cannot be understood."""
        self._lost.setdefault(cut(name), reason)

    def found(self, format: str, labels: Sequence[str] | None = None, notes: Sequence[str] = ()) -> Found:  # noqa: A002
        """All of it, when everything is said.

        Args:
            format: slug of the format.
            labels: the classes in their declared order; None where no order is declared.
            notes: what the importer has to say.
        """
        listing = self._pile.listing
        result = Found(format, [], [], list(listing.skipped), [*listing.notes, *notes], listing.close)
        self._parts_of_folders(result)
        for claim in self._claims.values():
            reason = claim.reason or why_no_picture(claim.entry)
            if reason is None:
                entry = claim.entry
                result.files.append(FoundFile(entry.name, claim.label, claim.part, claim.group, entry.read))
            else:
                result.skipped.append(Skipped(claim.entry.name, reason))
        for entry in listing.entries:
            if entry.name not in self._claims and entry.name not in self._used:
                aside = NOT_NAMED if entry.ending in PICTURE_ENDINGS else why_no_picture(entry) or NOT_NAMED
                result.skipped.append(Skipped(entry.name, aside))
        result.skipped += [Skipped(name, reason) for name, reason in self._lost.items()]
        self._declare(result, labels)
        self._tell(result)
        return result

    def _named(self, label: object) -> str | Unusable | None:
        return self._names.named(label) if self._names else label_of(label)

    def _part(self, part: object) -> Part | None:
        named = part if isinstance(part, Part) else part_of(part)
        if isinstance(named, Unusable):
            self._odd_parts[named.reason] += 1
            return None
        self._said_parts |= named is not None
        return named

    def _lose(self, manifest: Entry, reference: object, lost: Lost, where: str) -> None:
        if lost is Lost.LEFT_ASIDE:
            return
        if lost is Lost.UNNAMED:
            self.refuse(f"{manifest.name}{where}", lost.value)
            return
        told = f"{manifest.name} names it, but it is not there" if lost is Lost.MISSING else lost.value
        self._lost.setdefault(cut(tidy(str(reference))), told)

    def _parts_of_folders(self, result: Found) -> None:
        """Where no manifest says a part, and every file lies in the folder of one, and not all in the same."""
        if self._said_parts or not self._claims:
            return
        parts: dict[str, Part] = {}
        folders: dict[str, None] = {}
        for name, claim in self._claims.items():
            words = [each for each in claim.entry.path[:-1] if each.lower() in PARTS and each != claim.label]
            if not words:
                return
            parts[name] = PARTS[words[0].lower()]
            folders[f"{words[0]}/"] = None
        if len(set(parts.values())) > 1:
            for name, part in parts.items():
                self._claims[name].part = part
            result.notes.append(f"The split was read from the folders {', '.join(sorted(folders))}.")

    def _declare(self, result: Found, labels: Sequence[str] | None) -> None:
        there = {file.label for file in result.files if file.label is not None}
        order = labels if labels is not None else self._names.order(there) if self._names else None
        declared = list(dict.fromkeys(order or ()))
        result.labels = declared + sorted(there.difference(declared))

    def _tell(self, result: Found) -> None:
        if self._names and self._names.used:
            result.notes.append(f"Class numbers were read as names by {self._names.entry.name}.")
        if self._odd_parts:
            words = ", ".join(f"“{word}”" for word, _ in self._odd_parts.most_common(3))
            result.notes.append(
                f"{self._odd_parts.total()} pictures are put into a part that is none of train, val and test "
                f"({words}); they are in no part."
            )
        if self._again:
            result.notes.append(f"{self._again} pictures are named more than once.")


def _agree(known: _Claim, other: _Claim) -> None:
    """Put what is said again of a file to what was said; where they differ, the file cannot be used."""
    known.reason = known.reason or other.reason
    if known.label is None or other.label is None:
        known.label = known.label or other.label
    elif known.label != other.label:
        known.reason = known.reason or f"it has several classes: {', '.join(sorted((known.label, other.label)))}"
    if known.part is None or other.part is None:
        known.part = known.part or other.part
    elif known.part != other.part:
        known.reason = known.reason or f"it is in several parts: {', '.join(sorted((known.part, other.part)))}"
    known.group = known.group or other.group
