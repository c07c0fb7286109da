-- What a copy for readers has not: what the crawl remembers, and the archive of itself and of acts.
-- Where something is withheld, publishers and hosts of which nothing is left go, too.
create temp table empty as select slug from publishers where exists (select 1 from withheld)
    and slug not in (select publisher from articles)
    and slug not in (select publisher from visits) and slug not in (
        select publisher from captures where publisher is not null);
delete from problems where publisher in (select slug from empty);
delete from run_publishers where publisher in (select slug from empty);
delete from publishers where slug in (select slug from empty);
create temp table robots as select id from captures where kind = 'robots'
    and exists (select 1 from withheld)
    and host_of(url) not in (select host_of(url) from captures where kind != 'robots');
update problems set capture = null where capture in (select id from robots);
delete from captures where id in (select id from robots);
delete from withheld;
delete from withheld_files;
delete from withheld_payloads;
delete from withholdings;
delete from hosts;
delete from shapes;
delete from new_addresses;
delete from story_queue;
delete from settings;
delete from incidents;
delete from search_hits;
delete from searches;
delete from problems where stage = 'alerts';
