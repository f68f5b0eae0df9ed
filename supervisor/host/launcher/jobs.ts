import type { Job, JobKind } from '../../model/job.ts';
import { layout } from '../../model/layout.ts';
import type { Offers } from '../../model/offers.ts';
import { probeHere } from '../path/probe.ts';
import type { StopWhy } from '../process/process.ts';
import { systemd } from '../process/systemd.ts';
import { findAgentUser, ownerWord } from '../sandbox/agent-user.ts';
import type { Confine } from '../sandbox/confine.ts';
import { admit, ownerOf, type Premises, triedAs } from './premises.ts';
import type { Event } from './protocol.ts';

/** What a job is done with. */
export interface Bench {
  premises: Premises;
  confine: Confine;
  offers: Offers;
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
  async offers(_job, { offers }) {
    return { event: 'done', result: offers };
  },
  async probe(job, { premises }) {
    const users = job.users.map((user) => triedAs(user));
    const { runs, releases } = layout(premises.real);
    const request = { users, targets: job.targets, scratch: runs, mount: releases };
    return { event: 'done', result: await probeHere(request) };
  },
  async user(job, { premises }) {
    const owner = ownerOf(job.owner, premises);
    // /etc is closed to this unit: another, which does nothing else, makes it.
    if (findAgentUser(owner) === null) {
      await systemd.start([`airlock-user@${ownerWord(owner)}.service`]);
    }
    return { event: 'done', result: null };
  },
};
