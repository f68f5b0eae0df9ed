import { survey } from '../audit/audit.ts';
import { createPool, type Pool, type PoolOptions } from '../host/process/pool.ts';
import { type Layout, layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import type { SealRequest, SealResult } from './intake/examine.ts';
import { seal, sealAll } from './intake/seal.ts';
import { installDeps } from './stage/deps.ts';
import { diffReleases } from './stage/history.ts';
import { removeRelease, stage, stageSource } from './stage/stage.ts';
import { verifyRelease } from './stage/verify.ts';
import { together } from './together.ts';

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
  warm(): Promise<void>;
  close(): Promise<void>;
}

/** At most so many drops at once by one thread: half of what intake starts at once. */
const sealedTogether = 32;

/** Threads that work on one ROOT. */
export function startThreads(root: string, options: Partial<PoolOptions> = {}): Threads {
  const entry = new URL('./worker.ts', import.meta.url);
  const pool: Pool = createPool({ entry, size: 2, ...options });
  const run: Threads['run'] = <Name extends TaskName>(
    name: Name,
    request: RequestOf<Name>,
    signal?: AbortSignal,
  ) => pool.call(name, { ...request, root }, signal) as Promise<ResultOf<Name>>;
  const sealed = together(sealedTogether, (all: Omit<SealRequest, 'layout'>[]) =>
    run('sealAll', { all }),
  );
  return {
    run,
    async seal(request) {
      const answer = await sealed(request);
      if ('failed' in answer) throw new Failure(answer.failed.code, answer.failed);
      return answer.ok;
    },
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}
