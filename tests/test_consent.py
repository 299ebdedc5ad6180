"""Before a turn that takes long: the question, its answers, and drafts shown first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from nbagent.conversation import choices
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError, UnknownClip
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import Job, Progress, Take
from tests.test_session import fake_frames, say

pytestmark = pytest.mark.phrases

BALL = "a red ball on the beach"


def render(session: Session, reply: Reply, seconds: float = 400.0) -> None:
    """Put the takes' clips into the store as if they had taken that long."""
    session.render(reply)
    for take in reply.takes:
        took(session.ledger, take, seconds)
    session.close_turn(reply)


def took(ledger: Ledger, take: Take, seconds: float) -> None:
    fake_frames(ledger, take)
    artifact = ledger.artifact(take.id)
    assert artifact is not None
    ledger.put_artifact(take.id, replace(artifact, seconds_rendered=seconds))


def last_plan(session: Session) -> dict[str, object]:
    turn = session.ledger.turns.of(session.settings.conversation)[-1]
    return dict(turn.plan or {})


def test_nothing_is_asked_without_a_history(session: Session) -> None:
    assert say(session, BALL, "one").takes


def test_a_long_turn_asks_with_its_numbers_and_starts_nothing(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    reply = say(session, "a cat on the beach", "two", takes=2)
    assert (reply.takes, reply.parts) == ((), ())
    assert reply.answer is not None
    assert "\n" not in reply.answer
    for said in ("13 min", "800 device-seconds", "2 takes", "'draft'", "--yes"):
        assert said in reply.answer
    assert last_plan(session)["consents"] == ["yes", "draft", "no"]


@pytest.mark.parametrize("word", ["yes", "Yes, please.", "ja", "好", "네"])
def test_yes_starts_the_turn_that_asked_in_its_own_place(
    session: Session, word: str
) -> None:
    render(session, say(session, BALL, "one"))
    say(session, "a cat on the beach", "two", seed=7, size=(256, 256))
    reply = say(session, word, "three")
    (take,) = reply.takes
    assert (take.seed, take.request) == (7, "a cat on the beach")
    turns = session.ledger.turns.of(session.settings.conversation)
    assert [(t.text, t.cell_id) for t in turns][1:] == [("a cat on the beach", "two")]
    assert turns[-1].options["yes"] is True


def test_after_yes_all_cells_run_again_give_the_same_names(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    say(session, "a cat on the beach", "two")
    render(session, say(session, "yes", "three"))
    names = [row.name for row in session.rows()]
    render(session, say(session, BALL, "one"))
    again = say(session, "a cat on the beach", "two")
    assert again.takes  # it is there already, and costs nothing
    render(session, again)
    assert [row.name for row in session.rows()] == names == ["c1", "c2"]


def test_a_draft_instead(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    say(session, "a cat on the beach", "two", final=True)
    (take,) = say(session, "a draft instead", "three").takes
    assert take.quality == "draft"


def test_no_leaves_it(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    say(session, "a cat on the beach", "two")
    reply = say(session, "no", "three")
    assert (reply.takes, reply.answer) == ((), "cancelled: nothing will be rendered")
    assert [row.name for row in session.rows()] == ["c1"]


def test_a_draft_is_not_offered_a_draft(session: Session) -> None:
    render(session, say(session, BALL, "one", draft=True))
    reply = say(session, "a cat on the beach", "two", draft=True)
    assert "draft" not in (reply.answer or "")
    assert last_plan(session)["consents"] == ["yes", "no"]


def test_another_turn_in_between_lets_the_question_go(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    say(session, "a cat on the beach", "two")
    say(session, "what seed has c1?", "three")
    assert not say(session, "yes", "four").takes


def test_with_yes_on_the_line_or_no_limit_nothing_is_asked(session: Session) -> None:
    render(session, say(session, BALL, "one"))
    assert say(session, "a cat on the beach", "two", yes=True).takes
    assert "800 s" in session.choose(choices.limit(800))
    assert say(session, "a dog on the beach", "three").takes
    session.choose(choices.limit(300))
    assert not say(session, "a pig on the beach", "four").takes
    session.choose(choices.limit(0))
    assert say(session, "a cow on the beach", "five").takes


def test_where_nobody_can_answer_the_turn_fails_with_the_line(session: Session) -> None:
    render(session, say(session, BALL))
    with pytest.raises(SpecError, match="--yes"):
        say(session, "a cat on the beach")
    with pytest.raises(UnknownClip):
        session.clip("c2")
    assert say(session, "yes").takes  # somebody was there after all


def test_a_clip_that_was_to_be_changed_is_still_the_one_after_yes(
    session: Session,
) -> None:
    render(session, say(session, BALL, "one"))
    render(session, say(session, "a cat on the beach", "two", yes=True))
    session.choose(choices.limit(10))
    session.hear("at night", {}, cell_id="three", target=session.clip("c1"))
    (take,) = say(session, "yes", "four").takes
    assert take.parents == (session.record.take("c1").id,)


def test_what_it_took_and_was_expected_to_take_is_told(session: Session) -> None:
    reply = say(session, BALL, "one")
    job = session.ledger.jobs.add(
        session.ledger.add_take(reply.takes[0]), reply.turn_id, "final", 38.0
    )
    render(session, reply, 41.0)
    session.ledger.jobs.record(job, "done")
    told = say(session, "how long did c1 take to render?", "two").answer
    assert told is not None
    assert "c1 took 41.0 s, expected 38.0 s" in told
    assert "expected" not in (say(session, "what is c1?", "three").answer or "")


def test_a_like_of_other_steps_is_expected_by_its_steps(session: Session) -> None:
    (take,) = say(session, BALL, "one").takes
    session.ledger.add_take(take)
    took(session.ledger, take, 100.0)
    half = replace(take, num_inference_steps=take.num_inference_steps // 2, seed=1)
    assert session.estimate([half]) == pytest.approx(50.0)
    assert session.estimate([replace(take, num_frames=32, seed=1)]) is None


class Steps:
    """An engine whose jobs go on when they are told to; it renders ramps."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[Job, Callable[[Progress], None]]] = {}
        self.cancelled: list[str] = []

    def lacks(self) -> str:
        return ""

    def submit(self, job: Job, listener: Callable[[Progress], None]) -> None:
        self.jobs[job.take.quality] = (job, listener)

    def step(self, quality: str, step: int) -> None:
        job, listener = self.jobs[quality]
        listener(Progress(job=job.id, state="running", phase="denoise", step=step))

    def finish(self, ledger: Ledger, quality: str) -> None:
        job, listener = self.jobs[quality]
        fake_frames(ledger, job.take)
        ledger.jobs.record(job.id, "done")
        listener(Progress(job=job.id, state="done"))

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    def keep(self, job_id: str) -> None:
        del job_id

    def pause(self, job_id: str) -> None:
        del job_id

    def resume(self, job_id: str) -> None:
        del job_id

    def preview(self, job_id: str) -> bytes | None:
        return job_id.encode()

    def reattach(
        self, jobs: Iterable[Job], listener: Callable[[Progress], None]
    ) -> None:
        del jobs, listener

    def queue(self) -> tuple[str, ...]:
        return ()

    def reorder(self, job_ids: Sequence[str]) -> None:
        del job_ids

    def close(self) -> None:
        pass


def test_the_draft_of_a_long_final_is_shown_first(settings: Settings) -> None:
    engine = Steps()
    session = Session(settings=replace(settings, draft_above_s=50), engine=engine)
    render(session, say(session, BALL, "one"), 100.0)
    reply = say(session, "a cat on the beach", "two")
    rendering = session.render(reply)
    told: list[Progress] = []
    rendering.start(lambda _index, progress: told.append(progress))
    assert engine.jobs["draft"][0].lane == "interactive"
    assert engine.jobs["draft"][0].take.seed == reply.takes[0].seed

    engine.step("draft", 1)
    assert (told[-1].message, told[-1].has_draft) == ("a draft first", False)
    assert rendering.preview(0) == engine.jobs["draft"][0].id.encode()
    engine.finish(session.ledger, "draft")
    assert (told[-1].state, told[-1].has_draft) == ("queued", True)
    draft = session.ledger.artifact(engine.jobs["draft"][0].take.id)
    assert draft is not None
    assert draft.video is not None
    assert rendering.clip_bytes(0) == session.ledger.path(draft.video).read_bytes()
    engine.step("final", 1)
    assert told[-1].has_draft
    assert rendering.preview(0) == engine.jobs["final"][0].id.encode()
    engine.finish(session.ledger, "final")
    rendering.wait()
    assert rendering.clip_bytes(0) == session.clip("c2").path.read_bytes()
    # The clip is the one that it would be without a draft.
    plain = say(session, "a cat on the beach", "two", yes=True).takes
    assert plain == reply.takes
    session.close()


def test_a_cancel_stops_the_draft_too(settings: Settings) -> None:
    engine = Steps()
    session = Session(settings=replace(settings, draft_above_s=50), engine=engine)
    render(session, say(session, BALL, "one"), 100.0)
    rendering = session.render(say(session, "a cat on the beach", "two"))
    rendering.start(lambda _index, _progress: None)
    engine.step("draft", 1)
    rendering.cancel(0)
    jobs = {engine.jobs[quality][0].id for quality in ("draft", "final")}
    assert set(engine.cancelled) == jobs
    session.close()


def test_short_turns_and_drafts_have_no_draft(session: Session) -> None:
    render(session, say(session, BALL, "one"), 100.0)
    assert say(session, "a cat on the beach", "two").drafts
    assert not say(session, "a cat on the beach", "two", steps=20).drafts
    assert not say(session, "a cat on the beach", "two", draft=True).drafts
    session.settings = replace(session.settings, draft_above_s=0)
    assert not say(session, "a cat on the beach", "two").drafts
