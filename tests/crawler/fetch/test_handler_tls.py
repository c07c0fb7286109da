"""Certificates are verified and recorded; a publisher's file may say that they are not."""

import hashlib
import ssl

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.fetch.handler import registered
from tests.crawler import certificates, shell, wire
from tests.crawler.conftest import Archive


def archive_of(folder, site, **keys):
    """Return an archive that follows a site with a feed of two articles."""
    site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
    links = [f"{site.url}/news/{number}" for number in (1, 2)]
    site.answers["/feed"] = (wire.http(wire.feed(*links), media="application/rss+xml"),)
    for number in (1, 2):
        site.answers[f"/news/{number}"] = (wire.http(wire.article(f"خبر رقم {number}")),)
    made = Archive(folder / "archive", site)
    made.follow(feeds=[site.url + "/feed"], **keys)
    return made


def responses(archive):
    """Return the named fields of the WARC records of answers."""
    for path in sorted((archive.root / "warc").rglob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "response":
                    yield record.rec_headers


async def test_a_valid_certificate_is_recorded(tmp_path, monkeypatch):
    tls = certificates.context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "site.pem"))
    with wire.serving(tls) as site:
        archive = archive_of(tmp_path, site)
        await archive.crawl()
    assert archive.problems() == []
    assert archive.rows("select count(*), sum(unverified) from captures") == [(4, 0)]
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "site.pem").read_text())
    for fields in responses(archive):
        assert fields.get_header("WARC-Protocol") == "tls/1.3"
        assert fields.get_header("WARC-Cipher-Suite").startswith("TLS_")
        expected = f"sha256:{hashlib.sha256(der).hexdigest()}"
        assert fields.get_header("Warraq-TLS-Certificate") == expected
        assert fields.get_header("Warraq-TLS-Verified") is None


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [("127.0.0.1", False, "self-signed"), ("other.example", True, "not valid for '127.0.0.1'")],
)
async def test_another_certificate_gives_no_article_and_one_problem(
    tmp_path, monkeypatch, host, trusted, why
):
    tls = certificates.context(tmp_path, host=host)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "site.pem"))
    with wire.serving(tls) as site:
        archive = archive_of(tmp_path, site)
        summary = await archive.crawl()
        assert site.asked == []
    assert archive.problems() == [("network-tls", "/feed")]
    ((detail,),) = archive.rows("select detail from problems")
    assert why in detail
    assert archive.rows("select count(*) from captures") == [(0,)]
    assert summary.seconds < 8


@pytest.mark.slow
async def test_where_a_publisher_accepts_it_every_capture_says_so(tmp_path):
    with wire.serving(certificates.context(tmp_path, host="other.example")) as site:
        archive = archive_of(tmp_path, site, verify_tls=False)
        await archive.crawl()
        assert archive.problems() == [("tls-unverified", "")]
        unverified = "select count(*), sum(unverified) from captures"
        assert archive.rows(unverified) == [(4, 4)]
        for fields in responses(archive):
            assert fields.get_header("Warraq-TLS-Verified") == "no"
        for hours, problems in ((2, 1), (24, 2)):
            archive.forward(hours=hours)
            await archive.crawl()
            assert len(archive.problems()) == problems
    before = archive.rows(unverified)
    assert shell.run("rebuild", "--from-warc", "--archive", archive.root)[0] == 0
    assert archive.rows(unverified) == before
    assert len(archive.problems()) == 2


@pytest.mark.parametrize(
    ("ours", "iana"),
    [
        ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    ],
)
def test_a_cipher_has_the_registered_name(ours, iana):
    assert registered(ours) == iana
