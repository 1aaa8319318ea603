"""What a prompt asks for: the few words we know, put together as a scene."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .palette import HUES

TIMES = {
    "dusk": "dusk sunset evening twilight sundown autumn",
    "dawn": "dawn sunrise morning daybreak spring",
    "night": "night midnight moon moonlight moonlit dark nocturnal star starry stars neon cyberpunk aurora",
    "day": "day noon sunny daylight afternoon summer bright",
    "space": "space galaxy nebula cosmos universe planet orbit cosmic astronaut spaceship",
}
GROUNDS = {
    "sea": "sea ocean coast beach shore harbour harbor waves wave bay cliff island whale",
    "lake": "lake river pond fjord reflection water",
    "desert": "desert dune sahara sand egypt pyramid oasis canyon",
    "city": "city town street skyline metropolis skyscraper downtown tokyo york london cyberpunk neon building",
    "forest": "forest wood woodland jungle pine taiga grove",
    "hills": "hill field meadow grass valley farm countryside prairie plain village garden",
    "snow": "snowfield arctic antarctic glacier winter tundra ice",
}
SUBJECTS = {
    "lighthouse": "lighthouse beacon",
    "cat": "cat kitten kitty tabby feline",
    "rocket": "rocket spaceship spacecraft shuttle starship",
    "castle": "castle fortress palace citadel keep",
    "tree": "tree oak willow bonsai sakura blossom cherry",
    "boat": "boat ship sail sailboat yacht galleon vessel",
    "house": "house cottage cabin hut barn home",
    "portrait": "portrait queen king princess prince face woman girl man boy lady elf goddess",
    "figure": "figure wanderer knight wizard monk samurai traveller traveler warrior person astronaut hiker",
    "flower": "flower rose tulip lotus sunflower lily daisy bouquet",
    "pyramid": "pyramid",
    "birds": "bird crow raven gull seagull swan eagle flock",
    "balloon": "balloon airship zeppelin",
}
WEATHERS = {
    "rain": "rain rainy storm stormy wet thunder downpour drizzle",
    "snow": "snow snowy winter blizzard snowfall christmas",
    "fog": "fog foggy mist misty haze hazy smoke",
    "aurora": "aurora borealis",
}
MOUNTAINS = ["mountain", "peak", "alps", "alpine", "himalaya", "volcano", "summit", "ridge", "fuji"]
COLOURS = {
    "red": "red crimson scarlet ruby",
    "orange": "orange amber copper",
    "gold": "gold golden",
    "yellow": "yellow lemon",
    "green": "green emerald jade",
    "teal": "teal turquoise cyan",
    "blue": "blue azure sapphire indigo",
    "purple": "purple violet lavender magenta",
    "pink": "pink rose",
}
HOME = {
    "lighthouse": "sea", "boat": "sea", "castle": "hills", "house": "hills", "tree": "hills", "cat": "hills",
    "figure": "hills", "pyramid": "desert", "birds": "sea", "balloon": "hills",
}  # fmt: skip
"""Where a subject stands when the prompt names no ground."""


@dataclass(frozen=True)
class Scene:
    """What to paint. `kind` is landscape, space, portrait, flower or abstract; the others matter where they apply."""

    kind: str
    time: str
    ground: str
    mountains: bool
    subjects: tuple[str, ...]
    weather: frozenset[str]
    hues: tuple[float, ...]
    clouds: bool
    crown: bool


def words_of(text: str) -> list[str]:
    """The words of a prompt in lower case, LoRA tags left out, plural endings also taken off."""
    found: list[str] = []
    for word in re.findall(r"[a-z]+", re.sub(r"<[^>]*>", " ", text.lower())):
        found.append(word)
        if len(word) > 3 and word.endswith("s"):
            found.append(word[:-1])
    return found


def read(prompt: str, negative: str, rng: np.random.Generator) -> Scene:
    """The scene of a prompt. Words of the negative prompt are struck out first; `rng` decides what is left open."""
    unwanted = set(words_of(negative))
    words = [word for word in words_of(prompt) if word not in unwanted]
    times, grounds = _matches(words, TIMES), _matches(words, GROUNDS)
    subjects, weathers = _matches(words, SUBJECTS), _matches(words, WEATHERS)
    mountains = any(word in MOUNTAINS for word in words)
    open_time = str(rng.choice(["day", "dawn", "dusk", "day", "dusk"]))
    open_ground = str(rng.choice(["sea", "lake", "hills", "lake"]))
    kind = _kind(times, grounds, subjects, known=bool(times or grounds or subjects or weathers or mountains))
    ground = next(iter(grounds), None) or next((HOME[s] for s in subjects if s in HOME), open_ground)
    return Scene(
        kind=kind,
        time="space" if kind == "space" else next((t for t in times if t != "space"), open_time),
        ground=ground,
        mountains=mountains or (not grounds and not subjects),
        subjects=tuple(subjects),
        weather=frozenset(weathers),
        hues=tuple(HUES[name] for name in _matches(words, COLOURS)),
        clouds=not unwanted & {"cloud", "clouds"},
        crown=bool({"queen", "king", "princess", "prince", "goddess"} & set(words)),
    )


def _kind(times: list[str], grounds: list[str], subjects: list[str], *, known: bool) -> str:
    if not known:
        return "abstract"
    if "portrait" in subjects and not set(subjects) & set(HOME) - {"figure", "birds"}:
        return "portrait"
    if "flower" in subjects and not grounds:
        return "flower"
    if ("space" in times or "rocket" in subjects) and not grounds:
        return "space"
    return "landscape"


def _matches(words: list[str], table: dict[str, str]) -> list[str]:
    """Names of `table` whose words occur, in the order in which the prompt has them."""
    meaning = {word: name for name, group in table.items() for word in group.split()}
    return list(dict.fromkeys(meaning[word] for word in words if word in meaning))
