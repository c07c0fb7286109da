-- Takes what was gathered out of the archive, in an order in which each row still finds what it is
-- chosen by. What each `delete` removes is copied before (archive.maintenance.withhold).
insert or ignore into withheld
    select :id, :id, :at union select id, :id, :at from gone_captures
    union select warraq_mark(url), :id, :at from gone_urls
    union select warraq_mark(warraq_key(url)), :id, :at from gone_urls where warraq_key(url) not null
    union select warraq_mark(title), :id, :at from revisions where article = :id and title not null;
insert or ignore into withheld_payloads select sha256, warc_file, warc_offset, warc_length
    from captures where id in (select id from gone_captures) and revisit = 0 and sha256 in (
        select sha256 from captures where revisit and id not in (select id from gone_captures))
    order by fetched_at, id;
delete from authors where id in (select author from article_authors where article = :id)
    and id not in (select author from article_authors where article != :id);
delete from tags where id in (select tag from article_tags where article = :id)
    and id not in (select tag from article_tags where article != :id);
delete from article_authors where article = :id;
delete from article_tags where article = :id;
delete from embeds where article = :id;
delete from images where article = :id;
delete from revisions where article = :id;
delete from withholdings where article = :id;
delete from renderings where capture in gone_captures;
delete from problems where url in gone_urls or capture in gone_captures
    or exists (select 1 from gone_urls where instr(detail, gone_urls.url));
delete from links where visit in gone_visits or listing in gone_visits;
delete from visits where id in gone_visits;
update visits set found_in = '' where found_in in gone_urls;
delete from search_hits where article = :id;
delete from incidents where example in gone_urls;
delete from shapes where 'https://' || shape in gone_urls;
delete from captures where id in gone_captures;
delete from articles where id = :id;
drop view temp.gone_visits;
drop table temp.gone_urls;
drop table temp.gone_captures;
drop table temp.gone_article;
insert into article_stems(article_stems) values ('optimize');
