"""warraq.toml says whom and when; what is wrong in it is named with its remedy."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crawler.config import Alerts, Collector, Config, Schedule, cron_trigger, load
from crawler.daterange import Hours
from crawler.errors import ConfigError
from tests.crawler import shell, wire


def write(root, text):
    (root / "warraq.toml").write_bytes(text if isinstance(text, bytes) else text.encode())


def every(**step):
    return Schedule(every=timedelta(**step))


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("", Config()),
        (b"\xef\xbb\xbf", Config()),
        ('follow = ["a", "b"]', Config(follow=("a", "b"))),
        ('contact = "https://x.example/bot"', Config(contact="https://x.example/bot")),
        ('contact = "me@x.example"', Config(contact="me@x.example")),
        ('every = "90s"', Config(every=timedelta(seconds=90))),
        ('every = "1s"', Config(every=timedelta(seconds=1))),
        ('every = "2h"', Config(every=timedelta(hours=2))),
        ('every = "366d"', Config(every=timedelta(days=366))),
        ('every = "15 m"', Config(every=timedelta(minutes=15))),
        ('cron = "*/10 6-23 * * *"', Config(cron="*/10 6-23 * * *")),
        ('hours = "22-06"', Config(hours=Hours.parse("22-06"))),
        ("max_mb_per_run = 0.5", Config(per_run=500_000)),
        ("max_mb_per_month = 20", Config(per_month=20_000_000)),
        ('[collector]\nname = " سلمى "', Config(collector=Collector(name="سلمى"))),
        ("workers = 1\nworker_mb = 300", Config(workers=1, worker_mb=300)),
        *(
            (f'proxy = "{url}"', Config(proxy=url))
            for url in (
                "http://proxy.example:3128",
                "socks5://127.0.0.1:9050",
                "socks5h://me:secret@[::1]:9050",
            )
        ),
        (
            '[alerts]\ncommand = "notify-send \'a b\'"\nquiet = "22-7"\ntimezone = "Asia/Beirut"',
            Config(
                alerts=Alerts(
                    command=("notify-send", "a b"),
                    quiet=Hours.parse("22-07"),
                    zone=ZoneInfo("Asia/Beirut"),
                )
            ),
        ),
        (
            '[alerts]\nto = ["me@x.example"]\nfrom = "it@x.example"\nsmtp = "smtps://x.example"',
            Config(
                alerts=Alerts(
                    mail=("me@x.example",), sender="it@x.example", smtp="smtps://x.example"
                )
            ),
        ),
        (
            '[[searches]]\nname = "مياه"\nquery = "أزمة المياه"',
            Config(searches={"مياه": "أزمة المياه"}),
        ),
        ('[publishers.a]\nevery = "1h"', Config(schedules={"a": every(hours=1)})),
        (
            'every = "1h"\n[publishers.a]\ncron = "0 6 * * 7"',
            Config(every=timedelta(hours=1), schedules={"a": Schedule(cron="0 6 * * 7")}),
        ),
    ],
)
def test_right_files(tmp_path, text, config):
    write(tmp_path, text)
    assert load(tmp_path) == config


def test_a_missing_file_is_an_empty_one(tmp_path):
    assert load(tmp_path) == Config()


def test_a_publisher_has_its_own_schedule_or_the_common_one(tmp_path):
    write(tmp_path, 'every = "1h"\n[publishers.a]\nevery = "5m"')
    config = load(tmp_path)
    assert config.schedule_of("a") == every(minutes=5)
    assert config.schedule_of("b") == every(hours=1)
    assert Config().schedule_of("b") == every(minutes=15)


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ('evry = "1h"', "`evry`", "`every`"),
        ('hours = "at night"', "`hours`", 'is not a span of hours; write "22-06"'),
        ("hours = 22", "`hours`", '"22-06"'),
        ("max_mb_per_run = 0", "`max_mb_per_run`", "write 500"),
        ('max_mb_per_run = "500"', "`max_mb_per_run`", "write 500"),
        ("max_mb_per_month = true", "`max_mb_per_month`", "write 500"),
        ("workers = 0", "`workers`", "write 2"),
        ("worker_mb = 100", "`worker_mb`", "megabytes from 300"),
        ("max_mb_per_month = inf", "`max_mb_per_month`", "write 500"),
        ('proxy = "127.0.0.1:9050"', "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ('proxy = "socks5h://127.0.0.1"', "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ('proxy = "ftp://x.example"', "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ('proxy = "http://x.example:99999"', "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ('proxy = "http://x.example/path"', "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ("proxy = 5", "`proxy`", '"socks5h://127.0.0.1:9050"'),
        ('every = "often"', "`every`", '"15m"'),
        ("every = 15", "`every`", '"15m"'),
        ('every = "0s"', "`every`", '"1s"'),
        ('every = "367d"', "`every`", '"366d"'),
        (f'every = "{"9" * 30}d"', "`every`", '"366d"'),
        ('every = "-5m"', "`every`", '"15m"'),
        ('every = "1h"\ncron = "* * * * *"', "top level", "one of"),
        ('cron = "every day"', "`cron`", "minute hour day month weekday"),
        ('cron = "61 * * * *"', "`cron`", "minute hour day month weekday"),
        ('cron = "* * * * 8"', "`cron`", "0 is Sunday"),
        ('cron = "* * * * 1/0"', "`cron`", "minute hour day month weekday"),
        ('cron = "* * * * sunday"', "`cron`", "0 is Sunday"),
        ('cron = "@daily"', "`cron`", "minute hour day month weekday"),
        ('cron = "* * * *"', "`cron`", "expected 5"),
        ("cron = 5", "`cron`", "minute hour day month weekday"),
        ('follow = "enabbaladi"', "`follow`", '["enabbaladi"]'),
        ("follow = [1]", "`follow`", 'write "enabbaladi"'),
        ('contact = "me"', "`contact`", "https://"),
        ('contact = "a@b\\r\\nX: y"', "`contact`", "https://"),
        ("contact = 5", "`contact`", "https://"),
        ('collector = "me"', "`collector`", "{ name ="),
        ("alerts = 3", "`alerts`", "[alerts]"),
        ("[alerts]\ncomand = 'x'", "`alerts.comand`", "`command`"),
        ("[alerts]\ncommand = ''", "`alerts.command`", "a program with its arguments"),
        ("[alerts]\ncommand = [1]", "`alerts.command`", "a program with its arguments"),
        ('[alerts]\ncommand = "\'"', "`alerts.command`", "a program with its arguments"),
        ("[alerts]\nwebhook = 'ftp://x.example'", "`alerts.webhook`", "https://"),
        ("[alerts]\nto = 'me@x.example'", "`alerts.to`", '["me@example.org"]'),
        ("[alerts]\nto = ['me']", "`alerts.to`", '"me@example.org"'),
        ("[alerts]\nsmtp = 'mail.example'", "`alerts.smtp`", "smtps://"),
        ("[alerts]\ntimezone = 'Beirut'", "`alerts.timezone`", "IANA"),
        ("[[searches]]\nname = 'x'", "`searches`", "a query ="),
        ("[[searches]]\nname = 'x'\nquery = 5", "`searches[1].query`", "a text"),
        ("[[searches]]\nname = 'x'\nquery = 'y'\n" * 2, "`searches`", "two have one name"),
        ("[collector]\nname = 5", "`collector.name`", "a text"),
        ("[collector]\nnam = 'x'", "`collector.nam`", "`name`"),
        ("publishers = 5", "`publishers`", "[publishers.enabbaladi]"),
        ("[publishers]\na = 5", "`publishers`", "[publishers.enabbaladi]"),
        ("[publishers.a]", "`publishers.a`", "one of"),
        ('[publishers.a]\nevry = "1h"', "`publishers.a.evry`", "`every`"),
        ('[publishers.a]\nevery = "x"', "`publishers.a.every`", '"15m"'),
        ("[publishers.a]\ncron = 'x'", "`publishers.a.cron`", "0 is Sunday"),
        ("follow = [", "TOML", "Invalid value"),
        ("follow = ['صحيفة']".encode("cp1256"), "TOML", "decode"),
    ],
)
def test_wrong_files_name_file_key_and_remedy(tmp_path, text, key, remedy):
    write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load(tmp_path)
    message = str(raised.value)
    assert message.startswith(str(tmp_path / "warraq.toml"))
    assert key in message
    assert remedy in message


# 2026-11-23 is a Monday.
@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("0 6 * * *", [23, 24, 25, 26, 27, 28, 29]),
        ("0 6 * * 0", [29]),
        ("0 6 * * 7", [29]),
        ("0 6 * * 1-5", [23, 24, 25, 26, 27]),
        ("0 6 * * 5-7", [27, 28, 29]),
        ("0 6 * * */3", [25, 28, 29]),
        ("0 6 * * 1,fri", [23, 27]),
        ("0 6 * * sat-mon", [23, 28, 29]),
        ("0 6 * * MON-FRI/2", [23, 25, 27]),
        ("0 6 24 * *", [24]),
    ],
)
def test_cron_counts_weekdays_from_sunday(expression, days):
    trigger = cron_trigger(expression)
    moment, fired = datetime(2026, 11, 23, tzinfo=UTC), []
    while moment and moment < datetime(2026, 11, 30, tzinfo=UTC):
        moment = trigger.get_next_fire_time(None, moment)
        if moment and moment < datetime(2026, 11, 30, tzinfo=UTC):
            assert (moment.hour, moment.minute) == (6, 0)
            fired.append(moment.day)
            moment += timedelta(minutes=1)
    assert fired == days


NUMBERS = range(1, 41)


def many(archive, site):
    """A newspaper with forty articles of some 60 kB."""
    feed = wire.feed(*(f"{site.url}/news/{number}" for number in NUMBERS))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for number in NUMBERS:
        page = wire.article(f"خبر {number}", paragraphs=150)
        site.answers[f"/news/{number}"] = (0.05, wire.http(page))


def received(archive):
    return archive.rows("select sum(wire_bytes) from captures")[0][0]


async def test_a_run_ends_at_its_cap_and_the_next_goes_on(archive, site):
    many(archive, site)
    summary = await archive.crawl(config=Config(per_run=400_000))
    assert 400_000 <= received(archive) < 2_400_000
    assert "`max_mb_per_run` is 0.4" in summary.notes[0]
    assert summary.left > 0
    before = received(archive)
    await archive.crawl(config=Config(per_run=400_000))
    assert received(archive) >= before + 400_000


@pytest.mark.slow
async def test_a_month_ends_at_its_cap_and_the_next_goes_on(archive, site):
    many(archive, site)
    config = Config(per_month=400_000)
    await archive.crawl(config=config)
    before = received(archive)
    site.asked.clear()
    summary = await archive.crawl(config=config)
    assert site.asked == []
    assert "`max_mb_per_month` is 0.4" in summary.notes[0]
    archive.now = datetime(2026, 12, 1, tzinfo=UTC)
    await archive.crawl(config=config)
    assert received(archive) >= before + 400_000


def test_the_command_says_so_and_ends_well(archive, site):
    many(archive, site)
    (archive.root / "warraq.toml").write_text("max_mb_per_run = 0.4", "utf-8")
    code, output = shell.run("crawl", "paper", "--archive", archive.root)
    assert code == 0
    assert "by this command, and `max_mb_per_run` is 0.4: nothing more is fetched" in output
    assert "still due" in output


@pytest.mark.parametrize(
    "value",
    [
        '"ftp://me:geheim@x.example"',
        '"http://me:geheim@x.example:port"',
        '"http://me:geheim@[x:80"',
        '["http://me:geheim@x.example:80"]',
    ],
)
def test_a_bad_proxy_shows_no_password(tmp_path, value):
    write(tmp_path, f"proxy = {value}")
    with pytest.raises(ConfigError, match="`proxy`") as raised:
        load(tmp_path)
    assert "geheim" not in str(raised.value)
