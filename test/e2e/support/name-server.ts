import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { settings } from './lab.ts';

/** Answers for addresses of IPv4, by UDP; of any other name it says that there is none. */
const PROGRAM = `
const { createSocket } = require('node:dgram');
const names = JSON.parse(process.argv[1]);
const server = createSocket('udp4');
server.on('message', (question, { address, port }) => {
  const labels = [];
  let at = 12;
  for (let length; (length = question[at]) > 0; at += length + 1) labels.push(question.toString('latin1', at + 1, at + 1 + length));
  const end = at + 5;
  const known = names[labels.join('.').toLowerCase()];
  const isAddress = question.readUInt16BE(at + 1) === 1;
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(known && isAddress ? 1 : 0, 6);
  const answer = known && isAddress
    ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ...known.split('.').map(Number)])
    : Buffer.alloc(0);
  server.send(Buffer.concat([header, question.subarray(12, end), answer]), port, address);
});
// Ends with whoever started it, however that ends.
process.stdin.resume().on('end', () => process.exit());
server.bind(53, process.argv[2], () => console.log('listening'));
`;

/** A server of names at the lab's gateway, whom hosts and pods reach; the function that it gives ends it. */
export async function nameServer(names: Readonly<Record<string, string>>): Promise<() => void> {
  const namespace = `/run/netns/k8sb-lab${settings.instance === 0 ? '' : `-${settings.instance}`}`;
  const child = spawn(
    'nsenter',
    [`--net=${namespace}`, process.execPath, '-e', PROGRAM, JSON.stringify(names), `${settings.net}.1`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('no name server'))),
  ]);
  return () => {
    child.kill();
  };
}
