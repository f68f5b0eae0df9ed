#!/bin/bash
# boot.sh NAME PLACE LOWER: a machine of its own, with a real systemd, until it is powered off.
# PLACE/disk holds what it writes and outlives it; PLACE/door is /host inside. Everything it
# starts is in cgroups called NAME and in namespaces that end with it.
set -euo pipefail
name=$1 place=$2 lower=$3
for controller in systemd unified memory pids cpu cpuacct freezer devices blkio cpuset; do
  group=/sys/fs/cgroup/$controller
  [ -e "$group/cgroup.procs" ] && [ ! -L "$group" ] || continue
  mkdir -p "$group/$name"
  if [ "$controller" = cpuset ]; then
    cat "$group/cpuset.cpus" >"$group/$name/cpuset.cpus"
    cat "$group/cpuset.mems" >"$group/$name/cpuset.mems"
  fi
  echo $$ >"$group/$name/cgroup.procs"
done
# A host with one tree: its controllers are for those below.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p "/sys/fs/cgroup/$name"
  echo $$ >"/sys/fs/cgroup/$name/cgroup.procs"
fi
exec unshare --pid --mount --ipc --uts --cgroup --net --fork --kill-child --propagation private \
  bash "$(dirname "$0")/inside.sh" "$place" "$lower"
