"""A language model's plan: it acts only with the user's yes.

The router reads the user's own words. What a model's plan does beyond that reading
(rendering, stopping, writing a file) is asked first, and after a yes the plan is carried
out as it was shown: the model is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.conversation import answers
from nbagent.conversation.consent import Consent, asked, told
from nbagent.conversation.control import act_of
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.llm import is_firm
from nbagent.acts.plan import EditKind, Plan, Proposal
from nbagent.conversation.reply import Reply
from nbagent.language.state import State
from nbagent.errors import SpecError
from nbagent.ledger import Turn
from nbagent.settings import Settings

_ANSWERS: Final[tuple[Consent, ...]] = ("yes", "no")
# What makes one clip cost more than another of the same words.
_COSTS: Final = ("count", "duration_s", "scenes", "size", "fps", "quality")
_LENGTHENS: Final[frozenset[EditKind]] = frozenset({"extend", "length", "quality"})


def weighed(plan: Plan, own: Plan, words: str) -> Plan:
    """Return a model's plan with what it does beyond the user's words.

    Args:
        plan: The model's.
        own: The router's reading of the same turn.
        words: The turn.
    """
    assert plan.proposal is not None
    firm = is_firm(own)
    beyond: list[str] = [act for act in plan.then if not firm or act not in own.then]
    is_own = firm and own.needs_device and not _is_dearer(plan, own)
    if plan.makes and not is_own:  # if it costs nothing, nothing is asked
        beyond.insert(0, "render")
    if plan.intent == "control":
        act = act_of(words, plan)
        is_own = firm and own.intent == "control" and act_of(words, own) == act
        # Without a target it is about all of them.
        if act != "status" and not (is_own and plan.targets == own.targets):
            beyond.insert(0, act)
    return replace(plan, proposal=replace(plan.proposal, beyond=tuple(beyond)))


def needs_yes(
    plan: Plan,
    options: Mapping[str, Any],
    settings: Settings,
    *,
    at_once: bool = False,
) -> bool:
    """Return whether the user is to be asked before a plan is carried out.

    Args:
        plan: Of the turn.
        options: From the magic's line; `yes` is a yes to whatever it is.
        settings: May let a language model act.
        at_once: Whether nothing is rendered: only control acts do anything then.
    """
    if plan.proposal is None or not plan.proposal.beyond or settings.llm_acts:
        return False
    if at_once:
        return plan.intent == "control" and "yes" not in options
    return "yes" not in options and "dry_run" not in options


def before_acting(reply: Reply) -> Reply:
    """Return a question in place of what is done at once: stopping, saving."""
    plan = reply.plan
    act = act_of(reply.words, plan)
    return _question(reply, f"{act} {' and '.join(plan.targets) or 'everything'}")


def before_rendering(reply: Reply, estimates: Estimates) -> Reply:
    """Return a question in place of takes, unless they cost nothing and nothing else."""
    plan = reply.plan
    assert plan.proposal is not None
    seconds = estimates.total((*reply.parts, *reply.takes))
    if seconds == 0 and plan.proposal.beyond == ("render",):
        return reply
    shown = "; ".join(dict.fromkeys(repr(take.prompt) for take in reply.takes))
    doing = answers.does(plan, reply.takes)
    if plan.intent == "animate_image" and plan.targets:
        doing += f", {' and '.join(plan.targets)}"
    doing += f" ({shown})"
    if len(reply.takes) > 1:
        doing += f", {len(reply.takes)} clips"
    if plan.then:
        doing += f", then {' and '.join(plan.then)}"
    if seconds:
        doing += f", about {told(seconds)} here"
    return replace(_question(reply, doing), takes=(), parts=())


def waiting(turn: Turn | None, words: str) -> Proposal | None:
    """Return the model's plan for which a turn of these words waits for a yes."""
    if turn is None or turn.text != words or not asked(turn):
        return None
    kept = (turn.plan or {}).get("proposal")
    return Proposal(by=kept["by"], draft=kept["draft"]) if kept else None


def taken(proposal: Proposal, words: str, state: State) -> Plan:
    """Return the plan of a proposal that the user said yes to.

    Raises:
        SpecError: If it holds no more, since a clip is gone that it names.
    """
    from nbagent.conversation.drafts import PlanDraft, to_plan

    try:
        draft = PlanDraft.model_validate(dict(proposal.draft))
        return replace(to_plan(draft, words, state), proposal=proposal)
    except ValueError as error:
        line = " ".join(str(error).split())[:200]
        raise SpecError(
            f"what {proposal.by} proposed cannot be done any more ({line}): say the"
            " turn again"
        ) from error


def _question(reply: Reply, doing: str) -> Reply:
    assert reply.plan.proposal is not None
    answer = (
        f"{reply.plan.proposal.by} reads this as: {doing}. Say 'yes' to go on, 'no' to"
        " leave it, or begin the turn with --yes (%nbagent trust on lets a language"
        " model act without asking)"
    )
    plan = replace(reply.plan, intent="ask", consents=_ANSWERS)
    return replace(reply, plan=plan, answer=answer)


def _is_dearer(plan: Plan, own: Plan) -> bool:
    """Return whether a plan states numbers, sizes or lengths that another does not."""
    if plan.intent == "storyboard" != own.intent:
        return True
    if any(plan.slots.get(key) not in (None, own.slots.get(key)) for key in _COSTS):
        return True
    lengths = [edit.args for edit in own.edits if edit.kind in _LENGTHENS]
    return any(
        edit.kind in _LENGTHENS and edit.args not in lengths for edit in plan.edits
    )
