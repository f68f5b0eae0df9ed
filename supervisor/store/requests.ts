/**
 * Requests and their answers in `var/control/`: `<id>.json` and `<id>.answer.json`. Who asks is
 * who owns the file; nothing in it is taken for an identity. The folder is the supervisor's and
 * sticky (01770 or 01777), so that nobody can rename another's request into a new one.
 */

import { join } from 'node:path';
import { z } from 'zod';
import { writeDurable } from '../host/files/files.ts';
import { listNames, lookAt, readSmall, removeName } from '../host/files/records.ts';
import { sortableId } from '../host/ids.ts';
import { userName } from '../host/sandbox/users.ts';
import { redacted } from '../host/secrets.ts';
import type { SeenRequest } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type Request, requestSchema } from '../model/request.ts';
import type { Answer } from '../model/state.ts';
import { describeIssues } from './faults.ts';

const requestBytes = 64 * 1024;
const answerBytes = 4 * 1024 * 1024;
const answerEnd = '.answer.json';
const idForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,150}$/;

export interface ControlFolder {
  /** Requests without an answer, oldest first. */
  requests: SeenRequest[];
  /** Ids of all request files, answered or not. */
  files: ReadonlySet<string>;
  /** Names that are neither; nobody answers them. */
  strange: string[];
}

/** Whether a user may ask for anything. */
export type MayAsk = (uid: number) => boolean;

/** What lies in the control folder. Each file is read bounded, without following a link. */
export function listRequests(layout: Layout, mayAsk: MayAsk = () => true): ControlFolder {
  const names = listNames(layout.control).filter((name) => !name.startsWith('.'));
  const answered = new Set(names.filter((name) => name.endsWith(answerEnd)));
  const files = names.filter((name) => !answered.has(name) && idOf(name) !== null);
  const open = files.filter((name) => !answered.has(answerName(idOf(name) as string)));
  const kept = files.filter((name) => !open.includes(name));
  const forged = kept.filter((name) => !isOurs(layout, answerName(idOf(name) as string)));
  const seen = [...open, ...forged].flatMap((name) => readRequest(layout, name, mayAsk) ?? []);
  seen.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.request.id < b.request.id ? -1 : 1));
  return {
    requests: seen.map((one) => one.request),
    files: new Set(files.map((name) => idOf(name) as string)),
    strange: names.filter((name) => !answered.has(name) && idOf(name) === null),
  };
}

const answerName = (id: string) => `${id}${answerEnd}`;

function idOf(name: string): string | null {
  const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
  return idForm.test(id) ? id : null;
}

/** An answer that a request's neighbour put there is none: ours are owned as the folder is. */
function isOurs(layout: Layout, name: string): boolean {
  const answer = lookAt(join(layout.control, name));
  return answer?.isFile() === true && answer.uid === lookAt(layout.control)?.uid;
}

interface Seen {
  request: SeenRequest;
  mtimeMs: number;
}

function readRequest(layout: Layout, name: string, mayAsk: MayAsk): Seen | null {
  const small = readSmall(join(layout.control, name), requestBytes);
  if (small.kind === 'absent') return null;
  const id = idOf(name) as string;
  const by = small.uid === null ? '' : userName(small.uid);
  const { mtimeMs } = small;
  const faulty = (fault: Reason) => ({ request: { id, by, request: null, fault }, mtimeMs });
  if (small.uid !== null && !mayAsk(small.uid)) {
    const message = `${by} is no operator of this host`;
    const expected = 'a request by root or a member of airlock-operators';
    const parts = { message, step: 'request', input: name, expected, actual: by };
    return faulty(reason('not-operator', parts));
  }
  if (small.kind === 'strange') return faulty(bad(name, 'a regular file', small.what));
  if (small.kind === 'unreadable') return faulty(bad(name, 'a readable file', small.cause));
  const size = `at most ${requestBytes} bytes`;
  if (small.kind === 'too-big') return faulty(bad(name, size, `${small.size} bytes`));
  // A hard link would make another's file, and so another's word, into a new request.
  if (small.links > 1) return faulty(bad(name, 'a file with one name', `${small.links} names`));
  const judged = judge(name, small.content.toString());
  if ('fault' in judged) return faulty(judged.fault);
  return { request: { id, by, request: judged.request, fault: null }, mtimeMs };
}

function judge(name: string, text: string): { request: Request } | { fault: Reason } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { fault: { ...bad(name, 'JSON', text.slice(0, 200)), cause } };
  }
  const judged = requestSchema.safeParse(value);
  if (judged.success) return { request: judged.data };
  const faults = describeIssues(judged.error.issues, value);
  const message = `the request is not understood: ${faults.map((one) => one.message).join('; ')}`;
  const expected = faults.map((one) => `${one.path}: ${one.expected}`).join('; ');
  return { fault: { ...bad(name, expected, text.slice(0, 200)), message } };
}

function bad(input: string, expected: string, actual: string): Reason {
  const message = `the request file is not ${expected}`;
  return reason('bad-request', { message, step: 'request', input, expected, actual });
}

/** Leave a request; its id. Durable when it returns. */
export function writeRequest(layout: Layout, request: Request, now: number): string {
  const id = sortableId(now);
  const text = `${redacted(JSON.stringify(request))}\n`;
  writeDurable(join(layout.control, `${id}.json`), text, 0o644);
  return id;
}

/** A request that nobody answered is asked no more; one that a daemon has read it may still do. */
export function takeBackRequest(layout: Layout, id: string): void {
  removeName(join(layout.control, `${id}.json`));
}

/** Answer a request; the same answer may be written again. */
export function writeAnswer(layout: Layout, id: string, answer: Answer): void {
  writeDurable(
    join(layout.control, answerName(id)),
    `${redacted(JSON.stringify(answer))}\n`,
    0o644,
  );
}

const answerSchema = z.object({
  ok: z.boolean(),
  exit: z.number().int(),
  message: z.string(),
  reason: z.unknown(),
  data: z.unknown(),
});

/** The answer to a request; null while there is none. */
export function readAnswer(layout: Layout, id: string): Answer | null {
  const name = answerName(id);
  const small = readSmall(join(layout.control, name), answerBytes);
  if (small.kind !== 'file' || !isOurs(layout, name)) return null;
  return answerSchema.parse(JSON.parse(small.content.toString())) as Answer;
}

/** Answers there are, with the time of each, milliseconds since 1970. */
export function listAnswers(layout: Layout): { id: string; at: number }[] {
  if (!lookAt(layout.control)?.isDirectory()) return [];
  return listNames(layout.control).flatMap((name) => {
    if (name.startsWith('.') || !name.endsWith(answerEnd) || !isOurs(layout, name)) return [];
    const at = Math.trunc(lookAt(join(layout.control, name))?.mtimeMs ?? 0);
    return [{ id: name.slice(0, -answerEnd.length), at }];
  });
}

/** Remove a request and its answer; what is gone already is fine. */
export function removeAnswered(layout: Layout, id: string): void {
  // The request first: the other way round a crash between would make it look unanswered.
  removeName(join(layout.control, `${id}.json`));
  removeName(join(layout.control, answerName(id)));
}
