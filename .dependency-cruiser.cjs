/** The import rules of the house: data goes one way (see CONTRIBUTING.md). */
const only = (folder, allowed) => ({
  name: folder,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, 'kernel', ...allowed].map((one) => `^src/${one}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('kernel', []),
    only('state', []),
    only('release', []),
    only('templates', []),
    only('transport', []),
    only('probe', []),
    only('facts', ['probe']),
    only('resources', ['probe', 'facts']),
    only('inventory', ['templates/(rbac|export-options|places)[.]ts']),
    only('pki', ['state']),
    only('users', ['inventory', 'pki', 'state', 'resources', 'templates']),
    only('plan', ['probe', 'resources']),
    only('answers', ['resources/object[.]ts']),
    only('run', ['probe', 'resources', 'plan', 'answers', 'transport/(session|feed)[.]ts']),
    only('phases', [
      'inventory',
      'release',
      'pki',
      'templates',
      'probe',
      'facts',
      'resources',
      'users',
      'plan/stage.ts',
    ]),
    only('preflight', [
      'inventory',
      'release',
      'pki',
      'templates/places[.]ts',
      'probe',
      'facts',
      'resources',
      'phases',
    ]),
    only('report', ['run/events.ts', 'answers', 'plan', 'probe', 'resources']),
    {
      name: 'data-by-its-readers',
      comment:
        'A folder of data is read by src/ of the same name; the version of the program is in package.json.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((pki|release|templates)/|cli/program[.]ts)' },
      to: { path: '^src/kernel/data[.]ts' },
    },
    {
      name: 'cluster-below-commands',
      severity: 'error',
      from: { path: '^src/cluster/' },
      to: { path: '^src/(commands|cli)/' },
    },
    {
      name: 'commands-below-cli',
      severity: 'error',
      from: { path: '^src/(?!cli)' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
