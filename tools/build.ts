/**
 * Bundles the command into `packages/cli/dist`: `main.js`, a chunk for each command and for what they share. Runs in `prepare`, right
 * after `npm ci`. Start-up is most of a small run, and unbundled imports are most of start-up.
 */
import { rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path: string): string => fileURLToPath(new URL(`../packages/cli/${path}`, import.meta.url))

/**
 * Node's own modules, whether imported or, by what is CommonJS (commander, cli-table3), required, by `process.getBuiltinModule`: an `import`
 * of one reads every member of it, and some members load others when read (`node:util` its differ, `node:process` its readline), which is a
 * tenth of a small run.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    // One for each file that asks, so that it lies in the chunk of that file: a chunk of its own would cost more than all it holds.
    onResolve({ filter: /^[\w:/]+$/ }, ({ path, importer }) =>
      (isBuiltin(path) ? { path: `${relative(root, importer)} ${path.replace(/^(?!node:)/, 'node:')}`, namespace: 'builtin', sideEffects: false } : undefined))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) =>
      ({ contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path.slice(path.lastIndexOf(' ') + 1))})`, loader: 'js' }))
  },
}

/** Answers the number of files and bytes. Whatever stood in `outdir` is gone. */
export async function buildCommand(outdir: string): Promise<{ readonly files: number; readonly bytes: number }> {
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: [at('src/main.ts')],
    outdir,
    entryNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Names stay as written: stack traces in bug reports are read by people.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'linked',
    metafile: true,
    plugins: [builtins],
    logLevel: 'warning',
  })
  const outputs = Object.values(metafile.outputs)
  return { files: outputs.length, bytes: outputs.reduce((sum, output) => sum + output.bytes, 0) }
}

if (import.meta.main) {
  const { files, bytes } = await buildCommand(at('dist'))
  process.stdout.write(`packages/cli/dist: ${files} files, ${Math.round(bytes / 1024)} KiB\n`)
}
