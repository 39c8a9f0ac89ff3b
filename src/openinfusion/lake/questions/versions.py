"""Questions about library versions: how soon pumps take a release up, and what ran on an older one."""

from collections.abc import Sequence

import narwhals as nw

from openinfusion.lake.questions.counting import ALL, COUNTS, By, Frame, answer, finish, over, tally, total
from openinfusion.lake.questions.question import ANY, Question
from openinfusion.lake.tables import Tables, join_few

ONE = nw.lit(1)
LIBRARY = ("organisation", "library_name")
VERSION = (*LIBRARY, "library_version")
THRESHOLDS = {"50 %": 50, "80 %": 80, "95 %": 95}
SECONDS_A_DAY = 86_400
_KNOWN = ~nw.col("place").is_null()
_OUTDATED = (nw.col("moment") >= nw.col("superseded_at")).fill_null(value=False)


def releases(tables: Tables) -> Frame:
    """
    Return each version of a library once: when it was released, its place in that order, when the next one was.

    Without a register of releases, a version was released when a pump first activated it or started an infusion on it.
    """
    if tables.releases is None:
        seen = tables.of_kind("library_activated", "started").with_columns(released_at="moment")
    else:
        seen = tables.releases
    known = seen.select(*VERSION, "released_at").drop_nulls(list(VERSION))
    first = known.group_by(*VERSION).agg(nw.col("released_at").min())
    order = ["released_at", "library_version"]
    return first.with_columns(
        place=nw.col("library_version").cum_count().over(*LIBRARY, order_by=order),
        superseded_at=nw.col("released_at").shift(-1).over(*LIBRARY, order_by=order),
    )


def with_release(tables: Tables) -> Frame:
    """Return the infusions started with the library, with the place and the end of their version."""
    ran = tables.of_kind("started").filter(nw.col("with_library"))
    return join_few(ran, releases(tables).drop("released_at"), on=VERSION, how="left")


def _outdated(tables: Tables, by: By) -> Frame:
    rows = with_release(tables)
    return answer(rows, by, numerator=_OUTDATED, denominator=_KNOWN, covered=(_KNOWN, ONE), unmapped=(~_KNOWN, ONE))


def _currency(tables: Tables, by: By) -> Frame:
    rows = with_release(tables)
    current = _KNOWN & ~_OUTDATED
    return answer(rows, by, numerator=current, denominator=_KNOWN, covered=(_KNOWN, ONE), unmapped=(~_KNOWN, ONE))


def _pairs(tables: Tables, by: By) -> Frame:
    keys = tuple(dict.fromkeys((*by, "library_name", "library_version", "newest_version")))
    newer = releases(tables).select(
        *LIBRARY,
        newest_version="library_version",
        newest_place="place",
        newest_from="released_at",
        newest_until="superseded_at",
    )
    older = with_release(tables).filter(_OUTDATED)
    pairs = join_few(older, newer, on=LIBRARY, how="inner").filter(
        nw.col("newest_place") > nw.col("place"),
        nw.col("moment") >= nw.col("newest_from"),
        nw.col("newest_until").is_null() | (nw.col("moment") < nw.col("newest_until")),
    )
    lost = nw.col("drug").is_null() | nw.col("care_area").is_null()
    counted = tally(pairs, keys, {"numerator": ONE, "lost": lost}).with_columns(nw.lit(1).alias(ALL))
    whole = over(nw.col("numerator").sum(), by).cast(nw.Int64)
    rest = dict.fromkeys(("denominator", "covered", "coverage_of", "unmapped_of"), whole)
    lost_here = over(nw.col("lost").sum(), by).cast(nw.Int64)
    return finish(counted.with_columns(**rest, unmapped=lost_here), keys)


def _update_times(tables: Tables, by: By) -> Frame:
    keys = tuple(dict.fromkeys((*by, *VERSION)))
    taken = nw.col("taken_up_seconds")
    ranked = _taken_up(tables).with_columns(active=nw.len().over(*keys), reached=taken.rank("max").over(*keys))
    # The least time by which so many pumps had it: reached / active >= percent / 100, in whole numbers.
    times = {
        name: nw.when(nw.col("reached") * 100 >= nw.col("active") * percent).then(taken)
        for name, percent in THRESHOLDS.items()
    }
    marked = ranked.with_columns(**times, has_it=(~taken.is_null()).cast(nw.Int64))
    wide = marked.group_by(*keys).agg(
        *(nw.col(name).min() for name in THRESHOLDS), numerator=nw.col("has_it").sum(), denominator=nw.len()
    )
    return _in_days(wide, keys)


def _in_days(wide: Frame, keys: Sequence[str]) -> Frame:
    """Return a row for each threshold, its value in days; null where it has not been reached."""
    held = ("numerator", "denominator")
    long = wide.unpivot(on=list(THRESHOLDS), index=[*keys, *held], variable_name="threshold", value_name="seconds")
    active = nw.col("denominator")
    rest = long.with_columns(
        covered=active, coverage_of=active, unmapped=active - nw.col("numerator"), unmapped_of=active
    )
    whole = rest.with_columns(*(nw.col(name).cast(nw.Int64) for name in COUNTS))
    answered = finish(whole, (*keys, "threshold"), also=("seconds",))
    return answered.with_columns(value=nw.col("seconds").cast(nw.Float64) / SECONDS_A_DAY).drop("seconds")


def _taken_up(tables: Tables) -> Frame:
    """Return each release for each pump that was active after it: seconds until the pump had it, or a newer one."""
    known = releases(tables)
    records = tables.of_kind("library_activated", "started").drop_nulls(list(VERSION))
    pumps = records.group_by(*VERSION, "pump").agg(first=nw.col("moment").min(), last=nw.col("moment").max())
    had = pumps.join(known.select(*VERSION, had_place="place"), how="inner", on=list(VERSION)).drop("library_version")
    pairs = had.join(known, how="inner", on=list(LIBRARY))
    has_it = nw.col("had_place") >= nw.col("place")
    since = pairs.with_columns(since=nw.when(has_it).then(nw.col("first")))
    each = since.group_by(*VERSION, "released_at", "pump").agg(nw.col("since").min(), nw.col("last").max())
    active = each.filter(nw.col("last") >= nw.col("released_at"))
    seconds = _seconds(nw.col("since")) - _seconds(nw.col("released_at"))
    # A pump that had it before the day of release, such as in a pilot, took no time.
    return active.with_columns(taken_up_seconds=nw.when(seconds < 0).then(nw.lit(0)).otherwise(seconds).cast(nw.Int64))


def _seconds(moment: nw.Expr) -> nw.Expr:
    """Return whole seconds on one scale; written out, because not every engine subtracts times."""
    past = moment.dt.year().cast(nw.Int64) - 1
    day = past * 365 + past // 4 - past // 100 + past // 400 + moment.dt.ordinal_day().cast(nw.Int64)
    hours = day * 24 + moment.dt.hour().cast(nw.Int64)
    return (hours * 60 + moment.dt.minute().cast(nw.Int64)) * 60 + moment.dt.second().cast(nw.Int64)


def _mixed(tables: Tables, by: By) -> Frame:
    ran = tables.of_kind("started").filter(nw.col("with_library"))
    keys = tuple(dict.fromkeys((*by, "library_name", "library_version")))
    known = ~nw.col("library_version").is_null()
    versions = tally(ran, keys, {"infusions": ONE, "known": known})
    squares = versions.with_columns(squares=nw.col("known") * nw.col("known"))
    summed = total(squares.select(*by, "infusions", "known", "squares"), by, ("infusions", "known", "squares"))
    square = nw.col("known") * nw.col("known")
    counted = summed.with_columns(
        numerator=square - nw.col("squares"),
        denominator=square,
        covered=nw.col("known"),
        coverage_of=nw.col("infusions"),
        unmapped=nw.col("infusions") - nw.col("known"),
        unmapped_of=nw.col("infusions"),
    )
    return finish(counted, by)


_NEWEST = (
    "The newest version is the one that the register of releases calls released last, of that organisation and library,"
    " when the infusion started; without a register, a version was released when a pump first activated it or started"
    " an infusion on it."
)
_SHARES = "infusions with the library whose version is known to have been released, of all with the library"
_LOST = "infusions with the library whose version is not known or was never released, of all with the library"
VERSIONS = (
    Question(
        id="outdated-infusions",
        title="Infusions on an outdated library",
        definition=f"Of the infusions started with the library, the share not on the newest version. {_NEWEST}",
        numerator="infusions started on another version than the newest",
        denominator="infusions started with the library on a version that was released",
        source="Hsu 2019 (16 % or more in each of three hospitals); another hospital 31 %",
        coverage=_SHARES,
        unmapped=_LOST,
        by_release=True,
        answering=_outdated,
    ),
    Question(
        id="library-currency",
        title="Library currency",
        definition=f"Of the infusions started with the library, the share on the newest version. {_NEWEST}",
        numerator="infusions started on the newest version",
        denominator="infusions started with the library on a version that was released",
        source="the complement of outdated infusions",
        coverage=_SHARES,
        unmapped=_LOST,
        by_release=True,
        answering=_currency,
    ),
    Question(
        id="outdated-pairs",
        title="Outdated infusions, by version and newest version",
        definition=(
            "Of the infusions on an outdated library, the share that ran on one version while another was the newest;"
            f" replaying both over them shows which alerts this changed. {_NEWEST}"
        ),
        numerator="infusions on this version while that one was the newest",
        denominator="infusions on an outdated library",
        source="our own",
        keys=("library_name", "library_version", "newest_version"),
        by_release=True,
        answering=_pairs,
    ),
    Question(
        id="update-times",
        title="Days until pumps have a release (t50, t80, t95)",
        definition=(
            "For each release, the days until 50, 80 and 95 % of the active pumps had it or a newer version. A pump is"
            " active for a release if it activated that library, or started an infusion on it, at or after the release;"
            " it has a version from its first activation, or first infusion, on it. Not reached: not known."
        ),
        numerator="active pumps that have the release or a newer version by the end of the log",
        denominator="active pumps",
        unit="days",
        source="Hsu 2019 (6 days or more to 50 %, 15 or more to 80 %)",
        unmapped="active pumps that do not have it yet",
        dimensions=("organisation",),
        keys=(*VERSION, "threshold"),
        by_release=True,
        answering=_update_times,
    ),
    Question(
        id="mixed-versions",
        title="Mixed-version index",
        definition=(
            "One less the sum of the squared shares of the library versions that infusions were started on: the chance"
            " that two infusions, drawn with replacement, ran on different versions. 0: all on one."
        ),
        numerator="pairs of infusions on different versions",
        denominator="pairs of infusions with the library whose version is known",
        unit="index",
        source="1 less the sum of squared shares, by area",
        coverage="infusions with the library whose version is known, of all with the library",
        unmapped="infusions with the library whose version is not known, of all with the library",
        dimensions=tuple(name for name in ANY if name != "library_version"),
        answering=_mixed,
    ),
)
