import { createSemaphore, type Semaphore } from './semaphore.ts';
import type { Link } from './link.ts';
import type { SshTarget } from './target.ts';

/** Connections to jump hosts, one for all targets behind it, kept as long as one of them uses it. */
export interface JumpPool {
  acquire(jump: SshTarget, open: () => Promise<Link>): Promise<Hop>;
}

export interface Hop {
  readonly link: Link;
  /** For the login only: a target that is logged in holds no slot, or a 9th host would wait for ever. */
  readonly logins: Semaphore;
  release(): void;
}

export function createJumpPool(loginsAtOnce: number): JumpPool {
  const jumps = new Map<
    string,
    { readonly link: Promise<Link>; readonly logins: Semaphore; users: number }
  >();
  return {
    async acquire({ host, address, ssh }, open) {
      const name = `${host} ${ssh.user}@${address}:${ssh.port}`;
      const jump = jumps.get(name) ?? { link: open(), logins: createSemaphore(loginsAtOnce), users: 0 };
      const forget = (): void => {
        if (jumps.get(name) === jump) jumps.delete(name);
      };
      jumps.set(name, jump);
      jump.users += 1;
      let released = false;
      const release = (): void => {
        if (released) return;
        released = true;
        jump.users -= 1;
        if (jump.users > 0) return;
        forget();
        void jump.link.then(
          (link) => {
            link.end();
          },
          () => undefined,
        );
      };
      try {
        const link = await jump.link;
        link.client.once('close', forget);
        return { link, logins: jump.logins, release };
      } catch (error) {
        forget();
        throw error;
      }
    },
  };
}
