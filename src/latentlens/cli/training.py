"""`up` and `train`: from ratings to a registered model, and to one that is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from latentlens import terminal
from latentlens.cli.options import (
    STORE,
    ApiPort,
    ByTime,
    Catalogue,
    Data,
    Host,
    ItemCol,
    Json,
    LeaveLast,
    MlflowPort,
    MostActiveUsers,
    MostRatedMovies,
    Preset,
    PresetOption,
    RatingCol,
    RatingScale,
    Seed,
    Store,
    TestFile,
    TestSize,
    TimestampCol,
    Uri,
    UserCol,
    given,
    stoppable,
)
from latentlens.cli.reading import format_of, split_of
from latentlens.memory import give_back_at_once


def up(
    data: Data = "demo",
    user_col: UserCol = None,
    item_col: ItemCol = None,
    rating_col: RatingCol = None,
    timestamp_col: TimestampCol = None,
    rating_scale: RatingScale = None,
    catalogue: Catalogue = None,
    preset: PresetOption = Preset.tuned,
    host: Host = "127.0.0.1",
    mlflow_port: MlflowPort = 5000,
    api_port: ApiPort = 8000,
    store: Store = STORE,
) -> None:
    """Train if nothing is registered yet, then serve MLflow and the API until Ctrl-C."""
    from latentlens.launch.up import Ports
    from latentlens.launch.up import up as run

    table = given(
        user_col=user_col,
        item_col=item_col,
        rating_col=rating_col,
        timestamp_col=timestamp_col,
        rating_scale=rating_scale,
        catalogue=catalogue,
    )
    with stoppable("Stopped."):
        train_options = ["--data", data, "--preset", preset, *_as_written(table)]
        run(store, Ports(host, mlflow_port, api_port), train_options, terminal.say)


def _as_written(options: Mapping[str, Any]) -> list[str]:
    """Options as a command line has them."""
    written: list[str] = []
    for name, value in options.items():
        values = value if isinstance(value, tuple) else (value,)
        written += [f"--{name.replace('_', '-')}", *map(str, values)]
    return written


def train(
    data: Data = "demo",
    user_col: UserCol = None,
    item_col: ItemCol = None,
    rating_col: RatingCol = None,
    timestamp_col: TimestampCol = None,
    rating_scale: RatingScale = None,
    catalogue: Catalogue = None,
    preset: PresetOption = Preset.tuned,
    n_factors: Annotated[int | None, typer.Option(help="Latent axes; the preset's 150 if not given.")] = None,
    n_epochs: Annotated[int | None, typer.Option(help="Passes over the ratings; the preset's 20 if not given.")] = None,
    test_size: TestSize = 0.2,
    leave_last: LeaveLast = None,
    by_time: ByTime = False,
    test_file: TestFile = None,
    validation_size: Annotated[
        float, typer.Option(help="Share of the train side watched by epoch; 0 fits on all.")
    ] = 0.05,
    most_active_users: MostActiveUsers = None,
    most_rated_movies: MostRatedMovies = None,
    axis_refits: Annotated[
        int | None,
        typer.Option(min=0, max=100, help="Fits that tell steady axes from noise; 5 if not given, 0: no axes."),
    ] = None,
    seed: Seed = 42,
    run_name: Annotated[str | None, typer.Option(help="Name of the run in MLflow.")] = None,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing if a model is registered already.")] = False,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """Train a recommender, record the experiment in MLflow and register the model."""
    if if_empty and _registered(tracking_uri, store):
        return
    give_back_at_once()
    from latentlens.ratings.splits import hold_out
    from latentlens.recommenders.presets import configured
    from latentlens.workflows import train as workflow

    config = configured(preset, seed, **given(n_factors=n_factors, n_epochs=n_epochs))
    form = format_of(
        user_col=user_col,
        item_col=item_col,
        rating_col=rating_col,
        timestamp_col=timestamp_col,
        rating_scale=rating_scale,
        catalogue=catalogue,
    )
    with stoppable("Stopped: no model was registered."):
        split = split_of(
            data,
            form,
            most_active_users=most_active_users,
            most_rated_movies=most_rated_movies,
            test_size=test_size,
            leave_last=leave_last,
            by_time=by_time,
            test_source=test_file,
            seed=seed,
        )
        # Here, so that the whole train side is gone while a fit takes its memory.
        trainset, testset = split.train, split.test
        del split
        trainset, validation = hold_out(trainset, validation_size)
        with terminal.training() as (on_epoch, on_refit):
            report = workflow.train(
                trainset,
                testset,
                config,
                run_name=run_name or f"{preset}-{trainset.origin.name}",
                preset=preset,
                validation=validation,
                validation_size=validation_size,
                tracking_uri=tracking_uri,
                store=store,
                on_epoch=on_epoch,
                on_refit=on_refit,
                say=terminal.say,
                axis_refits=axis_refits,
            )
    terminal.as_json(asdict(report)) if json else terminal.trained(report)


def _registered(tracking_uri: str | None, store: Path) -> bool:
    from latentlens.errors import NoModel
    from latentlens.workflows.consult import registry

    with registry(tracking_uri, store, terminal.say) as reached:
        try:
            version = reached.current()
        except NoModel:
            return False
    terminal.say(f"Version {version.number} is registered already: nothing to train.")
    return True
