import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { verifyRelease } from '../../../supervisor/act/stage/verify.ts';
import type { Entry } from '../../../supervisor/model/entry.ts';
import { type Layout, layout } from '../../../supervisor/model/layout.ts';
import type { Proposal } from '../../../supervisor/model/proposal.ts';
import { openReader } from '../../../supervisor/store/reader.ts';
import { tiny } from '../../pipeline/support/host.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Times are short and real here: a killed process cannot be handed a clock. */
const policy = `
runtime: {source: ${tiny}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
tick: "*/1 * * * * *"
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${tiny}/smoke, within: 1m}
canary: {runs: 1, within: 1m, extraRuns: 6}
bake: {for: 200ms, max: 2m}
models: {cheap: [{provider: rehearsal}]}
limits: {drain: 1s, jitter: 0s}
`;

/** Programs built once for a test file, as JavaScript: they start five times as fast. */
export async function buildDaemon(): Promise<string> {
  // Inside the checkout, so that the native module is found.
  const folder = mkdtempSync(here('../../../node_modules/.airlock-crash-'));
  await build({
    entryPoints: {
      'crashing-daemon': here('crashing-daemon.ts'),
      'act/worker': here('../../../supervisor/act/worker.ts'),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    logLevel: 'error',
  });
  return folder;
}

/** Where to kill: at the n-th commit that holds just these entries. */
export interface Kill {
  label: string;
  nth: number;
  side: 'before' | 'after';
}

/** Before each commit with an outcome, after each with an intent or a judgment. */
export function killsOf(commits: readonly string[]): Kill[] {
  const met = new Map<string, number>();
  return commits.flatMap((label) => {
    const nth = (met.get(label) ?? 0) + 1;
    met.set(label, nth);
    const sides: Kill['side'][] = [];
    if (label.includes('outcome')) sides.push('before');
    if (/intent|mark/.test(label)) sides.push('after');
    return sides.map((side) => ({ label, nth, side }));
  });
}

/**
 * Without the receipts between the first and the last: a deployment tells its agent seven times, by
 * the same two commits. `.ci/nightly crash` kills at each.
 */
export function withoutRepeats(kills: readonly Kill[]): Kill[] {
  const isReceipt = ({ label }: Kill) => /^(intent|outcome) receipt$/.test(label);
  const same = (one: Kill, other: Kill) => one.label === other.label && one.side === other.side;
  return kills.filter((kill, at) => {
    if (!isReceipt(kill)) return true;
    const first = kills.findIndex((one) => same(one, kill));
    const last = kills.findLastIndex((one) => same(one, kill));
    return at === first || at === last;
  });
}

export interface Life {
  exit: number | null;
  signal: string | null;
  said: string;
}

/** A ROOT that lives through several lives of the daemon. */
export class CrashHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'airlock-crash-'));
  readonly layout: Layout = layout(join(this.folder, 'root'));
  readonly #programs: string;

  /** `like`: begin as a copy of another host's ROOT. */
  constructor(programs: string, like: CrashHost | null = null) {
    this.#programs = programs;
    writeFileSync(join(this.folder, 'airlock.yaml'), policy);
    if (like !== null) {
      execFileSync('cp', ['-a', like.layout.root, this.layout.root]);
    }
  }

  drop(agent: string, name: string, files: Record<string, string>): void {
    const inbox = this.layout.inbox(agent);
    const place = join(inbox, `.${name}`);
    mkdirSync(join(place, 'files/app'), { recursive: true });
    writeFileSync(join(place, 'proposal.yaml'), JSON.stringify({ title: name }));
    for (const [path, text] of Object.entries(files))
      writeFileSync(join(place, 'files', path), text);
    renameSync(place, join(inbox, name));
  }

  /** One life: until it is quiet, or until it is killed at a commit. */
  live(kill: Kill | null = null): Promise<Life> {
    const told = join(this.folder, 'commits');
    rmSync(told, { force: true });
    const args = [this.layout.root, join(this.folder, 'airlock.yaml')];
    const how = kill === null ? ['', '0', 'none'] : [kill.label, `${kill.nth}`, kill.side];
    const program = join(this.#programs, 'crashing-daemon.js');
    const child = spawn(process.execPath, [program, ...args, ...how, told], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return ended(child);
  }

  /** What each commit of the last life held. */
  commits(): string[] {
    const told = join(this.folder, 'commits');
    return existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [];
  }

  read(): { proposals: Proposal[]; entries: Entry[]; current: string | null } {
    const reader = openReader(this.layout.journal);
    try {
      const proposals = reader.proposals({ limit: 100 });
      const entries = reader
        .log({ limit: 100_000 })
        .map((line) => line.entry)
        .toReversed();
      return { proposals, entries, current: reader.state().host.get('host')?.current ?? null };
    } finally {
      reader.close();
    }
  }

  /** Where `current` points, and every fault of the release there. */
  current(): { id: string; faults: number } {
    const id = readlinkSync(this.layout.current).replace('releases/', '');
    return { id, faults: verifyRelease(this.layout, id).length };
  }

  left(): { staging: string[]; runs: string[]; drops: string[] } {
    const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
    const { staging, runs, inbox } = this.layout;
    return { staging: names(staging), runs: names(runs), drops: names(inbox('cleo')) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<Life> {
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-4000);
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), 90_000);
  return new Promise((resolve) => {
    child.once('close', (exit, signal) => {
      clearTimeout(limit);
      resolve({ exit, signal, said });
    });
  });
}
