/** Times as people say them. All of them are milliseconds, instants since 1970. */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `1.2 s`, `3 min`, `2 h 5 min`, `4 d`: a span, never negative. */
export function span(ms: number): string {
  const length = Math.max(0, ms);
  if (length < second) return `${Math.round(length)} ms`;
  if (length < 10 * second) return `${(length / second).toFixed(1)} s`;
  if (length < minute) return `${Math.floor(length / second)} s`;
  if (length < hour) return `${Math.floor(length / minute)} min`;
  if (length < day) return twoParts(length, hour, 'h', minute, 'min');
  return twoParts(length, day, 'd', hour, 'h');
}

function twoParts(ms: number, big: number, bigName: string, small: number, smallName: string) {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms - whole * big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** `3 min ago`, `in 40 s`, `now`. */
export function ago(at: number | string, now: number): string {
  const distance = now - (typeof at === 'string' ? Date.parse(at) : at);
  if (Number.isNaN(distance)) return 'at an unknown time';
  if (Math.abs(distance) < second) return 'now';
  return distance > 0 ? `${coarse(distance)} ago` : `in ${coarse(-distance)}`;
}

/** Without fractions: `3 s` ago, not `3.2 s` ago. */
function coarse(ms: number): string {
  return ms < minute ? `${Math.floor(ms / second)} s` : span(ms);
}
