"""A course of a roll-out as bytes, so that it can be gone on with tomorrow."""

import hashlib
from dataclasses import replace

import msgspec

from openinfusion.core.errors import SenderError
from openinfusion.fleet.rollout.course import Course


def keep_course(course: Course) -> bytes:
    """Return a course as JSON; its plan is in it, so that nobody changes the rules on the way."""
    return msgspec.json.format(msgspec.json.encode(course), indent=1) + b"\n"


def mark_of(course: Course) -> str:
    """Return what a second person agrees to, as a digest: this plan, at this ring, proven since this moment."""
    return hashlib.sha256(keep_course(replace(course, agreed_by=None, halted=()))).hexdigest()


def recall_course(data: bytes, *, where: str) -> Course:
    """
    Return the course that was kept.

    Raises:
        SenderError: it is damaged, or something else.

    """
    try:
        course = msgspec.json.decode(data, type=Course)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SenderError(where=where, found=str(error), expected="a course, as 'fleet begin' writes it") from None
    if not 0 < len(course.opened) <= len(course.plan.rings):
        found = f"{len(course.opened)} rings opened of {len(course.plan.rings)}"
        raise SenderError(where=where, found=found, expected="a course, as 'fleet begin' writes it")
    return course
