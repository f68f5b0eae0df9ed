import { serve } from '../host/process/pool.ts';
import { tasks } from './tasks.ts';

// The entry of a worker thread: file work that would block the loop is done here.
serve(tasks);
