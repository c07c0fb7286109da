-- Takes what gather_withheld.sql collected out of a copy of the archive.
update articles set capture = null where capture in (select id from gone_captures);
update revisions set capture = null where capture in (select id from gone_captures);
delete from problems where url in (select url from gone_urls)
    or capture in (select id from gone_captures);
create temp table gone_visits as select id from visits where article in (select id from gone_articles)
    or key in (select url from gone_urls) or url in (select url from gone_urls);
delete from links where visit in (select id from gone_visits)
    or listing in (select id from gone_visits);
delete from visits where id in (select id from gone_visits);
update visits set last_capture = null where last_capture in (select id from gone_captures);
update visits set found_in = null where found_in in (select url from gone_urls);
delete from hosts;
delete from shapes;
delete from new_addresses;
delete from article_authors where article in (select id from gone_articles);
delete from article_tags where article in (select id from gone_articles);
delete from authors where id not in (select author from article_authors);
delete from tags where id not in (select tag from article_tags);
delete from story_queue;
delete from story_sketches where article in (select id from gone_articles);
delete from revisions where article in (select id from gone_articles);
delete from withholdings;
delete from articles where id in (select id from gone_articles);
delete from captures where id in (select id from gone_captures);
-- The robots.txt of hosts of which nothing else was kept.
create temp table gone_robots as select id from captures where kind = 'robots'
    and host_of(url) in (select host_of(url) from gone_urls)
    and host_of(url) not in (select host_of(url) from captures where kind != 'robots');
update problems set capture = null where capture in (select id from gone_robots);
delete from captures where id in (select id from gone_robots);
-- A story has the number of its first article; where that is gone, that of the next. A story
-- needs two articles.
create temp table heirs as select stories.id as story, case when count(articles.id) > 1 then (
        select id from articles where story = stories.id order by first_seen_at, id limit 1
    ) end as heir
    from stories left join articles on articles.story = stories.id group by stories.id
    having stories.id in (select id from gone_articles) or count(articles.id) < 2;
insert or ignore into stories (id) select heir from heirs where heir is not null;
update articles set story = (select heir from heirs where heirs.story = articles.story)
    where story in (select story from heirs);
delete from stories where id in (select story from heirs);
delete from publishers where slug in (select publisher from gone_articles)
    and not exists (select 1 from articles where publisher = slug)
    and not exists (select 1 from visits where publisher = slug)
    and not exists (select 1 from captures where publisher = slug)
    and not exists (select 1 from problems where publisher = slug);
delete from run_publishers where publisher not in (select slug from publishers);

-- What the archive remembers of itself names publishers, its machine and its folder.
delete from settings;
