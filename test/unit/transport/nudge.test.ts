import { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { nudge, refuseGlobalRequests } from '../../../src/transport/nudge.ts';

interface Inside {
  readonly _protocol: {
    requestFailure: () => void;
    readonly _handlers: Record<string, (...given: unknown[]) => void>;
  };
}

it('finds in ssh2 what it takes the place of, and what it sends', () => {
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  nudge(client); // before it has connected: nothing
  client.connect({ sock: new Duplex({ read: () => undefined, write: () => undefined }), username: 'root' });
  const { _protocol: protocol } = client as unknown as Inside;
  expect(protocol._handlers['GLOBAL_REQUEST']).toBeTypeOf('function');
  expect(protocol.requestFailure).toBeTypeOf('function');
  let sent = 0;
  protocol.requestFailure = () => {
    sent += 1;
  };
  refuseGlobalRequests(client);
  protocol._handlers['GLOBAL_REQUEST']?.(protocol, 'hostkeys-00@openssh.com', false, [Buffer.from('no key')]);
  expect(sent).toBe(1);
  nudge(client);
  expect(sent).toBe(2);
  client.destroy();
});
