"""Where people look for something and find little: kinds of wishes, never words."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SearchGap(Base):
    """How many searches of a month, for one kommun and with wishes of these kinds, found too little."""

    __tablename__ = "search_gap"
    month: Mapped[str] = mapped_column(primary_key=True)  # 2026-11
    municipality_code: Mapped[str] = mapped_column(ForeignKey("municipality.code"), primary_key=True)
    wishes: Mapped[str] = mapped_column(primary_key=True)  # kinds in order: category:social+language+time
    searches: Mapped[int]
