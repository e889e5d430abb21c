/**
 * Bundles the command into `packages/cli/dist`: `main.cjs`, one file of all that a warm gate runs, and a chunk for each other command and for what they
 * share. Runs in `prepare`, right after `npm ci`. Start-up is most of a small run: forty files cost a tenth of it more than one, and CommonJS less than
 * modules, which are resolved, linked and evaluated in turns. The console's pages lie beside them, in `console/`: `exeat serve` serves them.
 */
import { rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as viteBuild } from 'vite'
import { type OutputChunk, type OutputOptions, rolldown, type RolldownBuild } from 'rolldown'

const at = (path: string): string => fileURLToPath(new URL(`../packages/cli/${path}`, import.meta.url))

/** What a warm gate begins with and loads on demand, in every run that a table ends. */
const warm = [at('src/main.ts'), at('src/commands/gate.ts'), at('src/gate/writers/table.ts')]

const output: OutputOptions = {
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name]-[hash].cjs',
  // Names stay as written: stack traces in bug reports are read by people.
  minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
}

/** Answers the number of files and bytes. Whatever stood in `outdir` is gone. */
export async function buildCommand(outdir: string): Promise<{ readonly files: number; readonly bytes: number }> {
  rmSync(outdir, { recursive: true, force: true })
  const bundle = await rolldown({
    input: { main: at('src/start.ts') },
    platform: 'node',
    external: (id) => isBuiltin(id),
    // A module that one command loads on demand and another outright goes where both find it, as is meant.
    onLog: (level, log, handle) => { if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level === 'warn' ? 'error' : level, log) },
  })
  const { first, hot } = await hotModules(bundle)
  const groups = [{ name: 'first', test: (id: string) => first.has(id), priority: 2 }, { name: 'gate', test: (id: string) => hot.has(id), priority: 1 }]
  const { output: files } = await bundle.write({ ...output, dir: outdir, codeSplitting: { groups } })
  await bundle.close()
  return { files: files.length, bytes: files.reduce((sum, file) => sum + (file.type === 'chunk' ? file.code : file.source).length, 0) }
}

/** The pages, built into a folder. */
export async function buildConsole(outDir: string): Promise<void> {
  await viteBuild({ configFile: fileURLToPath(new URL('../packages/console/vite.config.ts', import.meta.url)), logLevel: 'warn', build: { outDir, emptyOutDir: true } })
}

/** `hot`: every module that the warm ones import before they run; `first`: those that `start.ts` imports, and so must not lie beside them. */
async function hotModules(bundle: RolldownBuild): Promise<{ readonly first: ReadonlySet<string>; readonly hot: ReadonlySet<string> }> {
  const chunks = (await bundle.generate(output)).output.filter((file): file is OutputChunk => file.type === 'chunk')
  const named = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const holding = (module: string): OutputChunk => {
    const chunk = chunks.find(({ moduleIds }) => moduleIds.includes(module))
    if (chunk === undefined) throw new Error(`no chunk holds ${module}`)
    return chunk
  }
  const reached = (first: readonly OutputChunk[]): ReadonlySet<string> => {
    const found = new Set<OutputChunk>()
    const waiting = [...first]
    for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
      if (found.has(chunk)) continue
      found.add(chunk)
      waiting.push(...chunk.imports.flatMap((name) => named.get(name) ?? []))
    }
    return new Set([...found].flatMap(({ moduleIds }) => moduleIds))
  }
  return { first: reached([holding(at('src/start.ts'))]), hot: reached(warm.map(holding)) }
}

if (import.meta.main) {
  const outdir = process.argv[2] ?? at('dist')
  const { files, bytes } = await buildCommand(outdir)
  await buildConsole(join(outdir, 'console'))
  process.stdout.write(`${outdir}: ${files} files, ${Math.round(bytes / 1024)} KiB\n`)
}
