#!/bin/bash
# Conventions of the official mysql image: MYSQL_{ROOT_PASSWORD,ROOT_HOST,DATABASE,USER,PASSWORD}[_FILE],
# MYSQL_{ALLOW_EMPTY,RANDOM_ROOT}_PASSWORD, /docker-entrypoint-initdb.d, arguments to the server.
set -eo pipefail
. /usr/local/lib/entrypoint.sh

readonly init_socket=/tmp/init.sock init_pid=/tmp/init.pid init_log=/tmp/init.log

log() { echo "$(date --iso-8601=seconds) [Entrypoint] $*"; }

client() { mysql --protocol=socket --socket="$init_socket" --user=root --comments "$@"; }

# quoted TEXT: TEXT as an SQL string
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

# data_folder COMMAND...: where the server with these arguments keeps its data
data_folder() { "$@" --verbose --help 2>/dev/null | awk '$1 == "datadir" { print $2; exit }'; }

accounts() {
  local host=${MYSQL_ROOT_HOST:-%}
  if [ "$host" != localhost ]; then
    echo "CREATE USER root@$(quoted "$host") IDENTIFIED BY $(quoted "$MYSQL_ROOT_PASSWORD");"
    echo "GRANT ALL ON *.* TO root@$(quoted "$host") WITH GRANT OPTION;"
  fi
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
  if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
    echo "CREATE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
    # in a grant, _ stands for any character
    [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO $(quoted "$MYSQL_USER")@'%';"
  fi
  # last: from here on, this session's own account has the password
  echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$MYSQL_ROOT_PASSWORD");"
}

# init_server COMMAND...: a data directory, its accounts and the init files, on a server that only a socket reaches.
init_server() {
  if [ -z "$MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    log 'error: a new database needs MYSQL_ROOT_PASSWORD (or MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD)' >&2
    exit 1
  fi
  if [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    log "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
  fi

  log 'Initializing database files'
  "$@" --initialize-insecure --default-time-zone=SYSTEM
  "$@" --daemonize --skip-networking --mysqlx=OFF --default-time-zone=SYSTEM \
    --socket="$init_socket" --pid-file="$init_pid" --log-error="$init_log" || {
    cat "$init_log" >&2
    exit 1
  }

  accounts | client mysql
  export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
  # without a database the client gets no argument
  # shellcheck disable=SC2086
  run_init_files client $MYSQL_DATABASE
  mysqladmin --protocol=socket --socket="$init_socket" --user=root shutdown
  unset MYSQL_PWD
  while [ -e "$init_pid" ]; do sleep 0.1; done
  log 'MySQL init process done. Ready for start up.'
}

case ${1:-} in -*) set -- mysqld "$@" ;; esac

if [ "$1" = mysqld ] && ! asks_for_help "$@"; then
  : "${DATADIR:=$(data_folder "$@")}"
  export DATADIR
  if [ "$(id -u)" = 0 ]; then
    give_to mysql "$DATADIR" /var/run/mysqld
    become mysql /var/lib/mysql "$0" "$@"
  fi

  file_env MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD
  [ -d "$DATADIR/mysql" ] || init_server "$@"
fi

exec "$@"
