-- The tables and indexes of an archive. What each table and column holds is said in
-- descriptions.toml; `key` is an identity key (archive.urls), its Arabic letters as such.
-- archive.schema fills in `{tokenize}` (archive.search.tokenizer) and `{moment}` (archive.stories).

create table publishers (
    slug text primary key,
    name text not null,
    name_latin text,
    homepage text,
    country text,
    language text,
    timezone text,
    tracking text
) strict;

create table runs (
    id integer primary key,
    name text unique,
    command text not null,
    started_at text not null,
    ended_at text,
    state text not null check (state in ('running', 'finished', 'interrupted', 'failed')),
    pid integer not null,
    requests integer not null default 0,
    new integer not null default 0,
    changed integer not null default 0,
    unchanged integer not null default 0,
    problems integer not null default 0,
    bytes integer not null default 0
) strict;

create table run_publishers (
    run integer not null references runs(id),
    publisher text not null references publishers(slug),
    outcome text not null check (outcome in ('news', 'quiet', 'problems')),
    requests integer not null default 0,
    new integer not null default 0,
    changed integer not null default 0,
    unchanged integer not null default 0,
    problems integer not null default 0,
    bytes integer not null default 0,
    primary key (run, publisher)
) strict, without rowid;
create index run_publishers_publisher on run_publishers(publisher);

create table warc_files (
    name text primary key,
    bytes integer not null,
    closed integer not null default 0
) strict, without rowid;

create table settings (name text primary key, value text not null) strict, without rowid;

create table captures (
    id integer primary key,
    url text not null,
    publisher text references publishers(slug),
    kind text not null,
    fetched_at text not null,
    status integer not null,
    content_type text,
    charset text,
    sha256 text,
    wire_bytes integer not null default 0,
    truncated text,
    revisit integer not null default 0,
    unverified integer not null default 0,
    warc_file text not null,
    warc_offset integer not null,
    warc_length integer not null,
    run integer not null references runs(id),
    article integer references articles(id),
    outcome text,
    journal_file text,
    journal_offset integer
) strict;
create index captures_place on captures(cast(substr(warc_file, 16, 8) as integer), warc_offset);
create index captures_url on captures(url) where article is null;
create index captures_fetched_at on captures(fetched_at);
create index captures_publisher_kind on captures(publisher, kind, fetched_at, warc_length);
create index captures_run on captures(run);
create index captures_article on captures(article) where article is not null;
create index captures_sha256 on captures(sha256, revisit) where sha256 is not null;

create table renderings (
    id integer primary key,
    capture integer not null references captures(id),
    kind text not null,
    rendered_at text not null,
    sha256 text not null,
    bytes integer not null,
    warc_file text not null,
    warc_offset integer not null,
    warc_length integer not null,
    unique (warc_file, warc_offset)
) strict;
create index renderings_capture on renderings(capture);

-- What is short stands before what may be long: SQLite reads a row from its beginning, and a text
-- goes on in pages of its own.
create table articles (
    id integer primary key,
    publisher text not null references publishers(slug),
    kind text not null,
    title text,
    published_at text,
    published_on text,
    published_local text,
    words integer not null,
    section text,
    language text,
    revision_count integer not null default 1,
    first_seen_at text not null,
    last_seen_at text not null,
    changed_at text,
    missing_at text,
    gone_at text,
    capture integer references captures(id),
    story integer references stories(id),
    published_from text,
    modified_at text,
    byline text,
    byline_from text,
    dateline text,
    deck text,
    url text not null,
    key text not null unique,
    image_url text,
    text text not null
) strict;
create index articles_url on articles(url);
-- With the bytes of a text in UTF-8, so that `warraq stats` reads no text.
create index articles_publisher_published
    on articles(publisher, published_on, words, length(cast(text as blob)));
create index articles_published_at on articles(published_at);
create index articles_first_seen_at on articles(first_seen_at);
create index articles_changed_at on articles(changed_at, publisher, published_on)
    where changed_at is not null;
create index articles_gone_at on articles(gone_at, publisher, published_on)
    where gone_at is not null;
create index articles_kind on articles(kind);
create index articles_capture on articles(capture);
create index articles_language on articles(language);
create index articles_section on articles(section);

create table revisions (
    id integer primary key,
    article integer not null references articles(id),
    number integer not null,
    observed_at text not null,
    capture integer references captures(id),
    changes text,
    rank integer,
    words_in integer,
    words_out integer,
    small integer not null default 0,
    title text,
    deck text,
    byline text,
    dateline text,
    section text,
    published_at text,
    published_on text,
    modified_at text,
    content_hash text not null,
    tags text,
    captions text,
    image_url text,
    text text,
    unique (article, number)
) strict;
create index revisions_observed_at on revisions(observed_at);
create index revisions_edits on revisions(observed_at) where rank is not null;
create index revisions_capture on revisions(capture);
-- What changed, by day, the most telling first: all that a page of it has to be chosen by.
create index revisions_rank
    on revisions(substr(observed_at, 1, 10) desc, rank, observed_at desc, article, number, changes)
    where rank is not null;
create index revisions_text on revisions(article, length(cast(text as blob))) where text not null;

create table authors (id integer primary key, name text not null unique) strict;
create table article_authors (
    article integer not null references articles(id),
    author integer not null references authors(id),
    position integer not null,
    primary key (article, author)
) strict, without rowid;
create index article_authors_author on article_authors(author);

create table tags (id integer primary key, name text not null unique) strict;
create table article_tags (
    article integer not null references articles(id),
    tag integer not null references tags(id),
    primary key (article, tag)
) strict, without rowid;
create index article_tags_tag on article_tags(tag);

create table embeds (
    article integer not null references articles(id),
    position integer not null,
    provider text not null,
    url text not null,
    primary key (article, position)
) strict, without rowid;
create index embeds_url on embeds(url);
create index embeds_provider on embeds(provider);

create table images (
    article integer not null references articles(id),
    position integer not null,
    url text not null,
    caption text,
    credit text,
    alt text,
    primary key (article, position)
) strict, without rowid;

create table withholdings (
    id integer primary key,
    article integer not null references articles(id),
    at text not null,
    act text not null check (act in ('withhold', 'unwithhold')),
    reason text
) strict;
create index withholdings_article on withholdings(article);

-- What is withheld is in withheld.db, and nothing of it here. A mark is an id of an article or a
-- capture, or an address as an id would be made of it (archive.urls.article_id): 53 bits of its
-- SHA-256. Payloads are those that captures of others stand for; the files hold captures that came
-- while their article was withheld.
create table withheld (
    mark integer not null,
    article integer not null,
    at text not null,
    primary key (mark, article)
) strict, without rowid;
create table withheld_payloads (
    sha256 text primary key,
    warc_file text not null,
    warc_offset integer not null,
    warc_length integer not null
) strict, without rowid;
create table withheld_files (
    article integer not null,
    name text not null,
    primary key (article, name)
) strict, without rowid;

create table visits (
    id integer primary key,
    key text not null unique,
    url text not null,
    publisher text not null references publishers(slug),
    kind text not null,
    found_in text,
    found_at text not null,
    article integer references articles(id),
    due_at text,
    not_before text,
    last_at text,
    etag text,
    last_modified text,
    last_capture integer,
    interval integer,
    failures integer not null default 0,
    state text not null default 'due'
        check (state in ('due', 'done', 'gone', 'refused', 'failed')),
    past integer not null default 0,
    earliest_on text,
    latest_on text,
    watched_from text,
    watched_until text
) strict;
create index visits_watched on visits(due_at) where watched_until is not null;
create index visits_due on visits(publisher, kind, due_at)
    where due_at is not null and past = 0;
create index visits_past on visits(publisher, kind, latest_on)
    where due_at is not null and past = 1;
create index visits_article on visits(article);
create index visits_entries on visits(publisher) where kind != 'article' and found_in is null;
create index visits_pages on visits(found_in) where kind = 'section';

create table links (
    visit integer not null references visits(id),
    listing integer not null references visits(id),
    title text,
    published text,
    author text,
    summary text,
    modified text,
    found_at text not null,
    primary key (visit, listing)
) strict, without rowid;
create index links_listing on links(listing);

create table problems (
    id integer primary key,
    at text not null,
    run integer references runs(id),
    publisher text references publishers(slug),
    url text not null,
    stage text not null,
    kind text not null,
    detail text not null,
    capture integer references captures(id)
) strict;
create index problems_at on problems(at);
create index problems_publisher_kind on problems(publisher, kind);
create index problems_run on problems(run);
create index problems_url on problems(url);

create table hosts (
    host text primary key,
    not_before text not null,
    strikes integer not null
) strict;

create table shapes (
    publisher text not null references publishers(slug),
    shape text not null,
    fruitful integer not null default 0,
    fruitless integer not null default 0,
    rests_until text,
    primary key (publisher, shape)
) strict, without rowid;

create table new_addresses (
    publisher text primary key references publishers(slug),
    day text not null,
    addresses integer not null
) strict, without rowid;

-- What the owner is to hear of (archive.incidents), and what saved searches have found
-- (archive.search.watchlist).
create table incidents (
    subject text not null,
    name text not null,
    opened_at text not null,
    closed_at text,
    facts text not null,
    example text,
    alerted text not null,
    recovered text not null,
    primary key (subject, name, opened_at)
) strict, without rowid;
create table searches (
    name text primary key,
    query text not null,
    revision integer not null,
    looked_at text not null
) strict, without rowid;
create table search_hits (
    search text not null,
    article integer not null,
    primary key (search, article)
) strict, without rowid;
create index search_hits_article on search_hits(article);

create table imports (
    key text primary key,
    source text not null,
    languages text not null,
    bytes integer not null,
    place text not null,
    read_at text not null,
    records integer not null default 0,
    articles integer not null default 0
) strict, without rowid;

-- The search index (archive.search.index): the original text is its content, the analysed text is
-- what is indexed. Two plain indexes let a search skip the articles that it does not show.

-- What a search counts and filters by, from the newest on and by the id: no article is read for it.
create index articles_newest on articles(
    published_on, published_at, publisher, section, kind, changed_at, gone_at
);
create index articles_facets on articles(
    id, publisher, published_on, section, kind, changed_at, gone_at
);

create virtual table article_stems using fts5(
    title, deck, byline, text,
    content='articles', content_rowid='id', tokenize="{tokenize}"
);

create trigger article_stems_insert after insert on articles begin
    insert into article_stems(rowid, title, deck, byline, text) values (
        new.id, warraq_analyse(new.title), warraq_analyse(new.deck),
        warraq_analyse(new.byline), warraq_analyse(new.text)
    );
end;

create trigger article_stems_delete after delete on articles begin
    insert into article_stems(article_stems, rowid, title, deck, byline, text) values (
        'delete', old.id, warraq_analyse(old.title), warraq_analyse(old.deck),
        warraq_analyse(old.byline), warraq_analyse(old.text)
    );
end;

create trigger article_stems_update after update of id, title, deck, byline, text on articles begin
    insert into article_stems(article_stems, rowid, title, deck, byline, text) values (
        'delete', old.id, warraq_analyse(old.title), warraq_analyse(old.deck),
        warraq_analyse(old.byline), warraq_analyse(old.text)
    );
    insert into article_stems(rowid, title, deck, byline, text) values (
        new.id, warraq_analyse(new.title), warraq_analyse(new.deck),
        warraq_analyse(new.byline), warraq_analyse(new.text)
    );
end;

-- Stories (archive.stories): triggers keep a story's row true to its articles.

create table stories (
    id integer primary key,
    title text,
    first_article integer references articles(id),
    first_publisher text references publishers(slug),
    first_at text,
    last_at text,
    spread integer,
    articles integer not null default 0,
    publishers integer not null default 0
) strict;
create index stories_first_at on stories(first_at);
create index stories_first_publisher on stories(first_publisher);
create index stories_first_article on stories(first_article);
create index stories_articles on stories(articles);
create index articles_story on articles(story) where story is not null;

create table story_sketches (
    hash integer not null,
    seen integer not null,
    article integer not null,
    primary key (hash, seen, article)
) strict, without rowid;

create table story_queue (
    article integer primary key
) strict;

create trigger articles_story_update
after update of story, title, publisher, published_at, published_on on articles
when old.story is not new.story or (new.story is not null and (
    old.title is not new.title or old.publisher is not new.publisher
    or old.published_at is not new.published_at or old.published_on is not new.published_on
)) begin
    update stories set
        (first_article, first_publisher, title, first_at) = (
            select id, publisher, title, coalesce(published_at, published_on, first_seen_at)
            from articles where story = stories.id
            order by {moment}, id limit 1
        ),
        last_at = (
            select coalesce(published_at, published_on, first_seen_at)
            from articles where story = stories.id
            order by {moment} desc, id desc limit 1
        ),
        (articles, publishers) = (
            select count(*), count(distinct publisher) from articles
            where story = stories.id
        )
    where id in (old.story, new.story);
    update stories set spread = max(
        0, cast(round(86400 * (julianday(last_at) - julianday(first_at))) as integer)
    )
    where id in (old.story, new.story);
end;

create trigger articles_story_delete after delete on articles when old.story is not null begin
    update stories set
        (first_article, first_publisher, title, first_at) = (
            select id, publisher, title, coalesce(published_at, published_on, first_seen_at)
            from articles where story = stories.id
            order by {moment}, id limit 1
        ),
        last_at = (
            select coalesce(published_at, published_on, first_seen_at)
            from articles where story = stories.id
            order by {moment} desc, id desc limit 1
        ),
        (articles, publishers) = (
            select count(*), count(distinct publisher) from articles
            where story = stories.id
        )
    where id = old.story;
    update stories set spread = max(
        0, cast(round(86400 * (julianday(last_at) - julianday(first_at))) as integer)
    )
    where id = old.story;
end;

-- How many articles each publisher has by printed day ('' where none is printed), and how many of
-- them have what: triggers keep it, so that no page has to count articles.

create table day_counts (
    day text not null,
    publisher text not null,
    articles integer not null,
    edited integer not null,
    gone integer not null,
    byline integer not null,
    deck integer not null,
    section integer not null,
    image integer not null,
    primary key (day, publisher)
) strict, without rowid;
create trigger articles_days_insert after insert on articles begin
    insert into day_counts values (
        coalesce(new.published_on, ''), new.publisher, 1,
        new.changed_at is not null, new.gone_at is not null, new.byline is not null,
        new.deck is not null, new.section is not null, new.image_url is not null
    ) on conflict do update set
        articles = articles + 1, edited = edited + excluded.edited, gone = gone + excluded.gone,
        byline = byline + excluded.byline, deck = deck + excluded.deck,
        section = section + excluded.section, image = image + excluded.image;
end;

create trigger articles_days_delete after delete on articles begin
    update day_counts set
        articles = articles - 1, edited = edited - (old.changed_at is not null),
        gone = gone - (old.gone_at is not null), byline = byline - (old.byline is not null),
        deck = deck - (old.deck is not null), section = section - (old.section is not null),
        image = image - (old.image_url is not null)
    where day = coalesce(old.published_on, '') and publisher = old.publisher;
    delete from day_counts
    where day = coalesce(old.published_on, '') and publisher = old.publisher and articles = 0;
end;

create trigger articles_days_update
after update of publisher, published_on, changed_at, gone_at, byline, deck, section, image_url
on articles when
    (old.publisher, old.published_on, old.changed_at is null, old.gone_at is null,
        old.byline is null, old.deck is null, old.section is null, old.image_url is null)
    is not (new.publisher, new.published_on, new.changed_at is null, new.gone_at is null,
        new.byline is null, new.deck is null, new.section is null, new.image_url is null)
begin
    update day_counts set
        articles = articles - 1, edited = edited - (old.changed_at is not null),
        gone = gone - (old.gone_at is not null), byline = byline - (old.byline is not null),
        deck = deck - (old.deck is not null), section = section - (old.section is not null),
        image = image - (old.image_url is not null)
    where day = coalesce(old.published_on, '') and publisher = old.publisher;
    delete from day_counts
    where day = coalesce(old.published_on, '') and publisher = old.publisher and articles = 0;
    insert into day_counts values (
        coalesce(new.published_on, ''), new.publisher, 1,
        new.changed_at is not null, new.gone_at is not null, new.byline is not null,
        new.deck is not null, new.section is not null, new.image_url is not null
    ) on conflict do update set
        articles = articles + 1, edited = edited + excluded.edited, gone = gone + excluded.gone,
        byline = byline + excluded.byline, deck = deck + excluded.deck,
        section = section + excluded.section, image = image + excluded.image;
end;

-- The publisher's own time (archive.publishers): null where it is not known.

create trigger articles_local_insert after insert on articles when new.published_at is not null begin
    update articles set published_local = warraq_local(
        published_at, published_on, (select timezone from publishers where slug = publisher)
    ) where id = new.id;
end;

create trigger articles_local_update
after update of published_at, published_on, publisher on articles
when old.published_at is not new.published_at or old.published_on is not new.published_on
    or old.publisher is not new.publisher
begin
    update articles set published_local = warraq_local(
        published_at, published_on, (select timezone from publishers where slug = publisher)
    ) where id = new.id;
end;

create trigger publishers_local_update after update of timezone on publishers
when old.timezone is not new.timezone begin
    update articles set published_local = warraq_local(published_at, published_on, new.timezone)
    where publisher = new.slug and published_at is not null;
end;

-- Views: what is asked of an archive most, for programs that have none of our functions as well.
-- `as` stands on the first line, no `like` in a condition, and no char(): so DuckDB reads them too.

create view article_texts as select article, number,
    (select publisher from articles where id = article) as publisher, observed_at, capture, title,
    coalesce(text, (select text from articles where id = article)) as text
from revisions;

-- A query after an image's address and the order of tags are no edits (archive.history).
create view edits as select r.article, r.number,
    (select publisher from articles where id = r.article) as publisher,
    r.observed_at, r.changes, r.small, f.column1 as field,
    case f.column1
        when 'title' then b.title when 'deck' then b.deck when 'text' then b.text
        when 'byline' then b.byline when 'dateline' then b.dateline
        when 'section' then b.section when 'captions' then b.captions
        when 'published' then coalesce(b.published_at, b.published_on)
        when 'image_url' then substr(b.image_url, 1, instr(b.image_url || '?', '?') - 1)
        when 'tags' then (select nullif(json_group_array(value), '[]') from (
            select value from json_each(b.tags) order by value
        ))
    end as before,
    case f.column1
        when 'title' then r.title when 'deck' then r.deck when 'text' then coalesce(
            r.text, (select text from articles where id = r.article)
        )
        when 'byline' then r.byline when 'dateline' then r.dateline
        when 'section' then r.section when 'captions' then r.captions
        when 'published' then coalesce(r.published_at, r.published_on)
        when 'image_url' then substr(r.image_url, 1, instr(r.image_url || '?', '?') - 1)
        when 'tags' then (select nullif(json_group_array(value), '[]') from (
            select value from json_each(r.tags) order by value
        ))
    end as after
from revisions r
join revisions b on b.article = r.article and b.number = r.number - 1
cross join (
    values ('title'), ('deck'), ('byline'), ('dateline'), ('section'), ('published'), ('tags'),
        ('captions'), ('image_url'), ('text')
) f
where r.rank is not null and coalesce(before != after, (before is null) != (after is null))
    and (f.column1 != 'published' or instr(r.changes, '"date"'));

create view bylines as select article, position, author,
    (select name from authors where id = author) as name,
    (select publisher from articles where id = article) as publisher,
    (select published_on from articles where id = article) as published_on
from article_authors;

-- A day alone does not say who was first: it may begin 14 hours before that of UTC.
create view story_articles as select story, article, publisher, title, published_at, published_on,
    first_seen_at, is_first,
    case when is_first is not null then
        cast(round(86400 * (julianday(moment) - julianday(first_moment))) as integer)
    end as lag
from (
    select a.story, a.id as article, a.publisher, a.title, a.published_at, a.published_on,
        a.first_seen_at, min(a.published_at, a.first_seen_at) as moment,
        min(f.published_at, f.first_seen_at) as first_moment,
        case when f.published_at is not null and not exists (
            select 1 from articles o where o.story = a.story and o.published_at is null
                and coalesce(julianday(o.published_on) - 14 / 24.0, 0)
                    < julianday(min(f.published_at, f.first_seen_at))
        ) then a.id = f.id end as is_first
    from articles a
    join stories s on s.id = a.story
    left join articles f on f.id = s.first_article
);

create view daily as select publisher, nullif(day, '') as day, articles, edited, gone
from day_counts;

create view evidence as select r.article, r.number as state, c.url, c.fetched_at, c.status,
    c.sha256, c.warc_file, c.warc_offset, c.warc_length, c.revisit, c.truncated, r.capture
from revisions r left join captures c on c.id = r.capture;

create view gone as select id as article, publisher, title, url, published_at, published_on,
    last_seen_at, gone_at, round(24 * (julianday(gone_at) - julianday(published_at)), 1) as hours
from articles where gone_at is not null;

-- The folding of archive.search.arabic in SQL alone, in steps: a parser nests so far and no farther.
create view articles_folded as with step0 as (
    select id, publisher, published_on, url, title, lower(printed) as folded, printed from (
        select *, coalesce(title || ' | ', '') || coalesce(deck || ' | ', '')
            || coalesce(byline || ' | ', '') || text as printed
        from articles
    )
){folding}
select id, publisher, published_on, url, title, printed || ' | ' || folded as searchable
from step{steps};

-- Nothing of a withheld article comes in again, by whichever road: its rows follow from the WARC
-- files once it is shown again (archive.maintenance.withhold). The first condition costs nothing.

create trigger visits_withheld before insert on visits
when exists (select 1 from withheld) and exists (
    select 1 from withheld where mark in (warraq_mark(new.key), warraq_mark(new.url))
) begin
    select raise(ignore);
end;

create trigger links_withheld before insert on links when new.visit is null begin
    select raise(ignore);
end;

create trigger captures_withheld before insert on captures
when exists (select 1 from withheld) and exists (
    select 1 from withheld
    where mark in (new.id, warraq_mark(new.url), warraq_mark(warraq_key(new.url)))
) begin
    insert or ignore into withheld_files select article, new.warc_file from withheld
    where mark in (new.id, warraq_mark(new.url), warraq_mark(warraq_key(new.url)));
    insert or ignore into withheld select new.id, article, at from withheld
    where mark in (warraq_mark(new.url), warraq_mark(warraq_key(new.url)));
    select raise(ignore);
end;

create trigger renderings_withheld before insert on renderings
when exists (select 1 from withheld where mark = new.capture) begin
    select raise(ignore);
end;

create trigger problems_withheld before insert on problems
when exists (select 1 from withheld) and exists (
    select 1 from withheld
    where mark in (new.capture, warraq_mark(new.url), warraq_mark(warraq_key(new.url)))
) begin
    select raise(ignore);
end;
