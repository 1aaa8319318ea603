"""What suits a checkpoint where a request says nothing."""

from __future__ import annotations

import pytest

from zosma_queue.catalogue import Catalogue
from zosma_queue.families import FAMILIES, Facts, facts_of, family_of, modules_of, moved, suited
from zosma_queue.fleet import Checkpoint, Workflow
from zosma_queue.moderation import ContentRules, suited_here

FLUX, XL = FAMILIES["flux"].facts, FAMILIES["sdxl"].facts
DREAM = Checkpoint(name="dream", title="dream.safetensors")
SDXL = Checkpoint(name="juggernautXL_v9", title="juggernautXL_v9.safetensors", facts=XL)
FLUX_DEV = Checkpoint(name="flux1-dev", title="flux1-dev.safetensors", facts=FLUX)


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("flux1-dev.safetensors", "flux"),
        ("FLUX1-schnell-fp8.safetensors", "flux-schnell"),
        ("sdxl\\anything.safetensors", "sdxl"),
        ("juggernautXL_v9.safetensors", "sdxl"),
        ("sd3.5_large.safetensors", "sd35"),
        ("v1-5-pruned-emaonly.safetensors", "sd15"),
        ("dream.safetensors", None),
    ],
)
def test_a_file_tells_its_family_by_folder_or_name(path, family):
    assert family_of(path) == family
    assert facts_of(path) == (FAMILIES[family].facts if family else None)


def test_flux_gets_its_guidance_its_size_and_its_sampler():
    assert suited({"prompt": "a cat"}, FLUX) == {
        "prompt": "a cat", "width": 1024, "height": 1024, "steps": 20, "cfg_scale": 3.5, "sampler": "Euler",
        "scheduler": "Simple",
    }  # fmt: skip


def test_what_was_said_stays():
    said = {"prompt": "a cat", "width": 512, "steps": 8, "cfg_scale": 2.0, "scheduler": "Karras"}

    assert suited(said, FLUX) == said


def test_a_picture_to_start_from_has_its_own_size():
    assert "width" not in suited({"img2img": {}}, FLUX)


def test_nobody_is_refused_what_they_have_not_said():
    rules = [ContentRules(side=768, steps=15), ContentRules(side=1000)]

    fields = suited_here(Catalogue(checkpoints=(FLUX_DEV,)), {"prompt": "a cat"}, rules)

    assert (fields["width"], fields["height"], fields["steps"]) == (768, 768, 15)


def test_in_a_fleet_of_several_families_who_names_no_checkpoint_gets_one_that_is_loaded():
    mixed = Catalogue(checkpoints=(DREAM, FLUX_DEV), loaded=frozenset({"flux1-dev"}))

    assert mixed.suited({"prompt": "a cat"})["checkpoint"] == "flux1-dev"
    assert mixed.suited({"prompt": "a cat"})["cfg_scale"] == 3.5


def test_in_a_fleet_of_one_family_nothing_is_chosen():
    other = Checkpoint(name="anime", title="anime.safetensors", facts=FAMILIES["sd15"].facts)

    assert "checkpoint" not in Catalogue(checkpoints=(DREAM, other)).suited({"prompt": "a cat"})


def test_one_that_the_rules_forbid_is_not_chosen():
    mixed = Catalogue(checkpoints=(DREAM, FLUX_DEV), loaded=frozenset({"flux1-dev"}))

    fields = suited_here(mixed, {"prompt": "a cat"}, [ContentRules(checkpoints=("dream",))])

    assert "cfg_scale" not in fields


def test_an_alias_of_a_checkpoint_is_understood_and_upscaling_is_let_be():
    catalogue = Catalogue(checkpoints=(DREAM, SDXL))

    assert catalogue.suited({"checkpoint": "juggernautxl_v9.safetensors"})["width"] == 1024
    assert catalogue.suited({"checkpoint": "dream"}) == {"checkpoint": "dream"}
    assert catalogue.suited({"upscale": {"image": "x"}}) == {"upscale": {"image": "x"}}


def test_a_workflows_own_facts_go_before_its_checkpoints():
    ink = Workflow(name="ink", title="Ink", checkpoints=("flux1-dev",), facts=Facts(width=640, height=640, steps=9))
    catalogue = Catalogue(checkpoints=(DREAM, FLUX_DEV), workflows=(ink,))

    assert catalogue.suited({"workflow": "Ink"}) == {"workflow": "Ink", "width": 640, "height": 640, "steps": 9}


def test_a_picture_that_goes_to_another_family_takes_what_suits_there():
    sd = {"prompt": "a cat", "width": 512, "height": 512, "steps": 20, "cfg_scale": 7.0, "sampler": "DPM++ 2M"}

    flux = moved({**sd, "seed": 7}, None, FLUX)
    back = moved(flux, FLUX, None)

    assert flux == {"seed": 7, **suited({"prompt": "a cat"}, FLUX)}
    assert back == {"prompt": "a cat", "seed": 7, "width": 512, "height": 512, "steps": 20, "cfg_scale": 7.0}


def test_what_was_chosen_goes_along():
    chosen = {"prompt": "a cat", "width": 640, "height": 512, "steps": 33, "cfg_scale": 4.5}

    assert moved(chosen, None, XL) == chosen
    assert moved(chosen, XL, XL) == chosen


def test_the_modules_of_a_family_are_found_by_name_or_not_at_all():
    known = ("ae.safetensors", "clip_l.safetensors", "t5xxl_fp8_e4m3fn.safetensors", "own.pt")

    assert modules_of("flux1-dev.safetensors", known) == (
        "clip_l.safetensors",
        "t5xxl_fp8_e4m3fn.safetensors",
        "ae.safetensors",
    )
    assert modules_of("flux1-dev.safetensors", known[1:]) is None
    assert modules_of("dream.safetensors", known) == ()
