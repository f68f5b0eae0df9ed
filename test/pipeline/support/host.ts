import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLog } from '../../../supervisor/host/log.ts';
import { checkoutIdentities } from '../../../supervisor/host/sandbox/identities.ts';
import { RUN_USER } from '../../../supervisor/host/sandbox/identity.ts';
import { type Supervisor, startSupervisor } from '../../../supervisor/main.ts';
import { type Layout, layout } from '../../../supervisor/model/layout.ts';
import { type Phase, type Proposal, terminal } from '../../../supervisor/model/proposal.ts';
import type { Request } from '../../../supervisor/model/request.ts';
import type { Answer } from '../../../supervisor/model/state.ts';
import type { Journal } from '../../../supervisor/store/journal.ts';
import { openReader } from '../../../supervisor/store/reader.ts';
import { readAnswer, writeRequest } from '../../../supervisor/store/requests.ts';

export const tiny = fileURLToPath(new URL('../../fixtures/tiny-runtime', import.meta.url));

/** Policy of a tiny host: gates and canary as in the contract, times that a test moves by hand. */
export const tinyPolicy = (source: string) => `
runtime:
  source: ${source}
  include: [kernel, app, config]
  entry: [node, kernel/main.mjs]
tick: "0 0 1 1 *"
permissions:
  - paths: [app/**, config/**]
  - paths: [kernel/**]
    approval: operator
smoke: {suite: ${source}/smoke, within: 1m}
canary: {runs: 1, within: 15m, extraRuns: 4}
bake: {for: 15m}
models:
  cheap: [{provider: rehearsal}]
limits: {drain: 1s, jitter: 0s}
`;

export interface HostOptions {
  policy?: (source: string) => string;
  source?: string;
  /** Milliseconds since 1970 at which this host's clock begins. */
  begin?: number;
  /** A ROOT that is there already; it stays. */
  root?: string;
  /** As on a host: the invocation path must be safe. */
  hostInstall?: boolean;
  aroundJournal?: (journal: Journal) => Journal;
}

/** A real supervisor on a real ROOT, with a clock that the test moves. */
export class TestHost {
  readonly folder: string;
  readonly root: string;
  readonly layout: Layout;
  readonly #options: HostOptions;
  #offset = 0;
  #supervisor: Supervisor | null = null;
  readonly logged: string[] = [];

  constructor(options: HostOptions = {}) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'airlock-host-'));
    this.root = options.root ?? join(this.folder, 'root');
    this.layout = layout(this.root);
    // Far from the agents' next firing: what a test sees must not depend on the time of day.
    this.#offset = (options.begin ?? Date.UTC(2026, 0, 5, 0, 30)) - Date.now();
    const source = options.source ?? tiny;
    writeFileSync(this.policyFile, (options.policy ?? tinyPolicy)(source));
  }

  get policyFile(): string {
    return join(this.folder, 'airlock.yaml');
  }

  get supervisor(): Supervisor {
    if (this.#supervisor === null) throw new Error('the supervisor is not started');
    return this.#supervisor;
  }

  get state() {
    return this.supervisor.live.loop.state;
  }

  get current(): string | null {
    return this.state.host.get('host')?.current ?? null;
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  async start(): Promise<void> {
    const clock = { now: () => this.now(), monotonic: () => performance.now() + this.#offset };
    const log = openLog({ human: false, write: (line) => void this.logged.push(line) });
    const { aroundJournal } = this.#options;
    const around = aroundJournal === undefined ? {} : { aroundJournal };
    const { hostInstall = false } = this.#options;
    this.#supervisor = await startSupervisor({
      ...{ root: this.root, policyFile: this.policyFile, clock, log, ...around },
      hostInstall,
      // This machine gets no users of ours.
      identities: checkoutIdentities(),
    });
    await this.supervisor.ready;
  }

  async stop(): Promise<void> {
    await this.#supervisor?.stop('test');
    this.#supervisor = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Move the clock, and tell nobody: a loop that hangs does not know either. */
  shift(ms: number): void {
    this.#offset += ms;
  }

  /** Move the clock, and let the cron beat. */
  advance(ms: number): void {
    this.#offset += ms;
    this.supervisor.wake(true);
  }

  /** Drop an overlay as an agent does: under a dot-name, then by one rename. */
  drop(
    agent: string,
    name: string,
    files: Record<string, string>,
    more: { base?: string; delete?: string[] } = {},
  ): void {
    const inbox = this.layout.inbox(agent);
    const place = join(inbox, `.${name}.tmp`);
    mkdirSync(place, { recursive: true });
    const about = { title: name, why: 'a test', ...more };
    writeFileSync(join(place, 'proposal.yaml'), JSON.stringify(about));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(place, 'files', path)), { recursive: true });
      writeFileSync(join(place, 'files', path), content);
    }
    // There a drop is its owner's.
    if (this.#options.hostInstall) {
      execFileSync('chown', ['-R', `${RUN_USER}:${RUN_USER}`, place]);
    }
    renameSync(place, join(inbox, name));
  }

  /** Drop something that is there already: a patch, or an overlay folder. */
  dropCopy(agent: string, from: string, name: string): void {
    const inbox = this.layout.inbox(agent);
    cpSync(from, join(inbox, `.${name}`), { recursive: true });
    renameSync(join(inbox, `.${name}`), join(inbox, name));
  }

  dropFile(agent: string, name: string, content: string): void {
    const inbox = this.layout.inbox(agent);
    writeFileSync(join(inbox, `.${name}`), content);
    renameSync(join(inbox, `.${name}`), join(inbox, name));
  }

  /** The newest proposal of a drop's name, wherever it stands. */
  proposal(drop: string): Proposal | null {
    const reader = openReader(this.layout.journal);
    try {
      return reader.proposals({ limit: 1000 }).find((one) => one.drop === drop) ?? null;
    } finally {
      reader.close();
    }
  }

  /** Wait until a drop's proposal is in one of these phases. */
  async reaches(drop: string, ...phases: Phase[]): Promise<Proposal> {
    let last: Proposal | null = null;
    await until(
      () => {
        last = this.proposal(drop);
        const reached = last !== null && phases.includes(last.phase);
        if (!reached && last !== null && terminal.has(last.phase)) {
          throw new Error(`${drop} ended as ${last.phase}: ${JSON.stringify(last.reason)}`);
        }
        return reached;
      },
      () =>
        `${drop} to be ${phases.join(' or ')}; it is ${JSON.stringify(last)}; ` +
        `log: ${this.logged.slice(-5).join('')}`,
    );
    return last as unknown as Proposal;
  }

  /** Ask as an operator does, and wait for the answer. */
  async ask(request: Request): Promise<Answer> {
    const id = writeRequest(this.layout, request, this.now());
    await until(
      () => readAnswer(this.layout, id) !== null,
      () => `an answer to ${request.verb}`,
    );
    return readAnswer(this.layout, id) as Answer;
  }

  receipt(agent: string, proposal: string): Record<string, unknown> {
    const file = join(this.layout.receipts(agent), `${proposal}.json`);
    return JSON.parse(readFileSync(file, 'utf8'));
  }
}

/** Wait for a condition; what for is named when it does not come. */
export async function until(
  holds: () => boolean,
  what: () => string,
  within = 110_000,
): Promise<void> {
  const end = Date.now() + within;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited ${within} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** A started host that is gone at the end of the test. */
export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  const host = new TestHost(options);
  await host.start();
  return host;
}
