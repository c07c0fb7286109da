"""Printed dates in Arabic and its neighbours: one string to a moment, and many to a decision."""

from crawler.dates.decision import TRUST, Decision, Stamp, decide
from crawler.dates.moments import Moment, Precision, parse

__all__ = ["TRUST", "Decision", "Moment", "Precision", "Stamp", "decide", "parse"]
