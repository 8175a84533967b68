"""What is sealed opens in its own place with its own key, and nowhere else."""

from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from referral_rows import fresh_key, make_places, make_referral, person_of

from app import db, key_material
from app.config import get_settings
from app.models import ReferralKey, ReferralSecret
from app.services.vault import DataKey, SealBroken, Vault, vault

ROW, OTHER_ROW = UUID(int=1), UUID(int=2)
CHEST = Vault({1: b"1" * 32, 2: b"2" * 32}, b"3" * 32)
KEY = DataKey(b"k" * 32)
PLACES = st.sampled_from(["referral_secret.person", "referral_secret.measures", "referral_event.text"])
# Any text that UTF-8 can write.
TEXT = st.text(st.characters(codec="utf-8"), max_size=300)


@given(plain=TEXT, place=PLACES, row=st.uuids())
def test_what_was_sealed_opens_to_the_same_text(plain, place, row):
    assert KEY.open(place, row, KEY.seal(place, row, plain)) == plain


@given(plain=TEXT, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_single_changed_bit_is_refused(plain, at, bit):
    sealed = bytearray(KEY.seal("referral_event.text", ROW, plain))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        KEY.open("referral_event.text", ROW, bytes(sealed))


@given(plain=TEXT, cut=st.integers(1, 400))
def test_a_cut_ciphertext_is_refused(plain, cut):
    sealed = KEY.seal("referral_event.text", ROW, plain)
    with pytest.raises(SealBroken):
        KEY.open("referral_event.text", ROW, sealed[:-cut])


@given(plain=TEXT, places=st.lists(PLACES, min_size=2, max_size=2, unique=True))
def test_a_ciphertext_moved_to_another_row_column_or_table_is_refused(plain, places):
    sealed = KEY.seal(places[0], ROW, plain)
    for place, row in ((places[1], ROW), (places[0], OTHER_ROW)):
        with pytest.raises(SealBroken):
            KEY.open(place, row, sealed)


@given(plain=TEXT)
def test_the_same_text_is_sealed_differently_each_time(plain):
    assert KEY.seal("referral_event.text", ROW, plain) != KEY.seal("referral_event.text", ROW, plain)


@given(rubbish=st.binary(max_size=100))
def test_rubbish_is_refused_as_data_and_as_a_key(rubbish):
    with pytest.raises(SealBroken):
        KEY.open("referral_event.text", ROW, rubbish)
    with pytest.raises(SealBroken):
        CHEST.unwrap("referral_key.wrapped_key", ROW, 1, rubbish)


@given(row=st.uuids(), version=st.sampled_from([1, 2]))
def test_a_wrapped_key_opens_for_its_row_table_and_master_version_alone(row, version):
    chest = Vault({version: CHEST.masters[version], **CHEST.masters}, CHEST.index_key)
    place = "referral_key.wrapped_key"
    key, made, wrapped = chest.new_key(place, row)
    assert (made, chest.unwrap(place, row, made, wrapped).key) == (version, key.key)
    for where, whose, which in (
        ("webhook_endpoint.wrapped_key", row, version),
        (place, uuid4(), version),
        (place, row, 3 - version),
        (place, row, 9),
    ):
        with pytest.raises(SealBroken):
            chest.unwrap(where, whose, which, wrapped)


@given(row=st.uuids())
def test_wrapping_anew_keeps_the_data_key(row):
    place = "referral_key.wrapped_key"
    key, version, wrapped = Vault({1: b"1" * 32}, b"3" * 32).new_key(place, row)
    turned = Vault({2: b"2" * 32, 1: b"1" * 32}, b"3" * 32)
    now, anew = turned.rewrap(place, row, version, wrapped)
    assert (now, anew != wrapped) == (2, True)
    assert Vault({2: b"2" * 32}, b"3" * 32).unwrap(place, row, now, anew).key == key.key


def test_every_referral_has_a_key_of_its_own():
    keys = {CHEST.new_key("referral_key.wrapped_key", ROW)[0].key for _ in range(100)}
    assert len(keys) == 100


@given(value=TEXT, other=TEXT)
def test_a_digest_is_the_same_for_the_same_purpose_and_key_alone(value, other):
    mac = CHEST.mac("duplicate|a", value)
    assert mac == CHEST.mac("duplicate|a", value)
    assert mac != CHEST.mac("duplicate|b", value)
    assert mac != Vault(CHEST.masters, b"4" * 32).mac("duplicate|a", value)
    assert (mac == CHEST.mac("duplicate|a", other)) == (value == other)


def test_neither_vault_nor_key_tells_itself_in_a_log():
    for shown in (repr(CHEST), str(KEY), repr([KEY]), f"{CHEST}"):
        assert "1111" not in shown
        assert "kkkk" not in shown


def test_it_is_aes_gcm_with_the_place_authenticated():
    """So that another program can open it, with the key and this line of documentation."""
    sealed = KEY.seal("referral_event.text", ROW, "öppet")
    plain = AESGCM(KEY.key).decrypt(sealed[:12], sealed[12:], f"referral_event.text|{ROW}|1".encode())
    assert plain.decode() == "öppet"


@pytest.fixture
def two(clean):
    with db.session_scope() as session:
        places = make_places(session)
        return [make_referral(session, places, person=f'{{"alias":"{name}"}}') for name in ("Ada", "Bea")]


def test_ciphertexts_swapped_between_rows_of_the_table_do_not_open(two):
    with db.session_scope() as session:
        first, second = (session.get_one(ReferralSecret, referral) for referral in two)
        first.person, second.person = second.person, first.person
        session.flush()
        for referral in two:
            with pytest.raises(SealBroken):
                person_of(session, referral)


def test_nor_with_their_keys_swapped_too(two):
    with db.session_scope() as session:
        first, second = (session.get_one(ReferralSecret, referral) for referral in two)
        first.person, second.person = second.person, first.person
        one, other = (session.get_one(ReferralKey, referral) for referral in two)
        one.wrapped_key, other.wrapped_key = other.wrapped_key, one.wrapped_key
        session.flush()
        for referral in two:
            with pytest.raises(SealBroken):
                person_of(session, referral)


def test_with_another_master_key_nothing_opens(two, monkeypatch):
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"1:{fresh_key()}")
    get_settings.cache_clear()
    assert 1 in vault().masters
    with db.session_scope() as session, pytest.raises(SealBroken):
        person_of(session, two[0])


def test_a_key_in_the_settings_is_read_as_it_was_made():
    made = fresh_key()
    assert key_material.masters(f"1:{made}") == {1: key_material.key(made)}
