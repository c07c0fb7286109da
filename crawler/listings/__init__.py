"""Listings to links, with the hints they carry: a module for each kind, and `follow`."""
