import { survey } from '../audit/audit.ts';
import { type NewFile, writeMany } from '../host/files/many.ts';
import { createPool, type Pool, type PoolOptions } from '../host/process/pool.ts';
import { writeDurableLater } from '../host/time/later.ts';
import { type Layout, layout } from '../model/layout.ts';
import { Failure, type Reason, reasonOf } from '../model/reason.ts';
import type { SealRequest, SealResult } from './intake/examine.ts';
import { seal, sealAll } from './intake/seal.ts';
import { installDeps } from './stage/deps.ts';
import { diffReleases } from './stage/history.ts';
import { removeRelease, stage, stageSource } from './stage/stage.ts';
import { verifyRelease } from './stage/verify.ts';
import { together } from './together.ts';

/** What a file could not be written for; null when it is. */
const faultOf = (error: unknown): Reason | null =>
  error === null ? null : reasonOf(error, 'receipt');

const writeHere = ({ path, content, mode }: NewFile): Promise<Reason | null> =>
  writeDurableLater(path, content, mode).then(() => null, faultOf);

/** A request as it crosses into a thread: functions cannot, so a layout goes as its root. */
type Sent<Request> = Omit<Request, 'layout'> & { root: string };

const there = <Request extends { layout: Layout }, Result>(
  work: (request: Request, signal: AbortSignal) => Result,
) => {
  return ({ root, ...rest }: Sent<Request>, signal: AbortSignal): Result =>
    work({ ...rest, layout: layout(root) } as unknown as Request, signal);
};

/** Everything that is done in worker threads, by name. */
export const tasks = {
  seal: there(seal),
  sealAll: there(({ layout, all }: { layout: Layout; all: Omit<SealRequest, 'layout'>[] }) =>
    sealAll(all.map((one) => ({ ...one, layout }))),
  ),
  writeMany: async ({ all }: { all: NewFile[] }) => (await writeMany(all)).map(faultOf),
  stage: there(stage),
  stageSource: there(stageSource),
  installDeps: there(installDeps),
  verify: there(({ layout, id }: { layout: Layout; id: string }) => verifyRelease(layout, id)),
  survey: there(survey),
  remove: there(({ layout, id }: { layout: Layout; id: string }) => removeRelease(layout, id)),
  diff: there(({ layout, a, b }: { layout: Layout; a: string; b: string }) =>
    diffReleases(layout, a, b),
  ),
};

export type TaskName = keyof typeof tasks;

type RequestOf<Name extends TaskName> = Omit<Parameters<(typeof tasks)[Name]>[0], 'root'>;
type ResultOf<Name extends TaskName> = Awaited<ReturnType<(typeof tasks)[Name]>>;

export interface Threads {
  /**
   * As calling the function of that name, in a thread; `layout` is the threads' own. A signal ends
   * it early where the function looks at it.
   */
  run<Name extends TaskName>(
    name: Name,
    request: RequestOf<Name>,
    signal?: AbortSignal,
  ): Promise<ResultOf<Name>>;
  /** Seal a drop; those asked for in one go are sealed together. */
  seal(request: Omit<SealRequest, 'layout'>): Promise<SealResult>;
  /**
   * Write a file, whole and durable or not at all; those asked for in one go are written together,
   * and end in one go, so that a burst of them costs few turns of the loop.
   */
  write(file: NewFile): Promise<void>;
  warm(): Promise<void>;
  close(): Promise<void>;
}

/** At most so many drops, or receipts, at once by one thread: what intake starts of one agent. */
const most = 32;
/** So few files are written here, without a call for the whole file system. */
const few = 3;

/** Threads that work on one ROOT. */
export function startThreads(root: string, options: Partial<PoolOptions> = {}): Threads {
  const entry = new URL('./worker.ts', import.meta.url);
  const pool: Pool = createPool({ entry, size: 2, ...options });
  const run: Threads['run'] = <Name extends TaskName>(
    name: Name,
    request: RequestOf<Name>,
    signal?: AbortSignal,
  ) => pool.call(name, { ...request, root }, signal) as Promise<ResultOf<Name>>;
  const sealed = together(most, (all: Omit<SealRequest, 'layout'>[]) => run('sealAll', { all }));
  const written = together(most, (all: NewFile[]) =>
    all.length > few ? run('writeMany', { all }) : Promise.all(all.map(writeHere)),
  );
  return {
    run,
    async write(file) {
      const fault = await written(file);
      if (fault !== null) throw new Failure(fault.code, fault);
    },
    async seal(request) {
      const answer = await sealed(request);
      if ('failed' in answer) throw new Failure(answer.failed.code, answer.failed);
      return answer.ok;
    },
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}
