-- A page, :capture of the visit :key, shows the withheld article of :mark at an address that was not
-- known as one of its own, or answered at one: it is forgotten. The visit of another article stays.
insert or ignore into withheld_files select article, warc_file from withheld, captures
    where mark = :mark and captures.id = :capture;
insert or ignore into withheld select :capture, article, at from withheld where mark = :mark
    and :capture is not null;
insert or ignore into withheld select warraq_mark(url), article, at from withheld, captures
    where mark = :mark and captures.id = :capture and :article is null;
insert or ignore into withheld select warraq_mark(:key), article, at from withheld
    where mark = :mark and :article is null;
delete from renderings where capture = :capture;
delete from problems where capture = :capture;
delete from captures where id = :capture;
delete from links where :article is null and visit = (select id from visits where key = :key);
delete from visits where :article is null and key = :key;
