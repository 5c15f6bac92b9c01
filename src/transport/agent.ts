import ssh2, { type BaseAgent, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { fingerprint } from './known-hosts.ts';

/**
 * The user's agent, with two differences: one that does not answer has no keys (ssh2 would raise an error), and what
 * it offered is told, for the message when none of its keys is accepted.
 */
export function rememberingAgent(socket: string, offered: (what: string) => void): BaseAgent<ParsedKey> {
  const agent = ssh2.createAgent(socket) as BaseAgent<ParsedKey>;

  class RememberingAgent extends ssh2.BaseAgent<ParsedKey> {
    getIdentities(done: (error?: Error | null, keys?: ParsedKey[]) => void): void {
      agent.getIdentities((error, found) => {
        const keys = (found ?? []) as ParsedKey[]; // ssh2 parses what the agent says
        if (error) offered(`agent (${socket} does not answer)`);
        else if (keys.length === 0) offered('agent (it holds no keys)');
        else offered(`agent (${keys.map(describe).join(', ')})`);
        done(undefined, keys);
      });
    }

    sign(
      key: ParsedKey,
      data: Buffer,
      options: SigningRequestOptions | SignCallback,
      done?: SignCallback,
    ): void {
      if (typeof options === 'function') agent.sign(key, data, options);
      else agent.sign(key, data, options, done);
    }
  }
  return new RememberingAgent();
}

function describe(key: ParsedKey): string {
  return `${fingerprint(key.getPublicSSH())}${key.comment === '' ? '' : ` ${key.comment}`}`;
}
