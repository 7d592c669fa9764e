"""Encodings are those with which Python wrote the bytes."""

# ruff: noqa: RUF001 (letters of other scripts)

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leyden.tokenization.encoding import NotText, decode, known_encoding, why_not_text

GERMAN = "Über schöne Straßen ging das Mädchen heute größer und früher als sonst. "
TEXTS = {
    "cp1252": GERMAN + "“Ja” – 5 €",
    "cp1250": "Zażółć gęślą jaźń, powiedział łagodny człowiek ze wsi. ",
    "shift_jis": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "euc_jp": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "euc_kr": "동해물과 백두산이 마르고 닳도록 하느님이 보우하사 우리나라 만세",
    "cp1251": "Все счастливые семьи похожи друг на друга. ",
    "koi8_r": "Все счастливые семьи похожи друг на друга. ",
    "gb18030": "床前明月光，疑是地上霜。举头望明月，低头思故乡。",
    "utf-16-le": GERMAN,
    "utf-16-be": GERMAN,
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_that_fits_is_named(encoding):
    data = (TEXTS[encoding] * 9).encode(encoding)
    with pytest.raises(NotText) as raised:
        decode(data, None, "a.txt")
    assert raised.value.fits == encoding
    assert decode(data, encoding, "a.txt")[0] == TEXTS[encoding] * 9


def test_bytes_that_are_not_utf_8_are_counted_and_placed():
    data = GERMAN.encode("cp1252")
    bad = sum(byte > 127 for byte in data)
    with pytest.raises(NotText) as raised:
        decode(data, None, "a.txt")
    message = str(raised.value)
    assert f"{bad} of its bytes ({100 * bad / len(data):.2g} %)" in message
    assert "the first is 0xdc at offset 0" in message
    assert "`Über schön" in message


def test_a_slip_in_a_text_of_utf_8_is_no_other_encoding():
    data = GERMAN.encode() + b"\xff" + GERMAN.encode()
    with pytest.raises(NotText, match=f"0xff at offset {len(GERMAN.encode())}") as raised:
        decode(data, None, "a.txt")
    assert raised.value.fits is None


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=40),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_mark_says_the_encoding_and_is_no_part_of_the_text(text, encoding):
    data = text.encode(encoding)
    found, known = decode(data, None, "a.txt")
    assert found == text
    assert known.mark + known.size(text) == len(data)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
    st.integers(0, 40),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_nul_is_refused_with_its_offset(text, place, encoding):
    place = min(place, len(text))
    assume(place > 0 or encoding != "utf-16")  # a NUL after that mark makes it the one of UTF-32
    data = (text[:place] + "\0" + text[place:]).encode(encoding)
    with pytest.raises(NotText, match="NUL") as raised:
        decode(data, None, "a.txt")
    offset = len(text[:place].encode(encoding))
    assert f"at offset {offset:,}" in str(raised.value)


@pytest.mark.parametrize("wanted", ["cp1252", "utf-16", "utf-32-le"])
def test_another_encoding_than_that_of_the_mark_is_refused(wanted):
    with pytest.raises(NotText, match="byte-order mark of utf-8"):
        decode("\ufeffa".encode(), wanted, "a.txt")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("utf9", "did you mean"), ("cp125", "did you mean"), ("base64", "no such"), ("hz", "UTF-8")],
)
def test_an_encoding_that_there_is_not_is_refused_with_a_hint(name, hint):
    with pytest.raises(NotText, match=hint):
        known_encoding(name)


@pytest.mark.parametrize("name", ["UTF8", "Latin-1", "windows-1252", "utf_16", "GBK", "ascii"])
def test_encodings_are_known_by_all_their_names(name):
    assert "a".encode(known_encoding(name))


@pytest.mark.parametrize("data", [b"", b"a", "\ufeffa".encode("utf-16"), "ab".encode("utf-16-le")])
def test_what_may_be_text_is_not_said_to_be_something_else(data):
    assert why_not_text(data, None) is None
