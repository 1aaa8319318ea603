"""What comes nearest when nobody can do a request."""

from __future__ import annotations

import pytest

from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import RequestRefusedError
from zosma_queue.feasibility import can_do, why_infeasible
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, WorkerInfo, WorkerState
from zosma_queue.request import PIXELS_MAX, parse_request


def worker(*checkpoints, samplers=("Euler a",), pixels=PIXELS_MAX, hires=True, loras=(), state=WorkerState.READY):
    about = Capabilities(
        webui="http://gpu", flavour="a1111", host="gpu", samplers=samplers, max_pixels=pixels, hires=hires, loras=loras,
        checkpoints=tuple(Checkpoint(name=name, title=name) for name in checkpoints),
        schedulers=(Scheduler(name="karras", label="Karras"),),
    )  # fmt: skip
    return WorkerInfo(id="w", state=state, loaded=None, job=None, seen_ms=0, pixels=pixels, about=about)


FLEET = [
    worker("dream", samplers=("Euler a", "Heun"), pixels=768 * 768),
    worker("anime", hires=False),
    worker("photo", state=WorkerState.AWAY),
]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"checkpoint": "dream", "width": 1024, "height": 1024}, "no GPU here with dream .* the most is 768x768"),
        ({"checkpoint": "anime", "sampler": "Heun"}, "offers sampler 'Heun' together with anime: use Euler a"),
        ({"checkpoint": "anime", "hires": {}}, "offers hires together with anime: leave it out"),
        ({"checkpoint": "photo"}, "offers checkpoint 'photo': use dream"),
    ],
)
def test_the_offer_names_what_is_lacking_and_the_smallest_change(fields, says):
    request = parse_request({"prompt": "a cat", **fields})

    assert not any(can_do(one, request) for one in FLEET)
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(why_infeasible(request, FLEET))


def test_an_empty_fleet_is_said_to_be_empty():
    assert "no GPU is online" in str(why_infeasible(parse_request({"prompt": "a cat"}), []))


def test_what_the_offer_says_can_be_done():
    assert any(
        can_do(one, parse_request({"prompt": "a cat", "checkpoint": "dream", "sampler": "Heun"})) for one in FLEET
    )


def test_a_lora_is_asked_of_workers_that_have_it():
    fleet = [worker("dream", loras=("lighthouses",))]
    known = parse_request({"prompt": "a sea <lora:lighthouses:0.8>"})
    unknown = parse_request({"prompt": "a sea <lora:lighthuoses:0.8>"})

    assert can_do(fleet[0], Catalogue.of(fleet).resolve(known))
    assert not can_do(worker("dream"), known)
    with pytest.raises(RequestRefusedError, match="LoRA 'lighthuoses' is not known here: the nearest are lighthouses"):
        Catalogue.of(fleet).resolve(unknown)
