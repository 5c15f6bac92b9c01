/** The import rules of the house: data goes one way (see CONTRIBUTING.md). */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [from, 'kernel', ...allowed].map((folder) => `^src/${folder}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'kernel-alone',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: '^src/', pathNot: '^src/kernel/' },
    },
    only('inventory', 'inventory', ['users/names[.]ts']),
    only('release', 'release', []),
    only('pki', 'pki', []),
    only('users', 'users', ['inventory', 'pki', 'resources']),
    only('templates', 'templates', []),
    only('transport', 'transport', []),
    only('resources', 'resources', []),
    only('phases', 'phases', [
      'inventory',
      'release',
      'pki',
      'templates',
      'resources',
      'users',
      'plan/stage.ts',
    ]),
    only('plan', 'plan', ['resources']),
    only('run', 'run', ['resources', 'plan', 'transport/(session|feed)[.]ts']),
    only('report', 'report', ['run/events.ts', 'plan', 'resources']),
    { name: 'cli-through-app', severity: 'error', from: { path: '^src/(?!cli)' }, to: { path: '^src/cli/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
