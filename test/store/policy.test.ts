import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPolicy, policyPath, policySchemaJson } from '../../supervisor/store/policy.ts';
import { folder } from './support.ts';

const good = `runtime:
  source: ..
  include: [kernel, app, {from: kernel/package.json, to: package.json}]
  entry: [node, kernel/main.ts]
tick: "*/15 * * * *"
timezone: UTC
permissions:
  - paths: [app/**, config/**]
  - paths: [kernel/**]
    approval: operator
smoke: {suite: ../smoke}
bake: {for: 15m}
models:
  cheap: [{provider: rehearsal}]
`;

function load(text: string | Buffer) {
  const file = join(folder(), 'airlock.yaml');
  writeFileSync(file, text);
  return { file, ...loadPolicy(file) };
}

test('a good policy is in force with its digest, folder and defaults', () => {
  const { file, policy, faults } = load(good);
  expect(faults).toEqual([]);
  expect(policy?.digest).toBe(createHash('sha256').update(good).digest('hex'));
  expect(policy?.policy.smoke.within).toBe(120_000);
  expect(policy && policyPath(policy, '../smoke')).toBe(join(file, '..', '..', 'smoke'));
  expect(policy && policyPath(policy, '/etc/key')).toBe('/etc/key');
});

/** What is changed, by what, and what must be said: the place, the line, a remedy. */
const faulty: [string, string, string, number, RegExp][] = [
  ['timezone: UTC', 'timezon: UTC', 'timezon: unknown key', 6, /Did you mean timezone/],
  ['approval: operator', 'aproval: operator', 'permissions[1].aproval', 10, /approval/],
  ['include: [', 'inclde: [', 'runtime.inclde: unknown key', 3, /include/],
  ['  source: ..\n', '', 'runtime.source: must be text', 1, /Add runtime.source/],
  [
    '  entry: [node, kernel/main.ts]',
    '  entry: node',
    'runtime.entry: must be a list',
    4,
    /^Write it as a list, in brackets: \[node\]/,
  ],
  ['[node, kernel/main.ts]', '[]', 'runtime.entry: must not be empty', 4, /./],
  ['to: package.json', 'too: package.json', 'runtime.include[2].', 3, /to/],
  ['[kernel, app,', '[kernel, ../app,', 'runtime.include[1]', 3, /without "\.\."/],
  ['[kernel, app,', '[kernel, /app,', 'runtime.include[1]', 3, /below runtime.source/],
  ['[kernel, app,', '[kernel, kernel/main.ts,', 'must not overlap with "kernel"', 3, /once/],
  ['tick: "*/15 * * * *"', 'tick: "61 * * * *"', 'tick: its minute cannot be 61', 5, /five or six/],
  ['tick: "*/15 * * * *"', 'tick: "* * *"', 'tick: must be a schedule of five or six', 5, /./],
  ['tick: "*/15 * * * *"', 'tick: 15', 'tick: must be a schedule', 5, /./],
  ['tick: "*/15 * * * *"', 'tick: "0 0 31 2 *"', 'tick: ', 5, /./],
  ['timezone: UTC', 'timezone: Mars/Olympus', 'timezone: must be a time zone', 6, /UTC/],
  ['app/**, config/**', 'app/**, "config/[a"', 'permissions[0].paths[1]: must be a pat', 8, /\*\*/],
  ['app/**, config/**', '"app/a}"', 'permissions[0].paths[0]: must be a pattern', 8, /./],
  ['app/**, config/**', '"app/{a,b"', '"{" has no partner', 8, /./],
  ['app/**, config/**', '"!app/**"', 'permissions[0].paths[0]: must not be neg', 8, /./],
  ['app/**, config/**', '../app/**', 'permissions[0].paths[0]: must be rel', 8, /./],
  ['app/**, config/**', '/app/**', 'permissions[0].paths[0]: must be rel', 8, /./],
  ['app/**, config/**', "'app\\**'", 'must not have backslashes', 8, /./],
  ['[app/**, config/**]', '[]', 'permissions[0].paths: must not be empty', 8, /./],
  ['approval: operator', 'approval: operater', 'must be one of', 10, /^Did you mean operator\?$/],
  ['for: 15m', 'failedRuns: "2"', 'bake.failedRuns: must be a', 12, /^Write 2 without quotes\.$/],
  [
    'for: 15m',
    'for: 900',
    'bake.for: must be a duration',
    12,
    /^Change bake.for; it must be a dur/,
  ],
  [
    'provider: rehearsal',
    'provider: anthropic, url: "https://u:hunter2@h/", model: m, keyFile: k',
    'models.cheap[0].url: must have no user and no password',
    14,
    /keyFile/,
  ],
  ['provider: rehearsal', 'provider: anthropic, url: x', 'url: must be a URL', 14, /https/],
  ['provider: rehearsal', 'provider: rehersal', 'must be one of', 14, /^Did you mean rehearsal\?$/],
  ['approval: operator', 'approval: nobody', 'must be one of none, operator', 10, /Change/],
  ['approval: operator', 'agents: [Maker]', 'permissions[1].agents[0]', 10, /lower-case/],
  ['suite: ../smoke', 'suite: ../smoke, model: dear', 'smoke.model: must be reh', 11, /models/],
  ['smoke: {suite: ../smoke}', 'smoke: {}', 'smoke.suite: must be text', 11, /Add smoke.suite/],
  ['for: 15m', 'for: 15 minutes', 'bake.for: must be a duration', 12, /15m/],
  ['for: 15m', 'for: 15m, max: 5m', 'bake.max: must be at least bake.for', 12, /Raise/],
  ['for: 15m', 'failedRuns: 0', 'bake.failedRuns: must be more than 0', 12, /./],
  ['for: 15m', 'failedRuns: 1.5', 'bake.failedRuns: must be a whole number', 12, /./],
  ['provider: rehearsal', 'provider: acme', 'models.cheap[0].provider', 14, /rehearsal/],
  ['provider: rehearsal', 'provider: anthropic', 'models.cheap[0].url', 14, /Add/],
  ['[{provider: rehearsal}]', '[]', 'models.cheap: must not be empty', 14, /./],
  ['cheap: [', 'rehearsal: [', 'models.rehearsal: must not be named so', 14, /another name/],
  ['cheap: [', '"a b": [', 'models.a b: must be a name', 14, /Rename/],
  [
    'models:\n  cheap: [{provider: rehearsal}]',
    'models: {}',
    'models: must have at le',
    13,
    /Add one/,
  ],
  ['bake:', 'canary: {agent: "A b"}\nbake:', 'canary.agent: must be auto', 12, /auto/],
  ['bake:', 'limits: {run: {flood: 1KiB}}\nbake:', 'limits.run.flood: must be', 12, /Raise/],
  ['bake:', 'limits: {mail: {bytes: 64K}}\nbake:', 'limits.mail.bytes: must be a size', 12, /KiB/],
  ['bake:', 'bake: {}\nbake:', 'Map keys must be unique', 13, /YAML/],
  ['bake:', '\tbake:', '', 12, /YAML/],
];

test.each(faulty)('%j -> %j: %s', (from, to, message, line, hint) => {
  expect(good).toContain(from);
  const { file, policy, faults } = load(good.replace(from, to));
  expect(policy).toBe(null);
  const told = faults.find((one) => one.message.includes(message));
  expect(told, JSON.stringify(faults)).toBeDefined();
  expect(told).toMatchObject({ code: 'policy-invalid', input: `${file}:${line}` });
  expect(told?.hint).toMatch(hint);
  for (const fault of faults) {
    expect(fault.message).not.toMatch(/Invalid|: a \w+ is |must must/);
    expect(fault.hint).toMatch(/^[A-Z].*[.?]$/);
    expect(fault.hint).not.toMatch(/\bit (?:a |an |[A-Z])|Invalid/);
  }
});

test('all faults are told at once', () => {
  const text = good
    .replace('timezone', 'timezon')
    .replace('approval: operator', 'approval: nobody')
    .replace('for: 15m', 'for: soon')
    .replace('provider: rehearsal', 'provider: acme');
  expect(load(text).faults.map((one) => one.message.split(':')[0])).toEqual([
    'permissions[1].approval',
    'bake.for',
    'models.cheap[0].provider',
    'timezon',
  ]);
});

test('faults of meaning are told beside faults of form', () => {
  const text = good
    .replace('"*/15 * * * *"', '"61 * * * *"')
    .replace('[app/**, config/**]', '[/a, ../b]')
    .replace('for: 15m', 'for: soon');
  expect(load(text).faults.map((one) => one.message.split(':')[0])).toEqual([
    'bake.for',
    'tick',
    'permissions[0].paths[0]',
    'permissions[0].paths[1]',
  ]);
});

test('a policy that is not there, or not a file, or a bomb, is told', () => {
  const place = folder();
  expect(loadPolicy(join(place, 'none.yaml')).faults[0]?.code).toBe('policy-missing');
  mkdirSync(join(place, 'folder.yaml'));
  expect(loadPolicy(join(place, 'folder.yaml')).faults[0]?.message).toContain('a folder');
  expect(load(Buffer.alloc(1024 * 1024 + 1, '#')).faults[0]?.message).toContain('too big');
  expect(load('hello').faults[0]?.hint).toContain('known keys are runtime');
  expect(load('').faults[0]?.message).toContain('must be keys with values');
  const layers = Array.from({ length: 12 }, (_, n) => {
    return `l${n}: &l${n} [${Array(12)
      .fill(n ? `*l${n - 1}` : 'x')
      .join(', ')}]`;
  });
  expect(load(layers.join('\n')).faults[0]?.message).toMatch(/alias/i);
});

test('the policy file may be a link: relative paths start where the link is', () => {
  const place = folder();
  mkdirSync(join(place, 'etc'));
  mkdirSync(join(place, 'elsewhere'));
  writeFileSync(join(place, 'elsewhere', 'real.yaml'), good);
  symlinkSync('../elsewhere/real.yaml', join(place, 'etc', 'airlock.yaml'));
  const { policy } = loadPolicy(join(place, 'etc', 'airlock.yaml'));
  expect(policy && policyPath(policy, 'key')).toBe(join(place, 'etc', 'key'));
});

test('patterns with brackets that close are taken', () => {
  const globs = ['app/{a,b}/**', 'app/[a-z{(]*.md', 'app/@(a|b)/*'];
  expect(load(good.replace('[app/**, config/**]', JSON.stringify(globs))).faults).toEqual([]);
});

test('the JSON Schema names every key and refuses others', () => {
  const schema = policySchemaJson() as { properties: object; additionalProperties: boolean };
  expect(Object.keys(schema.properties)).toContain('permissions');
  expect(schema.additionalProperties).toBe(false);
  expect(JSON.stringify(schema)).toContain('wall clock of a run');
});

test.each([
  '{provider: anthropic, url: "https://u:hunter2@h/", model: m, keyFile: k}',
  '{provider: anthropic, url: "https://hunter2@h/", model: m, keyFile: k}',
  '{provider: anthropic, url: "https://u:hun/ter2@h/", model: m, keyFile: k}',
  '{provider: anthropic, url: "https://u:hunter2@h/", model: m}',
  '{provider: antropic, url: "https://u:hunter2@h/"}',
  '{base: "https://u:hunter2@h/", provider: rehearsal}',
  '"https://u:hunter2@h/"',
  '*https://u:hunter2@h/',
  '{provider: anthropic, url: "https://u:hunter2@h/", model: m, keyFile: k}} https://u:hunter2@h/',
])('no fault shows the password of a URL: %s', (upstream) => {
  const { faults } = load(good.replace('{provider: rehearsal}', upstream));
  expect(faults.length).toBeGreaterThan(0);
  expect(JSON.stringify(faults)).not.toMatch(/hunter2|ter2@/);
});
