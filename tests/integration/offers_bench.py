"""Files offered to update clients of others, and what those said: for the tests of such clients."""

from openinfusion.gateway.devices import offers, pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.overview import overview
from tests.integration.devices_bench import AT, URN


def in_database(place, work):
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        with database.transaction() as connection:
            return work(connection)
    finally:
        database.close()


def make_offer(place, file, *, version="2", how="forced", window=None):
    kept = offers.keep_file(place.state, file)

    def make(connection):
        known = pumps.find(connection, URN)
        assert known is not None
        return offers.make_offer(connection, known.id, kept, version=version, how=how, at=AT, window=window)

    return in_database(place, make)


def standing(place, number):
    """How an offer stands, and what the client said last."""
    for _, one, words in in_database(place, offers.every_offer):
        if one.id == number:
            return offers.state_of(one), words
    raise AssertionError(number)


def proves_nothing(place):
    (found,) = in_database(place, overview)
    return found.number is None and found.level is None


def words_of(place, number):
    """All that the client said of an offer."""
    rows = in_database(
        place,
        lambda connection: connection.exec_driver_sql(
            f"SELECT execution, words FROM feedback WHERE offer = {number:d}"  # noqa: S608 - a number
        ).all(),
    )
    return " ".join(f"{row[0]} {row[1]}" for row in rows)
