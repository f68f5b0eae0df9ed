import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync as gzip } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unquote } from '../../supervisor/act/intake/git-names.ts';
import { readOverlay } from '../../supervisor/act/intake/overlay.ts';
import { readPatch } from '../../supervisor/act/intake/patch.ts';
import { verifyRelease } from '../../supervisor/act/stage/verify.ts';
import { readTarball } from '../../supervisor/host/inbox/archive.ts';
import { Host, limits, write } from '../stage/support/host.ts';

/*
 * A valid drop, damaged at random, is sealed or refused: nothing else ever happens. What is sealed
 * is staged or refused, and what is staged is a release without fault.
 */

let host: Host;
let base: string;
let patch: Buffer;
let tarball: Buffer;

beforeAll(async () => {
  host = new Host();
  base = (await host.first()).id;
  patch = host.diffOf(
    base,
    (at) => write(at, { 'app/prompts/task.md': 'x\n', 'app/n\u00e4w': 'y' }),
    'why',
  );
  const folder = join(host.folder, 'overlay');
  write(folder, {
    'proposal.yaml': 'title: t\ndelete: [app/tools/list.ts]\n',
    'files/app/new.md': 'x',
  });
  execFileSync('tar', ['cf', join(host.folder, 'o.tar'), '-C', folder, '.']);
  execFileSync('gzip', ['-k', join(host.folder, 'o.tar')]);
  tarball = readFileSync(join(host.folder, 'o.tar.gz'));
});
afterAll(() => host.remove());

/** Some bytes overwritten, left out, or put in. */
const damage = fc.array(
  fc.record({
    at: fc.nat(),
    cut: fc.nat(12),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(
        ...['\n', '../', '"', '120000', '/', '\0', '--- a/x\n', 'rename to ', '@@ -1 +1 @@\n'].map(
          (text) => new TextEncoder().encode(text),
        ),
      ),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(whole: Buffer, places: { at: number; cut: number; put: Uint8Array }[]): Buffer {
  let bytes = whole;
  for (const { at, cut, put } of places) {
    const from = at % (bytes.length + 1);
    bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
  }
  return bytes;
}

test('a damaged patch is read without an error, and says a path or a fault', () => {
  fc.assert(
    fc.property(damage, (places) => {
      const read = readPatch(damaged(patch, places));
      expect(read.paths.length + read.faults.length).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});

test('a damaged tarball, packed or not, is read without an error', () => {
  const plain = readFileSync(join(host.folder, 'o.tar'));
  const bounds = { bytes: limits.bytes, files: limits.files };
  fc.assert(
    fc.property(damage, fc.boolean(), (places, packed) => {
      const whole = packed ? tarball : plain;
      const read = readTarball(
        packed ? damaged(whole, places) : gzip(damaged(whole, places)),
        bounds,
      );
      if (read.kind === 'members') readOverlay(read.members);
    }),
    { numRuns: 1000 },
  );
});

test('what a name was quoted as, it is unquoted to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      const quoted = `"${text.replace(/[^A-Za-z0-9 ]/gs, (char) => octal(char))}"`;
      expect(unquote(`${quoted} rest`)).toEqual({ name: text, length: quoted.length });
    }),
  );
});

test('a damaged drop is sealed or refused, and what is staged of it has no fault', async () => {
  let at = 0;
  const plain = readFileSync(join(host.folder, 'o.tar'));
  const forms = fc.constantFrom('patch', 'tar.gz');
  await fc.assert(
    fc.asyncProperty(forms, damage, async (form, places) => {
      const name = `d${at++}.${form}`;
      const bytes = form === 'patch' ? damaged(patch, places) : gzip(damaged(plain, places));
      writeFileSync(host.drop(name), bytes);
      const { id, result } = host.seal(name);
      expect(['sealed', 'refused']).toContain(result.kind);
      expect(existsSync(`${host.layout.sealed(id)}/original`)).toBe(true);
      if (result.kind !== 'sealed') return;
      const staged = await host.stage({ id, sealed: result.sealed }, base);
      if (staged.kind === 'staged') {
        expect(verifyRelease(host.layout, staged.manifest.id)).toEqual([]);
        const judged = new Set(result.sealed.paths);
        expect(staged.changes.filter((one) => !judged.has(one.path))).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});

function octal(char: string): string {
  return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
