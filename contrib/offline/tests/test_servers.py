"""The servers of the images are real, ready for queries, and follow the conventions of the official images."""

import pytest

from contrib.offline.images import catalogue, engine
from contrib.offline.images.recipe import Recipe, tag
from testkit.containers import Run, running
from testkit.images import SERVERS
from testkit.requires import requires
from testkit.sampling import sampled
from testkit.serving import serving

pytestmark = pytest.mark.docker

# characters that shells, SQL, Java argument files and addresses treat differently
PASSWORD = "a 'b\" \\c $d %e #f"


def built(recipe: Recipe) -> str:
    """Return the image of a recipe. Skip the test if the Docker engine lacks it or has an older version."""
    current = engine.content_of(tag(recipe)) == recipe.content()
    requires(current, "docker", f"the image {recipe.name} is not up to date on the Docker engine")
    return tag(recipe)


def test_python_has_the_version_of_its_tag_and_pip() -> None:
    with running(built(catalogue.PYTHON), Run(arguments=["sleep", "600"])) as container:
        assert container.output("python", "--version").startswith("Python 3.11.")
        assert "python 3.11" in container.output("pip", "--version")


def test_postgres_applies_environment_arguments_and_ram_disk() -> None:
    run = Run(
        environment={"POSTGRES_PASSWORD": PASSWORD, "POSTGRES_USER": "loader", "POSTGRES_DB": "shop"},
        arguments=["-c", "max_connections=77", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"],
        tmpfs={"/var/lib/postgresql": "size=512m"},
    )
    with running(built(catalogue.POSTGRES), run) as server:
        # TCP: the server that creates the database listens on its socket only
        query = ["psql", "-h", "127.0.0.1", "-U", "loader", "-d", "shop", "-tAc"]
        server.wait_until_ready([*query, "SELECT 1"])
        assert server.output(*query, "SELECT 1 + 1") == "2"
        assert server.output(*query, "SHOW max_connections") == "77"
        assert server.output(*query, "SHOW wal_level") == "minimal"
        assert server.output(*query, "SHOW server_version_num").startswith("18")
        assert server.output(*query, "SHOW data_directory") == "/var/lib/postgresql/18/docker"
        assert server.file_system("/var/lib/postgresql/18/docker") == "tmpfs"
        assert server.server_uid() == 999


def test_postgres_requires_the_password_from_other_hosts() -> None:
    with running(built(catalogue.POSTGRES), Run(environment={"POSTGRES_PASSWORD": PASSWORD})) as server:
        query = ["psql", "-h", server.name, "-U", "postgres", "-tAc", "SELECT 1"]
        server.wait_until_ready(query, environment={"PGPASSWORD": PASSWORD})
        refused = server.execute(*query, environment={"PGPASSWORD": "another"})
        assert "password authentication failed" in refused.stderr


def test_postgres_without_a_password_reports_what_it_needs() -> None:
    with running(built(catalogue.POSTGRES), Run()) as server:
        assert server.wait_until_ended() == 1
        assert "POSTGRES_PASSWORD" in server.log()


def test_mysql_applies_environment_arguments_and_ram_disk() -> None:
    run = Run(
        environment={
            "MYSQL_ROOT_PASSWORD": PASSWORD,
            "MYSQL_DATABASE": "shop_1",
            "MYSQL_USER": "loader",
            "MYSQL_PASSWORD": PASSWORD,
        },
        arguments=["--local-infile=1", "--max-connections=77", "--skip-log-bin", "--innodb-buffer-pool-size=128M"],
        tmpfs={"/var/lib/mysql": "size=512m"},
    )
    with running(built(catalogue.MYSQL), run) as server:
        query = ["mysql", "--host=127.0.0.1", "--user=loader", "--batch", "--skip-column-names", "shop_1", "--execute"]
        login = {"MYSQL_PWD": PASSWORD}
        server.wait_until_ready([*query, "SELECT 1"], environment=login)
        settings = "SELECT @@max_connections, @@local_infile, @@log_bin, @@innodb_buffer_pool_size, @@datadir"
        assert server.output(*query, settings, environment=login).split() == [
            "77",
            "1",
            "0",
            str(128 * 1024 * 1024),
            "/var/lib/mysql/",
        ]
        assert server.output(*query, "SELECT version()", environment=login).startswith("9.7.")
        assert server.file_system("/var/lib/mysql") == "tmpfs"
        assert server.server_uid() == 999
        root = ["mysql", "--host=127.0.0.1", "--user=root", "--execute", "SELECT 1"]
        assert server.output(*root, environment=login)
        assert "Access denied" in server.execute(*root, environment={"MYSQL_PWD": "another"}).stderr


def test_kafka_applies_environment_and_ram_disk() -> None:
    run = Run(
        environment={
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:9092",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_LOG_SEGMENT_BYTES": "16777216",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_NUM_PARTITIONS": "3",
            "KAFKA_HEAP_OPTS": "-Xms256m -Xmx256m",
        },
        tmpfs={"/var/lib/kafka/data": "size=256m,uid=1000,gid=1000,mode=0755"},
    )
    with running(built(catalogue.KAFKA), run) as server:
        broker = ["--bootstrap-server", "localhost:9092"]
        topics = ["/opt/kafka/bin/kafka-topics.sh", *broker]
        short = {"KAFKA_HEAP_OPTS": "-Xmx64m"}  # the variable with the server's options does not fit its tools
        server.wait_until_ready([*topics, "--list"], environment=short)
        server.output(*topics, "--create", "--topic", "users", environment=short)
        assert "PartitionCount: 3" in server.output(*topics, "--describe", "--topic", "users", environment=short)
        send = f"echo value | /opt/kafka/bin/kafka-console-producer.sh {' '.join(broker)} --topic users"
        server.output("sh", "-c", send, environment=short)
        offsets = ["/opt/kafka/bin/kafka-get-offsets.sh", *broker, "--topic", "users"]
        counts = [int(line.rpartition(":")[2]) for line in server.output(*offsets, environment=short).split()]
        assert sorted(counts) == [0, 0, 1]
        assert server.file_system("/var/lib/kafka/data/users-0") == "tmpfs"
        assert server.server_uid() == 1000


def test_neo4j_applies_environment_and_ram_disk() -> None:
    run = Run(
        environment={
            "NEO4J_AUTH": f"neo4j/{PASSWORD}",
            "NEO4J_PLUGINS": '["apoc"]',
            "NEO4J_server_memory_heap_initial__size": "256m",
            "NEO4J_server_memory_heap_max__size": "256m",
            "NEO4J_server_memory_pagecache_size": "64m",
            "NEO4J_db_tx__log_preallocate": "false",
            "NEO4J_db_tx__log_rotation_size": "16m",
            "NEO4J_db_tx__log_rotation_retention__policy": "2 files",
        },
        tmpfs={"/data": "size=256m"},
    )
    with running(built(catalogue.NEO4J), run) as server:
        login = {"NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": PASSWORD}
        query = ["cypher-shell", "--format", "plain"]
        server.wait_until_ready([*query, "RETURN 1"], environment=login)
        assert server.output(*query, "RETURN apoc.version()", environment=login).splitlines()[-1] == '"5.26.0"'
        settings = "SHOW SETTINGS 'server.memory.pagecache.size', 'db.tx_log.rotation.retention_policy' YIELD value"
        values = server.output(*query, f"{settings} RETURN value ORDER BY value", environment=login).splitlines()[1:]
        assert values == ['"2 files"', '"64.00MiB"']
        assert server.file_system("/data/databases/neo4j") == "tmpfs"
        assert server.server_uid() == 7474


def test_ferretdb_applies_arguments_and_environment() -> None:
    run = Run(
        environment={"MONGO_INITDB_ROOT_USERNAME": "root", "MONGO_INITDB_ROOT_PASSWORD": "a 'b"},
        arguments=["--replSet", "rs0", "--wiredTigerCacheSizeGB=0.25", "--port", "27018"],
        tmpfs={"/data/db": "size=512m"},
    )
    with running(built(catalogue.FERRETDB), run) as server:
        shell = ["mongosh", "--quiet", "mongodb://root:a%20%27b@127.0.0.1:27018/shop?authSource=admin", "--eval"]
        server.wait_until_ready([*shell, "db.runCommand({ping: 1}).ok"])
        insert_and_count = "db.users.insertMany([{_id: 1}, {_id: 2}]); print(db.users.countDocuments({}))"
        assert server.output(*shell, insert_and_count) == "2"
        assert "without effect on FerretDB: --replSet=rs0" in server.log()
        stranger = ["mongosh", "--quiet", "mongodb://127.0.0.1:27018/shop", "--eval", "db.users.countDocuments({})"]
        assert "requires authentication" in server.execute(*stranger).stderr
        assert server.file_system("/data/db/pg") == "tmpfs"
        assert server.server_uid() == 999
        assert server.stop() == 0


@pytest.mark.parametrize("source", sampled(SERVERS, {"postgresql", "mongodb"}))
def test_killed_server_starts_again_and_responds(source: str) -> None:
    """Test only PostgreSQL and Neo4j: the sample of the fault tests covers MySQL and Kafka."""
    with serving(source, tmpfs=None) as served:
        served.kill()
        served.start()
