"""Vocabularies and geography as rows: loaded from app/data, served by the API."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Strings


class Labelled:
    """A term: stable id, Swedish and English label."""

    id: Mapped[str] = mapped_column(primary_key=True)
    sv: Mapped[str]
    en: Mapped[str]
    also: Mapped[Strings] = mapped_column(server_default="{}")
    position: Mapped[int]


class Category(Labelled, Base):
    __tablename__ = "category"
    broader: Mapped[str | None] = mapped_column(
        ForeignKey("category.id", deferrable=True, initially="DEFERRED")
    )


class Audience(Labelled, Base):
    __tablename__ = "audience"


class Fact(Labelled, Base):
    __tablename__ = "fact"
    grp: Mapped[str]
    at: Mapped[str]


class Language(Base):
    __tablename__ = "language"
    code: Mapped[str] = mapped_column(primary_key=True)
    name_sv: Mapped[str]
    name_en: Mapped[str]
    autonym: Mapped[str | None]
    iso639_3: Mapped[str | None]


class County(Base):
    __tablename__ = "county"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_short: Mapped[str]
    letter: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]


class Municipality(Base):
    __tablename__ = "municipality"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_short: Mapped[str]
    county_code: Mapped[str] = mapped_column(ForeignKey("county.code"))
    lat: Mapped[float]
    lon: Mapped[float]
    main_locality: Mapped[str | None]
    main_lat: Mapped[float | None]
    main_lon: Mapped[float | None]
    population: Mapped[int | None]


class Place(Base):
    """A named place; names repeat, so a row is told apart by name, kind and kommun."""

    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str]
    kind: Mapped[str]
    municipality_code: Mapped[str] = mapped_column(ForeignKey("municipality.code"))
    lat: Mapped[float]
    lon: Mapped[float]
    population: Mapped[int | None]
    alt_names: Mapped[Strings] = mapped_column(server_default="{}")
    display: Mapped[bool] = mapped_column(server_default="true")
    __table_args__ = (Index(None, "name", "kind", "municipality_code", unique=True),)


class Postcode(Base):
    __tablename__ = "postcode"
    code: Mapped[str] = mapped_column(primary_key=True)
    city: Mapped[str]
    municipality_code: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    lat: Mapped[float]
    lon: Mapped[float]
