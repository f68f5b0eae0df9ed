import { readFileSync } from 'node:fs';
import { codeOrEio } from '../files/records.ts';

/** What tells a process from any other that ever had its pid. */
export interface ProcessIdentity {
  pid: number;
  /** Start of the process, in clock ticks since boot (field 22 of /proc/<pid>/stat). */
  start: string;
  /** Which boot those ticks count from. */
  boot: string;
}

/** Identity of a process that is alive; null when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOrEio(error))) return null;
    throw error;
  }
  // The command, in parentheses, may hold anything: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { pid, start: fields[19] ?? '', boot };
}
