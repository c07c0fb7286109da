"""Printed dates in Arabic and its neighbours: one string to a moment, and many to a decision."""
