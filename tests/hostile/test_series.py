"""Hosts that attack: their good articles are archived, the harm is bounded; small sizes.

The series in full size is `python -m tests.hostile`.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.hostile.__main__ import main
from tests.hostile.attack import Attack
from tests.hostile.host import GOOD
from tests.hostile.pages import page
from tests.hostile.series import ATTACKS, run

SMALL = [name for name, attack in ATTACKS.items() if attack.small]
PATIENCE = 6.0  # seconds of a download or page
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What came of each attack; two at a time, since they wait a lot."""
    folder = tmp_path_factory.mktemp("hostile")
    with ThreadPoolExecutor(2) as pool:
        return {
            attack.name: pool.submit(
                run, attack, folder / attack.name, size=attack.small, patience=PATIENCE
            )
            for attack in (ATTACKS[name] for name in SMALL)
        }


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("name", SMALL)
def test_an_attack_does_no_harm(reports, name):
    report = reports[name].result()
    assert report.wrong == ()
    assert report.good == GOOD


@pytest.mark.slow
@needs_proc
def test_what_an_attack_does_is_noticed(tmp_path):
    attack = Attack(
        name="too-much",
        routes={"/x": page("x"), "/news/3": page("another page")},
        listed=("/x",),
        problems={"/x": "too-large"},
        cpu=1.5,  # it is killed at three times that
        requests=3,
        database_mb=0.001,
        warc_mb=0.001,
    )
    report = run(attack, tmp_path / "archive")
    found = "\n".join(report.wrong)
    for part in (
        "4 of 5 good",
        "cpu is",
        "requests is",
        "database_mb is",
        "warc_mb is",
        "/x is no",
    ):
        assert part in found


def test_the_command_names_its_attacks():
    done = CliRunner().invoke(main, ["nothing"])
    assert done.exit_code == 2
    assert f"there are {', '.join(ATTACKS)}" in done.output
