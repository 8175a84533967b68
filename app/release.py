"""Which Torg this is."""

from datetime import date

VERSION = "0.1.0"
RELEASED = date(2026, 11, 21)
