/**
 * The bridge and the first process of a run. Pure: texts and arrays, runs nothing.
 *
 * A run has no network. Its only way out is a unix socket bound into the sandbox; clients of
 * model APIs speak TCP, so socat listens on loopback and hands every connection to the socket.
 */

/** Where a run reaches its gateway: 127.0.0.1 in a network namespace of its own. */
export const GATEWAY_PORT = 8484;
/** Where the gateway's socket is inside the sandbox. */
export const GATEWAY_SOCKET = '/run/gateway';
/** The first process tells the supervisor here how far it came; closed before the run starts. */
export const PROGRESS_FD = 5;
/** Files that one process of a run may hold open; a kernel's table is every run's. */
const OPEN_FILES = 8192;
/** The last word on PROGRESS_FD: what follows is the run's own doing. */
export const STARTED = 'started';

/**
 * Runs as the run's user. Double-forks socat, so that the runtime inherits no child that it does
 * not know, waits until the port is in the kernel's table of listeners, then becomes the command.
 * Only shell builtins but for the wait: a process more costs a millisecond. If the supervisor was
 * killed meanwhile nobody hears that it starts: then nothing starts, and nothing stays.
 */
const script = `
ulimit -c 0
ulimit -n ${OPEN_FILES} 2>/dev/null
socat=$1; shift
listening() {
  while read -r _ at _ state _; do
    case "$at $state" in *:${GATEWAY_PORT.toString(16).toUpperCase()}' 0A') return 0;; esac
  done </proc/net/tcp
  return 1
}
if [ -n "$socat" ]; then
  bridge=$("$socat" TCP-LISTEN:${GATEWAY_PORT},bind=127.0.0.1,fork,reuseaddr,backlog=128 \\
    UNIX-CONNECT:${GATEWAY_SOCKET} </dev/null >/dev/null 2>&${PROGRESS_FD} & echo $!)
  until listening; do
    kill -0 "$bridge" 2>/dev/null || { echo 'the bridge ended' >&${PROGRESS_FD}; exit 125; }
    sleep 0.001
  done
fi
case $1 in
  */*) ;;
  *) command -v "$1" >/dev/null || { echo "no program $1" >&${PROGRESS_FD}; exit 127; };;
esac
trap '' PIPE
echo ${STARTED} >&${PROGRESS_FD} || { [ -z "$socat" ] || kill "$bridge"; exit 125; }
trap - PIPE
exec ${PROGRESS_FD}>&-
exec "$@"
`;

/** argv of the first process; `socat` null: no gateway, nothing to bridge. */
export function firstProcess(sh: string, socat: string | null, command: string[]): string[] {
  return [sh, '-c', script, 'airlock', socat ?? '', ...command];
}
