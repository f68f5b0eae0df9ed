# inside.sh PLACE LOWER: the first process of a machine; becomes systemd on a copy of LOWER.
set -euo pipefail
place=$1 lower=$2
root=$place/root
mkdir -p "$root" "$place/disk/upper" "$place/disk/work"
disk="upperdir=$place/disk/upper,workdir=$place/disk/work"
mount -t overlay overlay -o "lowerdir=$lower,$disk" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for controller in systemd unified memory pids cpu cpuacct freezer devices blkio cpuset; do
    [ -e "/sys/fs/cgroup/$controller/cgroup.procs" ] || continue
    mkdir "$root/sys/fs/cgroup/$controller"
    case $controller in
      unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified" ;;
      systemd) mount -t cgroup -o none,name=systemd,xattr cgroup "$root/sys/fs/cgroup/systemd" ;;
      *) mount -t cgroup -o "$controller" cgroup "$root/sys/fs/cgroup/$controller" ;;
    esac
  done
fi
mkdir -p "$root/host"
mount --bind "$place/door" "$root/host"
ip link set lo up
cd "$root"
mkdir -p .before
pivot_root . .before
# Of the host nothing is left but what the overlay shows, and that is written to the disk alone.
umount -l /.before
# As a host has it: what systemd mounts for a service, its credentials say, is seen everywhere.
mount --make-rshared /
exec /lib/systemd/systemd --unit=machine.target </dev/null >/host/console 2>&1
