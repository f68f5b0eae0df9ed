import { readdirSync } from 'node:fs';
import { readText } from '../files/files.ts';

const closeOnExec = 0o2000000;

/** Descriptors above 2 of this process that a child would inherit. */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((fd) => fd > 2 && survivesExec(fd));
}

function survivesExec(fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readText(`/proc/self/fdinfo/${fd}`) ?? '');
  return flags !== null && (Number.parseInt(flags[1] as string, 8) & closeOnExec) === 0;
}
