"""`serve`, `promote`, `reset` and `doctor`: what runs, what is served, what is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from latentlens import terminal
from latentlens.cli.options import STORE, ApiPort, Host, Json, MlflowPort, Store, Uri
from latentlens.errors import ConfigError


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


def promote(
    version: Annotated[int | None, typer.Argument(min=1, help="Version to serve from now on.")] = None,
    newest: Annotated[bool, typer.Option("--newest", help="Serve whatever is newest, without a champion.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the latest promotion back.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Only show what was promoted when.")] = False,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """Make a registered version the champion: the one that is served."""
    if (version is not None) + newest + undo + history != 1:
        raise ConfigError("Say which version to promote, or one of --newest, --undo and --history.")
    from latentlens.workflows.consult import registry

    with registry(tracking_uri, store, terminal.say) as reached:
        if history:
            made = reached.promotions()
            terminal.as_json([one._asdict() for one in made]) if json else terminal.promotions(made)
            return
        reached.undo() if undo else reached.promote(version)
        current = reached.current()
    if json:
        terminal.as_json(current._asdict())
        return
    terminal.say(f"Version {current.number} is served from now on.")
    if current.hides_newer:
        terminal.say(f"It hides the newer version {current.newest}.")


def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: Store = STORE,
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


def doctor(mlflow_port: MlflowPort = 5000, api_port: ApiPort = 8000, store: Store = STORE, json: Json = False) -> None:
    """Show versions, store, servers and the served model, and what to mend."""
    from latentlens.workflows.doctor import examine

    rows = examine(store, mlflow_port, api_port)
    terminal.as_json([row._asdict() for row in rows]) if json else terminal.findings(rows)
