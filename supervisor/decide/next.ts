import { audits } from './audit.ts';
import { schedules } from './due.ts';
import { expiries } from './expiries.ts';
import { deploy } from './flow/deploy.ts';
import { intake } from './intake.ts';
import { news } from './news.ts';
import { policies } from './policies.ts';
import { recover } from './recover.ts';
import { replies } from './replies.ts';
import { requests } from './requests.ts';
import { retain } from './retain.ts';
import { currentMoved, rollingBack } from './rollback.ts';
import { stops } from './stops.ts';
import { allOf, type Decision, firstOf, type View } from './view.ts';

/**
 * What to do now: the first judgment that has something to say. The loop records it, looks again
 * with the new state, and so comes to all of them. Control stands first: halts, stops, rollbacks
 * and requests are never behind anything.
 */
export function next(view: View): Decision {
  return firstOf(
    view,
    recover,
    rollingBack,
    news,
    requests,
    stops,
    policies,
    audits,
    currentMoved,
    allOf(replies, intake),
    expiries,
    deploy,
    schedules,
    retain,
  );
}
