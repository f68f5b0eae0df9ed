import { z } from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const form = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A duration as written in the policy (`500ms 30s 15m 24h 30d`), in milliseconds. */
export function milliseconds(text: string): number | null {
  const found = form.exec(text);
  if (!found) return null;
  return Number(found[1]) * units[found[2] as keyof typeof units];
}

const aDuration = 'must be a duration such as 500ms, 30s, 15m, 24h or 30d';
/** Schema of a duration: text in, milliseconds out. */
export const duration = z
  .string(aDuration)
  .regex(form, aDuration)
  .transform((text) => milliseconds(text) as number);

const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const aSize = 'must be a size such as 512B, 64KiB, 32MiB or 1GiB';
/** Schema of a size: `64KiB`, `32MiB`; text in, bytes out. */
export const bytes = z
  .string(aSize)
  .regex(/^\d+(B|KiB|MiB|GiB)$/, aSize)
  .transform((text) => {
    const unit = text.replace(/^\d+/, '') as keyof typeof sizes;
    return Number.parseInt(text, 10) * sizes[unit];
  });

/** `20261121T011850Z`: an instant (milliseconds since 1970) as ids carry it. */
export function stamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

/** RFC 3339 in UTC, of milliseconds since 1970. */
export function instant(at: number): string {
  return new Date(at).toISOString();
}

/** When an id was given, of the form `20261121T011850123Z-...`; `unknown` for any other. */
export function timeOfId(id: string, unknown: number): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(id)?.slice(1).map(Number);
  if (parts === undefined) return unknown;
  const [year = 0, month = 1, day, hour, minute, second, ms] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
