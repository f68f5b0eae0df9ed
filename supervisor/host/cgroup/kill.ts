import { rmdirSync, writeFileSync } from 'node:fs';
import { errorCode, kindOf, listFolder, readText } from '../files/files.ts';

/**
 * End everything in the groups of a run, at once. v2 has a word for it. Without it what is in the
 * group is frozen first, where it can be, so that nothing forks away from under the signals.
 */
export function killIn(groups: readonly string[]): void {
  if (groups.map((one) => written(`${one}/cgroup.kill`, '1')).some(Boolean)) return;
  freezeIn(groups, true);
  for (const group of groups) for (const pid of processesIn(group)) end(pid);
  freezeIn(groups, false);
}

/** Stop everything in the groups where it stands, or let it go on. */
export function freezeIn(groups: readonly string[], frozen: boolean): void {
  for (const group of groups) {
    written(`${group}/cgroup.freeze`, frozen ? '1' : '0') ||
      written(`${group}/freezer.state`, frozen ? 'FROZEN' : 'THAWED');
  }
}

/** Remove an empty group; false while something is in it. */
export function removeGroup(group: string): boolean {
  for (const name of listFolder(group)) {
    if (kindOf(`${group}/${name}`) === 'folder' && !removeGroup(`${group}/${name}`)) return false;
  }
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EBUSY') return false;
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}

export function processesIn(group: string): number[] {
  return (readText(`${group}/cgroup.procs`) ?? '').split('\n').filter(Boolean).map(Number);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Without CAP_KILL an agent's process is not ours to signal: it goes with its first, root's.
    if (!['ESRCH', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}

/** False where there is no such file: another version, an older kernel, a group that is gone. */
function written(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'r+' });
    return true;
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
