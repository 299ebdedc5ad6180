"""Say any English prompt in the words that pocket was taught, and tell what was lost.

A word outside its world is replaced by the nearest inside, or left out; both are
reported, so that no guess is silent. Never imports numpy or torch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nbagent.pocket import vocabulary as words

# nearest taught word: what it stands for
_TABLE: Final = """
cat: cats kittens kitties feline tabby
dog: dogs puppies hound poodle corgi beagle wolf wolves coyote bulldog retriever
fish: fishes goldfish shark sharks salmon tuna clownfish
bird: birds sparrow robin pigeon dove parrot seagull gull crow raven swallow eagle hawk
owl: owls
rabbit: rabbits bunnies hare
turtle: turtles tortoises
frog: frogs toad
elephant: elephants mammoth
monkey: monkeys gorilla chimpanzee chimp orangutan
pig: pigs boar piglets
cow: cows bull ox buffalo calf
horse: horses ponies donkey zebra unicorn mule stallion
penguin: penguins
butterfly: butterflies moth
bee: bees wasp insect bug ladybug
snail: snails slug
crab: crabs lobster crayfish
octopus: octopuses squid jellyfish
whale: whales dolphin dolphins orca
lion: lions tiger tigers leopard cheetah panther jaguar
panda: pandas bears koala
fox: foxes raccoon
dinosaur: dinosaurs dragon dragons brontosaurus lizard crocodile
chicken: chickens rooster hens turkey
duck: ducks ducklings duckling goose swan geese
ghost: ghosts spirit phantom
robot: robots android droid cyborg
alien: aliens extraterrestrial
snowman: snowmen
car: cars taxi cab suv jeep vehicle sedan van truck limousine
bus: buses coach tram trolley
bicycle: bicycles bikes cyclist motorcycle motorbike scooter
train: trains railway subway
airplane: airplanes planes jet jets aircraft glider airliner
helicopter: helicopters chopper drone
rocket: rockets spaceships spacecraft shuttle missile
boat: boats ships yacht ferry canoe sailboats
tractor: tractors bulldozer digger
ufo: ufos saucers
balloon: balloons blimp zeppelin
apple: apples fruit
banana: bananas
pizza: pizzas
cake: cakes cupcake pie
flower: flowers rose tulip daisy blossom sunflowers
tree: oak pine palm
mushroom: mushrooms toadstool
house: houses home cottage hut cabin building
ball: balls marble orb globe basketball football bubble
cube: cubes boxes block dice crate
star: stars
heart: hearts
red: crimson scarlet maroon ruby
orange: brown copper bronze amber
yellow: golden gold
green: lime emerald olive
blue: turquoise teal cyan navy azure
purple: lilac magenta lavender
pink: rosy
white: ivory cream silver
sea: lake river pond pool bay seas
beach: coast seaside shoreline sand island
meadow: garden park lawn prairie farm countryside hill hills fields grassland valley
desert: dune sahara savanna savannah
snow: mountains mountain arctic winter glacier ice
city: streets cities tokyo paris london downtown skyscrapers skyline
forest: jungle rainforest wood
space: galaxy cosmos universe
sky: heaven skies
sunset: sunrise dawn twilight sundown
night: midnight nighttime moonlight
day: morning midday afternoon sunny
slowly: leisurely lazily
quickly: swiftly speedily hurriedly
walking: strolling marching wandering tiptoeing stepping
walks: strolls marches wanders
running: racing dashing sprinting galloping chasing
runs: races dashes sprints gallops
flying: soaring gliding hovering
flies: soars glides hovers
swimming: diving
spinning: dancing pirouetting swirling revolving
spins: dances pirouettes swirls revolves
shaking: jittering quivering buzzing
shakes: jitters quivers buzzes
bouncing: dribbling
bounces: dribbles
jumping: springing vaulting
jumps: springs vaults
falling: tumbling plunging descending
falls: tumbles plunges descends
rising: ascending lifting launching
rises: ascends lifts launches
climbing: climb
growing: swelling enlarging
grows: swells enlarges
shrinking: dwindling
shrinks: dwindles
sitting: waiting sleeping lying napping
sits: waits sleeps lies naps
"""
# Base forms, as after "make it" and "let it": the taught form of the same verb.
_BASES: Final = """
jump: jumps
bounce: bounces
hop: hops
leap: leaps
spin: spins
rotate: rotates
twirl: twirls
orbit: orbits
grow: grows
shrink: shrinks
shake: shakes
tremble: trembles
wiggle: wiggles
wobble: wobbles
vibrate: vibrates
fall: falls
drop: drops
sink: sinks
rise: rises
climb: climbs
walk: walks
run: runs
fly: flies
swim: swims
sail: sails
drive: drives
roll: rolls
crawl: crawls
float: floats
slide: slides
drift: drifts
ride: rides
cross: crosses
go: goes
move: moves
expand: expands
rest: rests
sit: sits
stand: stands
"""
_FILLERS: Final = frozenset(
    "some his her their your my our who which where when then now just so very really "
    "little small big large great huge nice beautiful cute lovely pretty happy funny old "
    "young new scene shot view image photo footage animation render make create generate "
    "draw want would like i we you me us let s m re be being was were has have had can "
    "will all every two three several many few lot lots or but for up down out off back "
    "along toward towards past near around inside under behind between".split()
)
# Words of English that are one slip away from a taught word, and mean something else.
_OTHERS: Final = frozenset(
    (
        "applies bars bats beards beers beets bids bikers bleach bloc boast boasts "
        "boxers breach brow bushes cabs cane carb carbs cards cares carte carts "
        "casing cast casts chats chip cites coat coats cost cram crown cubs cues "
        "curate dancers derive derives dessert dive dives domes done dose doses drawn "
        "dries driven drivers drove drown ducking dues fats feast filed files flat "
        "flats fling foes gong gravy growl grown harem hart haven hear hears hearth "
        "heat heats hoops hopes hoping hose inspect jest lager laps launchers laying "
        "leapt likes lines lives lunches martin money month mourning mouth movers "
        "movie movies nigh non norm ounce pain pains pairs pane pants parish piazza "
        "plan planet planets planning plans pound psalm rabbi racers racking raiding "
        "raise raises raising rave reset riders ridge ridges rinse risen risking root "
        "roots roster rotting rouse ruins sake salon sauces saying says seal seals "
        "seam seams sears seat seats seed selling sells shaken shoe shoot short shout "
        "side sides siding sill sins sites skiers skis slid sore spine spines spits "
        "spitting stair stairs stare stares stark start starts stem stink stinking "
        "stinks strand strands stream suits tees threes tier tiers tramp treble tuck "
        "tuning violent waist waiter waking whit wits zoos"
    ).split()
)


def _read(table: str) -> dict[str, str]:
    rows = (line.split(": ") for line in table.strip().splitlines())
    return {word: near for near, said in rows for word in said.split()}


_NEAREST: Final = _read(_TABLE)
_BASE_FORMS: Final = dict(line.split(": ") for line in _BASES.strip().splitlines())


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A prompt in taught words, and what became of the others.

    Attributes:
        prompt: What pocket reads.
        replaced: Pairs of a word and the nearest taught one.
        lost: Words that are left out: nothing in the world is near them.
        unpainted: Nouns whose colour is left out: pictures have their own.
        mended: Pairs of a word that is none, and the word that it was read as.
    """

    prompt: str
    replaced: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    unpainted: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()


def hear(prompt: str) -> Heard:
    """Say a prompt in taught words.

    >>> hear("a tiger juggling on the beach").prompt
    'a lion on the beach'
    >>> hear("a tiger juggling on the beach").lost
    ('juggling',)
    >>> hear("a red bal at sunst").mended
    (('bal', 'ball'), ('sunst', 'sunset'))
    >>> hear("a cat, the camera zooming in, at night").prompt
    'a cat, the camera zooming in, at night'
    """
    kept: list[str] = []
    replaced: dict[str, str] = {}
    lost: dict[str, None] = {}
    unpainted: dict[str, None] = {}
    mended: dict[str, str] = {}
    for piece in re.findall(r"[^\W\d_]+|[,.;:!?]", prompt.lower()):
        if not piece[0].isalpha():
            _drop_tail(kept, words.STOP_WORDS)
            if kept and kept[-1] != ",":
                kept.append(",")
            continue
        taught = _taught(piece)
        if taught is None and (meant := _mended(piece)):
            mended[piece] = meant
            piece, taught = meant, _taught(meant)
        if taught is None:
            if piece not in _FILLERS:
                lost[piece] = None
                # "with a hat" goes as a whole, not only the hat
                _drop_tail(kept, words.STOP_WORDS)
            continue
        if taught != piece and piece not in _BASE_FORMS:
            replaced[piece] = taught
        if taught in words.EMOJI and kept and kept[-1] in words.COLOURS:
            kept.pop()
            unpainted[taught] = None
        kept.append(taught)
    _drop_tail(kept, words.STOP_WORDS | {","})
    text = " ".join(kept).replace(" ,", ",")
    return Heard(
        prompt=re.sub(
            r"\ba(?= [aeio])", "an", re.sub(r"\ban(?= [^aeiou\W])", "a", text)
        ),
        replaced=tuple(replaced.items()),
        lost=tuple(lost),
        unpainted=tuple(unpainted),
        mended=tuple(mended.items()),
    )


def _taught(word: str) -> str | None:
    if word in words.KNOWN_WORDS:
        return word
    plural = _NEAREST.get(f"{word}s")  # "two horses gallop"
    return _NEAREST.get(word) or _BASE_FORMS.get(word) or plural


def _mended(typed: str) -> str | None:
    """Return the one word that a word with a slip was meant as, or None.

    A slip is two neighbours swapped, or a letter lost or added; the first letter holds.
    Of three letters only a double one is lost: "bal", not "cot".
    """
    if typed in _FILLERS or typed in _OTHERS:
        return None
    found = {
        word
        for word in _MEANT.get(typed, ())
        if len(typed) > 3 or (len(typed) == 3 and _loses_double(typed, word))
    }
    found |= {typed[:i] + typed[i + 1 :] for i in range(1, len(typed))} & _MENDABLE
    if len({_taught(word) for word in found}) > 1:
        return None
    return min(found, default=None)


def _loses_double(typed: str, word: str) -> bool:
    return len(word) == 4 and any(
        word[i] == word[i - 1] and word[:i] + word[i + 1 :] == typed
        for i in range(1, 4)
    )


def _slips(word: str) -> set[str]:
    """Return what a word becomes if a letter is lost or two neighbours are swapped."""
    lost = {word[:i] + word[i + 1 :] for i in range(1, len(word))}
    pairs = range(1, len(word) - 1)
    return lost | {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in pairs}


_MENDABLE: Final = frozenset(
    word
    for word in {*words.KNOWN_WORDS, *_NEAREST, *_BASE_FORMS} - words.STOP_WORDS
    if len(word) > 3
)


def _read_slips() -> dict[str, tuple[str, ...]]:
    meant: dict[str, tuple[str, ...]] = {}
    for word in sorted(_MENDABLE):
        for slip in _slips(word):
            meant[slip] = (*meant.get(slip, ()), word)
    return meant


_MEANT: Final = _read_slips()


def _drop_tail(kept: list[str], loose: frozenset[str]) -> None:
    """Drop the words at the end that lead to nothing; "zooming in" is whole."""
    while kept and kept[-1] in loose:
        if kept[-1] == "in" and kept[-2:-1] and kept[-2].startswith("zoom"):
            return
        kept.pop()
