import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snooping } from '../secrets/support/runtime.ts';
import { Scan } from '../secrets/support/scan.ts';
import { hostPolicy, type InstalledHost, installedHost } from './support/host.ts';

const drawn = randomBytes(8).toString('hex');
/** Of root alone; of the service, by systemd; and one that no header can carry. */
const planted = {
  file: `sk-ant-file-${drawn}`,
  credential: `sk-ant-credential-${drawn}`,
  odd: `sk-"odd"\\ünï\n☃/+&-${drawn}`,
};
const keys = '/etc/airlock/keys';
const given = '/run/credentials/airlock.service/second';
const root = '/var/lib/airlock';
const provider = readFileSync(
  fileURLToPath(new URL('support/gossip.mjs', import.meta.url)),
  'utf8',
);
const suite = `name: one turn
path: task
model:
${'  - say: done\n'.repeat(4)}expect: {files: {done.txt: present}, within: 20s}
`;

/** Agents ada, ben and cleo ask one model each. */
function policy(): string {
  const about = 'provider: anthropic, url: "http://127.0.0.1:8800", model: m';
  const upstream = (keyFile: string) =>
    `{${about}, keyFile: "${keyFile}", price: {input: 0, output: 0}}`;
  return hostPolicy().replace(
    / {2}cheap: .*/,
    `  cheap: [${upstream('keys/cheap')}]
  second: [${upstream('credential:second')}]
  odd: [${upstream('keys/odd')}, ${upstream('keys/cheap')}]`,
  );
}

/** A whole host whose provider tells on it, searched to the last byte that was written. */
describe('keys on an installed host', () => {
  let host: InstalledHost;
  const scan = new Scan(planted);
  const asked: string[] = [];
  const where = (place: string) => `/proc/${host.machine.first()}/root${place}`;
  const ask = (...args: string[]) => {
    const said = host.airlock(...args);
    scan.look(`airlock ${args.join(' ')}`, `${said.stdout}\n${said.stderr}`);
    return said;
  };
  /** A service that has just started looks first whether it is safe to. */
  const start = async (agent: string): Promise<string> => {
    for (;;) {
      const { run, reason } = JSON.parse(ask('run', agent, 'task', '--json').stdout);
      if (run !== undefined) return run;
      if (reason.code !== 'unsafe') throw new Error(JSON.stringify(reason));
    }
  };
  const ended = async (run: string) => {
    const done = `airlock show ${run} --json | grep -q '"endedAt":.\\?"'`;
    await host.machine.until(done, `${run} to end`);
  };

  beforeAll(async () => {
    const runtime = { ...snooping([given, `${keys}/cheap`]), 'smoke/task.yaml': suite };
    host = await installedHost({ policy: policy(), runtime });
    const { machine } = host;
    machine.write(`${keys}/cheap`, `${planted.file}\n`, 0o600);
    machine.write(`${keys}/second`, `${planted.credential}\n`, 0o400);
    machine.write(`${keys}/odd`, `${planted.odd}\n`, 0o600);
    const more = `[Service]\nLoadCredential=second:${keys}/second\n`;
    machine.write('/etc/systemd/system/airlock.service.d/key.conf', more);
    machine.write('/srv/provider.mjs', provider);
    machine.must('systemctl daemon-reload; systemctl restart provider airlock');
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('runs work with a credential of systemd and with a file of root’s', async () => {
    for (const agent of ['ada', 'ben', 'cleo']) asked.push(await start(agent));
    for (const run of asked) await ended(run);
    const said = (agent: string) => host.machine.must(`cat ${root}/workspaces/${agent}/view-*.txt`);
    expect(said('ada').match(/your keys are \[secret\]/g)?.length).toBeGreaterThanOrEqual(3);
    expect(said('ben')).toContain('your keys are [secret]');
    expect(said('ben')).toMatch(/second: (ENOENT|EACCES)/);
    expect(said('ben')).toMatch(/cheap: (ENOENT|EACCES)/);
  });

  it('shows no key to an agent’s user, while its run goes on', async () => {
    const { machine } = host;
    const stay = `${root}/workspaces/ben/stay`;
    machine.must(`touch ${stay}`);
    const run = await start('ben');
    await machine.until(`[ -e ${root}/workspaces/ben/staying ]`, 'the run to have asked');
    const processes = 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null || true';
    const seen = host.as('ben', processes);
    expect(seen).toContain('AIRLOCK_GATEWAY');
    scan.look('processes, as ben', seen);
    scan.look('processes, as root', machine.must(processes));
    scan.look('units', machine.must('systemctl show airlock airlock-launcher provider'));
    for (const file of [given, `${keys}/cheap`, `${keys}/second`]) {
      expect(() => host.as('ben', `cat ${file}`)).toThrow('Permission denied');
    }
    machine.must(`rm ${stay}`);
    await ended(run);
  });

  it('shows none to whoever asks the command, whatever a provider repeats', async () => {
    host.drop('cleo', 'better', { 'app/prompt.md': 'Better.\n' });
    await host.reaches('better', 'stable');
    expect(ask('rollback', '--reason', `for ${planted.file}`).exit).toBe(0);
    for (const model of ['cheap', 'second', 'odd']) {
      const said = ask('model', 'test', model);
      expect(said.stdout).toContain('your keys are [secret]');
      ask('model', 'test', model, '--json');
    }
    for (const verb of ['status', 'log', 'doctor', 'incidents']) ask(verb, '--json');
    expect(ask('halt', '--agent', 'ada', '--reason', `for ${planted.credential}`).exit).toBe(0);
    for (const verb of ['check', 'diff']) ask('policy', verb);
    for (const run of asked) for (const verb of ['trace', 'show']) ask(verb, run);
    for (const agent of ['ada', 'ben', 'cleo']) {
      const found = host.proposal(`found-${agent}`)?.id ?? '';
      for (const verb of ['show', 'diff']) expect(ask(verb, found, '--json').exit).toBe(0);
    }
    expect(ask('backup', '/root').exit).toBe(0);
  });

  it('has them nowhere but where they were put', () => {
    const { machine } = host;
    machine.must('mkdir /root/backup && tar -xf /root/airlock-backup-* -C /root/backup');
    scan.look('the journal', machine.must('journalctl --sync; journalctl -a -o export'));
    scan.look('the kernel’s log', machine.must('journalctl -a -k -o export'));
    for (const place of ['/run', '/tmp', '/dev/shm']) scan.tree(where(place));
    // Everything that was ever written to its disk, but for the program and this test's own.
    const written = join(machine.place, 'disk/upper');
    scan.history(join(written, root, 'var/state/history'));
    for (const name of readdirSync(written)) if (name !== 'srv') scan.tree(join(written, name));
    const found = scan.found.filter((one) => / as raw in /.test(one));
    console.log(`${scan.places} places, ${scan.bytes} bytes`);
    const places = new Set(scan.found.map((one) => one.replace(/ as .* in /, ' ')));
    const put = [
      `credential ${written}${keys}/second`,
      `credential ${where(given)}`,
      `file ${written}${keys}/cheap`,
      `odd ${written}${keys}/odd`,
    ];
    expect([...places].sort()).toEqual(put.sort());
    expect(found).toHaveLength(4);
  });

  it('names a credential that the service was not given, and what to write', async () => {
    const { machine } = host;
    machine.must('rm -r /etc/systemd/system/airlock.service.d; systemctl daemon-reload');
    machine.must('systemctl restart airlock');
    const said = host.airlock('doctor').stdout;
    expect(said).toContain('was not given the key of the model second (credential:second)');
    expect(said).toContain('LoadCredential=second:/etc/airlock/keys/second');
    // What this command cannot read it cannot take out: the provider's words are left out.
    const tested = host.airlock('model', 'test', 'cheap').stdout;
    expect(tested).toContain('a key that cannot be read here, credential:second');
    expect(tested).not.toContain('your keys are');
  });

  it.each([
    ['others can read', 'chmod 644', 'can be used by others (mode 644)'],
    ['is an agent’s', 'chown al-ada', 'belongs to another user'],
  ])('takes no key file that %s', async (_what, made, told) => {
    const { machine } = host;
    const file = `${keys}/cheap`;
    machine.must(`chown root ${file}; chmod 600 ${file}`);
    expect(host.airlock('doctor').stdout).not.toContain('the key of the model cheap');
    machine.must(`${made} ${file}`);
    expect(host.airlock('doctor').stdout).toContain(`the key of the model cheap ${told}`);
    expect(host.airlock('model', 'test', 'cheap').exit).not.toBe(0);
    const views = `${root}/workspaces/cleo/view-*`;
    machine.must(`rm -f ${views}`);
    await ended(await start('cleo'));
    expect(machine.must(`cat ${views}`)).toContain(`the key of a provider ${told}`);
  });
});
