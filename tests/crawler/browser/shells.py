"""A page that is empty without scripts."""

SHELL = (
    "<!DOCTYPE html><html lang='ar' dir='rtl'><head><meta charset='utf-8'><title>الساحل</title>"
    "<link rel='stylesheet' href='/style.css'></head><body><div id='app'></div>"
    "<script src='/app.js'></script>{more}</body></html>"
)
