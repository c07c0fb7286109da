-- What belongs to the article :id, or to what is known of it by its :key alone. Captures are found by
-- address (follow_withheld.sql), and by their bytes: the same page elsewhere is its text again.
create temp table gone_article as select :id as id;
create temp table gone_urls (url text primary key);
insert or ignore into gone_urls
    select url from articles where id = :id union select key from articles where id = :id
    union select key from visits where article = :id
    union select url from visits where article = :id union select :key where :key != '';
create temp table gone_captures (id integer primary key);
insert or ignore into gone_captures
    select capture from revisions where article = :id and capture is not null
    union select capture from articles where id = :id and capture is not null
    union select id from captures where article = :id;
insert or ignore into gone_captures select id from captures
    where article is null and kind = 'article' and wire_bytes > 0 and sha256 in (
        select sha256 from captures join gone_captures using (id)
        where status between 200 and 299 and outcome in ('new', 'changed', 'same', 'unchanged'));
-- Images that no other article shows.
create temp table gone_images as select key from visits where kind = 'image' and key in (
    select warraq_key(url) from images where article = :id
    union select warraq_key(image_url) from articles where id = :id);
delete from gone_images where key in (
    select warraq_key(url) from images where article != :id
    union select warraq_key(image_url) from articles where id != :id and image_url is not null);
insert or ignore into gone_urls select key from gone_images;
insert or ignore into gone_urls select url from captures where article is null
    and kind = 'resource' and url in (
        select url from images where article = :id union select image_url from articles where id = :id)
    and not exists (select 1 from images i where i.article != :id and i.url = captures.url);
insert or ignore into gone_urls
    select url from visits where kind = 'image' and key in (select key from gone_images);
drop table temp.gone_images;
create temp view gone_visits as select v.id from visits v join gone_article a
    where (v.article is null or v.article = a.id) and (v.article = a.id
        or key in (select url from gone_urls) or url in (select url from gone_urls));
