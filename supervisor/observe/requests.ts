import { codeOrEio } from '../host/files/records.ts';
import type { SeenRequest } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import { listRequests, type MayAsk } from '../store/requests.ts';

export interface SeenRequests {
  requests: SeenRequest[];
  files: ReadonlySet<string>;
  /** The system's code where the folder cannot be read. */
  fault: string | null;
}

/** Any request may still be there: none is forgotten, so that none is carried out twice. */
class Unknown extends Set<string> {
  override has(): boolean {
    return true;
  }
}

/** Requests as the control folder holds them; none, and none known to be gone, if unreadable. */
export function seenRequests(layout: Layout, mayAsk: MayAsk): SeenRequests {
  try {
    const { requests, files } = listRequests(layout, mayAsk);
    return { requests, files, fault: null };
  } catch (error) {
    return { requests: [], files: new Unknown(), fault: codeOrEio(error) };
  }
}
