-- A page, :capture of the visit :key, shows the withheld article of :mark at an address that was not
-- known as one of its own, or answered at one: it is forgotten. The visit of another article stays.
insert or ignore into withheld_files select w.article, c.warc_file from withheld w, captures c
    where mark = :mark and (c.id = :capture or c.url = :url and c.article is null);
insert or ignore into withheld select :capture, article, at from withheld where mark = :mark
    and :capture is not null;
insert or ignore into withheld select warraq_mark(c.url), w.article, w.at from withheld w, captures c
    where mark = :mark and c.id = :capture and :article is null;
insert or ignore into withheld select warraq_mark(:key), article, at from withheld
    where mark = :mark and :article is null;
insert or ignore into withheld select warraq_mark(:url), article, at from withheld
    where mark = :mark and :article is null;
create temp table hidden_captures as select id from captures where id = :capture
    or (:article is null and article is null and url = :url);
delete from renderings where capture in (select id from hidden_captures);
delete from problems where capture in (select id from hidden_captures)
    or (:article is null and url = :url);
delete from captures where id in (select id from hidden_captures);
drop table temp.hidden_captures;
delete from links where :article is null and visit = (select id from visits where key = :key);
delete from visits where :article is null and key = :key;
