"""The command line: `commonweave` and `python -m node`. The commands are in node/command, by subject."""

from typing import Annotated

import typer

from node import demo
from node.command import founding, keeping, looking, recovering, running
from node.command.terminal import fail, out

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold keys
    help="Commonweave: a network of communities of practice, without a host.",
)
cli.command()(founding.init)
cli.command()(running.run)
cli.command()(running.work)
cli.command()(keeping.token)
cli.command()(keeping.rotate)
cli.command()(recovering.recover)
cli.command()(looking.follow)
cli.command()(looking.status)
cli.command()(looking.verify)
cli.command(name="migrate-database")(keeping.migrate_database)


@cli.command(name="demo")
def demonstrate(
    scenario: Annotated[str, typer.Argument(help="Which story.")] = "safecities",
    once: Annotated[bool, typer.Option("--once", help="Stop when every step is verified.")] = False,
) -> None:
    """Show three coalitions sharing a method, on this machine."""
    try:
        demo.run(scenario, once=once, out=out)
    except demo.DemoError as error:
        raise fail(str(error)) from None
    except KeyboardInterrupt:
        out.print("Stopped.")


def main() -> None:
    """The entry point."""
    cli(prog_name="commonweave")


if __name__ == "__main__":
    main()
