#!/bin/bash
# Conventions of the official mongo image: mongod's arguments, MONGO_INITDB_ROOT_{USERNAME,PASSWORD}[_FILE], data in
# /data/db. Two servers run, PostgreSQL and FerretDB in front of it; the container ends with the first that ends.
set -eo pipefail
. /usr/local/lib/entrypoint.sh

readonly sockets=/var/run/postgresql connections=100 pool=80

case ${1:-} in '' | -*) set -- mongod "$@" ;; esac
[ "$1" = mongod ] || exec "$@"

data=/data/db port=27017 bind='' cache_gb='' without_effect=()
file_env MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD
auth=--no-auth
[ -z "$MONGO_INITDB_ROOT_USERNAME" ] || auth=--auth

arguments=("${@:2}")
while [ ${#arguments[@]} -gt 0 ]; do
  option=${arguments[0]%%=*}
  value=${arguments[0]#*=}
  words=1
  # options of one word
  case $option in
    --help | -h | --version) exec ferretdb --version ;;
    --auth) auth=--auth ;;
    --noauth) auth=--no-auth ;;
    --bind_ip_all) bind='' ;;
    --quiet | -v* | --verbose | --ipv6 | --journal | --nojournal | --directoryperdb | --noscripting)
      without_effect+=("$option")
      ;;
    *)
      if [ "${arguments[0]}" = "$option" ]; then
        value=${arguments[1]}
        words=2
      fi
      # options with a value
      case $option in
        --dbpath) data=$value ;;
        --port) port=$value ;;
        --bind_ip) case $value in 127.0.0.1 | localhost) bind=127.0.0.1 ;; esac ;;
        --wiredTigerCacheSizeGB) cache_gb=$value ;;
        --replSet | --setParameter | --oplogSize | --syncdelay | --profile | --slowms | --logpath | --maxConns | \
          --storageEngine | --journalCommitInterval | --networkMessageCompressors | --keyFile | --wiredTiger*)
          without_effect+=("$option=$value")
          ;;
        *)
          echo >&2 "error: unrecognised option '$option'"
          exit 2
          ;;
      esac
      ;;
  esac
  arguments=("${arguments[@]:words}")
done

if [ "$(id -u)" = 0 ]; then
  give_to postgres "$data" "$sockets"
  become postgres /tmp "$0" "$@"
fi

[ ${#without_effect[@]} -eq 0 ] || echo "accepted, but without effect on FerretDB: ${without_effect[*]}"

cluster=$data/pg new=''
if [ ! -s "$cluster/PG_VERSION" ]; then
  new=yes
  mkdir -m 700 "$cluster"
  tar --directory="$cluster" --extract --file=/usr/local/share/ferretdb/seed.tar
fi

# A server that was killed could not remove its own: in the new container's table of processes the number that it names
# may be another's, for which PostgreSQL would not start.
rm -f "$cluster/postmaster.pid" "$sockets"/.s.PGSQL.*.lock

# half of the cache asked for; the page cache of the kernel is the other half
shared_mb=$(awk -v gb="${cache_gb:-0.25}" 'BEGIN { mb = int(gb * 512); print (mb < 32 ? 32 : mb) }')

stop() {
  trap '' TERM INT
  # FerretDB first: it holds sessions of the other
  kill -TERM "$ferretdb" 2>/dev/null || :
  kill -INT "$postgres" 2>/dev/null || :
  wait "$ferretdb" "$postgres" 2>/dev/null || :
  exit "$1"
}
postgres='' ferretdb=''
trap 'stop 0' TERM INT

postgres -D "$cluster" -c shared_buffers="${shared_mb}MB" -c max_connections="$connections" &
postgres=$!
until pg_isready -q -h "$sockets" -U postgres; do
  kill -0 "$postgres" || stop 1
  sleep 0.1
done

if [ -n "$new" ] && [ -n "$MONGO_INITDB_ROOT_USERNAME" ]; then
  psql -q -h "$sockets" -U postgres -v ON_ERROR_STOP=1 <<'SQL'
\getenv name MONGO_INITDB_ROOT_USERNAME
\getenv password MONGO_INITDB_ROOT_PASSWORD
CREATE ROLE :"name" LOGIN SUPERUSER PASSWORD :'password';
SQL
fi

ferretdb "$auth" --listen-addr="$bind:$port" --state-dir=/tmp --telemetry=disable --debug-addr=- \
  --postgresql-url="postgres://postgres@/postgres?host=$sockets&pool_max_conns=$pool" \
  --log-level="${FERRETDB_LOG_LEVEL:-ERROR}" &
ferretdb=$!
echo "Waiting for connections on port $port"

code=0
wait -n "$postgres" "$ferretdb" || code=$?
echo >&2 "a server ended with exit code $code"
stop "$((code == 0 ? 1 : code))"
