"""A list moves the way it is steered, by as much as is said."""

from __future__ import annotations

import numpy as np
import pytest

from latentlens.errors import ConfigError
from latentlens.explain.axes import Axes, Axis, Pole
from latentlens.explain.steering import direction, moved, steer
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05).fit(small_sides().train)


@pytest.fixture
def user(model: FittedModel) -> UserVector:
    return UserVector(model.factors.user_factors[2], model.factors.user_bias[2])


def test_an_offset_of_one_is_one_standard_deviation_of_peoples_tastes(model: FittedModel, user: UserVector) -> None:
    steered = steer(model.factors, user, {1: 1.0})
    change = steered.factors - user.factors
    expected = np.std(model.factors.user_factors[model.factors.user_counts > 0, 1])
    assert change.tolist() == pytest.approx([0, expected, 0, 0, 0, 0], rel=1e-5)
    assert steered.bias == user.bias


def test_no_offset_changes_nothing(model: FittedModel, user: UserVector) -> None:
    assert steer(model.factors, user, {}).factors.tobytes() == user.factors.tobytes()
    assert steer(model.factors, user, {0: 0.0}).factors.tobytes() == user.factors.tobytes()


def test_the_stars_that_axes_added_are_the_whole_change_of_a_score(model: FittedModel, user: UserVector) -> None:
    factors = model.factors
    after = steer(factors, user, {0: -2.0, 3: 1.5})
    listed = np.flatnonzero(factors.item_counts)[:20]
    before_scores = factors.score_for(user.factors, user.bias, listed)
    after_scores = factors.score_for(after.factors, after.bias, listed)
    for found, change in zip(
        moved(model, user, after, np.array([], int), listed), after_scores - before_scores, strict=True
    ):
        assert set(found.stars) == {0, 3}
        assert sum(found.stars.values()) == pytest.approx(change, abs=1e-6)


def test_the_rank_before_is_that_of_the_list_before(model: FittedModel, user: UserVector) -> None:
    excluded = np.array([0, 5])
    listed = np.setdiff1d(np.flatnonzero(model.factors.item_counts), excluded)
    scores = model.factors.score_for(user.factors, user.bias, listed)
    order = listed[np.argsort(-scores, kind="stable")]
    found = moved(model, user, steer(model.factors, user, {0: 1.0}), excluded, order)
    assert [one.rank_before for one in found] == list(range(1, len(order) + 1))


@pytest.mark.parametrize(("axis", "offset"), [(6, 1.0), (-1, 1.0), (0, 3.1), (0, -3.1), (0, float("nan"))])
def test_an_unknown_axis_and_an_offset_out_of_bounds_are_refused(
    model: FittedModel, user: UserVector, axis: int, offset: float
) -> None:
    said = (
        f"axis {axis + 1} is out of bounds" if 0 <= axis < 6 else f"no axis {axis + 1}: this model has the axes 1 to 6"
    )
    with pytest.raises(ConfigError, match=said):
        steer(model.factors, user, {axis: offset})


def axis(number: int, negative: str | None, positive: str | None, match: float = 1.0) -> Axis:
    return Axis(number, 0.5, Pole(negative, ()), Pole(positive, ()), (match,), 0.0, ())


AXES = Axes(
    (axis(1, "Family, Animation", "Crime"), axis(2, "older", None), axis(3, "War", "older")),
    n_movies=0,
    n_features=0,
    n_comparisons=0,
)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("2", (1, 1)),
        ("77", (76, 1)),
        ("Family, Animation", (0, -1)),
        ("animation", (0, -1)),
        (" CRIME ", (0, 1)),
        ("war", (2, -1)),
    ],
)
def test_an_end_is_found_by_its_number_its_name_or_a_word_of_it(name: str, way: tuple[int, int]) -> None:
    assert direction(name, AXES) == way


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("older", "'older' is an end of the axes 2 and 3: give the number of one."),
        ("romance", "called 'romance': give the number of an axis, or one of: Family, Animation; Crime; older; War; o"),
        ("anim", "No end of an axis is called 'anim'"),
        ("-1", "No end of an axis is called '-1'"),
        ("", "No end of an axis is called ''"),
    ],
)
def test_a_name_that_is_none_or_ambiguous_is_said(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as problem:
        direction(name, AXES)
    assert said in str(problem.value)
    with pytest.raises(ConfigError, match=r"give the number of an axis\.$"):
        direction("war", None)
