/** Where a secret stands, in whatever form: every byte of files, databases and git objects. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';

/** Made here, and not by the code that hides them. */
export function formsOf(secret: string): Map<string, Buffer> {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replace(/[^ -~]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const texts: Record<string, string> = {
    ...{ raw: secret, json, ascii, twice: JSON.stringify(json).slice(1, -1) },
    ...{ url: encodeURIComponent(secret), percent, hex: bytes.toString('hex') },
    ...{ HEX: bytes.toString('hex').toUpperCase() },
  };
  for (const shift of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(shift, 'x'), bytes]).toString('base64');
    // Signs that depend on neighbours are left out.
    const inner = padded.replace(/=+$/, '').slice(shift === 0 ? 0 : shift + 1, -1);
    texts[`base64+${shift}`] = inner;
    texts[`base64url+${shift}`] = inner.replaceAll('+', '-').replaceAll('/', '_');
  }
  return new Map(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
}

export class Scan {
  /** `<secret> as <form> in <where>`. */
  readonly found: string[] = [];
  bytes = 0;
  places = 0;
  readonly #forms: [string, string, Buffer][];

  constructor(secrets: Record<string, string>) {
    this.#forms = Object.entries(secrets).flatMap(([name, secret]) =>
      [...formsOf(secret)].map(([form, text]): [string, string, Buffer] => [name, form, text]),
    );
  }

  look(where: string, content: Buffer | string): void {
    const bytes = Buffer.from(content);
    this.places += 1;
    this.bytes += bytes.length;
    for (const [secret, form, text] of this.#forms) {
      if (bytes.includes(text)) this.found.push(`${secret} as ${form} in ${where}`);
    }
  }

  /** Names and contents of all that is below a folder; git objects are unpacked, too. */
  tree(folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      this.look(`the name ${path}`, path);
      if (!entry.isFile() || lstatSync(path).size > 256 * 1024 * 1024) continue;
      const content = readFileSync(path);
      this.look(path, content);
      if (/objects\/[0-9a-f]{2}\/[0-9a-f]{38}$/.test(path)) {
        this.look(`${path} unpacked`, inflateSync(content));
      }
    }
  }

  /** All that git keeps, packed or not. */
  history(repository: string): void {
    const options = { maxBuffer: 1 << 28 };
    // It belongs to the host's own user, perhaps.
    const args = [
      '-c',
      'safe.directory=*',
      '-C',
      repository,
      'cat-file',
      '--batch',
      '--batch-all-objects',
    ];
    this.look('the history', execFileSync('git', args, options));
  }
}
