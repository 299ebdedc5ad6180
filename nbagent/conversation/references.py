"""What a turn is about: "it", "c1", "the second one", "@name", words of a caption.

Deterministic. Names win over ordinals, ordinals over words of captions, and those over
the latest clip. Nothing here raises: a name that nothing carries is listed by
`unknown_names`, for the session to refuse with one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nbagent.conversation import lexicon, variables
from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.plan import EditKind, Intent
from nbagent.conversation.state import SHOWN, ClipInfo, State, Variable
from nbagent.conversation.stems import STOP, content_words, stem, stems

Target = str | tuple[str, ...] | None
_I: Final = re.IGNORECASE
_BESIDE: Final = 80  # letters
_MARKED: Final = frozenset({"str", "list"})  # types of what a turn names with @ alone

_CLIP_NAME: Final = re.compile(r"(?<![\w@])@?(?:clip|c|clip )(\d+)(?!\w)", _I)
_ORDINALS: Final[tuple[tuple[int, re.Pattern[str]], ...]] = tuple(
    (index, re.compile(words, _I))
    for index, words in (
        (
            1,
            r"\bmiddle (?:one|take|clip|version)|\bsecond\b(?! (?:half|of|longer|earlier|later|at))|\b2nd\b|zweite[rnsm]?\b"
            r"|\bsegund[oa]\b(?! más)|두\s?번째|둘째|第二",
        ),
        (2, r"\bthird\b|\b3rd\b|dritte[rnsm]?\b|\btercer[oa]?\b|세\s?번째|셋째|第三"),
        (3, r"\bfourth\b|\b4th\b|vierte[rnsm]?\b|\bcuart[oa]\b|네\s?번째|넷째|第四"),
        (4, r"\bfifth\b|\b5th\b|fünfte[rnsm]?\b|\bquint[oa]\b|다섯\s?번째|第五"),
        (
            0,
            r"\bfirst\b|\b1st\b|erste[rnsm]?\b|\bprimer[oa]?\b|첫\s?번?째|처음\s?(?:것|거|버전|영상)"
            r"|第一|\boriginal\b|最初|最开始",
        ),
    )
)
# "the first 2 seconds" is a span of the clip, not the first clip.
_NOT_ORDINAL: Final = re.compile(
    rf"\b(?:first|second|third|last|final|opening)\s+(?:\w+\s+)?(?:{NUMBER}\s+)?"
    r"(?:seconds?|half|secs?|frames?|part|bit|moments?|minutes?|quarter|third)\b"
    r"|\b(?:a|per|one|each|every|half a|the last|last|another|this) second\b"
    r"|\b(?:erste[nr]?|letzte[nr]?)\s+(?:\w+\s+)?(?:Sekunden?|Hälfte)"
    r"|\b(?:primer|últim)[oa]s?\s+(?:\w+\s+)?(?:segundos?|mitad)|\bat first\b|\bfirst of all\b"
    r"|처음 \d*\s?\w*\s?초|第一秒|\bfirst[- ]person\b",
    _I,
)
_PREVIOUS: Final = re.compile(
    r"\b(?:previous|earlier|prior)\b|\b(?:one|version|clip|take|video) before\b|"
    r"\bbefore (?:that|this|the last)|\banterior\b|vorherig|vorige|이전|그 전|上一|前一|之前的",
    _I,
)
_LAST: Final = re.compile(
    r"\b(?:last|latest|newest|most recent) (?:one|clip|version|take|video|result|picture|"
    r"image|scene|render)\b|\bthe (?:last|latest)$|\bletzte[rns]?\b|\búltim[oa]\b|마지막|最后一个|最新",
    _I,
)
_NUMBERED: Final = re.compile(
    rf"\b(?:take|number|no\.?|version|variant|option|clip|shot|scene|panel|#|nr\.?|toma|"
    rf"szene|escena|variante)\s*#?\s*({NUMBER})|#(\d+)|({NUMBER})\s?번|第\s?({NUMBER})\s?(?:个|场|幕|版|段|镜)?",
    _I,
)
_SCENE: Final = re.compile(
    r"\b(?:scenes?|panels?|shots?|escenas?|szenen?)\b|장면|컷|场景|场|幕|镜头", _I
)
_ALL: Final = re.compile(
    r"\b(?:all(?: (?:of )?(?:them|the|these|those|\w+))?|every(?:thing| one| clip| take)|"
    r"each of|tod[oa]s|alle[ns]?)\b|모두|모든|전부|全部|所有|都",
    _I,
)
_NOT_ALL: Final = re.compile(r"\ball (?:the )?(?:way|over|right|good|in)\b", _I)
_THEM: Final = re.compile(r"\b(?:them|of)\b|모두|전부|全部|所有|都", _I)
_BOTH: Final = re.compile(
    r"\b(?:both|the two|these two|those two|the other two|between them|them together|"
    r"the (?:clips|videos|takes|versions)|two (?:clips|videos|takes|versions)|each other|"
    r"amb[oa]s|los dos|las dos|beide[nrs]?|die zwei)\b|둘 (?:다|중|을|이)|두 (?:영상|클립|개|비디오|버전)|"
    r"两个|两段|两者|这两|俩",
    _I,
)
_OTHER: Final = re.compile(
    r"\bthe other\b|\bel otro\b|\bandere[nrs]?\b|다른 (?:것|거|영상)|另一个", _I
)
_UNCUT: Final = re.compile(
    r"\b(?:full|whole|entire|complete|uncut|untrimmed) (?:one|clip|version|take|video)\b"
    r"|\b(?:das|den) ganzen? |\b(?:entero|completo)\b|完整|전체 (?:영상|버전|클립)",
    _I,
)
_SUPERLATIVE: Final = re.compile(r"\b(longest|shortest)\b", _I)
_THIS_PLOT: Final = re.compile(
    r"\b(?:this|that)\s+(?:plot|chart|graph|figure|diagram|picture|image)\b"
    r"|\bthe\s+(?:plot|chart|graph|figure|diagram|picture|image)\s+above\b",
    _I,
)
_PLOT: Final = re.compile(r"\b(?:plot|chart|graph|diagram)s?\b", _I)
_POINTER: Final = re.compile(
    r"\b(?:one|clips?|versions?|takes?|videos?|ones|shots?|picture|image|vídeo|versión|fassung|bild)\b"
    r"|영상|버전|클립|것|거\b|那个|这个|视频|版本",
    _I,
)


def resolve(
    text: str, intent: Intent, kinds: Iterable[EditKind], state: State
) -> Target:
    """Return the clip or variable that a turn is about, several, or None.

    >>> one = ClipInfo(ref="c1", caption="a lantern"), ClipInfo(ref="c2", caption="a horse")
    >>> resolve("paint the horse black", "refine", ["recolor"], State(clips=one[::-1]))
    'c2'
    """
    kinds = set(kinds)
    named = _named(text, state)
    if intent in ("chat", "ask"):
        return None
    if intent in ("generate_video", "generate_image", "storyboard"):
        return _collapse(named) if "@" in text else None
    if named:
        return _collapse(named)
    if intent == "analyze":
        return _collapse(variables.data_target(text, state))
    if intent == "animate_image":
        if shown := shown_picture(text, state):
            return shown
        return _collapse(variables.picture_target(text, state))
    if intent == "describe":
        fits_clip = caption_matches(text, state) > 0
        if picture := variables.described_picture(text, state, fits_clip=fits_clip):
            return picture
    return _undo(text, state) if "undo" in kinds else _clip(text, intent, kinds, state)


def unknown_names(text: str, state: State) -> tuple[str, ...]:
    """List clips that a turn names and nothing carries.

    An unknown `@name` stays as it was typed, unless it looks like a clip.
    """
    known = {c.ref.lower() for c in state.clips} | {
        v.name.lower() for v in state.variables
    }
    known |= {scene.lower() for c in state.clips for scene in c.scenes}
    names = (m[0].lstrip("@").replace(" ", "") for m in _CLIP_NAME.finditer(text))
    return tuple(
        dict.fromkeys(
            n for n in names if n.lower() not in known and _by_number(n, state) is None
        )
    )


def caption_matches(text: str, state: State) -> int:
    """Count the content words of a turn that captions of clips have."""
    words = set(content_words(text)) | set(lexicon.english_nouns(text))
    said = {w for c in state.clips for w in content_words(_said_of(c))}
    return len({stem(w) for w in words} & {stem(w) for w in said})


def shown_picture(text: str, state: State) -> str | None:
    """Return what a cell showed last, if a turn says "this plot".

    So it is too where no cell has shown a plot, and nothing else here is one: "this
    plot" is none of the clips.
    """
    found = _THIS_PLOT.search(text)
    if found is None:
        return None
    if any(v.name == SHOWN for v in state.variables):
        return SHOWN
    if not _PLOT.search(found[0]) or variables.figures(state):
        return None
    told = " ".join(_said_of(clip) for clip in state.clips)
    return None if _PLOT.search(told) else SHOWN


def clips_named(text: str, state: State) -> tuple[str, ...]:
    """Return the clips that a turn calls by their names, in order."""
    known = {clip.ref for clip in state.clips}
    known |= {scene for clip in state.clips for scene in clip.scenes}
    return tuple(name for name in _named(text, state) if name in known)


def names_in(text: str, state: State) -> list[tuple[int, int, Variable]]:
    """List variables named in a turn with their places, in order."""
    found: list[tuple[int, int, Variable]] = []
    for variable in state.variables:
        # A variable may be called `a`; "add a moon" is not about it. Nor is "a red
        # ball" about a string `red`, which only stands for its words.
        is_word = variable.name.lower() in STOP or variable.type in _MARKED
        at = "@" if is_word else "@?"
        # Korean particles follow a name without a space.
        pattern = rf"(?<![\w.]){at}{re.escape(variable.name)}(?![A-Za-z0-9_])"
        found += [
            (m.start(), m.end(), variable)
            for m in re.finditer(pattern, text, 0 if len(variable.name) < 3 else _I)
        ]
    return sorted(found, key=lambda item: item[:2])


def _collapse(refs: list[str]) -> Target:
    unique = tuple(dict.fromkeys(refs))
    return None if not unique else unique[0] if len(unique) == 1 else unique


def _named(text: str, state: State) -> list[str]:
    """List what the turn calls by name, in order."""
    found: list[tuple[int, str]] = [(at, v.name) for at, _, v in names_in(text, state)]
    taken = {at for at, _ in found}
    for match in _CLIP_NAME.finditer(text):
        name = match[0].lstrip("@").replace(" ", "")
        ref = next((c.ref for c in state.clips if c.ref.lower() == name.lower()), None)
        ref = ref or _by_number(name, state)
        if ref and match.start() not in taken:
            found.append((match.start(), ref))
    listed = {ref for _, ref in found}
    refs = {ref for clip in state.clips for ref in (clip.ref, *clip.scenes)}
    for match in re.finditer(r"(?<![\w@])@?(\w+)", text):
        # Refs of any other form ("board1", "img2", "shot_a").
        if match[1] in refs - listed:
            listed.add(match[1])
            found.append((match.start(), match[1]))
    return list(dict.fromkeys(ref for _, ref in sorted(found)))


def _by_number(name: str, state: State) -> str | None:
    """Read "clip 2" where refs are spelt c2, and the other way round."""
    digits = re.sub(r"\D", "", name)
    return next(
        (c.ref for c in state.clips if re.fullmatch(rf"c(?:lip)?{digits}", c.ref)), None
    )


def _pool(text: str, intent: Intent, state: State) -> list[ClipInfo]:
    """Return the clips that can be meant."""
    clips = list(state.clips)
    if intent == "control":
        stopping = re.search(
            r"\b(?:cancel|stop|abort|pause|kill|halt|status|progress|how far|how long|running|"
            r"rendering|done|ready|finished|wait|queue|eta)\b|취소|중단|멈|남았|걸|됐|진행|取消|停|"
            r"进度|多久|好了|cancela|para\b|detén|cómo va|falta|fertig|wie weit|abbrech|stopp|pausier|"
            r"brich",
            text,
            _I,
        )
        active = [c for c in clips if c.is_active]
        if stopping and active:
            return active
    return clips


def _said_of(clip: ClipInfo) -> str:
    parts = (
        clip.caption,
        clip.user,
        clip.style or "",
        clip.quality or "",
        *clip.captions,
    )
    return " ".join(parts)


def _clip(text: str, intent: Intent, kinds: set[EditKind], state: State) -> Target:
    """Return the clip or clips that are meant without a name."""
    pool = _pool(text, intent, state)
    if not pool:
        return None
    several = intent == "describe" or "blend" in kinds
    found = _pointed(text, pool, several=several)
    if "blend" in kinds and len(found) < 2:
        found = _pair(found, pool)
    return _collapse(found) if found else pool[-1].ref


def _pointed(text: str, pool: list[ClipInfo], *, several: bool) -> list[str]:
    """Find what scenes, groups, captions and ordinals point at, in this order."""
    plain = _NOT_ORDINAL.sub(" ", text)
    if found := _scene(plain, pool) or _all_of(plain, pool):
        return found
    matched = _by_caption(text, pool)
    if several and len(matched) > 1:
        return matched
    if found := _both(plain, pool) or (_compared(plain, pool) if several else []):
        return found
    return _counted(plain, pool) or matched[:1] or _relative(plain, pool)


def _scene(text: str, pool: list[ClipInfo]) -> list[str]:
    board = next((c for c in reversed(pool) if c.kind == "storyboard"), None)
    index = _index(text)
    if not board or index is None or not _SCENE.search(text):
        return []
    inside = -len(board.scenes) <= index < len(board.scenes)
    return [board.scenes[index] if inside else board.ref]


def is_one_scene(text: str, state: State) -> bool:
    """Return whether a turn is about one scene of a storyboard that was made."""
    named = _SCENE.findall(text)
    return len(named) == 1 and bool(_scene(text, list(state.clips)))


def _all_of(text: str, pool: list[ClipInfo]) -> list[str]:
    if len(pool) < 2 or not _ALL.search(text) or _NOT_ALL.search(text):
        return []
    if not (_POINTER.search(text) or _THEM.search(text)):
        return []
    group = _group(pool)
    members = group if len(group) > 1 and group[-1] is pool[-1] else pool
    return [c.ref for c in members]


def _both(text: str, pool: list[ClipInfo]) -> list[str]:
    if len(pool) < 2 or not _BOTH.search(text):
        return []
    group = _group(pool)
    return [c.ref for c in (group if len(group) == 2 else pool)[-2:]]


def _counted(text: str, pool: list[ClipInfo]) -> list[str]:
    index = _index(text)
    if index is None:
        return []
    group = _group(pool)
    members = group if len(group) > max(index, 1) and pool[-1] in group else pool
    inside = -len(members) <= index < len(members)
    return [members[index].ref] if inside else []


def _relative(text: str, pool: list[ClipInfo]) -> list[str]:
    if len(pool) > 1 and (_PREVIOUS.search(text) or _OTHER.search(text)):
        return [pool[-2].ref]
    if _UNCUT.search(text):
        return [_uncut(pool).ref]
    timed = [c for c in pool if c.duration_s]
    if timed and (found := _SUPERLATIVE.search(text)):
        pick = max if found[1].lower() == "longest" else min
        return [pick(timed, key=lambda c: c.duration_s or 0).ref]
    return []


def _uncut(pool: list[ClipInfo]) -> ClipInfo:
    """Return the longest clip that the latest one was cut from, or the latest."""
    by_ref = {clip.ref: clip for clip in pool}
    longest = clip = pool[-1]
    while clip.parent in by_ref:
        clip = by_ref[clip.parent]
        if (clip.duration_s or 0) > (longest.duration_s or 0):
            longest = clip
    return longest


def _compared(text: str, pool: list[ClipInfo]) -> list[str]:
    """Return the last two clips where the turn compares without naming them."""
    compares = re.search(
        r"\b(?:compar|differ|which (?:of|one|clip|take|is)|what changed|versus|vs\.?\b|changed "
        r"between|unterschied|diferencia|cuál de)|차이|비교|区别|不同|哪个|比较",
        text,
        _I,
    )
    if not compares or len(pool) < 2:
        return []
    counted = sorted(i for i, words in _ORDINALS if words.search(text))
    if len(counted) > 1 and counted[-1] < len(pool):
        return [pool[i].ref for i in counted]
    group = _group(pool)
    members = group if len(group) > 1 and pool[-1] in group else pool[-2:]
    return [c.ref for c in members]


def _pair(found: list[str], pool: list[ClipInfo]) -> list[str]:
    rest = [c.ref for c in pool if c.ref not in found]
    return [*found, *rest][:2] if found else rest[-2:]


def _group(pool: list[ClipInfo]) -> list[ClipInfo]:
    name = next((c.group for c in reversed(pool) if c.group), None)
    return [c for c in pool if name and c.group == name]


def _index(text: str) -> int | None:
    """Read "the second one", "take 3", "number two": an index, -1 for the last."""
    numbered = _NUMBERED.search(text)
    if numbered:
        number = int(to_number(next(g for g in numbered.groups() if g)))
        return number - 1 if number else None
    for index, words in _ORDINALS:
        if words.search(text):
            return index
    return -1 if _LAST.search(text) else None


def _by_caption(text: str, pool: list[ClipInfo]) -> list[str]:
    """Find clips by words that only their captions have, best first or in order said.

    A word of time, weather or colour says what to change more often than which clip,
    unless it stands before "one", "clip", "version". So does a word of a turn that
    changed a clip: after "slower", another "slower" is not about that clip.
    """
    said = {c.ref: stems(_said_of(c)) for c in pool}
    shown = {c.ref: stems(c.caption) if c.parent else said[c.ref] for c in pool}
    facets = (lexicon.TIMES, lexicon.WEATHER, lexicon.COLOURS)
    order: list[tuple[float, int, str]] = []
    words = [(m.start(), m[0].lower()) for m in re.finditer(r"[^\W\d_]{2,}", text)]
    nouns = lexicon.english_nouns(text)
    low = text.lower()
    words += [
        (low.find(k), noun)
        for noun in nouns
        for k, e in lexicon.NOUNS.items()
        if e == noun and k in low
    ]
    scores: dict[str, float] = {}
    at_first: dict[str, int] = {}
    for at, word in words:
        if word in STOP:
            continue
        # What stands beside it: no more, or a long turn would cost its square.
        before = text[max(at - _BESIDE, 0) : at].lower().rstrip()
        after = text[at + len(word) : at + len(word) + _BESIDE].lstrip()
        pointed = re.match(r"(?:\w+\s+)?(?:one|clip|version|take|video)\b", after, _I)
        known = said if pointed else shown
        holders = [c.ref for c in pool if stem(word) in known[c.ref]]
        if not holders or len(holders) == len(pool):
            continue
        weight = (
            1.0
            if re.search(r"\b(?:the|that|my|your|der|die|das|den|el|la|los)$", before)
            else 0.6
        )
        if pointed:
            weight = 2.0
        elif any(lexicon.first(table, word) for table in facets):
            weight = 0.1
        elif re.search(r"\b(?:an?|some|with|into|to|like|in|on|at|add)$", before):
            weight *= 0.4
        for ref in holders:
            scores[ref] = scores.get(ref, 0.0) + weight / len(holders)
            at_first.setdefault(ref, at)
    latest = {c.ref: i for i, c in enumerate(pool)}
    if not scores or max(scores.values()) < 0.29:
        return []
    best = max(scores.values())
    order = [
        (at_first[r], -latest[r], r) for r, s in scores.items() if s >= 0.59 * best
    ]
    top = max((s, latest[r], r) for r, s in scores.items())[2]
    ordered = [ref for _, _, ref in sorted(order)]
    return (
        ordered
        if len(ordered) > 1 and ordered[0] == top
        else [top, *(r for r in ordered if r != top)]
    )


def _undo(text: str, state: State) -> str | None:
    """Return the clip to go back to: the parent of the latest, unless one is named."""
    latest = state.latest
    if latest is None:
        return None
    plain = _NOT_ORDINAL.sub(" ", text)
    root = re.search(
        r"\b(?:original|first|start(?:ed)?|beginning|very first|initial)\b|erste|ursprüng|"
        r"original|primer|처음|원래|원본|최초|第一|最初|原来|原版",
        plain,
        _I,
    )
    if root:
        clip = latest
        while clip.parent and (parent := state.clip(clip.parent)):
            clip = parent
        if clip is not latest:
            return clip.ref
        return state.clips[0].ref
    index = _index(plain)
    if index is not None and 0 <= index < len(state.clips):
        return state.clips[index].ref
    if latest.parent:
        return latest.parent
    return state.clips[-2].ref if len(state.clips) > 1 else latest.ref
