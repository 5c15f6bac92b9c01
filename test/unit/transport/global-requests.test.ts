import { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { refuseGlobalRequests } from '../../../src/transport/global-requests.ts';

it('takes the place of what ssh2 does about requests of a server', () => {
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  client.connect({ sock: new Duplex({ read: () => undefined, write: () => undefined }), username: 'root' });
  const { _handlers: handlers } = (
    client as unknown as { _protocol: { _handlers: Record<string, (...given: unknown[]) => void> } }
  )._protocol;
  const before = handlers['GLOBAL_REQUEST'];
  expect(before).toBeTypeOf('function');
  refuseGlobalRequests(client);
  let refused = 0;
  const protocol = { requestFailure: () => (refused += 1) };
  handlers['GLOBAL_REQUEST']?.(protocol, 'hostkeys-00@openssh.com', false, [Buffer.from('no key')]);
  handlers['GLOBAL_REQUEST']?.(protocol, 'keepalive@openssh.com', true);
  expect(refused).toBe(1);
  client.destroy();
});
