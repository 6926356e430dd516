"""A manifest is always the same bytes, because a version is named by them."""

from __future__ import annotations

from fenlei.datasets.version_content import VersionEntry, content_of, read_manifest, write_manifest

LINES = """\
{"format":"fenlei-dataset/1","labels":["猫","dog \\"x\\""],\
"columns":["name","sha256","label","split","group","width","height","bytes"],"pictures":3}
["Z.png","bb",null,null,null,1,2,3]
["a\\nb.png","aa",1,"train","box 1",40,30,1234]
["é.png","cc",0,"test",null,40,30,5000000000]
"""

ENTRIES = [
    VersionEntry("é.png", "cc", 0, "test", None, 40, 30, 5_000_000_000),
    VersionEntry("a\nb.png", "aa", 1, "train", "box 1", 40, 30, 1234),
    VersionEntry("Z.png", "bb", None, None, None, 1, 2, 3),
]


def test_versions_made_long_ago_keep_their_names() -> None:
    written = write_manifest(content_of(["猫", 'dog "x"'], ENTRIES))
    assert written.decode() == LINES


def test_order_of_arrival_is_forgotten_and_order_of_labels_is_not() -> None:
    forth, back = content_of(["a", "b"], ENTRIES), content_of(["a", "b"], ENTRIES[::-1])
    assert write_manifest(forth) == write_manifest(back)
    assert write_manifest(content_of(["b", "a"], ENTRIES)) != write_manifest(forth)


def test_what_is_written_is_what_is_read() -> None:
    content = content_of(["猫", 'dog "x"'], ENTRIES)
    assert read_manifest(write_manifest(content)) == content
    assert read_manifest(write_manifest(content_of([], []))) == content_of([], [])
