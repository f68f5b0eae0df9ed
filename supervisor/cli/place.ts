import { dirname, join, resolve } from 'node:path';
import { kindOf } from '../host/files/files.ts';

/** Where this command works. */
export interface Place {
  /** Absolute. */
  root: string;
  policyFile: string;
  /** The folder of the checkout that this command belongs to; null in a host install. */
  checkout: string | null;
}

export interface PlaceQuestion {
  root: string | undefined;
  policy: string | undefined;
  environment: NodeJS.ProcessEnv;
  /** Folder that relative paths start from. */
  cwd: string;
  /** Folder of this program. */
  program: string;
}

const policyOfCheckout = 'supervisor/airlock.yaml';

/** ROOT and policy, as the contract's section 1 says where they are. */
export function placeOf(question: PlaceQuestion): Place {
  const { root, policy, environment, cwd, program } = question;
  const checkout = checkoutAround(program);
  const named = root ?? (environment.AIRLOCK_ROOT || undefined);
  const policyFile = checkout === null ? '/etc/airlock/airlock.yaml' : policyOf(checkout);
  return {
    root: named === undefined ? (checkout ?? '/var/lib/airlock') : resolve(cwd, named),
    policyFile: policy === undefined ? policyFile : resolve(cwd, policy),
    checkout,
  };
}

const policyOf = (checkout: string) => join(checkout, policyOfCheckout);

/** The nearest folder above the program that has a checkout's policy. */
function checkoutAround(program: string): string | null {
  for (let folder = program; ; folder = dirname(folder)) {
    if (kindOf(policyOf(folder)) === 'file') return folder;
    if (folder === dirname(folder)) return null;
  }
}
