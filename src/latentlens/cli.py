"""The command line: parses, calls a workflow, prints. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from latentlens import terminal
from latentlens.errors import ConfigError, LatentLensError

app = typer.Typer(
    help="Movie ratings in, a recommender that says why out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class Preset(StrEnum):
    """Configurations by name."""

    tuned = "tuned"
    surprise = "surprise"


Data = Annotated[str, typer.Option(help="demo, or a folder, zip or file in one of MovieLens' layouts.")]
Uri = Annotated[
    str | None,
    typer.Option(help="MLflow's address; otherwise a running server is found, or one started for the while."),
]
Store = Annotated[Path, typer.Option(envvar="LATENTLENS_STORE", help="Folder of MLflow's database and artifacts.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Number = Annotated[int, typer.Option("-n", "--number", min=1, max=1000, help="How many movies.")]
PresetOption = Annotated[Preset, typer.Option(help="tuned: chosen on validation data; surprise: Surprise's defaults.")]
Host = Annotated[
    str, typer.Option(envvar="LATENTLENS_HOST", help="Address to listen on; 0.0.0.0 opens it to the network.")
]
MlflowPort = Annotated[int, typer.Option(envvar="LATENTLENS_MLFLOW_PORT", min=1, max=65535)]
ApiPort = Annotated[int, typer.Option(envvar="LATENTLENS_API_PORT", min=1, max=65535)]

_STORE = Path("mlruns")


@contextmanager
def _stopped_by_ctrl_c(text: str) -> Iterator[None]:
    """Say `text` on Ctrl-C, and end with the exit code that shells expect of it."""
    try:
        yield
    except KeyboardInterrupt:
        terminal.say(text)
        raise typer.Exit(130) from None


@app.command()
def up(
    data: Data = "demo",
    preset: PresetOption = Preset.tuned,
    host: Host = "127.0.0.1",
    mlflow_port: MlflowPort = 5000,
    api_port: ApiPort = 8000,
    store: Store = _STORE,
) -> None:
    """Train if nothing is registered yet, then serve MLflow and the API until Ctrl-C."""
    from latentlens.launch.up import Ports
    from latentlens.launch.up import up as run

    with _stopped_by_ctrl_c("Stopped."):
        run(store, Ports(host, mlflow_port, api_port), ["--data", data, "--preset", preset], terminal.say)


@app.command()
def train(
    data: Data = "demo",
    preset: PresetOption = Preset.tuned,
    n_factors: Annotated[int | None, typer.Option(help="Latent axes; the preset's 150 if not given.")] = None,
    n_epochs: Annotated[int | None, typer.Option(help="Passes over the ratings; the preset's 20 if not given.")] = None,
    test_size: Annotated[float, typer.Option(help="Share of the ratings on the test side.")] = 0.2,
    leave_last: Annotated[
        int | None, typer.Option(help="Instead: each user's last N ratings are the test side.")
    ] = None,
    validation_size: Annotated[
        float, typer.Option(help="Share of the train side watched by epoch; 0 fits on all.")
    ] = 0.05,
    most_active_users: Annotated[int | None, typer.Option(help="Keep only so many users, the most active.")] = None,
    most_rated_movies: Annotated[int | None, typer.Option(help="Keep only so many movies, the most rated.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the split and the start of the training.")] = 42,
    run_name: Annotated[str | None, typer.Option(help="Name of the run in MLflow.")] = None,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing if a model is registered already.")] = False,
    tracking_uri: Uri = None,
    store: Store = _STORE,
    json: Json = False,
) -> None:
    """Train an SVD, record the experiment in MLflow and register the model."""
    if if_empty and _registered(tracking_uri, store):
        return
    from latentlens.recommenders.svd import PRESETS
    from latentlens.workflows import train as workflow
    from latentlens.workflows.prepare import prepare

    config = PRESETS[preset]
    config = replace(
        config,
        n_factors=config.n_factors if n_factors is None else n_factors,
        n_epochs=config.n_epochs if n_epochs is None else n_epochs,
        random_state=seed,
    )
    split = prepare(
        data,
        most_active_users=most_active_users,
        most_rated_movies=most_rated_movies,
        test_size=test_size,
        leave_last=leave_last,
        seed=seed,
    )
    terminal.data(split.train, split.test)
    with _stopped_by_ctrl_c("Stopped: nothing was recorded."), terminal.epochs() as on_epoch:
        report = workflow.train(
            split.train,
            split.test,
            config,
            run_name=run_name or f"{preset}-{split.train.origin.name}",
            preset=preset,
            validation_size=validation_size,
            tracking_uri=tracking_uri,
            store=store,
            on_epoch=on_epoch,
        )
    terminal.as_json(asdict(report)) if json else terminal.trained(report)


def _registered(tracking_uri: str | None, store: Path) -> bool:
    from latentlens.errors import NoModel
    from latentlens.workflows.consult import registry

    with registry(tracking_uri, store) as reached:
        try:
            version = reached.current()
        except NoModel:
            return False
    terminal.say(f"Version {version.number} is registered already: nothing to train.")
    return True


@app.command()
def recommend(
    user: Annotated[str, typer.Argument(help="User id.")],
    n: Number = 10,
    genre: Annotated[str | None, typer.Option(help="Only movies of this genre.")] = None,
    year_from: Annotated[int | None, typer.Option(help="Only movies of this year or later.")] = None,
    year_to: Annotated[int | None, typer.Option(help="Only movies of this year or earlier.")] = None,
    tracking_uri: Uri = None,
    store: Store = _STORE,
    json: Json = False,
) -> None:
    """List the movies that a user would rate highest, of those not rated yet."""
    from latentlens.recommenders.fitted import Filters
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store)
    user_id = _as_id(model.factors.user_ids, user)
    filters = Filters(genre, year_from, year_to)
    known = model.knows_user(user_id)
    rows = model.recommend(user_id, n, filters) if known else model.popular(n, filters)
    strategy = "personal" if known else "popular"
    if json:
        listed = [asdict(row) for row in rows]
        terminal.as_json(
            {"user_id": user_id, "strategy": strategy, "model_version": version.number, "recommendations": listed}
        )
        return
    title = f"For user {user}" if known else f"User {user} is unknown: the most rated movies"
    terminal.movies(f"{title} (model version {version.number})", rows, {})


@app.command()
def similar(
    movie: Annotated[str, typer.Argument(help="Movie id.")],
    n: Number = 10,
    tracking_uri: Uri = None,
    store: Store = _STORE,
    json: Json = False,
) -> None:
    """List the movies whose latent factors point the same way."""
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store)
    movie_id = _as_id(model.factors.item_ids, movie)
    rows = model.similar(movie_id, n)
    if json:
        listed = [{**asdict(row), "similarity": cosine} for row, cosine in rows]
        terminal.as_json({"movie_id": movie_id, "model_version": version.number, "similar": listed})
        return
    title = model.catalogue.titles[int(model.factors.item_ids.index(movie_id))]
    cosines = [f"{cosine:.3f}" for _, cosine in rows]
    terminal.movies(f"Similar to {title}", [row for row, _ in rows], {"similarity": cosines})


def _as_id(ids: Any, text: str) -> int | str:
    try:
        parsed: int | str = ids.parse(text)
    except ValueError as problem:
        raise ConfigError(f"{problem}.") from None
    return parsed


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: ApiPort = 8000,
    tracking_uri: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="MLflow's address.")
    ] = "http://127.0.0.1:5000",
) -> None:
    """Serve the API; it finds the newest registered model by itself, now or when there is one."""
    from latentlens.serving.blas import use_one_blas_thread

    use_one_blas_thread()
    from latentlens.serving.run import serve as run
    from latentlens.serving.settings import read_settings

    run(read_settings().model_copy(update={"host": host, "port": port, "tracking_uri": tracking_uri}))


@app.command()
def promote(
    version: Annotated[int | None, typer.Argument(min=1, help="Version to serve from now on.")] = None,
    newest: Annotated[bool, typer.Option("--newest", help="Serve whatever is newest, without a champion.")] = False,
    tracking_uri: Uri = None,
    store: Store = _STORE,
    json: Json = False,
) -> None:
    """Make a registered version the champion: the one that is served."""
    if (version is None) != newest:
        raise ConfigError("Say which version to promote, or --newest to serve the newest one.")
    from latentlens.workflows.consult import registry

    with registry(tracking_uri, store) as reached:
        reached.promote(version)
        current = reached.current()
    if json:
        terminal.as_json(current._asdict())
        return
    terminal.say(f"Version {current.number} is served from now on.")
    if current.hides_newer:
        terminal.say(f"It hides the newer version {current.newest}.")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: Store = _STORE,
    json: Json = False,
) -> None:
    """Remove every experiment and model of the store."""
    from latentlens.workflows.reset import reset as run

    if not yes:
        typer.confirm(f"Remove {store} with all its experiments and models?", abort=True, err=True)
    removed = run(store)
    if json:
        terminal.as_json({"store": str(store), "removed": removed})
    else:
        terminal.say(f"Removed {store}." if removed else f"There is no {store}: nothing to remove.")


@app.command()
def doctor(mlflow_port: MlflowPort = 5000, api_port: ApiPort = 8000, store: Store = _STORE, json: Json = False) -> None:
    """Show versions, store, servers and the served model, and what to mend."""
    from latentlens.workflows.doctor import examine

    rows = examine(store, mlflow_port, api_port)
    terminal.as_json([row._asdict() for row in rows]) if json else terminal.findings(rows)


def main() -> None:
    """Run the command line: an error that a user can meet becomes one line and exit code 2, Ctrl-C exits with 130."""
    try:
        app()
    except LatentLensError as problem:
        terminal.complain(str(problem))
        sys.exit(2)
    except ModuleNotFoundError as missing:
        terminal.complain(f"{missing.name} is not installed: pip install 'latentlens[train,track,serve]'.")
        sys.exit(2)
