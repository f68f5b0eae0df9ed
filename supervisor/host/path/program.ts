import { fileURLToPath } from 'node:url';

/** Folder of this very program: a version's in a host install, else the checkout. */
export function programFolder(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../..' : '..';
  return fileURLToPath(new URL(up, import.meta.url)).replace(/\/$/, '');
}
