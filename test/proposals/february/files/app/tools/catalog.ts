import { completeTask } from './complete-task.ts';
import { createTask } from './create-task.ts';
import { failTask } from './fail-task.ts';
import { proposeChange } from './propose-change.ts';
import { remember } from './remember.ts';
import { replyInThread } from './reply-in-thread.ts';
import { sendMessage } from './send-message.ts';
import type { AnyTool } from './tool.ts';

/** Every tool that there is. */
export const catalog: AnyTool[] = [
  completeTask,
  failTask,
  createTask,
  sendMessage,
  replyInThread,
  remember,
  proposeChange,
];
