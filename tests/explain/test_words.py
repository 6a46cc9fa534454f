"""What a person reads."""

from __future__ import annotations

import numpy as np
import pytest

from latentlens.explain.explanation import Explanation, Reason, Without
from latentlens.explain.parts import Parts
from latentlens.explain.words import sentences, what_if


def explanation(user_bias: float = -0.25, taste: float = 0.5) -> Explanation:
    return Explanation(
        movie_id=7,
        title="The Night Watch",
        predicted_rating=4.2,
        given=None,
        parts=Parts(3.5, user_bias, 0.45, np.array([taste, 1.0]), np.array([1.0, 0.0])),
        n_ratings=12,
        reasons_for=(Reason(1, "Harbour", 5.0, 0.21), Reason(2, "Pier Nine", 1.0, 0.1)),
        reasons_against=(Reason(3, "Tilly", 0.5, -0.05),),
        other_ratings=-0.01,
    )


def test_an_explanation_reads_as_sentences_with_the_numbers_in_them() -> None:
    assert sentences(explanation()) == (
        "The Night Watch: 4.20 stars predicted. The average rating is 3.50; this movie is rated 0.45 higher than"
        " others, you rate 0.25 lower than others, and your tastes add 0.50."
        " For it: you gave Harbour 5 stars (+0.21); you gave Pier Nine 1 star (+0.10)."
        " Against it: you gave Tilly 0.5 stars (-0.05)."
    )


def test_what_takes_stars_is_said_so() -> None:
    said = sentences(explanation(user_bias=0.1, taste=-0.75))
    assert "you rate 0.10 higher than others, and your tastes take 0.75." in said


@pytest.mark.parametrize(
    ("rank", "said"),
    [
        (3, "Without your 5 stars for Harbour it drops from rank 3 to rank 37."),
        (37, "Without your 5 stars for Harbour it stays at rank 37."),
        (40, "Without your 5 stars for Harbour it rises from rank 40 to rank 37."),
    ],
)
def test_a_rating_left_out_moves_a_movie_down_up_or_nowhere(rank: int, said: str) -> None:
    assert what_if(Without(1, "Harbour", 5.0, 4.0, 37), rank) == said
