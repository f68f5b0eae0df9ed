import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sealAll } from '../../supervisor/act/intake/seal.ts';
import { Host, limits, roots } from '../stage/support/host.ts';

/** A `sync` that first tells what it finds: answers beside their place, and in it. */
const teller = (told: string, intake: string) => `#!/bin/sh
count() { find ${intake} -name "$1" | wc -l; }
echo "$(count .seal.json) $(count seal.json)" >> ${told}
exec /bin/sync "$@"
`;

test('seals of one go are durable before they are in place, by one call for all', async () => {
  const host = new Host();
  const path = process.env.PATH;
  try {
    const told = join(host.folder, 'told');
    const programs = join(host.folder, 'programs');
    mkdirSync(programs);
    writeFileSync(join(programs, 'sync'), teller(told, host.layout.intake), { mode: 0o755 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) host.overlay(name, { 'app/new.md': name });
    process.env.PATH = `${programs}:${path}`;
    const one = { agent: 'maker', layout: host.layout, limits, sealedAt: 0, roots };
    const answers = await sealAll(names.map((drop) => ({ ...one, id: `id-${drop}`, drop })));
    expect(answers.map((answer) => 'ok' in answer && answer.ok.kind)).toEqual(
      names.map(() => 'sealed'),
    );
    expect(readFileSync(told, 'utf8')).toBe('5 0\n');
  } finally {
    process.env.PATH = path;
    host.remove();
  }
});
