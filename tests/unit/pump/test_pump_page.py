"""The reference of the virtual pump leaves no screen out."""

import pump_page

from openinfusion.core.events import Alarm
from openinfusion.pump.machine import pages, programming, running
from openinfusion.pump.machine.pages import Page


def test_every_page_is_shown():
    classes = {
        name
        for module in (pages, programming, running)
        for name, held in vars(module).items()
        if isinstance(held, type) and issubclass(held, Page) and held is not Page
    }
    assert {shown.page for shown in pump_page.SHOWN} == classes


def test_every_alarm_has_its_row():
    assert pump_page.page().count("| stops |") + pump_page.page().count("| goes on |") == len(Alarm)
