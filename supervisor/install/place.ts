import { join } from 'node:path';

/** Where everything of an installed Airlock is; every other file of this room asks here. */
export interface HostPlace {
  /** Empty on a real host; a folder that stands for `/` with `--prefix`. */
  prefix: string;
  instance: string | null;
  /** All versions of the program, `current` and `previous` beside them. */
  base: string;
  /** The command on PATH. */
  command: string;
  policyFolder: string;
  policy: string;
  root: string;
  /** Of unit files. */
  units: string;
  share: string;
  sysusers: string;
  tmpfiles: string;
  /** Folders of the host's own: they stay when nothing is left in them. */
  grounds: readonly string[];
  /** The two services of this instance, in the order to start them. */
  services: [launcher: string, supervisor: string];
}

export const user = 'airlock';
export const operators = 'airlock-operators';

export function hostPlace(prefix: string, instance: string | null): HostPlace {
  const at = (...parts: string[]) => join(prefix, '/', ...parts);
  const dash = instance === null ? '' : `-${instance}`;
  const of = instance === null ? '' : `@${instance}`;
  return {
    ...{ prefix, instance },
    base: at('usr/lib/airlock'),
    command: at('usr/bin/airlock'),
    policyFolder: at('etc/airlock'),
    policy: at('etc/airlock', `${instance ?? 'airlock'}.yaml`),
    root: at('var/lib', `airlock${dash}`),
    units: at('etc/systemd/system'),
    share: at('usr/share'),
    sysusers: at('usr/lib/sysusers.d/airlock.conf'),
    tmpfiles: at('usr/lib/tmpfiles.d', `airlock${dash}.conf`),
    grounds: prefix === '' ? grounds : [prefix.replace(/\/$/, '')],
    services: [`airlock-launcher${of}.service`, `airlock${of}.service`],
  };
}

const grounds = [
  ...['/usr/lib', '/usr/bin', '/usr/share', '/usr/lib/sysusers.d', '/usr/lib/tmpfiles.d'],
  ...['/etc', '/etc/systemd/system', '/var/lib'],
];

/** Folders above a path that may be of our making, the innermost first. */
export function foldersAbove({ grounds }: HostPlace, path: string): string[] {
  const around = grounds.filter((one) => path.startsWith(`${one}/`));
  const ground = around.sort().at(-1);
  if (ground === undefined) return [];
  const names = path
    .slice(ground.length + 1)
    .split('/')
    .slice(0, -1);
  return names.map((_, at) => join(ground, ...names.slice(0, names.length - at)));
}

/** The same path on the host itself: what a file that is installed says. */
export const onHost = (place: HostPlace, path: string): string =>
  place.prefix === '' ? path : path.slice(place.prefix.replace(/\/$/, '').length);
