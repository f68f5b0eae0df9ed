// package-on.ts MACHINE TARBALL: install a package on a bare machine without a network, start its
// services until READY, and take it off again; nothing of it may be left.
import { execFileSync } from 'node:child_process';
import { boot } from '../test/machine/support/machine.ts';

const [lower = '', tarball = ''] = process.argv.slice(2);

await using machine = await boot({ lower });
execFileSync('tar', ['-C', `${machine.place}/door`, '-xzf', tarball]);
const say = (command: string) => {
  const { exit, stdout, stderr } = machine.sh(command, { within: 300_000 });
  console.log(`$ ${command}\n${stdout}${stderr}`.trimEnd());
  if (exit !== 0) {
    console.log(machine.sh('journalctl -b --no-pager -u "airlock*" | tail -n 60').stdout);
    throw new Error(`${command}: exit ${exit}`);
  }
  return stdout;
};

/** All files that a package could touch, and who there is. */
const state = () =>
  machine.must(`find /usr /etc /var/lib -xdev | sort; cat /etc/passwd /etc/group`);

say(
  '! command -v node && ! command -v git && ip link 2>/dev/null | grep -c UP || cat /proc/net/dev',
);
const before = state();
say('cd /host/airlock-* && ./bin/airlock install --dry-run && ./bin/airlock install');
say('systemctl is-active airlock-launcher airlock && airlock status');
say('airlock policy check && airlock doctor --json | head -c 4000');
say('airlock uninstall --purge');
const added = new Set(before.split('\n'));
const left = state()
  .split('\n')
  .filter(
    (line) =>
      !added.has(line) &&
      !/^\/(etc\/(passwd|group|g?shadow|subuid|subgid)-|var\/lib\/systemd)/.test(line),
  );
if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
console.log('nothing is left behind');
