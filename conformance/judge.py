"""
Judge a dose-limit engine: ``python conformance/judge.py -- COMMAND ...``.

Runs the command, writes one request per line to it, compares each answer with vectors.jsonl and prints a table of
groups. Exit code 0: everything agrees; 1: something differs; 2: the engine could not be judged. See PROTOCOL.md.
Python's standard library is all it needs.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TIMEOUT = 600
Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, and return the exit code."""
    parser = argparse.ArgumentParser(description="Judge a dose-limit engine by the vectors beside this file.")
    parser.add_argument("--group", help="judge this group only")
    parser.add_argument("--details", type=int, default=10, help="how many differences to print (10)")
    parser.add_argument("--vectors", type=Path, default=HERE / "vectors.jsonl")
    parser.add_argument("--library", type=Path, default=HERE / "library.json")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- followed by the engine and its arguments")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("no engine: python conformance/judge.py -- COMMAND ...")
    vectors = [json.loads(line) for line in options.vectors.read_text("utf-8").splitlines()]
    vectors = [vector for vector in vectors if options.group in (None, vector["group"])]
    answers = ask(command, vectors, options.library)
    if isinstance(answers, str):
        print(answers, file=sys.stderr)
        return 2
    differences = {v["id"]: differ(v, answer) for v, answer in zip(vectors, answers, strict=True)}
    report(vectors, differences, options.details)
    return int(any(differences.values()))


def ask(command: Sequence[str], vectors: Sequence[Json], library: Path) -> list[Json] | str:
    """Return one answer per vector, or a text that says why there are none."""
    requests = "".join(json.dumps(request(vector, library)) + "\n" for vector in vectors)
    try:
        done = subprocess.run(command, input=requests.encode(), stdout=subprocess.PIPE, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the engine could not be run: {error}"
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode != 0:
        return f"the engine ended with exit code {done.returncode}; expected 0"
    if len(lines) != len(vectors):
        return f"the engine answered {len(lines)} of {len(vectors)} requests; expected one line for each"
    return [read_answer(line) for line in lines]


def request(vector: Json, library: Path) -> Json:
    """What is sent: never what is expected."""
    sent = {"id": vector["id"], "library": str(library.resolve()), "programme": vector["programme"]}
    return {**sent, **({"rate_resolution": vector["rate_resolution"]} if "rate_resolution" in vector else {})}


def read_answer(line: str) -> Json:
    """A line as an object; what is not one is an answer that differs."""
    try:
        answer = json.loads(line)
    except ValueError:
        return {"unreadable": line[:80]}
    return answer if isinstance(answer, dict) else {"unreadable": line[:80]}


def differ(vector: Json, answer: Json) -> list[str]:
    """How an answer differs from what is expected, in words; an empty list where it agrees."""
    if "decision" not in answer:
        return [f"no verdict: {json.dumps(answer)[:200]}"]
    found, expect = [], vector["expect"]
    if answer.get("id", vector["id"]) != vector["id"]:
        found.append(f"answer to {answer['id']!r} in the place of {vector['id']!r}")
    if answer["decision"] != expect["decision"]:
        found.append(f"decision {answer['decision']!r}, expected {expect['decision']!r}")
    mine, theirs = (sorted(map(plain_finding, side.get("findings", []))) for side in (expect, answer))
    if mine != theirs:
        found.append(f"findings {theirs}, expected {mine}")
    derived = answer.get("derived", {})
    for name, quantity in expect["derived"].items():
        got = derived.get(name)
        if got is None or plain(got) != plain(quantity):
            found.append(f"derived {name} {got}, expected {quantity}")
    return found


def plain_finding(finding: Json) -> str:
    """A finding as text that can be compared: exact numbers, and only what the protocol compares."""
    said = [str(finding.get("parameter")), str(finding.get("limit") or finding.get("problem"))]
    if finding.get("limit"):
        said += [str(plain(finding.get(name))) for name in ("attempted", "bound")]
        said += [str(exact(finding.get("ratio"))), "by rounding" if finding.get("by_rounding") else "exactly"]
    return " | ".join(said)


def plain(quantity: Any) -> tuple[object, object]:
    """A quantity as an exact number and a unit, or what stands there instead."""
    if not isinstance(quantity, dict):
        return (repr(quantity), "")
    return (exact(quantity.get("value")), quantity.get("unit"))


def exact(text: Any) -> object:
    """An exact number from decimal text or a fraction; a JSON number is no exact number."""
    try:
        return Fraction(text) if isinstance(text, str) else f"not text: {text!r}"
    except (ValueError, ZeroDivisionError):
        return f"not a number: {text!r}"


def report(vectors: Sequence[Json], differences: dict[str, list[str]], details: int) -> None:
    """Print pass and fail by group, then the first differences with their reasons."""
    groups: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for vector in vectors:
        groups[vector["group"]][bool(differences[vector["id"]])] += 1
    print(f"{'group':32} {'pass':>6} {'fail':>6}")
    for name, (passed, failed) in groups.items():
        print(f"{name:32} {passed:6} {failed:6}")
    failed = sum(map(bool, differences.values()))
    print(f"{'total':32} {len(vectors) - failed:6} {failed:6}")
    wrong = [vector for vector in vectors if differences[vector["id"]]]
    for vector in wrong[:details]:
        print(f"\n{vector['id']} {vector['group']}: {vector['reason']}")
        print(f"  programme {json.dumps(vector['programme'])}")
        for difference in differences[vector["id"]]:
            print(f"  {difference}")
    if len(wrong) > details:
        print(f"\n... and {len(wrong) - details} more (--details N shows more)")


if __name__ == "__main__":
    sys.exit(main())
