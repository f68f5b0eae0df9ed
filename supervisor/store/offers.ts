/** What the host offers to runs, as the daemon found it at its start: for doctor. */
import { readText, writeDurable } from '../host/files/files.ts';
import type { Layout } from '../model/layout.ts';
import { type Offers, offersSchema } from '../model/offers.ts';

const place = (layout: Layout) => `${layout.state}/offers.json`;

export function writeOffers(layout: Layout, offers: Offers): void {
  writeDurable(place(layout), `${JSON.stringify(offers)}\n`, 0o644);
}

/** null: no daemon has looked yet. */
export function readOffers(layout: Layout): Offers | null {
  const text = readText(place(layout));
  return text === null ? null : offersSchema.parse(JSON.parse(text));
}
