// Loaded before the program that is measured (`node --require`): writes to the file BENCH_METER at its end what it took.
const { readFileSync, writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setImmediate, setInterval } = require('node:timers');
const { isMainThread } = require('node:worker_threads');

const TICK = 5;

/** How long the main thread has been on a core, in ms (proc(5), schedstat). */
const work = () =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;

if (isMainThread && process.env.BENCH_METER) {
  const delay = monitorEventLoopDelay({ resolution: TICK });
  let longestWork = 0;
  // The first turn is that of loading the program.
  setImmediate(() => {
    delay.enable();
    let before = work();
    setInterval(() => {
      const now = work();
      longestWork = Math.max(longestWork, now - before);
      before = now;
    }, TICK).unref();
  });
  process.once('exit', () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(
      process.env.BENCH_METER,
      JSON.stringify({
        cpu: (user + system) / 1000,
        rss: process.resourceUsage().maxRSS / 1024,
        pause: Math.max(0, delay.max / 1e6 - TICK),
        work: longestWork,
      }),
    );
  });
}
