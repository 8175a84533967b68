"""A database that holds the vocabularies and nothing else."""

from sqlalchemy import text

from app import db

# Rows of these are loaded once and never changed by a test.
VOCABULARIES = {
    *("category", "audience", "fact", "language"),
    *("county", "municipality", "place", "postcode"),
}


def empty_tables() -> None:
    from app.models import Base

    names = ", ".join(sorted(set(Base.metadata.tables) - VOCABULARIES))
    with db.engine().begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
