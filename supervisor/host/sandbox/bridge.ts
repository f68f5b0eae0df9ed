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
/** A word on PROGRESS_FD: what follows is the run's own doing. */
export const STARTED = 'started';
/** The last word there, and a number: processes that were there when the command had ended. */
export const LEFT = 'left';

/**
 * Runs as the run's user: starts socat and the command, each a child of its own, so that the
 * runtime inherits no child that it does not know. The command waits until the port is in the
 * kernel's table of listeners. Only shell builtins but for the waits: a process more costs a
 * millisecond. If the supervisor was killed meanwhile nobody hears that it starts: then nothing
 * starts, and nothing stays. When the command has ended, who is still there is counted, for at most
 * a tenth of a second: children that end with their parent need a moment. Nobody outside can count:
 * all of them die with the first.
 */
const script = `
ulimit -c 0
ulimit -n ${OPEN_FILES} 2>/dev/null
socat=$1; shift
bridge=
listening() {
  while read -r _ at _ state _; do
    case "$at $state" in *:${GATEWAY_PORT.toString(16).toUpperCase()}' 0A') return 0;; esac
  done </proc/net/tcp
  return 1
}
start() {
  until [ -z "$bridge" ] || listening; do
    kill -0 "$bridge" 2>/dev/null || { echo 'the bridge ended' >&${PROGRESS_FD}; exit 125; }
    sleep 0.001
  done
  case $1 in
    */*) ;;
    *) command -v "$1" >/dev/null || { echo "no program $1" >&${PROGRESS_FD}; exit 127; };;
  esac
  trap '' PIPE
  echo ${STARTED} >&${PROGRESS_FD} || { [ -z "$bridge" ] || kill "$bridge"; exit 125; }
  trap - PIPE
  exec 2>&7 7>&- ${PROGRESS_FD}>&-
  exec "$@"
}
still() {
  left=0
  for at in /proc/[0-9]*; do
    case \${at#/proc/} in 1|$$|"$bridge") continue;; esac
    state= parent=
    while read -r name value _; do
      case $name in State:) state=$value;; PPid:) parent=$value; break;; esac
    done <"$at/status"
    case $state in ''|Z|X) continue;; esac
    [ -n "$bridge" ] && [ "$parent" = "$bridge" ] || left=$((left + 1))
  done
  [ $left != 0 ]
}
if [ -n "$socat" ]; then
  "$socat" TCP-LISTEN:${GATEWAY_PORT},bind=127.0.0.1,fork,reuseaddr,backlog=128 \\
    UNIX-CONNECT:${GATEWAY_SOCKET} </dev/null >/dev/null 2>&${PROGRESS_FD} ${PROGRESS_FD}>&- &
  bridge=$!
fi
# A shell's words of how a command died are none of the run's, and signals to all of it not for us.
exec 7>&2 2>/dev/null
trap : HUP INT QUIT USR1 USR2 ALRM TERM
(start "$@")
code=$?
trap '' PIPE
look=0
while still && [ $look -lt 9 ]; do look=$((look + 1)); sleep 0.01; done
[ $left = 0 ] || echo ${LEFT} $left >&${PROGRESS_FD}
exit $code
`;

/** argv of the first process; `socat` null: no gateway, nothing to bridge. */
export function firstProcess(sh: string, socat: string | null, command: string[]): string[] {
  return [sh, '-c', script, 'airlock', socat ?? '', ...command];
}
