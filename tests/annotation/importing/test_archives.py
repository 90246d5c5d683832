from __future__ import annotations

import io
import stat
import zipfile

import pytest

from annotation.importing.pictures import Picture
from annotation.importing.records import FileFault, Limits, Record, Refused
from tests.annotation.importing.helpers import rows_of
from tests.annotation.importing.test_pictures import image


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def only(rows: list[Record]) -> Refused:
    (row,) = rows
    assert isinstance(row, Refused)
    return row


def test_each_image_is_a_row() -> None:
    found = rows_of(packed(("cats/1.png", image()), ("2.jpg", image("JPEG"))), "zip")

    pictures = [row["image"] for row in found if isinstance(row, dict)]
    assert [(type(one), one.name, one.content_type) for one in pictures] == [
        (Picture, "cats/1.png", "image/png"),
        (Picture, "2.jpg", "image/jpeg"),
    ]


def test_what_file_managers_leave_is_no_row() -> None:
    data = packed(
        ("__MACOSX/._1.png", b"x"),
        ("a/", b""),
        ("a/.DS_Store", b"x"),
        ("a/Thumbs.db", b"x"),
        ("a/1.png", image()),
    )

    assert len(rows_of(data, "zip")) == 1


@pytest.mark.parametrize(
    "name", ["../1.png", "a/../../1.png", "/etc/1.png", "..\\1.png", "C:\\1.png", "C:/1.png", "a/.."]
)
def test_paths_that_lead_out_are_refused(name: str) -> None:
    assert "leads out" in only(rows_of(packed((name, image())), "zip")).message


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "is a link" in only(rows_of(packed((link, b"/etc/passwd")), "zip")).message


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.zip", packed(("1.png", image())), "archive inside"),
        ("1.svg", b"<svg/>", "SVG"),
        ("1.png", b"text", "Not an image"),
        ("x" * 250 + ".png", image(), "longer than 200"),
        ("a\x01.png", image(), "unprintable"),
    ],
)
def test_entries_that_are_no_images_are_refused_one_by_one(name: str, data: bytes, why: str) -> None:
    good, refused = rows_of(packed(("good.png", image()), (name, data)), "zip")

    assert isinstance(good, dict)
    assert isinstance(refused, Refused)
    assert why in refused.message
    assert refused.field == "image"


def test_an_entry_that_lies_about_its_size_is_read_no_further_than_the_limit() -> None:
    data = bytearray(packed(("1.png", b"\0" * 5_000_000), compression=zipfile.ZIP_DEFLATED))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = data.rfind(signature) + offset
        data[place : place + 4] = (100).to_bytes(4, "little")

    refused = only(rows_of(bytes(data), "zip", limits=Limits(picture_bytes=1_000_000)))

    assert "cannot be unpacked" in refused.message or "Not an image" in refused.message


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = packed(*[(f"{n}.png", b"\0" * 20_000_000) for n in range(10)], compression=zipfile.ZIP_DEFLATED)

    with pytest.raises(FileFault, match="times its size"):
        rows_of(bomb, "zip")


def test_too_many_files_and_too_much_data() -> None:
    data = packed(*[(f"{n}.png", image()) for n in range(5)])

    with pytest.raises(FileFault, match="holds 5 files; at most 4"):
        rows_of(data, "zip", limits=Limits(archive_files=4))
    with pytest.raises(FileFault, match="that is too much"):
        rows_of(data, "zip", limits=Limits(archive_bytes=10))


def test_a_table_of_contents_that_would_fill_the_memory() -> None:
    data = bytearray(packed(("1.png", image())))
    place = data.rfind(b"PK\5\6") + 12
    data[place : place + 4] = (2**31).to_bytes(4, "little")

    with pytest.raises(FileFault, match="too many files"):
        rows_of(bytes(data), "zip")


@pytest.mark.parametrize("keep", [30, 200, -5])
def test_a_zip_that_is_cut_off(keep: int) -> None:
    with pytest.raises(FileFault, match=r"cut off|damaged"):
        rows_of(packed(*[(f"{n}.png", image(size=(50, 50))) for n in range(5)])[:keep], "zip")


def test_an_empty_zip() -> None:
    with pytest.raises(FileFault, match="no files"):
        rows_of(packed(), "zip")
