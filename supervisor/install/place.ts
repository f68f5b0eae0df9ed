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
    services: [`airlock-launcher${of}.service`, `airlock${of}.service`],
  };
}

/** The same path on the host itself: what a file that is installed says. */
export const onHost = (place: HostPlace, path: string): string =>
  place.prefix === '' ? path : path.slice(place.prefix.replace(/\/$/, '').length);
