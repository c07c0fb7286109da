"""The records are plain data: they travel between processes and compare by value."""

import dataclasses
import pickle

import pytest

from archive import models
from archive.models import Link, Problem, WarcLocation
from archive.problems import ProblemKind
from tests.archive.desk import NOON, exchange, reading, visit

TYPES = [kind for kind in vars(models).values() if dataclasses.is_dataclass(kind)]


@pytest.mark.parametrize("kind", TYPES)
def test_records_are_frozen_slotted_and_made_by_name(kind):
    parameters = kind.__dataclass_params__
    assert parameters.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))
    assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)


SAMPLES = [
    exchange(),
    reading(problems=(Problem(kind=ProblemKind.NO_TEXT, detail="nothing", stage="extract"),)),
    visit(hints=Link(url="https://alwaraq.example/1", title="عنوان"), due_at=NOON),
    WarcLocation(file="a.warc.gz", offset=0, length=1),
]


@pytest.mark.parametrize("record", SAMPLES)
def test_records_travel_between_processes(record):
    copy = pickle.loads(pickle.dumps(record))  # noqa: S301 - our own
    assert copy == record
    assert not hasattr(copy, "__dict__")
