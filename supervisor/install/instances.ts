import { dirname } from 'node:path';
import { listFolder } from '../host/files/files.ts';
import type { HostPlace } from './place.ts';

/** Instances that are installed: each has a tmpfiles snippet of its own; null has no name. */
export function instancesOn({ tmpfiles }: HostPlace): (string | null)[] {
  return listFolder(dirname(tmpfiles)).flatMap((name) => {
    const found = /^airlock(?:-([a-z][a-z0-9]*))?\.conf$/.exec(name);
    return found === null ? [] : [found[1] ?? null];
  });
}
