-- What belongs to withheld articles, by table. Captures are found by address, and by their bytes: an
-- unchanged page, or the same one at another address, is the withheld text again. Rows of other
-- articles that point to one stay.
create temp table gone_articles as select id, url, publisher from articles
    where withheld_at is not null;
create temp table gone_urls (url text primary key);
insert or ignore into gone_urls select url from gone_articles;
insert or ignore into gone_urls select key from articles
    where id in (select id from gone_articles);
insert or ignore into gone_urls select key from visits
    where article in (select id from gone_articles);
insert or ignore into gone_urls select url from visits
    where article in (select id from gone_articles);
create temp table gone_captures (id integer primary key);
insert or ignore into gone_captures select capture from revisions
    where article in (select id from gone_articles) and capture is not null;
insert or ignore into gone_captures select capture from articles
    where id in (select id from gone_articles) and capture is not null;
insert or ignore into gone_captures select id from captures
    where article in (select id from gone_articles);
insert or ignore into gone_urls select url from captures join gone_captures using (id);
insert or ignore into gone_captures select id from captures where wire_bytes > 0 and sha256 in (
    select sha256 from captures join gone_captures using (id) where status between 200 and 299);
