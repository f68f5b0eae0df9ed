/** An Airlock that is installed on a machine, with the tiny runtime and a provider of its own. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boot, type Machine, type MachineOptions, type Said } from './machine.ts';
import { linkPackage } from './package.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const port = 8800;

/** Short times; everything else as a host has it. The runtime's agents: ada, ben, cleo. */
export const hostPolicy = (more = '') => `
runtime:
  source: /srv/tiny
  include: [kernel, app, config]
  entry: [node, kernel/main.mjs]
tick: "*/5 * * * * *"
permissions:
  - paths: [app/**, config/**]
  - paths: [kernel/**]
    approval: operator
smoke: {suite: /srv/tiny/smoke, within: 1m}
canary: {runs: 1, within: 5m, extraRuns: 4}
bake: {for: 1s}
models:
  cheap: [{provider: anthropic, url: "http://127.0.0.1:${port}", model: m, keyFile: keys/cheap, price: {input: 0, output: 0}}]
limits: {drain: 1s, jitter: 0s}
${more}`;

const providerUnit = `[Unit]
Before=airlock.service
[Service]
ExecStart=/srv/node /srv/provider.mjs ${port}
Restart=always
[Install]
WantedBy=airlock.service
`;

export interface HostOptions extends MachineOptions {
  policy?: string;
  /** Files of the runtime, over the tiny one's: path to text. */
  runtime?: Record<string, string>;
}

export class InstalledHost {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** The command, as root; `--json` is parsed by `json`. */
  airlock(...args: string[]): Said {
    return this.machine.run(['/usr/bin/airlock', ...args], { within: 120_000 });
  }

  json<T = Record<string, unknown>>(...args: string[]): T {
    const { stdout, stderr, exit } = this.airlock(...args, '--json');
    try {
      return JSON.parse(stdout) as T;
    } catch (error) {
      throw new Error(`airlock ${args.join(' ')}: exit ${exit}: ${stdout} ${stderr}`, {
        cause: error,
      });
    }
  }

  /** Drop an overlay as an agent does: as its own user, under a dot-name, then by one rename. */
  drop(agent: string, name: string, files: Record<string, string>): void {
    const inbox = `/var/lib/airlock/inbox/${agent}`;
    const lines = Object.entries(files).map(([path, text]) => {
      const file = `.${name}.tmp/files/${path}`;
      return `mkdir -p "$(dirname '${file}')"; printf %s '${text.replaceAll("'", "'\\''")}' >'${file}'`;
    });
    const about = `printf 'title: ${name}\\nwhy: a test\\n' >.${name}.tmp/proposal.yaml`;
    const all = [`cd ${inbox}`, `mkdir .${name}.tmp`, about, ...lines, `mv .${name}.tmp ${name}`];
    this.as(agent, all.join('\n'));
  }

  /** Run a script as an agent's user, outside of any sandbox; throws unless it exits 0. */
  as(agent: string, script: string): string {
    const user = `al-${agent}`;
    return this.machine.must(
      `setpriv --reuid ${user} --regid ${user} --clear-groups sh -ec '${script.replaceAll("'", "'\\''")}'`,
    );
  }

  /** The newest proposal of a drop's name. */
  proposal(drop: string): { id: string; phase: string; reason: { code: string } | null } | null {
    const all = this.json<{ id: string; drop: string; phase: string; reason: null }[]>('proposals');
    return all.find((one) => one.drop === drop) ?? null;
  }

  /** Wait until a drop's proposal is in one of these phases. */
  async reaches(drop: string, ...phases: string[]): Promise<void> {
    const words = phases.map((phase) => `"${phase}"`).join(' or .phase == ');
    const end = Date.now() + 90_000;
    // Each look is a start of the command: what is slow to come is looked for less often.
    for (let pause = 100; ; pause = Math.min(pause * 1.5, 600)) {
      const found = this.proposal(drop);
      if (found !== null && phases.includes(found.phase)) return;
      if (Date.now() > end) throw new Error(`${drop}: ${JSON.stringify(found)}, not ${words}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  get current(): string {
    return this.machine.must('readlink /var/lib/airlock/current').trim().replace('releases/', '');
  }

  /** Until the service is up and answers. */
  async ready(): Promise<void> {
    await this.machine.until('systemctl is-active airlock', 'airlock to be active');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
  }
}

/** What a machine needs before Airlock is installed: the package, a runtime, a provider, a policy. */
export async function prepare(machine: Machine, options: HostOptions = {}): Promise<void> {
  const place = join(machine.place, 'door', 'package');
  await linkPackage(place);
  const upper = join(machine.place, 'door', 'srv');
  mkdirSync(upper);
  cpSync(here('../../fixtures/tiny-runtime'), join(upper, 'tiny'), { recursive: true });
  for (const [path, text] of Object.entries(options.runtime ?? {})) {
    mkdirSync(dirname(join(upper, 'tiny', path)), { recursive: true });
    writeFileSync(join(upper, 'tiny', path), text);
  }
  cpSync(here('provider.mjs'), join(upper, 'provider.mjs'));
  machine.must('cp -r /host/srv/. /srv/ && ln -s /host/package/node/bin/node /srv/node');
  machine.write('/etc/systemd/system/provider.service', providerUnit);
  machine.write('/etc/airlock/airlock.yaml', options.policy ?? hostPolicy());
  machine.write('/etc/airlock/keys/cheap', 'sk-ant-canary-0123456789\n', 0o600);
  // The supervisor is no root: the file is its own, and nobody else's.
  machine.must('systemctl daemon-reload; systemctl enable --now provider');
}

/** A machine with Airlock installed and running. */
export async function installedHost(options: HostOptions = {}): Promise<InstalledHost> {
  const machine = await boot(options);
  try {
    await prepare(machine, options);
    machine.must('/host/package/bin/airlock install', { within: 180_000 });
    return new InstalledHost(machine);
  } catch (error) {
    const told = machine.sh(
      'journalctl -u airlock -u airlock-launcher --no-pager | tail -40',
    ).stdout;
    await machine[Symbol.asyncDispose]();
    throw new Error(`${error}\n${told}`, { cause: error });
  }
}
