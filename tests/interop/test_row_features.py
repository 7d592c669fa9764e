"""The card of a table's model, followed by hand from a row to the answer."""

import io
import json
import re

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from leyden.data.tables.encoders import CategoryEncoder, NumberEncoder, Scaling, TimeEncoder
from leyden.interop.row_features import described

CYCLE = {
    "24": lambda at: at.hour + at.minute / 60 + at.second / 3600,
    "7": lambda at: at.day_of_week,
    "365.25": lambda at: at.day_of_year,
}


def sold(count=80):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"size": random.normal(50, 9, count).round(2)})
    frame.loc[random.random(count) < 0.2, "size"] = np.nan
    frame["town"] = random.choice(["Bonn", "Köln | Deutz", ""], count)
    days = pd.to_timedelta(random.integers(0, 900 * 86_400, count), unit="s")
    frame["built"] = (pd.Timestamp("2020-01-01") + days).astype(str)
    frame["price"] = (3 * frame["size"].fillna(50) + random.normal(size=count)).round(3)
    return frame


def scaled(value, words):
    mean, std, filling = re.fullmatch(
        r"\(.* - (\S+)\) / (\S+); where it is missing, take (\S+)", words
    ).groups()
    return ((float(filling) if pd.isna(value) else value) - float(mean)) / float(std)


def inputs_by_hand(card, row):
    """The inputs of a row, by the words of the card alone."""
    lines = re.findall(r'^\| [\d to]+ \| ("[^"]*") \| (.*) \|$', card, re.MULTILINE)
    found = []
    for quoted, words in lines:
        cell = row[json.loads(quoted)]
        first, *others = words.split(". Then ")
        if "the values in their order" in words:
            listed = words.partition("the values in their order: ")[2].removesuffix(".")
            values = [
                "" if text == "a missing cell" else json.loads(text.replace("\\|", "|"))
                for text in listed.split(", ")
            ]
            found += [float(value == cell) for value in values]
            continue
        is_time = "the seconds since 1970-01-01 00:00" in first
        at = pd.Timestamp(cell) if is_time else None
        found.append(scaled(at.timestamp() if is_time else cell, first))
        for other in others:
            if other.startswith("sine"):
                length = re.search(r"/ ([\d.]+)(;|$)", other)[1]
                angle = 2 * np.pi * CYCLE[length](at) / float(length)
                found += [np.sin(angle), np.cos(angle)]
            else:
                assert other == "1 where it is missing, otherwise 0"
                found.append(float(pd.isna(cell)))
    return found


def test_a_row_that_follows_the_card_has_the_answer_of_the_run(leyden, tmp_path):
    frame = sold()
    frame.to_csv(tmp_path / "sold.csv", index=False)
    words = ("data=csv", "data.path=sold.csv", "data.target=price", "model=mlp", "model.width=8")
    more = ("data.missing_indicator=true", "trainer.max_steps=3", "trainer.max_epochs=null")
    done = leyden("train", *words, *more, "logger=null", "baselines=null", "run_dir=run")
    assert done.status == 0, done.err
    exported = leyden("export", "run", "--format", "onnx", "--output", "out")
    assert exported.status == 0, exported.err
    card = (tmp_path / "out" / "README.md").read_text()
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    inputs = np.array([inputs_by_hand(card, row) for _, row in frame.iterrows()], np.float32)
    (found,) = session.run(None, {"inputs": inputs})
    told = pd.read_csv(io.StringIO(leyden("predict", "run", "sold.csv").out))["prediction"]
    np.testing.assert_allclose(found[:, 0], told, rtol=1e-4)


PLAIN = Scaling(filling=None, mean=1.5, std=2.0, has_indicator=False)


@pytest.mark.parametrize(
    ("encoder", "count", "words"),
    [
        (
            NumberEncoder(name="x", scaling=PLAIN, unit="kg"),
            1,
            '(the number without its unit "kg" - 1.5) / 2.0; it must not be missing',
        ),
        (
            TimeEncoder(name="x", scaling=PLAIN, circles=()),
            1,
            "(the time in seconds - 1.5) / 2.0; it must not be missing",
        ),
        (
            CategoryEncoder(name="x", known=("1", "2"), are_numbers=True),
            2,
            '1 in the place of its value, otherwise 0; the values in their order: "1", "2". Numbers'
            " of one value are one, such as 5 and 5.0.",
        ),
    ],
)
def test_what_is_to_be_computed_is_said_for_each_kind_of_column(encoder, count, words):
    assert described(encoder) == (count, words)
