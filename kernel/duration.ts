import * as z from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const form = /^(\d+)(ms|s|m|h|d)$/;

/** Schema of a duration: `500ms 30s 15m 24h 30d` in, milliseconds out. */
export const milliseconds = z
  .string()
  .regex(form, 'a duration is written 500ms, 30s, 15m, 24h or 30d')
  .transform((text) => {
    const [, amount, unit] = form.exec(text) as RegExpExecArray;
    return Number(amount) * units[unit as keyof typeof units];
  });
