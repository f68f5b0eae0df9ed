import { dirname, join, resolve } from 'node:path';
import { kindOf } from '../host/files/files.ts';
import { systemd } from '../host/process/systemd.ts';
import { Failure } from '../model/reason.ts';

/** Where this command works. */
export interface Place {
  /** Absolute. */
  root: string;
  policyFile: string;
  /** The folder of the checkout that this command belongs to; null in a host install. */
  checkout: string | null;
  /** Which of several on this host; null: the one without a name. */
  instance: string | null;
}

export interface PlaceQuestion {
  root: string | undefined;
  policy: string | undefined;
  instance: string | undefined;
  environment: NodeJS.ProcessEnv;
  /** Folder that relative paths start from. */
  cwd: string;
  /** Folder of this program. */
  program: string;
}

const policyOfCheckout = 'supervisor/airlock.yaml';

/** Also part of unit, user and folder names. */
const instanceForm = /^[a-z][a-z0-9]{0,15}$/;

/**
 * ROOT and policy, as the contract's section 1 says where they are; an instance has its own.
 * Throws Failure `usage` for a name that no instance can have.
 */
export function placeOf(question: PlaceQuestion): Place {
  const { policy, environment, cwd, program } = question;
  const checkout = checkoutAround(program);
  const named = question.root ?? (environment.AIRLOCK_ROOT || undefined);
  const instance = instanceOf(question);
  const own = instance === null && checkout !== null;
  const policyFile = own ? policyOf(checkout) : `/etc/airlock/${instance ?? 'airlock'}.yaml`;
  const place = own ? checkout : `/var/lib/airlock${instance === null ? '' : `-${instance}`}`;
  return {
    root: named === undefined ? place : resolve(cwd, named),
    policyFile: policy === undefined ? policyFile : resolve(cwd, policy),
    ...{ checkout, instance },
  };
}

function instanceOf({ instance, environment }: PlaceQuestion): string | null {
  const name = instance ?? (environment.AIRLOCK_INSTANCE || null);
  if (name === null || instanceForm.test(name)) return name;
  const message = `"${name}" cannot be the name of an instance`;
  const expected = 'up to 16 of a-z and 0-9, a letter first';
  throw new Failure('usage', { message, step: 'command', input: name, expected });
}

const policyOf = (checkout: string) => join(checkout, policyOfCheckout);

/** The nearest folder above the program that has a checkout's policy; a package has none. */
function checkoutAround(program: string): string | null {
  return above(program, (folder) => {
    if (isPackage(folder)) return null;
    return kindOf(policyOf(folder)) === 'file' ? folder : undefined;
  });
}

/** The package, unpacked or installed, that this program belongs to; null in a checkout. */
export const packageFolder = (program: string): string | null =>
  above(program, (folder) => (isPackage(folder) ? folder : undefined));

const isPackage = (folder: string) => kindOf(join(folder, 'MANIFEST.json')) === 'file';

/** What the nearest folder says that has something to say; null at the top. */
function above(program: string, ask: (folder: string) => string | null | undefined) {
  for (let folder = program; ; folder = dirname(folder)) {
    const said = ask(folder);
    if (said !== undefined) return said;
    if (folder === dirname(folder)) return null;
  }
}

const unitOf = ({ instance }: Place) => (instance === null ? 'airlock' : `airlock@${instance}`);

/** Where root finds what systemd gave the service; undefined: a checkout has none but its own. */
export function credentialsOf(place: Place): string | undefined {
  return place.checkout === null ? `/run/credentials/${unitOf(place)}.service` : undefined;
}

/** What starts the daemon here: on a host it is never this command itself. */
export const startOf = (place: Place): string =>
  place.checkout === null ? `systemctl start ${unitOf(place)}` : 'airlock start';

/** The same where the unit has failed: systemd may have given it up, and refuses a bare start. */
export async function startAgainOf(place: Place): Promise<string> {
  const start = startOf(place);
  // Whoever looks at a host in trouble does not wait for a service manager that hangs.
  const state = place.checkout === null ? await systemd.stateOf(unitOf(place), 2000) : '';
  return state !== 'failed' ? start : `systemctl reset-failed ${unitOf(place)}; ${start}`;
}

/** Where a host install's supervisor finds the one who may start runs. */
export function launcherSocket(instance: string | null): string {
  return `/run/airlock${instance === null ? '' : `-${instance}`}/launcher.sock`;
}
