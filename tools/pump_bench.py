"""A virtual pump on the bench: a small library with an entry of every kind, and short scripts of what is done to it."""

from collections.abc import Iterable
from fractions import Fraction

from openinfusion.core.entry import Entry, EntryType
from openinfusion.core.events import Alarm, Event, LibraryVersion
from openinfusion.core.library import About, Advisory, CareArea, Drug, Library, Population
from openinfusion.core.limits import Concentration, Delivery, Limits, Pca, TitrationStep
from openinfusion.core.units import Quantity, Unit
from openinfusion.pump.machine import Held, Infusion, Note, Pump
from openinfusion.pump.machine.flow import Stream
from openinfusion.pump.models import find_model
from openinfusion.pump.records import PumpLabel, to_events

NUMBER = "BENCH-1"
WARD, UNIT = "ward", "unit"
_NAMES = ("hard_min", "soft_min", "soft_max", "hard_max", "initial")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def limits(unit: str, values: str) -> Limits:
    """Return limits: hard and soft minimum, soft and hard maximum, what is offered first; "-" where one is not set."""
    numbers = [None if one == "-" else Fraction(one) for one in values.split()]
    return Limits(unit=Unit.read(unit), **dict(zip(_NAMES, numbers, strict=False)))


def strength(amount: str | None, volume: str | None, bounds: Limits | None = None) -> Concentration:
    """Return a strength; what is not given is keyed at the bedside."""
    known = [None if text is None else Quantity.read(text) for text in (amount, volume)]
    return Concentration(amount=known[0], volume=known[1], limits=bounds)


def library(version: str = "1.0.0") -> Library:
    """Return a library with an entry of every kind, and one of most in a second care area without basic mode."""
    about = About(name="Bench library (not for clinical use)", organisation="Bench", version=version)
    ward = CareArea(
        id=WARD,
        name="Ward",
        population=Population.ADULT,
        weight=limits("kg", "2 30 160 250"),
        max_rate=Quantity.read("999 mL/h"),
        max_volume=Quantity.read("2000 mL"),
        kvo_rate=Quantity.read("1 mL/h"),
    )
    unit = CareArea(
        id=UNIT,
        name="Unit where nothing runs outside the library",
        population=Population.NEONATAL,
        max_rate=Quantity.read("100 mL/h"),
        device_settings={"basic mode": "not allowed"},
    )
    made = [*_entries(WARD), *(one for one in _entries(UNIT) if one.type is not EntryType.FLUID)]
    return Library(
        library=about,
        drugs=_DRUGS,
        care_areas=(ward, unit),
        advisories=(Advisory(id="central", text="Central line only."),),
        entries=tuple(made),
    )


_DRUGS = (
    Drug(id="noradrenaline", name="noradrenaline", tall_man="norADRENALine"),
    Drug(id="fentanyl", name="fentanyl", tall_man="fentaNYL"),
    Drug(id="heparin", name="heparin"),
    Drug(id="paracetamol", name="paracetamol"),
    Drug(id="gentamicin", name="gentamicin"),
    Drug(id="saline", name="sodium chloride 0.9 % with potassium chloride 0.3 %", aliases=("saline",)),
    Drug(id="morphine", name="morphine"),
    Drug(id="unlimited", name="unlimited example"),
    Drug(id="thirds", name="thirds example"),
    Drug(id="antidote", name="antidote example"),
)


def _entries(area: str) -> Iterable[Entry]:
    """Yield the entries of a care area: two of fentanyl, so that one must be chosen."""
    for made in (_by_time, _by_dose, _for_patients):
        yield from made(area)


def _by_time(area: str) -> Iterable[Entry]:
    fentanyl = Entry(
        id=f"{area}-fentanyl-50",
        drug="fentanyl",
        care_area=area,
        type=EntryType.CONTINUOUS,
        therapy="sedation",
        concentration=strength("2.5 mg", "50 mL"),
        dose=limits("micrograms/h", "10 25 200 400 100"),
        bolus=Delivery(dose=limits("micrograms", "5 10 50 100"), rate=limits("mL/h", "- - 120 200")),
        loading=Delivery(dose=limits("micrograms", "- 10 100 150"), duration=limits("min", "1 2 30 60 5")),
        titration_step=TitrationStep(factor=Fraction(2)),
    )
    yield fentanyl
    yield Entry(
        id=f"{area}-fentanyl-25",
        drug="fentanyl",
        care_area=area,
        type=EntryType.CONTINUOUS,
        therapy="analgesia",
        concentration=strength("2.5 mg", "100 mL"),
        dose=limits("micrograms/kg/h", "- 0.2 2 4"),
        bolus=Delivery(dose=limits("micrograms/kg", "- - 1 2"), rate=limits("micrograms/min", "- - 100 200")),
    )
    yield Entry(
        id=f"{area}-noradrenaline",
        drug="noradrenaline",
        care_area=area,
        type=EntryType.CONTINUOUS,
        concentration=strength("4 mg", "50 mL"),
        dose=limits("micrograms/kg/min", "0.005 0.01 0.5 1 0.05"),
        rate=limits("mL/h", "- - 100 200"),
        advisories=("central",),
    )
    yield Entry(
        id=f"{area}-heparin",
        drug="heparin",
        care_area=area,
        type=EntryType.CONTINUOUS,
        concentration=strength(None, None, limits("units/mL", "10 100 2000 5000")),
        dose=limits("units/kg/h", "1 5 30 40"),
        bolus=Delivery(dose=limits("units/kg", "- - 80 100"), volume=limits("mL", "- - 10 20")),
    )
    yield Entry(
        id=f"{area}-thirds",
        drug="thirds",
        care_area=area,
        type=EntryType.CONTINUOUS,
        concentration=strength("3 mg", "7 mL"),
        dose=limits("mg/h", "- - 3 10"),
        bolus=Delivery(dose=limits("mg", "- - - 2"), duration=limits("min", "- - 5 10 2")),
    )
    yield Entry(
        id=f"{area}-saline",
        drug="saline",
        care_area=area,
        type=EntryType.FLUID,
        rate=limits("mL/h", "5 20 250 500"),
        volume=limits("mL", "- 50 1000 1500"),
        bolus=Delivery(volume=limits("mL", "- - 250 500"), rate=limits("mL/h", "- - 500 999 250")),
    )


def _by_dose(area: str) -> Iterable[Entry]:
    yield Entry(
        id=f"{area}-paracetamol",
        drug="paracetamol",
        care_area=area,
        type=EntryType.INTERMITTENT,
        concentration=strength("1 g", "100 mL"),
        dose=limits("mg", "100 250 1000 1200"),
        duration=limits("min", "10 15 60 120 15"),
    )
    yield Entry(
        id=f"{area}-gentamicin",
        drug="gentamicin",
        care_area=area,
        type=EntryType.INTERMITTENT,
        concentration=strength(None, "50 mL", limits("mg/mL", "0.5 1 10 20")),
        dose=limits("mg/kg", "1 2 7 8"),
        rate=limits("mL/h", "- - 200 300"),
        duration=limits("min", "15 20 60 120 30"),
        secondary="allowed",
    )
    yield Entry(
        id=f"{area}-antidote",
        drug="antidote",
        care_area=area,
        type=EntryType.INTERMITTENT,
        concentration=strength("10 mg", "20 mL"),
        volume=limits("mL", "- - 20 30"),
        rate=limits("mg/min", "- - 5 10"),
        secondary="only",
    )


def _for_patients(area: str) -> Iterable[Entry]:
    yield Entry(
        id=f"{area}-morphine",
        drug="morphine",
        care_area=area,
        type=EntryType.PCA,
        concentration=strength("50 mg", "50 mL"),
        dose=limits("mg/h", "- - 1 2"),
        pca=Pca(
            dose=limits("mg", "0.2 0.5 2 3 1"),
            lockout=limits("min", "3 5 20 30 5"),
            accumulated=limits("mg", "- - 10 20 5"),
            window=Quantity.read("1 h"),
        ),
        bolus=Delivery(dose=limits("mg", "- - 3 5")),
        loading=Delivery(dose=limits("mg", "- - 5 10"), duration=limits("min", "1 - - 30 5")),
    )
    yield Entry(
        id=f"{area}-morphine-kg",
        drug="morphine",
        care_area=area,
        type=EntryType.PCA,
        therapy="by weight",
        concentration=strength("1 mg/kg", "50 mL"),
        pca=Pca(
            dose=limits("micrograms/kg", "- 5 20 40 20"),
            lockout=limits("min", "3 5 20 30 5"),
            accumulated=limits("micrograms/kg", "- - 100 200 100"),
            window=Quantity.read("1 h"),
            bolus_counts=False,
        ),
    )
    yield Entry(
        id=f"{area}-unlimited",
        drug="unlimited",
        care_area=area,
        type=EntryType.CONTINUOUS,
        concentration=strength("100 mg", "50 mL"),
        bolus=Delivery(),
    )


def held(version: str = "1.0.0") -> Held:
    """Return the library of the bench as a pump holds it."""
    made = library(version)
    return Held(made, LibraryVersion(name=made.library.name, version=version))


class Bench:
    """A pump, everything that it noted, and hands that work through a script."""

    def __init__(self, model: str = "halden-s2", in_slot: Held | None = None) -> None:
        self.notes: list[Note] = []
        self.model = find_model(model)
        self.pump = Pump(NUMBER, self.model, in_slot or held(), tell=self.notes.append)
        self.beeps: list[str] = []

    @property
    def infusion(self) -> Infusion:
        """The infusion that the keys act on."""
        infusion = self.pump.channel.infusion
        if infusion is None:
            raise AssertionError("there is no infusion")
        return infusion

    @property
    def stream(self) -> Stream:
        """What flows."""
        stream = self.pump.channel.stream
        if stream is None:
            raise AssertionError("nothing flows")
        return stream

    def events(self) -> list[Event]:
        """Return the records of all that happened."""
        return list(to_events(self.notes, PumpLabel(number=NUMBER, model=self.model)))

    def do(self, script: str) -> "Bench":
        """
        Do what a script says, one line or one part between semicolons after the other; each must be taken.

        "key 5" keys a value, and "key" alone takes what is offered; "wait 30 min" lets time pass; "alarm air",
        "plug out", "load 50 mL" and "bag" are what happens to the pump; anything else is a choice of the screen.
        """
        for part in script.replace("\n", ";").split(";"):
            if line := part.strip():
                beep = self.one(line)
                if beep is not None:
                    raise AssertionError(f"{line!r}: {beep}, on {self.pump.screen().title!r}")
        return self

    def beep(self, line: str) -> str | None:
        """Do one thing and return why the pump did not take it."""
        return self.one(line)

    def one(self, line: str) -> str | None:
        """Do one thing."""
        word, _, rest = line.partition(" ")
        pump = self.pump
        match word:
            case "key":
                return pump.enter(rest)
            case "wait":
                pump.wait(seconds(rest))
            case "alarm":
                pump.call(Alarm(rest))
            case "plug":
                pump.plug(in_mains=rest == "in")
            case "load" if rest:
                return pump.load(Quantity.read(rest))
            case "bag":
                return pump.load(None)
            case _:
                return pump.choose(line)
        return None


def seconds(text: str) -> Fraction:
    """Return a time in seconds: "90 s", "1.5 h"."""
    number, _, unit = text.partition(" ")
    return Fraction(number) * _SECONDS[unit]
