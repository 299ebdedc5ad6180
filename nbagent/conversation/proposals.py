"""A language model's plan: it acts only with the user's yes.

The reader reads the user's own words. What a model's plan does beyond that reading
(rendering, stopping, writing a file) is asked first, and after a yes the plan is carried
out as it was shown: the model is not asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.acts.base import Act
from nbagent.acts.plan import Plan, Proposal
from nbagent.conversation import answers
from nbagent.conversation.consent import Consent, asked, told
from nbagent.conversation.control import STATUS
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.llm import is_firm
from nbagent.conversation.reply import Reply
from nbagent.errors import SpecError
from nbagent.language.state import State
from nbagent.ledger import Turn
from nbagent.settings import Settings

_ANSWERS: Final[tuple[Consent, ...]] = ("yes", "no")
# What makes one clip cost more than another of the same words.
_COSTS: Final = ("count", "duration_s", "width", "height", "fps", "quality")


def weighed(plan: Plan, own: Plan, state: State) -> Plan:
    """Return a model's plan with what it does beyond the reader's reading of the turn.

    A variable is its target only if the reader found it in the turn: what is looked at
    in the notebook is not the model's to choose.

    Args:
        plan: The model's.
        own: The reader's of the same turn.
        state: What both were read against.
    """
    named = {*own.mentions, *own.targets, *(clip.ref for clip in state.clips)}
    targets = tuple(name for name in plan.targets if name in named)
    plan = replace(plan, targets=targets, mentions=own.mentions, unknown=own.unknown)
    if plan.intent == "ask":
        plan = replace(plan, readings=own.readings)
    assert plan.proposal is not None
    proposal = replace(plan.proposal, beyond=tuple(_beyond(plan, own)))
    return replace(plan, proposal=proposal)


def _beyond(plan: Plan, own: Plan) -> Iterator[str]:
    firm = is_firm(own)
    if plan.makes and not (firm and own.needs_device and not _is_dearer(plan, own)):
        yield "render"  # if it costs nothing, nothing is asked
    if plan.control is not None and plan.control.action != "status":
        is_own = firm and own.control == plan.control and own.targets == plan.targets
        if not is_own:
            yield plan.control.action
    yield from (act.action for act in plan.then if not firm or act not in own.then)


def _is_dearer(plan: Plan, own: Plan) -> bool:
    """Return whether a plan states numbers, sizes or lengths that another does not."""
    if plan.intent == "storyboard" != own.intent or len(plan.scenes) > len(own.scenes):
        return True
    if any(
        plan.settings.get(key) not in (None, own.settings.get(key)) for key in _COSTS
    ):
        return True
    return any(act not in own.acts for act in plan.acts if _lengthens(act))


def _lengthens(act: Act) -> bool:
    """Return whether an act asks for more than another picture: takes, length, size."""
    if act.cost != "diffusion":
        return False
    return act.does != "shot" or act.renews or act.kind == "quality"


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
    action = (plan.control or STATUS).action
    return _question(reply, f"{action} {' and '.join(plan.targets) or 'everything'}")


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
        doing += f", then {' and '.join(act.action for act in plan.then)}"
    if seconds:
        doing += f", about {told(seconds)} here"
    return replace(_question(reply, doing), takes=(), parts=())


def waiting(turn: Turn | None, words: str) -> Proposal | None:
    """Return the model's plan for which a turn of these words waits for a yes."""
    if turn is None or turn.text != words or not asked(turn):
        return None
    kept = (turn.plan or {}).get("proposal")
    return Proposal(by=kept["by"], draft=kept["draft"]) if kept else None


def taken(proposal: Proposal, state: State) -> Plan:
    """Return the plan of a proposal that the user said yes to.

    Raises:
        SpecError: If it holds no more, since a clip is gone that it names.
    """
    from nbagent.conversation.drafts import PlanDraft, to_plan

    try:
        draft = PlanDraft.model_validate(dict(proposal.draft))
        return replace(to_plan(draft, state), proposal=proposal)
    except ValueError as error:
        line = " ".join(str(error).split())[:200]
        raise SpecError(
            f"what {proposal.by} proposed is no longer possible ({line}): say the"
            " turn again"
        ) from error


def _question(reply: Reply, doing: str) -> Reply:
    assert reply.plan.proposal is not None
    answer = (
        f"{reply.plan.proposal.by} reads this as: {doing}. Say 'yes' to go on, 'no'"
        " to drop it, or begin the turn with --yes (%nbagent trust on lets a"
        " language model act without asking)"
    )
    plan = replace(reply.plan, intent="ask", consents=_ANSWERS)
    return replace(reply, plan=plan, answer=answer)
