/**
 * The user of runs in a checkout, and everywhere of what belongs to no agent (build checks): a
 * constant that no distribution hands out (systemd's table of user ids leaves 60706-61183 unused).
 */
export const RUN_USER = 61_000;

/** Who runs the sandbox, and whom a run drops to. */
export type Identity =
  /** We are root: bubblewrap makes the mounts, setpriv drops to this user. */
  | { root: true; uid: number; gid: number }
  /** We are an ordinary user: a user namespace maps us to RUN_USER, nothing to drop. */
  | { root: false };

/** The identity of runs in a checkout: one for all. */
export function sharedIdentity(): Identity {
  if (process.getuid?.() !== 0) return { root: false };
  return { root: true, uid: RUN_USER, gid: RUN_USER };
}
