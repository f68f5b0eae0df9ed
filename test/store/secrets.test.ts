import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  hide,
  hideKeys,
  readSecret,
  redacted,
  secretPath,
  secretStream,
  withoutRest,
} from '../../supervisor/host/secrets.ts';
import type { Policy } from '../../supervisor/model/policy.ts';

const key = 'sk-"canary"\né/+&\\end-4711';

test('a secret is found in each form in which it may come back', () => {
  hide(key);
  const inJson = JSON.stringify({ text: key });
  const forms = [key, inJson, JSON.stringify(inJson), encodeURIComponent(key)];
  const base64 = ['', 'a', 'ab'].map((before) => Buffer.from(`${before}${key}`).toString('base64'));
  for (const form of [...forms, ...base64, Buffer.from(key).toString('hex')]) {
    expect(redacted(`before ${form} after`)).toMatch(/^before .*\[secret\].* after$/);
  }
});

test('a secret cut anywhere by the pieces in which text comes is caught', () => {
  hide(key);
  for (let at = 0; at <= key.length; at++) {
    const stream = secretStream();
    const text = [`x ${key.slice(0, at)}`, `${key.slice(at)} y`].map(stream.push).join('');
    expect(text + stream.end()).toBe('x [secret] y');
  }
});

test('a key that others can read is refused in a host install', () => {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'key'), 'sk-readable-by-all\n', { mode: 0o644 });
  const wish = { keyFile: 'key', folder };
  expect(readSecret({ ...wish, strict: false })).toBe('sk-readable-by-all');
  expect(() => readSecret({ ...wish, strict: true })).toThrow(/can be used by others/);
  chmodSync(join(folder, 'key'), 0o600);
  expect(readSecret({ ...wish, strict: true })).toBe('sk-readable-by-all');
  expect(secretPath('credential:model', folder, '/run/credentials/x')).toBe(
    '/run/credentials/x/model',
  );
  expect(secretPath('credential:../etc', folder, '/run/credentials/x')).toBeNull();
});

test('where something is left out, no half of a secret stays on either side', () => {
  hide(key);
  for (let at = 4; at < key.length - 4; at++) {
    const stream = secretStream();
    expect(stream.push(`x ${key.slice(0, at)}`) + stream.gap()).toBe('x [secret]');
    expect(withoutRest(`${key.slice(at)} y`)).toBe('[secret] y');
  }
});

test('a link is no key file, and what cannot be read keeps nobody from starting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'key'), 'sk-behind-a-link\n', { mode: 0o600 });
  symlinkSync('key', join(folder, 'link'));
  expect(() => readSecret({ keyFile: 'link', folder, strict: false })).toThrow(/ELOOP/);
  const upstream = { provider: 'anthropic', url: 'http://x', model: 'm', keyFile: 'link' };
  const policy = { models: { cheap: [upstream] } } as unknown as Policy;
  expect(() => hideKeys({ policy, folder })).not.toThrow();
});
