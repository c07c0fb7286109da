"""What the tests of discovery put on their site: listings of every kind, and the articles."""

import gzip
import json

from tests.crawler import wire

NEW = "2026-11-22T09:00:00Z"
OLD = "2026-10-01T09:00:00Z"
API = "/wp-json/wp/v2/posts?per_page=100&_fields=id,link,title,date,date_gmt,modified_gmt"


def articles(site, *paths, dated=""):
    for path in paths:
        page = wire.article(f"خبر {path}").replace(b"<h1>", f"{dated}<h1>".encode())
        site.answers[path] = (wire.http(page, 'ETag: "1"'),)


def feed(site, path, *entries):
    items = "".join(
        f"<item><title>خبر</title><link>{site.url}{link}</link><pubDate>{day}</pubDate></item>"
        for link, day in entries
    )
    body = f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    site.answers[path] = (wire.http(body.encode(), media="application/rss+xml"),)


def sitemap(site, path, *entries, pack=False):
    rows = "".join(
        f"<url><loc>{site.url}{link}</loc><lastmod>{day}</lastmod></url>" for link, day in entries
    )
    body = f"<urlset>{rows}</urlset>".encode()
    site.answers[path] = (
        wire.http(gzip.compress(body, mtime=0) if pack else body, media="text/xml"),
    )


def index(site, path, *children):
    rows = "".join(
        f"<sitemap><loc>{site.url}{child}</loc><lastmod>{day or ''}</lastmod></sitemap>"
        for child, day in children
    )
    body = f"<sitemapindex>{rows}</sitemapindex>".encode()
    site.answers[path] = (wire.http(body, media="text/xml"),)


def section(site, path, *links, more=""):
    rows = "".join(f"<p><a href='{link}'>خبر {link}</a></p>" for link in links)
    site.answers[path] = (wire.http(f"<html><body>{rows}{more}</body></html>".encode()),)


def posts(site, path, *entries, pages=1):
    rows = [
        {"link": site.url + link, "title": {"rendered": f"خبر {link}"}, "date_gmt": day[:19]}
        for link, day in entries
    ]
    site.answers[path] = (
        wire.http(json.dumps(rows).encode(), f"X-WP-TotalPages: {pages}", media="application/json"),
    )


def kept(archive, site):
    return [
        url.removeprefix(site.url)
        for (url,) in archive.rows("select url from articles order by url")
    ]
