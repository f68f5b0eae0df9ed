// A schedule as people say it; in UTC, as the tick is.

/** What has no short word stays as it is written. */
export function cronWords(schedule: string): string {
  const fields = schedule.trim().split(/ +/);
  const [second = '', minute = '', hour = '', ...days] =
    fields.length > 5 ? fields : ['0', ...fields];
  const daily = days.length === 3 && days.every((one) => one === '*');
  return (daily ? wordsOf(second, minute, hour) : null) ?? `at the times of ${schedule.trim()}`;
}

function wordsOf(second: string, minute: string, hour: string): string | null {
  if (minute === '*' && hour === '*') {
    return second === '0' ? 'every minute' : every(second, 'second', 60, 's');
  }
  if (second !== '0') return null;
  if (hour === '*') return every(minute, 'minute', 60, 'min') ?? pastTheHour(minute);
  if (isNumber(minute) && isNumber(hour)) return `every day at ${two(hour)}:${two(minute)} UTC`;
  return minute === '0' ? every(hour, 'hour', 24, 'h') : null;
}

/** Every step, where the steps fill the whole: elsewhere the last one is shorter. */
function every(field: string, unit: string, whole: number, short: string): string | null {
  const step = field === '*' ? 1 : Number(/^\*\/(\d+)$/.exec(field)?.[1]);
  if (step === 1) return `every ${unit}`;
  return step > 0 && whole % step === 0 ? `every ${step} ${short}` : null;
}

const pastTheHour = (minute: string) =>
  isNumber(minute) ? `every hour, ${minute} min past` : null;
const isNumber = (text: string) => /^\d+$/.test(text);
const two = (number: string) => number.padStart(2, '0');
