/**
 * The one redaction: keys that this process has read and tokens that it gave out, in each form in
 * which they may come back. Whoever writes text that leaves passes it through here.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { PolicyInForce } from '../model/policy.ts';
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

/** Fewer signs of a secret than this give nothing away, and stand in many words. */
const telling = 4;

/** Text that was cut at its start: the rest of a secret there is none of the reader's business. */
export function withoutRest(text: string): string {
  const size = longestOf(text, (form, size) => text.startsWith(form.slice(-size)));
  return size < telling ? text : mask + text.slice(size);
}

/** Text that is cut at its end: so with the beginning of a secret there. */
export function withoutBeginning(text: string): string {
  const size = beginning(text);
  return size < telling ? text : text.slice(0, -size) + mask;
}

export interface SecretStream {
  push(text: string): string;
  /** Something is left out here: what follows does not go on where the text before ended. */
  gap(): string;
  end(): string;
}

/** Text that comes in pieces: what may be the beginning of a secret waits for the next piece. */
export function secretStream(): SecretStream {
  let held = '';
  const end = () => {
    const rest = held;
    held = '';
    return rest;
  };
  return {
    gap: () => withoutBeginning(end()),
    end,
    push(text) {
      const clean = redacted(held + text);
      const from = clean.length - beginning(clean);
      held = clean.slice(from);
      return clean.slice(0, from);
    },
  };
}

/** How much of the text's end may be the beginning of a secret. */
function beginning(text: string): number {
  return longestOf(text, (form, size) => text.endsWith(form.slice(0, size)));
}

/** The longest part of a form, short of the whole, that fits the text. */
function longestOf(text: string, fits: (form: string, size: number) => boolean): number {
  let longest = 0;
  for (const form of forms) {
    for (let size = Math.min(form.length - 1, text.length); size > longest; size--) {
      if (fits(form, size)) longest = size;
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
  const hex = bytes.toString('hex');
  const each = [hex, hex.replace(/../g, '%$&')].flatMap((one) => [one, one.toUpperCase()]);
  const all = [secret, json, inJson(json), ascii, ...url, ...base64, ...each];
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

/** How a policy's `keyFile` names a credential of the service. */
export const credential = 'credential:';

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
  /** Where the service's credentials are, if not this process's own. */
  credentials?: string | undefined;
  /** In a host install a key that others can read, or that an agent owns, is refused. */
  strict: boolean;
  /** The supervisor's user, where another asks. */
  owner?: number | undefined;
}

/** The key itself, hidden from now on. Throws Failure `no-model`. */
export function readSecret({ keyFile, folder, credentials, strict, owner }: SecretWish): string {
  const path = secretPath(keyFile, folder, credentials);
  const { content, fault } = path === null ? nothing : look(path, keyFile, owner);
  const key = content?.trim() ?? '';
  // Hidden even if it is refused: it was read, and whoever told it may be a provider.
  hide(key);
  if (key !== '' && !(strict && fault)) return key;
  throw new Failure('no-model', {
    message: `the key of a provider ${key === '' ? 'is missing or empty' : fault}`,
    step: 'model call',
    input: keyFile,
    expected: "a credential of the service, or a file of root's or the supervisor's, mode 0600",
    hint: `chmod 600 the key file and chown it to the supervisor, or use ${credential}NAME.`,
  });
}

/**
 * Before anything that came from a run or a provider is written down: every key of a policy. Given
 * back are the names of those that cannot be read, by an operator's command say: no fault here, the
 * call that needs one says so.
 */
export function hideKeys(
  { policy, folder }: Pick<PolicyInForce, 'policy' | 'folder'>,
  credentials?: string,
): string[] {
  const upstreams = Object.values(policy.models).flat();
  const named = upstreams.flatMap((one) => (one.provider === 'rehearsal' ? [] : [one.keyFile]));
  return [...new Set(named)].filter((keyFile) => {
    const path = secretPath(keyFile, folder, credentials);
    try {
      const key = path === null ? '' : (look(path, keyFile).content?.trim() ?? '');
      hide(key);
      return key === '';
    } catch {
      return true;
    }
  });
}

interface Look {
  content: string | null;
  /** Why a host install does not take it. */
  fault: string | null;
}

const nothing: Look = { content: null, fault: null };
/** No key is longer, bytes. */
const longest = 64 * 1024;

/** Neither a link to elsewhere nor a pipe that never ends is a key. */
function look(path: string, keyFile: string, owner?: number): Look {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const fd = orNull(() => openSync(path, flags));
  if (fd === null) return nothing;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > longest) return nothing;
    const content = readFileSync(fd, 'utf8');
    return { content, fault: secretFault(stats, keyFile, owner) };
  } finally {
    closeSync(fd);
  }
}

/** systemd lets its service in by an ACL, which shows as the group's bits. */
export function secretFault(
  { uid, mode }: { uid: number; mode: number },
  keyFile: string,
  owner = process.getuid?.(),
): string | null {
  if (uid !== 0 && uid !== owner) return `belongs to another user (uid ${uid})`;
  const others = keyFile.startsWith(credential) ? 0o007 : 0o077;
  return (mode & others) === 0
    ? null
    : `can be used by others (mode ${(mode & 0o777).toString(8)})`;
}
