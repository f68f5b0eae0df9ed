import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../model/reason.ts';
import { lookAt } from '../files/records.ts';
import type { Success, TryRequest, TryUser } from './try.ts';

/** Tries as agents' users; what they could do. Throws Failure where it cannot be tried. */
export type Probe = (request: TryRequest) => Promise<Success[]>;

/** Longer than any number of agents takes, milliseconds. */
const patience = 60_000;

/**
 * In a process of this user, who must be root. Whether a user may mount depends on nothing but
 * mount(8), /etc/fstab and the user: asked once for each state of these.
 */
export async function probeHere(request: TryRequest): Promise<Success[]> {
  if (process.geteuid?.() !== 0) {
    const message = 'only root can try as other users';
    throw new Failure('host-failed', { message, step: 'audit', expected: 'uid 0' });
  }
  const users = request.users.map((user) => ({ ...user, mount: !known.has(mountKey(user)) }));
  const found = JSON.parse(await child(JSON.stringify({ ...request, users }))) as Success[];
  const mounted = new Set(found.filter((one) => one.did === 'mount').map((one) => one.user));
  for (const user of users) if (!mounted.has(user.name)) known.add(mountKey(user));
  return found;
}

const known = new Set<string>();

function mountKey({ uid, gid }: TryUser): string {
  const stamps = ['/usr/bin/mount', '/bin/mount', '/etc/fstab'].map((path) => {
    const stats = lookAt(path);
    return stats === null ? '' : `${stats.dev}:${stats.ino}:${stats.ctimeMs}`;
  });
  return [uid, gid, ...stamps].join(' ');
}

async function child(input: string): Promise<string> {
  // Each change of user is told to each thread: few of them.
  const tried = spawn(process.execPath, ['--v8-pool-size=0', ...entry()], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', UV_THREADPOOL_SIZE: '1' },
    cwd: '/',
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  let said = '';
  let complaint = '';
  tried.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  tried.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4096) complaint += text;
  });
  // A child that ends early breaks the pipe; how it ended is told by its exit.
  tried.stdin.on('error', () => undefined).end(input);
  const exit = await new Promise<number | string>((resolve, reject) => {
    tried.once('error', reject);
    tried.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  if (exit === 0) return said;
  const message = 'the tries as agents’ users broke off';
  const parts = { step: 'audit', expected: 'exit 0', actual: `${exit}: ${complaint.trim()}` };
  throw new Failure('host-failed', { message, ...parts });
}

/** Beside this as it runs: TypeScript in a checkout, JavaScript when built. */
function entry(): string[] {
  if (!import.meta.url.endsWith('.ts')) {
    return [fileURLToPath(new URL('./host/path/tries.js', import.meta.url))];
  }
  const file = fileURLToPath(new URL('./tries.ts', import.meta.url));
  return ['--import', import.meta.resolve('tsx'), file];
}
