import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { airlock, document } from './support/command.ts';
import { LiveHost } from './support/live.ts';
import { givenRoot } from './support/root.ts';

/** A host whose policy file an operator edits and puts in force. */
async function givenHost() {
  const host = new LiveHost();
  onTestFinished(() => void host.stop());
  await host.start();
  const text = readFileSync(host.policy, 'utf8');
  const other = (name: string, from: string, to: string) => {
    const file = join(host.place, name);
    writeFileSync(file, text.replace(from, to));
    return file;
  };
  return { host, text, other };
}

describe('a policy file that an argument names', () => {
  it.each(['check', 'diff', 'apply'])(
    '%s says of one that is not there just that',
    async (verb) => {
      const { root } = await givenRoot();
      const { exit, stdout, stderr } = await airlock(root, 'policy', verb, `${root}/nosuch.yaml`);
      expect([exit, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`there is no file ${root}/nosuch.yaml`);
      expect(stderr).not.toContain('--policy');
    },
  );
});

describe('a password in the URL of a model', () => {
  it('is refused with what to do, and shown by no command', async () => {
    const { root } = await givenRoot();
    const file = join(root, 'airlock.yaml');
    const upstream = 'url: "https://u:hunter2@h/", model: m, keyFile: key';
    writeFileSync(
      file,
      `runtime: {source: ., include: [app], entry: [node]}
smoke: {suite: smoke}
models: {cheap: [{provider: anthropic, ${upstream}}]}
`,
    );
    const verbs = ['policy check', 'policy diff', 'policy apply', 'doctor', 'status', 'start'];
    const said = [];
    for (const verb of verbs) {
      for (const how of [[], ['--json']]) {
        said.push(await airlock(root, ...verb.split(' '), '--policy', file, ...how));
      }
    }
    const [checked] = said;
    expect(checked).toMatchObject({ exit: 1, stderr: expect.stringContaining('1 fault') });
    expect(checked?.stdout).toContain('models.cheap[0].url: must have no user and no password');
    expect(checked?.stdout).toContain('https://[secret]@h/');
    expect(checked?.stdout).toContain('which keyFile names');
    expect(JSON.stringify(said)).not.toContain('hunter2');
  });
});

describe('policy apply and policy rollback, beside a live daemon', () => {
  it('put a file in force when current passes under it, and the one before back', async () => {
    const { host, text, other } = await givenHost();
    const longer = other('longer.yaml', 'within: 15m', 'within: 20m');
    expect((await host.ask('policy', 'diff', longer)).stdout).toContain('+ 20 min');
    const taken = await host.ask('policy', 'apply', longer, '--json');
    expect(taken).toMatchObject({ exit: 0, stderr: '' });
    expect(document(taken)).toMatchObject({
      ok: true,
      policy: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(readFileSync(host.policy, 'utf8')).toContain('within: 20m');
    // What stood there is not lost.
    expect(readFileSync(`${host.policy}.before`, 'utf8')).toBe(text);
    expect((await host.ask('policy', 'diff')).stdout).toBe('They mean the same.\n');

    const back = await host.ask('policy', 'rollback', '--reason', 'too long');
    expect(back).toMatchObject({ exit: 0 });
    expect((await host.ask('policy', 'diff')).stdout).toContain('- 15 min');
    const seen = await host.ask('status');
    expect(seen.stdout).toMatch(/the policy file is not in force: rolled back by .*: too long/);
    const doctor = await host.ask('doctor');
    expect(doctor.stdout).toMatch(/the policy file was not taken \(rolled back by .*: too long\)/);
    expect((await host.ask('log')).stdout).toMatch(/policy +policy [0-9a-f]{12} +rollback, by /);
    const log = document(await host.ask('log', '--json')) as unknown as { entry: unknown }[];
    expect(JSON.stringify(log)).toContain('"why":"rollback"');
  });

  it('leave the older one in force where current fails under it', async () => {
    const { host, text, other } = await givenHost();
    const mode = statSync(host.policy).mode;
    const broken = other('broken.yaml', 'kernel/main.mjs]', 'kernel/nothing.mjs]');
    const refused = await host.ask('policy', 'apply', broken);
    expect(refused).toMatchObject({ exit: 3, stdout: '' });
    expect(refused.stderr).toMatch(/current does not pass under this policy/);
    expect(statSync(host.policy).mode).toBe(mode);
    expect(await host.ask('run', 'ada')).toMatchObject({ exit: 0 });
    // The text in its place is the one in force again; an edit of it is not undone by anybody.
    expect(readFileSync(host.policy, 'utf8')).toBe(text);
    writeFileSync(host.policy, readFileSync(broken));
    expect(await host.ask('policy', 'apply')).toMatchObject({ exit: 3 });
    expect((await host.ask('doctor')).stdout).toMatch(/the policy file was not taken/);
    expect(readFileSync(host.policy, 'utf8')).toBe(readFileSync(broken, 'utf8'));
  });

  it('change nothing for a faulty file, nor without a daemon', async () => {
    const { host, text, other } = await givenHost();
    const faulty = other('faulty.yaml', 'within: 15m', 'within: soon');
    expect(await host.ask('policy', 'apply', faulty)).toMatchObject({ exit: 1, stdout: '' });
    expect(readFileSync(host.policy, 'utf8')).toBe(text);
    await host.stop();
    const good = other('good.yaml', 'within: 15m', 'within: 20m');
    const refused = await host.ask('policy', 'apply', good);
    expect(refused).toMatchObject({ exit: 5, stdout: '' });
    expect(refused.stderr).toContain(`Copy it over ${host.policy}, then \`airlock start\`: it is`);
    // A file that is not right is no remedy: its faults come first.
    expect(await host.ask('policy', 'apply', faulty)).toMatchObject({ exit: 1, stdout: '' });
    expect(await host.ask('policy', 'rollback')).toMatchObject({ exit: 5, stdout: '' });
    expect(readFileSync(host.policy, 'utf8')).toBe(text);
  });

  it('a file that is gone while its version is in force: where its text is, and no stub', async () => {
    const { host, text } = await givenHost();
    const gone = `the policy file ${host.policy} is gone`;
    rmSync(host.policy);
    const { needs } = document<{ needs: { what: string; verb: string }[] }>(
      await host.ask('status', '--json'),
    );
    const [need] = needs.filter((one) => one.what.includes(gone));
    expect(need?.verb).toMatch(/^cp .*policies.[0-9a-f]{64}\.yaml /);
    const doctor = await host.ask('doctor');
    expect(doctor.stdout).toContain(gone);
    expect(doctor.stdout).toContain(`as root: \`${need?.verb}\``);
    expect(doctor.stdout).not.toContain('airlock init');
    const init = await host.ask('init', '--from', host.place);
    expect(init).toMatchObject({ exit: 2, stdout: '' });
    expect(init.stderr).toContain(need?.verb);
    expect(existsSync(host.policy)).toBe(false);
    execFileSync('sh', ['-c', need?.verb ?? '']);
    expect(readFileSync(host.policy, 'utf8')).toBe(text);
  });
});
