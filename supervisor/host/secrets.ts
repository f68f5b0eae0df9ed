/**
 * The one redaction: keys that this process has read and tokens that it gave out, in each form in
 * which they may come back. Whoever writes text that leaves passes it through here.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../model/reason.ts';
import { orNull } from './files/files.ts';

/** Too short to be a key, and likely to stand in harmless words. */
const shortest = 6;
/** Tokens of runs that are over and may still stand in what is written last. */
const lingering = 64;
const mask = '[secret]';

const known = new Map<string, string[]>();
const over: string[] = [];
let forms: string[] = [];

/** From now on this text is never shown. What is given back forgets it a while after. */
export function hide(secret: string): () => void {
  if (secret.length < shortest) return () => undefined;
  known.set(secret, formsOf(secret));
  refresh();
  return () => {
    over.push(secret);
    if (over.length <= lingering) return;
    known.delete(over.shift() ?? '');
    refresh();
  };
}

/** The longest first: a part of a form must not be taken before the whole. */
function refresh(): void {
  forms = [...new Set([...known.values()].flat())].sort((a, b) => b.length - a.length);
}

export function redacted(text: string): string {
  let clean = text;
  for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, mask);
  return clean;
}

/** Text that comes in pieces: what may be the beginning of a secret waits for the next piece. */
export function secretStream(): { push(text: string): string; end(): string } {
  let held = '';
  return {
    push(text) {
      const clean = redacted(held + text);
      const from = clean.length - beginning(clean);
      held = clean.slice(from);
      return clean.slice(0, from);
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** How much of the text's end may be the beginning of a secret. */
function beginning(text: string): number {
  let longest = 0;
  for (const form of forms) {
    for (let size = Math.min(form.length - 1, text.length); size > longest; size--) {
      if (text.endsWith(form.slice(0, size))) longest = size;
    }
  }
  return longest;
}

function formsOf(secret: string): string[] {
  const json = inJson(secret);
  const ascii = json.replace(/[^ -~]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((shift) => inBase64(bytes, shift));
  const url = [encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1)];
  const all = [secret, json, inJson(json), ascii, ...url, ...base64, bytes.toString('hex')];
  return [...new Set(all)].filter((form) => form.length >= shortest);
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** Its signs that do not depend on the neighbours, when `shift` bytes of a triple stand before. */
function inBase64(bytes: Buffer, shift: number): string[] {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes]);
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor((whole.length * 8) / 6);
  const forms = ['base64', 'base64url'] as const;
  return forms.map((form) => whole.toString(form).slice(from, to));
}

const credential = 'credential:';

/** Where the key of a policy's `keyFile` is; null: a credential that the service was not given. */
export function secretPath(
  keyFile: string,
  folder: string,
  credentials = process.env.CREDENTIALS_DIRECTORY,
): string | null {
  if (!keyFile.startsWith(credential)) {
    return isAbsolute(keyFile) ? keyFile : join(folder, keyFile);
  }
  const name = keyFile.slice(credential.length);
  return credentials && /^[\w.-]+$/.test(name) && !/^\.+$/.test(name)
    ? join(credentials, name)
    : null;
}

export interface SecretWish {
  keyFile: string;
  /** The policy's folder. */
  folder: string;
  /** In a host install a key that others can read, or that an agent owns, is refused. */
  strict: boolean;
}

/** The key itself, hidden from now on. Throws Failure `no-model`. */
export function readSecret({ keyFile, folder, strict }: SecretWish): string {
  const path = secretPath(keyFile, folder);
  const { content, fault } = path === null ? nothing : look(path, keyFile);
  const key = content?.trim() ?? '';
  if (key !== '' && !(strict && fault)) {
    hide(key);
    return key;
  }
  throw new Failure('no-model', {
    message: `the key of a provider ${key === '' ? 'is missing or empty' : fault}`,
    step: 'model call',
    input: keyFile,
    expected: "a credential of the service, or a file of root's or the supervisor's, mode 0600",
    hint: `chmod 600 the key file and chown it to the supervisor, or use ${credential}NAME.`,
  });
}

const nothing = { content: null, fault: null };

function look(path: string, keyFile: string): { content: string | null; fault: string | null } {
  const fd = orNull(() => openSync(path, 'r'));
  if (fd === null) return nothing;
  try {
    const { uid, mode } = fstatSync(fd);
    return { content: readFileSync(fd, 'utf8'), fault: secretFault(uid, mode, keyFile) };
  } finally {
    closeSync(fd);
  }
}

/** systemd lets its service in by an ACL, which shows as the group's bits. */
export function secretFault(uid: number, mode: number, keyFile: string): string | null {
  if (uid !== 0 && uid !== process.getuid?.()) return `belongs to another user (uid ${uid})`;
  const others = keyFile.startsWith(credential) ? 0o007 : 0o077;
  return (mode & others) === 0
    ? null
    : `can be used by others (mode ${(mode & 0o777).toString(8)})`;
}
