#!/bin/bash
# Conventions of the official postgres image: POSTGRES_{PASSWORD,USER,DB,INITDB_ARGS,INITDB_WALDIR,HOST_AUTH_METHOD},
# PGDATA, /docker-entrypoint-initdb.d, arguments to the server.
set -Eeo pipefail
. /usr/local/lib/entrypoint.sh

init_cluster() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo >&2 'error: a new database needs POSTGRES_PASSWORD, not empty (or POSTGRES_HOST_AUTH_METHOD=trust)'
    exit 1
  fi
  if [ -n "$POSTGRES_INITDB_WALDIR" ]; then
    POSTGRES_INITDB_ARGS+=" --waldir=$(printf %q "$POSTGRES_INITDB_WALDIR")"
  fi
  # eval: POSTGRES_INITDB_ARGS is a line of shell words; the password goes by a pipe, never by an argument
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' "$POSTGRES_INITDB_ARGS"

  local method="${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption -D "$PGDATA")}"
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# init_database SERVER_ARGUMENT...: makes POSTGRES_DB and runs the init files on a server that only the socket reaches.
init_database() {
  export PGPASSWORD="$POSTGRES_PASSWORD"
  PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@" -c listen_addresses= -p 5432)" -w start

  local client=(psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER")
  if [ "$POSTGRES_DB" != postgres ]; then
    "${client[@]}" --dbname postgres -v database="$POSTGRES_DB" <<<'CREATE DATABASE :"database";'
  fi
  run_init_files "${client[@]}" --dbname "$POSTGRES_DB"

  PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
}

case ${1:-} in -*) set -- postgres "$@" ;; esac

if [ "$1" = postgres ] && ! asks_for_help "$@"; then
  if [ "$(id -u)" = 0 ]; then
    folders=("$PGDATA" /var/run/postgresql)
    [ -z "$POSTGRES_INITDB_WALDIR" ] || folders+=("$POSTGRES_INITDB_WALDIR")
    give_to postgres "${folders[@]}"
    chmod 0700 "$PGDATA"
    become postgres /var/lib/postgresql "$0" "$@"
  fi

  file_env POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS
  : "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    init_cluster
    init_database "${@:2}"
    echo 'PostgreSQL init process complete; ready for start up.'
  fi
fi

exec "$@"
