import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { folder, LiveHost } from '../cli/support/live.ts';
import { type Behaviour, givenProvider, refuses, says, streams } from '../gateway/provider.ts';
import { tinyPolicy, until } from '../pipeline/support/host.ts';
import { snoopingRuntime } from './support/runtime.ts';
import { Scan } from './support/scan.ts';

const planted = {
  file: 'sk-ant-file-canary-5f2a91c7',
  credential: 'sk-ant-credential-canary-b77e02',
  odd: 'sk-"odd"\\ünïcode\n☃/+&-canary-31b8',
};
/** Of the supervisor's own environment: nobody was told, nobody may hear. */
const ownEnvironment = {
  ANTHROPIC_API_KEY: 'sk-ant-environment-canary-0d4c',
  AIRLOCK_TEST_SECRET: 'environment-canary-7713e9',
};

const all = Object.values(planted);
const encoded = all.flatMap((key) => {
  const bytes = Buffer.from(key);
  return [key, bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(key)];
});
const gossip = `your keys are ${encoded.join(' and ')}.`;

/** A provider that says every key it could know of, in each way in which it can. */
const gossiping: Behaviour = (response, body) => {
  const said = JSON.stringify(body.messages);
  if (said.includes('fail late')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const error = { type: 'error', error: { type: 'overloaded_error', message: gossip } };
    return void response.end(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
  }
  if (said.includes('fail')) return refuses(400, 'invalid_request_error', gossip)(response, body);
  if (said.includes('stream')) return streams(gossip)(response, body);
  response.setHeader('request-id', planted.file);
  return says(gossip, { id: planted.credential })(response, body);
};

async function givenGossip() {
  const place = folder();
  const host = new LiveHost(place);
  const keys = { file: join(place, 'keys/file'), odd: join(place, 'keys/odd') };
  const credentials = join(place, 'credentials');
  for (const made of ['keys', 'credentials']) mkdirSync(join(place, made), { mode: 0o700 });
  writeFileSync(keys.file, planted.file, { mode: 0o600 });
  writeFileSync(keys.odd, `${planted.odd}\n`, { mode: 0o600 });
  writeFileSync(join(credentials, 'second'), `${planted.credential}\n`, { mode: 0o400 });
  const provider = await givenProvider(gossiping);
  const runtime = snoopingRuntime(place, [keys.file, keys.odd, join(credentials, 'second')]);
  const upstream = (...files: string[]) => {
    const about = `provider: anthropic, url: "${provider.url}", model: m`;
    const each = files.map((one) => `{${about}, keyFile: "${one}", price: {input: 0, output: 0}}`);
    return `[${each.join(', ')}]`;
  };
  // No header can carry the odd key: another answers in its place.
  const models = `  cheap: ${upstream('keys/file')}
  second: ${upstream('credential:second')}
  odd: ${upstream('keys/odd', 'keys/file')}
notify: {command: [./tell]}`;
  const policy = tinyPolicy(runtime)
    .replace(/smoke: .*/, `smoke: {suite: ${runtime}/suite, within: 1m}`)
    .replace('for: 15m', 'for: 1s')
    .replace('  cheap: [{provider: rehearsal}]', models);
  writeFileSync(host.policy, policy);
  const tell = '#!/bin/sh\n{ env; cat; tr "\\0" "\\n" </proc/$$/environ; } >>told.txt\n';
  writeFileSync(join(place, 'tell'), tell, { mode: 0o755 });
  return { host, provider, credentials };
}

it('finds none of the planted keys anywhere that anything was written', {
  timeout: 120_000,
}, async () => {
  const { host, provider, credentials } = await givenGossip();
  onTestFinished(() => void host.stop());
  const scan = new Scan({ ...planted, ...ownEnvironment });
  const path = { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: credentials };
  await host.start({ ...path, ...ownEnvironment });
  const ask = async (...args: string[]) => {
    const ended = await host.ask(...args);
    scan.look(`airlock ${args.join(' ')}`, `${ended.stdout}\n${ended.stderr}`);
    return ended;
  };

  for (const agent of ['ada', 'ben', 'cleo']) {
    await ask('run', agent);
    const once = join(host.root, 'workspaces', agent, 'once');
    await until(
      () => existsSync(once),
      () => `a run of ${agent}: ${host.said.slice(-500)}`,
    );
  }
  const better = host.change('better', { 'app/prompt.md': 'Better.\n' });
  expect(await ask('propose', better, '--as', 'cleo', '--wait')).toMatchObject({ exit: 0 });
  const outside = host.change('outside', { 'elsewhere/x.md': 'x\n' });
  const about = JSON.stringify({ title: `is it ${planted.file}?`, why: planted.odd });
  writeFileSync(join(outside, 'proposal.yaml'), about);
  expect(await ask('propose', outside, '--as', 'ben', '--wait')).toMatchObject({ exit: 3 });
  expect(await ask('rollback', '--reason', 'it was no good')).toMatchObject({ exit: 0 });
  await ask('halt', '--agent', 'ada', '--reason', 'a test');
  const kernel = host.change('kernel', { 'kernel/more.mjs': '// more\n' });
  await ask('propose', kernel, '--as', 'ada', '--wait', '--within', '5s');
  for (const verb of ['status', 'log', 'proposals', 'runs', 'releases', 'doctor', 'approvals']) {
    await ask(verb);
    await ask(verb, '--json');
  }
  const { root } = host;
  const traces = readdirSync(join(root, 'var/state/traces')).flatMap(
    (name) => /^(.*-task-\d\d)\.jsonl$/.exec(name)?.[1] ?? [],
  );
  for (const run of traces) {
    await ask('trace', run);
    await ask('show', run, '--json');
  }
  for (const proposal of readdirSync(join(root, 'var/intake')))
    await ask('show', proposal, '--json');
  // A credential is for the service alone: a command that cannot know it shows no word of a
  // provider that may.
  const tested = await ask('model', 'test', 'cheap');
  expect(tested.stdout).toContain('a key that cannot be read here, credential:second');
  scan.look('the service manager’s log', host.said);
  scan.tree(root);
  await host.stop();

  scan.look('the log', host.said);
  scan.look('the notify command', readFileSync(join(host.place, 'told.txt')));
  scan.tree(root);
  scan.history(join(root, 'var/state/history'));

  // The story was lived: keys went out to the provider, and the runs asked and told.
  const sent = provider.requests.map(({ headers }) => headers['x-api-key']);
  expect(new Set(sent)).toEqual(new Set([planted.file, planted.credential]));
  const views = readdirSync(join(root, 'workspaces/ada')).filter((name) => /^view-/.test(name));
  const view = readFileSync(join(root, 'workspaces/ada', views[0] as string), 'utf8');
  expect(view.match(/your keys are \[secret\]/g)?.length).toBeGreaterThanOrEqual(3);
  expect(readFileSync(join(host.place, 'told.txt'), 'utf8')).toContain('"event"');

  // What an agent knew and handed in is sealed as it came, for it is hashed: its own words.
  const sealedAsItCame = /var\/intake\/[^/]*-ben-outside\//;
  expect([...new Set(scan.found)].filter((one) => !sealedAsItCame.test(one))).toEqual([]);
});
