"""Fetching: may we, how soon, is the address public, and the exchange as it went over the wire."""
