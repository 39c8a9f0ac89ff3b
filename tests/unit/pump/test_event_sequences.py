"""What the pump tells of delivery in each course of an infusion is what IHE asks for, line by line."""

import event_sequences
import pytest
from event_sequences import STORIES, Story

from openinfusion.core.segments import delivery_faults
from tests.spec.tables import read_table

# Rates in mL/h, volumes in mL. "Cumulative" is of the source that flows, "total" of the infusion with what was given on
# top of it. Source: IHE Devices Technical Framework, Infusion Pump Event Communication.
EXPECTED = {
    "kvo": """
        event    | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ---------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start    | yes      | 100  | primary | delivering     |           | continuous | 100  | 100  | 0       | 0          | 0     | 100       | 1 h 0 min
        complete | yes      | 100  | primary | transitioning  |           | continuous | 100  | 100  | 100     | 100        | 100   | 0         | 0 s
        start    | yes      | 1    | primary | kvo            |           | continuous | 1    | 0    | 0       | 100        | 100   | 0         | 0 s
        stop     | no       | 0    | primary | not delivering | clinician | continuous | 1    | 0    | 0.5     | 100.5      | 100.5 | 0         | 0 s
    """,
    "pause": """
        event | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 100  | 500  | 50      | 50         | 50    | 450       | 4 h 30 min
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 500  | 0       | 50         | 50    | 450       | 4 h 30 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 100  | 500  | 25      | 75         | 75    | 425       | 4 h 15 min
    """,
    "titration": """
        event | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | yes      | 100  | primary | transitioning  |           | continuous | 100  | 500  | 100     | 100        | 100   | 400       | 4 h 0 min
        start | yes      | 150  | primary | delivering     |           | continuous | 150  | 500  | 0       | 100        | 100   | 400       | 2 h 40 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 150  | 500  | 150     | 250        | 250   | 250       | 1 h 40 min
    """,
    "piggyback": """
        event    | infusing | flow | source    | status         | reason           | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ---------+----------+------+-----------+----------------+------------------+------------+------+------+---------+------------+-------+-----------+---------------
        start    | yes      | 100  | primary   | delivering     |                  | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop     | no       | 0    | primary   | not delivering | switching source | continuous | 100  | 500  | 100     | 100        | 100   | 400       | 4 h 0 min
        start    | yes      | 100  | secondary | delivering     |                  | continuous | 100  | 50   | 0       | 0          | 0     | 50        | 30 min
        complete | no       | 0    | secondary | not delivering | switching source | continuous | 100  | 50   | 50      | 50         | 50    | 0         | 0 s
        start    | yes      | 100  | primary   | delivering     |                  | continuous | 100  | 500  | 0       | 100        | 100   | 400       | 4 h 0 min
        stop     | no       | 0    | primary   | not delivering | clinician        | continuous | 100  | 500  | 50      | 150        | 150   | 350       | 3 h 30 min
    """,
    "bolus": """
        event | infusing | flow | source    | status         | reason    | pattern    | rate | VTBI | segment  | cumulative | total    | remaining | time remaining
        ------+----------+------+-----------+----------------+-----------+------------+------+------+----------+------------+----------+-----------+---------------
        start | yes      | 2    | primary   | delivering     |           | continuous | 2    | 20   | 0        | 0          | 0        | 20        | 10 h 0 min
        stop  | yes      | 2    | primary   | transitioning  |           | continuous | 2    | 20   | 2        | 2          | 2        | 18        | 9 h 0 min
        start | yes      | 120  | clinician | delivering     |           | continuous | 120  | 0.5  | 0        | 0          | 2        | 0.5       | 15 s
        stop  | yes      | 120  | clinician | transitioning  |           | continuous | 120  | 0.5  | 0.5      | 0.5        | 2.5      | 0         | 0 s
        start | yes      | 2    | primary   | delivering     |           | continuous | 2    | 20   | 0        | 2.5        | 2.5      | 18        | 9 h 0 min
        stop  | no       | 0    | primary   | not delivering | clinician | continuous | 2    | 20   | 1.991667 | 4.491667   | 4.491667 | 16.008333 | 8 h 0 min
    """,
    "bolus from a pause": """
        event | infusing | flow | source    | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+-----------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 2    | primary   | delivering     |           | continuous | 2    | 20   | 0       | 0          | 0     | 20        | 10 h 0 min
        stop  | no       | 0    | primary   | not delivering | clinician | continuous | 2    | 20   | 2       | 2          | 2     | 18        | 9 h 0 min
        start | yes      | 120  | clinician | delivering     |           | continuous | 120  | 0.5  | 0       | 0          | 2     | 0.5       | 15 s
        stop  | no       | 0    | clinician | not delivering | clinician | continuous | 120  | 0.5  | 0.5     | 0.5        | 2.5   | 0         | 0 s
    """,
    "steps": """
        event | infusing | flow | source  | status         | reason    | pattern      | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+--------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |           | multi-step 1 | 100  | 100  | 0       | 0          | 0     | 100       | 1 h 0 min
        stop  | yes      | 100  | primary | transitioning  |           | multi-step 1 | 100  | 100  | 100     | 100        | 100   | 0         | 0 s
        start | yes      | 50   | primary | delivering     |           | multi-step 2 | 50   | 200  | 0       | 100        | 100   | 200       | 4 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | multi-step 2 | 50   | 200  | 25      | 125        | 125   | 175       | 3 h 30 min
    """,
    "loading": """
        event | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 24   | loading | delivering     |           | continuous | 24   | 2    | 0       | 0          | 0     | 2         | 5 min
        stop  | yes      | 24   | loading | transitioning  |           | continuous | 24   | 2    | 2       | 2          | 2     | 0         | 0 s
        start | yes      | 2    | primary | delivering     |           | continuous | 2    | 20   | 0       | 2          | 2     | 20        | 10 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 2    | 20   | 2       | 4          | 4     | 18        | 9 h 0 min
    """,
    "basic": """
        event | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 100  | 500  | 100     | 100        | 100   | 400       | 4 h 0 min
        start | yes      | 80   | primary | delivering     |           | continuous | 80   | 100  | 0       | 0          | 0     | 100       | 1 h 15 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 80   | 100  | 40      | 40         | 40    | 60        | 45 min
    """,
    "alarm": """
        event | infusing | flow | source  | status         | reason | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+--------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |        | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | no       | 0    | primary | not delivering | alarm  | continuous | 100  | 500  | 50      | 50         | 50    | 450       | 4 h 30 min
    """,
    "volume": """
        event | infusing | flow | source  | status         | reason    | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-----------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 100  | 500  | 100     | 100        | 100   | 400       | 4 h 0 min
        start | yes      | 100  | primary | delivering     |           | continuous | 100  | 200  | 0       | 100        | 100   | 200       | 2 h 0 min
        stop  | no       | 0    | primary | not delivering | clinician | continuous | 100  | 200  | 100     | 200        | 200   | 100       | 1 h 0 min
    """,
    "demand": """
        event | infusing | flow | source  | status         | reason        | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+---------------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 600  | patient | delivering     |               | continuous | 600  | 1    | 0       | 0          | 0     | 1         | 6 s
        stop  | no       | 0    | patient | not delivering | between doses | continuous | 600  | 1    | 1       | 1          | 1     | 0         | 0 s
        start | yes      | 600  | patient | delivering     |               | continuous | 600  | 1    | 0       | 0          | 1     | 1         | 6 s
        stop  | no       | 0    | patient | not delivering | between doses | continuous | 600  | 1    | 1       | 1          | 2     | 0         | 0 s
    """,
    "power": """
        event | infusing | flow | source  | status         | reason      | pattern    | rate | VTBI | segment | cumulative | total | remaining | time remaining
        ------+----------+------+---------+----------------+-------------+------------+------+------+---------+------------+-------+-----------+---------------
        start | yes      | 100  | primary | delivering     |             | continuous | 100  | 500  | 0       | 0          | 0     | 500       | 5 h 0 min
        stop  | no       | 0    | primary | not delivering | powered off | continuous | 100  | 500  | 50      | 50         | 50    | 450       | 4 h 30 min
        start | yes      | 100  | primary | delivering     |             | continuous | 100  | 500  | 0       | 50         | 50    | 450       | 4 h 30 min
    """,
}


@pytest.mark.hazard("PL-02")
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
def test_the_messages_are_those_of_ihe(story: Story):
    assert [row for _, row in event_sequences.rows(story.play())] == read_table(EXPECTED[story.id])


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
def test_the_segments_of_every_story_add_up(story: Story):
    assert list(delivery_faults(story.play().events())) == []


def test_every_story_has_its_table():
    assert set(EXPECTED) == {story.id for story in STORIES}
