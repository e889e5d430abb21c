/** Import rules of the design, section 5. `tools/import-rules.test.ts` plants a violation of each and wants it found. */
const only = (from, allowed, comment) => ({
  name: `${from}-imports`,
  comment,
  severity: 'error',
  from: { path: `^packages/${from}/src` },
  to: { pathNot: [`^packages/${from}/`, ...allowed], dependencyTypesNot: ['core'] },
})
const npm = (...names) => names.map((name) => `node_modules/[.]store/${name}@`)
const local = (...names) => names.map((name) => `^packages/${name}/src`)
const builtin = { dependencyTypes: ['core'] }

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'pure-packages', comment: 'core, log, formats and verify run anywhere: nothing of Node',
      severity: 'error', from: { path: '^packages/(core|log|formats|verify)/src' }, to: builtin,
    },
    {
      name: 'undeclared', comment: 'what a package imports stands in its own package.json',
      severity: 'error', from: { path: '^packages/[^/]+/src' }, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-tests-in-product', severity: 'error',
      from: { path: '^packages/(?!testkit)[^/]+/src' }, to: { path: '^packages/(testkit|[^/]+/test)/' },
    },
    only('core', npm('zod', '@marcbachmann/cel-js', 're2js', 'canonicalize'), 'core is pure'),
    only('log', [], 'log knows bytes alone'),
    only('formats', [...local('core'), ...npm('yaml', 'packageurl-js', 'zod')], 'formats sees core'),
    only('git', local('core', 'formats'), 'git sees core and formats'),
    only('verify', [...local('core', 'log'), ...npm('zod', 'canonicalize')], 'verify sees core and log'),
    only('client', [...local('core', 'log', 'verify'), ...npm('jose', 'eventsource-parser')], 'client sees core, log and verify'),
    only('server', [...local('core', 'log', 'formats', 'verify', 'client', 'git'), ...npm('pg', 'hono', '@hono/zod-openapi', '@hono/node-server', 'zod', 'canonicalize', 'openid-client', '@simplewebauthn/server', 'otplib', 'jose', 'prom-client')],
      'server sees core, log, formats, verify, client and git'),
    only('console', [...local('core', 'log', 'verify', 'client'), ...npm('react', 'react-dom', '@simplewebauthn/browser', '@noble/curves', '@noble/hashes', 'qr', 'zod')], 'the console sees core, log, verify and client'),
    { name: 'console-in-browser', comment: 'the console runs in a browser: nothing of Node', severity: 'error', from: { path: '^packages/console/src' }, to: builtin },
    {
      name: 'server-ports', comment: 'ports ← store ← main: a port knows no implementation',
      severity: 'error', from: { path: '^packages/server/src/ports/' }, to: { path: '^packages/server/src/(?!ports/|codes[.]ts)' },
    },
    {
      name: 'server-adapters', comment: 'adapters never import each other, and nothing that they share imports them',
      severity: 'error', from: { path: '^packages/server/src/store/([^/]+)(/|[.]ts$)' },
      to: { path: '^packages/server/src/store/(sqlite|postgres)/', pathNot: '^packages/server/src/store/$1/' },
    },
    {
      name: 'forge-adapters', comment: 'adapters never import each other',
      severity: 'error', from: { path: '^packages/server/src/forge/(github|gitlab)/' },
      to: { path: '^packages/server/src/forge/(github|gitlab)/', pathNot: '^packages/server/src/forge/$1/' },
    },
    {
      name: 'gate-without-server', comment: 'its tables of codes alone, which what has gone wrong is explained by',
      severity: 'error', from: { path: '^packages/cli/src/commands/gate' },
      to: { path: '^packages/server/', pathNot: '^packages/server/src/(tables/index|codes|config/codes|use/codes|identity/codes|forge/codes)[.]ts$', reachable: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/fixtures/)' },
    combinedDependencies: false,
    preserveSymlinks: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.mjs', '.js', '.json'] },
  },
}
