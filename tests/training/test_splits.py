"""Splits and folds by woman."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.training.datasets import Row, Table
from mammo_core.training.splits import folds, split

CLASSES = ("normal", "benign", "malignant")
ROW = st.tuples(st.integers(0, 40), st.sampled_from(("a", "b", "c")), st.sampled_from((*CLASSES, "not_malignant")))
TABLES = st.lists(ROW, min_size=1, max_size=120).map(lambda rows: table(rows))


def table(rows):
    return Table(
        tuple(
            Row(Path(f"{k}.png"), f"{k}.png", name, f"w{woman}", label) for k, (woman, name, label) in enumerate(rows)
        )
    )


def worst(found):
    """The rank of the worst class of every woman who has one."""
    ranks = {}
    for row in found.rows:
        if row.label in CLASSES:
            ranks[row.patient_id] = max(ranks.get(row.patient_id, 0), CLASSES.index(row.label))
    return ranks


@given(TABLES, st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_a_split_has_every_woman_once_and_every_class_on_both_sides_where_it_can(found, share, seed):
    ranks = worst(found)
    if len(ranks) < 2:
        with pytest.raises(ValueError, match=r"(woman has|women have) a class"):
            split(found, CLASSES, share, np.random.default_rng(seed))
        return
    parts = split(found, CLASSES, share, np.random.default_rng(seed))
    assert set(parts) == set(ranks)
    assert set(parts.values()) == {"train", "test"}
    for rank, women in Counter(ranks.values()).items():
        held_out = sum(parts[woman] == "test" for woman in ranks if ranks[woman] == rank)
        assert women < 2 or 0 < held_out < women
        assert abs(held_out - share * women) <= 1


@given(TABLES, st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_folds_have_every_woman_once_and_every_class_in_each_where_it_can(found, k, seed):
    ranks = worst(found)
    if len(ranks) < k:
        with pytest.raises(ValueError, match=r"(woman has|women have) a class"):
            folds(found, CLASSES, k, np.random.default_rng(seed))
        return
    numbers = folds(found, CLASSES, k, np.random.default_rng(seed))
    assert set(numbers) == set(ranks)
    assert set(numbers.values()) <= set(range(k))
    for rank, women in Counter(ranks.values()).items():
        reached = {numbers[woman] for woman in ranks if ranks[woman] == rank}
        assert women < k or reached == set(range(k))


@given(TABLES, st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_the_same_generator_gives_the_same_parts_however_the_rows_lie(found, seed, shuffler):
    if len(worst(found)) < 3:
        return
    rows = list(found.rows)
    shuffler.shuffle(rows)
    for deal, number in ((split, 0.3), (folds, 3)):
        one, other = (deal(each, CLASSES, number, np.random.default_rng(seed)) for each in (found, Table(tuple(rows))))
        assert one == other


def test_another_generator_gives_other_parts():
    found = table([(woman, "a", CLASSES[woman % 3]) for woman in range(40)])
    assert split(found, CLASSES, 0.3, np.random.default_rng(0)) != split(found, CLASSES, 0.3, np.random.default_rng(1))
    assert folds(found, CLASSES, 3, np.random.default_rng(0)) != folds(found, CLASSES, 3, np.random.default_rng(1))


def test_every_part_has_its_share_of_every_class_of_every_set():
    shuffler = random.Random(0)
    women = [(woman, shuffler.choice("aab"), shuffler.choice(CLASSES)) for woman in range(400)]
    found = table([each for each in women for _ in range(shuffler.randint(1, 4))])
    held_out = split(found, CLASSES, 0.25, np.random.default_rng(0))
    numbers = folds(found, CLASSES, 5, np.random.default_rng(0))
    for stratum in {(name, label) for _, name, label in women}:
        names = [f"w{woman}" for woman, *about in women if tuple(about) == stratum]
        assert abs(sum(held_out[name] == "test" for name in names) - len(names) / 4) <= 2
        pictures = Counter(numbers[row.patient_id] for row in found.rows if (row.dataset, row.label) == stratum)
        assert max(pictures.values()) - min(pictures.values()) <= 4


def test_a_woman_counts_as_her_worst_picture():
    found = table([(woman, "a", label) for woman in range(10) for label in ("normal", "malignant")])
    parts = split(found, CLASSES, 0.5, np.random.default_rng(0))
    assert sorted(Counter(parts.values()).values()) == [5, 5]


def test_the_part_may_have_another_name():
    found = table([(woman, "a", "benign") for woman in range(10)])
    assert "validation" in split(found, CLASSES, 0.2, np.random.default_rng(0), held_out="validation").values()


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5])
def test_a_share_that_leaves_nobody_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        split(table([(0, "a", "benign"), (1, "a", "benign")]), CLASSES, share, np.random.default_rng(0))


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="folds"):
        folds(table([(0, "a", "benign"), (1, "a", "benign")]), CLASSES, 1, np.random.default_rng(0))
