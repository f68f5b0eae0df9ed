/**
 * What stands in the journal alone and endangers when it is lost: which content is barred, and the
 * versions of the policy to go back to. It is written beside the journal, for a rebuild of that.
 */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readText, writeDurable } from '../host/files/files.ts';
import { removeName } from '../host/files/records.ts';
import { instant } from '../model/duration.ts';
import { jsonOrNull } from '../model/json.ts';
import type { Layout } from '../model/layout.ts';
import type { BadMark } from '../model/release.ts';
import { host, type Put, type State } from '../model/state.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.object({
  /** The last change of it, RFC 3339. */
  at: z.string(),
  bad: z.array(
    z.object({
      ...{ digest, release: z.string(), at: z.string(), code: z.string(), message: z.string() },
      owners: z.array(z.string()).optional(),
    }),
  ),
  policies: z.array(digest),
});
export interface Remembered {
  at: string;
  bad: BadMark[];
  policies: string[];
}

const nameOf = (journal: string) => join(dirname(journal), 'remembered.json');

/** null: nobody knows. */
export function remembered({ journal }: Layout): Remembered | null {
  const said = schema.safeParse(jsonOrNull(readText(nameOf(journal)) ?? ''));
  return said.success ? (said.data as Remembered) : null;
}

export interface Memory {
  /** All of it, as it was read. */
  begin(state: State): void;
  /** What was committed since. */
  follow(puts: readonly Put[]): void;
  /** Why it could not be written since this was last asked; null: it could. */
  fault(): unknown;
}

/** Written after the journal has it; what could not be written is rather not there than old. */
export function memoryBeside(journal: string, now: () => number): Memory {
  const file = nameOf(journal);
  let bad: Map<string, BadMark> | null = null;
  let policies: string[] = [];
  let written = '';
  let fault: unknown = null;
  const write = () => {
    const known = { bad: [...(bad ?? new Map()).values()], policies };
    const text = JSON.stringify(known);
    if (text === written) return;
    try {
      writeDurable(file, `${JSON.stringify({ at: instant(now()), ...known })}\n`, 0o640);
      written = text;
    } catch (error) {
      // The journal has it: nobody is held up.
      fault = error;
      written = '';
      forget(file);
    }
  };
  return {
    begin(state) {
      if (!state.host.has('host')) return;
      bad = new Map(state.bad);
      policies = host(state).policies ?? [];
      try {
        const { at: _, ...there } = (jsonOrNull(readText(file) ?? '') ?? {}) as Partial<Remembered>;
        written = JSON.stringify(there);
      } catch (error) {
        fault = error;
      }
      write();
    },
    follow(puts) {
      if (bad === null) return;
      for (const { table, id, value } of puts) {
        if (table === 'host' && value !== null) policies = value.policies ?? [];
        if (table !== 'bad') continue;
        if (value === null) bad.delete(id);
        else bad.set(id, value);
      }
      write();
    },
    fault() {
      const last = fault;
      fault = null;
      return last;
    },
  };
}

function forget(file: string): void {
  try {
    removeName(file);
  } catch {
    // A disk that takes nothing at all: the next commit tries again.
  }
}
