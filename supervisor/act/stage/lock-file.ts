import { z } from 'zod';
import { type Reason, reason } from '../../model/reason.ts';

/** What of a manifest decides what is fetched; the rest is the runtime's own business. */
const specifiers = z.record(z.string(), z.string()).default({});
const manifestShape = z.looseObject({
  dependencies: specifiers,
  devDependencies: specifiers,
  optionalDependencies: specifiers,
  peerDependencies: specifiers,
  workspaces: z.unknown().optional(),
});

const lockedShape = z.looseObject({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  inBundle: z.boolean().optional(),
});

const lockShape = z.looseObject({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), lockedShape),
});

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/** `node_modules/a`, `node_modules/@s/a/node_modules/b`: where a lock file may put a package. */
const place = /^(?:(?:^|\/)node_modules\/(?:@[A-Za-z0-9._~-]+\/)?(?!\.)[A-Za-z0-9._~-]+)+$/;
const sha512 = /(?:^|\s)sha512-[A-Za-z0-9+/]{86}==(?:\s|$)/;

/** What of a manifest alone rules it out, before a human is asked; none where it does not parse. */
export function manifestFaults(manifestText: string): Reason[] {
  const manifest = parse(manifestText, manifestShape, 'package.json', []);
  return manifest === null ? [] : elsewhere(manifest);
}

function elsewhere(manifest: z.infer<typeof manifestShape>): Reason[] {
  const faults: Reason[] = [];
  if (manifest.workspaces !== undefined) faults.push(fault('Workspaces', 'package.json'));
  for (const kind of [...kinds, 'peerDependencies'] as const) {
    for (const [name, specifier] of Object.entries(manifest[kind])) {
      if (isRange(specifier)) continue;
      faults.push(fault('A dependency from elsewhere than the registry', name, specifier));
    }
  }
  return faults;
}

/**
 * Everything for which a manifest and its lock file must not be installed: what is not a registry
 * package with a sha512 of its content. Checked before anything is fetched.
 * @param registries hosts that count as a registry
 */
export function lockFaults(
  manifestText: string,
  lockText: string,
  registries: ReadonlySet<string>,
): Reason[] {
  const faults: Reason[] = [];
  const manifest = parse(manifestText, manifestShape, 'package.json', faults);
  const lock = parse(lockText, lockShape, 'package-lock.json', faults);
  if (manifest === null || lock === null) return faults;
  faults.push(...elsewhere(manifest));
  if (lock.lockfileVersion < 2) {
    faults.push(fault('A lock file of an old form', 'lockfileVersion', `${lock.lockfileVersion}`));
  }
  faults.push(...disagreements(manifest, lock.packages['']));
  for (const [at, locked] of Object.entries(lock.packages)) {
    if (at !== '') faults.push(...lockedFaults(at, locked, registries));
  }
  return faults;
}

type Locked = z.infer<typeof lockedShape>;

function lockedFaults(at: string, locked: Locked, registries: ReadonlySet<string>): Reason[] {
  const faults: Reason[] = [];
  if (!place.test(at)) faults.push(fault('A package in an unknown place', at));
  if (locked.link) faults.push(fault('A link instead of a package', at));
  const { resolved } = locked;
  if (resolved !== undefined && !isFrom(resolved, registries)) {
    faults.push(fault('A package from elsewhere than a registry', at, resolved));
  }
  // What comes inside another package is covered by that one's hash.
  if (!locked.inBundle && !sha512.test(locked.integrity ?? '')) {
    faults.push(fault('A package without a sha512', at, locked.integrity));
  }
  return faults;
}

/** A version, range or tag; `npm:name@range` is a registry package under another name. */
function isRange(specifier: string): boolean {
  return !/[:/]/.test(specifier.replace(/^npm:(@[\w.~-]+\/)?[\w.~-]+@?/, ''));
}

function isFrom(resolved: string, registries: ReadonlySet<string>): boolean {
  if (!URL.canParse(resolved)) return false;
  const url = new URL(resolved);
  return ['https:', 'http:'].includes(url.protocol) && registries.has(url.host);
}

function disagreements(manifest: z.infer<typeof manifestShape>, root: unknown): Reason[] {
  const locked = manifestShape.safeParse(root ?? {});
  if (!locked.success) return [fault('The lock file has no root package', 'packages[""]')];
  return kinds
    .filter((kind) => sorted(manifest[kind]) !== sorted(locked.data[kind]))
    .map((kind) => fault('The manifest and the lock file do not agree', kind));
}

function sorted(record: Record<string, string>): string {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parse<T>(text: string, shape: z.ZodType<T>, file: string, faults: Reason[]): T | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    faults.push(fault('It is no JSON', file, String(error)));
    return null;
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    faults.push(fault(`${issue.path.join('.')}: ${issue.message}`, file));
  }
  return null;
}

function fault(message: string, input: string, actual?: string): Reason {
  const expected = 'registry packages with an integrity hash';
  const parts = { message, step: 'deps', input, expected, actual: actual ?? null };
  return reason('deps-not-allowed', parts);
}
