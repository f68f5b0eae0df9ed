import { StringDecoder } from 'node:string_decoder';

/** One server-sent event. */
export interface ServerEvent {
  /** Name; null when the sender gave none. */
  event: string | null;
  data: string;
}

/** The event as bytes of `text/event-stream` (WHATWG HTML, section 9.2). */
export function encodeEvent({ event, data }: ServerEvent): string {
  const name = event === null ? '' : `event: ${event}\n`;
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  return `${name}${lines.join('')}\n`;
}

export interface EventParser {
  /** Events completed by these bytes, in order. */
  push(chunk: Uint8Array): ServerEvent[];
  /** True when bytes came that no event has been made of yet. */
  pending(): boolean;
}

/**
 * Reads events from bytes that are cut anywhere. An event without data is dropped, as the standard
 * says. Throws a RangeError when one event is longer than `longest` characters.
 */
export function eventParser(longest = 32 * 1024 * 1024): EventParser {
  const decoder = new StringDecoder('utf8');
  let begun = false;
  let rest = '';
  let name: string | null = null;
  let data: string[] = [];
  let size = 0;

  function line(text: string, events: ServerEvent[]): void {
    if (text === '') {
      if (data.length > 0) events.push({ event: name, data: data.join('\n') });
      name = null;
      data = [];
      size = 0;
      return;
    }
    size += text.length;
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }

  return {
    push(chunk) {
      rest += decoder.write(chunk as Buffer);
      if (!begun && rest.length > 0) {
        begun = true;
        rest = rest.replace(/^\uFEFF/, '');
      }
      const { lines, left } = cutLines(rest);
      rest = left;
      const events: ServerEvent[] = [];
      for (const each of lines) line(each, events);
      if (rest.length + size > longest)
        throw new RangeError(`an event passes ${longest} characters`);
      return events;
    },
    pending: () => rest.trim() !== '' || name !== null || data.length > 0,
  };
}

/** Complete lines, ended by CR LF, LF or CR; a CR at the very end may still be half of CR LF. */
function cutLines(text: string): { lines: string[]; left: string } {
  const held = text.endsWith('\r') ? '\r' : '';
  const lines = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
  const left = (lines.pop() ?? '') + held;
  return { lines, left };
}
