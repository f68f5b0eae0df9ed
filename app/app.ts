import type { App } from '../kernel/app.ts';
import { routes } from './routing.ts';

/** What the kernel loads when a run starts. */
const app: App = {
  begin: (turn) => routes[turn.path](turn),
};

export default app;
