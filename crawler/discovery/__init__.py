"""`warraq publishers add` and `check`: what a site offers, without a crawl."""
