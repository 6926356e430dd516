"""What every importer promises: subclass it, say how to write the format, and all of it is examined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fenlei.datasets import DatasetError
from fenlei.datasets.importers import Found, look, preview
from tests.integration.importers.piles import CONTAINERS, files_below, picture, places, reasons, written

PART_WORDS = {
    **dict.fromkeys(("train", "training", "Train"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "TEST", "测试集"), "test"),
}


@dataclass(frozen=True)
class Shot:
    """A picture to lay out: its file name, what it shows, the word for its part."""

    name: str
    label: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Said:
    """A row of a manifest, as raw as the format can write it."""

    reference: Any
    label: Any = None
    part: str | None = None


class ImporterSuite:
    """Examines one format. `lay_out` writes it; the flags say what it cannot express."""

    slug: str
    says_labels = True
    says_parts = True
    keeps_order = False

    def lay_out(self, root: Path, shots: Sequence[Shot]) -> dict[str, Shot]:
        """Write pictures and what belongs to them below `root`; the path that each got."""
        raise NotImplementedError

    def own_files(self, root: Path) -> set[str]:
        """Files of the format itself, which are neither found nor skipped."""
        return set()

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return written(tmp_path / "given", {})

    def expected(self, laid: dict[str, Shot]) -> dict[str, tuple[str | None, str | None]]:
        return {
            name: (
                shot.label if self.says_labels else None,
                PART_WORDS[shot.part] if self.says_parts and shot.part else None,
            )
            for name, shot in laid.items()
        }

    def shots(self) -> list[Shot]:
        parts: list[str | None] = ["train", "val", "test"] if self.says_parts else [None]
        return [
            Shot(f"{label}{number}.jpg", label, part)
            for label in ("dog", "cat")
            for number, part in enumerate(parts * 2)
        ]

    @pytest.mark.parametrize("container", CONTAINERS)
    def test_what_was_laid_out_is_found(self, root: Path, container: str) -> None:
        laid = self.lay_out(root, self.shots())
        around = "photos/" if container == "wrapped zip" else ""
        with CONTAINERS[container](root, None) as found:
            assert found.format == self.slug
            assert places(found) == {around + name: place for name, place in self.expected(laid).items()}
            assert {file.read() for file in found.files} == {picture(shot.name) for shot in laid.values()}
            assert found.skipped == []

    def test_looking_twice_finds_the_same(self, root: Path) -> None:
        self.lay_out(root, self.shots())
        first, second = look(root), look(root)
        assert [file.name for file in first.files] == [file.name for file in second.files]
        assert (first.labels, first.skipped, first.notes) == (second.labels, second.skipped, second.notes)

    def test_every_file_is_found_or_skipped_and_none_is_both(self, root: Path) -> None:
        self.lay_out(root, self.shots())
        written(root, {"notes.doc": "words", "deep/er/notes.doc": "words", ".hidden.jpg": picture(), "zip.zip": b"PK"})
        found = look(root, format=self.slug)
        names = [file.name for file in found.files] + [each.name for each in found.skipped]
        assert sorted(names) == sorted(set(files_below(root)) - self.own_files(root))
        assert "no picture" in reasons(found)["notes.doc"] or "beside" in reasons(found)["notes.doc"]

    def test_names_in_any_script(self, root: Path) -> None:
        part = "train" if self.says_parts else None
        shots = [
            Shot("一只猫.jpg", "猫", part),
            Shot("🐕 with space.png", "狗 🐕", part),
            Shot("cafe\u0301.jpg", "fore\u0302t", part),
            Shot("100%.jpg", 'it\'s, "quoted"; so', part),
        ]
        laid = self.lay_out(root, shots)
        found = look(root, format=self.slug)
        composed = {name.replace("e\u0301", "é").replace("o\u0302", "ô") for name in laid}
        composed = {name.replace("e\u0302", "ê") for name in composed}
        assert {file.name for file in found.files} == composed
        if self.says_labels:
            assert {file.label for file in found.files} == {"猫", "狗 🐕", "forêt", 'it\'s, "quoted"; so'}

    def test_nothing_at_all_is_no_accident(self, root: Path) -> None:
        self.lay_out(root, [])
        try:
            found = look(root, format=self.slug)
        except DatasetError as exc:
            assert str(exc).endswith(".")  # noqa: PT017 - it may, and it may not
        else:
            assert found.files == []

    def test_what_is_of_another_format_is_refused_with_what_is_needed(self, root: Path) -> None:
        written(root, {"readme.txt": "words"})
        with pytest.raises(DatasetError, match=r"[Nn]eeded|no pictures"):
            look(root, format=self.slug)

    def test_every_word_for_a_part_is_understood(self, root: Path) -> None:
        if not self.says_parts:
            pytest.skip("the format has no parts")
        shots = [Shot(f"{number}.jpg", "cat", word) for number, word in enumerate(PART_WORDS)]
        laid = self.lay_out(root, shots)
        assert places(look(root, format=self.slug)) == self.expected(laid)

    def test_classes_stand_in_their_declared_order_or_by_code_point(self, root: Path) -> None:
        if not self.says_labels:
            pytest.skip("the format has no classes")
        order = ["zebra", "狗", "10", "9", "Ant", "ant"]
        part = "train" if self.says_parts else None
        self.lay_out(root, [Shot(f"{number}.jpg", label, part) for number, label in enumerate(order)])
        assert look(root, format=self.slug).labels == (order if self.keeps_order else sorted(order))

    def test_a_closed_archive_is_an_error_of_the_picture(self, root: Path) -> None:
        self.lay_out(root, self.shots())
        for container in ("zip", "tar", "tar.gz"):
            with CONTAINERS[container](root, None) as found:
                pass
            with pytest.raises(DatasetError, match="closed"):
                found.files[0].read()

    def test_control_characters_are_shown_as_escapes(self, root: Path) -> None:
        part = "train" if self.says_parts else None
        laid = self.lay_out(root, [Shot("a\nb\x1b[31m\u202ec.jpg", "cat", part), Shot("plain.jpg", "dog", part)])
        found = look(root, format=self.slug)
        assert sorted(file.name for file in found.files) == sorted(
            name.replace("\n", "\\n").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") for name in laid
        )

    def test_the_preview_counts_all_of_it(self, root: Path) -> None:
        laid = self.lay_out(root, self.shots())
        written(root, {"notes.doc": "words"})
        found = look(root)
        seen = preview(found, most=2)
        assert seen["pictures"] == len(laid)
        assert sum(each["pictures"] for each in seen["labels"]) + seen["unlabelled"] == len(laid)
        assert sum(seen["parts"].values()) == len(laid)
        assert len(seen["first"]) == 2
        assert seen["skipped"]["files"] == len(found.skipped) == 1


class ManifestSuite(ImporterSuite):
    """Examines a format in which a file names the pictures."""

    wrong_labels: Sequence[Any] = ()

    def write(self, root: Path, said: Sequence[Said]) -> None:
        """Write the manifest; its paths count from `root`."""
        raise NotImplementedError

    def lay_out(self, root: Path, shots: Sequence[Shot]) -> dict[str, Shot]:
        laid = {f"pics/{shot.name}": shot for shot in shots}
        written(root, {name: picture(shot.name) for name, shot in laid.items()})
        self.write(root, [Said(name, shot.label, shot.part) for name, shot in laid.items()])
        return laid

    def look_at(self, root: Path, *said: Said) -> Found:
        written(root, {"pics/good.jpg": picture("good"), "pics/fine.jpg": picture("fine")})
        good = [Said("pics/good.jpg", "cat"), Said("pics/fine.jpg", "dog")]
        self.write(root, [*good[:1], *said, *good[1:]])
        found = look(root, format=self.slug)
        there = {file.name for file in found.files}
        assert {"pics/good.jpg", "pics/fine.jpg"} <= there
        return found

    def test_pictures_stay_in_the_order_of_the_manifest(self, root: Path) -> None:
        shots = [Shot(f"{name}.jpg", "cat") for name in ("z", "a", "m")]
        laid = self.lay_out(root, shots)
        assert [file.name for file in look(root).files] == list(laid)

    def test_a_picture_that_is_not_there_is_named(self, root: Path) -> None:
        found = self.look_at(root, Said("pics/gone.jpg", "cat"))
        assert "names it, but it is not there" in reasons(found)["pics/gone.jpg"]
        assert len(found.files) == 2

    def test_a_picture_that_no_manifest_names_is_left_aside(self, root: Path) -> None:
        written(root, {"pics/more.jpg": picture("more")})
        found = self.look_at(root)
        assert reasons(found) == {"pics/more.jpg": "not named in the manifest"}

    @pytest.mark.parametrize(
        ("reference", "reason"),
        [
            ("../../etc/passwd", "leads out of the data set"),
            ("pics/../../secret.jpg", "leads out of the data set"),
            ("..\\secret.jpg", "leads out of the data set"),
            ("%2e%2e/secret.jpg", "leads out of the data set"),
            ("/etc/passwd", "absolute path"),
            ("C:\\Windows\\win.jpg", "absolute path"),
            ("file:///etc/passwd", "absolute path"),
            ("https://example.com/cat/1.jpg", "nothing is downloaded"),
            ("s3://bucket/cat/1.jpg", "nothing is downloaded"),
        ],
    )
    def test_nothing_outside_is_read(self, root: Path, reference: str, reason: str) -> None:
        written(root.parent, {"secret.jpg": picture("secret")})
        found = self.look_at(root, Said(reference, "cat"))
        assert reason in reasons(found)[reference]
        assert {file.read() for file in found.files} == {picture("good"), picture("fine")}

    def test_a_link_that_leads_out_is_left_aside_once(self, root: Path) -> None:
        written(root.parent, {"secret.jpg": picture("secret")})
        written(root, {"pics/good.jpg": picture("good")})
        (root / "pics/link.jpg").symlink_to(root.parent / "secret.jpg")
        found = self.look_at(root, Said("pics/link.jpg", "cat"))
        assert [each.name for each in found.skipped] == ["pics/link.jpg"]
        assert "leads out of the folder" in reasons(found)["pics/link.jpg"]

    def test_a_file_that_is_no_picture_is_left_aside_although_it_is_named(self, root: Path) -> None:
        written(root, {"pics/words.txt": "words"})
        assert "no picture" in reasons(self.look_at(root, Said("pics/words.txt", "cat")))["pics/words.txt"]

    def test_a_picture_of_two_classes_is_left_aside(self, root: Path) -> None:
        written(root, {"pics/two.jpg": picture("two")})
        found = self.look_at(root, Said("pics/two.jpg", "cat"), Said("pics/two.jpg", "dog"))
        assert "several classes" in reasons(found)["pics/two.jpg"]

    def test_a_picture_that_is_named_twice_alike_counts_once(self, root: Path) -> None:
        found = self.look_at(root, Said("pics/good.jpg", "cat"))
        assert len(found.files) == 2
        assert any("more than once" in note for note in found.notes)

    def test_a_picture_without_a_class_is_taken_without_one(self, root: Path) -> None:
        written(root, {"pics/what.jpg": picture("what")})
        found = self.look_at(root, Said("pics/what.jpg"))
        assert places(found)["pics/what.jpg"][0] is None
        assert sorted(found.labels) == ["cat", "dog"]

    def test_a_name_that_is_in_one_folder_only_is_found_there(self, root: Path) -> None:
        written(root, {"pics/sub/IMG_1.JPG": picture("one")})
        found = self.look_at(root, Said("img_1.jpg", "cat"))
        assert places(found)["pics/sub/IMG_1.JPG"][0] == "cat"

    def test_a_name_that_is_in_two_folders_is_nobodys(self, root: Path) -> None:
        written(root, {"pics/a/1.jpg": picture("a"), "pics/b/1.jpg": picture("b")})
        found = self.look_at(root, Said("1.jpg", "neither"))
        assert "several files" in reasons(found)["1.jpg"]

    def test_a_class_of_the_wrong_kind_is_the_end_of_that_picture_only(self, root: Path) -> None:
        for number, label in enumerate([*self.wrong_labels, "x" * 201]):
            folder = root / str(number)
            written(folder, {"pics/odd.jpg": picture("odd")})
            said = reasons(self.look_at(folder, Said("pics/odd.jpg", label)))
            assert "class" in said["pics/odd.jpg"], label

    def test_a_whole_number_is_a_class(self, root: Path) -> None:
        written(root, {"pics/one.jpg": picture("one")})
        assert places(self.look_at(root, Said("pics/one.jpg", 7)))["pics/one.jpg"][0] == "7"

    def test_a_manifest_that_was_cut_off_is_no_accident(self, root: Path) -> None:
        self.lay_out(root, self.shots())
        for name in self.own_files(root):
            data = (root / name).read_bytes()
            for end in range(0, len(data), max(1, len(data) // 40)):
                (root / name).write_bytes(data[:end])
                for form in (self.slug, None):
                    try:
                        look(root, format=form)
                    except DatasetError as exc:
                        assert str(exc).endswith("."), exc  # noqa: PT017 - it may, and it may not
            (root / name).write_bytes(data)

    def test_a_manifest_can_be_pointed_at(self, root: Path) -> None:
        laid = self.lay_out(root, self.shots())
        for name in self.own_files(root):
            found = look(root / name)
            assert found.format == self.slug
            assert {file.name for file in found.files} <= set(laid)
