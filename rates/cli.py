"""The command `rates`. What a command needs is imported when it runs, so that help and lists come at once."""

from __future__ import annotations

import importlib.metadata
import math
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rates.settings import SettingsError, cores, load
from rates.terminal import prepare, silence, write

if TYPE_CHECKING:
    from rates.store import Store

INTERRUPTED = 130  # what shells give a command that Ctrl-C has ended

app = typer.Typer(
    help="Unit tests for theorems: measure a rate and decide whether it agrees with the theorem.",
    epilog="Exit codes: 0 consistent, 1 refuted, 2 error or usage, 3 inconclusive, 4 invalid. "
    "Defaults can be set in the table tool.rates of pyproject.toml.",
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

Targets = Annotated[
    list[str] | None, typer.Argument(help="Claims, methods, chapters or files; the whole catalogue if none.")
]
Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter; may be repeated.")
]
Profile = Annotated[str | None, typer.Option(help="quick, ci or full.")]
StoreFile = Annotated[str | None, typer.Option("--store", help="The file of measurements.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Give up a call that takes longer; native code that never returns is ended in a worker process only,"
        " so not with the serial engine.",
    ),
]
JsonFile = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the results; - for stdout.")]


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Print the version or the help where no command is given."""
    if version:
        typer.echo(f"rates {importlib.metadata.version('dltheory')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def list_claims(targets: Targets = None) -> int:
    """List claims: law, direction, source and how it is known."""
    from rates.catalogue import find
    from rates.listing import print_list

    print_list(find(targets or []))
    return 0


@app.command()
def show(
    claims: Annotated[list[str], typer.Argument(metavar="CLAIM...", help="Claims, methods or files.")],
    profile: Profile = None,
    settings: Setting = None,
) -> int:
    """Show a theorem, how it is checked, and the plan: what a check will need."""
    from rates.catalogue import find
    from rates.choices import options
    from rates.show import print_claim

    chosen = options(profile, settings)
    for item in find(claims):
        print_claim(item, chosen)
    return 0


@app.command()
def check(
    targets: Targets = None,
    profile: Profile = None,
    settings: Setting = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; cpu:0 is torch on the CPU.")] = None,
    engine: Annotated[str | None, typer.Option(help="serial, processes, dask:local or dask:ADDRESS.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; one a core unless told.")] = None,
    budget: Annotated[float | None, typer.Option(metavar="SECONDS", help="Ask for no more after this time.")] = None,
    timeout: Timeout = None,
    seed: Annotated[str | None, typer.Option(metavar="N|fresh", help="Root seed of all random streams.")] = None,
    case: Annotated[str | None, typer.Option(metavar="LABEL", help="Only this case, such as 'd=2, r=3/4'.")] = None,
    controls: Annotated[bool | None, typer.Option("--controls/--no-controls", help="Measure the controls.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and measure nothing.")] = False,
    json_file: JsonFile = None,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Folder of the report.")] = None,
    store: StoreFile = None,
    family_level: Annotated[float | None, typer.Option(help="Level of the whole run, split over claims.")] = None,
) -> int:
    """Measure and decide claims, and write a report."""
    from rates.check import FRESH, locate
    from rates.check import check as run_check
    from rates.choices import choice, given, options, require_writable
    from rates.engines import require_engine
    from rates.environment import check_device
    from rates.plan import plan
    from rates.progress import display
    from rates.publish import announce, publish
    from rates.sweep import Interrupted

    defaults = load()
    wanted_seed = given("--seed", seed, defaults.seed)
    chosen = options(profile, settings, device, wanted_seed, controls, budget, family_level, timeout, case)
    executor = choice("--engine", given("--engine", engine, defaults.engine), ["serial", "processes"])
    workers = jobs if jobs is not None else defaults.jobs or cores()
    require_engine(executor, workers)
    check_device(chosen.device)
    folder, kept, names = given("--out", out, defaults.out), given("--store", store, defaults.store), targets or []
    if not dry_run:
        require_writable(folder, json_file)
    if wanted_seed == FRESH or dry_run or chosen.family_level is not None:
        announce(plan(locate(names), chosen), chosen, whole=dry_run)
    if dry_run:
        return 0
    try:
        with display() as on_event:
            run = run_check(names, options=chosen, engine_name=executor, jobs=workers,
                            store=kept, on_event=on_event)  # fmt: skip
    except Interrupted as error:  # said here: the command-line library keeps a Ctrl-C to itself
        hint = f" with --seed {chosen.seed} in place of fresh" if wanted_seed == FRESH else ""
        return _say(f"{error}{hint}", INTERRUPTED)
    return publish(run, folder, json_file)


@app.command()
def judge(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="Columns x, replicate, y.")],
    law: Annotated[str, typer.Option(metavar="EXPR", help="Exponent of x, such as '-2*s/(2*s+1)'.")],
    settings: Setting = None,
    direction: Annotated[str, typer.Option(help="sharp, upper or lower.")] = "sharp",
    quantity: Annotated[str, typer.Option(help="slope, level or bound.")] = "slope",
    margin: Annotated[float, typer.Option(help="How far from the law still agrees.")] = 0.1,
    alpha: Annotated[float, typer.Option(help="Level of the decision.")] = 1e-3,
    curve_column: Annotated[str | None, typer.Option(metavar="NAME", help="Hold y against this column.")] = None,
    error: Annotated[float | None, typer.Option(help="Relative error of a computed y (one replicate).")] = None,
    json_file: JsonFile = None,
) -> int:
    """Decide whether numbers that you already have agree with a law; no algorithm is needed."""
    from rates import judge_command
    from rates.choices import choice, pairs, require_writable
    from rates.publish import write_json

    choice("--direction", direction, ["sharp", "upper", "lower"])
    choice("--quantity", quantity, ["slope", "level", "bound"])
    require_writable(None, json_file)
    result = judge_command.judge_file(
        data, law, parameters=pairs(settings), direction=direction, quantity=quantity, margin=margin, alpha=alpha,
        curve_column=curve_column, numerical_error=error,
    )  # fmt: skip
    judge_command.print_result(result, sys.stderr if json_file == "-" else sys.stdout)
    run = judge_command.as_run(result)
    if json_file is not None:
        write_json(run, json_file)
    return run.exit_code


@app.command()
def compare(
    base: Annotated[str, typer.Argument(metavar="BASE", help="A git revision, a run folder, or a file of --json.")],
    head: Annotated[str, typer.Argument(metavar="[HEAD]", help="The same; the working tree if none.")] = ".",
    targets: Targets = None,
    claims: Annotated[list[str] | None, typer.Option("--claim", metavar="CLAIM", help="The same as TARGETS.")] = None,
    profile: Profile = None,
    seed: Annotated[str | None, typer.Option(metavar="N|fresh", help="Root seed of both sides.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; cpu:0 is torch on the CPU.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; one a core unless told.")] = None,
    level: Annotated[float, typer.Option(help="Family-wise level of all tests together.")] = 1e-3,
    tolerance: Annotated[float, typer.Option(metavar="SHARE", help="Share of a margin that is no change.")] = 0.5,
    rounding: Annotated[float | None, typer.Option(help="Relative difference of a value that is no change.")] = None,
    json_file: JsonFile = None,
    markdown: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a summary for a pull request; - for stdout.")
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Keep the run folders of both sides here.")] = None,
    store: StoreFile = None,
) -> int:
    """Say whether a slope, level or constant changed from BASE to HEAD, paired by seed.

    Exit codes: 0 nothing got worse, 1 regressed, 2 error or nothing compared, 3 inconclusive.
    """
    from rates.choices import given
    from rates.compare.command import run_compare
    from rates.compare.whole import Rules

    sides = given("BASE", base, ""), given("HEAD", head, "")
    return run_compare(
        *sides, (*(targets or ()), *(claims or ())), Rules(level, tolerance, rounding), profile=profile, seed=seed,
        device=device, jobs=jobs, json_file=json_file, markdown=markdown, out=out, store=store,
    )  # fmt: skip


@app.command()
def report(folder: Annotated[str | None, typer.Argument(metavar="DIR", help="A run folder.")] = None) -> int:
    """Make the pages of a run folder again from its results.json."""
    from rates.choices import given
    from rates.report import rebuild

    typer.echo(rebuild(given("DIR", folder, load().out)))
    return 0


store_app = typer.Typer(help="See, thin out or export the measurements that are kept.", invoke_without_command=True)
app.add_typer(store_app, name="store")


@store_app.callback()
def start_store(context: typer.Context) -> None:
    """See, thin out or export the measurements that are kept."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@store_app.command()
def info(store: StoreFile = None) -> int:
    """Say what is kept, in how many bytes."""
    from rates.listing import print_store

    with _store(store) as kept:
        print_store(kept.name, kept.info())
    return 0


@store_app.command()
def prune(
    older_than: Annotated[float | None, typer.Option(metavar="DAYS", help="Remove what is older.")] = None,
    stale: Annotated[bool, typer.Option("--stale", help="Remove what today's catalogue cannot use.")] = False,
    files: Annotated[
        list[str] | None, typer.Option("--keep", metavar="FILE", help="Claims of your own, with --stale.")
    ] = None,
    store: StoreFile = None,
) -> int:
    """Remove measurements that are old, or of code that has changed since; both together where both are given."""
    import time

    from rates.catalogue import find
    from rates.choices import given
    from rates.fingerprint import fingerprint

    if older_than is None and not stale:
        raise SettingsError("say what to remove: --older-than DAYS, --stale, or both")
    if files and not stale:
        raise SettingsError("--keep goes with --stale: an age alone removes what is older, whosever it is")
    for file in files or ():
        given("--keep", file, "")
    if older_than is not None and not 0 <= older_than < math.inf:
        raise SettingsError(f"--older-than {older_than:g}: a number of days from 0 on was expected")
    used = [*find(), *(find(files) if files else [])] if stale else []
    keep = {fingerprint(item.origin) for item in used} if stale else None
    with _store(store) as kept:
        removed = kept.prune(keep=keep, older_than=None if older_than is None else time.time() - 86400 * older_than)
    typer.echo(f"{removed} measurements removed")
    return 0


@store_app.command()
def export(path: Annotated[Path, typer.Argument(metavar="FILE.csv")], store: StoreFile = None) -> int:
    """Write every measured value to a CSV file, one a line."""
    with _store(store) as kept:
        typer.echo(f"{kept.export(path)} values written to {path}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what can be expected to go wrong is one sentence on stderr."""
    prepare()
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="rates", standalone_mode=False)
        write("")
        return int(code or 0)
    except BrokenPipeError:  # what typer itself prints: the help
        silence()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped", INTERRUPTED)
    except Exception as error:
        message = _expected(error)
        if message is None:  # a bug: Python's own exit code 1 would read as "refuted"
            traceback.print_exc()
            return 2
        return _say(message, 2)


def _say(message: str, code: int) -> int:
    print(f"rates: {message}", file=sys.stderr)
    return code


def _expected(error: Exception) -> str | None:
    """Return the sentence of an error that is the input's or the machine's fault, None for any other."""
    usage_error = typer.BadParameter.__mro__[2]  # ClickException, of click or of the copy that newer typers bring
    if isinstance(error, usage_error):
        return " ".join(error.format_message().split())  # type: ignore[attr-defined]
    from rates.catalogue import BrokenCatalogue, UnknownClaim
    from rates.engines import EngineError
    from rates.store import StoreError

    if isinstance(error, UnknownClaim | BrokenCatalogue | StoreError | EngineError | ValueError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the output'} cannot be used: {error.strerror.lower()}"
    return None


def _store(file: str | None) -> Store:
    from rates.choices import given
    from rates.store import Store, StoreError

    path = given("--store", file, load().store)
    if not Path(path).exists():
        raise StoreError(f"there is no store {path}")
    return Store.open(path)
