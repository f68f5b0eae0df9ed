#!/bin/sh
# airlock-fallback UNIT ROOT: started by systemd when UNIT could not be kept running. If an upgrade
# is under way, it takes it back: the version before becomes current, the journal with it, and UNIT
# is started again. Without an upgrade there is nothing to restore. It needs a shell and coreutils.
set -u
unit=$1 root=$2
case $unit in *@*) which=${unit#*@} which="--instance ${which%.service}" ;; *) which= ;; esac
base=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
mark=$base/upgrading

say() {
  echo "airlock-fallback: $1"
  logger -p daemon.err -t airlock-fallback "$1" 2>/dev/null || :
}

[ -f "$mark" ] || { say "$unit failed, and no upgrade is under way: see journalctl -u $unit"; exit 0; }
read -r new old <"$mark" || { say "$mark cannot be read: flip $base/current by hand"; exit 1; }
case $old in
  '' | .* | */*) say "$mark names no version: flip $base/current by hand"; exit 1 ;;
esac
[ -x "$base/$old/bin/airlock" ] || { say "the version before, $old, is not there any more"; exit 1; }

# A stop that took too long counts as a failure, too, and with a restart the start comes after it:
# only what has failed and stays so has failed to start.
failed=0
while [ $failed -lt 2 ]; do
  case $(systemctl show -p ActiveState --value "$unit") in
    active) say "$unit runs: nothing is taken back"; exit 0 ;;
    inactive) say "$unit was stopped: nothing is taken back"; exit 0 ;;
    failed)
      # With a job, it is to be started.
      case $(systemctl show -p Job --value "$unit") in
        '' | 0) failed=$((failed + 1)) ;;
        *) failed=0 ;;
      esac
      ;;
    *) failed=0 ;;
  esac
  sleep 1
done

say "$unit does not start with $new: back to $old"
ln -sfn "$old" "$base/.fallback-$$" && mv -T "$base/.fallback-$$" "$base/current" || {
  say "$base/current cannot be moved to $old"
  exit 1
}
sync -f "$base" 2>/dev/null || :
# The older one may not read a journal that the newer one upgraded: the copy from before comes back.
if ! said=$("$base/$old/bin/airlock" step-back $which 2>&1); then
  say "the journal could not be stepped back: $said"
fi
# Its own units, where the newer one brought others.
"$base/$old/bin/airlock" take-over $which >/dev/null 2>&1 || say "the units of $old could not be written"
rm -f "$mark"
systemctl reset-failed "$unit" 2>/dev/null || :
systemctl --no-block start "$unit" || { say "$unit could not be started"; exit 1; }
say "$unit is started again with $old"
