/**
 * A log of a million entries in SQLite: how long a start takes, and a full verification, each beside bare work on the same bytes in the same run:
 * `node bench/log-start.ts [ENTRIES]`. The start checks in O(log n) and one count; the full verification rehashes every entry and every tile.
 */
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsck, signerKey } from '../packages/log/src/index.ts'
import { entryOperation, foundLog, openLog, openSqliteTables, prepareSqlite, publicKeyOf, sha256, type LogStore } from '../packages/server/src/index.ts'

const entries = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 1_000_000)
const entrySize = 300

function must<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly message: string } }): T {
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.value
}

function done(verdict: { readonly ok: true } | { readonly ok: false; readonly problem: { readonly message: string } }): void {
  if (!verdict.ok) throw new Error(verdict.problem.message)
}

function entry(index: number): Uint8Array {
  const bytes = Buffer.alloc(entrySize, 0x2e)
  bytes.write(`entry ${index}`)
  return bytes
}

const options = {
  origin: 'bench.example/log', signer: must(signerKey(sha256, publicKeyOf, 'bench.example/log', 'ed25519', new Uint8Array(32).fill(7))), now: () => Date.now(),
}

async function timed<T>(what: string, count: number, run: () => Promise<T> | T): Promise<{ readonly value: T; readonly seconds: number }> {
  const start = performance.now()
  const value = await run()
  const seconds = (performance.now() - start) / 1000
  const rate = count === 0 ? '' : `${Math.round(count / seconds).toLocaleString('en-GB').padStart(11)} entries/s`
  console.log(`${what.padEnd(46)} ${(seconds * 1000).toFixed(seconds < 1 ? 1 : 0).padStart(9)} ms ${rate}`)
  return { value, seconds }
}

async function fill(log: LogStore): Promise<void> {
  const chunk = 2560
  for (let at = 0; at < entries; at += chunk) {
    const indexes = Array.from({ length: Math.min(chunk, entries - at) }, (_, i) => at + i)
    // oxlint-disable-next-line no-await-in-loop -- the store takes at most 10,000 waiting operations
    for (const answer of await Promise.all(indexes.map((index) => log.append(entryOperation(`key-${index}`, entry(index)))))) must(answer)
  }
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  const path = join(folder, 'log.db')
  try {
    done(prepareSqlite(path))
    const tables = must(await openSqliteTables(path))
    done(await foundLog(tables, options))
    const log = must(await openLog(tables, options))
    await timed(`append of ${entries.toLocaleString('en-GB')} entries`, entries, () => fill(log))
    await log.close()
    console.log(`database: ${Math.round(statSync(path).size / 1e6)} MB`)

    const hashing = await timed('bare SHA-256 of the same bytes', entries, () => {
      for (let index = 0; index < entries; index++) hash('sha256', entry(index), 'buffer')
    })
    const started = await timed('start: opened and its head verified', 0, async () => must(await openLog(must(await openSqliteTables(path)), options)))
    const head = await started.value.head()
    const full = await timed('full verification', entries, () => fsck(sha256, started.value, { size: head.size, root: head.root }))
    if (!full.value.ok) throw new Error(full.value.first?.message ?? 'the log does not verify')
    console.log(`full verification takes ${(full.seconds / hashing.seconds).toFixed(1)} times the bare hashing`)
    await started.value.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await run()
