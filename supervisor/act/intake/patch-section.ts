import { isUtf8 } from 'node:buffer';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { stripped, titleNames, unquote } from './git-names.ts';

/** The diff of one file. Lines are bytes, read as latin1. */
export interface Section {
  /** Number of the line after it. */
  next: number;
  /** Every path that it touches: both sides of a rename; of a copy the copy only. */
  paths: string[];
  faults: Reason[];
}

/** What the headers of a section said. Names are bytes (latin1) without their `a/` and `b/`. */
interface Names {
  /** Of the `diff --git` line; null when they could not be told apart. */
  title: { old: string; new: string } | null;
  from: string | null;
  to: string | null;
  copied: boolean;
  /** Of the `---` and `+++` lines; undefined: none, null: /dev/null. */
  minus: string | null | undefined;
  plus: string | null | undefined;
}

const hunkHead = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** A diff starts here: git's own, or a traditional one. */
export function startsSection(lines: readonly string[], at: number): boolean {
  const line = lines[at] as string;
  if (/^diff --(git|cc|combined) /.test(line)) return true;
  return (
    line.startsWith('--- ') &&
    (lines[at + 1] ?? '').startsWith('+++ ') &&
    (lines[at + 2] ?? '').startsWith('@@ ')
  );
}

/** Read the diff that starts at a line. Strict: whatever git might read otherwise is a fault. */
export function readSection(lines: readonly string[], start: number): Section {
  return new SectionReader(lines, start).read();
}

class SectionReader {
  readonly #lines: readonly string[];
  readonly #faults: Reason[] = [];
  readonly #names: Names;
  readonly #title: string;
  #at: number;

  constructor(lines: readonly string[], start: number) {
    this.#lines = lines;
    this.#at = start;
    this.#title = lines[start] as string;
    const none = { title: null, from: null, to: null, copied: false };
    this.#names = { ...none, minus: undefined, plus: undefined };
  }

  read(): Section {
    if (this.#title.startsWith('diff --git ')) this.#extendedHeaders();
    else if (this.#title.startsWith('diff --')) {
      this.#fault('malformed', 'A combined diff of a merge cannot be applied', this.#title);
      this.#at += 1;
    }
    if (this.#line().startsWith('--- ')) this.#textDiff();
    else if (this.#line() === 'GIT binary patch') this.#binaryDiff();
    else if (/^(Binary files|Files) .* differ$/.test(this.#line())) {
      this.#fault('binary-patch', 'A binary file changes and its content is left out');
      this.#at += 1;
    }
    return { next: this.#at, paths: this.#paths(), faults: this.#faults };
  }

  #line(): string {
    return this.#lines[this.#at] ?? '';
  }

  #fault(code: ReasonCode, message: string, input: string = this.#line()): void {
    const shown = Buffer.from(input, 'latin1').toString('utf8').slice(0, 500);
    this.#faults.push(reason(code, { message, step: 'intake', input: shown }));
  }

  #extendedHeaders(): void {
    this.#names.title = titleNames(this.#title.slice('diff --git '.length));
    for (this.#at += 1; ; this.#at++) {
      const line = this.#line();
      const mode = /^(?:old mode|new mode|new file mode|deleted file mode) (.*)$/.exec(line);
      const moved = /^(rename|copy) (from|to) (.*)$/.exec(line);
      const index = /^index [0-9a-f]+\.\.[0-9a-f]+(?: (\d+))?$/.exec(line);
      if (mode) this.#mode(mode[1] as string);
      else if (index) this.#mode(index[1] ?? '100644');
      else if (moved) this.#moved(moved as unknown as [string, string, string, string]);
      else if (!/^(similarity|dissimilarity) index \d+%$/.test(line)) return;
    }
  }

  #mode(mode: string): void {
    if (mode === '100644' || mode === '100755') return;
    if (mode === '120000') this.#fault('symlink', 'A symbolic link', this.#title);
    else if (mode === '160000') this.#fault('submodule', 'A submodule', this.#title);
    else if (/^10[1-7][0-7]{3}$/.test(mode)) {
      this.#fault('setuid', 'A set-uid, set-gid or sticky bit', `${this.#title} (${mode})`);
    } else this.#fault('malformed', 'A file mode that is neither 100644 nor 100755');
  }

  #moved([, how, end, name]: [string, string, string, string]): void {
    const path = name.startsWith('"') ? unquote(name)?.name : name;
    if (path === undefined) this.#fault('malformed', 'A quoted name that does not end');
    else if (end === 'from') this.#names.from = path;
    else this.#names.to = path;
    this.#names.copied = how === 'copy';
  }

  #textDiff(): void {
    this.#names.minus = this.#side('--- ');
    this.#at += 1;
    if (!this.#line().startsWith('+++ ')) {
      this.#fault('malformed', 'No +++ after ---');
      return;
    }
    this.#names.plus = this.#side('+++ ');
    this.#at += 1;
    if (!hunkHead.test(this.#line())) this.#fault('malformed', 'No hunk after --- and +++');
    while (this.#line().startsWith('@@ ') && this.#hunk());
    // Git would drop such lines silently; `-- ` is the signature of a mail.
    if (/^([ +]|-(?!- $|-- ))/.test(this.#line())) {
      this.#fault('malformed', 'A hunk is longer than its head says');
    }
  }

  #side(prefix: string): string | null {
    const text = this.#line().slice(prefix.length);
    const name = text.startsWith('"') ? unquote(text)?.name : text.replace(/\t.*$/, '');
    if (name === '/dev/null') return null;
    if (name?.startsWith('/')) {
      this.#fault('path-absolute', 'A path is absolute');
      return null;
    }
    const path = name === undefined ? null : stripped(name);
    if (path === null) this.#fault('malformed', 'A name without its a/ or b/');
    return path;
  }

  #hunk(): boolean {
    const head = hunkHead.exec(this.#line());
    if (!head) {
      this.#fault('malformed', 'A hunk that does not start @@ -a,b +c,d @@');
      this.#at += 1;
      return false;
    }
    let old = Number(head[1] ?? 1);
    let fresh = Number(head[2] ?? 1);
    for (this.#at += 1; old > 0 || fresh > 0; this.#at++) {
      const mark = this.#at < this.#lines.length ? (this.#line()[0] ?? ' ') : 'end';
      if (mark === '\\') continue;
      if (mark !== '+') old -= 1;
      if (mark !== '-') fresh -= 1;
      if (!' +-'.includes(mark) || old < 0 || fresh < 0) {
        this.#fault('malformed', 'A hunk is not as long as its head says');
        return false;
      }
    }
    if (this.#line().startsWith('\\')) this.#at += 1;
    return true;
  }

  #binaryDiff(): void {
    this.#at += 1;
    let blocks = 0;
    while (/^(literal|delta) \d+$/.test(this.#line())) {
      blocks += 1;
      for (this.#at += 1; /^[A-Za-z][\x21-\x7e]+$/.test(this.#line()); this.#at++);
      if (this.#line() !== '') {
        this.#fault('malformed', 'A binary patch is cut off');
        return;
      }
      this.#at += 1;
    }
    if (blocks === 0) this.#fault('malformed', 'A binary patch without content');
  }

  #paths(): string[] {
    const { old, fresh } = this.#sides();
    const paths: string[] = [];
    for (const name of new Set([old, fresh])) {
      if (name === null) continue;
      const bytes = Buffer.from(name, 'latin1');
      if (isUtf8(bytes)) paths.push(bytes.toString('utf8'));
      else this.#fault('path-not-utf8', 'A path is no UTF-8', this.#title);
    }
    return paths;
  }

  /** The names that all headers agree on; git goes by the same order. */
  #sides(): { old: string | null; fresh: string | null } {
    const { title, from, to, copied, minus, plus } = this.#names;
    if (from !== null && to !== null) {
      if ((minus ?? from) !== from || (plus ?? to) !== to) this.#disagree();
      return { old: copied ? null : from, fresh: to };
    }
    if (minus !== undefined) {
      const one = plus ?? minus;
      if (one === null || (minus !== null && minus !== one)) this.#disagree();
      if (title && title.old !== one) this.#disagree();
      return { old: one, fresh: one };
    }
    if (title === null || title.old !== title.new) this.#disagree();
    return { old: title?.old ?? null, fresh: title?.new ?? null };
  }

  #disagree(): void {
    if (this.#faults.some((one) => one.code !== 'path-not-utf8')) return;
    this.#fault('malformed', 'The headers of a diff do not agree on its names', this.#title);
  }
}
