import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tiny, until } from '../pipeline/support/host.ts';
import { airlock, commandLine, document, ended, startIn } from './support/command.ts';
import { folder, LiveHost } from './support/live.ts';

async function givenLiveHost(bake?: string): Promise<LiveHost> {
  const host = new LiveHost(folder(), bake);
  onTestFinished(() => void host.stop());
  await host.start();
  return host;
}

const turn = (line: string) => `import { existsSync, writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  ${line}
  await model();
  writeFileSync(workspace + '/done.txt', 'done\\n');
}
`;
const second = "if (existsSync(workspace + '/done.txt')) throw new Error('not twice');";

describe('propose --wait on a live host', () => {
  it('ends as the proposal does: 0, 3, 4 and 75, in words and in JSON', async () => {
    const host = await givenLiveHost();
    const good = host.change('good', { 'app/turn.mjs': turn('// better') });
    const stable = await host.ask('propose', good, '--as', 'ada', '--wait');
    expect(stable).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/-ada-good is stable\n$/),
    });
    expect(stable.stderr).toMatch(/dropped good as ada\nreceived[\s\S]*gate smoke[\s\S]*baking/);

    const bad = host.change('bad', { 'app/turn.mjs': turn("throw new Error('boom');") });
    const refused = await host.ask('propose', bad, '--as', 'ada', '--wait');
    expect(refused).toMatchObject({ exit: 3, stdout: '' });
    expect(refused.stderr).toMatch(/-ada-bad is refused\n[\s\S]*gate-smoke[\s\S]*to do/);

    const twice = host.change('twice', { 'app/turn.mjs': turn(second) });
    const aborted = await host.ask('propose', twice, '--as', 'ada', '--wait', '--json');
    expect(aborted).toMatchObject({ exit: 4, stderr: '' });
    expect(document(aborted)).toMatchObject({ ok: false, phase: 'aborted', proposer: 'ada' });

    const kernel = host.change('kernel', { 'kernel/more.mjs': '// more\n' });
    const late = await host.ask('propose', kernel, '--wait', '--within', '4s');
    expect(late).toMatchObject({ exit: 75, stdout: '' });
    expect(late.stderr).toMatch(/the time is up: it is still awaiting-approval/);
    expect(await host.stop()).toBe(0);
  });

  it('ends with 4 when it is rolled back, and with 5 when the daemon goes away', async () => {
    const host = await givenLiveHost('10m');
    const good = host.change('good', { 'app/turn.mjs': turn('// better') });
    const waiting = startIn(
      { PATH: process.env.PATH },
      commandLine(host.root, '--policy', host.policy, 'propose', good, '--wait'),
    );
    const end = ended(waiting);
    await baking(host);
    expect(await host.ask('abort', '--reason', 'r')).toMatchObject({ exit: 0 });
    const back = await end;
    expect(back).toMatchObject({ exit: 4, stdout: '' });
    expect(back.stderr).toMatch(/is rolled-back\n/);

    const kernel = host.change('kernel', { 'kernel/more.mjs': '// more\n' });
    const left = ended(
      startIn(
        { PATH: process.env.PATH },
        commandLine(host.root, '--policy', host.policy, 'propose', kernel, '--wait', '--json'),
      ),
    );
    await phase(host, 'awaiting-approval');
    await host.stop();
    const alone = await left;
    expect(alone.exit).toBe(5);
    expect(document(alone)).toMatchObject({ ok: false, reason: { code: 'not-running' } });
    expect(await host.ask('propose', kernel, '--wait')).toMatchObject({ exit: 5, stdout: '' });
    expect(await host.ask('propose', kernel)).toMatchObject({ exit: 0, stderr: '' });
  });
});

const baking = (host: LiveHost) => phase(host, 'baking');

/** Some proposal is in this phase. */
async function phase(host: LiveHost, wanted: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const rows = document<{ phase: string }[]>(await host.ask('proposals', '--json'));
    if (rows.some((row) => row.phase === wanted)) return;
  }
  throw new Error(`no proposal came to be ${wanted}: ${host.said.slice(-2000)}`);
}

describe('a runtime that nobody made for this', () => {
  it('init as a process, then start there', async () => {
    const place = folder();
    const runtime = join(place, 'runtime');
    mkdirSync(join(runtime, 'config'), { recursive: true });
    writeFileSync(join(runtime, 'main.py'), python);
    const agents = 'agents:\n  - {name: py, model: cheap, schedule: {task: "0 0 * * *"}}\n';
    writeFileSync(join(runtime, 'config/agents.yaml'), agents);
    const host = new LiveHost(folder());
    const policy = join(place, 'host/airlock.yaml');
    const made = await airlock(host.root, '--policy', policy, 'init', '--from', runtime);
    expect(made).toMatchObject({ exit: 0, stderr: '' });
    expect(made.stdout).toContain('an entry, in the name main.py');
    const again = `airlock --root ${host.root} --policy ${policy} start`;
    expect(made.stdout).toContain(again);
    expect(readdirSync(join(place, 'host'))).toEqual(['airlock.yaml', 'smoke']);

    Object.assign(host, { policy });
    onTestFinished(() => void host.stop());
    await host.start();
    const status = document<{ agents: unknown[] }>(await host.ask('status', '--json'));
    expect(status).toMatchObject({ current: { state: 'current', stable: true } });
    expect(status.agents).toMatchObject([{ name: 'py', skipped: null }]);
    expect(await host.ask('run', 'py')).toMatchObject({ exit: 0 });
    expect(await host.stop()).toBe(0);
  });
});

/** One turn with nothing but the standard library. */
const python = `import json, os, urllib.request
body = {"model": "cheap", "max_tokens": 16, "messages": [{"role": "user", "content": "hi"}]}
headers = {"content-type": "application/json", "anthropic-version": "2023-06-01",
           "x-api-key": os.environ["ANTHROPIC_API_KEY"]}
url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read()
`;

describe('status --watch in a terminal', () => {
  it('draws again as things change, and gives the terminal back on SIGINT', async () => {
    const host = await givenLiveHost();
    const line = commandLine(host.root, '--policy', host.policy, 'status', '--watch');
    const quoted = line.map((one) => `'${one}'`).join(' ');
    // The shell tells its number, becomes the command, and the outer one tells what is left.
    const told = `sh -c 'echo "pid $$ ."; exec "$@"' sh ${quoted}; echo "ended $?"; stty -a`;
    const terminal = { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh' };
    const script = startIn(terminal, ['script', '-qec', told, '/dev/null']);
    let screen = '';
    script.stdout?.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
    const gone = ended(script);
    await until(
      () => screen.includes('Nothing needs you.'),
      () => `the page: ${screen}`,
    );
    await host.ask('lock', '--reason', 'audit');
    await until(
      () => screen.includes('deployments are locked'),
      () => `a redraw: ${screen}`,
    );
    process.kill(Number(/pid (\d+) \./.exec(screen)?.[1]), 'SIGINT');
    await gone;
    const [drawn = '', after = ''] = screen.split('\x1b[?25h\x1b[?1049l');
    expect(drawn).toContain('\x1b[?1049h\x1b[?25l');
    expect(after).toContain('ended 0');
    expect(after).toMatch(/ icanon /);
    expect(after).toMatch(/ echo /);
  });
});

describe('the service manager', () => {
  it.each([
    ['fails', 'exit 1', true],
    ['is not asked without NOTIFY_SOCKET', 'exit 1', false],
  ])('systemd-notify %s: the supervisor goes on', async (_what, text, asked) => {
    const place = folder();
    const bin = failing(place, text);
    const host = new LiveHost(place);
    onTestFinished(() => void host.stop());
    await host.start({ PATH: bin, ...(asked ? { NOTIFY_SOCKET: join(place, 'none') } : {}) });
    const status = await host.ask('status', '--json');
    expect(document(status)).toMatchObject({ daemon: { running: true } });
    await until(
      () => !asked || host.said.includes('could not be told'),
      () => `a word on it: ${host.said}`,
    );
    expect(host.running).toBe(true);
    expect(await host.stop()).toBe(0);
    expect(host.said.includes('could not be told')).toBe(asked);
  });
});

function failing(place: string, text: string): string {
  const bin = join(place, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'systemd-notify'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return `${bin}${delimiter}${process.env.PATH}`;
}

describe('a start that comes to nothing', () => {
  it('ends with 1 when the first release does not pass, and holds the lock no longer', async () => {
    const host = new LiveHost();
    const policy = readFileSync(host.policy, 'utf8');
    const source = join(host.place, 'source');
    cpSync(tiny, source, { recursive: true });
    writeFileSync(join(source, 'app/turn.mjs'), turn("throw new Error('boom');"));
    writeFileSync(host.policy, policy.replaceAll(tiny, source));
    await expect(host.start()).rejects.toThrow(/^start ended with 1: [\s\S]*does not pass/);
    writeFileSync(join(source, 'app/turn.mjs'), turn('// mended'));
    await host.start();
    expect(await host.stop()).toBe(0);
  });
});
