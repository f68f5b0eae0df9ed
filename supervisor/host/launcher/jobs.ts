import type { Job, JobKind } from '../../model/job.ts';
import type { StopWhy } from '../process/process.ts';
import type { Confine } from '../sandbox/confine.ts';
import { admit, type Premises } from './premises.ts';
import type { Event } from './protocol.ts';

/** What a job is done with. */
export interface Bench {
  premises: Premises;
  confine: Confine;
  tell(event: Event): void;
  /** Called at most once: somebody wants it over, or nobody is there to hear. */
  onStop(act: (why: StopWhy) => void): void;
}

type Handlers = {
  [K in JobKind]: (job: Extract<Job, { job: K }>, bench: Bench) => Promise<Event>;
};

/** Every job and who does it; what it gives is the last thing said, a Failure as `refused`. */
export const handlers: Handlers = {
  async run(job, bench) {
    const spec = admit(job, bench.premises);
    const confined = bench.confine(spec, {
      ...job.limits,
      onOutput: (stream, text) => bench.tell({ event: 'output', stream, text }),
    });
    bench.onStop(confined.stop);
    void confined.first.then((first) => first && bench.tell({ event: 'first', first }));
    const { fault, ...ending } = await confined.ended;
    return { event: 'ended', ending: { ...ending, fault: fault?.message ?? null } };
  },
};
