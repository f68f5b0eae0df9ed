import { lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admit, type Premises, premisesOf } from '../../supervisor/host/launcher/premises.ts';
import { findPrograms } from '../../supervisor/host/process/programs.ts';
import { sharedIdentity } from '../../supervisor/host/sandbox/identity.ts';
import { type RunJob, runJobSchema } from '../../supervisor/model/job.ts';

const root = mkdtempSync(join(tmpdir(), 'airlock-premises-'));
const at = (path: string) => join(root, path);
const release = 'releases/20261121T000000Z-0123456789';
const identity = sharedIdentity();
const user = identity.root ? { uid: identity.uid, gid: identity.gid } : null;
const gateway = createServer();
let premises: Premises;

beforeAll(async () => {
  const folders = [release, 'deps/abc', 'workspaces/maker', 'inbox/maker', 'receipts/maker'];
  const others = ['workspaces/other', 'inbox/other', 'var/runs/pabc123/runtime', 'var/state'];
  for (const folder of [...folders, ...others]) mkdirSync(at(folder), { recursive: true });
  const { uid, gid } = user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  for (const folder of ['workspaces/maker', 'inbox/maker', 'var/runs/pabc123/runtime']) {
    lchownSync(at(folder), uid, gid);
  }
  symlinkSync('../var/state', at('workspaces/linked'));
  symlinkSync('pabc123', at('var/runs/plinked'));
  symlinkSync('20261121T000000Z-0123456789', at('releases/20261121T000000Z-0000000000'));
  writeFileSync(at('var/runs/pabc123/runtime/s'), '');
  await new Promise<void>((resolve) => gateway.listen(at('var/runs/pabc123/s'), resolve));
  premises = premisesOf(root, findPrograms(), null);
});
afterAll(() => {
  gateway.close();
  rmSync(root, { recursive: true, force: true });
});

const job = (change: Partial<RunJob> = {}): RunJob => ({
  ...{ job: 'run', user, runtime: at(release), runtimeWritable: false, deps: at('deps/abc') },
  ...{ tools: null, workspace: at('workspaces/maker'), inbox: at('inbox/maker') },
  ...{ receipts: at('receipts/maker'), gateway: at('var/runs/pabc123/s') },
  ...{ environment: { AIRLOCK_AGENT: 'maker' }, command: ['node', 'main.mjs'] },
  ...{ limits: { kept: 1000, flood: 1000, wall: 1000, bounds: null } },
  ...change,
});

/** No folder of its own: nothing but its user can be wrong. */
const without = { workspace: null, inbox: null };

test('a run at its places is let in, with the launcher’s own programs', () => {
  const spec = admit(job(), premises);
  expect(spec).toMatchObject({ identity, runtime: at(release), workspace: at('workspaces/maker') });
  expect(spec.programs).toBe(premises.programs);
  const copy = { runtime: at('var/runs/pabc123/runtime'), runtimeWritable: true };
  expect(admit(job(copy), premises)).toMatchObject(copy);
});

test.each<[string, () => Partial<RunJob>]>([
  ['a release that it may write', () => ({ runtimeWritable: true })],
  ['a release through a link', () => ({ runtime: at('releases/20261121T000000Z-0000000000') })],
  ['the state as its release', () => ({ runtime: at('var/state') })],
  ['ROOT as its release', () => ({ runtime: root })],
  ['the host as its release', () => ({ runtime: '/' })],
  ['a way up', () => ({ workspace: at('workspaces/../var/state') })],
  [
    'a copy behind a link',
    () => ({ runtime: at('var/runs/plinked/runtime'), runtimeWritable: true }),
  ],
  ['the state as its workspace', () => ({ workspace: at('var/state') })],
  ['a workspace that is a link', () => ({ workspace: at('workspaces/linked'), inbox: null })],
  ['another one’s inbox', () => ({ inbox: at('inbox/other') })],
  ['the host’s root as a workspace', () => ({ workspace: '/root' })],
  ['dependencies from elsewhere', () => ({ deps: at('var/state') })],
  ['a gateway elsewhere', () => ({ gateway: '/run/systemd/private' })],
  ['a file as its gateway', () => ({ gateway: at('var/runs/pabc123/runtime/s') })],
  ['tools that are no node_modules', () => ({ tools: '/etc' })],
  ['root as its user', () => ({ ...without, user: { uid: 0, gid: 0 } })],
  ['the mail user as its user', () => ({ ...without, user: { uid: 8, gid: 8 } })],
  ['a foreign group', () => ({ user: { uid: 61_000, gid: 4 } })],
])('a run that wants %s is refused', (_what, change) => {
  expect(() => admit(job(change()), premises)).toThrow(/does not give this/);
});

test('another agent’s workspace, as one’s own user, is refused', () => {
  if (user === null) return;
  const others = { workspace: at('workspaces/other'), inbox: null, receipts: null };
  expect(() => admit(job(others), premises)).toThrow(/does not give this/);
});

test.each([
  ['a NUL in a path', { workspace: '/x\0--bind\0/\0/host' }],
  ['a NUL in the environment', { environment: { A: 'x\0--bind' } }],
  ['a name that is none', { environment: { 'A=B': 'x' } }],
  ['a NUL in the command', { command: ['a\0b'] }],
  ['more than it knows', { ...{ mount: '/' } }],
])('%s is no job', (_what, change) => {
  expect(runJobSchema.safeParse({ ...job(), ...change }).success).toBe(false);
});

test('what a job may say is a job', () => {
  expect(runJobSchema.safeParse(job()).success).toBe(true);
});
