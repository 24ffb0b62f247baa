"""A ClickHouse server of this machine with TLS and users, where one is installed."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.support.engines import EngineUnavailable
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, free_port, launch, tail

CONFIG = """
<clickhouse>
  <logger><level>warning</level><console>1</console></logger>
  <https_port>{port}</https_port>
  <listen_host>127.0.0.1</listen_host>
  <path>{home}/data/</path>
  <tmp_path>{home}/tmp/</tmp_path>
  <user_files_path>{home}/files/</user_files_path>
  <openSSL><server>
    <certificateFile>{tls}/clickhouse.pem</certificateFile>
    <privateKeyFile>{tls}/clickhouse.key</privateKeyFile>
    <caConfig>{tls}/ca.pem</caConfig>
    <verificationMode>relaxed</verificationMode>
  </server></openSSL>
  <user_directories>
    <users_xml><path>{home}/users.xml</path></users_xml>
    <local_directory><path>{home}/access/</path></local_directory>
  </user_directories>
</clickhouse>
"""
USERS = """
<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><default>
    <password>{password}</password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota><access_management>1</access_management>
  </default></users>
</clickhouse>
"""
PASSWORD = "of-the-administrator"


class ServedClickHouse:
    """A server that listens for TLS alone. Use it in a `with` block.

    Raises (from `__enter__`):
        EngineUnavailable: no ClickHouse server is installed here.
    """

    def __init__(self, home: Path, certificates: Path) -> None:
        self._home, self._certificates = home, certificates
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def settings(self, user: str) -> dict[str, Any]:
        """Of a client with a password; `default` is the administrator."""
        return {
            "clickhouse": f"https://127.0.0.1:{self._port}",
            "clickhouse_user": user,
            "clickhouse_password": PASSWORD if user == "default" else "",
            "clickhouse_ca_file": self._certificates / "ca.pem",
        }

    def certificate_settings(self, user: str, name: str) -> dict[str, Any]:
        """Of a client that shows the certificate of a name."""
        files = {"cert_file": self._certificates / f"{name}.pem", "key_file": self._certificates / f"{name}.key"}
        return {**self.settings(user), **{f"clickhouse_{key}": path for key, path in files.items()}}

    def __enter__(self) -> Self:
        program = shutil.which("clickhouse-server") or shutil.which("clickhouse")
        if program is None:
            raise EngineUnavailable("no ClickHouse server is installed here")
        if "18." in subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout[:40]:
            raise EngineUnavailable("the ClickHouse server here is of 2018, before roles")
        (self._home / "config.xml").write_text(CONFIG.format(port=self._port, home=self._home, tls=self._certificates))
        (self._home / "users.xml").write_text(USERS.format(password=PASSWORD))
        words = [program] if program.endswith("-server") else [program, "server"]
        log = self._home / "server.log"
        self._process = launch([*words, f"--config-file={self._home / 'config.xml'}"], log=log, cwd=self._home)
        self._await(log)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            end(self._process)

    def _await(self, log: Path) -> None:
        from streams.analytics.client import connect
        from streams.config.settings import load_settings
        from streams.errors import AnalyticsError

        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                connect(load_settings(**self.settings("default")), database="").close()
                return
            except AnalyticsError as error:
                process = self._process
                if time.monotonic() > deadline or process is None or process.poll() is not None:
                    self.__exit__()
                    raise TimeoutError(f"{error}; its log ends:\n{tail(log)}") from error
                time.sleep(0.2)
