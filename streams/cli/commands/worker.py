"""`mediasieve worker`: run stages of the stream in this process. The topology of the stages is in agents/."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from streams.cli.options import broker_option, clickhouse_option, data_dir_option, stages_option
from streams.kafka.membership import leave_groups
from streams.local.data_dir import find_running_system, load_command_settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: Libraries whose INFO lines help nobody but their authors.
VERBOSE_LIBRARIES = ("faust", "mode", "aiokafka", "clickhouse_connect", "kafka", "urllib3")


@click.command()
@stages_option
@click.option("--id", "worker_id", help="Unique among the workers; else MEDIASIEVE_WORKER_ID, else the host's name.")
@click.option("--http", metavar="HOST:PORT", help="Where /live, /ready and /metrics are served; '' to serve none.")
@clickhouse_option
@click.option(
    "--afresh",
    is_flag=True,
    help="Join as a new member even after a crash; the embedded broker needs it, and there it is the default.",
)
@click.option("--verbose", "-v", is_flag=True, help="Log the messages of libraries, too.")
@broker_option
@data_dir_option
def command(
    stages: tuple[str, ...],
    worker_id: str | None,
    http: str | None,
    clickhouse: str | None,
    afresh: bool,
    verbose: bool,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Run stages of the stream in this process until Ctrl-C or SIGTERM.

    Start as many workers as you like, each with its own --id. Kafka shares the partitions out among them.
    """
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    if not verbose:
        for name in VERBOSE_LIBRARIES:
            logging.getLogger(name).setLevel(logging.WARNING)
    settings = load_command_settings(
        broker=broker, clickhouse=clickhouse, data_dir=data_dir, worker_id=worker_id, http=http
    )
    running = find_running_system(settings.paths.data_dir)
    if afresh or (
        running is not None and running.broker_embedded and running.broker == settings.kafka.bootstrap_servers
    ):
        leave_groups(settings, stages)
    from agents.app import run_worker

    return run_worker(settings, stages)
