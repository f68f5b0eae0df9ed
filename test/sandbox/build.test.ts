import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildDriver,
  givenHost,
  removeDriver,
  supervisors,
  type TestHost,
} from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

const tool = (host: TestHost, text: string) => {
  host.given({ 'tools/.bin/check-it': `#!/bin/sh\n${text}\n` });
  chmodSync(join(host.base, 'tools/.bin/check-it'), 0o755);
};

describe.each(supervisors)('build checks, supervised by %s', (supervisor) => {
  test('see a copy of their own, the dependencies and the tools, and no network', async () => {
    const host = givenHost(supervisor);
    tool(
      host,
      `set -e
      cat fails.sh node_modules/a.js >/dev/null
      echo changed > fails.sh
      echo x > new
      mkdir made
      [ "$(grep -c : /proc/net/dev)" = 1 ]
      [ -z "$AIRLOCK_GATEWAY$PLANTED_SECRET" ]
      [ ! -e /workspace ]
      [ ! -e /inbox ]
      for path in /tools/node_modules node_modules /usr; do
        if echo x > $path/written; then exit 1; fi
      done`,
    );
    const { build, places } = await host.ask({ build: { checks: [['check-it'], ['node', '-v']] } });
    expect(build).toMatchObject({ name: 'build', outcome: 'pass', findings: [] });
    expect(readFileSync(join(host.release, 'fails.sh'), 'utf8')).toContain('exit 7');
    expect(readdirSync(host.release)).not.toContain('new');
    expect(readdirSync(join(host.base, 'deps'))).toEqual(['a.js']);
    expect(places).toEqual([]);
  });

  test('share no inode with the release', async () => {
    const host = givenHost(supervisor);
    const inode = lstatSync(join(host.release, 'fails.sh')).ino;
    tool(host, `[ "$(stat -c %i fails.sh)" != ${inode} ] && [ "$(stat -c %h fails.sh)" = 1 ]`);
    const { build } = await host.ask({ build: { checks: [['check-it']] } });
    expect(build?.outcome).toBe('pass');
  });

  test('all run; each that fails is a finding with its command, exit and words', async () => {
    const host = givenHost(supervisor);
    const checks = [
      ['sh', '-c', 'printf "bad \\033[31mred\\033[0m \\342\\200\\256line"; exit 3'],
      ['true'],
      ['sh', '-c', 'exit 4'],
    ];
    const { build } = await host.ask({ build: { checks } });
    expect(build?.outcome).toBe('fail');
    expect(build?.findings).toMatchObject([
      {
        subject: expect.stringMatching(/^sh -c printf/),
        reason: {
          ...{ code: 'gate-build', actual: 'exit 3' },
          cause: 'bad \\u{1b}[31mred\\u{1b}[0m \\u{202e}line',
        },
      },
      { subject: 'sh -c exit 4', reason: { code: 'gate-build', actual: 'exit 4', cause: null } },
    ]);
  });

  test('whose program is missing are an error, not a failure of the change', async () => {
    const host = givenHost(supervisor);
    const { build } = await host.ask({ build: { checks: [['no-such-tool', 'x'], ['true']] } });
    expect(build?.outcome).toBe('error');
    expect(build?.findings).toMatchObject([
      { subject: 'no-such-tool x', reason: { code: 'gate-error' } },
    ]);
    expect(build?.findings[0]?.reason.cause).toContain('no program no-such-tool');
  });

  test('that hang or flood are stopped; what has no time left is an error', async () => {
    const host = givenHost(supervisor);
    const floods = await host.ask({ build: { checks: [['yes']] } });
    expect(floods.build).toMatchObject({ outcome: 'fail' });
    expect(floods.build?.findings[0]?.reason.message).toMatch(/stopped: it printed more/);
    const checks = [
      ['sleep', host.marker],
      ['true', 'later'],
    ];
    const { build, places } = await host.ask({ build: { checks, within: 3000 } });
    expect(build?.outcome).toBe('error');
    expect(build?.findings).toMatchObject([
      { reason: { code: 'gate-build', message: expect.stringContaining('not done after') } },
      { subject: 'true later', reason: { code: 'gate-error' } },
    ]);
    expect(host.marked()).toEqual([]);
    expect(places).toEqual([]);
  });
});
