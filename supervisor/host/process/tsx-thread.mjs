// Where a worker thread begins in a checkout, on a node that does not strip types: threads do not
// inherit the loader that runs the TypeScript of the main thread.
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.entry);
