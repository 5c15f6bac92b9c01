// Issues users by the product's own code; what `pki.mjs` measures, each time in a process of its own.
// arguments: FOLDER [--authorities | --certificates N | --users FIRST COUNT]
// Prints one line of JSON, in ms: for how long the event loop stood still at worst (`longestPause`), and how much of such
// a pause was the program's own work (`longestWork`); the rest is what other processes took of its core.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPkiStore } from '../../src/pki/open-pki-store.ts';
import { specForUser } from '../../src/pki/profiles.ts';
import { openUserStore } from '../../src/users/open-user-store.ts';

const [folder, what, ...numbers] = process.argv.slice(2);
const pki = openPkiStore(folder);

async function main() {
  if (what === '--authorities') return pki.ensure();
  await pki.load();
  // To load modules is to start the program, not to issue: it is in the wall time, but not in the pauses.
  await Promise.all([
    import('../../src/pki/issue-certificate.ts'),
    import('../../src/pki/signing-request.ts'),
    import('../../src/users/user-files.ts'),
  ]);
  const pauses = watchPauses();
  await sleep(20); // the first are those of its own start
  pauses.reset();
  await (what === '--certificates' ? certificates(...numbers.map(Number)) : users(...numbers.map(Number)));
  await sleep(5);
  console.log(JSON.stringify(pauses.longest()));
}

function watchPauses() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let longestWork = 0;
  let before = work();
  setInterval(() => {
    const now = work();
    longestWork = Math.max(longestWork, now - before);
    before = now;
  }, 1).unref();
  return {
    reset: () => {
      delay.reset();
      longestWork = 0;
    },
    longest: () => ({ longestPause: delay.max / 1e6, longestWork }),
  };
}

/** How long the main thread has been on a core, in ms (proc(5), schedstat). */
const work = () =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/** Nothing but keys and certificates. */
const certificates = (count) =>
  Promise.all(Array.from({ length: count }, (_, index) => pki.issue(specForUser(nameOf(index), ['devs']))));

/** Everything a user is given, for `count` users of an inventory at once: the way of `up`. */
async function users(first, count) {
  const declared = Array.from({ length: count }, (_, index) => ({
    name: nameOf(first + index),
    groups: ['devs'],
    auth: 'both',
    days: undefined,
    role: 'view',
    namespaces: ['default'],
    clusterRole: undefined,
    allowSystem: false,
    token: undefined,
  }));
  const store = openUserStore({
    stateFolder: folder,
    cluster: 'bench',
    profile: 'secure',
    declared,
    pki,
    renewBeforeDays: 30,
    now: new Date(),
  });
  await store.load();
  await store.ensure('https://192.0.2.1:6443');
}

const nameOf = (index) => `user-${String(index).padStart(3, '0')}`;

void main();
