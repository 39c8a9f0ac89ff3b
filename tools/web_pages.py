"""
Every page of the web application, each with its picture in the documents: one table.

Add a line for a page of yours: the name of its picture, its address at the furnished example trust
(tests/web/furnished.py), who looks at it (the name before the @ of their address), and one sentence that says what it
is for. `make screenshots` takes the pictures; tests/web/test_browser_every_page.py asks axe about each page of the
table, fits each into 320 px and enlarges it. tests/web/test_every_page.py compares the table with the addresses that
the application has: a page that is missing here fails there.
"""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path("docs/images/web")
_TRUST = "/example-trust"
_LIBRARY = f"{_TRUST}/libraries/adult"
_FENTANYL = "adult-critical-care-a-general--fentanyl--continuous--analgesia-and-sedation--2.5-mg-in-50-ml"
_FLEET, _ROLLOUTS = f"{_TRUST}/fleet", f"{_TRUST}/rollouts"
_CHANGES, _DRAFT = f"{_TRUST}/changes", f"{_TRUST}/drafts/CR-2026-003"
NOBODY = ""
"""Who has not signed in."""


class Shown(NamedTuple):
    """One page; ``is_for_phones`` is whether a second picture shows it at the width of a phone."""

    name: str
    address: str
    who: str
    sentence: str
    is_for_phones: bool = False


class Chapter(NamedTuple):
    """Pages that belong together."""

    title: str
    pages: tuple[Shown, ...]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "Signing in, and one's own account",
        (
            Shown("sign-in", "/account/login/", NOBODY, "Where everybody begins.", is_for_phones=True),
            Shown(
                "sign-in-refused-elsewhere",
                "/account/elsewhere/error/",
                NOBODY,
                "What is said when the trust's own sign-in did not work.",
            ),
            Shown(
                "sign-in-cancelled-elsewhere",
                "/account/elsewhere/cancelled/",
                NOBODY,
                "What is said when somebody stopped signing in at their trust.",
            ),
            Shown("account-inactive", "/account/inactive/", NOBODY, "What a closed account is told."),
            Shown(
                "password-forgotten",
                "/account/password/reset/",
                NOBODY,
                "A mail with a link, for whoever forgot their password.",
            ),
            Shown(
                "password-mail-sent",
                "/account/password/reset/done/",
                NOBODY,
                "What is said whether the account is there or not.",
            ),
            Shown(
                "password-link-used", "/account/password/reset/key/1-x/", NOBODY, "A link that was used, or is too old."
            ),
            Shown(
                "password-set-anew",
                "/account/password/reset/key/done/",
                NOBODY,
                "The password is set; sign in with it.",
            ),
            Shown(
                "me", "/account/me", "champion", "Who you are here, and the duties that you hold.", is_for_phones=True
            ),
            Shown("password-change", "/account/password/change/", "reader", "A new password."),
            Shown("second-factors", "/account/2fa/", "reader", "The ways in which you show that it is you."),
            Shown("passkeys", "/account/2fa/webauthn/", "reader", "The passkeys of an account."),
            Shown(
                "show-that-it-is-you",
                "/account/reauthenticate/",
                "reader",
                "Asked again before something grave, and at every signature.",
            ),
        ),
    ),
    Chapter(
        "Reading libraries",
        (
            Shown(
                "libraries",
                f"{_TRUST}/libraries",
                "author",
                "What waits for you, and the libraries of an organisation, each with where it stands.",
                is_for_phones=True,
            ),
            Shown(
                "timeline",
                _LIBRARY,
                "reader",
                "The versions of a library: who, when, why, and what each changed in numbers.",
            ),
            Shown(
                "difference",
                f"{_LIBRARY}/differences/1/2",
                "checker",
                "What changed between two versions, gravest first.",
            ),
            Shown(
                "note",
                f"{_LIBRARY}/2/note",
                "champion",
                "One page for nurses: what is different, and what to do.",
                is_for_phones=True,
            ),
            Shown(
                "entries",
                f"{_LIBRARY}/2?q=fent",
                "reader",
                "The entries of a version; three letters find one.",
                is_for_phones=True,
            ),
            Shown(
                "entry",
                f"{_LIBRARY}/2/entries/{_FENTANYL}",
                "author",
                "An entry: limits, sources, findings, decisions, history.",
                is_for_phones=True,
            ),
            Shown("drugs", f"{_LIBRARY}/2/drugs", "reader", "The drugs of a version from A to Z, and its care areas."),
            Shown(
                "drug",
                f"{_LIBRARY}/2/drugs/morphine",
                "champion",
                "One drug side by side in every care area that has it.",
            ),
            Shown(
                "findings",
                f"{_LIBRARY}/2/findings",
                "author",
                "What the rules of review found, gravest first; each leads to its entry and to a change.",
            ),
            Shown(
                "sheet",
                f"{_LIBRARY}/2/areas/theatres/sheet",
                "champion",
                "Everything that one care area's pumps hold, for paper.",
            ),
        ),
    ),
    Chapter(
        "Importing and reading back",
        (
            Shown(
                "imports",
                f"{_TRUST}/imports",
                "author",
                "A vendor's file is handed in; those that were, and what became of them.",
            ),
            Shown("import-layout", f"{_TRUST}/imports/3", "author", "A file whose layout nobody knows yet."),
            Shown(
                "import-columns",
                f"{_TRUST}/imports/3/columns",
                "author",
                "The columns of such a file are chosen once, and kept.",
            ),
            Shown(
                "import-text",
                f"{_TRUST}/imports/3/text",
                "author",
                "The same layout as a file, for whoever prefers to write it.",
            ),
            Shown(
                "import-look",
                f"{_TRUST}/imports/2",
                "author",
                "What will be made, and every cell that is not simply read.",
            ),
            Shown(
                "import-confirm",
                f"{_TRUST}/imports/2/confirm",
                "author",
                "Each loss is agreed to, and the file becomes a library or a draft.",
            ),
            Shown(
                "import-done",
                f"{_TRUST}/imports/1",
                "author",
                "What was made of it, what review finds in it, and what comes next.",
            ),
            Shown(
                "read-backs",
                f"{_TRUST}/libraries/small/1/read-backs",
                "author",
                "What the vendor's editor holds now is handed in, to be compared.",
            ),
            Shown(
                "read-back",
                f"{_TRUST}/read-backs/1",
                "checker",
                "Each difference between the editor and the approved library, with its cell.",
            ),
        ),
    ),
    Chapter(
        "Changing a library",
        (
            Shown(
                "changes",
                f"{_CHANGES}/",
                "mso",
                "The change requests of an organisation, those first that wait for you.",
            ),
            Shown(
                "propose",
                f"{_CHANGES}/new?library=adult&entry={_FENTANYL}",
                "author",
                "A change begins: what, why, how soon.",
            ),
            Shown(
                "change",
                f"{_CHANGES}/CR-2026-003",
                "author",
                "A request in draft: where it stands, and what comes next.",
            ),
            Shown("change-words", f"{_CHANGES}/CR-2026-003/words", "author", "Why, from which sources, for whom."),
            Shown(
                "change-triage",
                f"{_CHANGES}/CR-2026-002",
                "mso",
                "The same page for the safety officer, whose turn it is.",
                is_for_phones=True,
            ),
            Shown(
                "change-hidden",
                f"{_CHANGES}/CR-2026-001",
                "checker",
                "The same page for the checker, from whom the new values are hidden.",
            ),
            Shown(
                "check",
                f"{_CHANGES}/CR-2026-001/check",
                "checker",
                "The blind check: each value is worked out from the sources.",
            ),
            Shown(
                "gates",
                f"{_CHANGES}/CR-2026-002/gates",
                "cso",
                "The release gates, each with what keeps it closed and whose it is.",
            ),
            Shown(
                "in-force",
                f"{_CHANGES}/in-force?library=adult&drug=fentanyl&at=2026-11-29T12:00",
                "mso",
                "Which limit was in force when, who approved it, and what was open.",
            ),
            Shown("draft", _DRAFT, "author", "What a draft changes so far."),
            Shown(
                "draft-entry",
                f"{_DRAFT}/entries/{_FENTANYL}",
                "author",
                "An entry is edited: values as they are said, findings beside them.",
                is_for_phones=True,
            ),
            Shown("draft-new-entry", f"{_DRAFT}/entries/new", "author", "An entry from an empty form."),
            Shown("draft-drugs", f"{_DRAFT}/masters/drugs", "author", "The drugs that the entries speak of."),
            Shown(
                "draft-drug",
                f"{_DRAFT}/masters/drugs/morphine",
                "author",
                "One drug: its names, whether it is high-alert.",
            ),
            Shown(
                "draft-bulk",
                f"{_DRAFT}/bulk",
                "author",
                "Many entries at once, with a preview before anything is kept.",
            ),
        ),
    ),
    Chapter(
        "Agreeing, and following a national library",
        (
            Shown("discrepancies", f"{_TRUST}/consensus/", "reader", "What sources and care areas do not agree on."),
            Shown(
                "compare",
                f"{_TRUST}/consensus/compare/november-2018?drug=fentanyl&attribute=concentration",
                "author",
                "Sources side by side, each difference with its class.",
            ),
            Shown(
                "raise",
                f"{_TRUST}/consensus/raise/adult?drug=morphine&attribute=continuous+concentration",
                "author",
                "A difference is put to those whom it concerns.",
            ),
            Shown(
                "discrepancy",
                f"{_TRUST}/consensus/DR-2026-001",
                "committee",
                "Positions by role and area, the decision, and the dissent word for word.",
            ),
            Shown(
                "hazard",
                f"{_TRUST}/consensus/hazards/1",
                "cso",
                "A decision not to standardise opened a hazard again: no release before another control is verified.",
            ),
            Shown("national", f"{_TRUST}/national/", "author", "Which library follows which national one."),
            Shown(
                "adoption",
                f"{_TRUST}/national/adult",
                "author",
                "Each row of the national library, and what became of it here.",
            ),
            Shown(
                "adoption-row",
                f"{_TRUST}/national/adult/rows/1",
                "author",
                "National beside local, each deviation with its reason.",
            ),
            Shown(
                "adoption-issue",
                f"{_TRUST}/national/adult/issues/2",
                "author",
                "A new national issue: before, after, and what we have.",
            ),
            Shown(
                "adoption-begin",
                f"{_TRUST}/national/begin/november-2018/2",
                "author",
                "A library begins to follow a national one.",
            ),
            Shown(
                "deviations",
                f"{_TRUST}/national/adult/deviations",
                "author",
                "Our deviations, to be told back without names of people.",
            ),
        ),
    ),
    Chapter(
        "Pumps",
        (
            Shown(
                "fleet",
                f"{_FLEET}/",
                "mdso",
                "How the pumps stand: how many are proven current, and why the others are not.",
                is_for_phones=True,
            ),
            Shown("fleet-wards", f"{_FLEET}/wards", "champion", "The same by ward, with the ports that fell silent."),
            Shown("fleet-pumps", f"{_FLEET}/pumps?state=stale", "engineer", "The pumps that stand in one way."),
            Shown(
                "fleet-pump",
                f"{_FLEET}/pumps/urn:pump:example:0148",
                "engineer",
                "One pump: what it proved, what it was given, and what happened to it.",
                is_for_phones=True,
            ),
            Shown(
                "fleet-work",
                f"{_FLEET}/work",
                "engineer",
                "What there is to do about pumps, ward by ward, and who has it.",
                is_for_phones=True,
            ),
            Shown("fleet-work-print", f"{_FLEET}/work/print", "engineer", "The same for paper, one ward on a page."),
            Shown("fleet-work-closed", f"{_FLEET}/work/closed", "engineer", "Work that proof closed."),
            Shown("fleet-find", f"{_FLEET}/find?asset=nothing", "engineer", "An asset number that no pump here has."),
            Shown(
                "rollouts",
                f"{_ROLLOUTS}/",
                "engineer",
                "Roll-outs from ring to ring: planned, under way, halted.",
            ),
            Shown(
                "rollout",
                f"{_ROLLOUTS}/fentanyl-by-fixed-concentration/",
                "mso",
                "A canary is proven, and a second person is asked to agree.",
                is_for_phones=True,
            ),
            Shown("rollout-halted", f"{_ROLLOUTS}/ketamine-ceiling/", "cso", "A roll-out that somebody halted."),
            Shown("rollout-written", f"{_ROLLOUTS}/library-of-december/", "engineer", "A plan that may begin."),
            Shown("rollout-new", f"{_ROLLOUTS}/new", "engineer", "A roll-out is planned in a form."),
            Shown("rollout-plan", f"{_ROLLOUTS}/library-of-december/plan", "engineer", "A plan is changed."),
            Shown("claims", f"{_TRUST}/claims/", "engineer", "What vendors' servers say of pumps: claims, no proof."),
            Shown("claims-file", f"{_TRUST}/claims/1", "mdso", "What one such file says, held against proof."),
            Shown(
                "network",
                f"{_TRUST}/network/",
                "engineer",
                "Ports and access points that were tested, with the pumps that each silences.",
                is_for_phones=True,
            ),
            Shown(
                "it-health",
                f"{_TRUST}/it-health/",
                "engineer",
                "The machinery: each figure with its limit, and what to do.",
            ),
        ),
    ),
    Chapter(
        "People, records, tokens",
        (
            Shown("people", f"{_TRUST}/people", "informatics", "Who holds which duty."),
            Shown("people-add", f"{_TRUST}/people/add", "informatics", "A person is added with their first duty."),
            Shown(
                "person",
                f"{_TRUST}/people/4",
                "informatics",
                "One person: duties held and ended, and how they sign in.",
            ),
            Shown("audit", f"{_TRUST}/audit/", "mso", "Every act, in a chain that cannot be changed unseen."),
            Shown("tokens", f"{_TRUST}/tokens/", "informatics", "What other systems may do here."),
            Shown(
                "token-new",
                f"{_TRUST}/tokens/new",
                "informatics",
                "A token for one system, with what it may do and until when.",
            ),
            Shown("refusal", f"{_TRUST}/people", "reader", "A page that is not yours says whose it is."),
        ),
    ),
)
PAGES = tuple(one for chapter in CHAPTERS for one in chapter.pages)

NOT_SHOWN = {
    "health": "for machines",
    "library:start": "leads on to the libraries of one's organisation",
    "library:differences": "leads on to the difference that was asked for",
    "library:line": "a drawing, which stands on the page of its entry",
    "account_logout": "a form that is only sent, from the head of every page",
    "account_set_password": "for whoever has no password; otherwise leads on to the change of it",
    "mfa_authenticate": "only between a password and a second factor; in the stories of signing in",
    "mfa_reauthenticate": "only with a second factor; in the stories of signing in",
    "sign_in_again": "leads on to signing in",
    "consensus:decision": "a form that is only sent; after a signature it leads on",
    "mfa_activate_totp": "only after showing again who you are; in the stories of signing in",
    "mfa_add_webauthn": "only after showing again who you are; in the stories of signing in",
    "mfa_deactivate_totp": "only with an authenticator app; in the stories of signing in",
    "mfa_view_recovery_codes": "only with a second factor; in the stories of signing in",
    "mfa_generate_recovery_codes": "only with a second factor; in the stories of signing in",
    "mfa_download_recovery_codes": "a file",
    "mfa_remove_webauthn": "only with a passkey; in the stories of signing in",
    "mfa_edit_webauthn": "only with a passkey; in the stories of signing in",
    "mfa_reauthenticate_webauthn": "for the script of a passkey",
    "mfa_login_webauthn": "for the script of a passkey",
    "openid_connect_login": "leads on to the trust's own sign-in",
    "openid_connect_callback": "leads on from the trust's own sign-in",
    "changes:file": "a file",
    "fleet:report": "a file",
    "health:figures": "for machines",
    "changes:read_back_file": "a file",
    "drafts:merge": "only while two people edit one entry; in the stories of editing",
    "drafts:bulk_preview": "the answer to a form; in the stories of editing",
    "imports:layout_file": "a file",
    "imports:differences": "a file",
    "imports:export": "a file",
    "national:download": "a file",
}
"""Addresses without a picture of their own, each with the reason. Forms that are only sent need none."""

STILL_TO_BE_TAKEN = (
    "workbench:",
    "insight:",
    "changes:read_back",
    "changes:read_backs",
    "drafts:newest",
    "drafts:findings",
    "imports:again",
)
"""Pages, or whole applications of them, that are newer than the pictures; each leaves this list for the table."""


def page() -> str:
    """Return the page that shows every picture with its sentence."""
    lines = [
        "# Pages of the web application",
        "",
        "*Generated from `tools/web_pages.py`; do not edit.* The pictures show the example trust (not for",
        "clinical use) with something going on in it; `make screenshots` takes them, with the application and a",
        "browser running. Each page has no violation that axe finds, and is read without scrolling sideways at 320 px.",
        "",
    ]
    for chapter in CHAPTERS:
        lines += [f"## {chapter.title}", ""]
        for one in chapter.pages:
            whose = f"As `{one.who}`" if one.who else "Without signing in,"
            lines += [f"### {one.name.replace('-', ' ').capitalize()}", ""]
            lines += [f"{one.sentence} {whose} at `{one.address}`.", ""]
            lines += [
                line for name, words in pictures_of(one) for line in (f"![{words}](../images/web/{name}.png)", "")
            ]
    return "\n".join(lines)


def pictures_of(one: Shown) -> list[tuple[str, str]]:
    """Return the names of a page's pictures, each with what it shows."""
    narrow = [(f"{one.name}-phone", f"{one.sentence.rstrip('.')}, on a phone.")] if one.is_for_phones else []
    return [(one.name, one.sentence), *narrow]
