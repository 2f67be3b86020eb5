#!/usr/bin/env bash
# Runs a command with a PostgreSQL cluster of its own, gone when the command ends. The command finds its address in
# TK_POSTGRES (postgresql://…, a unix socket, database `tongkang`). Nothing of the system's own clusters is touched.
# Use: tools/with_postgres.sh COMMAND [ARGUMENT...]        Exit: the command's own; 70 when the cluster did not start.
set -euo pipefail
[ $# -gt 0 ] || { echo "with_postgres: give a command" >&2; exit 2; }
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -x "$bin/initdb" ] || { echo "with_postgres: no PostgreSQL here; ./tk deps installs it" >&2; exit 70; }

folder=$(mktemp -d /tmp/tk_pg_XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then  # PostgreSQL refuses to run as root
  chown postgres "$folder"
  as=(runuser -u postgres --)
fi
stop() {
  (cd "$folder" && "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$folder"
}
trap stop EXIT
start() {
  cd "$folder"
  "${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
  "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/server.log" \
    -o "-c listen_addresses='' -c unix_socket_directories=$folder -c max_connections=100" start >/dev/null
  "${as[@]}" "$bin/createdb" -h "$folder" -U postgres tongkang
}
if ! (start); then
  cat "$folder/server.log" >&2 2>/dev/null || true
  echo "with_postgres: the cluster did not start" >&2
  exit 70
fi
TK_POSTGRES="postgresql://postgres@/tongkang?host=$folder" "$@"
