#!/bin/bash
# Conventions of the official neo4j 5 image: NEO4J_AUTH[_FILE], NEO4J_PLUGINS, NEO4J_<setting> with _ for . and __ for _,
# /data, /logs, /plugins, /import, /conf.
set -eo pipefail
. /usr/local/lib/entrypoint.sh

readonly conf="$NEO4J_HOME/conf/neo4j.conf"

# setting NAME VALUE: written over whatever the file says
setting() {
  sed -i "/^${1//./\\.}=/d" "$conf"
  printf '%s=%s\n' "$1" "$2" >>"$conf"
}

# default NAME VALUE: written unless the file says something
default() { grep -q "^${1//./\\.}=" "$conf" || printf '%s=%s\n' "$1" "$2" >>"$conf"; }

# setting_name VARIABLE: the setting that a variable NEO4J_... names
setting_name() {
  local name=${1#NEO4J_}
  name=${name//__/$'\001'}
  name=${name//_/.}
  printf %s "${name//$'\001'/_}"
}

install_plugins() {
  local plugin
  for plugin in $(tr -d '[]"' <<<"$1" | tr , ' '); do
    case $plugin in
      apoc | apoc-core)
        cp -n "$NEO4J_HOME"/labs/*.jar "$2"/
        default dbms.security.procedures.unrestricted 'apoc.*'
        ;;
      *)
        echo >&2 "error: plugin \"$plugin\" is not in this image, which holds apoc only"
        exit 1
        ;;
    esac
  done
}

settings_from_environment() {
  local variable value name
  while IFS='=' read -r -d '' variable value; do
    case $variable in
      NEO4J_AUTH | NEO4J_PLUGINS | NEO4J_HOME | NEO4J_CONF | NEO4J_EDITION | NEO4J_ACCEPT_LICENSE_AGREEMENT) continue ;;
      NEO4J_apoc_*) printf '%s=%s\n' "$(setting_name "$variable")" "$value" >>"$NEO4J_HOME/conf/apoc.conf" ;;
      NEO4J_server_jvm_additional) tr ' ' '\n' <<<"$value" | sed 's/^/server.jvm.additional=/' >>"$conf" ;;
      NEO4J_*)
        name=$(setting_name "$variable")
        # lower case, with a dot: all else is no setting
        if [[ $name =~ ^[a-z]+\.[a-z] ]]; then setting "$name" "$value"; fi
        ;;
    esac
  done < <(env --null)
}

# initial_password USER/PASSWORD[/true]: for a database that has none yet; true asks for a change at the first login
initial_password() {
  local user=${1%%/*} password=${1#*/} options=()
  if [[ $password == */true ]]; then
    password=${password%/true}
    options=(--require-password-change)
  fi
  if [ "$user" != neo4j ]; then
    echo >&2 "error: NEO4J_AUTH names the user $user: the first user is called neo4j"
    exit 1
  fi
  # an argument file: the password is in no list of processes
  local arguments
  arguments=$(mktemp)
  password=${password//\\/\\\\}
  printf '"%s"\n' "${password//\"/\\\"}" >"$arguments"
  # it fails where there is a password already: no reason not to start
  neo4j-admin dbms set-initial-password "${options[@]}" "@$arguments" || [ -d /data/databases/system ]
  rm "$arguments"
}

command=${1:-neo4j}
[ "$command" = neo4j ] || [ "$command" = console ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  give_to neo4j /data /logs "$NEO4J_HOME/conf" "$NEO4J_HOME/plugins" "$NEO4J_HOME/run" "$NEO4J_HOME/import"
  become neo4j "$NEO4J_HOME" "$0" "$@"
fi

file_env NEO4J_AUTH
[ ! -d /conf ] || cp -f /conf/* "$NEO4J_HOME/conf/"
plugins=$NEO4J_HOME/plugins
if [ -d /plugins ]; then
  plugins=/plugins
  setting server.directories.plugins /plugins
fi
[ ! -d /import ] || setting server.directories.import /import
install_plugins "$NEO4J_PLUGINS" "$plugins"
settings_from_environment
default server.default_listen_address 0.0.0.0
default server.memory.pagecache.size 512M
# not the official default: a server under test reports to nobody
default dbms.usage_report.enabled false
default db.tx_log.rotation.retention_policy '100M size'

case $NEO4J_AUTH in
  '') ;;
  none) setting dbms.security.auth_enabled false ;;
  *) initial_password "$NEO4J_AUTH" ;;
esac
unset NEO4J_AUTH

# A server that was killed could not remove it: the launcher would take this very process for that server.
rm -f "$NEO4J_HOME/run/neo4j.pid"

# the release's launcher tells the command line that its settings make; the server then is this process
line=$(neo4j console --dry-run)
eval "exec $line"
