"""Presets by name."""

from __future__ import annotations

import pytest

from latentlens.cli.options import Preset
from latentlens.errors import ConfigError
from latentlens.recommenders.presets import PRESETS, configured


def test_the_command_line_offers_every_preset() -> None:
    assert [preset.value for preset in Preset] == list(PRESETS)


def test_a_preset_takes_a_seed_where_it_has_one() -> None:
    assert configured("tuned", 7, n_epochs=3).random_state == 7
    assert configured("popularity", 7) == PRESETS["popularity"]


def test_an_option_that_a_preset_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="The preset popularity has no --n-epochs"):
        configured("popularity", 7, n_epochs=3)
