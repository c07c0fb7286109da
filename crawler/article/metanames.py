"""Stop 8: the names under which pages state things in meta tags, lower case. Tables only."""

PUBLISHED = (
    *("article:published_time", "article:published", "og:article:published_time"),
    *("og:published_time", "datepublished", "date_published", "publishdate"),
    *("publish_date", "publish-date", "publishedtime", "pubdate", "publication_date"),
    *("publication-date", "dc.date.issued", "dcterms.issued", "dc.date", "dc.date.created"),
    *("dcterms.created", "parsely-pub-date", "sailthru.date", "cxenseparse:publishtime"),
    *("cxenseparse:recs:publishtime", "article.published", "article_date_original"),
    *("originalpublicationdate", "datecreated", "citation_publication_date"),
    *("published_date", "rnews:datepublished", "date"),
)
MODIFIED = (
    *("article:modified_time", "article:modified", "og:updated_time"),
    *("og:article:modified_time", "datemodified", "date_modified", "lastmod"),
    *("last-modified", "dcterms.modified", "dc.date.modified", "cxenseparse:modifiedtime"),
    *("article.updated", "revised"),
)
AUTHORS = (
    *("article:author", "og:article:author", "dc.creator", "dcterms.creator"),
    *("parsely-author", "sailthru.author", "cxenseparse:author", "byl", "byline"),
    *("article:author_name",),
)
TITLES = ("og:title", "twitter:title", "dc.title", "parsely-title", "headline")
DESCRIPTIONS = ("og:description", "description", "twitter:description")
SECTIONS = (
    *("article:section", "og:article:section", "parsely-section", "articlesection"),
    *("section",),
)
TAGS = (
    *("article:tag", "og:article:tag", "news_keywords", "parsely-tags"),
    *("cxenseparse:keywords",),
)
IMAGES = (
    *("og:image", "og:image:url", "og:image:secure_url", "twitter:image"),
    *("twitter:image:src",),
)
