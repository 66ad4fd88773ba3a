"""MySQL, read with `mysql` and PyMySQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pymysql

from core.schema.model import Table
from testkit.serving import PASSWORD, Served
from tests.worker.encode import mysql_reader, samples
from tests.worker.sources.beds.base import Row


class MySQLBed:
    source = "mysql"
    asks_for_password = True
    knows_rights = True
    missing_database: str | None = "check the database's name"
    settings: Mapping[str, str] = {
        "max_connections": "200",
        "innodb_buffer_pool_size": str(128 * 1024 * 1024),
        "log_bin": "OFF",
        "local_infile": "ON",
        "innodb_doublewrite": "OFF",
    }

    def count(self, served: Served, table: Table) -> int:
        return int(self._root(served, "--skip-column-names", "--execute", f"SELECT count(*) FROM `{table.name}`"))

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        with self._driver(served) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(map(mysql_reader.selected, table.columns))} FROM `{table.name}`")
            return [
                {c.name: mysql_reader.read(value, c.type) for c, value in zip(table.columns, row, strict=True)}
                for row in cursor.fetchall()
            ]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return [
            {column.name: mysql_reader.held(row[column.name], column.type) for column in table.columns}
            for row in samples.rows_of(table, batch)
        ]

    def make_another_shape(self, served: Served, table: Table) -> None:
        self._root(served, "--execute", f"CREATE TABLE `{table.name}` (id bigint PRIMARY KEY, extra text)")

    def without_rights(self, served: Served) -> str:
        self._root(
            served,
            "--execute",
            f"CREATE USER IF NOT EXISTS stranger IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON loadtest.* TO stranger",
        )
        return served.connection_string.replace("//loadtest:", "//stranger:")

    def _root(self, served: Served, *arguments: str) -> str:
        command = ["mysql", "--host=127.0.0.1", "--user=root", *arguments, "loadtest"]
        return served.container.output(*command, environment={"MYSQL_PWD": PASSWORD})

    def _driver(self, served: Served) -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host=served.connection.host, user="loadtest", password=PASSWORD, database="loadtest", ssl_disabled=True
        )
