-- Again and again until there are no more: captures at the addresses that were gathered, however
-- they are spelled, and where they were redirected to. What other articles refer to stays, and so
-- do addresses at which there is something else: a front page, a section, another article.
insert or ignore into gone_captures select id from captures
    where (article is null or article = :id) and url in (select url from gone_urls);
insert or ignore into gone_captures select id from captures
    where article is null and kind = 'article' and warraq_key(url) in (select url from gone_urls);
insert or ignore into gone_urls select url from captures join gone_captures using (id);
insert or ignore into gone_urls
    select value from captures join gone_captures using (id),
        json_each(warraq_targets(url, warc_file, warc_offset, warc_length))
    where status between 300 and 399 and status != 304;
delete from gone_urls where warraq_is_home(url) or exists (
    select 1 from visits v where v.key in (gone_urls.url, warraq_key(gone_urls.url))
        and (kind not in ('article', 'image') or article != :id)
) or exists (
    select 1 from articles a where a.id != :id
        and (a.key in (gone_urls.url, warraq_key(gone_urls.url)) or a.url = gone_urls.url));
delete from gone_captures where id in (select capture from revisions where article != :id)
    or id in (select capture from articles where id != :id);
